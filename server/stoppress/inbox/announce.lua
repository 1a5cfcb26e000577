#!lua
-- Answers a message of the channel, unless another node has. A final answer follows one that is not final.
--
-- KEYS  a key for this message
-- ARGV  channel; the answer in JSON; "final" or "not final"; milliseconds in which nodes answer the same message
-- Returns 1, or 0 if another node has answered.

local channel, answer, kind, window = unpack(ARGV)

local earlier = redis.call("GET", KEYS[1])
if earlier and (earlier == "final" or kind ~= "final") then
  return 0
end
redis.call("SET", KEYS[1], kind, "PX", window)
redis.call("PUBLISH", channel, answer)
return 1
