package socialcrm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

var shop = channel.AccountID{Platform: "fakebook", ID: "shop"}

// said is a customer's message.
func said(id, author, thread, parent, text string, at time.Time) channel.Event {
	return channel.Event{Kind: channel.MessageReceived, Account: shop, Message: channel.Message{
		ID: id, Author: channel.Author{ID: author}, Thread: thread, Parent: parent, Text: text, Time: at,
	}}
}

// posted is the brand's own post, written in the platform's own app.
func posted(id, thread, parent, text string, at time.Time, mentions ...string) channel.Event {
	e := said(id, "shop", thread, parent, text, at)
	e.Kind, e.Message.Mentions = channel.MessageEchoed, mentions
	return e
}

func (w *world) ingest(events ...channel.Event) []socialcrm.Result {
	w.t.Helper()
	results, err := w.desk.Ingest(w.t.Context(), events...)
	if err != nil {
		w.t.Fatal(err)
	}
	for i, r := range results {
		if r.Outcome == socialcrm.Quarantined {
			w.t.Fatalf("event %d: %s", i, r.Reason)
		}
	}
	return results
}

func (w *world) said(id ticket.ID) []string {
	w.t.Helper()
	list, err := w.desk.Messages(w.t.Context(), ticket.MessageQuery{Ticket: id})
	if err != nil {
		w.t.Fatal(err)
	}
	var texts []string
	for _, m := range list.Items {
		texts = append(texts, m.Content.Text)
	}
	return texts
}

// later is a world in which an hour has passed, so that events of that hour are neither history nor in the future.
func later(t *testing.T) (*world, func(minute int) time.Time) {
	w := newWorld(t)
	begin := w.now
	w.now = begin.Add(time.Hour)
	return w, func(minute int) time.Time { return begin.Add(time.Duration(minute) * time.Minute) }
}

// TestOrderOfArrivalDecidesNothing gives the events of one conversation in every order, with copies, in one call and one by one, and expects the same ticket, the
// same text and the same clocks.
func TestOrderOfArrivalDecidesNothing(t *testing.T) {
	t.Parallel()
	type outcome struct {
		Tickets  int
		Messages []string
		Clocks   []sla.Clock
	}
	run := func(w *world, events []channel.Event, together bool) outcome {
		if together {
			w.ingest(events...)
		} else {
			for _, e := range events {
				w.ingest(e)
			}
		}
		var o outcome
		open := ticket.Ticket{}
		for _, tk := range w.tickets() {
			if tk.MergedInto == "" {
				o.Tickets++
				open = tk
			}
		}
		o.Messages, o.Clocks = w.said(open.ID), slices.Clone(open.Clocks.Clocks)
		for i := range o.Clocks {
			o.Clocks[i].Agent = "" // who has room for a ticket depends on which came first
		}
		return o
	}
	story := func(at func(int) time.Time) []channel.Event {
		edited := said("c1", "mia", "p", "p", "Where is my parcel 7?", at(2))
		edited.Kind, edited.Message.Revision, edited.Time = channel.MessageEdited, "2", at(5)
		return []channel.Event{
			said("c1", "mia", "p", "p", "Where is my parcel?", at(2)),
			said("c2", "mia", "", "c1", "Hello?", at(10)),
			posted("b1", "", "c1", "We are looking.", at(20)),
			said("c3", "mia", "", "b1", "Thanks, and when?", at(30)),
			posted("b2", "", "c3", "Tuesday.", at(40)),
			edited,
		}
	}
	want := outcome{}
	{
		w, at := later(t)
		want = run(w, story(at), false)
		if want.Tickets != 1 || len(want.Messages) != 5 || want.Messages[0] != "Where is my parcel 7?" {
			t.Fatalf("in order: %+v", want)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		w, at := later(t)
		events := story(at)
		for range rapid.IntRange(0, 4).Draw(r, "copies") {
			events = append(events, rapid.SampledFrom(events).Draw(r, "copy"))
		}
		events = rapid.Permutation(events).Draw(r, "order")
		if diff := cmp.Diff(want, run(w, events, rapid.Bool().Draw(r, "together"))); diff != "" {
			ids := []string{}
			for _, e := range events {
				ids = append(ids, fmt.Sprint(e.Kind, " ", e.Message.ID))
			}
			r.Fatalf("in the order %q (-want +got):\n%s", ids, diff)
		}
	})
}

func TestPublicEchoAnswersOnlyWhomItAddresses(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(said("1", "mia", "p", "p", "Mine is late", at(1)), said("2", "noa", "p", "p", "Mine too", at(2)), posted("3", "p", "1", "On its way", at(3)))
	for _, tk := range w.tickets() {
		c, _ := tk.Clocks.Clock(sla.FirstResponse)
		if met := c.Verdict == sla.Met; met != (tk.Clocks.Asked.Equal(at(1))) {
			t.Errorf("first response of %q is %q", tk.Subject, c.Verdict)
		}
	}
	w.ingest(posted("4", "p", "", "@noa yours too", at(4), "noa"))
	for _, tk := range w.tickets() {
		if c, _ := tk.Clocks.Clock(sla.FirstResponse); c.Verdict != sla.Met {
			t.Errorf("first response of %q is %q after a mention", tk.Subject, c.Verdict)
		}
	}
}

func TestAuthorWhoBecomesKnownJoinsTheConversation(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	nameless := said("2", "", "p", "p", "And mine?", at(10))
	w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), nameless)
	if n := len(w.tickets()); n != 2 {
		t.Fatalf("%d tickets while the author is not known, want 2", n)
	}
	known := nameless
	known.Message.Author.ID = "mia"
	w.ingest(known)
	var open []ticket.Ticket
	for _, tk := range w.tickets() {
		if tk.MergedInto == "" {
			open = append(open, tk)
		}
	}
	if len(open) != 1 {
		t.Fatalf("%d open tickets once the author is known, want 1", len(open))
	}
	if diff := cmp.Diff([]string{"Where is it?", "And mine?"}, w.said(open[0].ID)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestAuthorOfALoneMessageBecomesKnown(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	nameless := said("1", "", "p", "p", "Where is it?", at(1))
	w.ingest(nameless)
	nameless.Message.Author = channel.Author{ID: "mia", Name: "Mia"}
	w.ingest(nameless, said("2", "mia", "p", "p", "Hello?", at(2)))
	got := w.only()
	if got.Contact == "" {
		t.Error("the ticket has no contact")
	}
	if diff := cmp.Diff([]string{"Where is it?", "Hello?"}, w.said(got.ID)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestPrivateMessageInAPublicTreeIsItsOwnConversation(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	private := said("2", "mia", "p", "1", "My number is 7", at(2))
	private.Message.Visibility = channel.Private
	w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), private)
	if n := len(w.tickets()); n != 2 {
		t.Errorf("%d tickets, want 2", n)
	}
}

func TestOnePostToSeveralAccountsIsOneTicketAndTheFirstNamedAnswers(t *testing.T) {
	t.Parallel()
	for _, order := range [][]string{{"shop", "help", "news"}, {"news", "shop", "help"}, {"help", "news", "shop"}} {
		w := newWorld(t)
		for _, id := range []string{"help", "news"} {
			if err := w.desk.AddChannel(t.Context(), w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: id}})); err != nil {
				t.Fatal(err)
			}
		}
		w.platform.Customer("mia").Mention("@help @shop @news where is it?", channels(w.platform, "help", "shop", "news")...)
		m := w.platform.Posts()[0].Message
		for _, id := range order {
			w.ingest(channel.Event{Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "fakebook", ID: id}, Message: m})
		}
		got := w.only()
		if got.Account.ID != "help" && order[0] != "help" {
			t.Errorf("%q: the ticket's account is %s, want help", order, got.Account)
		}
		if _, err := w.desk.Reply(t.Context(), got.ID, ana, socialcrm.Reply{Text: "Here"}); err != nil {
			t.Fatal(err)
		}
		w.pass(time.Minute)
		posts := w.platform.Posts()
		if p := posts[len(posts)-1]; p.Account.ID != "help" {
			t.Errorf("%q: %s answers, want help", order, p.Account)
		}
		if n := len(w.said(got.ID)); n != 2 {
			t.Errorf("%q: %d messages, want the post and the answer", order, n)
		}
	}
}

func channels(p *channeltest.Platform, ids ...string) (all []*channeltest.FakeChannel) {
	for _, id := range ids {
		all = append(all, p.Account(channel.Account{AccountID: channel.AccountID{ID: id}}))
	}
	return all
}

func TestDeletionThatMustBeHonouredLeavesNoText(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	edited := said("1", "mia", "p", "p", "My card is 4111", at(1))
	edited.Kind, edited.Time = channel.MessageEdited, at(3)
	gone := said("1", "mia", "p", "p", "", at(1))
	gone.Kind, gone.Time, gone.Honour = channel.MessageDeleted, at(5), true
	w.ingest(said("1", "mia", "p", "p", "My secret is 42", at(1)), edited, gone, said("2", "mia", "p", "p", "Hello?", at(6)))
	got := w.only()
	list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: got.ID})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := w.desk.Journal(t.Context(), ticket.JournalQuery{})
	if err != nil {
		t.Fatal(err)
	}
	w.pass(time.Minute)
	all := fmt.Sprintf("%+v %+v %+v %+v %+v", got, list.Items, entries, w.crm.Cases(), w.crm.Interactions(string(got.ID)))
	for _, secret := range []string{"4111", "secret"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is still there: %s", secret, all)
		}
	}
}

func TestDeletionBeforeItsMessageMakesNoTicket(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	gone := said("1", "mia", "p", "p", "", at(1))
	gone.Kind, gone.Time = channel.MessageDeleted, at(5)
	w.ingest(gone, said("1", "mia", "p", "p", "Never mind", at(1)))
	if n := len(w.tickets()); n != 0 {
		t.Errorf("%d tickets, want none", n)
	}
}

func TestNoiseIsKeptButIsNoWork(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	setup := company()
	setup.Noise = []socialcrm.Noise{{Name: "thanks", When: rule.Condition{Fact: "text", Word: "thanks"}}}
	if err := w.desk.Apply(t.Context(), ana, setup); err != nil {
		t.Fatal(err)
	}
	w.ingest(said("0", "noa", "q", "q", "Thanks for nothing else", at(0)))
	if n := len(w.tickets()); n != 0 {
		t.Fatalf("noise alone made %d tickets", n)
	}
	w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), posted("2", "p", "1", "On its way", at(2)))
	if _, err := w.desk.Resolve(t.Context(), w.only().ID, ana, ""); err != nil {
		t.Fatal(err)
	}
	w.ingest(said("3", "mia", "p", "2", "Thanks!", at(50)))
	if got := w.only(); got.Status != ticket.Solved || len(w.said(got.ID)) != 3 {
		t.Errorf("after thanks the ticket is %s with %d messages, want solved with 3", got.Status, len(w.said(got.ID)))
	}
	w.ingest(said("4", "mia", "p", "2", "Thanks, but when?", at(55)))
	if got := w.only(); got.Status != ticket.Open {
		t.Errorf("after a question the ticket is %s, want open", got.Status)
	}
}

func TestMergeAndUnmerge(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	setup := company()
	setup.SLA[0].Targets = append(setup.SLA[0].Targets, sla.Target{Metric: sla.NextResponse, Within: sla.Duration(time.Hour)})
	w.now = at(0) // what follows was said after that
	w.apply(setup)
	w.now = at(60)
	w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "mia", "q", "q", "My parcel!", at(20)), posted("3", "q", "2", "On its way", at(30)))
	before := w.tickets()
	first, second := before[0], before[1]
	if _, err := w.desk.Merge(t.Context(), first.ID, ana, second.ID); err != nil {
		t.Fatal(err)
	}
	got, err := w.desk.Ticket(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Where is it?", "My parcel!", "On its way"}, w.said(first.ID)); diff != "" {
		t.Errorf("messages of the survivor (-want +got):\n%s", diff)
	}
	if c := clockOn(got, sla.FirstResponse, string(second.ID)); c.Verdict != sla.Met || !c.Stopped.Equal(at(30)) {
		t.Errorf("first response to what the second asked: %+v, want met at %s", c, at(30))
	}
	w.ingest(said("4", "mia", "q", "3", "Today?", at(40)))
	if n := len(w.said(first.ID)); n != 4 {
		t.Errorf("%d messages in the survivor, want 4", n)
	}
	if c := clockOn(w.ticket(first.ID), sla.NextResponse, string(second.ID)); !c.Started.Equal(at(40)) {
		t.Errorf("next response in the second's conversation: %+v, want one from %s", c, at(40))
	}
	w.pass(time.Minute)
	for _, c := range w.crm.Cases() {
		if want := map[string]string{string(second.ID): string(first.ID)}[c.Key]; c.MergedInto != want {
			t.Errorf("case %s is merged into %q in the CRM, want %q", c.Key, c.MergedInto, want)
		}
	}
	if _, err := w.desk.Unmerge(t.Context(), first.ID, ana, second.ID); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Where is it?"}, w.said(first.ID)); diff != "" {
		t.Errorf("messages of the first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"My parcel!", "On its way", "Today?"}, w.said(second.ID)); diff != "" {
		t.Errorf("messages of the second (-want +got):\n%s", diff)
	}
	got, err = w.desk.Ticket(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if c, _ := got.Clocks.Clock(sla.FirstResponse); !c.Stopped.IsZero() {
		t.Errorf("first response of the first is stopped at %s by the other's answer", c.Stopped)
	}
	if c := clockOn(w.ticket(second.ID), sla.NextResponse, ""); !c.Started.Equal(at(40)) || len(got.Clocks.Lines) != 0 {
		t.Errorf("next response of the second: %+v, want one from %s; the first has lines %+v", c, at(40), got.Clocks.Lines)
	}
}

// The post reaches "help" first; at "shop" the customer's conversation belongs to a ticket of its own by then.
func TestSamePostOnTwoAccountsLeavesTheConversationOfAnotherOpenTicketAlone(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	help := channel.AccountID{Platform: "fakebook", ID: "help"}
	w.ok(w.desk.AddChannel(t.Context(), onAccount{w.platform.Account(channel.Account{AccountID: help}), help}))
	named := said("2", "mia", "p", "", "@help @shop where is it?", at(2))
	named.Message.Mentions = []string{"help", "shop"}
	there := named
	there.Account = help
	own := w.ingest(said("1", "mia", "p", "", "Hello?", at(1)))[0].Ticket
	other := w.ingest(there)[0].Ticket
	if joined := w.ingest(named)[0].Ticket; joined != other || own == other {
		t.Fatalf("tickets %s, %s and %s, want the first alone and the others the same", own, other, joined)
	}
	for _, id := range []ticket.ID{own, other} {
		w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Here"}))
	}
	if joined := w.ingest(said("3", "mia", "p", "", "And now?", at(3)))[0].Ticket; joined != own {
		t.Errorf("what she writes next joins %s, want %s", joined, own)
	}
}

func TestSamePostOnTwoAccountsTakesOverTheConversationOfADoneTicket(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	help := channel.AccountID{Platform: "fakebook", ID: "help"}
	w.ok(w.desk.AddChannel(t.Context(), onAccount{w.platform.Account(channel.Account{AccountID: help}), help}))
	named := said("2", "mia", "p", "", "@help @shop where is it?", at(2))
	named.Message.Mentions = []string{"help", "shop"}
	there := named
	there.Account = help
	own := w.ingest(said("1", "mia", "p", "", "Hello?", at(1)))[0].Ticket
	w.must(w.desk.Resolve(t.Context(), own, ana, ""))
	other := w.ingest(there, named)[0].Ticket
	if joined := w.ingest(said("3", "mia", "p", "", "And now?", at(3)))[0].Ticket; joined != other {
		t.Errorf("what she writes next joins %s, want %s, which is open", joined, other)
	}
}

func TestLateMessageReopensByItsArrival(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)))
	w.must(w.desk.Resolve(t.Context(), w.only().ID, ana, "by phone"))
	w.pass(time.Hour)
	w.ingest(said("2", "mia", "p", "p", "Hello?", at(30)))
	got := w.only()
	if e := w.last(got.ID, ticket.TicketReopened); !e.Happened.Equal(w.now) {
		t.Errorf("it was reopened at %s by what was written before it was solved, want %s, when that came", e.Happened, w.now)
	}
}

func TestReopenWindowIncludesItsEnd(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]socialcrm.Outcome{time.Hour: socialcrm.Reopened, time.Hour + 1: socialcrm.FollowedUp} {
		w, at := later(t)
		s := company()
		s.Reopen.Public = sla.Duration(time.Hour)
		w.apply(s)
		w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)))
		w.must(w.desk.Resolve(t.Context(), w.only().ID, ana, ""))
		w.now = w.now.Add(wait)
		if r := w.ingest(said("2", "mia", "p", "p", "And now?", w.now)); r[0].Outcome != want {
			t.Errorf("after %s: %s, want %s", wait, r[0].Outcome, want)
		}
	}
}

func TestPrivateAnswersToOnePublicThreadAreConversationsOfTheirOwn(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(said("1", "mia", "p", "p", "Mine is late", at(1)), said("2", "noa", "p", "p", "Mine too", at(2)))
	var ids []ticket.ID
	for i, parent := range []string{"1", "2"} {
		private := said("private "+parent, []string{"mia", "noa"}[i], "", parent, "My number is "+parent, at(3))
		private.Message.Visibility = channel.Private
		ids = append(ids, w.ingest(private)[0].Ticket)
	}
	if ids[0] == ids[1] {
		t.Error("what two people wrote in private is one ticket")
	}
}

func TestReopenWindowCountsFromWhenTheCustomerWrote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ingest(said("1", "mia", "p", "p", "Where is it?", w.now))
	w.must(w.desk.Resolve(t.Context(), w.only().ID, ana, ""))
	solved := w.now
	w.now = solved.Add(20 * 24 * time.Hour) // the platform was slow to tell
	if r := w.ingest(said("2", "mia", "p", "p", "And now?", solved.Add(2*24*time.Hour))); r[0].Outcome != socialcrm.Reopened {
		t.Errorf("written two days after it was solved, told after twenty: %s, want reopened", r[0].Outcome)
	}
}

func TestWhatIsOlderThanTheAccountIsKeptAndMakesNoWork(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	page := w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "old"}, Since: at(30)})
	w.ok(w.desk.AddChannel(t.Context(), page))
	tell := func(id, text string, minute int) {
		e := said(id, "mia", "p", "p", text, at(minute))
		e.Account = page.Account().AccountID
		w.ingest(e)
	}
	tell("1", "Where was it?", 10)
	w.pass(24 * time.Hour)
	for _, tk := range w.tickets() {
		if !tk.Status.Done() || tk.Agent != "" || len(tk.Clocks.Clocks) != 0 {
			t.Errorf("history made work: %+v", tk)
		}
	}
	if n := len(w.messages("1")); n != 1 || len(w.told(ticket.ClockBreached)) != 0 {
		t.Errorf("%d messages are kept, %d breaches; want one and none", n, len(w.told(ticket.ClockBreached)))
	}
	tell("2", "Where is it now?", 40)
	if all := w.tickets(); len(all) == 0 || all[len(all)-1].Status.Done() || len(all[len(all)-1].Clocks.Clocks) == 0 {
		t.Errorf("what is new makes no work: %+v", all)
	}
}

func TestAnAnswerOfThePastPromisesNoUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begin := w.now
	at := func(minute int) time.Time { return begin.Add(time.Duration(minute) * time.Minute) }
	s := company()
	s.SLA[0].Targets = append(s.SLA[0].Targets, sla.Target{Metric: sla.PeriodicUpdate, Within: sla.Duration(4 * time.Hour)})
	w.apply(s)
	w.now = at(60)
	page := w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "old"}, Since: at(30)})
	w.ok(w.desk.AddChannel(t.Context(), page))
	tell := func(e channel.Event) ticket.ID {
		e.Account = page.Account().AccountID
		return w.ingest(e)[0].Ticket
	}
	id := tell(said("3", "mia", "p", "p", "Where is it now?", at(40)))
	tell(said("1", "mia", "p", "p", "Where was it?", at(10)))
	if of := tell(posted("2", "p", "1", "In Lyon", at(15))); of != id {
		t.Fatalf("what was said before belongs to ticket %q, want %q", of, id)
	}
	w.pass(5 * time.Hour)
	if c, promised := w.ticket(id).Clocks.Clock(sla.PeriodicUpdate); promised {
		t.Errorf("an update was due at %s, want none promised", c.Due)
	}
	tell(posted("4", "p", "3", "In Rome", w.now))
	if _, promised := w.ticket(id).Clocks.Clock(sla.PeriodicUpdate); !promised {
		t.Error("an answer of today promises no update")
	}
}

func TestALateMessageIsFlaggedAndInFrontOfAnAgent(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), posted("2", "p", "1", "In Lyon", at(30)))
	id := w.only().ID
	w.must(w.desk.SetStatus(t.Context(), id, ana, ticket.Pending, "for the customer"))
	w.now = w.now.Add(5 * time.Hour)
	w.ingest(said("3", "mia", "p", "p", "It is green", at(2)))
	if got := w.ticket(id); got.Status != ticket.Open || len(w.told(ticket.TicketLate)) != 1 {
		t.Errorf("the ticket is %s, flagged %d times; want open and once", got.Status, len(w.told(ticket.TicketLate)))
	}
}

func TestATicketIsInTheLanguageThatThePlatformKnowsOfItsCustomer(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	e := said("1", "mia", "p", "p", "?", at(1))
	e.Message.Author.Language = "nl"
	w.ingest(e)
	if got := w.only(); got.Language != "nl" {
		t.Errorf("it is in %q, want nl", got.Language)
	}
}

func TestTheLatestMessageIsAnsweredAlsoWhenItsAuthorCameToLightAfterIt(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	nameless := said("2", "", "p", "p", "And mine?", at(10))
	id := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), nameless)[0].Ticket
	nameless.Message.Author.ID = "mia"
	w.ingest(nameless)
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "In Lyon."}))
	if to := w.sentTo(id).InReplyTo; to != "2" {
		t.Errorf("the answer is to message %q, want 2", to)
	}
}

func TestAPrivateMatterCanBeTakenUpAgainForLonger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.inPrivate("mia", "Hello?").ID
	w.must(w.desk.Resolve(t.Context(), id, ana, ""))
	w.now = w.now.Add(10 * 24 * time.Hour)
	w.platform.Customer("mia").Write(w.page, "Once more")
	w.pass(time.Minute)
	if got := w.only(); got.Status != ticket.Open || !got.SolvedAt.IsZero() {
		t.Errorf("it is %s, solved %s; want open, and not solved", got.Status, got.SolvedAt)
	}
}
