-- Prepended to the scripts that use it. Drafts with a time are in `due` under their own id. A visible item has its seq in
-- `order`, so its time is with a marker: an item "ID:due" that no reader gets, with the time in place of a body. It is in
-- `items`, `order` and `due` as a draft would be, so the check of whole.lua notices if one of the three is lost.

local MARKER = ":due"

local function put_marker(items, order, due, id, at)
  redis.call("HSET", items, id .. MARKER, "0 1 " .. string.format("%.3f", at))
  redis.call("ZADD", order, -math.max(1, at), id .. MARKER)
  redis.call("ZADD", due, at, id .. MARKER)
end

local function drop_marker(items, order, due, id)
  if redis.call("HDEL", items, id .. MARKER) == 1 then
    redis.call("ZREM", order, id .. MARKER)
    redis.call("ZREM", due, id .. MARKER)
  end
end
