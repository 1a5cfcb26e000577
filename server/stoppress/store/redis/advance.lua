#!lua
-- Moves blogs in the index of schedules, or takes them out, unless they have moved since they were read.
--
-- KEYS  schedule
-- ARGV  for each blog: its name; the score that was read; the new score, or "" to take it out

for i = 1, #ARGV, 3 do
  local blog, seen, later = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if tonumber(redis.call("ZSCORE", KEYS[1], blog) or "nan") == tonumber(seen) then
    if later == "" then
      redis.call("ZREM", KEYS[1], blog)
    else
      redis.call("ZADD", KEYS[1], later, blog)
    end
  end
end
