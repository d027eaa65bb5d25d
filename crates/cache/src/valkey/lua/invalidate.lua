local newest = ARGV[1]
local standing = redis.call('GET', KEYS[1]) or ''
local stamp, mark = string.match(standing, '^(%d+)([:!?])')
-- Above 2^64 - 1 it is no version, but a text that looks like one; so is a tombstone that does not end there.
if stamp and #stamp == 20 and stamp <= '18446744073709551615' and (mark ~= '!' or #standing == 21) then
  if stamp > newest then newest = stamp end
end
redis.call('SET', KEYS[1], newest .. '!', 'PX', ARGV[2])
return 1
