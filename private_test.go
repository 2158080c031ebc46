package socialcrm_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// scoped is a platform on which the same customer has another ID in private.
func scoped() channeltest.Options {
	return channeltest.Options{ScopedAuthors: true, Public: channel.Traits{Echoes: true}, Private: channel.Traits{Echoes: true, MaxText: 60, NoAutomation: true}}
}

func TestMovingToPrivateKeepsOneTicketOneContactOneAgent(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, scoped())
	ctx := t.Context()
	mia := w.platform.Customer("mia")
	mia.Post(w.page, "My account 4711 is broken!")
	w.pass(time.Minute)
	id := w.only().ID
	w.must(w.desk.MovePrivate(ctx, id, ana, socialcrm.Reply{Text: "Let us talk here, Mia.", Then: ticket.Pending}))
	w.pass(time.Minute)
	if !slices.Contains(mia.Sees(), "Let us talk here, Mia.") || slices.Contains(w.platform.Customer("noa").Sees(), "Let us talk here, Mia.") {
		t.Fatal("the answer is not private")
	}
	got := w.ticket(id)
	if c, _ := got.Clocks.Clock(sla.FirstResponse); c.Verdict != sla.Met || got.Status != ticket.Pending {
		t.Errorf("it is %s, first response %q", got.Status, c.Verdict)
	}
	if e := w.last(id, ticket.TicketMoved); e.New != "fakebook/shop private private-shop-mia" {
		t.Errorf("the journal says %+v", e)
	}
	said := mia.Write(w.page, "Thank you. My number is 0123.")
	w.pass(time.Minute)
	got = w.only()
	if got.Status != ticket.Open || got.Agent != "ana" || len(got.Conversations) != 2 {
		t.Errorf("after her answer it is %s with %q in %d conversations", got.Status, got.Agent, len(got.Conversations))
	}
	contact, err := w.desk.Contact(ctx, got.Contact)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ticket.IdentityKey{{Platform: "fakebook", ID: "mia"}, {Platform: "fakebook", ID: "shop:mia"}}, contact.Identities); diff != "" {
		t.Errorf("identities (-want +got):\n%s", diff)
	}
	w.must(w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "I see it."}))
	w.pass(time.Minute)
	posts := w.platform.Posts()
	if last := posts[len(posts)-1]; last.Visibility != channel.Private || last.Text != "I see it." {
		t.Errorf("the next reply is %s: %q", last.Visibility, last.Text)
	}
	w.page.Answer(said, "Let us talk here, Mia.", "") // a colleague says the same: that is no echo of ours
	w.pass(time.Minute)
	if kinds := w.kinds(id); slices.Contains(kinds, ticket.ReplyTwice) || !slices.Contains(kinds, ticket.MessageEchoed) {
		t.Errorf("the journal says %v", kinds)
	}
	if len(w.crm.Contacts()) != 1 || len(w.crm.Cases()) != 1 {
		t.Errorf("the CRM holds %d contacts and %d cases", len(w.crm.Contacts()), len(w.crm.Cases()))
	}
	for _, in := range w.crm.Interactions(w.crm.Cases()[0].Key) {
		if in.Text == "Let us talk here, Mia." && !in.Private {
			t.Error("the CRM takes the private answer for a public one")
		}
	}
}

func TestWhoIsAnsweredInPrivateIsOneContactWithWhoWroteThereBefore(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, scoped())
	mia := w.platform.Customer("mia")
	mia.Write(w.page, "A question of last year")
	w.pass(time.Minute)
	old := w.only()
	w.must(w.desk.Resolve(t.Context(), old.ID, ana, ""))
	id := w.asked("mia", "My account is broken!")
	w.must(w.desk.MovePrivate(t.Context(), id, ana, socialcrm.Reply{Text: "Let us talk here."}))
	w.pass(time.Minute)
	mia.Write(w.page, "Gladly")
	w.pass(time.Minute)
	if texts := w.said(id); texts[len(texts)-1] != "Gladly" {
		t.Errorf("said %q", texts)
	}
	got := w.ticket(id)
	contact, err := w.desk.Contact(t.Context(), got.Contact)
	if err != nil || len(contact.Identities) != 2 || w.ticket(old.ID).Contact != got.Contact {
		t.Errorf("identities %v (%v); the old ticket is of contact %s, want %s", contact.Identities, err, w.ticket(old.ID).Contact, got.Contact)
	}
}

// The customer's answer overtakes the news that the answer in private is out: a ticket of its own begins, which joins the first once it is known where the two met.
func TestWhatIsAnsweredBeforeTheAnswerInPrivateIsRecordedJoins(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(w *world){
		"found": func(w *world) { w.platform.Fail(channeltest.OnFind, channeltest.Refuse(remote.Unavailable)) },
		"told by its echo": func(w *world) {
			w.platform.Break(channeltest.OnFind, channeltest.Refuse(remote.Unavailable))
			w.platform.Fail(channeltest.OnPoll, channeltest.Refuse(remote.Unavailable))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, scoped())
			id := w.asked("mia", "My account is broken!")
			test(w)
			w.platform.Fail(channeltest.OnReplyPrivately, channeltest.LoseAnswer)
			w.must(w.desk.MovePrivate(t.Context(), id, ana, socialcrm.Reply{Text: "Let us talk here."}))
			if _, err := w.desk.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			answer := said("early", "shop:mia", "private-shop-mia", "", "Gladly", w.now)
			answer.Message.Visibility = channel.Private
			w.ingest(answer)
			if n := len(w.tickets()); n != 2 {
				t.Fatalf("%d tickets before anybody knows better, want 2", n)
			}
			w.pass(time.Hour)
			got := w.ticket(id)
			var open []ticket.ID
			for _, tk := range w.tickets() {
				if tk.MergedInto == "" {
					open = append(open, tk.ID)
				}
			}
			if diff := cmp.Diff([]ticket.ID{id}, open); diff != "" {
				t.Fatalf("tickets (-want +got):\n%s", diff)
			}
			contact, err := w.desk.Contact(t.Context(), got.Contact)
			if err != nil || len(contact.Identities) != 2 {
				t.Errorf("identities %v, %v; want the public one and the private one", contact.Identities, err)
			}
			if texts := w.said(id); !slices.Contains(texts, "Gladly") || !slices.Contains(texts, "Let us talk here.") {
				t.Errorf("said %q", texts)
			}
			for _, c := range w.crm.Contacts() {
				if c.Key != string(got.Contact) && c.MergedInto != string(got.Contact) {
					t.Errorf("the CRM holds another customer: %+v", c)
				}
			}
			for _, c := range w.crm.Cases() {
				if c.Key != string(id) && c.MergedInto != string(id) {
					t.Errorf("the CRM holds another case: %+v", c)
				}
			}
		})
	}
}

func TestAnswerInPrivateIsOneShot(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, scoped())
	ctx := t.Context()
	w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Minute)
	id := w.only().ID
	move := func(by socialcrm.By, r socialcrm.Reply) error {
		_, err := w.desk.MovePrivate(ctx, id, by, r)
		return err
	}
	long := "This is more than sixty characters, which is all that fits in one post."
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, move(ana, socialcrm.Reply{Text: long}))
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, move(ana, socialcrm.Reply{Text: "Hi", Automated: true}))
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, move(socialcrm.By{Actor: ticket.Actor{Kind: ticket.BySystem}}, socialcrm.Reply{Text: "Hi"}))
	w.platform.Fail(channeltest.OnReplyPrivately, channeltest.Refuse(remote.Rejected))
	if err := move(ana, socialcrm.Reply{Text: "Hi"}); err != nil {
		t.Fatal(err)
	}
	w.refused(socialcrm.ErrConflict, socialcrm.Receipt{}, move(ana, socialcrm.Reply{Text: "Hi again"})) // it is still on its way
	w.pass(time.Minute)
	if e := w.last(id, ticket.ReplyFailed); e.Reason == "" {
		t.Error("the agent is not told why it failed")
	}
	if err := move(ana, socialcrm.Reply{Text: "Hi again"}); err != nil {
		t.Fatalf("after it failed: %v", err)
	}
	w.pass(time.Minute)
	w.refused(socialcrm.ErrConflict, socialcrm.Receipt{}, move(ana, socialcrm.Reply{Text: "Hi once more"}))
}

func TestAnsweredInPrivateByAnotherToolEndsWhereTheAgentCanAct(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, scoped())
	m := w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Minute)
	if _, err := w.page.ReplyPrivately(t.Context(), channel.Outgoing{Key: "other tool", Account: shop, InReplyTo: m.ID, Text: "Hi"}); err != nil {
		t.Fatal(err)
	}
	id := w.only().ID
	w.must(w.desk.MovePrivate(t.Context(), id, ana, socialcrm.Reply{Text: "Hello Mia"}))
	w.pass(time.Hour)
	w.last(id, ticket.ReplyFailed)
	if n := w.platform.Calls(channeltest.OnReplyPrivately); n != 2 {
		t.Errorf("%d calls, want the other tool's and ours", n)
	}
}

func TestLostAnswerInPrivateIsFoundAndBindsTheConversation(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault channeltest.Fault
		calls int
	}{
		"carried out":     {channeltest.LoseAnswer, 1},
		"not carried out": {channeltest.LoseRequest, 2},
	} {
		for _, answersFirst := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				o := scoped()
				o.Private.Echoes = false
				w := newWorldOn(t, o)
				mia := w.platform.Customer("mia")
				mia.Post(w.page, "Hello?")
				w.pass(time.Minute)
				id := w.only().ID
				w.platform.Fail(channeltest.OnReplyPrivately, test.fault)
				// The platform cannot be asked at once either, so that her answer may come first.
				w.platform.Fail(channeltest.OnFind, channeltest.Refuse(remote.Unavailable))
				w.must(w.desk.MovePrivate(t.Context(), id, ana, socialcrm.Reply{Text: "Let us talk here."}))
				if _, err := w.desk.Tick(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.restart()
				if answersFirst {
					mia.Write(w.page, "Gladly")
					if err := w.desk.AddSource(t.Context(), w.page); err != nil {
						t.Fatal(err)
					}
				}
				w.pass(time.Hour)
				if !answersFirst {
					mia.Write(w.page, "Gladly")
					w.pass(time.Hour)
				}
				if n := w.platform.Calls(channeltest.OnReplyPrivately); n != test.calls {
					t.Errorf("%d calls, want %d", n, test.calls)
				}
				var open []ticket.Ticket
				for _, got := range w.tickets() {
					if got.MergedInto == "" {
						open = append(open, got)
					}
				}
				if len(open) != 1 || len(open[0].Conversations) != 2 || !slices.Contains(w.said(open[0].ID), "Gladly") {
					t.Fatalf("tickets: %+v, want one with both conversations", open)
				}
			})
		}
	}
}

func TestEchoOfAnAnswerInPrivateIsRecognisedBeforeItsSendEnds(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, scoped())
	mia := w.platform.Customer("mia")
	mia.Post(w.page, "Hello?")
	w.pass(time.Minute)
	id := w.only().ID
	w.platform.Fail(channeltest.OnReplyPrivately, channeltest.LoseAnswer)
	w.platform.Break(channeltest.OnFind, channeltest.Refuse(remote.Unavailable))
	w.must(w.desk.MovePrivate(t.Context(), id, ana, socialcrm.Reply{Text: "Let us talk here."}))
	w.pass(time.Hour)
	if e := w.last(id, ticket.ReplyConfirmed); e.Actor.ID != "ana" {
		t.Errorf("confirmed for %+v", e.Actor)
	}
	mia.Write(w.page, "Gladly")
	w.pass(time.Minute)
	if diff := cmp.Diff([]string{"Hello?", "Let us talk here.", "Gladly"}, w.said(w.only().ID)); diff != "" {
		t.Errorf("said (-want +got):\n%s", diff)
	}
	contact, err := w.desk.Contact(t.Context(), w.only().Contact)
	if err != nil || len(contact.Identities) != 2 {
		t.Errorf("identities %v (%v), want the public and the private one", contact.Identities, err)
	}
}

func TestAChannelThatCannotAnswerInPrivateSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	w.desk.RemoveChannel(shop)
	if err := w.desk.AddChannel(t.Context(), w.page.Only(channeltest.Finds)); err != nil {
		t.Fatal(err)
	}
	_, err := w.desk.MovePrivate(t.Context(), id, ana, socialcrm.Reply{Text: "Hi"})
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
}

func TestAnAnswerInPrivateDoesNotMergeWhatAPersonTookApart(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, scoped())
	ctx := t.Context()
	old := w.inPrivate("mia", "A question of last year")
	w.must(w.desk.Resolve(ctx, old.ID, ana, ""))
	id := w.asked("mia", "My account is broken!")
	public := w.ticket(id).Contact
	w.ok(w.desk.MergeContacts(ctx, ana, public, old.Contact))
	w.ok(w.desk.UnmergeContacts(ctx, ana, public, old.Contact))
	w.must(w.desk.MovePrivate(ctx, id, ana, socialcrm.Reply{Text: "Let us talk here."}))
	w.pass(time.Minute)
	for _, id := range []ticket.ContactID{public, old.Contact} {
		c, err := w.desk.Contact(ctx, id)
		w.ok(err)
		if c.ID != id || c.MergedInto != "" || len(c.Identities) != 1 {
			t.Errorf("contact %s is merged again: %+v", id, c)
		}
	}
}

func TestTheLatestPublicMessageOfTheCustomerIsAnsweredInPrivate(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, scoped())
	ctx := t.Context()
	w.platform.Customer("sol").Post(w.page, "How do I sell?")
	w.pass(time.Minute)
	sold := w.only()
	w.must(w.desk.Resolve(ctx, sold.ID, ana, ""))
	first, second := w.asked("mia", "Hello?"), w.asked("mia", "Hello!")
	w.must(w.desk.Merge(ctx, first, ana, second))
	w.must(w.desk.AddParty(ctx, first, ana, socialcrm.Party{Role: ticket.Seller, Conversation: sold.Conversations[0]}))
	posts := w.platform.Posts()
	w.platform.Customer("sol").Reply(channel.Message{ID: posts[0].ID}, "It is mine.")
	w.pass(time.Minute)
	_, err := w.desk.MovePrivate(ctx, first, ana, account)
	w.refused(socialcrm.ErrUnverified, socialcrm.Receipt{}, err)
	w.must(w.desk.MovePrivate(ctx, first, ana, socialcrm.Reply{Text: "Let us talk here."}))
	if out := w.sentTo(first); out.InReplyTo != posts[2].ID {
		t.Errorf("it answers %s, want mia's latest, %s", out.InReplyTo, posts[2].ID)
	}
}

func TestAnAnswerInPrivateMakesNoOneOfABuyerAndASeller(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, scoped())
	ctx := t.Context()
	w.crm.AddPerson(crm.Person{Ref: "p1", Kind: ticket.Seller}, crm.Identity{Platform: "fakebook", Author: channel.Author{ID: "shop:mia"}})
	old := w.inPrivate("mia", "How do I sell?")
	w.must(w.desk.Resolve(ctx, old.ID, ana, ""))
	id := w.asked("mia", "My lamp is broken!")
	public := w.ticket(id).Contact
	w.must(w.desk.MovePrivate(ctx, id, ana, socialcrm.Reply{Text: "Let us talk here."}))
	w.pass(time.Minute)
	for id, kind := range map[ticket.ContactID]ticket.ContactKind{public: "", old.Contact: ticket.Seller} {
		c, err := w.desk.Contact(ctx, id)
		w.ok(err)
		if c.Kind != kind || c.MergedInto != "" || len(c.Identities) != 1 {
			t.Errorf("contact %s is %+v, want kind %q, of one identity", id, c, kind)
		}
	}
}

func TestWhatWasAskedInPrivateBeforeIsAnsweredThere(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, scoped())
	ctx := t.Context()
	before := w.inPrivate("mia", "A question")
	question := w.newest(before.ID).Key
	id := w.asked("mia", "My account is broken!")
	w.must(w.desk.MovePrivate(ctx, id, ana, socialcrm.Reply{Text: "Let us talk here."}))
	w.pass(time.Minute)
	if c := clockOn(w.ticket(id), sla.FirstResponse, string(before.ID)); c.Started.IsZero() || !c.Stopped.IsZero() {
		t.Errorf("what was asked in private: %+v, want that it waits", c)
	}
	w.must(w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "An answer", InReplyTo: question}))
	w.pass(time.Minute)
	if c := clockOn(w.ticket(id), sla.FirstResponse, string(before.ID)); c.Verdict != sla.Met {
		t.Errorf("what was asked in private: %+v, want met", c)
	}
}
