#!lua
-- `Store.delete`. It records the first cursor of the deleted history, so that no node takes that history for lost and
-- restores it, even after the blog has been created again. The record never expires, because a node can sleep for any
-- length of time.
--
-- KEYS  deleted, history, and all others of the blog
-- ARGV  channel
-- Returns 1, or 0 if the blog does not exist.

check(KEYS, ARGV[1])
if redis.call("EXISTS", KEYS[2]) == 0 then
  return 0
end
redis.call("SADD", KEYS[1], redis.call("LINDEX", KEYS[2], 0))
redis.call("UNLINK", unpack(KEYS, 2))
redis.call("PUBLISH", ARGV[1], "")  -- empty: "compare heads with the store"
return 1
