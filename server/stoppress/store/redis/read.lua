#!lua flags=no-writes
-- A part of `Store.read`: the line after a cursor, as of one moment.
--
-- A part ends after about a megabyte, because Redis serves nobody else meanwhile. Parts need no snapshot between
-- them: an item that changes moves to the end of the order, so who goes on from cursor to cursor meets it again.
--
-- KEYS  line, items, order
-- ARGV  cursor
-- Returns false if there is no blog, else {cursor before it, cursors, ids, values, 1 if there is more}. The cursor
-- before it is "0" if the one that was asked for is not a place on this line.

local line, items, order = unpack(KEYS)
local after = ARGV[1]
local PART_BYTES, AT_ONCE = 1000000, 50

if redis.call("EXISTS", line) == 0 then
  return false
end
local seq = tonumber(after:match("^%d+"))
if seq > 0 and redis.call("LINDEX", line, string.format("%.0f", seq - 1)) ~= after then
  seq, after = 0, "0"
end

local ids, values, bytes, more = {}, {}, 0, true
local last = "-1"
while more and bytes < PART_BYTES do
  local some = redis.call(
    "ZRANGEBYSCORE", order, "(" .. string.format("%.0f", seq), "+inf", "LIMIT", #ids, AT_ONCE)
  more = #some == AT_ONCE
  for index, value in ipairs(#some > 0 and redis.call("HMGET", items, unpack(some)) or {}) do
    ids[#ids + 1] = some[index]
    values[#values + 1] = value
    bytes = bytes + #value
  end
end
if more then
  last = string.format("%.0f", tonumber(values[#values]:match("^%d+")) - 1)
end
return {after, redis.call("LRANGE", line, string.format("%.0f", seq), last), ids, values, more and 1 or 0}
