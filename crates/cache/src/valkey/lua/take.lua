-- The same arithmetic as gcra.rs, on the server's clock. All numbers stay below 2^53.
local now = clock()
local emission = tonumber(ARGV[1])
local cost = tonumber(ARGV[3])
local burst = emission * tonumber(ARGV[2])
local stored = tonumber(redis.call('GET', KEYS[1]) or now) or now
-- Also what reads as "not a number" gives way.
if stored ~= stored then stored = now end
-- A time beyond a full burst comes from a clock that was ahead (another server after a fail-over). It is stored anew
-- also when nothing is granted, or it would deny until that clock's time has come.
local tat = math.min(math.max(stored, now), now + burst)
local fitting = math.floor((now + burst - tat) / emission)
local granted = math.min(cost, fitting)
if ARGV[4] == '1' and fitting < cost then granted = 0 end
local next = tat + granted * emission
if granted > 0 or stored > tat then
  redis.call('SET', KEYS[1], next, 'PX', math.ceil((next - now) / 1000))
end
return {granted, next, now}
