#!lua
-- Joins the group of nodes that read the stream. Creates both if they do not exist, and removes readers of the group
-- that have ended and have no messages left.
--
-- KEYS  messages
-- ARGV  group; milliseconds without a sign of life after which a reader has ended

local messages = KEYS[1]
local group, silent = unpack(ARGV)

local made = redis.pcall("XGROUP", "CREATE", messages, group, "0", "MKSTREAM")
if made.err and not made.err:find("BUSYGROUP", 1, true) then
  return made
end
for _, reader in ipairs(redis.call("XINFO", "CONSUMERS", messages, group)) do
  local of = {}
  for index = 1, #reader, 2 do
    of[reader[index]] = reader[index + 1]
  end
  if of.pending == 0 and of.idle > tonumber(silent) then
    redis.call("XGROUP", "DELCONSUMER", messages, group, of.name)
  end
end
return 1
