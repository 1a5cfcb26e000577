#!lua
-- Prepended to every script that writes. Lua does not roll back, so nothing may fail after the first write: each script
-- checks its keys and its permissions first. Redis itself refuses a script before it starts if memory is short, if the
-- disk is full, or if the server is a replica.

local KINDS = {
  line = "list", items = "hash", order = "zset", due = "zset", answers = "hash", expiry = "zset", deleted = "set",
  removed = "zset", versions = "hash", audit = "stream", records = "hash", ids = "zset", ends = "zset", count = "string"}
local COMMANDS = {
  list = {"RPUSH", "LINDEX", "LLEN", "LRANGE", "EXISTS", "UNLINK"},
  hash = {"HSET", "HDEL", "HGET", "HMGET", "HGETALL", "HKEYS", "HLEN", "EXPIRE", "UNLINK"},
  zset = {
    "ZADD", "ZREM", "ZSCORE", "ZRANGE", "ZREVRANGE", "ZRANGEBYSCORE", "ZCARD", "ZCOUNT", "EXPIRE", "UNLINK"},
  set = {"SADD", "SISMEMBER"},
  string = {"GET", "INCRBY", "PEXPIRE", "PTTL"},
  stream = {"XADD", "XTRIM", "XRANGE", "XREVRANGE", "EXPIRE"},
}

local function fail(message)
  error(redis.error_reply(message))
end

local function may(command, subject)
  local known, allowed = pcall(redis.acl_check_cmd, command, subject)
  return known and allowed
end

local function require_permission(command, subject)
  if not may(command, subject) then
    fail("NOPERM the user of this node may not use " .. command .. " with " .. subject)
  end
end

local function check(keys, channel)
  for _, key in ipairs(keys) do
    local expected, found = KINDS[key:match("[^:]*$")], redis.call("TYPE", key).ok
    if found ~= "none" and found ~= expected then
      fail("WRONGTYPE " .. key .. " is a " .. found .. ", not a " .. expected)
    end
    for _, command in ipairs(COMMANDS[expected]) do
      require_permission(command, key)
    end
  end
  require_permission("PUBLISH", channel)
end
