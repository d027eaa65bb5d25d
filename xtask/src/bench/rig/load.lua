-- What wrk sends. Arguments, "-" for none: the method; a file with API keys, one a line, or with a bearer token; the first word of the idempotency
-- keys; a file with paths, one a line; an entity tag; a body, in which ten "@" stand for a number that is different each time.
-- Prints one line that starts with RESULT.

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

-- One request after the other, made before the clock starts. Each thread begins at another place.
local function turns(list, made)
  local requests = {}
  for place, one in ipairs(list) do requests[place] = made(one) end
  local next = id * math.floor(#requests / 2)
  return function()
    next = next % #requests + 1
    return requests[next]
  end
end

function init(arguments)
  local method, keys, word, paths, tag, body = unpack(arguments)
  keys = keys ~= "-" and lines(keys) or {}
  wrk.method = method
  if body ~= "-" then
    wrk.headers["Content-Type"] = "application/json"
    wrk.body = body
  end
  if tag ~= "-" then wrk.headers["If-None-Match"] = tag end
  if #keys == 1 then
    local is_token = string.sub(keys[1], 1, 3) == "eyJ"
    wrk.headers[is_token and "Authorization" or "X-API-Key"] = keys[1]
  end
  if #keys > 1 then
    request = turns(keys, function(key)
      wrk.headers["X-API-Key"] = key
      return wrk.format()
    end)
  elseif paths ~= "-" then
    request = turns(lines(paths), function(path) return wrk.format(nil, path) end)
  elseif word ~= "-" then
    wrk.headers["X-Idempotency"] = word .. "-@@@@@@@@@@"
    local pieces = {}
    for piece in string.gmatch(wrk.format() .. "@@@@@@@@@@", "(.-)@@@@@@@@@@") do pieces[#pieces + 1] = piece end
    local count = id * 1000000000
    request = function()
      count = count + 1
      return table.concat(pieces, string.format("%010d", count))
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
