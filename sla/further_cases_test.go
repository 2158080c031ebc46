package sla_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/sla"
)

// A further case is written as a person would tell it, counted by hand, and counted by the minute.
type furtherCase struct {
	name    string
	zone    string
	week    sla.Week
	except  []sla.Holiday
	opens   []sla.Opening
	month   string   // of the events, such as 2026-03
	targets []string // metric, time allowed, statuses that pause it
	high    []string // the same at high priority
	choice  sla.Reopening
	later   []string  // targets from the first event on that is told after "edited"
	night   *sla.Week // hours of the lane "night", where lanes have hours; the week is then that of the lane "day"
	events  []string  // day, time, line (of a ticket that is merged), what happens
	want    []string
}

func targetsOf(t *testing.T, written []string, p *sla.Priority) (targets []sla.Target) {
	t.Helper()
	for _, text := range written {
		words := strings.Fields(text)
		target := sla.Target{Priority: p}
		if err := target.Metric.UnmarshalText([]byte(words[0])); err != nil {
			t.Fatal(err)
		}
		if err := target.Within.UnmarshalText([]byte(words[1])); err != nil {
			t.Fatal(err)
		}
		for _, s := range words[2:] {
			target.Pause = append(target.Pause, sla.Status(s))
		}
		targets = append(targets, target)
	}
	return targets
}

// instant reads a day and a time by the wall clock; where that shows it twice, with its offset.
func (c *furtherCase) instant(t *testing.T, zone *time.Location, day, clock string) time.Time {
	t.Helper()
	layout := "2006-01-2 15:04"
	if len(clock) > len("15:04") {
		layout += "-07:00"
	}
	at, err := time.ParseInLocation(layout, c.month+"-"+day+" "+clock, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at.In(zone)
}

// world makes the case one of those that the oracle counts.
func (c *furtherCase) world(t *testing.T) (*world, *time.Location) {
	t.Helper()
	zone, err := time.LoadLocation(c.zone)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{minutes: windowMinutes}
	hours := sla.Hours{Zone: c.zone, Week: c.week, Holidays: c.except, Openings: c.opens}
	edited, facts := time.Time{}, map[string]sla.Facts{}
	for i, told := range c.events {
		words := strings.Fields(told)
		at := c.instant(t, zone, words[0], words[1])
		if i == 0 {
			w.begin = at.Add(-time.Hour)
		}
		e := sla.Event{Mark: sla.Mark{Time: at, Order: fmt.Sprintf("%02d", i), Key: fmt.Sprint("k", i)}}
		words = words[2:]
		if line, is := strings.CutSuffix(words[0], ":"); is {
			e.Line, words = line, words[1:]
		}
		earlier := func() sla.Mark {
			var n int
			if _, err := fmt.Sscanf(words[1], "#%d", &n); err != nil {
				t.Fatal(err)
			}
			return w.events[n-1].Mark
		}
		switch words[0] {
		case "asks":
			e.Kind = sla.CustomerWrote
		case "answers", "greets":
			e.Kind, e.Automated = sla.Answered, words[0] == "greets"
		case "deletes":
			e.Kind, e.Of = sla.MessageWithdrawn, earlier()
		case "fails":
			e.Kind, e.Key = sla.AnswerWithdrawn, earlier().Key
		case "merges":
			if e.Kind = sla.Merged; e.Line == "" {
				e.Line = "merged"
			}
			if len(words) > 2 && words[1] == "into" {
				e.Into, words = words[2], words[2:]
			}
			if len(words) > 1 { // into one of this priority
				f := facts[e.Into]
				if err := f.Priority.UnmarshalText([]byte(words[1])); err != nil {
					t.Fatal(err)
				}
				facts[e.Into], e.Facts = f, &f
			}
		case "priority", "lane":
			f := facts[e.Line]
			if words[0] == "lane" {
				f.Lane = words[1]
			} else if err := f.Priority.UnmarshalText([]byte(words[1])); err != nil {
				t.Fatal(err)
			}
			facts[e.Line], e.Kind, e.Facts = f, sla.FactsChanged, &f
		case "elsewhere":
			e.Kind = sla.AnswerGivenElsewhere
		case "forbidden":
			e.Kind = sla.ReplyForbidden
		case "edited":
			edited = at
			e.Kind = sla.FactsChanged
		default:
			e.Kind, e.Status, e.Reason = sla.StatusChanged, sla.Status(words[0]), strings.Join(words[1:], " ")
			if strings.HasPrefix(e.Reason, "with #") {
				words = words[1:]
				e.Post, e.Reason = earlier().Key, ""
			}
		}
		w.events = append(w.events, e)
	}
	w.versions = []version{c.version(t, w, zone, hours, 0, append(targetsOf(t, c.targets, nil), targetsOf(t, c.high, new(sla.High))...))}
	if !edited.IsZero() {
		w.versions = append(w.versions, c.version(t, w, zone, hours, int(edited.Sub(w.begin)/time.Minute), targetsOf(t, c.later, nil)))
	}
	return w, zone
}

func (c *furtherCase) version(t *testing.T, w *world, zone *time.Location, hours sla.Hours, from int, targets []sla.Target) version {
	t.Helper()
	v := version{from: from, named: map[string]*sla.Calendar{}, open: map[string][]bool{}, policies: []sla.Policy{{Name: "p2", Calendar: "a", Targets: targets, Reopening: c.choice}}}
	weeks := map[string]sla.Week{"a": c.week}
	if c.night != nil {
		weeks["b"], v.policies[0].Calendar, v.lanes = *c.night, "", map[string]string{"day": "a", "night": "b"}
	}
	for name, week := range weeks {
		hours.Week = week
		open := make([]bool, w.minutes)
		for m := range open {
			open[m] = shows(hours, zone, w.at(m))
		}
		v.named[name], v.open[name] = calendar(t, hours), open
	}
	v.set = policies(t, sla.Calendars{Named: v.named, Lanes: v.lanes}, v.policies...)
	return v
}

// say tells a clock in a few words: what became of it, when it is or was due, and what counted until three quarters of an hour after the last event.
func (c *furtherCase) say(w *world, zone *time.Location, clock *sla.Clock) string {
	spent := time.Duration(clock.Spent)
	if !clock.Since.IsZero() {
		spent += w.calendars(clock.Calendar).Between(clock.Since, w.at(w.end()))
	}
	s := clock.Metric.String()
	if clock.Line != "" {
		s += " of " + clock.Line
	}
	s += " " + clock.Verdict.String()
	if !clock.Due.IsZero() {
		s += ", due " + clock.Due.In(zone).Format("2 15:04 -0700")
	}
	return s + fmt.Sprintf(", %d min", int(spent.Minutes()))
}

func TestFurtherCases(t *testing.T) {
	t.Parallel()
	for _, c := range slices.Concat(furtherCases(), mergedCases(), auditedCases()) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, zone := c.world(t)
			judged := sla.Judge(slices.Values(w.events), w.inForce, w.at(w.end()))
			if diff := cmp.Diff(simulate(w).say(), w.sayClocks(judged, w.calendars)); diff != "" {
				t.Errorf("(-counted by the minute +judged):\n%s", diff)
			}
			var state sla.State
			for i, e := range w.events {
				state = w.fold(t, state, e, i)
			}
			all, _ := sla.FoldAll(slices.Values(w.events), w.inForce)
			if diff := cmp.Diff(all, state); diff != "" {
				t.Errorf("(-all at once +one by one):\n%s", diff)
			}
			checkExplanations(t, w, w.at(w.end()))
			var got []string
			for i := range judged {
				got = append(got, c.say(w, zone, &judged[i]))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-counted by hand +judged):\n%s", diff)
			}
		})
	}
}
