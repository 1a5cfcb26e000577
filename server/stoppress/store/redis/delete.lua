#!lua flags=allow-oom
-- `Store.delete`. It records the first cursor of the deleted history, so that no node takes that history for lost and
-- restores it, even after the blog has been created again. It also counts deletions of the name, by the members "0-1",
-- "0-2" and so on: a history that began before the newest deletion is not restored either, even if the store had lost it
-- and so did not know it at the deletion. So the act is also written if the store has no such blog. The record never
-- expires, because a node can sleep for any length of time.
--
-- KEYS  deleted, audit, history, and all others of the blog
-- ARGV  channel; the act in JSON or ""; the seconds for which to keep acts; about how many to keep
-- Returns 1, or 0 if neither the store nor a node that listens has the blog.

check(KEYS, ARGV[1])
local deleted, audit, history = unpack(KEYS)
local channel, act, seconds, most = unpack(ARGV)
local existed = redis.call("EXISTS", unpack(KEYS, 3)) > 0
local first = redis.call("LINDEX", history, 0)
local deletions = 0
while redis.call("SISMEMBER", deleted, string.format("0-%d", deletions + 1)) == 1 do
  deletions = deletions + 1
end
redis.call("SADD", deleted, string.format("0-%d", deletions + 1))
if first then
  redis.call("SADD", deleted, first)
end
redis.call("UNLINK", unpack(KEYS, 3))
append_act(audit, act, tonumber(seconds), most)
local nodes = redis.call("PUBLISH", channel, "")  -- empty: "compare heads with the store"
return (existed or nodes > 0) and 1 or 0
