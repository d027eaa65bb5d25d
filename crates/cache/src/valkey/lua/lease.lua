-- A record is answered as it stands. Over a tombstone, the lease keeps the version that was announced.
local standing = redis.call('GET', KEYS[1]) or ''
local stamp, mark = string.match(standing, '^(%d+)([:!?])')
local announced = '00000000000000000000'
-- Above 2^64 - 1 it is no version, but a text that looks like one.
if stamp and #stamp == 20 and stamp <= '18446744073709551615' then
  if mark == ':' then return standing end
  if mark == '?' then
    if string.sub(standing, 22) == ARGV[1] then return 1 end
    return 0
  end
  if #standing == 21 then announced = stamp end
end
redis.call('SET', KEYS[1], announced .. '?' .. ARGV[1], 'PX', ARGV[2])
return 1
