package socialcrm_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// marketplace is a buyer's ticket, and a seller who wrote in private before about something else, which is done.
func marketplace(t *testing.T) (w *world, id ticket.ID, seller socialcrm.Party) {
	w = staffed(t)
	w.platform.Customer("sol").Write(w.page, "How do I change my shop's name?")
	w.pass(time.Minute)
	before := w.only()
	w.must(w.desk.Resolve(t.Context(), before.ID, ana, ""))
	seller = socialcrm.Party{Role: ticket.Seller, Conversation: before.Conversations[0]}
	return w, w.asked("mia", "The lamp from Sol's shop is broken"), seller
}

func (w *world) clock(id ticket.ID, m sla.Metric) sla.Clock {
	w.t.Helper()
	c, ok := w.ticket(id).Clocks.Clock(m)
	if !ok {
		w.t.Fatalf("no clock %s", m)
	}
	return c
}

func TestASellerJoinsTheBuyersTicket(t *testing.T) {
	t.Parallel()
	w, id, seller := marketplace(t)
	ctx := t.Context()
	by := ana
	by.Key = "add"
	first := w.must(w.desk.AddParty(ctx, id, by, seller))
	if again := w.must(w.desk.AddParty(ctx, id, by, seller)); !cmp.Equal(first, again) {
		t.Errorf("the second receipt differs: %+v, %+v", first, again)
	}
	sol := w.ticket(id).Parties[0].Contact
	w.must(w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "Sol, will you replace the lamp?", Party: sol, Then: ticket.OnHold}))
	w.pass(time.Minute)
	if got := w.platform.Customer("sol").Sees(); got[len(got)-1] != "Sol, will you replace the lamp?" {
		t.Errorf("sol sees %q", got)
	}
	if got := w.platform.Customer("mia").Sees(); len(got) != 1 {
		t.Errorf("mia sees %q, want only her own question", got)
	}
	got := w.ticket(id)
	if got.Status != ticket.OnHold || !got.Answered.IsZero() || w.clock(id, sla.FirstResponse).Verdict != sla.Running {
		t.Errorf("asking the seller: %s, answered %s, first response %q; want on-hold, and no answer to the customer", got.Status, got.Answered, w.clock(id, sla.FirstResponse).Verdict)
	}
	due := w.clock(id, sla.FirstResponse).Due

	w.platform.Customer("sol").Write(w.page, "Yes, tomorrow.")
	w.pass(time.Minute)
	got = w.ticket(id)
	if len(w.tickets()) != 2 || got.Status != ticket.Open || !got.CustomerWrote.Before(w.last(id, ticket.MessageReceived).Happened) {
		t.Errorf("the seller's answer: %d tickets, %s, the customer wrote at %s", len(w.tickets()), got.Status, got.CustomerWrote)
	}
	if c := w.clock(id, sla.FirstResponse); !c.Due.Equal(due) || c.Verdict != sla.Running {
		t.Errorf("the seller's answer moved the buyer's clock: %+v", c)
	}
	if e := w.last(id, ticket.MessageReceived); e.Actor.Kind != ticket.ByParty || e.Clock != nil {
		t.Errorf("the journal says %+v", e)
	}

	w.must(w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "You get a new one tomorrow, Mia.", Then: ticket.Solved}))
	w.pass(time.Minute)
	if got := w.platform.Customer("mia").Sees(); len(got) != 2 {
		t.Errorf("mia sees %q", got)
	}
	if c := w.clock(id, sla.FirstResponse); c.Verdict != sla.Met {
		t.Errorf("answering the buyer: first response is %q", c.Verdict)
	}
	w.platform.Customer("sol").Write(w.page, "It is sold out, sorry.")
	w.pass(time.Minute)
	if got := w.ticket(id); got.Status != ticket.Open || got.Agent != "ana" || w.clock(id, sla.FirstResponse).Verdict != sla.Met {
		t.Errorf("the seller writes on a solved ticket: %s with %q", got.Status, got.Agent)
	}

	for _, c := range w.crm.Cases() {
		if c.Key == string(id) {
			if diff := cmp.Diff([]crm.Party{{Contact: string(sol), Role: ticket.Seller}}, c.Parties); diff != "" {
				t.Errorf("the CRM's parties (-want +got):\n%s", diff)
			}
		}
	}
	var from []string
	for _, in := range w.crm.Interactions(string(id)) {
		from = append(from, string(in.Direction)+" "+in.Party)
	}
	s := " " + string(sol)
	if diff := cmp.Diff([]string{"in ", "out" + s, "in" + s, "out ", "in" + s}, from); diff != "" {
		t.Errorf("the CRM's interactions (-want +got):\n%s", diff)
	}

	w.must(w.desk.RemoveParty(ctx, id, ana, sol))
	w.platform.Customer("sol").Write(w.page, "Something else")
	w.pass(time.Minute)
	if all := w.tickets(); len(all) != 3 || len(w.ticket(id).Parties) != 0 || len(w.ticket(id).Conversations) != 1 {
		t.Errorf("once the seller is out: %d tickets, %+v", len(all), w.ticket(id))
	}
	list, err := w.desk.Messages(ctx, ticket.MessageQuery{Ticket: id})
	w.ok(err)
	if len(list.Items) != 5 {
		t.Errorf("%d messages are left in the ticket, want 5", len(list.Items))
	}
}

func TestAnAnswerToThePartyInThePlatformsOwnAppIsNoneToTheCustomer(t *testing.T) {
	t.Parallel()
	w, id, seller := marketplace(t)
	w.must(w.desk.AddParty(t.Context(), id, ana, seller))
	m := w.platform.Customer("sol").Write(w.page, "What happened?")
	w.pass(time.Minute)
	w.page.Answer(m, "The lamp is broken.", "")
	w.pass(time.Minute)
	if c := w.clock(id, sla.FirstResponse); c.Verdict != sla.Running {
		t.Errorf("first response is %q", c.Verdict)
	}
	list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: id})
	w.ok(err)
	for _, m := range list.Items[1:] {
		if m.Party == "" {
			t.Errorf("message %q names no party", m.Content.Text)
		}
	}
}

func TestAPartyGoesAlongWithAMerge(t *testing.T) {
	t.Parallel()
	w, id, seller := marketplace(t)
	ctx := t.Context()
	w.must(w.desk.AddParty(ctx, id, ana, seller))
	other := w.asked("mia", "And the invoice is wrong")
	w.must(w.desk.Merge(ctx, other, ana, id))
	w.platform.Customer("sol").Write(w.page, "I know.")
	w.pass(time.Minute)
	if got := w.ticket(other); len(got.Parties) != 1 || w.last(other, ticket.MessageReceived).Actor.Kind != ticket.ByParty {
		t.Errorf("parties of the survivor: %+v", got.Parties)
	}
	w.must(w.desk.Unmerge(ctx, other, ana, id))
	if got := w.ticket(other).Parties; len(got) != 0 {
		t.Errorf("the survivor keeps %+v", got)
	}
	w.platform.Customer("sol").Write(w.page, "Well?")
	w.pass(time.Minute)
	if w.last(id, ticket.MessageReceived).Actor.Kind != ticket.ByParty {
		t.Error("the party does not write in its own ticket again")
	}
}

func TestWhoCannotBeAParty(t *testing.T) {
	t.Parallel()
	w, id, seller := marketplace(t)
	ctx := t.Context()
	own := w.ticket(id)
	add := func(id ticket.ID, p socialcrm.Party) error { _, err := w.desk.AddParty(ctx, id, ana, p); return err }
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, add(id, socialcrm.Party{Conversation: seller.Conversation})) // in which role?
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, add(id, socialcrm.Party{Role: ticket.Seller, Conversation: own.Conversations[0]}))
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, add(id, socialcrm.Party{Contact: own.Contact, Role: ticket.Seller, Conversation: seller.Conversation}))
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, add(id, socialcrm.Party{Contact: "nobody", Role: ticket.Seller, Conversation: seller.Conversation}))
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, add(id, socialcrm.Party{Role: ticket.Seller, Conversation: ticket.ConversationKey{Thread: "none"}}))
	noa := w.ticket(w.asked("noa", "Hello?"))
	w.refused(socialcrm.ErrConflict, socialcrm.Receipt{}, add(id, socialcrm.Party{Role: ticket.Partner, Conversation: noa.Conversations[0]}))
	_, err := w.desk.RemoveParty(ctx, id, ana, noa.Contact)
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, err)
	w.must(w.desk.AddParty(ctx, id, ana, seller))
	_, err = w.desk.MovePrivate(ctx, id, ana, socialcrm.Reply{Text: "Come here", Party: w.ticket(id).Parties[0].Contact})
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	_, err = w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "Hi", Party: noa.Contact})
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, err)
	w.must(w.desk.Close(ctx, id, ana))
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, add(id, seller))
	// What the party writes once the ticket is closed is a matter of its own.
	w.platform.Customer("sol").Write(w.page, "Hello?")
	w.pass(time.Minute)
	all := w.tickets()
	if got := all[len(all)-1]; got.FollowUpOf != id || got.Contact == own.Contact || w.last(got.ID, ticket.MessageReceived).Actor.Kind != ticket.ByCustomer {
		t.Errorf("the follow-up is %+v", got)
	}
}

func TestAPartyIsAnsweredInItsOwnConversationOnly(t *testing.T) {
	t.Parallel()
	w, id, seller := marketplace(t)
	ctx := t.Context()
	w.must(w.desk.AddParty(ctx, id, ana, seller))
	sol := w.ticket(id).Parties[0].Contact
	list, err := w.desk.Messages(ctx, ticket.MessageQuery{Ticket: id})
	w.ok(err)
	_, err = w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "Hi", Party: sol, InReplyTo: list.Items[0].Key})
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	w.platform.Customer("sol").Write(w.page, "Hello?")
	w.pass(time.Minute)
	r := w.must(w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "Hi Sol", InReplyTo: w.last(id, ticket.MessageReceived).Message}))
	out := w.sentTo(id)
	if out.Visibility != channel.Private || len(r.Messages) != 1 {
		t.Errorf("the answer goes to %+v", out)
	}
	w.pass(time.Minute)
	if c := w.clock(id, sla.FirstResponse); c.Verdict != sla.Running {
		t.Errorf("first response is %q", c.Verdict)
	}
}

func TestWhatNeverReachedAPartyTakesNoAnswerFromTheCustomer(t *testing.T) {
	t.Parallel()
	w, id, seller := marketplace(t)
	ctx := t.Context()
	w.must(w.desk.AddParty(ctx, id, ana, seller))
	w.answer(id, "We look into it, Mia.")
	key := w.must(w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "Sol, is it true?", Party: w.ticket(id).Parties[0].Contact})).Messages[0]
	w.pass(time.Minute)
	var post string
	w.ok(w.store.View(ctx, "", func(r ticket.Reader) error {
		found, err := r.Messages(key)
		if err == nil {
			post = found[0].Content.ID
		}
		return err
	}))
	w.ingest(receipt("1", channel.ReceiptFailed, time.Time{}, post))
	if e := w.last(id, ticket.ReplyFailed); e.Message != key || e.Clock != nil {
		t.Errorf("the journal says %+v, want that it moved no clock", e)
	}
	if c := w.clock(id, sla.FirstResponse); c.Verdict != sla.Met {
		t.Errorf("first response is %q", c.Verdict)
	}
}

func TestAPartyIsAddedOnceAndIsKnownByWhatItsContactBecame(t *testing.T) {
	t.Parallel()
	w, id, seller := marketplace(t)
	ctx := t.Context()
	for range 2 {
		w.must(w.desk.AddParty(ctx, id, ana, seller))
	}
	if n := countKind(w.kinds(id), ticket.PartyAdded); n != 1 {
		t.Errorf("the journal tells %d times that the seller joined, want once", n)
	}
	noa := w.ticket(w.asked("noa", "Hello?")).Contact
	w.ok(w.desk.MergeContacts(ctx, ana, noa, w.ticket(id).Parties[0].Contact))
	w.must(w.desk.RemoveParty(ctx, id, ana, noa))
	if got := w.ticket(id).Parties; len(got) != 0 {
		t.Errorf("parties %+v, want none", got)
	}
}

func TestAPartyIsItselfAgainOnceAMergeOfContactsIsUndone(t *testing.T) {
	t.Parallel()
	w, id, seller := marketplace(t)
	ctx := t.Context()
	sol, other := w.tickets()[0].Contact, w.ticket(w.asked("sol2", "Hello")).Contact
	w.ok(w.desk.MergeContacts(ctx, ana, other, sol))
	w.must(w.desk.AddParty(ctx, id, ana, seller))
	w.platform.Customer("sol").Write(w.page, "I will send a new one")
	w.pass(time.Minute)
	w.must(w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "Thank you, Sol.", Party: other}))
	w.pass(time.Minute)
	if p := w.ticket(id).Parties; len(p) != 1 || p[0].Contact != other {
		t.Fatalf("parties: %+v, want contact %s, of which sol is a part", p, other)
	}
	w.ok(w.desk.UnmergeContacts(ctx, ana, other, sol))
	w.pass(time.Minute)
	if p := w.ticket(id).Parties; len(p) != 1 || p[0].Contact != sol {
		t.Errorf("parties: %+v, want contact %s", p, sol)
	}
	list, err := w.desk.Messages(ctx, ticket.MessageQuery{Ticket: id})
	w.ok(err)
	for _, m := range list.Items {
		if (m.Conversation == seller.Conversation) != (m.Party == sol) || m.Party == other {
			t.Errorf("%q was said by, or to, %q", m.Content.Text, m.Party)
		}
	}
	for _, in := range w.crm.Interactions(string(id)) {
		if in.Party == string(other) {
			t.Errorf("the CRM says that %q was said by, or to, %q", in.Text, in.Party)
		}
	}
	w.platform.Customer("sol").Write(w.page, "It is on its way")
	w.pass(time.Minute)
	if m := w.newest(id); m.Party != sol {
		t.Errorf("what she writes now is said by %q, want %s", m.Party, sol)
	}
}

func TestAPartyWhoseConversationMovedIsReachedWhereItIsNow(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	nameless := said("1", "", "p", "p", "How do I sell?", at(1))
	sold := w.ingest(nameless)[0].Ticket
	before := w.ticket(sold).Conversations[0]
	nameless.Message.Author.ID = "sol"
	w.ingest(nameless)
	w.must(w.desk.Resolve(t.Context(), sold, ana, ""))
	id := w.ingest(said("2", "mia", "q", "q", "The lamp is broken", at(10)))[0].Ticket
	w.must(w.desk.AddParty(t.Context(), id, ana, socialcrm.Party{Role: ticket.Seller, Conversation: before}))
	if got := w.ticket(id).Parties[0].Conversation; got == before || got != w.ticket(sold).Conversations[0] {
		t.Errorf("the party is reached in %+v", got)
	}
	if r := w.ingest(said("3", "sol", "p", "p", "I send another one.", at(20)))[0]; r.Ticket != id {
		t.Errorf("what the party writes is %s in ticket %s, want %s", r.Outcome, r.Ticket, id)
	}
}

func TestACRMThatNeverHeardOfAPartyIsToldWhoItIs(t *testing.T) {
	t.Parallel()
	w, id, seller := marketplace(t)
	late := crmtest.New(crmtest.Options{Name: "late", Now: func() time.Time { return w.now }})
	w.ok(w.desk.AddSink(late))
	w.must(w.desk.AddParty(t.Context(), id, ana, seller))
	w.pass(time.Minute)
	sol := string(w.ticket(id).Parties[0].Contact)
	if !slices.ContainsFunc(late.Contacts(), func(c crmtest.Contact) bool { return c.Key == sol }) {
		t.Errorf("the CRM knows %+v, and not the party %s", late.Contacts(), sol)
	}
}

func TestWhatAPartyWroteBeforeTheLatestAnswerMakesNothingLate(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	sold := w.ingest(said("1", "sol", "p", "p", "How do I sell?", at(1)))[0].Ticket
	w.must(w.desk.Resolve(t.Context(), sold, ana, ""))
	id := w.ingest(said("2", "mia", "q", "q", "The lamp is broken", at(3)))[0].Ticket
	w.must(w.desk.AddParty(t.Context(), id, ana, socialcrm.Party{Role: ticket.Seller, Conversation: w.ticket(sold).Conversations[0]}))
	w.ingest(posted("3", "q", "2", "We look into it", at(10)), said("4", "sol", "p", "p", "It is mine", at(5)))
	if w.ticket(id).Late || len(w.told(ticket.TicketLate)) != 0 || w.newest(id).Party == "" && len(w.said(id)) != 3 {
		t.Errorf("it counts as late: %+v", w.told(ticket.TicketLate))
	}
}
