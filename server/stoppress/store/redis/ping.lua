#!lua
-- `Store.ping`: fails if a commit would fail, or if this node may not receive hints.
--
-- KEYS  those of a blog that cannot exist
-- ARGV  its channel, the key of the names of all blogs, the node's probe channel, keys of accounts

check(KEYS, ARGV[1])
require_permission("SUBSCRIBE", ARGV[1])
require_permission("SADD", ARGV[2])
require_permission("SMEMBERS", ARGV[2])
require_permission("PUBLISH", ARGV[3])
require_permission("SUBSCRIBE", ARGV[3])
for number = 4, #ARGV do
  for _, command in ipairs(COMMANDS[KINDS[ARGV[number]:match("[^:]*$")]]) do
    require_permission(command, ARGV[number])
  end
end
redis.call("SADD", KEYS[#KEYS], "")
redis.call("UNLINK", KEYS[#KEYS])
