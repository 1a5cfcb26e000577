#!lua
-- Answers a message of the stream and removes it. Of several nodes that have carried it out, one answers.
--
-- KEYS  messages, answers
-- ARGV  group; id in the stream; id of the message; its answer in JSON; number of answers to keep
-- Returns 1, or 0 if the message has an answer.

local messages, answers = unpack(KEYS)
local group, stream_id, message_id, answer, kept = unpack(ARGV)

if #redis.call("XPENDING", messages, group, stream_id, stream_id, 1) == 0 then
  return 0
end
-- The answer comes first: if a command fails, the message is still there and gets an answer later.
redis.call("XADD", answers, "MAXLEN", "~", kept, "*", "id", message_id, "answer", answer)
redis.call("XACK", messages, group, stream_id)
redis.call("XDEL", messages, stream_id)
return 1
