#!lua
-- `Accounts.records`
--
-- KEYS  records, ids, ends
-- ARGV  channel, the beginning and the end of the names (for ZRANGE BYLEX), the maximum number
-- Returns name and value of each record.

check(KEYS, ARGV[1])
local records, ids, ends = unpack(KEYS)
make_whole(records, ids, ends)
local found = {}
local begin, missing = ARGV[2], tonumber(ARGV[4])
while missing > 0 do
  local names = redis.call("ZRANGE", ids, begin, ARGV[3], "BYLEX", "LIMIT", 0, missing)
  if #names == 0 then
    break
  end
  for _, name in ipairs(names) do
    local value = redis.call("HGET", records, name)
    if value and end_of(value) > now then
      found[#found + 1], found[#found + 2] = name, value
      missing = missing - 1
    end
  end
  begin = "(" .. names[#names]
end
return found
