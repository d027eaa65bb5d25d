-- What wrk sends. Arguments: the method; a file with API keys, one a line, or "-"; the first word of the idempotency
-- keys, or "-". Prints one line that starts with RESULT.

local threads = 0

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

local function lines(file)
  local list = {}
  for line in io.lines(file) do list[#list + 1] = line end
  return list
end

function init(arguments)
  local keys = {}
  if arguments[2] ~= "-" then keys = lines(arguments[2]) end
  wrk.method = arguments[1]
  if wrk.method == "POST" then
    wrk.headers["Content-Type"] = "application/json"
    wrk.body = '{"service":"ledger"}'
  end
  if #keys == 1 then wrk.headers["X-API-Key"] = keys[1] end
  if #keys > 1 then
    -- Made before the clock starts. Each thread begins at another place.
    local requests = {}
    for place, key in ipairs(keys) do
      wrk.headers["X-API-Key"] = key
      requests[place] = wrk.format()
    end
    local next = id * math.floor(#keys / 2)
    request = function()
      next = next % #requests + 1
      return requests[next]
    end
  elseif arguments[3] ~= "-" then
    wrk.headers["X-Idempotency"] = "@"
    local head, tail = string.match(wrk.format(), "^(.*X%-Idempotency: )@(.*)$")
    head = head .. arguments[3] .. "-" .. id .. "-"
    local count = 0
    request = function()
      count = count + 1
      return head .. count .. tail
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
