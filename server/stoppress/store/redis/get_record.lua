#!lua flags=no-writes
-- `Accounts.get`
--
-- KEYS  records
-- ARGV  "KIND/ID"
-- Returns the value, or nothing if there is no such record or it has ended.

local value = redis.call("HGET", KEYS[1], ARGV[1])
local ends = value and tonumber(value:match("^%d+ (%S+) "))
local time = redis.call("TIME")
return value and not (ends and ends <= time[1] + time[2] / 1e6) and value or false
