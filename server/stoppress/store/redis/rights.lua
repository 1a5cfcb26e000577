#!lua flags=no-writes,allow-oom,allow-stale
-- For `doctor`: returns each command that the user of this node may not use, followed by its key or channel.
--
-- ARGV  the channel of a blog that cannot exist, the key of the names of all blogs, the keys of the blog. They are not in
--       KEYS, because Redis does not run a script whose user lacks them.

local missing = {}

local function note(command, subject)
  if not may(command, subject) then
    missing[#missing + 1] = command
    missing[#missing + 1] = subject
  end
end

for number = 3, #ARGV do
  local key = ARGV[number]
  for _, command in ipairs(COMMANDS[KINDS[key:match("[^:]*$")]]) do
    note(command, key)
  end
end
note("PUBLISH", ARGV[1])
note("SUBSCRIBE", ARGV[1])
note("SADD", ARGV[2])
note("SMEMBERS", ARGV[2])
return missing
