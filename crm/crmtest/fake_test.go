package crmtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func newFake(o Options) *Fake {
	o.Now = func() time.Time { return noon }
	return New(o)
}

func TestFakeNamesItself(t *testing.T) {
	t.Parallel()
	if got := New(Options{}).Name(); got != "crm" {
		t.Errorf("Name() = %q, want crm", got)
	}
	if got := New(Options{Name: "desk-crm"}).Name(); got != "desk-crm" {
		t.Errorf("Name() = %q, want desk-crm", got)
	}
}

func TestFakeCountsWritesAndKeepsTheOrderOfTheFirst(t *testing.T) {
	t.Parallel()
	f := newFake(Options{})
	c := sampleChange("a", 2)
	push(t, f, c)
	edited := c
	edited.Interactions = []crm.Interaction{c.Interactions[1], c.Interactions[0]}
	push(t, f, edited)

	var got []string
	for _, in := range f.Interactions("case-a") {
		got = append(got, in.Key+" "+in.Ref)
		if in.Writes != 2 {
			t.Errorf("%s was written %d times, want 2", in.Key, in.Writes)
		}
	}
	if diff := cmp.Diff([]string{"in-a-1 interaction-1", "in-a-2 interaction-2"}, got); diff != "" {
		t.Errorf("interactions (-want +got):\n%s", diff)
	}
	if got := f.Cases(); len(got) != 1 || got[0].Ref != "case-1" || got[0].Writes != 2 || got[0].Contact != "contact-a" {
		t.Errorf("cases = %+v", got)
	}
	if got := f.Contacts(); len(got) != 1 || got[0].Ref != "contact-1" || got[0].Writes != 2 {
		t.Errorf("contacts = %+v", got)
	}
	if got := f.Calls(MethodPush); got != 2 {
		t.Errorf("Calls(push) = %d, want 2", got)
	}
	if diff := cmp.Diff([]crm.Change{c, edited}, f.Pushes()); diff != "" {
		t.Errorf("pushes (-want +got):\n%s", diff)
	}
}

func TestFakeGivesCopies(t *testing.T) {
	t.Parallel()
	f := newFake(Options{})
	c := sampleChange("a", 1)
	push(t, f, c)
	c.Case.Tags[0], c.Contact.Emails[0], c.Interactions[0].Text = "changed", "changed", "changed"
	f.Cases()[0].Tags[0] = "changed"
	f.Contacts()[0].Emails[0] = "changed"
	f.Pushes()[0].Case.Tags[0] = "changed"
	want := sampleChange("a", 1)
	if diff := cmp.Diff(*want.Case, f.Cases()[0].Case); diff != "" {
		t.Errorf("case (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(*want.Contact, f.Contacts()[0].Contact); diff != "" {
		t.Errorf("contact (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]crm.Change{want}, f.Pushes()); diff != "" {
		t.Errorf("pushes (-want +got):\n%s", diff)
	}
}

func TestFakeFaults(t *testing.T) {
	t.Parallel()
	account := remote.Scope{Level: remote.LevelAccount, ID: "crm/7"}
	tests := []struct {
		name         string
		fault        Fault
		want         remote.Error
		receipt      crm.Receipt
		interactions int // held afterwards
	}{
		{name: "throttled", fault: Throttle(time.Minute, account), want: remote.Error{Kind: remote.RateLimited, RetryAt: noon.Add(time.Minute), Scope: account}},
		{name: "failing", fault: Fail(remote.Unauthorized), want: remote.Error{Kind: remote.Unauthorized}},
		{name: "cut after the contact", fault: Cut(1), want: remote.Error{Kind: remote.Unavailable}, receipt: crm.Receipt{Refs: crm.Refs{Contact: "contact-1"}}},
		{name: "cut after the case", fault: Cut(2), want: remote.Error{Kind: remote.Unavailable},
			receipt: crm.Receipt{Refs: crm.Refs{Contact: "contact-1", Case: "case-1"}}},
		{name: "cut after an interaction", fault: Cut(3), want: remote.Error{Kind: remote.Unavailable}, interactions: 1,
			receipt: crm.Receipt{Refs: crm.Refs{Contact: "contact-1", Case: "case-1", Interactions: map[string]string{"in-a-1": "interaction-1"}}}},
		{name: "cut behind the end", fault: Cut(9), want: remote.Error{Kind: remote.Unavailable}, interactions: 2,
			receipt: crm.Receipt{Refs: crm.Refs{Contact: "contact-1", Case: "case-1", Interactions: map[string]string{"in-a-1": "interaction-1", "in-a-2": "interaction-2"}}}},
		{name: "answer lost", fault: Lose(), want: remote.Error{Kind: remote.Unknown}, interactions: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(Options{})
			f.Queue(tt.fault)
			receipt, err := f.Push(t.Context(), sampleChange("a", 2))
			got, ok := errors.AsType[*remote.Error](err)
			if !ok {
				t.Fatalf("error = %v, want a *remote.Error", err)
			}
			if got.Kind != tt.want.Kind || got.Scope != tt.want.Scope || !got.RetryAt.Equal(tt.want.RetryAt) {
				t.Errorf("error = %+v, want %+v", got, tt.want)
			}
			if diff := cmp.Diff(tt.receipt, receipt); diff != "" {
				t.Errorf("receipt (-want +got):\n%s", diff)
			}
			if got := len(f.Interactions("case-a")); got != tt.interactions {
				t.Errorf("%d interactions are held, want %d", got, tt.interactions)
			}
			push(t, f, sampleChange("a", 2)) // a fault is for one call
		})
	}
}

func TestFakeStallsUntilTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	f := newFake(Options{})
	f.Queue(Stall())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := f.Push(ctx, sampleChange("a", 1))
	if remote.KindOf(err) != remote.Unknown || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want an unknown outcome by the deadline", err)
	}
	if len(f.Cases()) != 1 {
		t.Error("a stalled push carries everything out")
	}
}

func TestFakeIsDownUntilTold(t *testing.T) {
	t.Parallel()
	f := newFake(Options{})
	f.Queue(Fail(remote.Rejected))
	f.SetDown(true)
	for range 2 {
		if _, err := f.Push(t.Context(), sampleChange("a", 1)); remote.KindOf(err) != remote.Unavailable {
			t.Errorf("down: error = %v, want unavailable", err)
		}
	}
	f.SetDown(false)
	if _, err := f.Push(t.Context(), sampleChange("a", 1)); remote.KindOf(err) != remote.Rejected {
		t.Errorf("up again: error = %v, want the queued fault", err)
	}
	push(t, f, sampleChange("a", 1))
}

func TestFakeFaultsOfOtherMethods(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	calls := map[Method]func(*Fake) error{
		MethodLookup:   func(f *Fake) error { _, _, err := f.Lookup(ctx, crm.Lookup{}); return err },
		MethodChanges:  func(f *Fake) error { _, err := f.Changes(ctx, ""); return err },
		MethodRedact:   func(f *Fake) error { return f.Redact(ctx, crm.Subject{Ticket: "T"}, "i", "") },
		MethodErase:    func(f *Fake) error { return f.Erase(ctx, "c", "") },
		MethodPushLead: func(f *Fake) error { _, err := f.PushLead(ctx, crm.Lead{Key: "l"}); return err },
	}
	for method, call := range calls {
		t.Run(string(method), func(t *testing.T) {
			t.Parallel()
			f := newFake(Options{})
			f.QueueFor(method, Fail(remote.Exhausted), Lose())
			if err := call(f); remote.KindOf(err) != remote.Exhausted {
				t.Errorf("first call: error = %v, want exhausted", err)
			}
			if err := call(f); err == nil || remote.KindOf(err) != remote.Unknown {
				t.Errorf("second call: error = %v, want an unknown outcome", err)
			}
			if err := call(f); err != nil {
				t.Errorf("third call: error = %v, want none", err)
			}
			if got := f.Calls(method); got != 3 {
				t.Errorf("Calls = %d, want 3", got)
			}
		})
	}
}

func TestFakeRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*crm.Change)
		kind   remote.Kind
	}{
		{"two subjects", func(c *crm.Change) { c.Subject.Contact = "C" }, remote.Rejected},
		{"no subject", func(c *crm.Change) { c.Subject = crm.Subject{} }, remote.Rejected},
		{"a ticket without a case", func(c *crm.Change) { c.Case = nil }, remote.Rejected},
		{"a contact with a case", func(c *crm.Change) { c.Subject = crm.Subject{Contact: "C"} }, remote.Rejected},
		{"a contact without one", func(c *crm.Change) { *c = crm.Change{Subject: crm.Subject{Contact: "C"}} }, remote.Rejected},
		{"interactions without a case", func(c *crm.Change) { c.Subject, c.Case = crm.Subject{Contact: "C"}, nil }, remote.Rejected},
		{"an empty key", func(c *crm.Change) { c.Case.Key = "" }, remote.Rejected},
		{"a key with a capital", func(c *crm.Change) { c.Interactions[0].Key = "Abc" }, remote.Rejected},
		{"a key of 41 characters", func(c *crm.Change) { c.Contact.Key = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }, remote.Rejected},
		{"a malformed parent", func(c *crm.Change) { c.Case.Parent = "T/1" }, remote.Rejected},
		{"a contact it does not know", func(c *crm.Change) { c.Contact = nil }, remote.NotFound},
		{"a ref of a contact it does not know", func(c *crm.Change) { c.Contact, c.Case.Contact, c.Refs.Contact = nil, "", "contact-99" }, remote.NotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFake(Options{})
			c := sampleChange("a", 1)
			tt.change(&c)
			if _, err := f.Push(t.Context(), c); err == nil || remote.KindOf(err) != tt.kind {
				t.Errorf("error = %v, want %s", err, tt.kind)
			}
			if len(f.Cases()) != 0 {
				t.Error("a case was written all the same")
			}
		})
	}
}

func TestFakeTellsWhatItsUsersDid(t *testing.T) {
	t.Parallel()
	f := newFake(Options{Page: 3})
	push(t, f, sampleChange("a", 1))
	for _, err := range []error{
		f.SetStatus("Mara", "case-a", ticket.Pending), f.Assign("Mara", "case-a", "jo"), f.Reply("Mara", "case-a", "It is on its way."),
		f.Note("Mara", "case-a", "called the driver"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Note("Mara", "case-b", "?"); err == nil {
		t.Error("a note on a case that is not there: no error")
	}
	mara := ticket.Actor{Kind: ticket.ByCRM, ID: "Mara"}
	jo := "jo"
	want := []crm.Update{
		{Key: "crm-update-1", Status: ticket.Pending}, {Key: "crm-update-2", Agent: &jo},
		{Key: "crm-update-3", Reply: "It is on its way."}, {Key: "crm-update-4", Note: "called the driver"},
	}
	for i := range want {
		want[i].Case, want[i].CaseRef, want[i].Actor, want[i].Time = "case-a", "case-1", mara, noon
	}
	first, err := f.Changes(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(crm.Batch{Updates: want[:3], Cursor: "3", More: true}, first); diff != "" {
		t.Errorf("first page (-want +got):\n%s", diff)
	}
	second, err := f.Changes(t.Context(), first.Cursor)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(crm.Batch{Updates: want[3:], Cursor: "4"}, second); diff != "" {
		t.Errorf("second page (-want +got):\n%s", diff)
	}
	if c := f.Cases()[0]; c.Status != ticket.Pending || c.Agent != "jo" || c.Writes != 1 {
		t.Errorf("case = %+v, want what its users made of it", c)
	}
	for _, cursor := range []channel.Cursor{"5", "-1", "x"} {
		if _, err := f.Changes(t.Context(), cursor); remote.KindOf(err) != remote.Rejected {
			t.Errorf("cursor %q: error = %v, want rejected", cursor, err)
		}
	}
}

func TestFakePrefersPeopleTheCompanyKnew(t *testing.T) {
	t.Parallel()
	f := newFake(Options{})
	push(t, f, sampleChange("a", 1))
	q := crm.Lookup{Emails: []string{"A@EXAMPLE.ORG"}}
	if p, ok, err := f.Lookup(t.Context(), q); err != nil || !ok || p.Ref != "contact-1" {
		t.Errorf("Lookup = %+v, %v, %v, want the pushed contact", p, ok, err)
	}
	f.AddPerson(crm.Person{Ref: "P-1", Tier: "gold", Emails: []string{"a@example.org"}})
	if p, ok, err := f.Lookup(t.Context(), q); err != nil || !ok || p.Tier != "gold" {
		t.Errorf("Lookup = %+v, %v, %v, want the person of tier gold", p, ok, err)
	}
	f.AddPerson(crm.Person{Ref: "P-2", Phones: []string{"+491"}}, crm.Identity{Platform: "x", Author: channel.Author{ID: "9"}})
	both := crm.Lookup{Emails: q.Emails, Phones: []string{"+491"}}
	if _, ok, err := f.Lookup(t.Context(), both); err != nil || ok {
		t.Errorf("two people fit: found = %v, %v, want not found", ok, err)
	}
	byProfile := crm.Lookup{Identities: []crm.Identity{{Platform: "x", Author: channel.Author{ID: "9", Name: "whatever"}}}}
	if p, ok, err := f.Lookup(t.Context(), byProfile); err != nil || !ok || p.Ref != "P-2" {
		t.Errorf("Lookup by profile = %+v, %v, %v, want P-2", p, ok, err)
	}
}

func TestFakeErasesEveryTrace(t *testing.T) {
	t.Parallel()
	f := newFake(Options{})
	push(t, f, sampleChange("a", 2))
	push(t, f, sampleChange("b", 1))
	if _, err := f.PushLead(t.Context(), crm.Lead{Key: "lead-a", Contact: crm.Contact{Key: "contact-a"}}); err != nil {
		t.Fatal(err)
	}
	if err := f.Note("Mara", "case-a", "a secret"); err != nil {
		t.Fatal(err)
	}
	if err := f.Erase(t.Context(), "", "contact-1"); err != nil {
		t.Fatal(err)
	}
	if len(f.Contacts()) != 1 || len(f.Cases()) != 1 || len(f.Interactions("case-a")) != 0 || len(f.Leads()) != 0 {
		t.Error("something of the person is left")
	}
	if b, err := f.Changes(t.Context(), ""); err != nil || len(b.Updates) != 0 || b.Cursor != "1" {
		t.Errorf("Changes = %+v, %v, want none behind cursor 1", b, err)
	}
	push(t, f, sampleChange("c", 1))
	if got := f.Cases()[1].Ref; got != "case-3" {
		t.Errorf("the next case is %s, want case-3: refs are not given twice", got)
	}
}

func TestOnlyHidesTheOtherAbilities(t *testing.T) {
	t.Parallel()
	f := newFake(Options{})
	for keep := Ability(0); keep < 16; keep++ {
		s := Only(f, keep)
		if got := AbilitiesOf(s); got != keep {
			t.Errorf("Only(fake, %04b) has %04b", keep, got)
		}
		if s.Name() != "crm" {
			t.Errorf("Only(fake, %04b) is called %q", keep, s.Name())
		}
	}
	if got := AbilitiesOf(Only(Only(f, Directory), Directory|Source)); got != Directory {
		t.Errorf("an ability that was hidden came back: %04b", got)
	}
}

func push(t *testing.T, s crm.Sink, c crm.Change) crm.Receipt {
	t.Helper()
	r, err := s.Push(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
