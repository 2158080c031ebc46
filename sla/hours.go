package sla

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/rule"
)

// Hours says in a zone's wall-clock time when a brand is open; [NewCalendar] makes a [Calendar] of it. In JSON:
//
//	{
//	    "zone": "Europe/Paris",
//	    "week": {"monday": ["09:00-12:30", "13:30-18:00"], "friday": ["22:00-06:00"]},
//	    "holidays": [
//	        {"name": "Christmas", "date": "12-25"},
//	        {"name": "Stocktaking", "date": "2027-01-15", "closed": ["14:00-24:00"]}
//	    ],
//	    "openings": [{"name": "Advent Sunday", "date": "2026-12-20", "open": ["11:00-17:00"]}]
//	}
//
// Open is what the week says, less the holidays, and the openings whatever else is said.
type Hours struct {
	// Zone is an IANA name ("America/Sao_Paulo"), or "UTC". It has no default.
	Zone string `json:"zone"`
	// Week is when it is open in an ordinary week.
	Week Week `json:"week,omitzero"`
	// Holidays are when it is closed although the week says open.
	Holidays []Holiday `json:"holidays,omitempty"`
	// Openings are when it is open although the week, or a holiday, says closed.
	Openings []Opening `json:"openings,omitempty"`
}

// ParseHours reads Hours from strict JSON: an unknown field, a field given twice or a time that is none is an error with its path and line. What can
// only be told from the whole (an unknown zone, hours that never open) is NewCalendar's to find. The size of data is the caller's to bound.
func ParseHours(data []byte) (Hours, error) {
	var h Hours
	if err := rule.DecodeStrict(data, &h); err != nil {
		return Hours{}, fmt.Errorf("calendar: %w", err)
	}
	return h, nil
}

// Week holds the open intervals of each weekday: any number, in any order; where they overlap they count once. The zero Week is closed.
type Week struct {
	Monday    []Interval `json:"monday,omitempty"`
	Tuesday   []Interval `json:"tuesday,omitempty"`
	Wednesday []Interval `json:"wednesday,omitempty"`
	Thursday  []Interval `json:"thursday,omitempty"`
	Friday    []Interval `json:"friday,omitempty"`
	Saturday  []Interval `json:"saturday,omitempty"`
	Sunday    []Interval `json:"sunday,omitempty"`
}

// Weekdays returns the week that is open in these intervals from Monday to Friday.
func Weekdays(open ...Interval) Week {
	return Week{Monday: open, Tuesday: open, Wednesday: open, Thursday: open, Friday: open}
}

// EveryDay returns the week that is open in these intervals on all seven days. EveryDay(Interval{}) is around the clock.
func EveryDay(open ...Interval) Week {
	w := Weekdays(open...)
	w.Saturday, w.Sunday = open, open
	return w
}

// spans returns when the week is open, in seconds since Monday 00:00.
func (w *Week) spans() ([]span, error) {
	var open []span
	for i, day := range [...][]Interval{w.Monday, w.Tuesday, w.Wednesday, w.Thursday, w.Friday, w.Saturday, w.Sunday} {
		midnight := int64(i) * secondsPerDay
		for j, interval := range day {
			if err := interval.check(); err != nil {
				name := strings.ToLower(time.Weekday((i + 1) % 7).String())
				return nil, wrongAt(err, "week.%s[%d]", name, j)
			}
			s := interval.on(midnight)
			if over := s.to - secondsPerWeek; over > 0 { // from Sunday into Monday
				open = append(open, span{to: over})
				s.to = secondsPerWeek
			}
			open = append(open, s)
		}
	}
	return union(open), nil
}

// Interval is a part of a day by the wall clock, From included, To excluded, both counted from 00:00 and in whole seconds. An interval whose To is not
// after its From ends on the next day: 22:00–06:00 is a night shift, and 00:00–00:00, the zero value, lasts the whole day, as does 00:00–24:00.
type Interval struct {
	From time.Duration // at least 0, less than 24 h
	To   time.Duration // 0 to 24 h
}

// String returns the interval as JSON has it: "09:00-17:30", with seconds only where there are some.
func (i Interval) String() string { return clockText(i.From) + "-" + clockText(i.To) }

func clockText(d time.Duration) string {
	h, m, s := d/time.Hour, d/time.Minute%60, d/time.Second%60
	if s != 0 {
		return fmt.Sprintf("%02d:%02d:%02d", h, m, s)
	}
	return fmt.Sprintf("%02d:%02d", h, m)
}

// MarshalText returns String, or an error for an interval that is none.
func (i Interval) MarshalText() ([]byte, error) {
	if err := i.check(); err != nil {
		return nil, err
	}
	return []byte(i.String()), nil
}

// UnmarshalText reads two times of day with a hyphen between them: "09:00-17:30", "22:00:30-06:00".
func (i *Interval) UnmarshalText(text []byte) error {
	from, to, _ := strings.Cut(string(text), "-")
	start, ok := parseClock(from)
	end, alsoOK := parseClock(to)
	if !ok || !alsoOK {
		return fmt.Errorf(`interval %q: want two times of day, such as "09:00-17:30" or, into the next day, "22:00-06:00"`, text)
	}
	read := Interval{From: start, To: end}
	if err := read.check(); err != nil {
		return err
	}
	*i = read
	return nil
}

// parseClock reads 09:30 or 09:30:15; 24:00 is the end of the day.
func parseClock(s string) (time.Duration, bool) {
	if s == "24:00" || s == "24:00:00" {
		return 24 * time.Hour, true
	}
	layout := "15:04:05"
	if len(s) == len("15:04") {
		layout = "15:04"
	}
	if len(s) != len(layout) { // time.Parse would take 9:30 and fractions
		return 0, false
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return 0, false
	}
	return t.Sub(t.Truncate(24 * time.Hour)), true
}

func (i Interval) check() error {
	switch {
	case i.From < 0 || i.From >= 24*time.Hour:
		return fmt.Errorf("begins %s after 00:00; want at least 0 and less than 24h", i.From)
	case i.To < 0 || i.To > 24*time.Hour:
		return fmt.Errorf("ends %s after 00:00; want 0 to 24h", i.To)
	case i.From%time.Second != 0 || i.To%time.Second != 0:
		return errors.New("begins or ends within a second; want whole seconds")
	}
	return nil
}

// on returns the interval as it lies on the day that begins at midnight.
func (i Interval) on(midnight int64) span {
	to := i.To
	if to <= i.From {
		to += 24 * time.Hour
	}
	return span{from: midnight + int64(i.From/time.Second), to: midnight + int64(to/time.Second)}
}

// wrongAt says where in Hours something is wrong.
func wrongAt(err error, path string, args ...any) error {
	return &rule.Error{Path: fmt.Sprintf(path, args...), Err: err}
}

const (
	secondsPerDay  = 24 * 60 * 60
	secondsPerWeek = 7 * secondsPerDay
)

// span is a stretch of seconds, from included, to excluded.
type span struct {
	from, to int64
	name     int32 // of the holiday or opening that it belongs to; 0 for none
}

// union sorts spans and joins those that overlap or touch. Where spans of different names overlap, the part belongs to the first.
func union(spans []span) []span {
	slices.SortFunc(spans, compareSpans)
	joined := spans[:0]
	for _, s := range spans {
		if n := len(joined); n > 0 && s.from <= joined[n-1].to {
			last := &joined[n-1]
			if s.name == last.name {
				last.to = max(last.to, s.to)
				continue
			}
			if s.from = last.to; s.from >= s.to {
				continue
			}
		}
		joined = append(joined, s)
	}
	return joined
}

func compareSpans(a, b span) int {
	return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.name, b.name))
}
