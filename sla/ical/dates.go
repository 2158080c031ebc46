package ical

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/sla"
)

// occurrences gives every occurrence of the events to dates.
func occurrences(events []*event, keep func(Event) bool, spent *budget, to *dates) error {
	overrides := inForce(events)
	for i, e := range events {
		switch {
		case keep != nil && !keep(e.Event):
			continue
		case e.replaces != nil && overrides[e.UID][e.replaces.instant().Unix()] != e:
			continue
		case e.cancelled: // also of an override: its occurrence is gone
			continue
		}
		var err error
		if e.replaces != nil {
			err = to.add(e.Name, occurrence{e.start, e.length})
		} else {
			s := series{event: e, spent: spent, to: to}
			err = s.run(overrides[e.UID])
		}
		if err != nil {
			return fmt.Errorf("event %d (%q): %w", i, clip(cmp.Or(e.Name, e.UID)), err)
		}
	}
	return nil
}

// inForce returns the overrides of each UID by the instant that they replace: of several of one instant the newest, and of equally new ones the last.
func inForce(events []*event) map[string]map[int64]*event {
	overrides := make(map[string]map[int64]*event)
	for _, e := range events {
		if e.replaces == nil {
			continue
		}
		of := overrides[e.UID]
		if of == nil {
			of = make(map[int64]*event)
			overrides[e.UID] = of
		}
		if at := e.replaces.instant().Unix(); of[at] == nil || e.sequence >= of[at].sequence {
			of[at] = e
		}
	}
	return overrides
}

// series is an event with its recurrences.
type series struct {
	*event
	spent    *budget
	to       *dates
	replaced instances[bool]
	onwards  []*event // overrides for all later ones too, by their instant
	done     instances[bool]
}

func (s *series) run(overrides map[int64]*event) error {
	if err := s.spent.take(len(overrides)); err != nil {
		return err
	}
	for _, o := range overrides {
		s.replaced.set(*o.replaces, &s.start, true)
		if o.onwards {
			s.onwards = append(s.onwards, o)
		}
	}
	slices.SortFunc(s.onwards, func(a, b *event) int { return a.replaces.instant().Compare(b.replaces.instant()) })
	for _, rule := range s.except {
		err := s.spent.recur(rule, s.start.reading, s.start.zone, s.to.until, func(reading time.Time) error {
			s.excluded.set(moment{reading, s.start.zone, s.start.date}, &s.start, true)
			return nil
		})
		if err != nil {
			return fmt.Errorf("EXRULE: %w", err)
		}
	}
	// An event takes place when it begins, also where the rule would not say so.
	if err := s.occur(occurrence{s.start, s.length}); err != nil {
		return err
	}
	for _, rule := range s.rules {
		err := s.spent.recur(rule, s.start.reading, s.start.zone, s.to.until, func(reading time.Time) error {
			return s.occur(occurrence{moment{reading, s.start.zone, s.start.date}, s.length})
		})
		if err != nil {
			return fmt.Errorf("RRULE: %w", err)
		}
	}
	for _, o := range s.dates {
		if err := s.occur(o); err != nil {
			return err
		}
	}
	return nil
}

// occur adds an occurrence, unless it is excluded, replaced, or was there before.
func (s *series) occur(o occurrence) error {
	for _, of := range [...]*instances[bool]{&s.excluded, &s.replaced, &s.done} {
		if _, ok := of.get(&o.start); ok {
			return nil
		}
	}
	if o.start.reading.After(s.to.from.AddDate(0, 0, -o.length.days).Add(-o.length.time)) {
		s.done.set(o.start, &s.start, true)
	}
	if err := s.spent.take(len(s.onwards)); err != nil {
		return err
	}
	for _, later := range slices.Backward(s.onwards) {
		if o.start.instant().Before(later.replaces.instant()) {
			continue
		}
		if later.cancelled {
			return nil
		}
		by := later.start.reading.Sub(later.replaces.reading)
		return s.to.add(later.Name, occurrence{moment{o.start.reading.Add(by), later.start.zone, later.start.date}, later.length})
	}
	return s.to.add(s.Name, o)
}

// dates collects what is closed, as the business calendar's wall clock shows it.
type dates struct {
	horizon
	holidays []sla.Holiday
}

const mostDates = 20_000

// add closes the time of an occurrence.
func (d *dates) add(name string, o occurrence) error {
	if runes := []rune(name); len(runes) > 200 {
		name = string(runes[:200])
	}
	if o.start.date {
		first := o.start.reading
		last := first.AddDate(0, 0, o.length.days)
		for day := latest(first, d.from); day.Before(last) && day.Before(d.until); day = day.AddDate(0, 0, 1) {
			if err := d.close(name, day, nil); err != nil {
				return err
			}
		}
		return nil
	}
	start := o.start.instant()
	end := o.start.zone.instant(o.start.reading.AddDate(0, 0, o.length.days)).Add(o.length.time)
	from, until := d.instantOf(d.from), d.instantOf(d.until)
	return d.closeBetween(name, latest(start, from), earliest(end, until))
}

func (d *dates) instantOf(reading time.Time) time.Time {
	z := zone{location: d.zone}
	return z.instant(reading)
}

// closeBetween closes what the wall clock shows between two instants. It is cut where a day ends and where the clocks are set, because between these the wall clock
// runs as time does.
func (d *dates) closeBetween(name string, start, end time.Time) error {
	for start.Before(end) {
		local := start.In(d.zone)
		day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
		var parts []sla.Interval
		for start.Before(end) { // the parts of one day
			local = start.In(d.zone)
			if local.Day() != day.Day() {
				break
			}
			hour, minute, second := local.Clock()
			from := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
			stop := earliest(end, start.Add(24*time.Hour-from))
			if _, set := local.ZoneBounds(); !set.IsZero() {
				stop = earliest(stop, set)
			}
			parts = append(parts, sla.Interval{From: from, To: from + stop.Sub(start)})
			start = stop
		}
		if err := d.close(name, day, parts); err != nil {
			return err
		}
	}
	return nil
}

// close closes a day, or parts of it.
func (d *dates) close(name string, day time.Time, parts []sla.Interval) error {
	if day.Year() < d.first || day.Year() > d.last {
		return nil
	}
	if len(d.holidays) == mostDates {
		return fmt.Errorf("with it there are more than %d dates", mostDates)
	}
	parts = joined(parts)
	if len(parts) == 1 && parts[0] == (sla.Interval{To: 24 * time.Hour}) {
		parts = nil
	}
	date := sla.Date{Year: day.Year(), Month: day.Month(), Day: day.Day()}
	d.holidays = append(d.holidays, sla.Holiday{Name: name, Date: date, Closed: parts})
	return nil
}

// joined sorts intervals and joins those that overlap or touch.
func joined(parts []sla.Interval) []sla.Interval {
	slices.SortFunc(parts, func(a, b sla.Interval) int { return cmp.Compare(a.From, b.From) })
	all := parts[:0]
	for _, p := range parts {
		if n := len(all); n > 0 && p.From <= all[n-1].To {
			all[n-1].To = max(all[n-1].To, p.To)
			continue
		}
		all = append(all, p)
	}
	return all
}

// sorted returns the holidays in their order, each once.
func (d *dates) sorted() []sla.Holiday {
	slices.SortStableFunc(d.holidays, func(a, b sla.Holiday) int {
		return cmp.Or(
			cmp.Compare(a.Date.Year, b.Date.Year), cmp.Compare(a.Date.Month, b.Date.Month), cmp.Compare(a.Date.Day, b.Date.Day),
			strings.Compare(a.Name, b.Name),
			slices.CompareFunc(a.Closed, b.Closed, func(a, b sla.Interval) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) }),
		)
	})
	return slices.CompactFunc(d.holidays, func(a, b sla.Holiday) bool {
		return a.Name == b.Name && a.Date == b.Date && slices.Equal(a.Closed, b.Closed)
	})
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
