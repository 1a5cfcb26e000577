#!lua
-- Prepended to the scripts that use it. A blog is whole if its keys agree with each other. Each key may get lost on its
-- own: by DEL, by eviction, or because only some keys were restored. The check costs the same for a blog of any length.

local function seq_of_cursor(cursor)
  return tonumber(cursor:match("^(%d+)%-%w+$"))
end

local function seq_of_value(value)
  return tonumber(value:match("^(%d+) %d+ "))
end

-- Returns the name of the key that is damaged, or nil. A blog that does not exist is not damaged.
local function damage(history, items, order, due)
  local head = redis.call("LINDEX", history, -1)
  if not head then
    return redis.call("EXISTS", items) == 1 and "line" or nil
  end
  local seq = redis.call("LLEN", history)
  if seq_of_cursor(head) ~= seq then
    return "line"
  end
  local last = redis.call("ZREVRANGE", order, 0, 0, "WITHSCORES")
  local newest = last[1] and redis.call("HGET", items, last[1])
  if tonumber(last[2]) ~= seq or redis.call("ZCARD", order) ~= redis.call("HLEN", items) then
    return "order"
  end
  if not newest or seq_of_value(newest) ~= seq then
    return "items"
  end
  if redis.call("ZCOUNT", order, "-inf", "(0") ~= redis.call("ZCARD", due) then
    return "due"
  end
end
