package socialcrm_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// traces are the places where a text still is, records of people and conversations included.
func (w *world) traces(text string, people []ticket.ContactID, identities []ticket.IdentityKey, convs []ticket.ConversationKey) []string {
	w.t.Helper()
	where := w.holds(text)
	look := func(place string, v any) {
		data, err := json.Marshal(v)
		w.ok(err)
		if strings.Contains(string(data), text) {
			where = append(where, place)
		}
	}
	w.ok(w.store.View(w.t.Context(), "", func(r ticket.Reader) error {
		contacts, err := r.Contacts(people...)
		if err != nil {
			return err
		}
		known, err := r.Identities(identities...)
		if err != nil {
			return err
		}
		talks, err := r.Conversations(convs...)
		if err != nil {
			return err
		}
		look("contacts", contacts)
		look("identities", known)
		look("conversations", talks)
		for _, space := range []string{"e-mail address", "phone number", "handle/fakebook", "merged contacts", "draft", "quarantine"} {
			values, err := r.ListValues(space, ticket.Page{})
			if err != nil {
				return err
			}
			for _, v := range values.Items {
				if strings.Contains(v.Key.Name+string(v.Data), text) {
					where = append(where, space)
				}
			}
		}
		return nil
	}))
	look("the CRM's contacts", w.crm.Contacts())
	look("the CRM's leads", w.crm.Leads())
	return where
}

func TestAnErasedPersonLeavesNoTrace(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	about := channel.Author{Name: "Mia xyzzy", Handle: "xyzzy", Email: "xyzzy@example.com", Phone: "+31 6 1234567"}
	mia := w.platform.Customer("mia").Describe(about)
	mia.Write(w.page, "How do I sell? xyzzy")
	w.pass(time.Minute)
	party := socialcrm.Party{Role: ticket.Seller, Conversation: w.only().Conversations[0]}
	w.must(w.desk.Resolve(ctx, w.only().ID, ana, ""))
	root := mia.Post(w.page, "I am Mia xyzzy, where is it?")
	w.pass(time.Minute)
	mia.Edit(root, "I am Mia xyzzy, and where is it?")
	w.platform.Customer("mm").Describe(channel.Author{Name: "M. xyzzy", Email: "XYZZY@example.com"}).Post(w.page, "It is me, xyzzy")
	w.pass(time.Minute)
	noa := w.asked("noa", "The lamp is broken")
	w.must(w.desk.AddParty(ctx, noa, ana, party))
	mia.Write(w.page, "xyzzy will send a new one")
	w.pass(time.Minute)
	var people []ticket.ContactID
	var identities []ticket.IdentityKey
	var convs []ticket.ConversationKey
	for _, tk := range w.tickets() {
		convs = append(convs, tk.Conversations...)
		if tk.ID == noa {
			continue
		}
		people = append(people, tk.Contact)
		w.must(w.desk.Note(ctx, tk.ID, ana, "xyzzy sounds upset"))
		if tk.Status.Done() {
			continue
		}
		w.must(w.desk.Reply(ctx, tk.ID, ana, socialcrm.Reply{Text: "Hello xyzzy, sorry.", Signature: "Ana", NotBefore: w.now.Add(time.Hour)}))
		w.must(w.desk.Reply(ctx, tk.ID, by("tom"), socialcrm.Reply{Text: "Hello xyzzy, a draft."}))
		w.must(w.desk.HandLead(ctx, tk.ID, ana, socialcrm.Lead{Title: "xyzzy wants more"}))
	}
	person, err := w.desk.Contact(ctx, people[0])
	w.ok(err)
	identities = person.Identities
	if len(identities) != 2 {
		t.Fatalf("she has %d identities, want 2: %+v", len(identities), person)
	}
	for _, e := range w.told(ticket.ContactMerged) {
		people = append(people, e.Contact)
	}
	_, err = w.desk.Ingest(ctx, channel.Event{Kind: "nonsense", Account: shop, Message: channel.Message{ID: "q", Text: "xyzzy", Author: channel.Author{ID: "mia"}}})
	w.ok(err)
	w.pass(time.Minute)
	if where := w.traces("xyzzy", people, identities, convs); len(where) < 8 {
		t.Fatalf("the test looks in the wrong places: %q", where)
	}

	by := ana
	by.Key = "erase"
	for range 2 { // the same key: once
		w.ok(w.desk.EraseContact(ctx, by, people[0]))
	}
	w.ok(w.desk.EraseContact(ctx, ana, people[0]))
	w.pass(2 * time.Hour)
	if where := w.traces("xyzzy", people, identities, convs); len(where) > 0 {
		t.Errorf("there is still something in %q", where)
	}
	if got := w.platform.Replies(); len(got) != 0 {
		t.Errorf("what waited went out: %q", got)
	}
	for _, tk := range w.tickets() {
		if tk.ID == noa {
			if tk.Status.Done() || len(tk.Parties) != 0 || tk.Subject == "" {
				t.Errorf("noa's ticket: %+v", tk)
			}
			continue
		}
		if tk.Status != ticket.Closed || tk.Erased.IsZero() || tk.Agent != "" && !tk.Status.Done() {
			t.Errorf("her ticket: %+v", tk)
		}
	}
	if n := len(w.told(ticket.CaseErased)); n != 2 {
		t.Errorf("%d entries say that a CRM has forgotten her, want one for each of two contacts", n)
	}
	if cases := w.crm.Cases(); len(cases) != 1 || cases[0].Key != string(noa) {
		t.Errorf("the CRM holds %+v", cases)
	}

	// What she wrote does not come back: told again, or imported from before.
	before := len(w.tickets())
	w.platform.Redeliver(50)
	w.pass(time.Minute)
	old := said("old", "mia", "old", "", "xyzzy, years ago", w.now.Add(-24*time.Hour))
	if r := w.ingest(old); r[0].Outcome != socialcrm.Dropped || r[0].Ticket != "" {
		t.Errorf("the import: %+v", r[0])
	}
	w.pass(time.Minute)
	if where := w.traces("xyzzy", people, identities, convs); len(where) > 0 || len(w.tickets()) != before {
		t.Errorf("it came back in %q, with %d tickets, %d before", where, len(w.tickets()), before)
	}
	// What she writes now is somebody new's.
	mia.Reply(root, "Hello again")
	mia.Write(w.page, "Hello in private")
	w.pass(time.Minute)
	all := w.tickets()
	if len(all) != before+2 {
		t.Fatalf("%d tickets, want two more than %d", len(all), before)
	}
	for _, tk := range all[before:] {
		if tk.FollowUpOf != "" || slices.Contains(people, tk.Contact) || tk.Status.Done() {
			t.Errorf("the new ticket: %+v", tk)
		}
	}
	w.platform.Redeliver(50)
	w.ingest(old)
	w.pass(time.Minute)
	if n := len(w.tickets()); n != before+2 {
		t.Errorf("%d tickets after one more redelivery, want %d", n, before+2)
	}
	next := all[len(all)-1].Contact
	w.ok(w.desk.EraseContact(ctx, ana, next)) // and once more
	w.pass(time.Hour)
	if c, err := w.desk.Contact(ctx, next); err != nil || c.Erased.IsZero() || c.Name != "" {
		t.Errorf("erased again: %+v, %v", c, err)
	}
	if err := w.desk.EraseContact(ctx, ana, "nobody"); !errors.Is(err, socialcrm.ErrNotFound) {
		t.Errorf("nobody: %v, want ErrNotFound", err)
	}
	if err := w.desk.MergeContacts(ctx, ana, w.ticket(noa).Contact, people[0]); !errors.Is(err, socialcrm.ErrInvalid) {
		t.Errorf("merged with somebody who is erased: %v, want ErrInvalid", err)
	}
}

func TestAPostUnderWayToAnErasedPersonEndsInPeace(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]channeltest.Fault{"its answer is lost": channeltest.LoseAnswer, "it never got there": channeltest.LoseRequest, "it is throttled": channeltest.Throttle(remote.LevelAccount, time.Minute)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.asked("mia", "Hello?")
			w.platform.Fail(channeltest.OnFind, channeltest.Refuse(remote.Unavailable))
			w.platform.Fail(channeltest.OnSend, fault)
			w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi xyzzy"}))
			if _, err := w.desk.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.ok(w.desk.EraseContact(t.Context(), ana, w.ticket(id).Contact))
			w.pass(24 * time.Hour)
			if where := w.holds("xyzzy"); len(where) > 0 {
				t.Errorf("the text is in %q", where)
			}
			if got := w.platform.Replies(); slices.Contains(got, "") || len(got) > 1 {
				t.Errorf("sent %q", got)
			}
			if n := w.platform.Calls(channeltest.OnSend); n != 1 {
				t.Errorf("%d sends, want 1", n)
			}
		})
	}
}

func TestACRMThatDoesNotForgetIsReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	w.crm.SetDown(true)
	w.ok(w.desk.EraseContact(t.Context(), ana, w.ticket(id).Contact))
	w.pass(25 * time.Hour)
	if late := w.told(ticket.CaseUnerased); len(late) != 1 || !strings.Contains(late[0].Reason, "not done within 24h") {
		t.Errorf("the journal says %+v", late)
	}
	w.crm.SetDown(false)
	w.pass(2 * time.Hour)
	if len(w.told(ticket.CaseErased)) != 1 || len(w.crm.Contacts())+len(w.crm.Cases()) != 0 {
		t.Errorf("once it is back the CRM holds %+v", w.crm.Contacts())
	}

	w = newWorld(t)
	id = w.asked("mia", "Hello?")
	w.crm.QueueFor(crmtest.MethodErase, crmtest.Fail(remote.Rejected))
	w.ok(w.desk.EraseContact(t.Context(), ana, w.ticket(id).Contact))
	w.pass(48 * time.Hour)
	if told := w.told(ticket.CaseUnerased); len(told) != 1 {
		t.Errorf("a CRM that refuses: %+v", told)
	}

	w = newWorld(t)
	w.restartAs(t, socialcrm.Config{Sinks: []crm.Sink{crmtest.Only(w.crm, 0)}})
	id = w.asked("mia", "Hello?")
	w.ok(w.desk.EraseContact(t.Context(), ana, w.ticket(id).Contact))
	if told := w.told(ticket.CaseUnerased); len(told) != 1 {
		t.Errorf("a CRM that cannot: %+v", told)
	}
}

// The model test found it: a case that was merged away is to stay so, whatever somebody does with it in the CRM, also once the survivor is erased.
func TestACaseThatWasMergedAwayStaysSoOnceTheSurvivorIsErased(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, id := w.asked("mia", "Hello?"), w.asked("noa", "Hello too?")
	w.must(w.desk.Merge(t.Context(), id, ana, other))
	w.pass(time.Minute)
	w.ok(w.desk.EraseContact(t.Context(), ana, w.ticket(id).Contact))
	w.ok(w.crm.SetStatus("lea", string(other), ticket.Pending))
	w.pass(time.Hour)
	cases := w.crm.Cases()
	if len(cases) != 1 || cases[0].Key != string(other) || cases[0].Status != ticket.Closed {
		t.Errorf("the CRM holds %+v", cases)
	}
}

func TestWhatAPushUnderWayBringsBackIsErasedToo(t *testing.T) {
	t.Parallel()
	w, b := busyWorld(t)
	b.happens = func() {
		b.happens = nil
		w.ok(w.desk.EraseContact(t.Context(), ana, w.only().Contact))
		_, err := w.desk.Tick(t.Context())
		w.ok(err)
	}
	w.platform.Customer("mia").Describe(channel.Author{Name: "Mia"}).Post(w.page, "Hello?")
	w.pass(time.Hour)
	if held := w.crm.Contacts(); len(held) != 0 {
		t.Errorf("the CRM holds %+v", held)
	}
	if cases := w.crm.Cases(); len(cases) != 0 {
		t.Errorf("the CRM holds %+v", cases)
	}
	if n := len(w.told(ticket.CaseErased)); n != 1 {
		t.Errorf("%d entries say that it is done, want 1", n)
	}
}

func TestLeadOfAnErasedPersonIsNotHandedOver(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.crm.SetDown(true)
	w.must(w.desk.HandLead(t.Context(), tk.ID, ana, socialcrm.Lead{Title: "A second sofa for Mia"}))
	w.pass(time.Minute)
	w.ok(w.desk.EraseContact(t.Context(), ana, tk.Contact))
	w.crm.SetDown(false)
	w.pass(time.Hour)
	if got := w.crm.Leads(); len(got) != 0 {
		t.Errorf("sales got %+v", got)
	}
}

// remembering is a CRM that notes by which IDs of its own it was told to erase people.
type remembering struct {
	*crmtest.Fake
	refs *[]string
}

func (r remembering) Erase(ctx context.Context, contact, ref string) error {
	*r.refs = append(*r.refs, ref)
	return r.Fake.Erase(ctx, contact, ref)
}

func TestACRMErasesByItsOwnIDWhichIsForgottenThen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var refs []string
	w.restartAs(t, socialcrm.Config{Sinks: []crm.Sink{remembering{w.crm, &refs}}})
	id := w.asked("mia", "Hello?")
	own := w.crm.Contacts()[0].Ref
	w.ok(w.desk.EraseContact(t.Context(), ana, w.ticket(id).Contact))
	w.pass(time.Hour)
	if !slices.Equal(refs, []string{own, own}) {
		t.Errorf("told to erase %q, want %q twice", refs, own)
	}
	w.ok(w.store.View(t.Context(), "", func(r ticket.Reader) error {
		values, err := r.ListValues("crm/crm", ticket.Page{})
		for _, v := range values.Items {
			if strings.Contains(string(v.Data), own) {
				t.Errorf("%s still says %s", v.Key.Name, v.Data)
			}
		}
		return err
	}))
}

func TestWhatAPersonWroteIsErasedFromQuarantineHoweverMuchItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	var bad []channel.Event
	for i := range 150 {
		bad = append(bad, channel.Event{Kind: "nonsense", Account: shop, Message: channel.Message{ID: strconv.Itoa(i), Author: channel.Author{ID: "mia"}}})
	}
	_, err := w.desk.Ingest(t.Context(), bad...)
	w.ok(err)
	if n := len(w.quarantined()); n != 100 { // a page
		t.Fatalf("%d in quarantine, want a full page", n)
	}
	w.ok(w.desk.EraseContact(t.Context(), ana, w.ticket(id).Contact))
	if n := len(w.quarantined()); n != 0 {
		t.Errorf("%d are left in quarantine", n)
	}
}

// unfinished lists the posts that a conversation waits for.
func (w *world) unfinished(key ticket.ConversationKey) (posts []string) {
	w.t.Helper()
	w.ok(w.store.View(w.t.Context(), "", func(r ticket.Reader) error {
		convs, err := r.Conversations(key)
		if err == nil {
			posts = convs[0].Unfinished
		}
		return err
	}))
	return posts
}

func TestAPostThatIsCancelledBecauseItsTextWasRemovedIsToldAndAwaitedNoMore(t *testing.T) {
	t.Parallel()
	for name, erases := range map[string]int{"its customer is erased": 0, "its party is erased": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, id, seller := marketplace(t)
			ctx := t.Context()
			w.must(w.desk.AddParty(ctx, id, ana, seller))
			people := []ticket.ContactID{w.ticket(id).Contact, w.ticket(id).Parties[0].Contact}
			post := w.must(w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "Mia says it is broken.", Party: people[1], NotBefore: w.now.Add(time.Hour)})).Messages[0]
			if got := w.unfinished(seller.Conversation); !slices.Equal(got, []string{post}) {
				t.Fatalf("the conversation waits for %q, want %s", got, post)
			}
			w.ok(w.desk.EraseContact(ctx, ana, people[erases]))
			w.pass(2 * time.Hour)
			if told := w.told(ticket.ReplyCancelled); len(told) != 1 || told[0].Message != post || told[0].Reason != "its text was removed" {
				t.Errorf("the journal says %+v", told)
			}
			if got := w.unfinished(seller.Conversation); len(got) != 0 {
				t.Errorf("the conversation still waits for %q", got)
			}
		})
	}
	t.Run("it was under way", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		id := w.asked("mia", "Hello?")
		w.platform.Fail(channeltest.OnFind, channeltest.Refuse(remote.Unavailable))
		w.platform.Fail(channeltest.OnSend, channeltest.LoseRequest)
		w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi"}))
		_, err := w.desk.Tick(t.Context())
		w.ok(err)
		conv := w.ticket(id).Conversations[0]
		w.ok(w.desk.EraseContact(t.Context(), ana, w.ticket(id).Contact))
		w.pass(24 * time.Hour)
		if told := w.told(ticket.ReplyCancelled); len(told) != 1 {
			t.Errorf("the journal says %+v", told)
		}
		if got := w.unfinished(conv); len(got) != 0 {
			t.Errorf("the conversation still waits for %q", got)
		}
	})
}
