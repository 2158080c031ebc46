package socialcrm_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// contacts lists the names of contacts as tickets have them.
func (w *world) contacts() (names []string) {
	w.t.Helper()
	for _, tk := range w.tickets() {
		c, err := w.desk.Contact(w.t.Context(), tk.Contact)
		w.ok(err)
		names = append(names, c.Name)
	}
	return names
}

func TestSameAddressIsTheSamePerson(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		a, b channel.Author
		same bool
	}{
		{"the same e-mail address", channel.Author{Email: "Mia@Example.com"}, channel.Author{Email: "mia@example.com"}, true},
		{"the same phone number", channel.Author{Phone: "+31 6 123 45 67"}, channel.Author{Phone: "003161234567"}, true},
		{"another address", channel.Author{Email: "mia@example.com"}, channel.Author{Email: "noa@example.com"}, false},
		{"no address", channel.Author{}, channel.Author{}, false},
		{"a number too short", channel.Author{Phone: "112"}, channel.Author{Phone: "112"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.a.Name, tt.b.Name = "Mia", "M. Miller"
			w.platform.Customer("mia").Describe(tt.a).Post(w.page, "Hello?")
			w.pass(time.Minute)
			w.platform.Customer("mm").Describe(tt.b).Post(w.page, "Hello again?")
			w.pass(time.Minute)
			want := []string{"Mia", "M. Miller"}
			if tt.same {
				want = []string{"Mia", "Mia"}
			}
			if diff := cmp.Diff(want, w.contacts()); diff != "" {
				t.Errorf("contacts (-want +got):\n%s", diff)
			}
			if got := len(w.told(ticket.ContactMerged)) > 0; got != tt.same {
				t.Errorf("the journal tells of a merge: %v", got)
			}
			merged := 0
			for _, c := range w.crm.Contacts() {
				if c.MergedInto != "" {
					merged++
				}
			}
			if (merged == 1) != tt.same {
				t.Errorf("%d contacts of the CRM are merged", merged)
			}
		})
	}
}

func TestMergedContactsComeApartAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	author := channel.Author{Name: "Mia", Email: "home@example.com"}
	w.platform.Customer("mia").Describe(author).Post(w.page, "Hello?")
	w.pass(time.Minute)
	author.Name, author.Phone = "Noa", "+31 6 7654321"
	noa := w.platform.Customer("noa").Describe(author)
	noa.Post(w.page, "Hello too?")
	w.pass(time.Minute)
	mias := w.tickets()[0].Contact
	merged, err := w.desk.Contact(t.Context(), mias)
	w.ok(err)
	if len(merged.Identities) != 2 || len(merged.Phones) != 1 || len(merged.Emails) != 1 {
		t.Fatalf("merged: %+v", merged)
	}
	noas := ticket.ContactID(w.told(ticket.ContactMerged)[0].New)
	noa.Post(w.page, "And another thing")
	w.pass(time.Minute)
	if diff := cmp.Diff([]string{"Mia", "Mia", "Mia"}, w.contacts()); diff != "" {
		t.Fatalf("contacts (-want +got):\n%s", diff)
	}
	by := ana
	by.Key = "apart"
	for range 2 { // the same key: once
		w.ok(w.desk.UnmergeContacts(t.Context(), by, mias, noas))
	}
	w.pass(time.Minute)
	if diff := cmp.Diff([]string{"Mia", "Noa", "Noa"}, w.contacts()); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	apart, err := w.desk.Contact(t.Context(), mias)
	w.ok(err)
	if diff := cmp.Diff([]string{"home@example.com"}, apart.Emails); diff != "" || len(apart.Phones) != 0 || len(apart.Identities) != 1 {
		t.Errorf("what is left of the survivor: %+v", apart)
	}
	// The same address does not merge them again.
	noa.Post(w.page, "Hello?")
	w.pass(time.Hour)
	if names := w.contacts(); names[len(names)-1] != "Noa" {
		t.Errorf("contacts %q", names)
	}
	for _, c := range w.crm.Contacts() {
		if c.MergedInto != "" {
			t.Errorf("the CRM still has %s as merged into %s", c.Key, c.MergedInto)
		}
	}
	for _, c := range w.crm.Cases() {
		tk, err := w.desk.Ticket(t.Context(), ticket.ID(c.Key))
		w.ok(err)
		if c.Contact != string(tk.Contact) {
			t.Errorf("case %s is of contact %s, its ticket of %s", c.Key, c.Contact, tk.Contact)
		}
	}
	if err := w.desk.UnmergeContacts(t.Context(), ana, mias, noas); !errors.Is(err, socialcrm.ErrInvalid) {
		t.Errorf("unmerged once more: %v, want ErrInvalid", err)
	}
	w.ok(w.desk.MergeContacts(t.Context(), ana, mias, noas)) // a person may
	if names := w.contacts(); names[0] != "Mia" || names[1] != "Mia" {
		t.Errorf("contacts %q", names)
	}
	if err := w.desk.MergeContacts(t.Context(), ana, mias, "nobody"); !errors.Is(err, socialcrm.ErrNotFound) {
		t.Errorf("merged with nobody: %v, want ErrNotFound", err)
	}
	if err := w.desk.MergeContacts(t.Context(), by, mias, noas); !errors.Is(err, socialcrm.ErrConflict) {
		t.Errorf("the key of another call: %v, want ErrConflict", err)
	}
}

func TestWhatIsLearntLaterDoesNotMergeWhatAPersonTookApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	author := channel.Author{Name: "Mia", Email: "home@example.com"}
	w.platform.Customer("mia").Describe(author).Post(w.page, "Hello?")
	w.pass(time.Minute)
	w.crm.SetDown(true)
	author.Name = "Noa"
	w.platform.Customer("noa").Describe(channel.Author{Name: "Noa", Phone: "+31 6 7654321"}).Post(w.page, "Hello too?")
	w.pass(time.Minute)
	mias, noas := w.tickets()[0].Contact, w.tickets()[1].Contact
	w.ok(w.desk.MergeContacts(t.Context(), ana, mias, noas))
	w.ok(w.desk.UnmergeContacts(t.Context(), ana, mias, noas))
	w.crm.AddPerson(crm.Person{Ref: "003", Emails: []string{"home@example.com"}}, crm.Identity{Platform: "fakebook", Author: channel.Author{ID: "noa"}})
	w.crm.SetDown(false)
	w.pass(time.Hour)
	if c, err := w.desk.Contact(t.Context(), noas); err != nil || len(c.Emails) != 1 {
		t.Fatalf("noa: %+v, %v; want the address of the household", c, err)
	}
	if diff := cmp.Diff([]string{"Mia", "Noa"}, w.contacts()); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
}

func TestWhoWasBlockedOnlyByAMergeIsServedAgainOnceApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	mia, noa := w.asked("mia", "Hello?"), w.asked("noa", "You fools!")
	mias, noas := w.ticket(mia).Contact, w.ticket(noa).Contact
	w.must(w.desk.Block(ctx, noa, ana, "insults"))
	blocked := func() (all [2]bool) {
		for i, id := range []ticket.ContactID{mias, noas} {
			c, err := w.desk.Contact(ctx, id)
			w.ok(err)
			all[i] = c.Blocked
		}
		return all
	}
	w.ok(w.desk.MergeContacts(ctx, ana, mias, noas))
	if got := blocked(); got != [2]bool{true, true} {
		t.Errorf("merged: blocked are %v, want both, who are one", got)
	}
	w.ok(w.desk.UnmergeContacts(ctx, ana, mias, noas))
	if got := blocked(); got != [2]bool{false, true} {
		t.Errorf("apart again: blocked are %v, want noa alone", got)
	}
}

func TestContactsOfDifferentKindsShareAnAddressAndStayTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const family = "family@example.com"
	w.crm.AddPerson(crm.Person{Ref: "003", Kind: ticket.Seller, Emails: []string{family}}, crm.Identity{Platform: "fakebook", Author: channel.Author{ID: "sol"}})
	w.platform.Customer("sol").Post(w.page, "How do I sell?")
	w.pass(time.Minute)
	w.crm.SetDown(true) // it would take mia for the seller
	w.platform.Customer("mia").Describe(channel.Author{Name: "Mia", Email: family}).Post(w.page, "Hello?")
	w.pass(time.Minute)
	if told := w.told(ticket.ContactMerged); len(told) != 0 {
		t.Errorf("a seller and a customer were merged: %+v", told)
	}
}

func TestATicketHasThePromiseOfWhoItsCustomerTurnsOutToBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(golden())
	w.crm.AddPerson(crm.Person{Ref: "003", Tier: "gold"}, crm.Identity{Platform: "fakebook", Author: channel.Author{ID: "mia"}})
	gold := w.ticket(w.asked("mia", "Hello?")).Contact
	id := w.asked("mm", "Hello again?")
	w.ok(w.desk.MergeContacts(t.Context(), ana, gold, w.ticket(id).Contact))
	if c := w.clock(id, sla.FirstResponse); c.Policy != "gold" || !c.Due.Equal(c.Started.Add(10*time.Minute)) {
		t.Errorf("first response is promised by %q for %s, want by gold for ten minutes after %s", c.Policy, c.Due, c.Started)
	}
}
