local standing = redis.call('GET', KEYS[1]) or ''
if standing == ARGV[2] then return 1 end
if #standing < 22 or string.sub(standing, 21) ~= '?' .. ARGV[1] then return 0 end
-- Stamps of 20 digits, compared as texts: numbers of Lua are exact only up to 2^53.
if string.sub(standing, 1, 20) > string.sub(ARGV[2], 1, 20) then return 0 end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
