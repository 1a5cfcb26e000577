#!lua
-- `Accounts.count`
--
-- KEYS  the counter
-- ARGV  channel, the number of events, the length of the window in milliseconds
-- Returns the number of events in the window, and the milliseconds that are left of it.

check(KEYS, ARGV[1])
if ARGV[2] == "0" then
  return {tonumber(redis.call("GET", KEYS[1]) or 0), redis.call("PTTL", KEYS[1])}
end
local events = redis.call("INCRBY", KEYS[1], ARGV[2])
if redis.call("PTTL", KEYS[1]) < 0 then
  redis.call("PEXPIRE", KEYS[1], ARGV[3])
end
return {events, redis.call("PTTL", KEYS[1])}
