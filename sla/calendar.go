package sla

import (
	"errors"
	"time"
)

// Calendar says when the brand is open. The nil Calendar is open around the clock, in every time zone.
type Calendar struct{}

// Add returns the earliest instant at which d of open time has passed since t. A negative d, or one of more than MaxTarget, is an error.
func (c *Calendar) Add(t time.Time, d time.Duration) (time.Time, error) {
	if d < 0 {
		return time.Time{}, errors.New("calendar: add: the duration is negative")
	}
	if d > MaxTarget {
		return time.Time{}, errors.New("calendar: add: the deadline is more than 10 years away")
	}
	return t.Add(d), nil
}

// Between returns the open time between two instants, negative when b is before a.
func (c *Calendar) Between(a, b time.Time) time.Duration { return b.Sub(a) }
