#!lua
-- Puts messages of the channel into the stream, except those that another node has put there.
--
-- KEYS  the stream; a key for each message
-- ARGV  milliseconds in which all nodes should have heard a message; the maximum length of the stream; the messages
-- Returns the number of messages that found the stream full. They are lost, as if no node had heard them.

local messages = table.remove(KEYS, 1)
local window = table.remove(ARGV, 1)
local max_length = tonumber(table.remove(ARGV, 1))

local lost = 0
for index, heard in ipairs(KEYS) do
  local is_new = redis.call("EXISTS", heard) == 0
  if is_new and redis.call("XLEN", messages) >= max_length then
    lost = lost + 1
  elseif is_new then
    -- The message comes first: if a command fails, another node puts it there.
    redis.call("XADD", messages, "*", "channel", ARGV[index])
    redis.call("SET", heard, "", "PX", window)
  end
end
return lost
