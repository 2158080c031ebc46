package ical

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	goical "github.com/emersion/go-ical"
)

// moment is a reading in a zone, or a date.
type moment struct {
	reading time.Time
	zone    *zone
	date    bool
}

func (m *moment) instant() time.Time { return m.zone.instant(m.reading) }

// length is how long an event lasts: whole days by the wall clock, and a time that really passes.
type length struct {
	days int
	time time.Duration
}

// event is a VEVENT as it is read.
type event struct {
	Event
	start     moment
	length    length
	rules     []string
	except    []string // EXRULEs
	dates     []occurrence
	excluded  instances[bool]
	replaces  *moment // RECURRENCE-ID
	onwards   bool    // it replaces all later ones too
	cancelled bool
	sequence  int
}

// occurrence is one time that an event takes place.
type occurrence struct {
	start  moment
	length length
}

// instances finds what is said of an occurrence, by its instant or by its date.
type instances[T any] struct {
	instants map[int64]T
	days     map[time.Time]T
}

// set says something of the occurrence at m. An event of whole days recurs by dates, whatever m is.
func (i *instances[T]) set(m moment, whole *moment, v T) {
	if !m.date && !whole.date {
		if i.instants == nil {
			i.instants = make(map[int64]T)
		}
		i.instants[m.instant().Unix()] = v
		return
	}
	if i.days == nil {
		i.days = make(map[time.Time]T)
	}
	reading := m.reading
	if !m.date {
		reading = whole.zone.reading(m.instant())
	}
	i.days[reading.Truncate(24*time.Hour)] = v
}

func (i *instances[T]) get(m *moment) (v T, ok bool) {
	if v, ok = i.days[m.reading.Truncate(24*time.Hour)]; ok || m.date {
		return v, ok
	}
	v, ok = i.instants[m.instant().Unix()]
	return v, ok
}

// reader reads the events of one calendar.
type reader struct {
	horizon
	zones zones
	spent *budget
}

func (r *reader) events(calendar *goical.Calendar) ([]*event, error) {
	var all []*event
	for i, c := range calendar.Children {
		if c.Name != goical.CompEvent {
			continue
		}
		e, err := r.event(c)
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", eventName(c, i), err)
		}
		all = append(all, e)
	}
	return all, nil
}

// eventName names an event for a person.
func eventName(c *goical.Component, i int) string {
	name := cmp.Or(plain(value(c, goical.PropSummary)), value(c, goical.PropUID))
	return fmt.Sprintf("%d (%q)", i, clip(name))
}

func (r *reader) event(c *goical.Component) (*event, error) {
	e := &event{Event: Event{UID: value(c, goical.PropUID), Name: plain(value(c, goical.PropSummary)), Description: plain(value(c, goical.PropDescription))}}
	for _, p := range c.Props[goical.PropCategories] {
		for _, category := range splitTexts(p.Value) {
			e.Categories = append(e.Categories, plain(category))
		}
	}
	e.cancelled = strings.EqualFold(value(c, goical.PropStatus), string(goical.EventCancelled))
	e.sequence, _ = strconv.Atoi(value(c, goical.PropSequence)) // none counts as 0
	var err error
	start := c.Props.Get(goical.PropDateTimeStart)
	if start == nil {
		return nil, errors.New("DTSTART is missing")
	}
	if e.start, err = r.moment(start, start.Value); err != nil {
		return nil, fmt.Errorf("DTSTART: %w", err)
	}
	if e.length, err = r.length(c, e.start); err != nil {
		return nil, err
	}
	for _, p := range c.Props[goical.PropRecurrenceRule] {
		e.rules = append(e.rules, p.Value)
	}
	for _, p := range c.Props["EXRULE"] {
		e.except = append(e.except, p.Value)
	}
	if n := len(e.rules) + len(e.except); n > mostRules {
		return nil, fmt.Errorf("RRULE: there are %d rules; want at most %d", n, mostRules)
	}
	if p := c.Props.Get(goical.PropRecurrenceID); p != nil {
		m, err := r.moment(p, p.Value)
		if err != nil {
			return nil, fmt.Errorf("RECURRENCE-ID: %w", err)
		}
		e.replaces, e.onwards = &m, strings.EqualFold(p.Params.Get("RANGE"), "THISANDFUTURE")
	}
	return e, r.lists(c, e)
}

// lists reads RDATE and EXDATE.
func (r *reader) lists(c *goical.Component, e *event) error {
	for i := range c.Props[goical.PropExceptionDates] {
		p := &c.Props[goical.PropExceptionDates][i]
		for text := range strings.SplitSeq(p.Value, ",") {
			m, err := r.moment(p, text)
			if err != nil {
				return fmt.Errorf("EXDATE: %w", err)
			}
			e.excluded.set(m, &e.start, true)
		}
	}
	for i := range c.Props[goical.PropRecurrenceDates] {
		p := &c.Props[goical.PropRecurrenceDates][i]
		for text := range strings.SplitSeq(p.Value, ",") {
			o, err := r.occurrence(p, text, e)
			if err != nil {
				return fmt.Errorf("RDATE: %w", err)
			}
			e.dates = append(e.dates, o)
		}
	}
	return nil
}

// occurrence reads a date, a time, or a period (20260501T090000Z/PT2H) of an RDATE.
func (r *reader) occurrence(p *goical.Prop, text string, e *event) (occurrence, error) {
	begins, ends, period := strings.Cut(text, "/")
	start, err := r.moment(p, begins)
	if err != nil {
		return occurrence{}, err
	}
	if !period {
		if e.start.date && !start.date { // an event of whole days recurs on whole days
			start = moment{reading: e.start.zone.reading(start.instant()).Truncate(24 * time.Hour), zone: e.start.zone, date: true}
		}
		if start.date && !e.start.date {
			return occurrence{start, length{days: 1}}, nil
		}
		return occurrence{start, e.length}, nil
	}
	if strings.HasPrefix(strings.TrimLeft(ends, "+"), "P") {
		lasts, err := duration(ends)
		return occurrence{start, lasts}, err
	}
	end, err := r.moment(p, ends)
	if err != nil {
		return occurrence{}, err
	}
	lasts, err := between(&start, &end)
	return occurrence{start, lasts}, err
}

// moment reads a date or a time in the zone that the property names; one without a zone, and a date, is the business calendar's.
func (r *reader) moment(p *goical.Prop, text string) (moment, error) {
	text = strings.TrimSpace(text)
	reading, date, err := readingOf(text)
	if err != nil {
		return moment{}, err
	}
	m := moment{reading: reading, date: date, zone: &zone{location: r.zone}}
	switch id := p.Params.Get(goical.PropTimezoneID); {
	case date:
	case strings.HasSuffix(text, "Z"):
		m.zone = &zone{location: time.UTC}
	case id != "":
		if m.zone, err = r.zones.named(id); err != nil {
			return moment{}, err
		}
	}
	return m, nil
}

// length tells how long the event lasts: until DTEND, or for DURATION; with neither, a date lasts the day and a time lasts no time (RFC 5545, section 3.6.1).
func (r *reader) length(c *goical.Component, start moment) (length, error) {
	if p := c.Props.Get(goical.PropDateTimeEnd); p != nil {
		end, err := r.moment(p, p.Value)
		if err != nil {
			return length{}, fmt.Errorf("DTEND: %w", err)
		}
		lasts, err := between(&start, &end)
		if err != nil {
			return length{}, fmt.Errorf("DTEND: %w", err)
		}
		return lasts, nil
	}
	var lasts length
	if p := c.Props.Get(goical.PropDuration); p != nil {
		var err error
		if lasts, err = duration(p.Value); err != nil {
			return length{}, fmt.Errorf("DURATION: %w", err)
		}
	}
	if start.date { // whole days, and at least the one
		return length{days: max(lasts.days+int((lasts.time+24*time.Hour-1)/(24*time.Hour)), 1)}, nil
	}
	return lasts, nil
}

// between is the length of an event from start to end, which is not in it.
func between(start, end *moment) (length, error) {
	if start.date != end.date {
		return length{}, errors.New("one end is a date, the other a time")
	}
	if start.date {
		days := int(end.reading.Sub(start.reading) / (24 * time.Hour))
		if days < 0 || days > longest {
			return length{}, fmt.Errorf("it ends %d days after it begins; want 0 to %d", days, longest)
		}
		return length{days: max(days, 1)}, nil // some feeds end a day on itself
	}
	lasts := end.instant().Sub(start.instant())
	if lasts < 0 || lasts > longest*24*time.Hour {
		return length{}, fmt.Errorf("it ends %s after it begins; want 0 to %d days", lasts, longest)
	}
	return length{time: lasts}, nil
}

const longest = 100 * 366 // days

// duration reads P1D, P2W or PT1H30M: days are days by the wall clock, the rest is time that passes.
func duration(text string) (length, error) {
	text = strings.ToUpper(strings.TrimSpace(text))
	days, times, _ := strings.Cut(strings.TrimPrefix(text, "+"), "T")
	var parts [2]time.Duration
	for i, part := range [...]string{days, "PT" + times} {
		if part == "P" || part == "PT" {
			continue
		}
		p := goical.Prop{Name: goical.PropDuration, Value: part}
		d, err := p.Duration()
		if err != nil || len(text) > 20 || d < 0 || d > longest*24*time.Hour {
			return length{}, fmt.Errorf("%q is no duration up to %d days; want for example P1D or PT4H", clip(text), longest)
		}
		parts[i] = d
	}
	if !strings.HasPrefix(days, "P") {
		return length{}, fmt.Errorf("%q is no duration; want for example P1D or PT4H", clip(text))
	}
	return length{days: int(parts[0] / (24 * time.Hour)), time: parts[1]}, nil
}

// splitTexts splits a list at the commas that are not escaped.
func splitTexts(list string) (texts []string) {
	from := 0
	for i := 0; i < len(list); i++ {
		switch list[i] {
		case '\\':
			i++
		case ',':
			texts = append(texts, list[from:i])
			from = i + 1
		}
	}
	return append(texts, list[from:])
}

// plain takes a text's escapes and everything that is no text out of it.
func plain(text string) string {
	text = strings.NewReplacer(`\\`, `\`, `\n`, " ", `\N`, " ", `\`, "").Replace(text)
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
	return strings.TrimSpace(text)
}
