package socialcrm_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/ticket"
)

// closed is a ticket that was asked, answered by nobody and closed.
func (w *world) closed(customer, text string) ticket.ID {
	w.t.Helper()
	id := w.asked(customer, text)
	w.must(w.desk.CloseWithoutReply(w.t.Context(), id, ana, "answered by phone"))
	w.pass(time.Minute)
	return id
}

// prune lets go of all that is older than now.
func (w *world) prune() {
	w.t.Helper()
	w.pass(time.Hour)
	if n, err := w.store.(ticket.Pruner).Prune(w.t.Context(), "", w.now); n == 0 || err != nil {
		w.t.Fatalf("pruned %d, %v", n, err)
	}
	w.pass(time.Hour)
}

// read follows the feed to its end: what came, and the gaps with their place among it.
func (w *world) read(after ticket.Position) (entries []ticket.Entry, gaps []socialcrm.GapError, at []int) {
	w.t.Helper()
	head := w.head()
	if after == head {
		return nil, nil, nil
	}
	ctx, stop := context.WithCancel(w.t.Context())
	defer stop()
	for e, err := range w.desk.Feed(ctx, after) {
		if gap, ok := errors.AsType[*socialcrm.GapError](err); ok {
			gaps, at = append(gaps, *gap), append(at, len(entries))
			continue
		}
		w.ok(err)
		if entries = append(entries, e); e.Position == head {
			break
		}
	}
	return entries, gaps, at
}

func (w *world) head() (head ticket.Position) {
	w.t.Helper()
	w.ok(w.store.View(w.t.Context(), "", func(r ticket.Reader) (err error) {
		head, err = r.Head()
		return err
	}))
	return head
}

func TestAReaderThatComesBackTooLateIsToldOfTheGapAndGoesOnBehindIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asked("mia", "Is it still open?")
	away := w.head()
	gone := w.closed("ben", "Never mind")
	kept := w.asked("eve", "Hello?")
	before := w.journal(ticket.JournalQuery{})
	w.prune()
	after := w.journal(ticket.JournalQuery{})
	var until ticket.Position // of the newest that is gone: entries of no ticket are, too
	for _, e := range before {
		if !slices.ContainsFunc(after, func(kept ticket.Entry) bool { return kept.Key == e.Key }) {
			until = e.Position
		}
	}
	if len(w.journal(ticket.JournalQuery{Ticket: gone})) != 0 || w.ticket(gone).Pruned == "" {
		t.Fatal("the closed ticket is whole")
	}

	entries, gaps, at := w.read(away)
	if want := []socialcrm.GapError{{After: away, Until: until}}; !slices.Equal(gaps, want) || !slices.Equal(at, []int{0}) {
		t.Errorf("told of the gaps %+v before entries %v, want %+v before all", gaps, at, want)
	}
	if len(entries) == 0 || !slices.ContainsFunc(entries, func(e ticket.Entry) bool { return e.Ticket == kept }) {
		t.Errorf("behind the gap come %d entries, and not those of a ticket that is there", len(entries))
	}
	if got := gaps[0].Error(); got != "socialcrm: feed after position "+string(away)+": entries up to position "+string(until)+" were let go of before they were read" {
		t.Errorf("the error reads %q", got)
	}
	for what, after := range map[string]ticket.Position{"the beginning of what is kept": "", "who has read what is gone": until, "who is at the head": w.head()} {
		if _, gaps, _ := w.read(after); len(gaps) != 0 {
			t.Errorf("%s: told of the gaps %+v", what, gaps)
		}
	}
	begun := w.journal(ticket.JournalQuery{})[0].Position
	if _, gaps, _ := w.read(begun); len(gaps) != 1 || gaps[0].After != begun {
		t.Errorf("who resumes before the gap is told of %+v, want it once", gaps)
	}
}

func TestAReaderThatIsOvertakenByRetentionIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asked("mia", "Is it still open?")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var gaps int
	var gone ticket.ID
	for e, err := range w.desk.Feed(ctx, "") {
		if gap, ok := errors.AsType[*socialcrm.GapError](err); ok {
			if gaps++; gap.After == "" || gap.Until <= gap.After {
				t.Errorf("the gap is %+v", gap)
			}
			continue
		}
		w.ok(err)
		if gone == "" { // while it works on the first entry, the world goes on
			gone = w.closed("ben", "Never mind")
			w.asked("eve", "Hello?")
			w.prune()
		}
		if e.Ticket == gone {
			t.Errorf("%s of a ticket that is gone", e.Kind)
		}
		if e.Position == w.head() {
			break
		}
	}
	if gaps != 1 {
		t.Errorf("told of %d gaps, want 1", gaps)
	}
}

func TestAGapInWhichMuchIsKeptIsToldOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asked("mia", "Is it still open?")
	away := w.head()
	gone := w.asked("ben", "Never mind")
	w.crowd(200, "Hello?")
	w.must(w.desk.CloseWithoutReply(t.Context(), gone, ana, "answered by phone"))
	w.prune()
	entries, gaps, _ := w.read(away)
	if len(gaps) != 1 || len(entries) <= 500 {
		t.Errorf("told of the gaps %+v among %d entries, want one gap", gaps, len(entries))
	}
}
