package ical

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	goical "github.com/emersion/go-ical"

	"github.com/socialcrm/socialcrm/sla"
)

// Options say which holidays of a calendar are wanted.
type Options struct {
	// Zone is the IANA name of the zone of the business calendar (sla.Hours.Zone). It has no default.
	Zone string
	// Now is the time from which years are counted. Zero: time.Now.
	Now time.Time
	// Back and Ahead say how many years before and after the year of Now count, at most 20 each. 0: 1 year back, 5 ahead. Years are counted whole, so that a feed gives
	// the same set on any day of a year.
	Back, Ahead int
	// Keep tells which events are holidays, for a feed that holds others too. Nil: all.
	Keep func(Event) bool
}

// Event is what a feed tells of an event beside its times. Its texts are the feed's own: data, of any content.
type Event struct {
	UID         string
	Name        string // SUMMARY, of which a Holiday's Name is the first 200 letters
	Description string
	Categories  []string
}

// Parse returns the holidays of an iCalendar document, sorted by date, then by name, each date of a long event on its own. The same document gives the same
// holidays in the same order. What an error cannot be given for is a document's size, which is the caller's to bound.
//
// The error names the event and the property that is wrong. It is an error, too, when events recur more often than once a day, or so much that there are more than
// 20,000 dates; when a document breaks off; and when there is no calendar in it.
func Parse(data []byte, o Options) ([]sla.Holiday, error) {
	holidays, err := parse(data, &o)
	if err != nil {
		return nil, fmt.Errorf("ical: %w", err)
	}
	return holidays, nil
}

func parse(data []byte, o *Options) ([]sla.Holiday, error) {
	h, err := o.horizon()
	if err != nil {
		return nil, err
	}
	calendars, err := decode(data)
	if err != nil {
		return nil, err
	}
	dates := dates{horizon: h}
	spent := new(budget)
	for _, calendar := range calendars {
		r := reader{horizon: h, spent: spent, zones: zones{defined: calendar.Children, spent: spent, until: h.until}}
		events, err := r.events(calendar)
		if err != nil {
			return nil, err
		}
		if err := occurrences(events, o.Keep, spent, &dates); err != nil {
			return nil, err
		}
	}
	return dates.sorted(), nil
}

// horizon is what of time counts.
type horizon struct {
	zone        *time.Location
	first, last int       // years
	from, until time.Time // by the wall clock, with room for any zone
}

const (
	farthest  = 20 // years
	firstYear = 1900
	lastYear  = 2199
)

func (o *Options) horizon() (horizon, error) {
	if o.Zone == "" || o.Zone == "Local" {
		return horizon{}, fmt.Errorf(`zone %q: want the IANA name of the business calendar's zone, such as "Europe/Paris"`, o.Zone)
	}
	zone, err := time.LoadLocation(o.Zone)
	if err != nil {
		return horizon{}, fmt.Errorf(`zone %q is not known here; want an IANA name such as "Europe/Paris"`, o.Zone)
	}
	back, ahead := o.Back, o.Ahead
	if back == 0 {
		back = 1
	}
	if ahead == 0 {
		ahead = 5
	}
	if min(back, ahead) < 0 || max(back, ahead) > farthest {
		return horizon{}, fmt.Errorf("back %d, ahead %d: want 0 to %d years", o.Back, o.Ahead, farthest)
	}
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	year := now.In(zone).Year()
	h := horizon{zone: zone, first: max(year-back, firstYear), last: min(year+ahead, lastYear)}
	h.from = time.Date(h.first, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -2)
	h.until = time.Date(h.last+1, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 2)
	return h, nil
}

// decode reads the calendars of a document.
func decode(data []byte) (calendars []*goical.Calendar, err error) {
	lines, err := relevant(data)
	if err != nil {
		return nil, err
	}
	defer func() {
		if recover() != nil { // the decoder indexes behind the end of a parameter that breaks off
			calendars, err = nil, errors.New("a line of the calendar breaks off")
		}
	}()
	decoder := goical.NewDecoder(bytes.NewReader(lines))
	for {
		calendar, err := decoder.Decode()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("calendar cannot be read: %s", strings.TrimPrefix(err.Error(), "ical: "))
		}
		calendars = append(calendars, calendar)
	}
	if len(calendars) == 0 {
		return nil, errors.New("there is no calendar in it")
	}
	return calendars, nil
}

// wanted are the properties that are looked at.
var wanted = [...]string{
	"BEGIN", "END", "UID", "SUMMARY", "DESCRIPTION", "CATEGORIES", "STATUS", "SEQUENCE", "DTSTART", "DTEND", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE",
	"RECURRENCE-ID", "TZID", "TZOFFSETFROM", "TZOFFSETTO", "X-LIC-LOCATION",
}

const (
	deepest      = 8       // components within components
	longestNames = 1 << 10 // bytes of a property's name and parameters, over which the decoder takes time by their square
)

// relevant returns the lines that matter, unfolded, and refuses what would cost the decoder too much, or what it would not notice.
func relevant(data []byte) ([]byte, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	unfolded := bytes.NewBuffer(make([]byte, 0, len(data)))
	depth, number := 0, 0
	for line := range logicalLines(data) {
		number++
		end := bytes.IndexAny(line, ";:")
		if end < 0 {
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			return nil, fmt.Errorf("line %d is no property: it has no colon", number)
		}
		name := strings.ToUpper(string(line[:end]))
		if !slices.Contains(wanted[:], name) {
			continue
		}
		switch name {
		case "BEGIN":
			depth++
		case "END":
			depth--
		}
		if depth < 0 || depth > deepest {
			return nil, fmt.Errorf("line %d: components lie %d deep; want 0 to %d", number, depth, deepest)
		}
		if value := valueAt(line); value > longestNames {
			return nil, fmt.Errorf("line %d: the parameters of %s have more than %d bytes", number, name, longestNames)
		}
		unfolded.Write(line)
		unfolded.WriteString("\r\n")
	}
	if depth > 0 {
		return nil, errors.New("the calendar breaks off: a component is not ended")
	}
	return unfolded.Bytes(), nil
}

// logicalLines yields lines with those that continue them.
func logicalLines(data []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		var line []byte
		owned := false // line is a copy, which may grow
		for physical := range bytes.Lines(data) {
			physical = bytes.TrimRight(physical, "\r\n")
			if len(physical) > 0 && (physical[0] == ' ' || physical[0] == '\t') {
				if !owned {
					line, owned = append(make([]byte, 0, 2*(len(line)+len(physical))), line...), true
				}
				line = append(line, physical[1:]...)
				continue
			}
			if line != nil && !yield(line) {
				return
			}
			line, owned = physical, false
		}
		if line != nil {
			yield(line)
		}
	}
}

// valueAt returns where the value of a property begins: behind the first colon that is not in quotes.
func valueAt(line []byte) int {
	quoted := false
	for i, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ':' && !quoted:
			return i + 1
		}
	}
	return len(line)
}
