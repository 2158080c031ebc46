package socialcrm_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

const comeAlong = "Please tell us here, where nobody else reads it. (This is an automated message.)"

// walled is a world whose company does not want account data and anger on its wall; move says whether the Desk leads customers away itself, automated whether it may.
func walled(t *testing.T, move, automated bool) *world {
	t.Helper()
	w := newWorldOn(t, channeltest.Options{
		ScopedAuthors: true, Public: channel.Traits{Echoes: true}, Private: channel.Traits{Echoes: true, AutomatedPrivateReply: automated},
	})
	s := company()
	s.Agents[0].Capacity = 9
	reach := 100_000.0
	s.Words = rule.Lists{"anger": {"scandal", "disgusting"}}
	s.Private = []socialcrm.PrivateRule{
		{Name: "account data", When: rule.Condition{Fact: "shows", In: []rule.Value{rule.Text("card"), rule.Text("iban"), rule.Text("number")}}, Text: comeAlong, Move: move},
		{Name: "anger", When: rule.Condition{Any: []rule.Condition{{Fact: "text", List: "anger"}, {Fact: "author.followers", Min: &reach}}}},
	}
	w.apply(s)
	w.pass(time.Second)
	return w
}

func (w *world) wantOffer(id ticket.ID, rule, when string) {
	w.t.Helper()
	if got := w.ticket(id).Private; got.Rule != rule {
		w.t.Errorf("%s the offer is %+v, want that of rule %q", when, got, rule)
	}
}

func TestWhatShouldLeaveTheWallIsOfferedToWhoHasTheTicket(t *testing.T) {
	t.Parallel()
	w := walled(t, false, true)
	ctx := t.Context()
	calm := w.asked("noa", "Hello")
	w.wantOffer(calm, "", "for a harmless message")
	angry := w.asked("oli", "This is a SCANDAL")
	w.wantOffer(angry, "anger", "for an angry one")
	if e := w.last(angry, ticket.PrivateOffered); e.New != "anger" || e.Message == "" || !strings.Contains(e.Reason, "scandal") {
		t.Errorf("the journal says %+v", e)
	}
	mia := w.platform.Customer("mia")
	mia.Post(w.page, "My account is 12345678")
	w.pass(time.Minute)
	id := w.tickets()[2].ID
	offer := w.ticket(id).Private
	if offer.Rule != "account data" || offer.Text != comeAlong || len(w.platform.Posts()) != 3 {
		t.Errorf("the offer is %+v, and %d posts are out", offer, len(w.platform.Posts()))
	}
	w.must(w.desk.MovePrivate(ctx, id, ana, socialcrm.Reply{})) // as it is offered
	w.wantOffer(id, "", "once it was taken up")
	w.pass(time.Minute)
	if sees := mia.Sees(); sees[len(sees)-1] != comeAlong {
		t.Errorf("she sees %q", sees)
	}
	mia.Write(w.page, "It is 12345678")
	w.pass(time.Minute)
	got := w.ticket(id)
	if len(got.Conversations) != 2 || got.Agent != "ana" || got.Private.Rule != "" || len(w.tickets()) != 3 {
		t.Errorf("afterwards it has %d conversations, is with %q, and the offer is %+v", len(got.Conversations), got.Agent, got.Private)
	}
	w.must(w.desk.Reply(ctx, angry, ana, socialcrm.Reply{Text: "We are sorry."}))
	w.pass(time.Minute)
	w.wantOffer(angry, "", "once it was answered in public")
}

func TestAnOfferFollowsEditsAndDeletions(t *testing.T) {
	t.Parallel()
	w := walled(t, false, false)
	mia := w.platform.Customer("mia")
	first := mia.Post(w.page, "Hello")
	mia.Reply(first, "It is about my flight")
	w.pass(time.Minute)
	id := w.only().ID
	w.wantOffer(id, "", "at first")
	mia.Edit(first, "Hello, my number is 12345678")
	w.pass(time.Minute)
	w.wantOffer(id, "account data", "after an edit")
	mia.Delete(first)
	w.pass(time.Minute)
	w.wantOffer(id, "", "once that is gone")
}

func TestTheDeskLeadsCustomersIntoPrivateOnceWhereThePlatformPermitsIt(t *testing.T) {
	t.Parallel()
	w := walled(t, true, true)
	mia := w.platform.Customer("mia")
	root := mia.Post(w.page, "My account is 12345678")
	mia.Reply(root, "I said 12345678!") // in the same moment
	w.pass(time.Minute)
	count := func() (n int) {
		for _, text := range mia.Sees() {
			if text == comeAlong {
				n++
			}
		}
		return n
	}
	id := w.only().ID
	if n := count(); n != 1 {
		t.Errorf("she is led away %d times, want once", n)
	}
	got := w.ticket(id)
	if c, _ := got.Clocks.Clock(sla.FirstResponse); c.Verdict != sla.Running || got.Unanswered() != 2 {
		t.Errorf("first response %s with %d unanswered: no person answered", c.Verdict, got.Unanswered())
	}
	mia.Write(w.page, "It is 12345678")
	w.pass(time.Minute)
	mia.Reply(root, "Still 12345678")
	w.restart()
	w.pass(time.Minute)
	got = w.only()
	if n := count(); n != 1 || len(got.Conversations) != 2 || got.Agent != "ana" {
		t.Errorf("she was led away %d times; the ticket has %d conversations and is with %q", n, len(got.Conversations), got.Agent)
	}
	w.wantOffer(id, "account data", "for what she wrote in public again")
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "We have it."}))
	w.pass(time.Minute)
	if c, _ := w.ticket(id).Clocks.Clock(sla.FirstResponse); c.Verdict != sla.Met {
		t.Errorf("first response %s, want met by one answer for both conversations", c.Verdict)
	}
}

func TestTheDeskLeadsNobodyAwayForWhatAPersonAnsweredAlready(t *testing.T) {
	t.Parallel()
	w := walled(t, true, true)
	mia := w.platform.Customer("mia")
	first := mia.Post(w.page, "Hello")
	w.pass(time.Minute)
	id := w.only().ID
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hello Mia"}))
	w.pass(time.Minute)
	mia.Reply(first, "Where is it?")
	w.pass(time.Minute)
	mia.Edit(first, "Hello, my number is 12345678")
	w.pass(time.Minute)
	w.wantOffer(id, "account data", "after an edit of what was answered")
	if got := mia.Sees(); slices.Contains(got, comeAlong) {
		t.Errorf("a machine answers what ana answered before: mia sees %q", got)
	}
}

func TestWhereNoMachineMayAnswerInPrivateItIsOffered(t *testing.T) {
	t.Parallel()
	w := walled(t, true, false)
	id := w.asked("mia", "My account is 12345678")
	w.wantOffer(id, "account data", "where a person must do it")
	if n := len(w.platform.Posts()); n != 1 {
		t.Errorf("%d posts are out, want hers alone", n)
	}
	if _, err := w.desk.MovePrivate(t.Context(), id, ana, socialcrm.Reply{Text: "Here", Automated: true}); err == nil {
		t.Error("an automated answer in private is taken")
	}
}

func TestTheOfferStandsWhereTheDeskCouldNotLeadTheCustomerAway(t *testing.T) {
	t.Parallel()
	w := walled(t, true, true)
	w.platform.Fail(channeltest.OnReplyPrivately, channeltest.Refuse(remote.PolicyBlocked))
	id := w.asked("mia", "My account is 12345678")
	w.pass(time.Hour)
	w.platform.Mend(channeltest.OnReplyPrivately)
	w.wantOffer(id, "account data", "after it failed")
	w.must(w.desk.MovePrivate(t.Context(), id, ana, socialcrm.Reply{}))
	w.pass(time.Minute)
	if sees := w.platform.Customer("mia").Sees(); sees[len(sees)-1] != comeAlong {
		t.Errorf("she sees %q", sees)
	}
}

func TestRulesForTheWallThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	want := map[string]string{
		`{"when": {"fact": "text", "word": "x"}}`: `private[0]: name is missing`,
		`{"name": "a"}`: `private "a": when is empty, so that nothing would stay in public`,
		`{"name": "a", "when": {"fact": "txt", "word": "x"}}`:                    `private "a": when: fact "txt" is not known; ticket.Facts lists those that are`,
		`{"name": "a", "when": {"fact": "text", "word": "x"}, "move": true}`:     `private "a": move: wants a text`,
		`{"name": "a", "when": {"fact": "text", "word": "x"}}, {"name": "a"}`:    "private[1]: there are two named \"a\"\nprivate \"a\": when is empty, so that nothing would stay in public",
		`{"name": "a", "when": {"fact": "shows", "equals": "cards"}}`:            `private "a": when: equals: is "cards", which "shows" never is; it is one of "card", "email", "iban", "number", "phone"`,
		`{"name": "a", "when": {"fact": "text", "list": "none"}}`:                `private "a": when: rule: compile condition: list: "none" is unknown; there are no lists here`,
		`{"name": "a", "when": {"fact": "text", "word": "x"}, "texts": ["now"]}`: `desk file: line 1: private[0].texts: unknown field; known are name, when, text, move`,
	}
	for rules := range want {
		s, err := socialcrm.ParseSetup([]byte(`{"private": [` + rules + `]}`))
		if err == nil {
			err = s.Check(nil)
		}
		if err != nil {
			got[rules] = err.Error()
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}
