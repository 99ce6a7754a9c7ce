-- Rotating refresh for wrk: each answer's refresh token is the next request's. Words: the file of tokens (one on a line), the token
-- endpoint's path, how many connections a thread has.
local threads = 0
function setup(thread)
  thread:set("index", threads)
  threads = threads + 1
end

local tokens, first, last = {}, 1, 0
function init(words)
  local each, line = tonumber(words[3]) + 2, 0 -- wrk asks for a request or two before it begins
  path = words[2]
  for token in io.lines(words[1]) do
    line = line + 1
    if line > index * each and line <= (index + 1) * each then
      last = last + 1
      tokens[last] = token
    end
  end
end

local headers = { ["content-type"] = "application/x-www-form-urlencoded" }
function request()
  local token = tokens[first]
  tokens[first] = nil
  first = first + 1
  return wrk.format("POST", path, headers, "grant_type=refresh_token&client_id=desktop&refresh_token=" .. token)
end

function response(status, _, body)
  local token = body:match('"refresh_token":"([^"]+)"')
  if not token then
    io.stderr:write(status, " ", body, "\n")
    os.exit(1)
  end
  last = last + 1
  tokens[last] = token
end
