#!lua
-- Puts a message of the channel into the stream, unless another node has.
--
-- KEYS  a key for this message, messages
-- ARGV  the message; milliseconds in which all nodes should have heard it
-- Returns 1, or 0 if another node was first.

local heard, messages = unpack(KEYS)
local message, window = unpack(ARGV)

if redis.call("EXISTS", heard) == 1 then
  return 0
end
-- The message comes first: if a command fails, another node puts it there.
redis.call("XADD", messages, "*", "channel", message)
redis.call("SET", heard, "", "PX", window)
return 1
