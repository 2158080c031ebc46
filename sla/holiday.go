package sla

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Holiday closes a date, or parts of it. It closes what the wall clock shows on that date, no more: of a night shift that begins the evening before,
// the part before midnight stays open, and of one that begins on the holiday the part after.
type Holiday struct {
	// Name is for people.
	Name string `json:"name,omitempty"`
	// Date is when.
	Date Date `json:"date"`
	// Closed are the parts of the date that are closed; none closes the whole date.
	Closed []Interval `json:"closed,omitempty"`
	// Off switches the holiday off without losing it: nothing is closed.
	Off bool `json:"off,omitempty"`
}

// Opening opens a date that the week or a holiday closes, in addition to what is open already. To shorten a day, use a [Holiday] with Closed.
type Opening struct {
	// Name is for people.
	Name string `json:"name,omitempty"`
	// Date is when.
	Date Date `json:"date"`
	// Open are the parts of the date that are open; at least one.
	Open []Interval `json:"open,omitempty"`
	// Off switches the opening off without losing it.
	Off bool `json:"off,omitempty"`
}

// Date is a day of one year, or of every year. The zero Date is none.
type Date struct {
	Year  int // 1900 to 2199; 0 is every year (29 February: every leap year)
	Month time.Month
	Day   int
}

// String returns the date as JSON has it: "2026-05-01", or "05-01" for every year.
func (d Date) String() string {
	if d.Year == 0 {
		return fmt.Sprintf("%02d-%02d", d.Month, d.Day)
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// MarshalText returns String, or an error for a date that is none.
func (d Date) MarshalText() ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads "2026-05-01", or "05-01" for every year.
func (d *Date) UnmarshalText(text []byte) error {
	s, yearly := string(text), len(text) == len("05-01")
	if yearly {
		s = "2000-" + s // a leap year
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return fmt.Errorf(`date %q: want a day such as "2026-05-01", or "05-01" for every year`, text)
	}
	if !yearly && (t.Year() < firstYear || t.Year() > lastYear) {
		return fmt.Errorf("date %q: want a year from %d to %d", text, firstYear, lastYear)
	}
	*d = Date{Year: t.Year(), Month: t.Month(), Day: t.Day()}
	if yearly {
		d.Year = 0
	}
	return nil
}

func (d Date) check() error {
	if d == (Date{}) {
		return errors.New("is missing")
	}
	if d.Year != 0 && (d.Year < firstYear || d.Year > lastYear) {
		return fmt.Errorf("has the year %d; want %d to %d, or 0 for every year", d.Year, firstYear, lastYear)
	}
	year := d.Year
	if year == 0 {
		year = 2000 // a leap year
	}
	if !d.in(year) {
		return fmt.Errorf("%s is no day", d)
	}
	return nil
}

// in reports whether the year has this day.
func (d Date) in(year int) bool {
	t := time.Date(year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
	return t.Month() == d.Month && t.Day() == d.Day
}

// years returns the first and the last year that the date means.
func (d Date) years() (first, last int) {
	if d.Year == 0 {
		return firstYear, lastYear
	}
	return d.Year, d.Year
}

// spans appends the intervals as they lie on the date, in each year that it means.
func (d Date) spans(to []span, intervals []Interval, name int32) []span {
	first, last := d.years()
	for year := first; year <= last; year++ {
		if !d.in(year) {
			continue
		}
		midnight := time.Date(year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix() - firstMonday
		for _, i := range intervals {
			s := i.on(midnight)
			s.name = name
			to = append(to, s)
		}
	}
	return to
}

// maxExceptions bounds what hours that come from outside can make a calendar cost. A yearly date counts once for each year.
const maxExceptions = 200_000

// exceptions are when hours differ from their week.
type exceptions struct {
	closed, open []span   // each sorted and without overlap, in wall-clock seconds
	names        []string // by span.name; the first is the empty one
}

// name returns the number of a name.
func (e *exceptions) name(s string) int32 {
	i := slices.Index(e.names, s)
	if i < 0 {
		i = len(e.names)
		e.names = append(e.names, s)
	}
	return int32(i)
}

// exceptions returns when the hours' holidays are closed and its openings open. What is switched off is checked too: it may be switched on.
func (h *Hours) exceptions() (exceptions, error) {
	found := exceptions{names: []string{""}}
	wholeDay := []Interval{{}}
	for i, holiday := range h.Holidays {
		at, parts := fmt.Sprintf("holidays[%d]", i), holiday.Closed
		if len(parts) == 0 {
			parts = wholeDay
		}
		if err := checkException(at, holiday.Date, "closed", parts, len(found.closed)); err != nil {
			return exceptions{}, err
		}
		if !holiday.Off {
			found.closed = holiday.Date.spans(found.closed, parts, found.name(holiday.Name))
		}
	}
	for i, opening := range h.Openings {
		at := fmt.Sprintf("openings[%d]", i)
		if len(opening.Open) == 0 {
			return exceptions{}, wrongAt(errors.New("is missing; want at least one interval"), "%s.open", at)
		}
		if err := checkException(at, opening.Date, "open", opening.Open, len(found.open)); err != nil {
			return exceptions{}, err
		}
		if !opening.Off {
			found.open = opening.Date.spans(found.open, opening.Open, found.name(opening.Name))
		}
	}
	found.closed, found.open = union(found.closed), union(found.open)
	return found, nil
}

func checkException(at string, d Date, field string, intervals []Interval, before int) error {
	if err := d.check(); err != nil {
		return wrongAt(err, "%s.date", at)
	}
	for i, interval := range intervals {
		if err := interval.check(); err != nil {
			return wrongAt(err, "%s.%s[%d]", at, field, i)
		}
	}
	if first, last := d.years(); before+(last-first+1)*len(intervals) > maxExceptions {
		return wrongAt(fmt.Errorf("too many: with those before it more than %d intervals; a yearly date has its own in each of %d years",
			maxExceptions, lastYear-firstYear+1), "%s", at)
	}
	return nil
}

// without returns the spans less what lies in others; both are sorted and without overlap.
func without(spans, others []span) []span {
	var rest []span
	for _, s := range spans {
		i, _ := slices.BinarySearchFunc(others, s.from, func(o span, from int64) int {
			if o.to <= from {
				return -1
			}
			return 1
		})
		for _, o := range others[i:] {
			if o.from >= s.to {
				break
			}
			if o.from > s.from {
				rest = append(rest, span{s.from, o.from, s.name})
			}
			s.from = o.to
		}
		if s.from < s.to {
			rest = append(rest, s)
		}
	}
	return rest
}
