#!lua
-- Prepended to the scripts that use it. Replaces retracted bodies in remembered answers, so that a repeated request
-- does not return them. commit.lua describes the messages.

-- Returns {Idempotency-Key, message} for each answer with one of `bodies`, a table from item ids to their last bodies.
-- It returns false in place of the message if the answer is unreadable, because that may contain the body as well.
local function erased(answers, bodies)
  local found = {}
  local remembered = next(bodies) and redis.call("HGETALL", answers) or {}
  for i = 1, #remembered, 2 do
    local before, packed = remembered[i + 1]:match("^(%S+ )(.*)$")
    local readable, content = pcall(cmsgpack.unpack, packed)
    readable = readable and type(content) == "table" and type(content[2]) == "table"
    local changed = not readable
    for _, write in ipairs(readable and content[2] or {}) do
      if type(write) == "table" and bodies[write.id] then
        write.body, changed = bodies[write.id], true
      end
    end
    if changed then
      found[#found + 1] = {remembered[i], readable and before .. cmsgpack.pack(content)}
    end
  end
  return found
end

local function replace(answers, found)
  for _, answer in ipairs(found) do
    local request, message = unpack(answer)
    if message then
      redis.call("HSET", answers, request, message)
    else
      redis.call("HDEL", answers, request)
    end
  end
end
