local standing = redis.call('GET', KEYS[1])
if not standing then return -1 end
if standing ~= ARGV[1] then return 0 end
redis.call('UNLINK', KEYS[1])
return 1
