#!lua flags=no-writes
-- One part of `Store.read`: the history after a cursor, as of one moment.
--
-- A part ends after about a megabyte, because Redis runs nothing else during a script. Parts need no common snapshot:
-- an item that changes moves to the end of the order, so reading on from cursor to cursor finds it again.
--
-- KEYS  history, items, order, due
-- ARGV  cursor
-- Returns false if the blog does not exist, {"damaged", key}, or {cursor before the part, cursors, ids, values, 1 if there is more}. The
-- cursor before the part is "0" if the given cursor is not in this history.

local history, items, order, due = unpack(KEYS)
local after = ARGV[1]
local PART_BYTES, CHUNK_ITEMS = 1000000, 50

local damaged = damage(history, items, order, due)
if damaged then
  return {"damaged", damaged}
end
if redis.call("EXISTS", history) == 0 then
  return false
end
local seq = tonumber(after:match("^%d+"))
if seq > 0 and redis.call("LINDEX", history, string.format("%.0f", seq - 1)) ~= after then
  seq, after = 0, "0"
end

local ids, values, bytes, more = {}, {}, 0, true
local last = "-1"
while more and bytes < PART_BYTES do
  local chunk = redis.call(
    "ZRANGEBYSCORE", order, "(" .. string.format("%.0f", seq), "+inf", "LIMIT", #ids, CHUNK_ITEMS)
  more = #chunk == CHUNK_ITEMS
  for index, value in ipairs(#chunk > 0 and redis.call("HMGET", items, unpack(chunk)) or {}) do
    if not value or not seq_of_value(value) then
      return {"damaged", "items"}
    end
    ids[#ids + 1] = chunk[index]
    values[#values + 1] = value
    bytes = bytes + #value
  end
end
if more then
  last = string.format("%.0f", tonumber(values[#values]:match("^%d+")) - 1)
end
return {after, redis.call("LRANGE", history, string.format("%.0f", seq), last), ids, values, more and 1 or 0}
