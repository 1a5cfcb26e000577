#!lua
-- Makes a node the one that reads the stream, or keeps it so, for some time. With a time of 0 it gives that up.
--
-- KEYS  reader
-- ARGV  node; milliseconds
-- Returns 1, or 0 if another node reads.

local node, time = unpack(ARGV)

local reader = redis.call("GET", KEYS[1])
if reader and reader ~= node then
  return 0
end
if time == "0" then
  redis.call("DEL", KEYS[1])
else
  redis.call("SET", KEYS[1], node, "PX", time)
end
return 1
