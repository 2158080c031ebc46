package sla

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Calendar says when the brand is open, and counts open time. The nil Calendar is open around the clock, in every time zone.
//
// An instant is open when what the wall clock of the calendar's zone shows at it is open; time is counted as it really passes, to the nanosecond. So a
// 00:00–08:00 shift in the night in which clocks go forward lasts seven hours, an hour that occurs twice counts twice, and a date that a zone skipped
// was not open. Before the year 1900 and from 2200 on (in the calendar's zone), a calendar that is not nil is closed.
//
// A Calendar never changes and may be used by any number of goroutines. What its methods cost does not depend on the length of time, and they allocate
// nothing.
type Calendar struct {
	zone     *time.Location
	readings readings
	names    []string // of holidays and openings, by exception.name
	offsets  []offset
	end      int64 // the first second after lastYear
	total    int64 // open seconds in all
}

// NewCalendar makes a calendar of hours. An error names the field and what is wrong with it, as a *rule.Error with the path in Hours: a zone that this
// machine does not know (where there is no zone database, the program imports time/tzdata), a date or an interval that is none. Hours that are never open are an
// error too.
func NewCalendar(h Hours) (*Calendar, error) {
	c, err := newCalendar(&h)
	if err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	return c, nil
}

func newCalendar(h *Hours) (*Calendar, error) {
	zone, err := loadZone(h.Zone)
	if err != nil {
		return nil, wrongAt(err, "zone")
	}
	week, err := h.Week.spans()
	if err != nil {
		return nil, err
	}
	exceptions, err := h.exceptions()
	if err != nil {
		return nil, err
	}
	c := &Calendar{zone: zone, names: exceptions.names, readings: newReadings(week, exceptions.closed, exceptions.open), end: time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, zone).Unix()}
	c.offsets, c.total = c.readings.throughOffsets(zone, c.end)
	if c.total == 0 {
		return nil, errors.New("is never open")
	}
	return c, nil
}

// Add returns the earliest instant at which d of open time has passed since t, in t's location. A deadline that falls on closing time is the closing
// instant, not the next opening; Add(t, 0) is t. It is an error when d is negative, when the deadline lies more than [MaxTarget] after t, and when the
// calendar does not open for so long any more.
func (c *Calendar) Add(t time.Time, d time.Duration) (time.Time, error) {
	switch {
	case d < 0:
		return time.Time{}, errors.New("calendar: add: the duration is negative")
	case d > MaxTarget:
		return time.Time{}, errTooFar
	case c == nil || d == 0:
		return t.Add(d), nil
	}
	return c.after(t, d, c.opened(t))
}

// after is Add for a d of more than 0 and at most MaxTarget, given how long it was open before t.
func (c *Calendar) after(t time.Time, d time.Duration, before opened) (time.Time, error) {
	sec, nano := t.Unix(), int64(t.Nanosecond())
	rest := int64(d + before.within) // counted from the beginning of t's second
	// What is left over of whole seconds falls into the open second after them; otherwise the deadline is the end of the last one.
	total := before.seconds + rest/int64(time.Second)
	over := rest % int64(time.Second)
	if over > 0 {
		total++
	}
	if total > c.total {
		return time.Time{}, fmt.Errorf("calendar: add: from %s on it is open for less than %s until the end of %d", t.Format(time.RFC3339), d, lastYear)
	}
	due := c.reaching(total)
	if over > 0 {
		due--
	}
	if sec < due-int64(MaxTarget/time.Second) { // the wait may be too long for a Duration
		return time.Time{}, errTooFar
	}
	wait := time.Duration((due-sec)*int64(time.Second) + over - nano)
	if wait > MaxTarget {
		return time.Time{}, errTooFar
	}
	return t.Add(wait), nil
}

var errTooFar = errors.New("calendar: add: the deadline is more than 10 years away")

// Between returns the open time between two instants, negative when b is before a: Between(b, a) == -Between(a, b). What does not fit a Duration (292
// years) is the longest or, negative, its opposite.
func (c *Calendar) Between(a, b time.Time) time.Duration {
	if c == nil {
		return b.Sub(a)
	}
	passed, before := b.Sub(a), c.opened(b)
	if before.throughout(passed) {
		return passed
	}
	return before.since(c.opened(a))
}

// opened is the open time before an instant: until its second began, and within that.
type opened struct {
	seconds  int64
	within   time.Duration
	unbroken int64 // how many of the seconds, at least, came last and without a break
}

func (c *Calendar) opened(t time.Time) opened {
	before := c.before(t.Unix())
	if nano := t.Nanosecond(); nano > 0 { // a second is open as a whole or not at all
		if c.openSecond(t.Unix()) {
			before.within = time.Duration(nano)
		} else {
			before.unbroken = 0
		}
	}
	return before
}

// throughout reports whether all of the d before the instant was certainly open.
func (b opened) throughout(d time.Duration) bool {
	return d >= 0 && int64((d-b.within)/time.Second) < b.unbroken
}

// since returns what was open between two instants.
func (b opened) since(a opened) time.Duration {
	seconds := b.seconds - a.seconds
	switch {
	case seconds > math.MaxInt64/int64(time.Second)-1:
		return math.MaxInt64
	case seconds < -(math.MaxInt64/int64(time.Second) - 1):
		return -math.MaxInt64
	}
	return time.Duration(seconds)*time.Second + b.within - a.within
}

// Zone returns the calendar's time zone; UTC for the nil Calendar.
func (c *Calendar) Zone() *time.Location {
	if c == nil {
		return time.UTC
	}
	return c.zone
}

// Open reports whether the brand is open at t. It is open at the instant of opening and closed at that of closing.
func (c *Calendar) Open(t time.Time) bool { return c == nil || c.openSecond(t.Unix()) }

func (c *Calendar) openSecond(sec int64) bool { return c.before(sec+1).seconds > c.before(sec).seconds }

// NextOpen returns the first instant not before t at which the brand is open, in t's location: t itself when it is open then. ok is false when it
// never opens again.
func (c *Calendar) NextOpen(t time.Time) (at time.Time, ok bool) {
	if c.Open(t) {
		return t, true
	}
	next := c.before(t.Unix()).seconds + 1
	if next > c.total {
		return time.Time{}, false
	}
	return time.Unix(c.reaching(next)-1, 0).In(t.Location()), true
}

// NextClose returns the first instant not before t at which the brand is closed, in t's location: t itself when it is closed then. ok is false when it
// never closes, as around the clock.
func (c *Calendar) NextClose(t time.Time) (at time.Time, ok bool) {
	if c == nil {
		return time.Time{}, false
	}
	if !c.Open(t) {
		return t, true
	}
	// All seconds from t's on are open as long as each adds to the count. The stride doubles until one did not, then halves down to it.
	sec := t.Unix()
	here := c.before(sec).seconds
	openUntil := func(s int64) bool { return c.before(s).seconds-here == s-sec }
	last, stride := sec+1, int64(time.Hour/time.Second)
	for last+stride < c.end && openUntil(last+stride) {
		last += stride
		stride *= 2
	}
	if openUntil(c.end) {
		return time.Time{}, false
	}
	for beyond := min(last+stride, c.end); beyond-last > 1; {
		if middle := last + (beyond-last)/2; openUntil(middle) {
			last = middle
		} else {
			beyond = middle
		}
	}
	return time.Unix(last, 0).In(t.Location()), true
}
