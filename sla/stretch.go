package sla

import (
	"iter"
	"sort"
	"time"
)

// Reason says why time counts or does not.
type Reason string

const (
	OpenHours    Reason = "open"                 // counts
	ExtraOpening Reason = "extra opening"        // counts; Stretch.Name is the opening's
	OutsideHours Reason = "outside hours"        // does not count
	OnHoliday    Reason = "holiday"              // does not count; Stretch.Name is the holiday's
	InSum        Reason = "open and closed"      // a long time, of which Stretch.Counted counts
	Paused       Reason = "paused"               // does not count; Stretch.Name is the status in which the clock stands still
	WhileSolved  Reason = "solved"               // does not count
	BegunAnew    Reason = "before it began anew" // does not count, because the ticket was reopened and its policy begins anew then
)

// Stretch is a time with one reason to count or not.
type Stretch struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason Reason    `json:"reason"`
	// Name is that of the holiday, opening or status, see Reason; empty where it has none.
	Name string `json:"name,omitempty"`
	// Counted is how much of it counts.
	Counted Duration `json:"counted,omitzero"`
}

// Stretches gives the time from a to b as stretches that are open or closed, in their order, without gap or overlap and each as long as its reason lasts; their
// times are in the calendar's zone. Nothing, where b is not after a. Unlike other methods it costs the more the more stretches there are.
func (c *Calendar) Stretches(a, b time.Time) iter.Seq[Stretch] {
	a, b = a.In(c.Zone()), b.In(c.Zone())
	return func(yield func(Stretch) bool) {
		if !a.Before(b) {
			return
		}
		if c == nil {
			yield(Stretch{From: a, To: b, Reason: OpenHours, Counted: Duration(b.Sub(a))})
			return
		}
		now := Stretch{From: a}
		for at := a; at.Before(b); {
			reason, name, until := c.reason(at.Unix())
			if now.Reason != "" && (now.Reason != reason || now.Name != name) {
				if now.To = at; !yield(now.counted()) {
					return
				}
				now = Stretch{From: at}
			}
			now.Reason, now.Name = reason, name
			if until > b.Unix() {
				break
			}
			at = time.Unix(until, 0).In(c.zone)
		}
		now.To = b
		yield(now.counted())
	}
}

// counted counts a stretch of a calendar.
func (s Stretch) counted() Stretch {
	if s.Reason == OpenHours || s.Reason == ExtraOpening {
		s.Counted = Duration(s.To.Sub(s.From))
	}
	return s
}

// reason returns why a second of Unix time is open or closed, and until when at least that holds.
func (c *Calendar) reason(sec int64) (reason Reason, name string, until int64) {
	i := sort.Search(len(c.offsets), func(i int) bool { return c.offsets[i].from > sec })
	switch {
	case i == 0:
		return OutsideHours, "", c.offsets[0].from
	case sec >= c.end:
		return OutsideHours, "", 1<<63 - 1
	}
	o := &c.offsets[i-1]
	reason, named, reading := c.readings.reason(sec + o.reading)
	if until = min(reading-o.reading, c.end); i < len(c.offsets) {
		until = min(until, c.offsets[i].from)
	}
	return reason, c.names[named], until
}

// reason returns why a reading is open or closed, the number of the exception's name, and until when at least that holds.
func (r *readings) reason(reading int64) (reason Reason, name int32, until int64) {
	until = 1 << 62
	i := sort.Search(len(r.exceptions), func(i int) bool { return r.exceptions[i].from > reading })
	if i < len(r.exceptions) {
		until = r.exceptions[i].from
	}
	if i > 0 && reading < r.exceptions[i-1].to {
		e := &r.exceptions[i-1]
		if e.open {
			return ExtraOpening, e.name, e.to
		}
		return OnHoliday, e.name, e.to
	}
	if len(r.week) == 0 {
		return OutsideHours, 0, until
	}
	monday := reading - reading%secondsPerWeek
	j := sort.Search(len(r.week), func(j int) bool { return monday+r.week[j].to > reading })
	switch {
	case j == len(r.week):
		return OutsideHours, 0, min(until, monday+secondsPerWeek)
	case monday+r.week[j].from > reading:
		return OutsideHours, 0, min(until, monday+r.week[j].from)
	}
	return OpenHours, 0, min(until, monday+r.week[j].to)
}
