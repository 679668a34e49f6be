-- A script for wrk: earns with a unique request id and a random customer.
-- wrk ... -s earn.lua URL -- RUN AUTHORIZATION CUSTOMERS BADGE [BADGE ...]
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(arguments)
  run, customers, sent = arguments[1], tonumber(arguments[3]), 0
  badges = {}
  for place = 4, #arguments do badges[#badges + 1] = arguments[place] end
  math.randomseed(os.time() + number * 7919)
  headers = {
    ["Content-Type"] = "application/json",
    ["Authorization"] = arguments[2],
    ["X-Forwarded-Proto"] = "https",
  }
  body = '{"badgeMetaId":"%s","customerId":%d,"requestId":"%s-%d-%d",'
    .. '"earnEventDate":"2026-01-15T10:00:00Z",'
    .. '"triggeredBy":{"ownerType":"Loyalty","referenceId":"123694"}}'
end

function request()
  sent = sent + 1
  local badge, customer = badges[math.random(#badges)], math.random(customers)
  return wrk.format("POST", nil, headers, string.format(body, badge, customer, run, number, sent))
end

function done(summary, latency, _requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
