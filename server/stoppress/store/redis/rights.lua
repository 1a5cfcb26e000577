#!lua flags=no-writes,allow-oom,allow-stale
-- For `doctor`: returns each command that the user of this node may not use, followed by its key or channel.
--
-- KEYS  those of a blog that cannot exist
-- ARGV  its channel

local missing = {}

local function note(command, subject)
  if not may(command, subject) then
    missing[#missing + 1] = command
    missing[#missing + 1] = subject
  end
end

for _, key in ipairs(KEYS) do
  for _, command in ipairs(COMMANDS[KINDS[key:match("[^:]*$")]]) do
    note(command, key)
  end
end
note("PUBLISH", ARGV[1])
note("SUBSCRIBE", ARGV[1])
return missing
