package socialcrm

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// checkMeaning reports what is well formed in a Setup, and cannot have been meant: what never holds, names what there is not, or is over before it begins.
// It is asked of what is to come into force; what is in force already stays so. known is why the Setup cannot be used, if it cannot: where that is much, it is enough.
func (s *Setup) checkMeaning(known []error) error {
	if len(known) > mostFaults {
		return nil
	}
	told := func(begins string) bool {
		return slices.ContainsFunc(known, func(err error) bool { return strings.HasPrefix(err.Error(), begins) })
	}
	var wrong []error
	for _, err := range rule.FaultsOf(s.org().Check()) {
		if !told(err.Error()) {
			wrong = append(wrong, err)
		}
	}
	for _, a := range s.Agents {
		for i, tag := range a.Languages {
			if !languageTag(tag) {
				wrong = append(wrong, fmt.Errorf("agent %q: languages[%d] %q: %s", a.Name, i, tag, wantLanguage))
			}
		}
	}
	names := s.names()
	for where, when := range s.conditions() {
		if told(where) {
			continue // what a condition that cannot be used means nobody knows
		}
		if err := s.checkCondition(when, names); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", where, err))
		}
	}
	for where, d := range s.durations() {
		if d > 0 && time.Duration(d) < time.Second {
			wrong = append(wrong, fmt.Errorf("%s: want a second or more, got %s", where, time.Duration(d)))
		}
	}
	for where, day := range s.days() {
		if a, b, ok := overlap(day); ok {
			wrong = append(wrong, fmt.Errorf("%s: %s overlaps %s", where, b, a))
		}
	}
	return rule.Faults(wrong...)
}

// mostFaults that keep a Setup from being used are enough to mend before what it means is asked.
const mostFaults = 20

func (s *Setup) checkCondition(c *rule.Condition, names map[string][]string) error {
	for _, t := range c.Tests() {
		if err := checkLanguage(t); err != nil {
			return err
		}
	}
	if err := ticket.CheckCondition(c, s.Words); err != nil {
		return err
	}
	for path, t := range c.Tests() {
		known, ours := names[t.Fact]
		if !ours {
			continue
		}
		for _, v := range append([]rule.Value{t.Equals}, t.In...) {
			if name, ok := v.Text(); ok && !slices.Contains(known, name) {
				return &rule.Error{Path: path, Err: fmt.Errorf("there is no %s %q", t.Fact, name)}
			}
		}
		if t.Prefix != "" && !slices.ContainsFunc(known, func(name string) bool { return strings.HasPrefix(name, t.Prefix) }) {
			return &rule.Error{Path: path, Err: fmt.Errorf("there is no %s that begins with %q", t.Fact, t.Prefix)}
		}
	}
	return nil
}

// names are those that a fact of a ticket can have in this company; a fact that is not in it can be anything.
func (s *Setup) names() map[string][]string {
	names := map[string][]string{"lane": {routing.DefaultLane}, "team": nil}
	for _, l := range s.Lanes {
		names["lane"] = append(names["lane"], l.Name)
	}
	for _, t := range s.Teams {
		names["team"] = append(names["team"], t.Name)
	}
	return names
}

// conditions are all that the Setup holds, each with its place.
func (s *Setup) conditions() iter.Seq2[string, *rule.Condition] {
	return func(yield func(string, *rule.Condition) bool) {
		for i := range s.Lanes {
			l := &s.Lanes[i]
			if !yield(fmt.Sprintf("lane %q: when", l.Name), &l.When) {
				return
			}
			for j := range l.Priorities {
				if !yield(fmt.Sprintf("lane %q: priorities[%d].when", l.Name, j), &l.Priorities[j].When) {
					return
				}
			}
		}
		for i := range s.Weights {
			if !yield(fmt.Sprintf("weights[%d].when", i), &s.Weights[i].When) {
				return
			}
		}
		for i := range s.SLA {
			if !yield(placeOf("sla policy", " %d", i, s.SLA[i].Name)+": when", &s.SLA[i].When) {
				return
			}
		}
		for i := range s.Noise {
			if !yield(placeOf("noise", "[%d]", i, s.Noise[i].Name)+": when", &s.Noise[i].When) {
				return
			}
		}
		for i := range s.Private {
			if !yield(placeOf("private", "[%d]", i, s.Private[i].Name)+": when", &s.Private[i].When) {
				return
			}
		}
		if yield("related.merge", &s.Related.Merge) && s.OffHours != nil {
			yield("off_hours.when", &s.OffHours.When)
		}
	}
}

// placeOf names one of many by its name or, without one, by its number.
func placeOf(what, number string, i int, name string) string {
	if name == "" {
		return what + fmt.Sprintf(number, i)
	}
	return fmt.Sprintf("%s %q", what, name)
}

// durations are those of the Setup that are of use from a second on.
func (s *Setup) durations() iter.Seq2[string, sla.Duration] {
	return func(yield func(string, sla.Duration) bool) {
		steps := func(where string, steps []sla.Step) bool {
			for i, step := range steps {
				if at := fmt.Sprintf("%s: steps[%d].at", where, i); !yield(at, step.At.Before) || !yield(at, step.At.After) {
					return false
				}
			}
			return true
		}
		for _, l := range s.Lanes {
			if !yield(fmt.Sprintf("lane %q: overflow.after", l.Name), l.Overflow.After) {
				return
			}
			for i, strategy := range l.Strategy {
				if !yield(fmt.Sprintf("lane %q: strategy[%d].within", l.Name, i), strategy.Within) {
					return
				}
			}
		}
		for _, p := range s.SLA {
			where := fmt.Sprintf("sla policy %q", p.Name)
			for i, t := range p.Targets {
				if !yield(fmt.Sprintf("%s: targets[%d].within", where, i), t.Within) {
					return
				}
			}
			if !steps(where, p.Steps) {
				return
			}
		}
		if s.ReplyWindow != nil && !steps("reply_window", s.ReplyWindow.Steps) || s.OffHours != nil && !yield("off_hours.again", s.OffHours.Again) {
			return
		}
		_ = yield("reopen.public", s.Reopen.Public) && yield("reopen.private", s.Reopen.Private) && yield("together.within", s.Together.Within) &&
			yield("related.within", s.Related.Within) && yield("campaigns.within", s.Campaigns.Within) && yield("redact_within", s.RedactWithin)
	}
}

// days are the weekdays of all calendars.
func (s *Setup) days() iter.Seq2[string, []sla.Interval] {
	return func(yield func(string, []sla.Interval) bool) {
		for _, name := range slices.Sorted(maps.Keys(s.Calendars)) {
			w := s.Calendars[name].Week
			for i, day := range [...][]sla.Interval{w.Sunday, w.Monday, w.Tuesday, w.Wednesday, w.Thursday, w.Friday, w.Saturday} {
				if !yield(fmt.Sprintf("calendar %q: week.%s", name, strings.ToLower(time.Weekday(i).String())), day) {
					return
				}
			}
		}
	}
}

// overlap returns two intervals of a day that overlap, the earlier one first, and whether any do. They may touch.
func overlap(day []sla.Interval) (a, b sla.Interval, ok bool) {
	end := func(i sla.Interval) time.Duration {
		if i.To <= i.From {
			return i.To + 24*time.Hour // into the next day
		}
		return i.To
	}
	sorted := slices.SortedFunc(slices.Values(day), func(a, b sla.Interval) int { return cmp.Compare(a.From, b.From) })
	for i := 1; i < len(sorted); i++ {
		if a, b = sorted[i-1], sorted[i]; b.From < end(a) {
			return a, b, true
		}
	}
	return a, b, false
}
