#!lua
-- Puts messages of the channel into the stream, except those that another node has put there.
--
-- KEYS  the stream; a key for each message
-- ARGV  milliseconds in which all nodes should have heard a message; the messages
-- Returns the number of messages that this node has put there.

local messages = table.remove(KEYS, 1)
local window = table.remove(ARGV, 1)

local added = 0
for index, heard in ipairs(KEYS) do
  if redis.call("EXISTS", heard) == 0 then
    -- The message comes first: if a command fails, another node puts it there.
    redis.call("XADD", messages, "*", "channel", ARGV[index])
    redis.call("SET", heard, "", "PX", window)
    added = added + 1
  end
end
return added
