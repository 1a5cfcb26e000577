#!lua
-- Prepended to the scripts that use it. Replaces a retracted body in remembered answers, so that a repeated request
-- does not return it. commit.lua describes the messages.

local function erase(answers, id, body)
  local remembered = redis.call("HGETALL", answers)
  for i = 1, #remembered, 2 do
    local message = remembered[i + 1]
    if message:find(id, 1, true) then
      local space = message:find(" ", 1, true)
      local content = cmsgpack.unpack(message:sub(space + 1))
      for _, write in ipairs(content[2]) do
        if write.id == id then
          write.body = body
        end
      end
      redis.call("HSET", answers, remembered[i], message:sub(1, space) .. cmsgpack.pack(content))
    end
  end
end
