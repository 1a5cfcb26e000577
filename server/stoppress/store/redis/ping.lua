#!lua
-- `Store.ping`: fails if a commit would fail, or if this node may not receive hints.
--
-- KEYS  those of a blog that cannot exist
-- ARGV  its channel

check(KEYS, ARGV[1])
require_permission("SUBSCRIBE", ARGV[1])
redis.call("SADD", KEYS[#KEYS], "")
redis.call("UNLINK", KEYS[#KEYS])
