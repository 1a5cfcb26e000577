#!lua
-- `Store.commit`: makes all checks before the first write, so that it writes all or nothing.
--
-- KEYS  history, items, order, due, answers, expiry, removed, versions, audit
-- ARGV  channel; {fingerprint, writes, ...} in msgpack; what to keep of the past in msgpack, see `pack_past`; for a
--       repeatable request also its Idempotency-Key and the seconds for which to remember its answer
-- Returns {"done", message}, {"reused"}, {"missing"}, {"damaged", key} or {"conflict", item, expected version}.
--
-- A message is "<cursor before the writes> <ARGV[2]>": the same bytes are published, returned and remembered.

local MAX_REMOVED, REMOVED_SECONDS = 1000, 24 * 3600

check(KEYS, ARGV[1])
local history, items, order, due, answers, expiry, removed, versions, audit = unpack(KEYS)
local channel, packed, past, request, remember = unpack(ARGV)
local fingerprint, writes = unpack(cmsgpack.unpack(packed))
local acts, who, seconds, most, limits = unpack(cmsgpack.unpack(past))
local now = tonumber(clock[1])

-- A seq is a double in Lua, exact up to 2^53; Lua's default formatting loses precision after 14 digits.
local function digits(number)
  return string.format("%.0f", number)
end

-- Returns nil also for an answer that cannot be read: the new one replaces it. Answers and their times of expiry go
-- together, so an answer whose time is missing has lost it and is still valid.
local function earlier_answer()
  local expires = redis.call("ZSCORE", expiry, request)
  local message = redis.call("HGET", answers, request)
  if not message or (expires and tonumber(expires) <= now) then
    return nil
  end
  local readable, earlier = pcall(cmsgpack.unpack, message:match("^%S+ (.*)$") or "")
  if not readable or type(earlier) ~= "table" or type(earlier[2]) ~= "table" then
    return nil
  end
  return earlier[1] == fingerprint and {"done", message} or {"reused"}
end

local function forget_old_answers()
  local old = redis.call("ZRANGEBYSCORE", expiry, "-inf", now, "LIMIT", 0, 100)
  if #old > 0 then
    redis.call("HDEL", answers, unpack(old))
    redis.call("ZREM", expiry, unpack(old))
  end
end

-- Both keys also expire as a whole, so that a blog without further writes does not keep answers for ever.
local function remember_answer(message)
  forget_old_answers()
  redis.call("HSET", answers, request, message)
  redis.call("ZADD", expiry, now + remember, request)
  redis.call("EXPIRE", answers, remember)
  redis.call("EXPIRE", expiry, remember)
end

local function creates_the_blog()
  for _, write in ipairs(writes) do
    if write.id == "header" and write.expected == 0 and write.tag then
      return true
    end
  end
  return false
end

local function next_version(write)
  return write.version or write.expected + 1
end

-- Returns the first write whose item is not at the expected version. One commit may write an item twice.
local function conflict()
  local versions = {}
  for _, write in ipairs(writes) do
    local version = versions[write.id]
    if not version then
      local stored = redis.call("HGET", items, write.id)
      version = stored and tonumber(stored:match("^%d+ (%d+) ")) or 0
    end
    if version ~= write.expected then
      return write
    end
    versions[write.id] = write.body and next_version(write) or 0
  end
end

-- If Redis was rolled back before this, a node may have the item as a published one: see `Store.removed`.
local function note_removal(id)
  redis.call("ZADD", removed, now, id)
  local old = redis.call("ZRANGE", removed, 0, -MAX_REMOVED - 1)
  if #old > 0 then
    redis.call("ZREM", removed, unpack(old))
  end
  redis.call("EXPIRE", removed, REMOVED_SECONDS)
end

local function put(write, seq)
  keep_version(versions, items, write, next_version(write), who, limits)
  redis.call("ZREM", due, write.id)
  drop_marker(items, order, due, write.id)
  if not write.body then
    redis.call("HDEL", items, write.id)
    redis.call("ZREM", order, write.id)
    note_removal(write.id)
    return
  end
  redis.call("HSET", items, write.id, digits(seq) .. " " .. digits(next_version(write)) .. " " .. write.body)
  if write.due and write.tag then
    redis.call("ZADD", order, digits(seq), write.id)
    put_marker(items, order, due, write.id, write.due)
  elseif write.due then
    redis.call("ZADD", order, -math.max(1, write.due), write.id)
    redis.call("ZADD", due, write.due, write.id)
  else
    redis.call("ZADD", order, digits(seq), write.id)
  end
end

local earlier = request and earlier_answer()
if earlier then
  return earlier
end
local head = redis.call("LINDEX", history, -1)
local damaged = damage(history, items, order, due)
if damaged then
  return {"damaged", damaged}
end
if not head and not creates_the_blog() then
  return {"missing"}
end
local lost = conflict()
if lost then
  return {"conflict", lost.id, lost.expected}
end
local bodies = {}
for _, write in ipairs(writes) do
  bodies[write.id] = write.erase and write.body or bodies[write.id]
end
local without_bodies = erased(answers, bodies)
local seq = redis.call("LLEN", history)

for _, write in ipairs(writes) do
  if write.tag then
    seq = seq + 1
    redis.call("RPUSH", history, digits(seq) .. "-" .. write.tag)
  end
  put(write, write.tag and seq or 0)
end
replace(answers, without_bodies)
for _, act in ipairs(acts) do
  append_act(audit, act, seconds, most)
end
local message = (head or "0") .. " " .. packed
if request then
  remember_answer(message)
end
redis.call("PUBLISH", channel, message)
return {"done", message}
