-- Takes a place in every window, at the first moment at which all have one, or none at all.
-- A window is a sorted set: one member for each message, its score the ms at which the place is free again.
-- KEYS: the windows. ARGV: message, how far ahead in ms; then of each window: places, length, hold (ms).
-- A message that comes again had its places taken back with the transaction that booked them: they are its own.
-- Answers whether they were taken, then of each window the ms until it has a place.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local start = now
local answer = {1}
for i, key in ipairs(KEYS) do
  local places = tonumber(ARGV[3 * i])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  redis.call('ZREM', key, ARGV[1])
  local taken = redis.call('ZCARD', key)
  local free = now
  if taken >= places then
    free = tonumber(redis.call('ZRANGE', key, taken - places, taken - places, 'WITHSCORES')[2])
  end
  start = math.max(start, free)
  answer[i + 1] = free - now
end
local ahead = tonumber(ARGV[2])
if start > now + ahead then
  answer[1] = 0
  return answer
end
for i, key in ipairs(KEYS) do
  local lasts = ARGV[3 * i + 1] + ARGV[3 * i + 2]
  redis.call('ZADD', key, string.format('%.0f', start + lasts), ARGV[1])
  redis.call('PEXPIRE', key, string.format('%.0f', ahead + lasts + 1000))
end
return answer
