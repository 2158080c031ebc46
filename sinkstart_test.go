package socialcrm_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/ticket"
)

// cases are the keys of the cases that a CRM holds, in order.
func cases(f *crmtest.Fake) (keys []string) {
	for _, c := range f.Cases() {
		keys = append(keys, c.Key)
	}
	slices.Sort(keys)
	return keys
}

func sorted(ids ...ticket.ID) (keys []string) {
	for _, id := range ids {
		keys = append(keys, string(id))
	}
	slices.Sort(keys)
	return keys
}

func TestASinkStartsAtThePointItNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.asked("mia", "Where is my parcel?")
	w.must(w.desk.Reply(t.Context(), first, ana, socialcrm.Reply{Text: "On its way."}))
	w.pass(time.Minute)
	point := w.head()
	second := w.closed("ben", "Never mind")
	for _, test := range []struct {
		name  string
		start socialcrm.SinkStart
		want  []string
	}{
		{"now", socialcrm.SinkStart{}, nil},
		{"the beginning", socialcrm.SinkStart{Past: true}, sorted(first, second)},
		{"a position", socialcrm.SinkStart{After: point}, sorted(second)},
		{"a position, in the past", socialcrm.SinkStart{Past: true, After: point}, sorted(second)},
		{"the head", socialcrm.SinkStart{After: w.head()}, nil},
	} {
		sink := crmtest.New(crmtest.Options{Name: "crm-" + fmt.Sprint(len(test.name)), Now: func() time.Time { return w.now }})
		w.ok(w.desk.AddSinkFrom(t.Context(), sink, test.start))
		w.pass(time.Minute)
		if got := cases(sink); !slices.Equal(got, test.want) {
			t.Errorf("from %s: the CRM has the cases %q, want %q", test.name, got, test.want)
		}
		if n := len(sink.Interactions(string(first))); slices.Contains(test.want, string(first)) && n != 2 {
			t.Errorf("from %s: the case has %d interactions, want both", test.name, n)
		}
		for _, push := range []string{string(first), string(second)} {
			for _, in := range sink.Interactions(push) {
				if in.Writes != 1 {
					t.Errorf("from %s: interaction %q was written %d times", test.name, in.Text, in.Writes)
				}
			}
		}
	}
	if told := w.told(ticket.JournalGap); len(told) != 0 {
		t.Errorf("nothing is missing, and the journal tells %+v", told)
	}
}

func TestThePastIsBroughtOnceForEachPointAndOnlyWhatWasNotHeard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sink := crmtest.New(crmtest.Options{Name: "late", Now: func() time.Time { return w.now }})
	for i := range 3 {
		w.asked(fmt.Sprint("customer", i), "Hello?")
	}
	start := func(s socialcrm.SinkStart) int {
		w.restart()
		before := len(sink.Pushes())
		w.ok(w.desk.AddSinkFrom(t.Context(), sink, s))
		w.pass(time.Minute)
		return len(sink.Pushes()) - before
	}
	if n := start(socialcrm.SinkStart{Past: true}); n != 3 {
		t.Fatalf("the past took %d pushes, want one for each ticket", n)
	}
	if n := start(socialcrm.SinkStart{Past: true}); n != 0 {
		t.Errorf("after a start with the same point: %d pushes", n)
	}
	if n := start(socialcrm.SinkStart{}); n != 0 {
		t.Errorf("after a start without a point: %d pushes", n)
	}
	w.restart()
	point := w.head()
	w.asked("away", "The CRM is not here")
	if n := start(socialcrm.SinkStart{After: point}); n != 1 || len(sink.Cases()) != 4 {
		t.Errorf("after a time in which it was not there: %d pushes, %d cases; want 1 and 4", n, len(sink.Cases()))
	}
	if err := w.desk.AddSinkFrom(t.Context(), sink, socialcrm.SinkStart{Past: true}); !errors.Is(err, socialcrm.ErrInvalid) {
		t.Errorf("a sink that is there: %v", err)
	}
	other := crmtest.New(crmtest.Options{Name: "other", Now: func() time.Time { return w.now }})
	for range 2 { // what failed can be done again
		if err := w.desk.AddSinkFrom(t.Context(), other, socialcrm.SinkStart{After: "no position"}); !errors.Is(err, socialcrm.ErrInvalid) {
			t.Errorf("a position of no Store: %v", err)
		}
	}
	w.ok(w.desk.AddSinkFrom(t.Context(), other, socialcrm.SinkStart{Past: true}))
}

func TestThePastHoldsUpNothingThatHappensNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const many = 250
	var past []ticket.ID
	for i := range many {
		w.platform.Customer(fmt.Sprint("customer", i)).Post(w.page, "Hello?")
	}
	w.pass(time.Minute)
	for _, c := range w.crm.Cases() {
		past = append(past, ticket.ID(c.Key))
	}
	if len(past) != many {
		t.Fatalf("%d tickets, want %d", len(past), many)
	}
	sink := crmtest.New(crmtest.Options{Name: "late", Now: func() time.Time { return w.now }})
	sink.SetDown(true)
	w.ok(w.desk.AddSinkFrom(t.Context(), sink, socialcrm.SinkStart{Past: true}))
	w.pass(time.Hour)
	waiting, err := w.desk.Tasks(t.Context(), ticket.TaskQuery{Queue: "sync/late", Page: ticket.Page{Limit: 1000}})
	w.ok(err)
	if n := len(waiting.Items); n < 100 || n >= many {
		t.Errorf("while the CRM is down %d pushes wait, want a part of %d", n, many)
	}
	sink.SetDown(false)
	w.pass(time.Hour)
	if got := cases(sink); !slices.Equal(got, sorted(past...)) {
		t.Errorf("the CRM has %d cases, want %d", len(got), many)
	}
}

func TestWhatRetentionLetGoOfBeforeACRMStartedIsToldAsAGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gone := w.closed("ben", "Never mind")
	kept := w.asked("mia", "Hello?")
	w.prune()
	sink := crmtest.New(crmtest.Options{Name: "late", Now: func() time.Time { return w.now }})
	w.ok(w.desk.AddSinkFrom(t.Context(), sink, socialcrm.SinkStart{Past: true}))
	w.pass(time.Hour)
	if got := cases(sink); !slices.Equal(got, sorted(kept)) {
		t.Errorf("the CRM has %q, want %q and not %q", got, kept, gone)
	}
	if told := w.told(ticket.JournalGap); len(told) != 1 || told[0].Actor.ID != "late" || told[0].New != "past/late" {
		t.Errorf("the journal tells %+v, want one gap", told)
	}
}
