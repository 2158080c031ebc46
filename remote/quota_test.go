package remote_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/remote"
)

// headers makes headers of "name: value" lines.
func headers(lines ...string) http.Header {
	h := make(http.Header)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return h
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	const date = "Date: Tue, 03 Nov 2026 11:00:00 GMT" // their clock is an hour behind ours
	for _, c := range []struct {
		name   string
		header http.Header
		want   time.Duration
		no     bool
	}{
		{"missing", headers(), 0, true},
		{"nonsense", headers("Retry-After: soon"), 0, true},
		{"not a number", headers("Retry-After: NaN"), 0, true},
		{"seconds", headers("Retry-After: 30"), 30 * time.Second, false},
		{"seconds need no clock", headers("Retry-After: 30", date), 30 * time.Second, false},
		{"fraction of a second", headers("Retry-After: 0.25"), 250 * time.Millisecond, false},
		{"negative is now", headers("Retry-After: -5"), 0, false},
		{"date", headers("Retry-After: Tue, 03 Nov 2026 12:01:00 GMT"), time.Minute, false},
		{"date by their clock", headers("Retry-After: Tue, 03 Nov 2026 11:01:00 GMT", date), time.Minute, false},
		{"past date is now", headers("Retry-After: Tue, 03 Nov 2026 10:01:00 GMT"), 0, false},
		{"ten years are cut", headers("Retry-After: Tue, 03 Nov 2036 12:01:00 GMT"), 7 * 24 * time.Hour, false},
		{"an absurd number is cut", headers("Retry-After: 99999999"), 7 * 24 * time.Hour, false},
	} {
		at, ok := remote.RetryAfter(c.header, noon)
		if ok == c.no || ok && !at.Equal(noon.Add(c.want)) {
			t.Errorf("%s: got %v, %t; want %v", c.name, at, ok, noon.Add(c.want))
		}
	}
}

func TestQuotaReadsEveryPlatformsForm(t *testing.T) {
	t.Parallel()
	q := remote.Quota{Remaining: "X-RateLimit-Remaining", Reset: "X-RateLimit-Reset"}
	for _, c := range []struct {
		name    string
		header  http.Header
		refused bool
		want    time.Duration // 0: not spent
	}{
		{"calls are left", headers("X-RateLimit-Remaining: 1", "X-RateLimit-Reset: 1793707500"), false, 0},
		{"seconds since 1970, as X sends", headers("X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1793707500"), false, 5 * time.Minute},
		{"milliseconds since 1970", headers("X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1793707500000"), false, 5 * time.Minute},
		{"a moment, as Mastodon sends", headers("X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 2026-11-03T12:05:00.000000Z"), false, 5 * time.Minute},
		{"seconds from now and fractions, as Reddit sends", headers("X-RateLimit-Remaining: 0.0", "X-RateLimit-Reset: 300"), false, 5 * time.Minute},
		{"by their clock", headers("X-RateLimit-Remaining: 0", "X-RateLimit-Reset: 1793707500", "Date: Tue, 03 Nov 2026 12:04:00 GMT"), false, time.Minute},
		{"no reset", headers("X-RateLimit-Remaining: 0"), false, 0},
		{"no remaining", headers("X-RateLimit-Reset: 300"), false, 0},
		{"no remaining, but refused", headers("X-RateLimit-Reset: 300"), true, 5 * time.Minute},
		{"refused for another quota", headers("X-RateLimit-Remaining: 12", "X-RateLimit-Reset: 300"), true, 0},
		{"nonsense", headers("X-RateLimit-Remaining: few", "X-RateLimit-Reset: 300"), true, 0},
	} {
		at, ok := remote.SpentUntil(q, c.header, noon, c.refused)
		if ok != (c.want != 0) || ok && !at.Equal(noon.Add(c.want)) {
			t.Errorf("%s: got %v, %t; want %v", c.name, at, ok, noon.Add(c.want))
		}
	}
}

func TestServerTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 10, 0, 0, 5, time.FixedZone("CET", 3600))
	for date, want := range map[string]time.Time{
		"Mon, 02 Mar 2026 08:59:00 GMT": time.Date(2026, 3, 2, 8, 59, 0, 0, time.UTC), "": now.UTC(), "yesterday": now.UTC(),
	} {
		if got := remote.ServerTime(http.Header{"Date": {date}}, now); got != want {
			t.Errorf("Date %q: %s, want %s", date, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("30", "")
	f.Add("Tue, 03 Nov 2026 12:01:00 GMT", "Tue, 03 Nov 2026 11:00:00 GMT")
	f.Add("1e999", "")
	f.Add("0001-01-01T00:00:00Z", "Fri, 31 Dec 9999 23:59:59 GMT")
	f.Fuzz(func(t *testing.T, value, date string) {
		h := http.Header{"Retry-After": {value}, "Date": {date}}
		at, ok := remote.RetryAfter(h, noon)
		if ok && (at.Before(noon) || at.After(noon.Add(7*24*time.Hour))) {
			t.Errorf("%q with Date %q leads to %v", value, date, at)
		}
	})
}
