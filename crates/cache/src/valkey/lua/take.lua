-- The same arithmetic as gcra.rs, on the server's clock. All numbers stay below 2^53.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local emission = tonumber(ARGV[1])
local limit = tonumber(ARGV[2])
local cost = tonumber(ARGV[3])
local burst = emission * limit
local tat = tonumber(redis.call('GET', KEYS[1]) or now) or now
-- A time beyond a full burst comes from a clock that was ahead (another server after a fail-over).
tat = math.min(math.max(tat, now), now + burst)
local fitting = math.floor((now + burst - tat) / emission)
local granted = math.min(cost, fitting)
if ARGV[4] == '1' and fitting < cost then granted = 0 end
local next = tat + granted * emission
if granted > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
end
local missing = 1
if cost > 0 then missing = math.min(cost - granted, limit) end
local retry = math.max(0, next + missing * emission - now - burst)
return {granted, math.floor((now + burst - next) / emission), retry, next - now, now}
