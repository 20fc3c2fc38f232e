-- Has wrk send so many requests a second, as far as there is a connection that waits for none,
-- and print what came of them as one line of JSON. 0 a second: as many as are answered.

local ffi = require("ffi")

ffi.cdef [[
typedef struct { long seconds; long nanoseconds; } moment;
int clock_gettime(int clock, moment *now);
]]

local moment = ffi.new("moment")
local interval, due = 0, nil

local function milliseconds()
    ffi.C.clock_gettime(1, moment)
    return tonumber(moment.seconds) * 1e3 + tonumber(moment.nanoseconds) / 1e6
end

function init(arguments)
    local rate = tonumber(arguments[1])
    if rate > 0 then
        interval = 1e3 / rate
    end
end

function delay()
    if interval == 0 then
        return 0
    end
    local now = milliseconds()
    -- What could not be sent in time is not made up for later.
    due = math.max(due or now, now - 100) + interval
    return math.max(0, due - now)
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests": %d, "seconds": %.6f, "nbytes": %d, "p50_ms": %.3f, "p99_ms": %.3f, "errors": %d}\n',
        summary.requests, summary.duration / 1e6, summary.bytes,
        latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout
    ))
end
