#!lua
-- `Accounts.write`: makes all checks before the first write, so that it writes all or nothing.
--
-- KEYS  records, ids, ends, audit
-- ARGV  channel; the act in JSON, or "" for none; the seconds for which to keep acts; about how many to keep; for each
--       record: its name, the expected version or "", the time at which it ends, 1 to put it or 0 to remove it, its body
-- Returns {"done", version, ...} or {"conflict", the number of the write}.

check(KEYS, ARGV[1])
local records, ids, ends, audit = unpack(KEYS)
local _, act, seconds, most = unpack(ARGV, 1, 4)

local function version_of(name)
  local value = redis.call("HGET", records, name)
  return value and end_of(value) > now and tonumber(value:match("^%d+")) or 0
end

local versions = {}
for i = 5, #ARGV, 5 do
  local version, expected = version_of(ARGV[i]), ARGV[i + 1]
  if expected ~= "" and tonumber(expected) ~= version then
    return {"conflict", i / 5}
  end
  versions[#versions + 1] = ARGV[i + 3] == "1" and version + 1 or 0
end

make_whole(records, ids, ends)
forget_ended(records, ids, ends)
for number, version in ipairs(versions) do
  local name, _, finish, _, body = unpack(ARGV, 5 * number, 5 * number + 4)
  if version == 0 then
    remove(records, ids, ends, name)
  else
    redis.call("HSET", records, name, string.format("%d %s %s", version, finish, body))
    redis.call("ZADD", ids, 0, name)
    redis.call("ZADD", ends, finish == "inf" and "+inf" or finish, name)
  end
end
append_act(audit, act, tonumber(seconds), most)
return {"done", unpack(versions)}
