package sqlite

import (
	"math"
	"time"
)

// Times in columns are nanoseconds since 1970: from 1678 to 2262 exactly, earlier and later ones at the edge. JSON keeps every time as it is.
const (
	before = math.MinInt64     // no time at all, so that a list can begin before its first item
	noTime = math.MinInt64 + 1 // the zero time
	never  = math.MaxInt64
)

const (
	firstSecond = math.MinInt64/1_000_000_000 + 1
	lastSecond  = math.MaxInt64/1_000_000_000 - 1
)

func nanos(t time.Time) int64 {
	switch s := t.Unix(); {
	case t.IsZero():
		return noTime
	case s < firstSecond:
		return noTime + 1
	case s > lastSecond:
		return never - 1
	}
	return t.UnixNano()
}

func timeOf(n int64) time.Time {
	if n == noTime {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
