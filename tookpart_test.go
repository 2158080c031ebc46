package socialcrm_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// grouped has people write in one private group conversation, one a minute; the ticket is that of whoever wrote first. Each text is the author's name and what follows.
func (w *world) grouped(thread string, authors ...string) (id ticket.ID) {
	w.t.Helper()
	for i, author := range authors {
		w.now = w.now.Add(time.Minute)
		e := said(fmt.Sprint(thread, w.now.Unix(), i), author, thread, "", author+" wants to know in "+thread, w.now)
		e.Message.Visibility = channel.Private
		id = w.ingest(e)[0].Ticket
	}
	w.pass(time.Minute)
	return id
}

// contactOf is who writes on the platform under a name.
func (w *world) contactOf(author string) (id ticket.ContactID) {
	w.t.Helper()
	w.ok(w.store.View(w.t.Context(), "", func(r ticket.Reader) error {
		known, err := r.Identities(ticket.IdentityKey{Platform: shop.Platform, ID: author})
		if err == nil {
			id = known[0].Contact
		}
		return err
	}))
	if id == "" {
		w.t.Fatalf("nobody knows %s", author)
	}
	return id
}

// erasedFrom erases somebody and checks what of the texts with these words is left.
func (w *world) erasedFrom(author string, gone, stays string) {
	w.t.Helper()
	if len(w.holds(gone)) < 2 || len(w.holds(stays)) < 2 {
		w.t.Fatalf("the test looks in the wrong places: %q, %q", w.holds(gone), w.holds(stays))
	}
	before := w.holds(stays)
	w.ok(w.desk.EraseContact(w.t.Context(), ana, w.contactOf(author)))
	w.pass(time.Hour)
	if where := w.holds(gone); len(where) > 0 {
		w.t.Errorf("%q is still in %q", gone, where)
	}
	if diff := cmp.Diff(before, w.holds(stays)); diff != "" {
		w.t.Errorf("where %q is (-before +after):\n%s", stays, diff)
	}
}

func TestWhatAPartySaidIsErasedAlsoOnceItIsRemoved(t *testing.T) {
	t.Parallel()
	w, id, seller := marketplace(t)
	w.must(w.desk.AddParty(t.Context(), id, ana, seller))
	sol := w.ticket(id).Parties[0].Contact
	w.platform.Customer("sol").Write(w.page, "I send a xyzzy")
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Which xyzzy?", Party: sol}))
	w.pass(time.Minute)
	w.must(w.desk.RemoveParty(t.Context(), id, ana, sol))
	w.pass(time.Minute)
	w.erasedFrom("sol", "xyzzy", "lamp")
}

func TestWhatAMemberOfAGroupSaidIsErased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.grouped("group", "mia", "noa", "zoe", "noa")
	w.erasedFrom("noa", "noa wants", "zoe wants")
	if n := len(w.told(ticket.ContactErased)); n != 2 {
		t.Errorf("%d entries say that somebody was erased, want one of the contact and one of the ticket", n)
	}
	if got := w.ticket(id); got.Status.Done() || got.Contact != w.contactOf("mia") || got.Subject != "mia wants to know in group" {
		t.Errorf("the ticket: %+v", got)
	}
	w.grouped("group", "noa") // who writes on is somebody new
	w.erasedFrom("noa", "noa wants", "zoe wants")
}

func TestWhatAMemberOfAGroupSaidInAMergedTicketIsErasedOnceThatIsUndone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, into := w.grouped("group", "mia"), w.grouped("other", "zoe")
	w.must(w.desk.Merge(t.Context(), into, ana, id))
	w.grouped("group", "noa")
	w.must(w.desk.Unmerge(t.Context(), into, ana, id))
	w.pass(time.Minute)
	w.erasedFrom("noa", "noa wants", "mia wants")
}

func TestWhatEitherOfTwoContactsSaidIsErasedOnceTheirMergeIsUndone(t *testing.T) {
	t.Parallel()
	for name, asOne := range map[string][]string{"in their own group": {"mia", "noa"}, "in the other's own group": {"noa", "mia"}, "in a group of somebody else": {"zoe", "noa", "mia"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.grouped("apart", "noa")
			w.grouped("far", "mia")
			mia, noa := w.contactOf("mia"), w.contactOf("noa")
			w.ok(w.desk.MergeContacts(t.Context(), ana, mia, noa))
			w.grouped("group", asOne...)
			w.ok(w.desk.UnmergeContacts(t.Context(), ana, mia, noa))
			w.pass(time.Minute)
			if asOne[0] == "noa" {
				w.erasedFrom("mia", "mia wants", "noa wants")
				return
			}
			w.erasedFrom("noa", "noa wants", "mia wants")
		})
	}
}

func TestWhatAMemberOfAGroupSaidIsErasedWhenThePlatformToldLaterWhoItWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grouped("group", "mia")
	w.now = w.now.Add(time.Minute)
	e := said("late", "", "group", "", "noa wants to know", w.now)
	e.Message.Visibility = channel.Private
	w.ingest(e)
	e.Message.Author.ID = "noa"
	w.ingest(e)
	w.pass(time.Minute)
	w.erasedFrom("noa", "noa wants", "mia wants")
}

func TestATicketTakenOutOfAnotherIsReleasedInTheJournal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, id := w.asked("mia", "Hello?"), w.asked("noa", "Hello too?")
	w.must(w.desk.Merge(t.Context(), id, ana, other))
	w.pass(time.Minute)
	w.must(w.desk.Unmerge(t.Context(), id, ana, other))
	holder := ""
	for _, e := range w.journal(ticket.JournalQuery{Ticket: other}) {
		if e.Kind != ticket.TicketAssigned {
			continue
		}
		if e.Old != holder {
			t.Errorf("the journal tells that %q held it, and before that it was %q", e.Old, holder)
		}
		holder = e.New
	}
	if got := w.ticket(other).Agent; got != holder || got == "" {
		t.Errorf("it is %q's, the journal says %q's", got, holder)
	}
}
