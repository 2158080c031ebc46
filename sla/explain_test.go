package sla_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

func TestStretchesEqualTheCalendar(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone, near := place(t)
		h := randomHours(t, zone, near, time.Second)
		c := calendarOf(t, h)
		a := near.Add(-time.Duration(rapid.Int64Range(0, int64(96*time.Hour)).Draw(t, "before")))
		b := near.Add(time.Duration(rapid.Int64Range(1, int64(96*time.Hour)).Draw(t, "after")))
		at := a
		var last sla.Stretch
		var open time.Duration
		for s := range c.Stretches(a, b) {
			if !s.From.Equal(at) || !s.From.Before(s.To) || s.To.After(b) || s.From.Location().String() != zone.String() {
				t.Fatalf("from %s the stretch is %+v", at, s)
			}
			if s.Reason == last.Reason && s.Name == last.Name {
				t.Fatalf("two stretches for one reason: %+v, %+v", last, s)
			}
			counts := s.Reason == sla.OpenHours || s.Reason == sla.ExtraOpening
			if want := c.Between(s.From, s.To); time.Duration(s.Counted) != want || counts != (want > 0) {
				t.Fatalf("%+v counts, want %s", s, want)
			}
			for _, inside := range []time.Time{s.From, s.To.Add(-1), s.From.Add(s.To.Sub(s.From) / 2)} {
				if got := shows(h, zone, inside); got != counts {
					t.Fatalf("%+v, but at %s the hours say open: %v", s, inside, got)
				}
			}
			open += time.Duration(s.Counted)
			last, at = s, s.To
		}
		if !at.Equal(b) || open != c.Between(a, b) {
			t.Fatalf("until %s, %s open; want until %s and %s", at, open, b, c.Between(a, b))
		}
	})
}

func TestStretchesNameTheirReasons(t *testing.T) {
	t.Parallel()
	h := office("Europe/Berlin", 9, 18)
	day := func(month time.Month, d int) sla.Date { return sla.Date{Year: 2026, Month: month, Day: d} }
	h.Holidays = []sla.Holiday{
		{Name: "Christmas Eve", Date: sla.Date{Month: time.December, Day: 24}, Closed: []sla.Interval{between(14, 24)}},
		{Name: "Christmas", Date: sla.Date{Month: time.December, Day: 25}},
		{Name: "Boxing Day", Date: sla.Date{Month: time.December, Day: 26}}, // a Saturday, closed anyway
		{Name: "called off", Date: day(time.December, 28), Off: true},
		{Name: "stocktaking", Date: day(time.December, 29)}, {Name: "", Date: day(time.December, 30)},
	}
	h.Openings = []sla.Opening{{Name: "sale", Date: day(time.December, 27), Open: []sla.Interval{between(11, 17)}}}
	c := calendar(t, h)
	var got []string
	for s := range c.Stretches(utc("2026-12-24T12:00:00Z"), utc("2026-12-31T08:00:00.5Z")) {
		got = append(got, s.From.Format("02 15:04:05.999")+" "+s.String())
	}
	want := []string{
		"24 13:00:00 1h open", "24 14:00:00 nothing, holiday: Christmas Eve", "25 00:00:00 nothing, holiday: Christmas", "26 00:00:00 nothing, outside hours",
		"27 11:00:00 6h extra opening: sale", "27 17:00:00 nothing, outside hours", "28 09:00:00 9h open", "28 18:00:00 nothing, outside hours",
		"29 00:00:00 nothing, holiday: stocktaking", "30 00:00:00 nothing, holiday", "31 00:00:00 nothing, outside hours", "31 09:00:00 500ms open",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for s := range c.Stretches(utc("2026-12-24T12:00:00Z"), utc("2026-12-31T08:00:00Z")) {
		if s.Reason == sla.OpenHours {
			break // an iterator can be left
		}
	}
	for range c.Stretches(utc("2026-12-24T12:00:00Z"), utc("2026-12-24T12:00:00Z")) {
		t.Error("an instant has a stretch")
	}
	var always *sla.Calendar
	for s := range always.Stretches(utc("2026-12-24T12:00:00Z"), utc("2026-12-25T12:00:00Z")) {
		if s.Reason != sla.OpenHours || time.Duration(s.Counted) != 24*time.Hour {
			t.Errorf("around the clock: %+v", s)
		}
	}
}

// checkExplanations holds explanations to what Judge says.
func checkExplanations(t rapid.TB, w *world, now time.Time) {
	judged := sla.Judge(slices.Values(w.events), w.inForce, now)
	explained := sla.Explain(slices.Values(w.events), w.inForce, now)
	if len(explained) != len(judged) {
		t.Fatalf("of %s\n%d clocks explained of %d", w.story(), len(explained), len(judged))
	}
	for i, x := range explained {
		if diff := cmp.Diff(judged[i], x.Clock, cmp.Comparer(time.Time.Equal)); diff != "" {
			t.Fatalf("of %s\nthe clock (-judged +explained):\n%s", w.story(), diff)
		}
		spent, end := time.Duration(x.Clock.Spent), now
		if !x.Clock.Since.IsZero() {
			spent += w.calendars(x.Clock.Calendar).Between(x.Clock.Since, now)
		}
		if !x.Clock.Stopped.IsZero() {
			end = x.Clock.Stopped
		}
		at, counted := x.Clock.Started, time.Duration(0)
		for j, s := range x.Stretches {
			if !s.From.Equal(at) || !s.From.Before(s.To) {
				t.Fatalf("of %s\nfrom %s there is the stretch %+v", w.story(), at, s)
			}
			if j > 0 && s.Reason == x.Stretches[j-1].Reason && s.Name == x.Stretches[j-1].Name {
				t.Fatalf("of %s\ntwo stretches for one reason:\n%s", w.story(), x)
			}
			at = s.To
			counted += time.Duration(s.Counted)
		}
		if !at.Equal(end) || !x.Until.Equal(end) || counted != spent || time.Duration(x.Spent) != spent {
			t.Fatalf("of %s\nuntil %s (%s) %s (%s) counted; want until %s and %s:\n%s", w.story(), at, x.Until, counted, time.Duration(x.Spent), end, spent, x)
		}
		checkTurns(t, w, x)
	}
}

// checkTurns holds that the turns lead to the clock as it is.
func checkTurns(t rapid.TB, w *world, x sla.Explanation) {
	var policy, target string
	verdict := sla.Running
	for i, turn := range x.Turns {
		if i > 0 && turn.At.Before(x.Turns[i-1].At) {
			t.Fatalf("of %s\nturns are not in order:\n%s", w.story(), x)
		}
		switch turn.Kind {
		case sla.TurnPromised:
			policy, verdict = turn.To, sla.Running
			target, _, _ = strings.Cut(turn.Cause, " ") // what was promised before counts no more
		case sla.TurnPolicy:
			policy = turn.To
		case sla.TurnTarget:
			target = turn.To
		case sla.TurnBreached:
			verdict = sla.Breached
		case sla.TurnReopened:
			verdict = sla.Running
		case sla.TurnEnded:
			if turn.To != "ended late" {
				if err := verdict.UnmarshalText([]byte(turn.To)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if got, err := time.ParseDuration(target); err != nil || got != time.Duration(x.Clock.Target) {
		t.Fatalf("of %s\nthe last target told is %s:\n%s", w.story(), target, x)
	}
	if policy != x.Clock.Policy || verdict != x.Clock.Verdict && x.Clock.Verdict != sla.Breached {
		t.Fatalf("of %s\nthe turns lead to policy %q and verdict %q, it is %+v:\n%s", w.story(), policy, verdict, x.Clock, x)
	}
}

func TestExplanationsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		checkExplanations(t, w, w.at(w.end()))
		checkExplanations(t, w, w.at(w.end()).Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "days later"))*24*time.Hour))
	})
}

func explained(t *testing.T, set *sla.PolicySet, now string, events ...sla.Event) []sla.Explanation {
	t.Helper()
	all := sla.Explain(slices.Values(events), func(time.Time) *sla.PolicySet { return set }, utc(now))
	if data, err := json.Marshal(all); err != nil || !json.Valid(data) {
		t.Errorf("in JSON: %s, %v", data, err)
	}
	return all
}

func happened(kind sla.EventKind, instant string) sla.Event {
	return sla.Event{Mark: sla.Mark{Time: utc(instant), Key: instant + string(kind)}, Kind: kind}
}

func became(status sla.Status, instant string) sla.Event {
	e := happened(sla.StatusChanged, instant)
	e.Status = status
	return e
}

func told(facts sla.Facts, instant string) sla.Event {
	e := happened(sla.FactsChanged, instant)
	e.Facts = &facts
	return e
}

func TestAnExplanationReadsAsATimeLine(t *testing.T) {
	t.Parallel()
	shop := office("Europe/Berlin", 9, 18)
	shop.Holidays = []sla.Holiday{{Name: "Whit Monday", Date: sla.Date{Year: 2026, Month: time.May, Day: 25}}}
	minutes := func(n int) sla.Duration { return sla.Duration(time.Duration(n) * time.Minute) }
	set, err := sla.NewPolicySet([]sla.Policy{
		{Name: "gold", When: rule.Condition{Fact: "tags", Equals: rule.Text("gold")}, Calendar: "shop", Targets: []sla.Target{{Metric: sla.Resolution, Within: minutes(120)}}},
		{Name: "all", Calendar: "shop", Targets: []sla.Target{
			{Metric: sla.Resolution, Within: minutes(240)}, {Metric: sla.Resolution, Within: minutes(180), Priority: new(sla.High)}}},
	}, sla.Calendars{Named: map[string]*sla.Calendar{"shop": calendar(t, shop)}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	first := happened(sla.CustomerWrote, "2026-05-22T15:00:00Z") // Friday, 17:00
	first.Facts = &sla.Facts{Lane: "bags", Agent: "jo"}
	all := explained(t, set, "2026-05-27T12:00:00Z", first,
		became(sla.Pending, "2026-05-22T15:30:00Z"), became(sla.Open, "2026-05-26T07:00:30Z"),
		told(sla.Facts{Lane: "bags", Agent: "jo", Priority: sla.High}, "2026-05-26T07:30:00Z"),
		became(sla.Solved, "2026-05-26T08:00:00Z"), became(sla.Open, "2026-05-26T09:00:00Z"),
		told(sla.Facts{Lane: "bags", Agent: "di", Tags: []string{"gold"}}, "2026-05-26T10:00:00Z"),
		became(sla.Solved, "2026-05-26T10:30:00Z"))
	want := `resolution (Europe/Berlin): breached: was due Tue 2026-05-26 11:30:30, ended Tue 2026-05-26 12:30 (status solved), 2h59m30s of 2h spent
  Fri 2026-05-22 17:00  promised by policy all (4h in calendar shop), due Tue 2026-05-26 12:00
  Fri 2026-05-22 17:00 – 17:30  30m open
  Fri 2026-05-22 17:30  paused: pending
  Fri 2026-05-22 17:30 – Tue 2026-05-26 09:00:30  nothing, paused: pending
  Tue 2026-05-26 09:00:30  resumed: open, due Tue 2026-05-26 12:30:30
  Tue 2026-05-26 09:00:30 – 10:00  59m30s open
  Tue 2026-05-26 09:30  target changed: 4h → 3h (priority normal → high), due Tue 2026-05-26 11:30:30
  Tue 2026-05-26 10:00  met (status solved)
  Tue 2026-05-26 10:00 – 11:00  nothing, solved
  Tue 2026-05-26 11:00  reopened, met withdrawn (extend), due Tue 2026-05-26 12:30:30
  Tue 2026-05-26 11:00 – 12:30  1h30m open
  Tue 2026-05-26 11:30:30  breached (held by lane bags, agent jo)
  Tue 2026-05-26 12:00  policy changed: all → gold
  Tue 2026-05-26 12:00  target changed: 3h → 2h (policy gold)
  Tue 2026-05-26 12:30  ended late (status solved)
`
	if len(all) != 1 {
		t.Fatalf("%d clocks, want 1", len(all))
	}
	if diff := cmp.Diff(want, all[0].String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestALongTimeIsSummedUp(t *testing.T) {
	t.Parallel()
	set := policies(t, sla.Calendars{Named: map[string]*sla.Calendar{"shop": calendar(t, office("Europe/Berlin", 9, 18))}},
		sla.Policy{Name: "all", Calendar: "shop", Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)}}})
	x := explained(t, set, "2036-06-02T12:00:00Z", happened(sla.CustomerWrote, "2026-06-01T09:00:00Z"))[0]
	if len(x.Stretches) > 20 || !slices.ContainsFunc(x.Stretches, func(s sla.Stretch) bool { return s.Reason == sla.InSum }) {
		t.Errorf("ten years are told in %d stretches:\n%s", len(x.Stretches), x)
	}
	minutely := sla.Hours{Zone: "UTC"}
	for m := range 720 {
		minutely.Week.Monday = append(minutely.Week.Monday, sla.Interval{From: time.Duration(2*m) * time.Minute, To: time.Duration(2*m+1) * time.Minute})
	}
	set = policies(t, sla.Calendars{Named: map[string]*sla.Calendar{"odd": calendar(t, minutely)}},
		sla.Policy{Name: "all", Calendar: "odd", Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)}}})
	x = explained(t, set, "2026-06-02T00:00:00Z", happened(sla.CustomerWrote, "2026-06-01T00:00:00Z"))[0]
	if len(x.Stretches) > 110 || time.Duration(x.Spent) != 12*time.Hour {
		t.Errorf("a day of minutes is told in %d stretches, %s spent", len(x.Stretches), time.Duration(x.Spent))
	}
}

func policies(t testing.TB, calendars sla.Calendars, list ...sla.Policy) *sla.PolicySet {
	t.Helper()
	set, err := sla.NewPolicySet(list, calendars, nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestAnHourThatOccursTwiceIsToldApart(t *testing.T) {
	t.Parallel()
	nights := sla.Hours{Zone: "Europe/Berlin", Week: sla.EveryDay(between(2.5, 3))}
	set := promise(t, nights, sla.Policy{Targets: []sla.Target{within(sla.FirstResponse, 240)}})
	x := explained(t, set, "2026-10-25T03:00:00Z", happened(sla.CustomerWrote, "2026-10-25T00:00:00Z"))[0]
	want := []string{
		"Sun 2026-10-25 02:00 CEST  promised by policy standard (4h in calendar shop)",
		"Sun 2026-10-25 02:00 CEST – 02:30 CEST  nothing, outside hours",
		"Sun 2026-10-25 02:30 CEST – 02:00 CET  30m open",
		"Sun 2026-10-25 02:00 CET – 02:30 CET  nothing, outside hours",
		"Sun 2026-10-25 02:30 CET – 03:00  30m open",
		"Sun 2026-10-25 03:00 – 04:00  nothing, outside hours",
	}
	text := x.String()
	for _, line := range want {
		if line, _, _ = strings.Cut(line, " (4h"); !strings.Contains(text, line) {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
}

func TestAPromiseThatAnEditDroppedEndsBecauseThePolicyChanged(t *testing.T) {
	t.Parallel()
	vip := rule.Condition{Fact: "tags", Equals: rule.Text("vip")}
	edited := utc("2026-05-22T10:00:00Z")
	before := policies(t, sla.Calendars{}, sla.Policy{Name: "vip", When: vip, Targets: []sla.Target{within(sla.NextResponse, 60)}},
		sla.Policy{Name: "all", Targets: []sla.Target{within(sla.FirstResponse, 60), within(sla.Resolution, 240)}})
	after := policies(t, sla.Calendars{}, sla.Policy{Name: "vip", When: vip, Targets: []sla.Target{within(sla.NextResponse, 60)}},
		sla.Policy{Name: "all", Targets: []sla.Target{within(sla.FirstResponse, 60)}})
	inForce := func(t time.Time) *sla.PolicySet {
		if t.Before(edited) {
			return before
		}
		return after
	}
	for _, test := range []struct {
		name, want string
		event      sla.Event
	}{
		{"applied again", "policy changed", happened(sla.FactsChanged, "2026-05-22T10:10:00Z")},
		{"at the next message", "policy changed", happened(sla.CustomerWrote, "2026-05-22T10:10:00Z")},
		{"facts that change nothing about it", "policy changed", told(sla.Facts{Agent: "jo"}, "2026-05-22T10:10:00Z")},
		{"facts that drop it by themselves", "facts changed", told(sla.Facts{Tags: []string{"vip"}}, "2026-05-22T10:10:00Z")},
	} {
		all := sla.Explain(slices.Values([]sla.Event{happened(sla.CustomerWrote, "2026-05-22T09:30:00Z"), test.event}), inForce, utc("2026-05-22T10:20:00Z"))
		i := slices.IndexFunc(all, func(x sla.Explanation) bool { return x.Clock.Metric == sla.Resolution })
		if want := "ended Fri 2026-05-22 10:10 (" + test.want + ")"; !strings.Contains(all[i].Why, want) {
			t.Errorf("%s: %q, want %q", test.name, all[i].Why, want)
		}
	}
}
