local standing = redis.call('GET', KEYS[1])
if not standing then return -1 end
if standing ~= ARGV[1] then
  if standing == ARGV[2] then return 2 end
  return 0
end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return 1
