package socialcrm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/ticket"
)

func TestOlderOfTwoTicketsThatTurnOutToBeOneSurvives(t *testing.T) {
	t.Parallel()
	for _, minutes := range [][2]int{{1, 10}, {10, 1}} {
		w, at := later(t)
		known, nameless := said("1", "mia", "p", "p", "Where is it?", at(minutes[0])), said("2", "", "p", "p", "And mine?", at(minutes[1]))
		older := w.ingest(known, nameless)[min(minutes[0], 2)/2].Ticket
		nameless.Message.Author.ID = "mia"
		w.ingest(nameless)
		if got := w.ticket(older); got.MergedInto != "" {
			t.Errorf("minutes %v: the older ticket is merged into the younger", minutes)
		}
	}
}

func TestAuthorKnownInTheSameCallJoinsTheConversation(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	nameless := said("2", "", "p", "p", "And mine?", at(10))
	known := nameless
	known.Message.Author.ID = "mia"
	first := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), nameless, known)[0].Ticket
	if diff := cmp.Diff([]string{"Where is it?", "And mine?"}, w.said(first)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestMergingGivesTheAgentRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.asked("mia", "Where is it?"), w.asked("mia", "Hello?")
	w.must(w.desk.Merge(t.Context(), first, ana, second))
	if got := w.ticket(w.asked("noa", "Mine too")); got.Agent != "ana" {
		t.Errorf("the next ticket is with %q, want ana, who has one of two", got.Agent)
	}
}

func TestSolvedTicketThatTakesInAnOpenOneIsOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.asked("mia", "Where is it?"), w.asked("mia", "Hello?")
	w.must(w.desk.Resolve(t.Context(), first, ana, ""))
	w.must(w.desk.Merge(t.Context(), first, ana, second))
	if got := w.ticket(first); got.Status != ticket.Open || got.Agent != "ana" {
		t.Errorf("the ticket is %s with %q, want open with ana", got.Status, got.Agent)
	}
}
