#!lua
-- Answers a message and removes it from the stream. If several nodes have carried it out, one answers.
--
-- KEYS  messages, answers
-- ARGV  group; id in the stream; id of the message; its answer in JSON; number of answers to keep; for a message of the
--       channel also the channel of answers
-- Returns 1, or 0 if the message has an answer.

local messages, answers = unpack(KEYS)
local group, stream_id, message_id, answer, kept, channel = unpack(ARGV)

if #redis.call("XPENDING", messages, group, stream_id, stream_id, 1) == 0 then
  return 0
end
-- The answer comes first: if a command fails, the message is still there and gets an answer later.
if channel then
  redis.call("PUBLISH", channel, answer)
else
  redis.call("XADD", answers, "MAXLEN", "~", kept, "*", "id", message_id, "answer", answer)
end
redis.call("XACK", messages, group, stream_id)
redis.call("XDEL", messages, stream_id)
return 1
