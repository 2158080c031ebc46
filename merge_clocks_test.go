package socialcrm_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/report"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// resolving is a company that promises a resolution within so many hours, in office hours from Monday to Friday.
func resolving(t *testing.T, hours int, steps ...sla.Step) *world {
	t.Helper()
	w := newWorld(t)
	s := company()
	s.Agents[0].Capacity = 10
	s.Calendars = map[string]sla.Hours{"office": {Zone: "UTC", Week: sla.Weekdays(sla.Interval{From: 9 * time.Hour, To: 18 * time.Hour})}}
	s.SLA = []sla.Policy{{Name: "promise", Calendar: "office", Steps: steps, Targets: []sla.Target{{Metric: sla.Resolution, Within: sla.Duration(hours) * sla.Duration(time.Hour)}}}}
	w.apply(s)
	return w
}

// at lets time pass until a clock time, days after the first one.
func (w *world) on(days int, clock string) {
	w.t.Helper()
	of, err := time.Parse("15:04", clock)
	w.ok(err)
	then := time.Date(2026, 3, 2+days, of.Hour(), of.Minute(), 0, 0, time.UTC) // a Monday
	if then.Before(w.now) {
		w.t.Fatalf("%s is past", then)
	}
	w.pass(then.Sub(w.now))
}

// resolutions are all clocks that measure until a ticket is solved, in a few words.
func (w *world) resolutions(id ticket.ID, names map[ticket.ID]string) (all []string) {
	w.t.Helper()
	clocks, err := w.desk.Clocks(w.t.Context(), id)
	w.ok(err)
	told, err := w.desk.Explain(w.t.Context(), id)
	w.ok(err)
	for i := range clocks {
		c := &clocks[i]
		if c.Metric != sla.Resolution {
			continue
		}
		said := c.Verdict.String() + ", spent " + time.Duration(c.Spent).String()
		if c.Line != "" {
			said = "of " + names[ticket.ID(c.Line)] + ": " + said
		}
		if !c.Due.IsZero() {
			said += ", due " + c.Due.UTC().Format("Mon 15:04")
		}
		all = append(all, said)
		if x := told[i]; x.Clock.Metric != c.Metric || x.Clock.Line != c.Line || !x.Clock.Started.Equal(c.Started) || x.Spent != c.Spent && c.Since.IsZero() {
			w.t.Errorf("explained is %+v, spent %s; the clock is %+v", x.Clock, time.Duration(x.Spent), c)
		}
	}
	return all
}

func TestAMergeInEitherDirectionLeavesTheSameResolution(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		hours   int
		happens func(w *world, older ticket.ID) // before the newer one is written on Tuesday at 9:30
		want    string
	}{
		{"the older waits for us", 8, func(*world, ticket.ID) {}, "met, spent 2h0m0s, due Tue 16:00"},
		{"the older waits for the customer", 1, func(w *world, older ticket.ID) {
			w.on(0, "17:30")
			w.must(w.desk.SetStatus(w.t.Context(), older, ana, ticket.Pending, "which order?"))
		}, "met, spent 50m0s, due Tue 10:10"},
		{"the older was breached", 1, func(*world, ticket.ID) {}, "breached, spent 2h0m0s, due Mon 18:00"},
	} {
		for _, direction := range []string{"older into newer", "newer into older"} {
			t.Run(tt.name+", "+direction, func(t *testing.T) {
				t.Parallel()
				w := resolving(t, tt.hours)
				w.on(0, "17:00")
				older := w.asked("mia", "Where is it?")
				tt.happens(w, older)
				w.on(1, "09:30")
				newer := w.asked("mia", "Hello? Where is it?")
				w.on(1, "09:40")
				into, from, want := newer, older, "of the older: "+tt.want
				if direction == "newer into older" {
					into, from, want = older, newer, tt.want
				}
				w.must(w.desk.Merge(t.Context(), into, ana, from))
				w.on(1, "10:00")
				w.must(w.desk.Resolve(t.Context(), into, ana, ""))
				w.pass(time.Minute)
				if diff := cmp.Diff([]string{want}, w.resolutions(into, map[ticket.ID]string{older: "the older"})); diff != "" {
					t.Errorf("resolutions (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestATicketThatWasPendingForDaysIsNotBreachedByAMerge(t *testing.T) {
	t.Parallel()
	w := resolving(t, 4)
	older := w.asked("mia", "Where is it?")
	w.on(0, "10:00")
	w.must(w.desk.SetStatus(t.Context(), older, ana, ticket.Pending, "which order?"))
	w.on(3, "09:30")
	newer := w.asked("mia", "The red one")
	w.on(3, "10:00")
	w.must(w.desk.Merge(t.Context(), newer, ana, older))
	w.pass(time.Hour)
	if told := w.told(ticket.ClockBreached); len(told) != 0 {
		t.Errorf("the journal tells of breaches: %+v", told)
	}
	if diff := cmp.Diff([]string{"of the older: running, spent 1h0m0s, due Thu 13:00"}, w.resolutions(newer, map[ticket.ID]string{older: "the older"})); diff != "" {
		t.Errorf("resolutions (-want +got):\n%s", diff)
	}
}

func TestABreachIsToldAndCountedOnceThoughItsTicketIsMergedAndComesApart(t *testing.T) {
	t.Parallel()
	w := resolving(t, 1)
	older := w.asked("mia", "Where is it?")
	w.on(0, "11:00") // breached at 10:00
	newer := w.asked("mia", "Hello?")
	w.on(0, "11:30")
	w.must(w.desk.Merge(t.Context(), newer, ana, older))
	w.on(0, "13:00")
	told := func() (all []string) {
		for _, e := range w.journal(ticket.JournalQuery{}) {
			if e.New == sla.Resolution.String() && e.Stand != nil {
				whose := map[ticket.ID]string{older: "older", newer: "newer"}[e.Ticket]
				if e.Stand.Line != "" {
					whose += ", of " + map[string]string{string(older): "older", string(newer): "newer"}[e.Stand.Line]
				}
				all = append(all, whose+": "+strings.TrimPrefix(string(e.Kind), "clock."))
			}
		}
		return all
	}
	if diff := cmp.Diff([]string{"older: breached"}, told()); diff != "" {
		t.Errorf("merged, the journal (-want +tells):\n%s", diff)
	}
	w.must(w.desk.Resolve(t.Context(), newer, ana, ""))
	w.pass(time.Minute)
	if diff := cmp.Diff([]string{"older: breached", "newer, of older: moved"}, told()); diff != "" {
		t.Errorf("solved, the journal (-want +tells):\n%s", diff)
	}
	counted := func() (n int) {
		w.ok(w.store.View(t.Context(), "", func(r ticket.Reader) error {
			made, err := report.Read(r, report.Query{By: []report.Dimension{report.Metric}})
			for _, p := range made.Promises {
				if p.Metric == sla.Resolution {
					n += p.Met + p.Breached + p.Unjudged
				}
			}
			return err
		}))
		return n
	}
	if n := counted(); n != 1 {
		t.Errorf("a report counts %d resolutions, want one", n)
	}
	w.must(w.desk.Unmerge(t.Context(), newer, ana, older))
	w.pass(time.Minute)
	if diff := cmp.Diff([]string{"older: breached", "newer, of older: moved", "older: moved", "newer: breached"}, told()); diff != "" {
		t.Errorf("taken apart, the journal (-want +tells):\n%s", diff)
	}
	if n := counted(); n != 2 {
		t.Errorf("taken apart a report counts %d resolutions, want two", n)
	}
}

func TestTakenApartEachTicketHasItsOwnResolutionAgain(t *testing.T) {
	t.Parallel()
	w := resolving(t, 8)
	older := w.asked("mia", "Where is it?")
	w.on(0, "11:00")
	newer := w.asked("noa", "And mine?")
	w.on(0, "12:00")
	w.must(w.desk.Merge(t.Context(), newer, ana, older))
	w.on(0, "13:00")
	w.must(w.desk.Unmerge(t.Context(), newer, ana, older))
	for id, want := range map[ticket.ID]string{older: "running, spent 0s, due Mon 17:00", newer: "running, spent 0s, due Tue 10:00"} {
		if diff := cmp.Diff([]string{want}, w.resolutions(id, nil)); diff != "" {
			t.Errorf("resolutions (-want +got):\n%s", diff)
		}
	}
	if told := append(w.told(ticket.ClockWithdrawn), w.told(ticket.ClockMoved)...); len(told) != 0 {
		t.Errorf("the journal tells %+v", told)
	}
}

func TestTheResolutionOfAPartOfAPartGoesOn(t *testing.T) {
	t.Parallel()
	w := resolving(t, 8)
	first := w.asked("mia", "A?")
	w.on(0, "10:00")
	second := w.asked("noa", "B?")
	w.on(0, "11:00")
	third := w.asked("oli", "C?")
	w.must(w.desk.Merge(t.Context(), second, ana, first))
	w.on(0, "12:00")
	w.must(w.desk.Merge(t.Context(), third, ana, second))
	w.on(0, "13:00")
	w.must(w.desk.Resolve(t.Context(), third, ana, ""))
	if diff := cmp.Diff([]string{"of the first: met, spent 4h0m0s, due Mon 17:00"}, w.resolutions(third, map[ticket.ID]string{first: "the first"})); diff != "" {
		t.Errorf("resolutions (-want +got):\n%s", diff)
	}
	if got, _ := w.ticket(third).Clocks.Clock(sla.Resolution); got.Line != string(first) || got.Verdict != sla.Met {
		t.Errorf("the ticket's resolution is %+v, want the first one's, met", got)
	}
}

func TestAStepOfAResolutionHappensOnceThoughItsTicketIsMergedIntoANewerOne(t *testing.T) {
	t.Parallel()
	w := resolving(t, 4, sla.Step{At: sla.Moment{Percent: 25}})
	older := w.asked("mia", "Where is it?")
	warned := func() map[ticket.ID]int {
		n := make(map[ticket.ID]int)
		for _, e := range w.told(ticket.ClockWarned) {
			n[e.Ticket]++
		}
		return n
	}
	w.on(0, "10:30") // warned at 10:00
	newer := w.asked("noa", "And mine?")
	w.on(0, "11:00")
	w.must(w.desk.Merge(t.Context(), newer, ana, older))
	w.on(0, "12:00")
	if got := warned(); !cmp.Equal(got, map[ticket.ID]int{older: 1}) {
		t.Errorf("merged, the tickets took %v steps, want the one of the older", got)
	}
	w.must(w.desk.Unmerge(t.Context(), newer, ana, older))
	w.on(0, "12:30")
	if got := warned(); !cmp.Equal(got, map[ticket.ID]int{older: 1, newer: 1}) {
		t.Errorf("taken apart the tickets took %v steps, want one each", got)
	}
}

func TestALateMessageToATicketThatWasMergedMovesTheResolutionBack(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.now = at(60)
	asked := w.ingest(said("1", "mia", "a", "a", "Hello?", at(30)), said("2", "noa", "b", "b", "Hello?", at(50)))
	older, newer := asked[0].Ticket, asked[1].Ticket
	w.must(w.desk.Merge(t.Context(), newer, ana, older))
	w.now = at(90)
	w.ingest(said("3", "mia", "a", "a", "Anybody?", at(10)))
	c, ok := w.ticket(newer).Clocks.Clock(sla.Resolution)
	if !ok || !c.Started.Equal(at(10)) || c.Line != string(older) {
		t.Errorf("the resolution is %+v, want that of the older ticket since %s", c, at(10))
	}
	w.must(w.desk.Resolve(t.Context(), newer, ana, ""))
	if told := w.told(ticket.ClockMet); len(told) == 0 || told[len(told)-1].Stand.Metric != sla.Resolution || time.Duration(told[len(told)-1].Stand.Spent) != 80*time.Minute {
		t.Errorf("the journal tells %+v, want last a resolution of 80 minutes", told)
	}
}

func TestASurvivorThatPromisesNoResolutionEndsThatOfTheOther(t *testing.T) {
	t.Parallel()
	w := resolving(t, 8)
	s := company()
	s.Agents[0].Capacity = 10
	s.SLA = []sla.Policy{
		{Name: "quick", Targets: []sla.Target{{Metric: sla.Resolution, Within: sla.Duration(time.Hour), Priority: new(sla.Urgent)}, {Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)}}},
	}
	w.apply(s)
	older := w.asked("mia", "Where is it?")
	w.must(w.desk.SetPriority(t.Context(), older, ana, ticket.Urgent))
	newer := w.asked("noa", "And mine?")
	w.must(w.desk.Merge(t.Context(), newer, ana, older)) // the survivor is as urgent as the other was
	if c, _ := w.ticket(newer).Clocks.Clock(sla.Resolution); c.Verdict != sla.Running || c.Line != string(older) || !c.Started.Equal(w.ticket(newer).Clocks.Asked) {
		t.Errorf("the resolution is %+v, want that of the older, running", c)
	}
	w.must(w.desk.SetPriority(t.Context(), newer, ana, ticket.Normal))
	if c, _ := w.ticket(newer).Clocks.Clock(sla.Resolution); c.Verdict != sla.Unjudged {
		t.Errorf("the resolution is %+v, want it unjudged", c)
	}
	if told := w.told(ticket.ClockEnded); len(told) != 1 || told[0].Stand.Line != string(older) {
		t.Errorf("the journal tells %+v, want the end of one resolution, of the older", told)
	}
}

// urgently is a company that promises a resolution of urgent tickets alone, within eight office hours.
func urgently(t *testing.T) *world {
	t.Helper()
	w := resolving(t, 8)
	s := company()
	s.Agents[0].Capacity = 10
	s.Calendars = map[string]sla.Hours{"office": {Zone: "UTC", Week: sla.Weekdays(sla.Interval{From: 9 * time.Hour, To: 17 * time.Hour})}}
	s.SLA = []sla.Policy{{Name: "promise", Calendar: "office", Targets: []sla.Target{
		{Metric: sla.FirstResponse, Within: 40 * sla.Duration(time.Hour)},
		{Metric: sla.Resolution, Within: 8 * sla.Duration(time.Hour), Priority: new(sla.Urgent)}}}}
	w.apply(s)
	return w
}

func TestAMetResolutionStaysMetAndThatOfTheOpenQuestionGoesOn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		promised bool                            // the newer, before the merge
		happens  func(w *world, older ticket.ID) // at ten
		older    string
		newer    string
	}{
		{"the older is solved", true, (*world).resolve, "met, spent 1h0m0s, due Mon 17:00", "met, spent 3h0m0s, due Tue 11:00"},
		{"the older is solved, and only the whole promises the newer a resolution", false, (*world).resolve, "met, spent 1h0m0s, due Mon 17:00", "met, spent 3h0m0s, due Tue 11:00"},
		{"the older is open", true, func(*world, ticket.ID) {}, "met, spent 5h0m0s, due Mon 17:00", ""},
	} {
		for _, direction := range []string{"older into newer", "newer into older"} {
			t.Run(tt.name+", "+direction, func(t *testing.T) {
				t.Parallel()
				w := urgently(t)
				ctx := t.Context()
				older := w.asked("mia", "Where is it?")
				w.must(w.desk.SetPriority(ctx, older, ana, ticket.Urgent))
				w.on(0, "10:00")
				tt.happens(w, older)
				w.on(0, "11:00")
				newer := w.asked("noa", "And mine?")
				if tt.promised {
					w.must(w.desk.SetPriority(ctx, newer, ana, ticket.Urgent))
				}
				w.on(0, "11:30")
				into, part := newer, older
				if direction == "newer into older" {
					into, part = older, newer
				}
				w.must(w.desk.Merge(ctx, into, ana, part))
				w.on(0, "12:00")
				w.must(w.desk.SetPriority(ctx, into, ana, ticket.Normal)) // nothing is promised for an hour
				w.on(0, "13:00")
				w.must(w.desk.SetPriority(ctx, into, ana, ticket.Urgent))
				w.on(0, "14:00")
				w.must(w.desk.Resolve(ctx, into, ana, ""))
				w.pass(time.Minute)
				own, other := tt.newer, tt.older
				if into == older {
					own, other = other, own
				}
				var want []string
				if own != "" {
					want = append(want, own)
				}
				if other != "" {
					want = append(want, "of the part: "+other)
				}
				if diff := cmp.Diff(want, w.resolutions(into, map[ticket.ID]string{part: "the part"})); diff != "" {
					t.Errorf("resolutions (-want +got):\n%s", diff)
				}
				met := len(want)
				if got := w.reported().Promises; got[len(got)-1].Metric != sla.Resolution || got[len(got)-1].Met != met || got[len(got)-1].Breached+got[len(got)-1].Unjudged != 0 {
					t.Errorf("a report counts %+v, want %d resolutions met", got, met)
				}
			})
		}
	}
}

func (w *world) resolve(id ticket.ID) {
	w.t.Helper()
	w.must(w.desk.Resolve(w.t.Context(), id, ana, ""))
}

func TestTakenApartAMetResolutionIsMetAndTheOtherRunsAsItsOwn(t *testing.T) {
	t.Parallel()
	w := urgently(t)
	ctx := t.Context()
	older := w.asked("mia", "Where is it?")
	w.must(w.desk.SetPriority(ctx, older, ana, ticket.Urgent))
	w.on(0, "10:00")
	w.resolve(older)
	w.on(0, "11:00")
	newer := w.asked("noa", "And mine?")
	w.must(w.desk.SetPriority(ctx, newer, ana, ticket.Urgent))
	w.on(0, "11:30")
	w.must(w.desk.Merge(ctx, newer, ana, older))
	w.on(0, "12:30")
	w.must(w.desk.Unmerge(ctx, newer, ana, older))
	w.on(0, "13:00")
	w.resolve(newer)
	w.pass(time.Minute)
	if diff := cmp.Diff([]string{"met, spent 2h0m0s, due Tue 11:00"}, w.resolutions(newer, nil)); diff != "" {
		t.Errorf("the newer's (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"met, spent 1h0m0s, due Mon 17:00"}, w.resolutions(older, nil)); diff != "" {
		t.Errorf("the older's (-want +got):\n%s", diff)
	}
}

func TestOfThreeInAChainEachMetResolutionStaysMet(t *testing.T) {
	t.Parallel()
	w := urgently(t)
	ctx := t.Context()
	names := map[ticket.ID]string{}
	var chain []ticket.ID
	for i, who := range []string{"mia", "noa", "oli"} {
		w.on(0, []string{"09:00", "10:00", "11:00"}[i])
		id := w.asked(who, "Where is it?")
		w.must(w.desk.SetPriority(ctx, id, ana, ticket.Urgent))
		if chain = append(chain, id); i < 2 {
			w.on(0, []string{"09:30", "10:45"}[i])
			w.resolve(id)
		}
	}
	names[chain[0]], names[chain[1]] = "the first", "the second"
	w.on(0, "11:30")
	w.must(w.desk.Merge(ctx, chain[1], ana, chain[0]))
	w.must(w.desk.Merge(ctx, chain[2], ana, chain[1]))
	w.on(0, "12:00")
	w.must(w.desk.SetPriority(ctx, chain[2], ana, ticket.Normal))
	w.on(0, "13:00")
	w.must(w.desk.SetPriority(ctx, chain[2], ana, ticket.Urgent))
	w.on(0, "14:00")
	w.resolve(chain[2])
	w.pass(time.Minute)
	got := w.resolutions(chain[2], names)
	want := []string{"met, spent 3h0m0s, due Tue 11:00", "of the first: met, spent 30m0s, due Mon 17:00", "of the second: met, spent 45m0s, due Tue 10:00"}
	slices.Sort(got) // tickets have names that say nothing of their order
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("resolutions (-want +got):\n%s", diff)
	}
}
