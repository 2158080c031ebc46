package postgres

import (
	"math"
	"strconv"
	"time"
)

// nanos is a time in columns: nanoseconds since 1970, which order as times do. What lies too far off, as the zero time does, is at the end of the range; the
// record beside the column keeps it as it is.
type nanos int64

const (
	never  nanos = math.MinInt64 // the zero time
	latest nanos = math.MaxInt64
)

// The years in which nanoseconds since 1970 fit.
var firstNano, lastNano = time.Unix(0, math.MinInt64+1), time.Unix(0, math.MaxInt64-1)

func nanosOf(t time.Time) nanos {
	switch {
	case t.Before(firstNano):
		return never
	case t.After(lastNano):
		return latest
	}
	return nanos(t.UnixNano())
}

func (n nanos) time() time.Time {
	if n == never {
		return time.Time{}
	}
	return time.Unix(0, int64(n)).UTC()
}

func (n nanos) text() string { return number(int64(n)) }

func number(i int64) string { return strconv.FormatInt(i, 10) }

// int64Of reads what number wrote.
func int64Of(s string) int64 {
	i, _ := strconv.ParseInt(s, 10, 64)
	return i
}
