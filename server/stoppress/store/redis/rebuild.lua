#!lua
-- `Store.rebuild`: writes the keys of a damaged blog again, from a replica or from each other.
--
-- KEYS  history, items, order, due, answers, versions
-- ARGV  channel; the whole blog in msgpack as for restore.lua, or ""; the beginning of new tags, or ""; the end of the
--       first tag
-- Returns 1, or 0 if the blog is not damaged, or cannot be rebuilt with that; then nothing is written.

check(KEYS, ARGV[1])
local history, items, order, due, answers, versions = unpack(KEYS)
local channel, replica, new_tag, first_tag_end = unpack(ARGV)

local function pairs_of(flat, convert)
  local found = {}
  for i = 1, #flat, 2 do
    found[flat[i]] = convert(flat[i + 1])
  end
  return found
end

local function itself(value)
  return value
end

local cursors = redis.call("LRANGE", history, 0, -1)
local values = pairs_of(redis.call("HGETALL", items), itself)
local scores = pairs_of(redis.call("ZRANGE", order, 0, -1, "WITHSCORES"), tonumber)
local dues = pairs_of(redis.call("ZRANGE", due, 0, -1, "WITHSCORES"), tonumber)
local without_bodies, bodies = {}, {}
local is_damaged = damage(history, items, order, due) ~= nil

-- A replica fits if the store has nothing but what is in the replica, drafts, and values that nobody can read.
local function from_replica()
  local own, whole = unpack(cmsgpack.unpack(replica))
  for n, cursor in ipairs(cursors) do
    if cursor ~= own[n] and seq_of_cursor(cursor) then
      return false
    end
  end
  local rebuilt, markers = {}, {}
  for _, item in ipairs(whole) do
    local id, _, value, retracted, at = unpack(item)
    rebuilt[id] = value
    markers[id .. MARKER] = at and "0 1 " .. string.format("%.3f", at)
    bodies[id] = retracted and value:match("^%d+ %d+ (.*)$") or nil
  end
  for id, value in pairs(values) do
    local seq = seq_of_value(value)
    if seq and seq > #own then
      return false
    end
    if seq == 0 and not rebuilt[id] and markers[id] == nil then
      rebuilt[id] = value
    end
  end
  for id, value in pairs(markers) do
    rebuilt[id] = value or nil
  end
  cursors, values, without_bodies = own, rebuilt, erased(answers, bodies)
  return true
end

-- The items have their seqs, so the other keys follow from them, except for tags. It must be certain that all items are
-- there: each one in the order, and that of the newest change.
local function from_items()
  local rebuilt, newest = {}, 0
  for id, value in pairs(values) do
    local seq = seq_of_value(value)
    if seq then
      rebuilt[id], newest = value, math.max(newest, seq)
    elseif next(scores) then
      is_damaged = true
    else
      return false
    end
  end
  for id, score in pairs(scores) do
    if not rebuilt[id] or seq_of_value(rebuilt[id]) < score then
      return false
    end
  end
  local tagged = {}
  for n = 1, math.max(newest, #cursors) do
    local seq = cursors[n] and seq_of_cursor(cursors[n])
    if seq == n and n <= newest then
      tagged[n] = cursors[n]
    elseif seq or (n <= newest and new_tag == "") then
      return false
    elseif n <= newest then
      is_damaged = true
      tagged[n] = string.format("%.0f-%s%s", n, new_tag, n == 1 and first_tag_end or string.format("%.0f", n))
    end
  end
  cursors, values = tagged, rebuilt
  return newest > 0 and is_damaged
end

-- Days since 1970 of a date in the Gregorian calendar: years begin in March here, so that leap days come last.
local function days(year, month, day)
  year = month <= 2 and year - 1 or year
  month = (month + 9) % 12
  return 365 * year + math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    + math.floor((153 * month + 2) / 5) + day - 1 - 719468
end

local function time_in(body)
  local readable, entry = pcall(cjson.decode, body)
  if not readable or type(entry) ~= "table" or entry.status ~= "scheduled" then
    return nil
  end
  local at = {tostring(entry.publish_at):match("^(%d+)%-(%d+)%-(%d+)T(%d+):(%d+):([%d.]+)Z$")}
  if not at[1] then
    return nil
  end
  for n = 1, 6 do
    at[n] = tonumber(at[n])
  end
  return ((days(at[1], at[2], at[3]) * 24 + at[4]) * 60 + at[5]) * 60 + at[6]
end

local function due_time(id)
  local score, marked = scores[id] or 0, tonumber(values[id]:match("^0 1 ([%d.]+)$"))
  return marked or dues[id] or (score < 0 and -score) or time_in(values[id]:match("^%d+ %d+ (.*)$"))
end

local can_be_rebuilt = replica ~= "" and from_replica or from_items
if not can_be_rebuilt() then
  return 0
end
local due_times = {}
for id, value in pairs(values) do
  due_times[id] = seq_of_value(value) == 0 and due_time(id) or nil
end
redis.call("UNLINK", history, items, order, due)
for _, cursor in ipairs(cursors) do
  redis.call("RPUSH", history, cursor)
end
for id, value in pairs(values) do
  redis.call("HSET", items, id, value)
  local at = due_times[id]
  redis.call("ZADD", order, at and -math.max(1, at) or seq_of_value(value), id)
  if at then
    redis.call("ZADD", due, at, id)
  end
end
replace(answers, without_bodies)
for id in pairs(bodies) do
  forget_versions(versions, id)
end
redis.call("PUBLISH", channel, "")  -- empty: "compare heads with the store"
return 1
