#!lua
-- `Store.restore`: writes lost items and the history after the head again, unchanged.
--
-- KEYS  history, items, order, due, deleted, answers, versions
-- ARGV  channel; the expected head, "0" if the blog must not exist; {cursors, items} in msgpack, each item as
--       {id, seq, value, whether it was retracted, when it is due or false}; the number of deletions of the name before that history began
-- Returns 1, or 0 if the head is another one, a draft has been edited since, or an editor has deleted that history; then
-- nothing is written.

check(KEYS, ARGV[1])
local history, items, order, due, deleted, answers, versions = unpack(KEYS)
local channel, head, packed, deletions = unpack(ARGV)

local cursors, lost = unpack(cmsgpack.unpack(packed))
local function was_deleted()
  return redis.call("SISMEMBER", deleted, cursors[1]) == 1
    or redis.call("SISMEMBER", deleted, string.format("0-%d", deletions + 1)) == 1
end

if (redis.call("LINDEX", history, -1) or "0") ~= head or (head == "0" and was_deleted()) then
  return 0
end
if damage(history, items, order, due) then
  return 0
end
local bodies = {}
for _, item in ipairs(lost) do
  local id, _, value, retracted = unpack(item)
  local stored = redis.call("HGET", items, id)
  local version = stored and tonumber(stored:match("^0 (%d+) "))
  if version and version >= tonumber(value:match("^%d+ (%d+) ")) then
    return 0
  end
  bodies[id] = retracted and value:match("^%d+ %d+ (.*)$") or nil
end
local without_bodies = erased(answers, bodies)

for _, cursor in ipairs(cursors) do
  redis.call("RPUSH", history, cursor)
end
for _, item in ipairs(lost) do
  local id, seq, value, _, at = unpack(item)
  redis.call("HSET", items, id, value)
  redis.call("ZADD", order, string.format("%.0f", seq), id)
  redis.call("ZREM", due, id)
  drop_marker(items, order, due, id)
  if at then
    put_marker(items, order, due, id, at)
  end
end
if head == "0" then
  for deletion = 1, tonumber(deletions) do
    redis.call("SADD", deleted, string.format("0-%d", deletion))
  end
end
replace(answers, without_bodies)
for id in pairs(bodies) do
  forget_versions(versions, id)
end
-- Empty: "compare heads with the store". A large blog as one message would overflow the buffers of subscribers.
redis.call("PUBLISH", channel, "")
return 1
