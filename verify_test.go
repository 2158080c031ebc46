package socialcrm_test

import (
	"errors"
	"slices"
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

// inPrivate is a ticket of what a customer wrote in private.
func (w *world) inPrivate(customer, text string) ticket.Ticket {
	w.t.Helper()
	w.platform.Customer(customer).Write(w.page, text)
	w.pass(time.Minute)
	all := w.tickets()
	return all[len(all)-1]
}

func (w *world) level(id ticket.ContactID) ticket.Assurance {
	w.t.Helper()
	c, err := w.desk.Contact(w.t.Context(), id)
	w.ok(err)
	return c.Verified.Holds(w.now)
}

var account = socialcrm.Reply{Text: "Your balance is 12 euros.", Requires: ticket.Confirmed}

func TestAccountDataGoesOnlyToWhomSomebodyVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	mia := w.inPrivate("mia", "What is my balance?")
	_, err := w.desk.Reply(ctx, mia.ID, ana, account)
	var lacks *socialcrm.UnverifiedError
	if !errors.Is(err, socialcrm.ErrUnverified) || !errors.As(err, &lacks) || lacks.Has != ticket.Unverified || lacks.Requires != ticket.Confirmed || lacks.Contact != mia.Contact {
		t.Fatalf("nobody verified her: %v", err)
	}
	by := ana
	by.Key = "verify"
	for range 2 { // the same key: once
		w.ok(w.desk.Verify(ctx, by, mia.Contact, socialcrm.Verification{Level: ticket.Claimed, How: "she says so"}))
	}
	if n := len(w.told(ticket.ContactVerified)); n != 1 {
		t.Errorf("%d entries in the journal, want 1", n)
	}
	_, err = w.desk.Reply(ctx, mia.ID, ana, account)
	w.refused(socialcrm.ErrUnverified, socialcrm.Receipt{}, err)
	w.ok(w.desk.Verify(ctx, ana, mia.Contact, socialcrm.Verification{Level: ticket.Confirmed, How: "order number and postcode"}))
	w.must(w.desk.Reply(ctx, mia.ID, ana, account))
	w.pass(time.Minute)
	if got := w.platform.Replies(); !slices.Equal(got, []string{account.Text}) {
		t.Errorf("sent %q", got)
	}
	if e := w.told(ticket.ContactVerified)[1]; e.Old != "claimed" || e.New != "confirmed" || e.Reason != "order number and postcode" || e.Actor.ID != "ana" {
		t.Errorf("the journal says %+v", e)
	}
	if held := w.crm.Contacts()[0]; held.Verified != ticket.Confirmed {
		t.Errorf("the CRM has her as %s", held.Verified)
	}
	w.ok(w.desk.Verify(ctx, ana, mia.Contact, socialcrm.Verification{How: "it was her sister"}))
	_, err = w.desk.Reply(ctx, mia.ID, ana, account)
	w.refused(socialcrm.ErrUnverified, socialcrm.Receipt{}, err)
	for _, v := range []socialcrm.Verification{
		{Level: ticket.Strong}, {Level: 7, How: "magic"}, {Level: ticket.Strong, How: "login", Until: w.now},
	} {
		if err := w.desk.Verify(ctx, ana, mia.Contact, v); !errors.Is(err, socialcrm.ErrInvalid) {
			t.Errorf("%+v: %v, want ErrInvalid", v, err)
		}
	}
	if err := w.desk.Verify(ctx, ana, "nobody", socialcrm.Verification{Level: ticket.Strong, How: "login"}); !errors.Is(err, socialcrm.ErrNotFound) {
		t.Errorf("nobody: %v, want ErrNotFound", err)
	}
}

func TestAccountDataIsNeverPublic(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "What is my balance?")
	w.ok(w.desk.Verify(t.Context(), ana, w.ticket(id).Contact, socialcrm.Verification{Level: ticket.Strong, How: "login"}))
	_, err := w.desk.Reply(t.Context(), id, ana, account)
	var lacks *socialcrm.UnverifiedError
	if !errors.As(err, &lacks) || !lacks.Public {
		t.Errorf("in public: %v, want an UnverifiedError that says so", err)
	}
	w.must(w.desk.MovePrivate(t.Context(), id, ana, account))
	w.pass(time.Minute)
	if got := w.platform.Replies(); !slices.Equal(got, []string{account.Text}) {
		t.Errorf("sent %q", got)
	}
}

func TestWhatNoLongerHoldsWhenItGoesOutEndsInFrontOfTheAgent(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, channeltest.Options{Private: channel.Traits{MaxText: 60}})
	ctx := t.Context()
	mia := w.inPrivate("mia", "What is my balance?")
	w.ok(w.desk.Verify(ctx, ana, mia.Contact, socialcrm.Verification{Level: ticket.Confirmed, How: "postcode", Until: w.now.Add(time.Hour)}))
	w.must(w.desk.Reply(ctx, mia.ID, ana, socialcrm.Reply{Text: "One moment.", Then: ticket.Pending}))
	w.pass(time.Minute)
	w.platform.Fail(channeltest.OnSend, channeltest.Throttle(remote.LevelAccount, 2*time.Hour))
	long := account
	long.Text = "Your balance is 12 euros. It was 14 euros in January, and 16 euros in February."
	r := w.must(w.desk.Reply(ctx, mia.ID, ana, long))
	w.pass(3 * time.Hour)
	if got := w.platform.Replies(); !slices.Equal(got, []string{"One moment."}) {
		t.Errorf("sent %q", got)
	}
	states := w.states(mia.ID)
	if want := []ticket.PostState{ticket.PostSent, ticket.PostFailed, ticket.PostCancelled}; len(r.Messages) != 2 || !slices.Equal(states, want) {
		t.Errorf("posts %q, want %q", states, want)
	}
	if got := w.ticket(mia.ID); got.Status != ticket.Open {
		t.Errorf("the ticket is %s, want open: somebody has to act", got.Status)
	}
	if e := w.last(mia.ID, ticket.ReplyFailed); e.Reason == "" {
		t.Error("the journal does not say why")
	}
}

func TestADraftWithAccountDataIsLookedAtAgainWhenItIsApproved(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	mia := w.inPrivate("mia", "What is my balance?")
	w.ok(w.desk.Verify(ctx, ana, mia.Contact, socialcrm.Verification{Level: ticket.Confirmed, How: "postcode", Until: w.now.Add(time.Hour)}))
	draft := w.must(w.desk.Reply(ctx, mia.ID, by("tom"), account)).Draft
	w.pass(2 * time.Hour)
	_, err := w.desk.Approve(ctx, mia.ID, ana, draft, "")
	w.refused(socialcrm.ErrUnverified, socialcrm.Receipt{}, err)
	w.ok(w.desk.Verify(ctx, ana, mia.Contact, socialcrm.Verification{Level: ticket.Strong, How: "login"}))
	w.must(w.desk.Approve(ctx, mia.ID, ana, draft, ""))
}

func TestACRMSaysHowSureItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crm.AddPerson(crm.Person{Ref: "p1", Verified: ticket.Strong, VerifiedUntil: w.now.Add(24 * time.Hour)}, crm.Identity{Platform: "fakebook", Author: channel.Author{ID: "mia"}})
	mia := w.inPrivate("mia", "What is my balance?")
	if got := w.level(mia.Contact); got != ticket.Strong {
		t.Errorf("she is %s, want strong", got)
	}
	w.pass(25 * time.Hour)
	if got := w.level(mia.Contact); got != ticket.Unverified {
		t.Errorf("a day later she is %s, want none", got)
	}
}

func TestALinkVerifiesWhoBringsItBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	w.restartAs(t, socialcrm.Config{LinkKey: []byte("sixteen bytes or more")})
	mia, noa := w.inPrivate("mia", "What is my balance?"), w.inPrivate("noa", "And mine?")
	link := func(within time.Duration) string {
		token, err := w.desk.VerifyLink(ctx, ana, mia.Contact, ticket.Confirmed, within)
		w.ok(err)
		return token
	}
	token := link(time.Hour)
	w.platform.Customer("noa").Write(w.page, "Here: "+token)
	w.platform.Customer("mia").Post(w.page, "Here, for all to see: "+token)
	w.platform.Customer("mia").Write(w.page, "Here: "+token[:len(token)-1]+"x")
	w.pass(time.Minute)
	if a, b := w.level(mia.Contact), w.level(noa.Contact); a != ticket.Unverified || b != ticket.Unverified {
		t.Errorf("mia is %s, noa %s; want none: it is another's, in public, or forged", a, b)
	}
	w.platform.Customer("mia").Write(w.page, "Here: "+token)
	w.pass(time.Minute)
	if got := w.level(mia.Contact); got != ticket.Confirmed {
		t.Errorf("mia is %s, want confirmed", got)
	}
	w.pass(time.Hour)
	if got := w.level(mia.Contact); got != ticket.Unverified {
		t.Errorf("an hour later mia is %s, want none", got)
	}
	late := link(time.Hour)
	w.pass(2 * time.Hour)
	w.platform.Customer("mia").Write(w.page, late)
	w.pass(time.Minute)
	if got := w.level(mia.Contact); got != ticket.Unverified {
		t.Errorf("mia is %s by a link that was over", got)
	}
	// Taken back: the used one does not serve again.
	again := link(time.Hour)
	w.platform.Customer("mia").Write(w.page, again)
	w.pass(time.Minute)
	w.ok(w.desk.Verify(ctx, ana, mia.Contact, socialcrm.Verification{How: "her phone was stolen"}))
	w.platform.Customer("mia").Write(w.page, "Once more: "+again)
	w.pass(time.Minute)
	if got := w.level(mia.Contact); got != ticket.Unverified {
		t.Errorf("mia is %s by a link that was used", got)
	}
	if _, err := w.desk.VerifyLink(ctx, ana, mia.Contact, ticket.Unverified, time.Hour); !errors.Is(err, socialcrm.ErrInvalid) {
		t.Errorf("a link to nothing: %v", err)
	}
}

func TestMergedContactsAreAsSureAsTheLessSure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	mia, noa := w.inPrivate("mia", "Hello?").Contact, w.inPrivate("noa", "Hello?")
	w.ok(w.desk.Verify(ctx, ana, mia, socialcrm.Verification{Level: ticket.Strong, How: "login"}))
	w.ok(w.desk.Verify(ctx, ana, noa.Contact, socialcrm.Verification{Level: ticket.Claimed, How: "she says so"}))
	w.ok(w.desk.MergeContacts(ctx, ana, mia, noa.Contact))
	if got := w.level(mia); got != ticket.Claimed {
		t.Errorf("merged they are %s, want claimed", got)
	}
	w.ok(w.desk.UnmergeContacts(ctx, ana, mia, noa.Contact))
	if a, b := w.level(mia), w.level(noa.Contact); a != ticket.Strong || b != ticket.Claimed {
		t.Errorf("apart again they are %s and %s, want strong and claimed", a, b)
	}
	// Looked at while merged: nobody knows at whom, so what was sure before is no surer, and no more than that.
	w.ok(w.desk.MergeContacts(ctx, ana, mia, noa.Contact))
	w.pass(time.Minute)
	w.ok(w.desk.Verify(ctx, ana, mia, socialcrm.Verification{Level: ticket.Confirmed, How: "postcode"}))
	w.ok(w.desk.UnmergeContacts(ctx, ana, mia, noa.Contact))
	if a, b := w.level(mia), w.level(noa.Contact); a != ticket.Confirmed || b != ticket.Claimed {
		t.Errorf("apart again they are %s and %s, want confirmed and claimed", a, b)
	}
	_, err := w.desk.Reply(ctx, noa.ID, ana, account)
	w.refused(socialcrm.ErrUnverified, socialcrm.Receipt{}, err)
}

func TestAccountDataGoesByTheIdentityOfWhoeverReadsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	mia := w.inPrivate("mia", "What is my balance?").Contact
	w.asked("noa", "Hello?")
	noa := w.tickets()[1].Contact
	w.ok(w.desk.MergeContacts(ctx, ana, mia, noa))
	theirs := w.inPrivate("noa", "What is mine?") // begun while both were taken for one
	w.ok(w.desk.UnmergeContacts(ctx, ana, mia, noa))
	w.ok(w.desk.Verify(ctx, ana, mia, socialcrm.Verification{Level: ticket.Strong, How: "login"}))
	_, err := w.desk.Reply(ctx, theirs.ID, ana, account)
	w.refused(socialcrm.ErrUnverified, socialcrm.Receipt{}, err)
	w.ok(w.desk.Verify(ctx, ana, noa, socialcrm.Verification{Level: ticket.Strong, How: "login"}))
	w.must(w.desk.Reply(ctx, theirs.ID, ana, account))
}

func TestALevelFoundForTwoMakesNeitherSurer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	mia, noa := w.inPrivate("mia", "Hello?").Contact, w.inPrivate("noa", "Hello?").Contact
	w.ok(w.desk.Verify(ctx, ana, mia, socialcrm.Verification{Level: ticket.Claimed, How: "she says so"}))
	w.ok(w.desk.MergeContacts(ctx, ana, mia, noa))
	w.ok(w.desk.Verify(ctx, ana, mia, socialcrm.Verification{Level: ticket.Strong, How: "login"}))
	w.ok(w.desk.UnmergeContacts(ctx, ana, mia, noa))
	if a, b := w.level(mia), w.level(noa); a != ticket.Claimed || b != ticket.Unverified {
		t.Errorf("apart again they are %s and %s, want claimed and none: nobody knows who logged in", a, b)
	}
}

func TestALinkToALowerLevelTakesNothingAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.restartAs(t, socialcrm.Config{LinkKey: []byte("sixteen bytes or more")})
	mia := w.inPrivate("mia", "What is my balance?")
	w.ok(w.desk.Verify(t.Context(), ana, mia.Contact, socialcrm.Verification{Level: ticket.Strong, How: "login"}))
	token, err := w.desk.VerifyLink(t.Context(), ana, mia.Contact, ticket.Claimed, time.Hour)
	w.ok(err)
	w.platform.Customer("mia").Write(w.page, "Here: "+token)
	w.pass(time.Minute)
	if got := w.level(mia.Contact); got != ticket.Strong {
		t.Errorf("she is %s, want strong as before", got)
	}
	w.pass(2 * time.Hour)
	if got := w.level(mia.Contact); got != ticket.Strong {
		t.Errorf("after the link's time she is %s, want strong", got)
	}
}

func TestAccountDataStaysWhenItsThreadTurnsOutToBeAnothers(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	ctx := t.Context()
	private := func(e channel.Event) channel.Event { e.Message.Visibility = channel.Private; return e }
	w.ingest(private(said("1", "noa", "t", "", "Hello?", at(1))))
	id := w.ingest(private(said("3", "mia", "", "2", "What is my balance?", at(5))))[0].Ticket
	w.ok(w.desk.Verify(ctx, ana, w.contactOf("mia"), socialcrm.Verification{Level: ticket.Strong, How: "login"}))
	r := account
	r.NotBefore = w.now.Add(time.Hour)
	w.must(w.desk.Reply(ctx, id, ana, r))
	w.ingest(private(said("2", "noa", "t", "1", "Mia is here too", at(3))))
	w.pass(2 * time.Hour)
	if n := w.platform.Calls(channeltest.OnSend); n != 0 || len(w.told(ticket.ReplyFailed)) != 1 {
		t.Errorf("%d posts, failed %+v; want none, because Noa, whom nobody verified, would read it", n, w.told(ticket.ReplyFailed))
	}
}

func TestAMessageOfThePastVerifiesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.restartAs(t, socialcrm.Config{LinkKey: []byte("sixteen bytes or more")})
	mia := w.inPrivate("mia", "What is my balance?")
	token, err := w.desk.VerifyLink(t.Context(), ana, mia.Contact, ticket.Confirmed, time.Hour)
	w.ok(err)
	e := said("old", "mia", mia.Conversations[0].Thread, "", token, w.now.Add(-24*time.Hour))
	e.Message.Visibility = channel.Private
	w.ingest(e)
	if got := w.level(mia.Contact); got != ticket.Unverified {
		t.Errorf("mia is %s by what was written before the account was added", got)
	}
}

func TestASecondLookUpThatTellsNothingNewChangesNothing(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.crm.AddPerson(crm.Person{Ref: "p1", Name: "Mia", Verified: ticket.Strong}, crm.Identity{Platform: "fakebook", Author: channel.Author{ID: "mia"}})
	w.platform.Customer("mia").Describe(channel.Author{Name: "Mia", Email: "mia@example.com"})
	w.platform.Fail(channeltest.OnProfile, channeltest.Refuse(remote.Unavailable)) // so that it comes after what the CRM says
	w.ingest(said("1", "mia", "p", "p", "Hello?", at(1)))
	w.pass(10 * time.Minute)
	var told []string
	for _, e := range w.told(ticket.ContactChanged) {
		if e.Ticket == "" && e.Actor.Kind == ticket.ByCRM {
			told = append(told, e.New)
		}
	}
	if n := w.crm.Calls(crmtest.MethodLookup); n != 2 || !slices.Equal(told, []string{"name, verified"}) {
		t.Errorf("%d look-ups changed %q, want that the second of two changed nothing", n, told)
	}
}
