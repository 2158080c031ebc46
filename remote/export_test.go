package remote

import (
	"net/http"
	"net/netip"
	"time"
)

// Buckets tells how many buckets a limiter keeps.
func Buckets(l *Limiter) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.buckets)
}

// SpentUntil is Quota.spentUntil.
func SpentUntil(q Quota, h http.Header, now time.Time, refused bool) (time.Time, bool) {
	return q.spentUntil(h, now, refused)
}

// IsPublic is what a Fetcher asks of an address.
func IsPublic(ip netip.Addr) bool { return isPublic(ip) }
