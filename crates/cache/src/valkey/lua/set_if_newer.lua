-- A stamp is 20 digits and a mark. Compared as texts: numbers of Lua are exact only up to 2^53.
local standing = redis.call('GET', KEYS[1])
local mark = standing and string.match(standing, '^%d+([:!?])')
if mark and string.sub(standing, 21, 21) == mark and (mark ~= '!' or #standing == 21) then
  local stamp = string.sub(standing, 1, 20)
  -- Above 2^64 - 1 it is no version, but a text that looks like one.
  if stamp > ARGV[1] and stamp <= '18446744073709551615' then return stamp end
end
if ARGV[3] == '0' then
  redis.call('SET', KEYS[1], ARGV[2])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
return false
