package socialcrm_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// related is a company that relates tickets as the Desk does by itself. Ana and Ida both handle care, and who writes on another channel too, or three times, is urgent.
func related() socialcrm.Setup {
	s := company()
	s.Related = socialcrm.Related{}
	s.Agents[0].Capacity = 4
	s.Agents = append(s.Agents, routing.Agent{Name: "ida", Teams: []string{"care"}, Capacity: 4, AlwaysOn: true})
	for i := range s.Lanes {
		s.Lanes[i].Priorities = []routing.PriorityRule{
			{When: rule.Condition{Fact: "also_on", Exists: new(true)}, Priority: ticket.Urgent},
			{When: rule.Condition{Fact: "unanswered", Min: new(3.0)}, Priority: ticket.High},
		}
	}
	return s
}

// dm is a customer's private message.
func dm(id, author, text string, at time.Time) channel.Event {
	e := said(id, author, "dm-"+author, "", text, at)
	e.Message.Visibility = channel.Private
	return e
}

func TestWhatOneCustomerWritesOnAnotherChannelWithinTheHourIsRelatedAndGoesToOneAgent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		minute int
		want   bool
	}{{"within the hour", 50, true}, {"at its end", 60, true}, {"later", 61, false}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, at := laterWith(t, related())
			w.now = at(120)
			first := w.ingest(said("1", "mia", "p", "p", "Where is my parcel?", at(0)), said("x", "noa", "p", "p", "Mine too", at(0)))[0].Ticket
			second := w.ingest(dm("2", "mia", "My number is 7", at(test.minute)))[0].Ticket
			a, b := w.ticket(first), w.ticket(second)
			if a.RelatedTo(second) != test.want || b.RelatedTo(first) != test.want {
				t.Fatalf("related are %v and %v, want it to be %t", a.Related, b.Related, test.want)
			}
			if !test.want {
				return
			}
			if a.Agent == "" || a.Agent != b.Agent {
				t.Errorf("the tickets are with %q and %q, want one agent", a.Agent, b.Agent)
			}
			if a.Priority != ticket.Urgent || b.Priority != ticket.Urgent {
				t.Errorf("they are %s and %s, want urgent", a.Priority, b.Priority)
			}
			if n := count(w.kinds(first), ticket.TicketRelated) + count(w.kinds(second), ticket.TicketRelated); n != 2 {
				t.Errorf("the journals tell it %d times, want once each", n)
			}
			w.ingest(dm("3", "mia", "Hello?", at(test.minute+1)))
			if n := count(w.kinds(second), ticket.TicketRelated); n != 1 {
				t.Errorf("told %d times after a further message, want once", n)
			}
		})
	}
}

func count(kinds []ticket.EntryKind, kind ticket.EntryKind) (n int) {
	for _, k := range kinds {
		if k == kind {
			n++
		}
	}
	return n
}

func TestTheCRMsCasesOfRelatedTicketsNameEachOther(t *testing.T) {
	t.Parallel()
	w, at := laterWith(t, related())
	first := w.ingest(said("1", "mia", "p", "p", "Where is my parcel?", at(0)))[0].Ticket
	w.pass(time.Minute)
	second := w.ingest(dm("2", "mia", "My number is 7", at(40)))[0].Ticket
	w.pass(time.Minute)
	named := func() map[string][]string {
		names := make(map[string][]string)
		for _, c := range w.crm.Cases() {
			names[c.Key] = c.Related
		}
		return names
	}
	if diff := cmp.Diff(map[string][]string{string(first): {string(second)}, string(second): {string(first)}}, named()); diff != "" {
		t.Errorf("related cases (-want +got):\n%s", diff)
	}
	w.must(w.desk.Unrelate(t.Context(), first, ana, second))
	w.pass(time.Minute)
	if diff := cmp.Diff(map[string][]string{string(first): nil, string(second): nil}, named()); diff != "" {
		t.Errorf("once they are two matters (-want +got):\n%s", diff)
	}
}

func TestRelatedWhateverArrivesFirstAndInOneBatch(t *testing.T) {
	t.Parallel()
	for _, batch := range []bool{false, true} {
		for _, order := range [][2]int{{0, 1}, {1, 0}} {
			w, at := laterWith(t, related())
			story := []channel.Event{said("1", "mia", "p", "p", "Where is my parcel?", at(0)), dm("2", "mia", "My number is 7", at(40))}
			events := []channel.Event{story[order[0]], story[order[1]]}
			if batch {
				w.ingest(events...)
			} else {
				w.ingest(events[0])
				w.ingest(events[1])
			}
			for _, got := range w.tickets() {
				if len(got.Related) != 1 || got.Priority != ticket.Urgent {
					t.Errorf("batch %t, order %v: %q has %v and is %s", batch, order, got.Subject, got.Related, got.Priority)
				}
			}
		}
	}
}

func TestThirdMessageWithoutAnAnswerAndAnotherChannelAreFactsOfADeskFile(t *testing.T) {
	t.Parallel()
	setup, err := socialcrm.ParseSetup([]byte(`{
  "lanes": [{"name": "care", "priorities": [
    {"when": {"all": [{"fact": "unanswered", "min": 3}, {"fact": "also_on", "exists": true}]}, "priority": "urgent"},
    {"when": {"any": [{"fact": "unanswered", "min": 3}, {"fact": "also_on", "equals": "fakebook/shop"}]}, "priority": "high"}]}],
  "related": {"within": "30m"}
}`))
	if err != nil {
		t.Fatal(err)
	}
	w, at := laterWith(t, setup)
	id := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(0)))[0].Ticket
	is := func(want ticket.Priority) {
		t.Helper()
		if got := w.ticket(id).Priority; got != want {
			t.Errorf("it is %s, want %s", got, want)
		}
	}
	w.ingest(said("2", "mia", "p", "p", "Hello?", at(1)))
	is(ticket.Normal)
	w.ingest(said("3", "mia", "p", "p", "Hello???", at(2)))
	is(ticket.High)
	other := w.ingest(dm("4", "mia", "Where is it?", at(20)))[0].Ticket
	is(ticket.Urgent)
	if got := w.ticket(other).Priority; got != ticket.High {
		t.Errorf("the private one is %s, want high", got)
	}
}

func TestOneMatterIsMergedWhereTheRuleSaysSoAndUnmergeUndoesIt(t *testing.T) {
	t.Parallel()
	s := related()
	s.Related.Merge = rule.Condition{Fact: "text", Word: "parcel"}
	w, at := laterWith(t, s)
	first := w.ingest(said("1", "mia", "p", "p", "Where is my parcel?", at(0)))[0].Ticket
	result := w.ingest(dm("2", "mia", "Where is my parcel? It is no. 7", at(10)))[0]
	if result.Ticket != first {
		t.Errorf("the message is in ticket %s, want %s", result.Ticket, first)
	}
	got := w.unmerged()
	if len(got) != 1 || len(got[0].Absorbed) != 1 || len(got[0].Related) != 0 {
		t.Fatalf("tickets: %+v", got)
	}
	if diff := cmp.Diff([]string{"Where is my parcel?", "Where is my parcel? It is no. 7"}, w.said(first)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	second := got[0].Absorbed[0]
	for _, line := range []string{"", string(second)} {
		if c := clockOn(got[0], sla.FirstResponse, line); c.Verdict != sla.Running {
			t.Errorf("the first response on line %q is %q, want running: each is answered on its channel", line, c.Verdict)
		}
	}
	w.must(w.desk.Unmerge(t.Context(), first, ana, second))
	w.ingest(dm("3", "mia", "And my other parcel?", at(11)))
	if got := w.unmerged(); len(got) != 2 || got[0].RelatedTo(got[1].ID) {
		t.Errorf("what a person took apart was joined again: %+v", got)
	}
}

func TestUnrelateTakesBackWhatOnlySeemedOneMatter(t *testing.T) {
	t.Parallel()
	w, at := laterWith(t, related())
	first, second := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(0)))[0].Ticket, w.ingest(dm("2", "mia", "Your shop is nice", at(1)))[0].Ticket
	w.must(w.desk.Unrelate(t.Context(), first, ana, second))
	w.ingest(dm("3", "mia", "Really", at(2)))
	if a, b := w.ticket(first), w.ticket(second); len(a.Related)+len(b.Related) != 0 {
		t.Errorf("still related: %v, %v", a.Related, b.Related)
	}
	if _, err := w.desk.Unrelate(t.Context(), first, ana, second); !errors.Is(err, socialcrm.ErrInvalid) {
		t.Errorf("again: %v, want ErrInvalid", err)
	}
}

func TestWhoeverTakesOneOfRelatedTicketsGetsTheOtherThatWaits(t *testing.T) {
	t.Parallel()
	s := related()
	for i := range s.Agents {
		s.Agents[i].AlwaysOn = false
	}
	w, at := laterWith(t, s)
	first, second := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(0)))[0].Ticket, w.ingest(dm("2", "mia", "My number is 7", at(1)))[0].Ticket
	w.ingest(said("3", "noa", "p", "p", "Mine too", at(2)), said("4", "oli", "p", "p", "And mine", at(3)))
	w.ok(w.desk.SetPresence(t.Context(), ana, "ida", ticket.Available))
	w.ok(w.desk.SetPresence(t.Context(), ana, "ana", ticket.Available))
	if a, b := w.ticket(first).Agent, w.ticket(second).Agent; a == "" || a != b {
		t.Errorf("the tickets are with %q and %q, want one agent", a, b)
	}
}

func TestContactsWhoTurnOutToBeOnePersonHaveTheirTicketsRelated(t *testing.T) {
	t.Parallel()
	w, at := laterWith(t, related())
	first, second := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(0)))[0].Ticket, w.ingest(dm("2", "mia77", "My number is 7", at(30)))[0].Ticket
	mia, other := w.ticket(first).Contact, w.ticket(second).Contact
	w.ok(w.desk.MergeContacts(t.Context(), ana, mia, other))
	w.pass(time.Second)
	if a, b := w.ticket(first), w.ticket(second); !a.RelatedTo(second) || !b.RelatedTo(first) || b.Priority != ticket.Urgent {
		t.Errorf("related are %v and %v", a.Related, b.Related)
	}
	w.ok(w.desk.UnmergeContacts(t.Context(), ana, mia, other))
	w.pass(time.Second)
	if a, b := w.ticket(first), w.ticket(second); len(a.Related)+len(b.Related) != 0 {
		t.Errorf("of two people they are still related: %v, %v", a.Related, b.Related)
	}
}

func TestRelatingCostsNothingWhereTheCustomerWritesOnOneChannel(t *testing.T) {
	t.Parallel()
	w := newCounted(t, 10)
	s := company()
	s.Related = socialcrm.Related{}
	if err := w.desk.Apply(t.Context(), ana, s); err != nil {
		t.Fatal(err)
	}
	if n := w.calls(w.message("first", "one"))["ListTickets"]; n != 0 {
		t.Errorf("%d lists for a newcomer, want none", n)
	}
	for range 2 {
		calls := w.calls(w.message("second"+w.now.String(), "one"))
		w.now = w.now.Add(time.Minute)
		if calls["ListTickets"] != 0 || calls["Tickets"] != 1 || calls["PutContact"] != 0 {
			t.Errorf("a further message takes %v", calls)
		}
	}
	private := w.message("third", "two")
	private.Message.Author, private.Message.Visibility = w.message("", "one").Message.Author, channel.Private
	if calls := w.calls(private); calls["ListTickets"] != 1 || calls["PutContact"] != 1 {
		t.Errorf("the first message on another channel takes %v", calls)
	}
	for _, e := range []channel.Event{w.message("fourth", "one"), private} {
		e.Message.ID += "again"
		if calls := w.calls(e); calls["ListTickets"] != 1 || calls["PutContact"] != 0 {
			t.Errorf("a further message of who writes on two channels takes %v", calls)
		}
	}
}
