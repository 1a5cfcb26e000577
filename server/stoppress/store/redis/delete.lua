#!lua
-- `Store.delete`. What stays is a mark of the line's first cursor, so that no node takes it for lost and puts it
-- back, even when the blog has been made anew. It has no end: nobody knows how long a node can sleep.
--
-- KEYS  deleted, line, and all others of the blog
-- ARGV  channel
-- Returns 1, or 0 if there is no blog.

if redis.call("EXISTS", KEYS[2]) == 0 then
  return 0
end
redis.call("SADD", KEYS[1], redis.call("LINDEX", KEYS[2], 0))
redis.call("UNLINK", unpack(KEYS, 2))
redis.call("PUBLISH", ARGV[1], "")  -- "look yourself"
return 1
