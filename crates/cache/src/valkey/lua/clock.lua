-- The server's time in microseconds. It stands still while a script runs, so one look is enough.
local moment
local function clock()
  if not moment then
    local time = redis.call('TIME')
    moment = time[1] * 1000000 + time[2]
  end
  return moment
end
