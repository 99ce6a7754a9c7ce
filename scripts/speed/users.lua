-- POST /Users for wrk: somebody new with each request. Words: the path, what the names begin with.
local threads = 0
function setup(thread)
  thread:set("index", threads)
  threads = threads + 1
end

local made = 0
function init(words)
  path, prefix = words[1], words[2]
end

local body = '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"%s@acme.example","externalId":"%s",' ..
  '"active":true,"displayName":"Load %s","name":{"givenName":"Load","familyName":"%s"},' ..
  '"emails":[{"value":"%s@acme.example","type":"work","primary":true}]}'
function request()
  made = made + 1
  local name = prefix .. index .. "-" .. made
  return wrk.format("POST", path, nil, string.format(body, name, name, name, name, name))
end
