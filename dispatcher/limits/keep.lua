-- A message leaves later than its places were taken for: they are held as if taken now.
-- Refused (0) where a place is so near its end that another message may count on it.
-- KEYS: the windows. ARGV: message, how far ahead places are taken (ms), then the length and hold together of each (ms).
local time = redis.call('TIME')
local now = time[1] * 1000 + math.ceil(time[2] / 1000)
for _, key in ipairs(KEYS) do
  local free = redis.call('ZSCORE', key, ARGV[1])
  if not free or tonumber(free) <= now + ARGV[2] then
    return 0
  end
end
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, string.format('%.0f', now + ARGV[i + 2]), ARGV[1])
  redis.call('PEXPIRE', key, string.format('%.0f', ARGV[2] + ARGV[i + 2] + 1000))
end
return 1
