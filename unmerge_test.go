package socialcrm_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// A follow-up has the conversation of the ticket that it follows.
func TestAFollowUpAndItsFormerTicketThatWereOneKeepEachItsOwn(t *testing.T) {
	t.Parallel()
	type held struct {
		Status   ticket.Status
		Messages []string
		InCRM    int
	}
	for _, tt := range []struct {
		name              string
		solved, intoOlder bool // the former ticket is solved, not closed; it is the survivor
		meanwhile         string
		former, again     held
	}{
		{name: "the follow-up takes in the former", former: held{ticket.Closed, []string{"Where is it?", "On its way"}, 2}, again: held{ticket.New, []string{"Still nothing!"}, 1}},
		{name: "the follow-up takes in the former, and the customer goes on", meanwhile: "Well?",
			former: held{ticket.Closed, []string{"Where is it?", "On its way"}, 2}, again: held{ticket.New, []string{"Still nothing!", "Well?"}, 2}},
		{name: "the follow-up takes in a former that is solved", solved: true,
			former: held{ticket.Solved, []string{"Where is it?", "On its way"}, 2}, again: held{ticket.New, []string{"Still nothing!"}, 1}},
		{name: "the former takes in the follow-up", solved: true, intoOlder: true,
			former: held{ticket.Solved, []string{"Where is it?", "On its way"}, 2}, again: held{ticket.Open, []string{"Still nothing!"}, 1}},
		{name: "the former takes in the follow-up, and the customer goes on", solved: true, intoOlder: true, meanwhile: "Well?",
			former: held{ticket.Solved, []string{"Where is it?", "On its way"}, 2}, again: held{ticket.Open, []string{"Still nothing!", "Well?"}, 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ctx, mia := t.Context(), w.platform.Customer("mia")
			root := mia.Post(w.page, "Where is it?")
			w.pass(time.Minute)
			former := w.only().ID
			w.answer(former, "On its way")
			if tt.solved {
				w.must(w.desk.Resolve(ctx, former, ana, ""))
			} else {
				w.must(w.desk.Close(ctx, former, ana))
			}
			w.days(8)
			mia.Reply(root, "Still nothing!")
			w.pass(time.Minute)
			again := w.tickets()[1].ID
			if w.ticket(again).FollowUpOf != former {
				t.Fatalf("it follows up %q", w.ticket(again).FollowUpOf)
			}
			into, part := again, former
			if tt.intoOlder {
				into, part = part, into
			}
			w.must(w.desk.Merge(ctx, into, ana, part))
			w.pass(time.Minute)
			if tt.meanwhile != "" {
				mia.Reply(root, tt.meanwhile)
				w.pass(time.Minute)
			}
			w.must(w.desk.Unmerge(ctx, into, ana, part))
			w.pass(time.Minute)
			for id, want := range map[ticket.ID]held{former: tt.former, again: tt.again} {
				tk := w.ticket(id)
				got := held{tk.Status, w.said(id), len(w.crm.Interactions(string(id)))}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("ticket %s (-want +got):\n%s", id, diff)
				}
				if len(tk.Conversations) != 1 || tk.MergedInto != "" || len(tk.Absorbed) != 0 {
					t.Errorf("ticket %s: %+v", id, tk)
				}
			}
			mia.Reply(root, "Hello?")
			w.pass(time.Minute)
			if said := w.said(again); said[len(said)-1] != "Hello?" {
				t.Errorf("what the customer writes next is not in the follow-up, which holds %q", said)
			}
			w.answer(again, "Sorry!")
			if c := clockOn(w.ticket(again), sla.FirstResponse, ""); c.Stopped.IsZero() {
				t.Errorf("the follow-up is answered, and its first response is %+v", c)
			}
		})
	}
}

func TestAFormerTicketLeavesTheWholeThatItsFollowUpIsAPartOf(t *testing.T) {
	t.Parallel()
	for name, inner := range map[string]bool{"the former alone": true, "the follow-up with it": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			ctx, mia := t.Context(), w.platform.Customer("mia")
			root := mia.Post(w.page, "Where is it?")
			w.pass(time.Minute)
			former := w.only().ID
			w.must(w.desk.Close(ctx, former, ana))
			mia.Reply(root, "Still nothing!")
			w.pass(time.Minute)
			again := w.tickets()[1].ID
			whole := w.asked("noa", "Mine too")
			w.must(w.desk.Merge(ctx, again, ana, former))
			w.must(w.desk.Merge(ctx, whole, ana, again))
			mia.Reply(root, "Well?")
			w.pass(time.Minute)
			want := map[ticket.ID][]string{former: {"Where is it?"}, again: {"Still nothing!", "Well?"}, whole: {"Mine too"}}
			if inner {
				w.must(w.desk.Unmerge(ctx, whole, ana, former))
			}
			w.must(w.desk.Unmerge(ctx, whole, ana, again))
			if !inner {
				if diff := cmp.Diff([]string{"Where is it?", "Still nothing!", "Well?"}, w.said(again)); diff != "" {
					t.Errorf("with its part it holds (-want +got):\n%s", diff)
				}
				w.must(w.desk.Unmerge(ctx, again, ana, former))
			}
			for id, texts := range want {
				if diff := cmp.Diff(texts, w.said(id)); diff != "" {
					t.Errorf("ticket %s (-want +got):\n%s", id, diff)
				}
			}
		})
	}
}

func TestTicketsThatTurnedOutToBeOneConversationKeepEachItsOwnWhenTakenApart(t *testing.T) {
	t.Parallel()
	for _, minutes := range [][2]int{{1, 10}, {10, 1}} {
		t.Run(fmt.Sprint(minutes), func(t *testing.T) {
			t.Parallel()
			w, at := later(t)
			known, nameless := said("1", "mia", "p", "p", "Where is it?", at(minutes[0])), said("2", "", "p", "p", "And mine?", at(minutes[1]))
			results := w.ingest(known, nameless)
			nameless.Message.Author.ID = "mia"
			w.ingest(nameless)
			whole, part := results[0].Ticket, results[1].Ticket
			if w.ticket(whole).MergedInto != "" {
				whole, part = part, whole
			}
			w.must(w.desk.Unmerge(t.Context(), whole, ana, part))
			for i, text := range []string{"Where is it?", "And mine?"} {
				if diff := cmp.Diff([]string{text}, w.said(results[i].Ticket)); diff != "" {
					t.Errorf("messages (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestAMessageWhoseRootBecomesKnownWhileItsTicketIsAPartGoesWithIt(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	whole := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)))[0].Ticket
	part := w.ingest(said("2", "noa", "", "x", "And mine?", at(2)))[0].Ticket
	w.must(w.desk.Merge(t.Context(), whole, ana, part))
	w.ingest(said("x", "oli", "q", "q", "Hello", at(0)), said("3", "noa", "q", "q", "Hello?", at(3)))
	w.must(w.desk.Unmerge(t.Context(), whole, ana, part))
	if diff := cmp.Diff([]string{"And mine?", "Hello?"}, w.said(part)); diff != "" {
		t.Errorf("what left (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Where is it?"}, w.said(whole)); diff != "" {
		t.Errorf("what stayed (-want +got):\n%s", diff)
	}
}

func TestPartiesGoWithTheConversationInWhichTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	whole, part := w.asked("mia", "Where is it?"), w.asked("noa", "And mine?")
	seller := w.asked("oli", "How do I sell?")
	w.must(w.desk.Close(ctx, seller, ana))
	w.must(w.desk.Merge(ctx, whole, ana, part))
	key := w.ticket(seller).Conversations[0]
	w.must(w.desk.AddParty(ctx, whole, ana, socialcrm.Party{Role: ticket.Seller, Conversation: key}))
	w.must(w.desk.Unmerge(ctx, whole, ana, part))
	if got, other := w.ticket(whole), w.ticket(part); got.PartyIn(key) == nil || other.PartyIn(key) != nil {
		t.Errorf("the seller is in %+v and %+v, want the first only", got.Parties, other.Parties)
	}
	w.must(w.desk.Merge(ctx, part, ana, whole))
	w.must(w.desk.Unmerge(ctx, part, ana, whole))
	if got, other := w.ticket(whole), w.ticket(part); got.PartyIn(key) == nil || other.PartyIn(key) != nil {
		t.Errorf("then in %+v and %+v, want the first only", got.Parties, other.Parties)
	}
}

func TestATicketThatLeavesAChainKnowsWhatHappenedThere(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	ctx := t.Context()
	inner, middle, outer := w.ingest(said("1", "mia", "p", "p", "One", at(1)))[0].Ticket, w.ingest(said("2", "noa", "q", "q", "Two", at(2)))[0].Ticket, w.ingest(said("3", "eve", "r", "r", "Three", at(3)))[0].Ticket
	w.must(w.desk.Merge(ctx, middle, ana, inner))
	w.must(w.desk.Merge(ctx, outer, ana, middle))
	w.ingest(posted("b", "p", "1", "Here", at(20)))
	w.must(w.desk.Unmerge(ctx, outer, ana, inner))
	tk := w.ticket(inner)
	if c := clockOn(tk, sla.FirstResponse, ""); c.Verdict != sla.Met || !c.Stopped.Equal(at(20)) {
		t.Errorf("it was answered, and its first response is %+v", c)
	}
}
