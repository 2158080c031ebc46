package ical

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	goical "github.com/emersion/go-ical"
)

// Wall-clock readings are kept as times in UTC: recurrence is counted on them, in whatever zone they are.

// zone makes instants of readings: by an IANA zone, or by what the feed says itself.
type zone struct {
	location *time.Location
	changes  []change // by reading; only without a location
}

// change is an instant at which a zone's clocks were set.
type change struct {
	reading  time.Time // what they showed just before
	from, to time.Duration
}

// instant returns when the wall clock shows the reading.
func (z *zone) instant(reading time.Time) time.Time {
	if z.location != nil {
		year, month, day := reading.Date()
		hour, minute, second := reading.Clock()
		return time.Date(year, month, day, hour, minute, second, 0, z.location)
	}
	at, found := slices.BinarySearchFunc(z.changes, reading, func(c change, r time.Time) int { return c.reading.Compare(r) })
	if found {
		at++
	}
	return reading.Add(-z.east(at))
}

// reading returns what the wall clock shows at an instant.
func (z *zone) reading(instant time.Time) time.Time {
	if z.location != nil {
		_, east := instant.In(z.location).Zone()
		return instant.UTC().Add(time.Duration(east) * time.Second)
	}
	at, found := slices.BinarySearchFunc(z.changes, instant.UTC(), func(c change, t time.Time) int { return c.reading.Add(-c.from).Compare(t) })
	if found {
		at++
	}
	return instant.UTC().Add(z.east(at))
}

// east is the offset after so many changes.
func (z *zone) east(changes int) time.Duration {
	if changes == 0 {
		return z.changes[0].from
	}
	return z.changes[changes-1].to
}

// zones finds the zones that a calendar names.
type zones struct {
	defined []*goical.Component
	spent   *budget
	until   time.Time
	known   map[string]*zone
}

// named returns the zone of a TZID: the IANA zone of this name; else what the calendar's own VTIMEZONE says; else the IANA zone that the name ends with, as in
// /example.org/2026/Europe/Berlin.
func (z *zones) named(id string) (*zone, error) {
	if found := z.known[id]; found != nil {
		return found, nil
	}
	found, err := z.find(id)
	if err != nil {
		return nil, err
	}
	if z.known == nil {
		z.known = make(map[string]*zone)
	}
	z.known[id] = found
	return found, nil
}

func (z *zones) find(id string) (*zone, error) {
	if location := iana(id); location != nil {
		return &zone{location: location}, nil
	}
	for _, c := range z.defined {
		if c.Name == goical.CompTimezone && value(c, goical.PropTimezoneID) == id {
			if location := iana(value(c, "X-LIC-LOCATION")); location != nil {
				return &zone{location: location}, nil
			}
			own, err := z.define(c)
			if err != nil {
				return nil, fmt.Errorf("VTIMEZONE %q: %w", id, err)
			}
			return own, nil
		}
	}
	for rest, more := id, true; more; {
		if _, rest, more = strings.Cut(rest, "/"); strings.Contains(rest, "/") {
			if location := iana(rest); location != nil {
				return &zone{location: location}, nil
			}
		}
	}
	return nil, fmt.Errorf("zone %q is not known here, and the calendar does not define it", id)
}

func iana(name string) *time.Location {
	if name == "" || name == "Local" {
		return nil
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return location
}

// define makes a zone of a VTIMEZONE (RFC 5545, section 3.6.5).
func (z *zones) define(c *goical.Component) (*zone, error) {
	own := new(zone)
	for _, observance := range c.Children {
		if observance.Name != goical.CompTimezoneStandard && observance.Name != goical.CompTimezoneDaylight {
			continue
		}
		from, err := offset(value(observance, goical.PropTimezoneOffsetFrom))
		if err != nil {
			return nil, fmt.Errorf("TZOFFSETFROM: %w", err)
		}
		to, err := offset(value(observance, goical.PropTimezoneOffsetTo))
		if err != nil {
			return nil, fmt.Errorf("TZOFFSETTO: %w", err)
		}
		start, _, err := readingOf(value(observance, goical.PropDateTimeStart))
		if err != nil {
			return nil, fmt.Errorf("DTSTART: %w", err)
		}
		add := func(reading time.Time) error {
			own.changes = append(own.changes, change{reading, from, to})
			return nil
		}
		add(start)
		for _, rule := range observance.Props[goical.PropRecurrenceRule] {
			fixed := zone{changes: []change{{start, from, from}}}
			if err := z.spent.recur(rule.Value, start, &fixed, z.until, add); err != nil {
				return nil, fmt.Errorf("RRULE: %w", err)
			}
		}
		for _, p := range observance.Props[goical.PropRecurrenceDates] {
			for text := range strings.SplitSeq(p.Value, ",") {
				reading, _, err := readingOf(text)
				if err != nil {
					return nil, fmt.Errorf("RDATE: %w", err)
				}
				add(reading)
			}
		}
	}
	if len(own.changes) == 0 {
		return nil, errors.New("it has neither STANDARD nor DAYLIGHT")
	}
	slices.SortFunc(own.changes, func(a, b change) int { return cmp.Or(a.reading.Compare(b.reading), cmp.Compare(a.to, b.to)) })
	own.changes = slices.Compact(own.changes)
	return own, nil
}

// offset reads +0100 or -033000.
func offset(text string) (time.Duration, error) {
	for _, layout := range [...]string{"-0700", "-070000"} {
		if t, err := time.Parse(layout, text); err == nil && len(text) == len(layout) {
			_, east := t.Zone()
			return time.Duration(east) * time.Second, nil
		}
	}
	return 0, fmt.Errorf("%q is no offset; want for example +0100", clip(text))
}

// readingOf reads 20260501 or 20260501T093000, either with a Z behind it or not.
func readingOf(text string) (reading time.Time, date bool, err error) {
	digits := strings.TrimSuffix(text, "Z")
	layout := "20060102T150405"
	if len(digits) == len("20060102") {
		layout, date = "20060102", true
	}
	reading, err = time.Parse(layout, digits)
	if err != nil || len(digits) != len(layout) {
		return time.Time{}, false, fmt.Errorf("%q is no time; want for example 20260501 or 20260501T093000Z", clip(text))
	}
	return reading, date, nil
}

// value is the value of a component's property; empty where there is none.
func value(c *goical.Component, property string) string {
	if p := c.Props.Get(property); p != nil {
		return strings.TrimSpace(p.Value)
	}
	return ""
}

// clip shortens what a feed says, for an error.
func clip(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return text
}
