#!lua
-- Tells whether a blog that the store does not have is in the memory of a node. Each node that has a blog listens on its
-- channel, and is told to put the blog back.
--
-- KEYS  history, deleted
-- ARGV  channel
-- Returns how many nodes have it, as far as they are connected to this server; -1 if the store has it now; nothing if
-- the blog was deleted.

if redis.call("EXISTS", KEYS[1]) == 1 then
  return -1
end
if redis.call("EXISTS", KEYS[2]) == 1 then
  return false
end
return redis.call("PUBLISH", ARGV[1], "")
