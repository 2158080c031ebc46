package ical

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// budget bounds what the recurrences of a document may cost, in days and overrides that are looked at: each day until the next occurrence, and where there is none, those of
// all years until 9999. Five hundred yearly holidays of thirty years are within it.
type budget struct{ days int }

const (
	mostDays    = 6_000_000
	longestRule = 512 // bytes
	mostTimes   = 24  // occurrences within a day
	mostRules   = 50  // of one event; RFC 5545, 3.8.5.3, wants no more than one
	mostSkipped = 1000
)

func (b *budget) take(days int) error {
	if b.days += days; b.days > mostDays {
		return errors.New("the calendar's events recur too much")
	}
	return nil
}

// recur yields the readings at which a rule of an event that begins at start recurs, until the horizon. An UNTIL in UTC is read on the zone's wall clock.
func (b *budget) recur(rule string, start time.Time, z *zone, horizon time.Time, yield func(time.Time) error) error {
	if start.After(horizon) {
		return nil
	}
	o, err := option(rule, start)
	if err != nil {
		return err
	}
	count, until := o.Count, horizon
	if strings.Contains(strings.ToUpper(rule), "UNTIL=") { // one of year 1 is the library's zero
		if own := lastReading(rule, o.Until, z); own.Before(until) {
			until = own
		}
	}
	// Where it ends is looked after here. So when the library finds nothing, it has looked everywhere; and left to itself it would end rules 290 years after they begin.
	o.Count, o.Until = 0, time.Date(rrule.MAXYEAR, 12, 31, 23, 59, 59, 0, time.UTC)
	next, err := iterator(o)
	if err != nil {
		return fmt.Errorf("%q: %w", clip(rule), err)
	}
	for last, n := start, 0; count == 0 || n < count; n++ {
		at, ok, err := step(next)
		if err != nil {
			return fmt.Errorf("%q: %w", clip(rule), err)
		}
		if !ok {
			return b.take(366 * (rrule.MAXYEAR - last.Year()))
		}
		if err := b.take(1 + 366*(at.Year()-last.Year())); err != nil {
			return err
		}
		if at.After(until) {
			return nil
		}
		last = at
		if err := yield(at); err != nil {
			return err
		}
	}
	return nil
}

// option reads a rule and refuses those with which the library would not come to an end.
func option(rule string, start time.Time) (*rrule.ROption, error) {
	if len(rule) > longestRule {
		return nil, fmt.Errorf("the rule has %d bytes; want at most %d", len(rule), longestRule)
	}
	o, err := rrule.StrToROption(strings.TrimRight(strings.ToUpper(strings.TrimSpace(rule)), ";"))
	if err != nil {
		return nil, fmt.Errorf("%q cannot be understood: %s", clip(rule), clip(err.Error()))
	}
	switch {
	case o.Freq > rrule.DAILY:
		return nil, fmt.Errorf("%q: it recurs within a day; want DAILY, WEEKLY, MONTHLY or YEARLY", clip(rule))
	case max(len(o.Byhour), 1)*max(len(o.Byminute), 1)*max(len(o.Bysecond), 1) > mostTimes:
		return nil, fmt.Errorf("%q: it recurs more than %d times a day", clip(rule), mostTimes)
	case o.Count == 0 && strings.Contains(strings.ToUpper(rule), "COUNT="):
		return nil, fmt.Errorf("%q: it never takes place; want a count of at least 1", clip(rule))
	case o.Interval == 0 && strings.Contains(strings.ToUpper(rule), "INTERVAL="):
		return nil, fmt.Errorf("%q: it recurs after no time; want an interval of at least 1", clip(rule))
	case o.Interval < 0 || o.Interval > mostSkipped || o.Count < 0:
		return nil, fmt.Errorf("%q: want an interval up to %d, and a count that is not negative", clip(rule), mostSkipped)
	}
	o.Dtstart = start
	return o, nil
}

// lastReading is the reading of an UNTIL.
func lastReading(rule string, until time.Time, z *zone) time.Time {
	_, text, _ := strings.Cut(strings.ToUpper(rule), "UNTIL=")
	text, _, _ = strings.Cut(text, ";")
	switch text = strings.TrimSpace(text); {
	case len(text) == len("20060102"): // that day is in
		return until.Add(24*time.Hour - time.Second)
	case strings.HasSuffix(text, "Z"):
		return z.reading(until)
	}
	return until
}

var errNoMeaning = errors.New("the rule has no meaning")

// iterator and step keep the library's panics in: it indexes behind the end of a year for rules without a meaning, such as the 53rd Monday of a month.
func iterator(o *rrule.ROption) (next rrule.Next, err error) {
	defer func() {
		if recover() != nil {
			err = errNoMeaning
		}
	}()
	built, err := rrule.NewRRule(*o)
	if err != nil {
		return nil, err
	}
	return built.Iterator(), nil
}

func step(next rrule.Next) (at time.Time, ok bool, err error) {
	defer func() {
		if recover() != nil {
			err = errNoMeaning
		}
	}()
	at, ok = next()
	return at, ok, nil
}
