#!lua
-- Prepended to the scripts that write records. The two sorted sets follow from the records. Each key may get lost on its
-- own: by DEL, by eviction, or because only some keys were restored.

local FORGET_AT_ONCE = 100

local time = redis.call("TIME")
local now = time[1] + time[2] / 1e6

-- inf is "inf" for Redis, and a number that Lua may not be able to read
local function end_of(value)
  local ends = value:match("^%d+ (%S+) ")
  return (not ends or ends == "inf") and math.huge or tonumber(ends) or 0
end

local function score(ends)
  return ends == math.huge and "+inf" or string.format("%.3f", ends)
end

local function make_whole(records, ids, ends)
  local size = redis.call("HLEN", records)
  if redis.call("ZCARD", ids) == size and redis.call("ZCARD", ends) == size then
    return
  end
  redis.call("UNLINK", ids, ends)
  local all = redis.call("HGETALL", records)
  for i = 1, #all, 2 do
    redis.call("ZADD", ids, 0, all[i])
    redis.call("ZADD", ends, score(end_of(all[i + 1])), all[i])
  end
end

local function remove(records, ids, ends, name)
  redis.call("HDEL", records, name)
  redis.call("ZREM", ids, name)
  redis.call("ZREM", ends, name)
end

local function forget_ended(records, ids, ends)
  for _, name in ipairs(redis.call("ZRANGEBYSCORE", ends, "-inf", now, "LIMIT", 0, FORGET_AT_ONCE)) do
    remove(records, ids, ends, name)
  end
end
