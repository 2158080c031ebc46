package remote

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxWait bounds what an answer can make us wait. Coming back too early costs one call; an answer that says "in ten years" must not silence an account.
const maxWait = 7 * 24 * time.Hour

// Quota names the response headers in which a platform tells how many calls are left and when there will be more.
type Quota struct {
	// Remaining is the header with the number of calls left, for example "X-RateLimit-Remaining". Below one, the quota is spent.
	Remaining string
	// Reset is the header that says when there will be more. All common forms are read: seconds or milliseconds since 1970, seconds from now (any number
	// below a hundred million), RFC 3339 and HTTP dates.
	Reset string
	// Level picks the scope, among those of the request and its client, that a spent quota closes. Where none has this level, and at LevelNone, it is
	// the client's first scope.
	Level Level
}

// spentUntil returns when a spent quota will be filled again. With refused set (the answer was 429), a missing Remaining header counts as spent.
func (q Quota) spentUntil(h http.Header, now time.Time, refused bool) (time.Time, bool) {
	left, err := strconv.ParseFloat(strings.TrimSpace(h.Get(q.Remaining)), 64)
	missing := h.Get(q.Remaining) == ""
	if err != nil && !(missing && refused) || err == nil && !(left < 1) {
		return time.Time{}, false
	}
	return comeBack(h.Get(q.Reset), h, now)
}

// RetryAfter returns when the Retry-After header of an answer asks us to come back (RFC 9110, section 10.2.3: seconds, or a date). A date is read by the
// other side's clock where the answer has a Date header, so a wrong clock on either side does no harm. Moments in the past are now; waits are cut at 7
// days. It reports false where the header is missing or makes no sense.
func RetryAfter(h http.Header, now time.Time) (time.Time, bool) {
	return comeBack(h.Get("Retry-After"), h, now)
}

// comeBack reads a moment in any of the forms that platforms use.
func comeBack(value string, h http.Header, now time.Time) (time.Time, bool) {
	value = strings.TrimSpace(value)
	if value == "" {
		return time.Time{}, false
	}
	const (
		longestWait = 1e8  // seconds; more is a moment since 1970
		earliestMs  = 1e11 // more is in milliseconds
	)
	if n, err := strconv.ParseFloat(value, 64); err == nil {
		switch {
		case math.IsNaN(n) || math.IsInf(n, 0):
			return time.Time{}, false
		case n < longestWait:
			return after(n, now), true
		case n >= earliestMs:
			n /= 1000
		}
		return after(n-float64(ServerTime(h, now).UnixMilli())/1000, now), true
	}
	at, err := time.Parse(time.RFC3339, value)
	if err != nil {
		if at, err = http.ParseTime(value); err != nil {
			return time.Time{}, false
		}
	}
	return after(at.Sub(ServerTime(h, now)).Seconds(), now), true
}

// ServerTime is the other side's clock when it wrote the answer with these headers (Date, RFC 9110, section 6.6.1), in UTC and to the second; ours, now, where it does
// not tell.
func ServerTime(h http.Header, now time.Time) time.Time {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		return date.UTC()
	}
	return now.UTC()
}

func after(seconds float64, now time.Time) time.Time {
	seconds = min(max(seconds, 0), maxWait.Seconds())
	return now.Add(time.Duration(math.Ceil(seconds*1000)) * time.Millisecond).Round(0)
}
