#!lua
-- Prepended to the scripts that use it: the audit of a blog or of the site, and the earlier
-- versions of a blog's entries.
--
-- audit     stream: an act in JSON in the field "act" of each element, and its time in ms in "at". Ids of a stream never
--           go back, so after a clock was set back they are not the time
-- versions  hash: entry id -> the list of its versions in msgpack, oldest first: {version, time in ms, who, bytes}. The
--           newest one is the item itself. "ID:VERSION" -> the body of an earlier version.

local clock = redis.call("TIME")
local now_ms = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- One call of 64, by chance, counts the acts. The key also expires as a whole, so that a blog without further writes
-- does not keep acts for ever.
local function append_act(audit, act, seconds, most)
  if act == "" then
    return
  end
  local oldest = math.max(0, tonumber(clock[1]) - seconds) * 1000
  redis.call("XADD", audit, "MINID", string.format("%.0f", oldest), "*", "act", act, "at", string.format("%.0f", now_ms))
  if clock[2] % 64 == 0 then
    redis.call("XTRIM", audit, "MAXLEN", "~", most)
  end
  redis.call("EXPIRE", audit, seconds)
end

local function version_field(id, version)
  return id .. ":" .. string.format("%.0f", version)
end

-- Returns nil if the list cannot be read.
local function version_list(versions, id)
  local packed = redis.call("HGET", versions, id)
  if not packed then
    return {}
  end
  local readable, list = pcall(cmsgpack.unpack, packed)
  if not readable or type(list) ~= "table" then
    return nil
  end
  for _, version in ipairs(list) do
    if type(version) ~= "table" or type(version[1]) ~= "number" or type(version[4]) ~= "number" then
      return nil
    end
  end
  return list
end

-- Removes all earlier versions of an entry, also if their list cannot be read.
local function forget_versions(versions, id)
  local list = version_list(versions, id)
  for _, version in ipairs(list or {}) do
    redis.call("HDEL", versions, version_field(id, version[1]))
  end
  for _, field in ipairs(list and {} or redis.call("HKEYS", versions)) do
    if field:sub(1, #id + 1) == id .. ":" then
      redis.call("HDEL", versions, field)
    end
  end
  redis.call("HDEL", versions, id)
end

-- Returns the newest versions of a list that are to be kept, and removes the others.
local function within_limits(versions, id, list, limits)
  local kept, bytes = {list[#list]}, 0
  for n = #list - 1, 1, -1 do
    local version = list[n]
    bytes = bytes + version[4]
    if version[4] > 0 and #kept <= limits[1] and bytes <= limits[2] then
      table.insert(kept, 1, version)
    else
      redis.call("HDEL", versions, version_field(id, version[1]))
    end
  end
  return kept
end

-- Keeps what a write is about to replace, if it does not erase that, and notes who writes the new version. `limits` are
-- {maximum number, maximum bytes}.
local function keep_version(versions, items, write, new_version, who, limits)
  local id = write.id
  if id == "header" then
    return
  end
  local list = version_list(versions, id)
  if not write.body or write.erase or limits[1] == 0 or not list then
    forget_versions(versions, id)
    list = {}
  end
  if not write.body or limits[1] == 0 then
    return
  end
  local stored = write.expected > 0 and not write.erase and redis.call("HGET", items, id)
  if stored then
    local version, body = stored:match("^%d+ (%d+) (.*)$")
    version = tonumber(version)
    if not list[1] or list[#list][1] ~= version then
      list[#list + 1] = {version, 0, "", 0}
    end
    list[#list][4] = #body
    redis.call("HSET", versions, version_field(id, version), body)
  end
  list[#list + 1] = {new_version, now_ms, who, 0}
  redis.call("HSET", versions, id, cmsgpack.pack(within_limits(versions, id, list, limits)))
end
