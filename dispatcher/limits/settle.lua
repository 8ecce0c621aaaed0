-- The answer to a message is in: its places are free one length of the window from now, a line at once.
-- KEYS: the windows. ARGV: message, then the length (ms) of each window.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.ceil(time[2] / 1000)
for i, key in ipairs(KEYS) do
  local length = tonumber(ARGV[i + 1])
  if length == 0 then
    redis.call('ZREM', key, ARGV[1])
  else
    redis.call('ZADD', key, 'XX', 'LT', string.format('%.0f', now + length), ARGV[1])
  end
end
