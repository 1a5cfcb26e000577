#!lua
-- `Store.restore`: put back visible items and the line after the head, as they were.
--
-- KEYS  line, items, order, due, deleted, answers
-- ARGV  channel; the cursor that must be the head, "0" if there must be no blog; {cursors, items} in msgpack, each item with
--       whether it was retracted
-- Returns 1, or 0 if the head is another or an editor has deleted that line; then nothing is written.

local line, items, order, due, deleted, answers = unpack(KEYS)
local channel, head, packed = unpack(ARGV)

local cursors, lost = unpack(cmsgpack.unpack(packed))
if (redis.call("LINDEX", line, -1) or "0") ~= head or redis.call("SISMEMBER", deleted, cursors[1]) == 1 then
  return 0
end
for _, cursor in ipairs(cursors) do
  redis.call("RPUSH", line, cursor)
end
for _, item in ipairs(lost) do
  local id, seq, value, retracted = unpack(item)
  redis.call("HSET", items, id, value)
  redis.call("ZADD", order, string.format("%.0f", seq), id)
  redis.call("ZREM", due, id)
  if retracted then
    erase(answers, id, value:match("^%d+ %d+ (.*)$"))
  end
end
-- Empty: "look yourself". The whole of a big blog would burst the buffers of those who listen.
redis.call("PUBLISH", channel, "")
return 1
