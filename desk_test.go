package socialcrm_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// world is a Desk with everything around it: a platform with two accounts, a CRM, and a clock that the test moves.
type world struct {
	t        *testing.T
	now      time.Time
	platform *channeltest.Platform
	page     *channeltest.FakeChannel
	crm      *crmtest.Fake
	store    ticket.Store
	desk     *socialcrm.Desk
}

var ana = socialcrm.By{Actor: ticket.Actor{Kind: ticket.ByAgent, ID: "ana", Name: "Ana"}}

// company makes a ticket of each post; what else the Desk does by itself has tests of its own.
func company() socialcrm.Setup {
	return socialcrm.Setup{
		Together: socialcrm.Together{Within: -1},
		Related:  socialcrm.Related{Within: -1},
		Lanes: []routing.Lane{
			{Name: "billing", Team: "money", When: rule.Condition{Fact: "text", Word: "invoice"}},
			{Name: "care", Team: "care"},
		},
		Teams:  []routing.Team{{Name: "money"}, {Name: "care"}},
		Agents: []routing.Agent{{Name: "ana", Teams: []string{"care"}, Capacity: 2, AlwaysOn: true}, {Name: "ben", Teams: []string{"money"}, AlwaysOn: true}},
		SLA: []sla.Policy{{Name: "promise", Targets: []sla.Target{
			{Metric: sla.Acknowledgement, Within: sla.Duration(time.Hour)},
			{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)},
			{Metric: sla.Resolution, Within: sla.Duration(48 * time.Hour)},
		}}},
	}
}

func newWorld(t *testing.T) *world {
	return newWorldOn(t, channeltest.Options{Public: channel.Traits{Echoes: true}, Private: channel.Traits{Echoes: true}})
}

func newWorldOn(t *testing.T, platform channeltest.Options) *world {
	w := &world{t: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return w.now }
	platform.Now = now
	w.platform = channeltest.New(platform)
	w.page = w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Name: "Shop"})
	w.crm = crmtest.New(crmtest.Options{Name: "crm", Now: now})
	w.store = ticket.NewMemory(&ticket.MemoryOptions{Now: now})
	w.restart()
	return w
}

// restart throws the Desk away and makes a new one on the same Store.
func (w *world) restart() {
	w.t.Helper()
	desk, err := socialcrm.New(socialcrm.Config{
		Store: w.store, Setup: company(), Channels: []channel.Channel{w.page}, Now: func() time.Time { return w.now },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := desk.AddSink(w.crm); err != nil {
		w.t.Fatal(err)
	}
	w.desk = desk
}

// pass lets time pass, and the Desk do all that becomes due meanwhile, at its time.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	end := w.now.Add(d)
	for {
		next, err := w.desk.Tick(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		if next.IsZero() || next.After(end) {
			break
		}
		if next.After(w.now) {
			w.now = next
		}
	}
	w.now = end
	if _, err := w.desk.Tick(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// days lets days pass on a machine that wakes up once an hour: the pollers do not ask for each minute of them.
func (w *world) days(n int) {
	w.t.Helper()
	for range n * 24 {
		w.now = w.now.Add(time.Hour)
		if _, err := w.desk.Tick(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
	w.pass(0)
}

func (w *world) tickets() []ticket.Ticket {
	w.t.Helper()
	list, err := w.desk.Tickets(w.t.Context(), ticket.TicketQuery{})
	if err != nil {
		w.t.Fatal(err)
	}
	return list.Items
}

func (w *world) only() ticket.Ticket {
	w.t.Helper()
	all := w.tickets()
	if len(all) != 1 {
		w.t.Fatalf("got %d tickets, want 1: %+v", len(all), all)
	}
	return all[0]
}

func (w *world) kinds(id ticket.ID) []ticket.EntryKind {
	w.t.Helper()
	entries, err := w.desk.Journal(w.t.Context(), ticket.JournalQuery{Ticket: id})
	if err != nil {
		w.t.Fatal(err)
	}
	var kinds []ticket.EntryKind
	for _, e := range entries {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func TestTheWholeWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := w.platform.Customer("mia").Post(w.page, "Where is my parcel?")
	w.pass(time.Minute)

	got := w.only()
	if got.Lane != "care" || got.Agent != "ana" || got.Status != ticket.New {
		t.Errorf("ticket is in lane %q with %q, %s; want care, ana, new", got.Lane, got.Agent, got.Status)
	}
	w.pass(20 * time.Minute)
	if _, err := w.desk.Reply(t.Context(), got.ID, ana, socialcrm.Reply{Text: "On its way, Mia.", Then: ticket.Solved}); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Minute)

	if sees := w.platform.Customer("mia").Sees(); !slices.Contains(sees, "On its way, Mia.") {
		t.Errorf("mia sees %q", sees)
	}
	got = w.only()
	if got.Status != ticket.Solved || got.Agent != "ana" {
		t.Errorf("ticket is %s with %s, want solved with ana", got.Status, got.Agent)
	}
	for _, c := range got.Clocks.Clocks {
		if c.Verdict != sla.Met || c.Started.Before(asked.Time) {
			t.Errorf("clock %s: %s, started %s, want met, started %s", c.Metric, c.Verdict, c.Started, asked.Time)
		}
	}
	want := []ticket.EntryKind{
		ticket.TicketCreated, ticket.TicketRouted, ticket.TicketAssigned, ticket.MessageReceived, ticket.ReplyQueued, ticket.ReplySent,
		ticket.TicketStatus, ticket.TicketStatus, ticket.ClockMet, ticket.ClockMet, ticket.ClockMet,
	}
	if diff := cmp.Diff(want, w.kinds(got.ID)); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
	cases := w.crm.Cases()
	if len(cases) != 1 || cases[0].Status != ticket.Solved || len(w.crm.Contacts()) != 1 {
		t.Fatalf("the CRM holds cases %+v and contacts %+v", cases, w.crm.Contacts())
	}
	var texts []string
	for _, in := range w.crm.Interactions(cases[0].Key) {
		texts = append(texts, string(in.Direction)+": "+in.Text)
		if in.Writes != 1 {
			t.Errorf("interaction %q was written %d times", in.Text, in.Writes)
		}
	}
	if diff := cmp.Diff([]string{"in: Where is my parcel?", "out: On its way, Mia."}, texts); diff != "" {
		t.Errorf("interactions (-want +got):\n%s", diff)
	}
}

func TestBreachIsRecordedAtTheDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Minute)
	due := asked.Time.Add(time.Hour)
	w.pass(3 * time.Hour)
	entries, err := w.desk.Journal(t.Context(), ticket.JournalQuery{Ticket: w.only().ID})
	if err != nil {
		t.Fatal(err)
	}
	breaches := 0
	for _, e := range entries {
		if e.Kind == ticket.ClockBreached {
			breaches++
			if !e.Happened.Equal(due) || e.Stand == nil || !e.Stand.BreachedAt().Equal(due) {
				t.Errorf("breach of %s at %s, want %s", e.New, e.Happened, due)
			}
		}
	}
	if breaches != 2 {
		t.Errorf("%d breaches in the journal, want 2", breaches)
	}
}

func TestRedeliveryFromEverySourceIsOneMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.desk.AddSource(t.Context(), w.platform); err != nil {
		t.Fatal(err)
	}
	w.platform.Customer("mia").Post(w.page, "Where is my parcel?")
	call := w.platform.Webhook()
	for range 3 {
		delivery, err := w.platform.Decode(call)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.desk.Ingest(t.Context(), delivery.Events...); err != nil {
			t.Fatal(err)
		}
	}
	w.pass(time.Hour)
	list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: w.only().ID})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 {
		t.Errorf("%d messages, want 1", len(list.Items))
	}
}

func TestReplyKeyMakesItOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Minute)
	id, by := w.only().ID, ana
	by.Key = "k1"
	first, err := w.desk.Reply(t.Context(), id, by, socialcrm.Reply{Text: "Hi"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.desk.Reply(t.Context(), id, by, socialcrm.Reply{Text: "Hi"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the second receipt differs:\n%s", diff)
	}
	if _, err := w.desk.Reply(t.Context(), id, by, socialcrm.Reply{Text: "Bye"}); !errors.Is(err, socialcrm.ErrConflict) {
		t.Errorf("other content under the same key: %v, want ErrConflict", err)
	}
	w.pass(time.Minute)
	if n := w.platform.Calls(channeltest.OnSend); n != 1 {
		t.Errorf("%d sends, want 1", n)
	}
}

func TestLostAnswerIsFoundAndNotSentTwice(t *testing.T) {
	t.Parallel()
	for _, fault := range []struct {
		name  string
		fault channeltest.Fault
		posts int
		sends int
	}{
		{"carried out", channeltest.LoseAnswer, 1, 1},
		{"not carried out", channeltest.LoseRequest, 1, 2},
	} {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.platform.Customer("mia").Post(w.page, "Hello?")
			w.pass(time.Minute)
			w.platform.Fail(channeltest.OnSend, fault.fault)
			if _, err := w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "Hi Mia"}); err != nil {
				t.Fatal(err)
			}
			w.pass(10 * time.Minute)
			n := 0
			for _, p := range w.platform.Customer("mia").Sees() {
				if p == "Hi Mia" {
					n++
				}
			}
			if n != fault.posts || w.platform.Calls(channeltest.OnSend) != fault.sends {
				t.Errorf("mia sees the answer %d times after %d sends, want %d after %d", n, w.platform.Calls(channeltest.OnSend), fault.posts, fault.sends)
			}
			if got := w.only(); got.Answered.IsZero() {
				t.Error("the answer is not on the ticket")
			}
		})
	}
}

func TestThrottledReplyWaitsAndGoesOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Minute)
	w.platform.Fail(channeltest.OnSend, channeltest.Throttle(remote.LevelAccount, 30*time.Minute))
	if _, err := w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "Hi Mia"}); err != nil {
		t.Fatal(err)
	}
	w.pass(20 * time.Minute)
	if n := w.platform.Calls(channeltest.OnSend); n != 1 {
		t.Fatalf("%d sends while throttled, want 1", n)
	}
	w.restart()
	w.pass(20 * time.Minute)
	if n := w.platform.Calls(channeltest.OnSend); n != 2 {
		t.Errorf("%d sends, want 2", n)
	}
	if w.only().Answered.IsZero() {
		t.Error("the answer did not go out")
	}
}

func TestSolvedReopensWithinTheWindowThenFollowsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mia := w.platform.Customer("mia")
	root := mia.Post(w.page, "Hello?")
	w.pass(time.Minute)
	if _, err := w.desk.Resolve(t.Context(), w.only().ID, ana, "spoke on the phone"); err != nil {
		t.Fatal(err)
	}
	w.days(6)
	mia.Reply(root, "And now?")
	w.pass(time.Minute)
	if got := w.only(); got.Status != ticket.Open {
		t.Fatalf("after six days the ticket is %s, want open", got.Status)
	}
	if _, err := w.desk.Resolve(t.Context(), w.only().ID, ana, ""); err != nil {
		t.Fatal(err)
	}
	old := w.only().ID
	w.days(8)
	mia.Reply(root, "Once more")
	w.pass(time.Minute)
	all := w.tickets()
	if len(all) != 2 || all[1].FollowUpOf != old || all[1].Status != ticket.New {
		t.Errorf("after eight days: %+v, want a new ticket that follows up %s", all, old)
	}
}

func TestCapacityIsNeverOverrunAndWaitingTicketsAreHandedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"mia", "noa", "oli"} {
		w.platform.Customer(name).Post(w.page, "Hello from "+name)
		w.pass(time.Minute)
	}
	agents := func() []string {
		var out []string
		for _, t := range w.tickets() {
			out = append(out, t.Agent)
		}
		return out
	}
	if diff := cmp.Diff([]string{"ana", "ana", ""}, agents()); diff != "" {
		t.Fatalf("agents (-want +got):\n%s", diff)
	}
	if _, err := w.desk.Resolve(t.Context(), w.tickets()[0].ID, ana, ""); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Second)
	if diff := cmp.Diff([]string{"ana", "ana", "ana"}, agents()); diff != "" {
		t.Errorf("agents after one was solved (-want +got):\n%s", diff)
	}
}

func TestCRMDownLosesNothingAndIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crm.SetDown(true)
	for range 20 {
		w.platform.Customer("mia").Post(w.page, "Hello?")
		w.pass(3 * time.Minute)
	}
	w.crm.SetDown(false)
	down := w.crm.Calls(crmtest.MethodPush)
	w.pass(2 * time.Hour)
	if n := len(w.crm.Cases()); n != 20 {
		t.Errorf("the CRM holds %d cases, want 20", n)
	}
	if down > 40 {
		t.Errorf("%d calls while the CRM was down", down)
	}
	t.Logf("%d calls in the hour the CRM was down", down)
}

func TestAnswerInThePlatformsOwnAppStopsTheClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Minute)
	w.page.Answer(m, "Hi, I am at my phone", "")
	w.pass(10 * time.Minute)
	got := w.only()
	if c, _ := got.Clocks.Clock(sla.FirstResponse); c.Verdict != sla.Met {
		t.Errorf("first response is %q, want met", c.Verdict)
	}
}

func TestUnknownAccountIsQuarantinedAndCostsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	at := channel.AccountID{Platform: "fakebook", ID: "shop"}
	results, err := w.desk.Ingest(t.Context(),
		channel.Event{Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "fakebook", ID: "other"}, Message: channel.Message{ID: "1", Author: channel.Author{ID: "a"}}},
		channel.Event{Kind: "nonsense", Account: w.page.Account().AccountID},
		channel.Event{Kind: channel.MessageReceived, Account: w.page.Account().AccountID, Message: channel.Message{ID: "2", Author: channel.Author{ID: "a"}, Text: "hi"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []socialcrm.Outcome
	for _, r := range results {
		outcomes = append(outcomes, r.Outcome)
	}
	if diff := cmp.Diff([]socialcrm.Outcome{socialcrm.Quarantined, socialcrm.Quarantined, socialcrm.Created}, outcomes); diff != "" {
		t.Errorf("outcomes for %s (-want +got):\n%s", at, diff)
	}
}

func TestRunMovesEverythingAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform := channeltest.New(channeltest.Options{})
		page := platform.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}})
		sink := crmtest.New(crmtest.Options{Name: "crm"})
		store := ticket.NewMemory(nil)
		desk, err := socialcrm.New(socialcrm.Config{Store: store, Setup: company(), Channels: []channel.Channel{page}})
		if err != nil {
			t.Fatal(err)
		}
		if err := desk.AddSink(sink); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- desk.Run(ctx) }()
		go func() { // an agent who answers what the feed tells
			for e, err := range desk.Feed(ctx, "") {
				if err != nil {
					t.Error(err)
					return
				}
				if e.Kind == ticket.TicketAssigned && e.New == "ana" {
					if _, err := desk.Reply(ctx, e.Ticket, ana, socialcrm.Reply{Text: "Done.", Then: ticket.Solved}); err != nil {
						t.Error(err)
					}
				}
			}
		}()
		for i := range 5 {
			platform.Customer("mia").Post(page, "Hello "+strings.Repeat("?", i))
			time.Sleep(2 * time.Minute)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		for _, c := range sink.Cases() {
			if c.Status != ticket.Solved {
				t.Errorf("case %s is %s, want solved", c.Key, c.Status)
			}
		}
		if n := len(sink.Cases()); n != 5 {
			t.Errorf("the CRM holds %d cases, want 5", n)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}
