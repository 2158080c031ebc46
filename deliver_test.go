package socialcrm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func smallPosts() channeltest.Options {
	return channeltest.Options{Public: channel.Traits{MaxText: 40, Echoes: true}, Private: channel.Traits{ReplyWindow: 24 * time.Hour, NoAutomation: true}}
}

func TestLongReplyGoesOutInPartsInOrder(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, smallPosts())
	w.platform.Customer("mia").Post(w.page, "Where is it?")
	w.pass(time.Minute)
	// Part 2 fails for a while; only part 2 is tried again.
	w.platform.Fail(channeltest.OnSend, (*channeltest.Attempt).CarryOut, channeltest.Refuse(remote.Unavailable))
	text := "Your parcel is in Lyon. It will be with you on Tuesday. We are sorry for the wait."
	r, err := w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: text, Then: ticket.Pending})
	if err != nil {
		t.Fatal(err)
	}
	w.pass(time.Hour)
	var parts []string
	for _, s := range w.platform.Customer("mia").Sees() {
		if strings.Contains(s, "(") {
			parts = append(parts, s)
		}
	}
	if len(parts) != len(r.Messages) || !slices.IsSortedFunc(parts, func(a, b string) int {
		return strings.Compare(a[strings.LastIndex(a, "("):], b[strings.LastIndex(b, "("):])
	}) {
		t.Errorf("mia sees %q, want %d parts in order", parts, len(r.Messages))
	}
	if got := w.platform.Calls(channeltest.OnSend); got != len(r.Messages)+1 {
		t.Errorf("%d sends for %d parts and one failure", got, len(r.Messages))
	}
	if got := w.only(); got.Status != ticket.Pending {
		t.Errorf("ticket is %s, want pending once the last part is out", got.Status)
	}
}

func TestReplyThatIsRefusedEndsWhereTheAgentCanAct(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, smallPosts())
	w.platform.Customer("mia").Post(w.page, "Where is it?")
	w.pass(time.Minute)
	w.platform.Fail(channeltest.OnSend, channeltest.Refuse(remote.Rejected))
	r, err := w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "Your parcel is in Lyon. It will be with you on Tuesday.", Then: ticket.Solved})
	if err != nil {
		t.Fatal(err)
	}
	w.pass(time.Hour)
	list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: w.only().ID})
	if err != nil {
		t.Fatal(err)
	}
	var states []ticket.PostState
	for _, m := range list.Items {
		if m.Post != nil {
			states = append(states, m.Post.State)
		}
	}
	if diff := cmp.Diff([]ticket.PostState{ticket.PostFailed, ticket.PostCancelled}, states); diff != "" || len(r.Messages) != 2 {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	got := w.only()
	if got.Status.Done() {
		t.Errorf("ticket is %s though nothing went out", got.Status)
	}
	if c, _ := got.Clocks.Clock(sla.FirstResponse); c.Verdict == sla.Met {
		t.Error("first response is met though nothing went out")
	}
}

func TestTokenExpiredPausesTheAccountAndResumes(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, smallPosts())
	w.platform.Customer("mia").Post(w.page, "Where is it?")
	w.pass(time.Minute)
	w.page.ExpireToken()
	if _, err := w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "In Lyon."}); err != nil {
		t.Fatal(err)
	}
	w.pass(24 * time.Hour)
	if n := w.platform.Calls(channeltest.OnSend); n != 1 {
		t.Errorf("%d sends with a dead token, want 1", n)
	}
	w.page.Reconnect()
	if err := w.desk.Resume(t.Context(), ana, w.page.Account().AccountID); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Hour)
	if !slices.Contains(w.platform.Customer("mia").Sees(), "In Lyon.") {
		t.Errorf("mia sees %q", w.platform.Customer("mia").Sees())
	}
}

func TestPrivateReplyObeysWindowAndAutomationRules(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, smallPosts())
	w.platform.Customer("mia").Write(w.page, "Hello in private")
	w.pass(time.Minute)
	id := w.only().ID
	if _, err := w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "We are closed", Automated: true}); remote.KindOf(err) != remote.PolicyBlocked {
		t.Errorf("automated: %v, want blocked by policy", err)
	}
	w.pass(25 * time.Hour)
	if _, err := w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi"}); remote.KindOf(err) != remote.WindowClosed {
		t.Errorf("after a day: %v, want window closed", err)
	}
	if n := w.platform.Calls(channeltest.OnSend); n != 0 {
		t.Errorf("%d sends", n)
	}
}

func TestAcceptedThenFailedWithdrawsTheAnswer(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, smallPosts())
	w.platform.Customer("mia").Post(w.page, "Where is it?")
	w.pass(time.Minute)
	w.platform.Fail(channeltest.OnSend, channeltest.AcceptThenFail)
	if _, err := w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "In Lyon."}); err != nil {
		t.Fatal(err)
	}
	w.pass(10 * time.Minute)
	if c, _ := w.only().Clocks.Clock(sla.FirstResponse); c.Verdict != sla.Running {
		t.Errorf("first response is %q, want running as if never answered", c.Verdict)
	}
}

func TestVerbsRefuseWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Minute)
	id, ctx := w.only().ID, t.Context()
	stale := ana
	stale.IfVersion = 99
	for _, test := range []struct {
		name string
		want error
		act  func() error
	}{
		{"empty reply", socialcrm.ErrInvalid, func() error { _, err := w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: " "}); return err }},
		{"unknown status", socialcrm.ErrInvalid, func() error {
			_, err := w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "a", Then: "gone"})
			return err
		}},
		{"unknown message", socialcrm.ErrNotFound, func() error {
			_, err := w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "a", InReplyTo: "x"})
			return err
		}},
		{"attachments", socialcrm.ErrInvalid, func() error {
			_, err := w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "a", Attachments: make([]channel.Attachment, 9)})
			return err
		}},
		{"empty note", socialcrm.ErrInvalid, func() error { _, err := w.desk.Note(ctx, id, ana, ""); return err }},
		{"unknown ticket", socialcrm.ErrNotFound, func() error { _, err := w.desk.Resolve(ctx, "nope", ana, ""); return err }},
		{"unknown agent", socialcrm.ErrNotFound, func() error { _, err := w.desk.Assign(ctx, id, ana, "zoe"); return err }},
		{"changed meanwhile", socialcrm.ErrConflict, func() error { _, err := w.desk.Resolve(ctx, id, stale, ""); return err }},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.act(); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestAssignNoteAndReopen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Minute)
	id, ctx := w.only().ID, t.Context()
	for _, err := range []error{
		second(w.desk.Assign(ctx, id, ana, "ben")),
		second(w.desk.Note(ctx, id, ana, "She called.")),
		second(w.desk.Resolve(ctx, id, ana, "by phone")),
		second(w.desk.Reopen(ctx, id, ana, "too early")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	w.pass(time.Minute)
	got := w.only()
	if got.Agent != "ben" || got.Status != ticket.Open {
		t.Errorf("ticket is %s with %q, want open with ben", got.Status, got.Agent)
	}
	if _, err := w.desk.Assign(ctx, id, ana, ""); err != nil {
		t.Fatal(err)
	}
	if got := w.only(); got.Agent != "ana" {
		t.Errorf("ticket is with %q, want ana, who has room when ben gives it back", got.Agent)
	}
	if len(w.platform.Posts()) != 1 {
		t.Errorf("the note is on the platform: %+v", w.platform.Posts())
	}
	texts := []string{}
	for _, in := range w.crm.Interactions(w.crm.Cases()[0].Key) {
		texts = append(texts, string(in.Direction)+": "+in.Text)
	}
	if diff := cmp.Diff([]string{"in: Hello?", "note: She called."}, texts); diff != "" {
		t.Errorf("interactions (-want +got):\n%s", diff)
	}
}

func TestTheStatusThatAReplyLeavesBehind(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ before, then, want ticket.Status }{
		{"", "", ticket.Open},
		{"", ticket.Open, ticket.Open},
		{"", ticket.Pending, ticket.Pending},
		{ticket.Pending, "", ticket.Pending},
		{ticket.Pending, ticket.Open, ticket.Open},
		{ticket.OnHold, "", ticket.OnHold},
		{ticket.OnHold, ticket.Open, ticket.Open},
		{ticket.OnHold, ticket.Solved, ticket.Solved},
	} {
		t.Run(fmt.Sprintf("%s and then %s", tt.before, tt.then), func(t *testing.T) {
			t.Parallel()
			w, tk := asked(t, channeltest.Options{})
			if tt.before != "" {
				w.must(w.desk.SetStatus(t.Context(), tk.ID, ana, tt.before, ""))
			}
			w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "I am on it", Then: tt.then}))
			w.pass(time.Minute)
			if got := w.only().Status; got != tt.want {
				t.Errorf("the ticket is %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAHandOverLeavesTheStatusThatTheTicketHas(t *testing.T) {
	t.Parallel()
	for before, want := range map[ticket.Status]ticket.Status{"": ticket.Open, ticket.Pending: ticket.Pending, ticket.OnHold: ticket.OnHold} {
		w, tk := asked(t, channeltest.Options{})
		if before != "" {
			w.must(w.desk.SetStatus(t.Context(), tk.ID, ana, before, ""))
		}
		w.must(w.desk.Assign(t.Context(), tk.ID, ana, "ben"))
		if got := w.only(); got.Status != want || got.Agent != "ben" {
			t.Errorf("%q before: the ticket is %s with %q, want %s with ben", before, got.Status, got.Agent, want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestAnswerThatIsLostAgainAndAgainEndsInDoubt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Minute)
	var tried []time.Time
	w.platform.Break(channeltest.OnSend, func(a *channeltest.Attempt) error {
		if tried = append(tried, a.Now); len(tried) > 100 {
			t.Fatalf("%d sends by %s", len(tried), a.Now)
		}
		return channeltest.LoseRequest(a) // and Find says that it is absent
	})
	id := w.only().ID
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi Mia"}))
	w.days(7)
	if len(tried) != 12 {
		t.Errorf("%d sends, want 12", len(tried))
	}
	for i := 1; i < len(tried); i++ {
		if !tried[i].After(tried[i-1]) {
			t.Errorf("attempt %d follows at once, at %s", i+1, tried[i])
		}
	}
	if diff := cmp.Diff([]ticket.PostState{ticket.PostUnknown}, w.states(id)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	if e := w.last(id, ticket.ReplyDoubtful); !strings.Contains(e.Reason, "again and again") {
		t.Errorf("the journal says %q", e.Reason)
	}
	dead, err := w.desk.Tasks(t.Context(), ticket.TaskQuery{Dead: true})
	if err != nil || len(dead.Items) != 1 {
		t.Errorf("set aside: %+v %v, want the post", dead.Items, err)
	}
}

func TestAPostThatWasLostBeforeALongOutageIsSentWhenThePlatformCanTell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	w.platform.Fail(channeltest.OnSend, channeltest.LoseRequest)
	w.platform.Break(channeltest.OnFind, channeltest.Refuse(remote.Unavailable))
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi Mia"}))
	w.pass(24 * time.Hour)
	w.platform.Mend(channeltest.OnFind)
	w.pass(3 * time.Hour)
	if diff := cmp.Diff([]string{"Hi Mia"}, w.platform.Replies()); diff != "" {
		t.Errorf("Mia reads (-want +got):\n%s", diff)
	}
}

func TestNextPartWaitsWhileThePartBeforeIsInDoubt(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{Private: channel.Traits{MaxText: 40}, CannotFind: true})
	w.platform.Fail(channeltest.OnSend, channeltest.LoseAnswer)
	w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "Your parcel is in Lyon. It will be with you on Tuesday."}))
	w.pass(24 * time.Hour)
	if diff := cmp.Diff([]ticket.PostState{ticket.PostUnknown, ticket.PostQueued}, w.states(tk.ID)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
}

// meanwhile is a channel on which something happens while a post is under way.
type meanwhile struct {
	*channeltest.FakeChannel
	happens func()
}

func (c meanwhile) Send(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	c.happens()
	return c.FakeChannel.Send(ctx, out)
}

// The Store's clock, by which leases end, may run ahead of the Desk's.
func TestWhoTakesAPostOverWaitsUntilTheRequestUnderWayHasEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ahead := time.Duration(0)
	w.store = ticket.NewMemory(&ticket.MemoryOptions{Now: func() time.Time { return w.now.Add(ahead) }})
	w.restart()
	id := w.asked("mia", "Hello?")
	began := w.now
	w.ok(w.desk.AddChannel(t.Context(), meanwhile{w.page, func() {
		if w.now.Equal(began) && ahead == 0 {
			ahead = time.Hour
			_, err := w.desk.Tick(t.Context())
			w.ok(err)
			if n := w.platform.Calls(channeltest.OnFind); n != 0 {
				t.Errorf("the platform was asked %d times about a post that was under way", n)
			}
		}
	}}))
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi Mia"}))
	w.pass(time.Hour)
	if diff := cmp.Diff([]string{"Hi Mia"}, w.platform.Replies()); diff != "" || ahead == 0 {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
}

func TestNextPartFollowsOnceTheDoubtIsOver(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{Private: channel.Traits{MaxText: 40}, CannotFind: true})
	w.platform.Fail(channeltest.OnSend, channeltest.LoseAnswer)
	parts := w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "Your parcel is in Lyon. It will be with you on Tuesday."})).Messages
	w.pass(24 * time.Hour)
	w.must(w.desk.Decide(t.Context(), tk.ID, ana, parts[0], true))
	w.pass(time.Minute)
	if diff := cmp.Diff([]ticket.PostState{ticket.PostSent, ticket.PostSent}, w.states(tk.ID)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	if n := len(w.platform.Replies()); n != 2 {
		t.Errorf("%d posts went out, want both parts", n)
	}
}

func TestEveryRefusalEndsWhereTheAgentCanAct(t *testing.T) {
	t.Parallel()
	for _, kind := range []remote.Kind{remote.Rejected, remote.PolicyBlocked, remote.WindowClosed, remote.NotInControl, remote.NotFound} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.asked("mia", "Where is it?")
			w.platform.Fail(channeltest.OnSend, channeltest.Refuse(kind))
			w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "In Lyon.", Then: ticket.Pending}))
			w.must(w.desk.SetStatus(t.Context(), id, ana, ticket.Pending, "for the customer"))
			w.pass(24 * time.Hour)
			if diff := cmp.Diff([]ticket.PostState{ticket.PostFailed}, w.states(id)); diff != "" || w.platform.Calls(channeltest.OnSend) != 1 {
				t.Errorf("%d sends; posts (-want +got):\n%s", w.platform.Calls(channeltest.OnSend), diff)
			}
			if got := w.ticket(id).Status; got != ticket.Open {
				t.Errorf("the ticket is %s, want open", got)
			}
			if e := w.last(id, ticket.ReplyFailed); e.Reason == "" {
				t.Error("the journal does not say why")
			}
		})
	}
}

func TestAQuotaThatIsUsedUpOrABlockOfTheAccountKeepsTheReplyUntilSomebodyResumes(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]channeltest.Fault{
		"used up": channeltest.Refuse(remote.Exhausted),
		"blocked": func(a *channeltest.Attempt) error {
			return &remote.Error{Op: "fakebook: send", Kind: remote.PolicyBlocked, Scope: remote.Scope{Level: remote.LevelAccount, ID: a.Account.AccountID.String()}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.asked("mia", "Where is it?")
			w.platform.Fail(channeltest.OnSend, fault)
			w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "In Lyon."}))
			w.pass(48 * time.Hour)
			if n := w.platform.Calls(channeltest.OnSend); n != 1 || len(w.told(ticket.ScopePaused)) != 1 {
				t.Errorf("%d sends and %d pauses told, want one each", n, len(w.told(ticket.ScopePaused)))
			}
			w.ok(w.desk.Resume(t.Context(), ana, w.page.Account().AccountID))
			w.pass(time.Hour)
			if diff := cmp.Diff([]ticket.PostState{ticket.PostSent}, w.states(id)); diff != "" {
				t.Errorf("posts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReplyThatWasHeldUpSolvesNothingOverANewerMessage(t *testing.T) {
	t.Parallel()
	for _, then := range []ticket.Status{ticket.Solved, ticket.Pending} {
		for _, again := range []bool{false, true} {
			w, tk := asked(t, channeltest.Options{})
			w.platform.Fail(channeltest.OnSend, channeltest.Throttle(remote.LevelAccount, time.Hour))
			w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "It is on its way.", Then: then}))
			w.pass(time.Minute)
			want := then
			if again {
				w.platform.Customer("mia").Write(w.page, "It came broken!")
				want = ticket.Open
			}
			w.pass(2 * time.Hour)
			if got := w.ticket(tk.ID); got.Status != want || got.Answered.IsZero() {
				t.Errorf("then %s, the customer wrote again %t: %s, answered %s; want %s and answered", then, again, got.Status, got.Answered, want)
			}
		}
	}
}

func TestReplyThatWasHeldUpSolvesNothingOverANewerMessageInAnotherConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	public := w.platform.Customer("mia").Post(w.page, "Where is it?")
	w.pass(time.Minute)
	id := w.only().ID
	w.platform.Customer("mia").Write(w.page, "My address is Rue 1.")
	w.pass(time.Minute)
	for _, tk := range w.tickets() {
		if tk.ID != id {
			w.must(w.desk.Merge(t.Context(), id, ana, tk.ID))
		}
	}
	w.platform.Fail(channeltest.OnSend, channeltest.Throttle(remote.LevelAccount, time.Hour))
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{InReplyTo: w.messages(public.ID)[0].Key, Text: "It is on its way.", Then: ticket.Solved}))
	w.pass(time.Minute)
	w.platform.Customer("mia").Write(w.page, "It came broken!")
	w.pass(2 * time.Hour)
	if got := w.ticket(id); got.Status != ticket.Open || got.Answered.IsZero() {
		t.Errorf("it is %s, answered %s; want open: who answered in public did not know what she wrote in private meanwhile", got.Status, got.Answered)
	}
}

// hasty is a channel whose clock is ahead.
type hasty struct{ channel.Channel }

func (h hasty) Send(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	sent, err := h.Channel.Send(ctx, out)
	sent.Time = sent.Time.Add(time.Hour)
	return sent, err
}

func TestNoAnswerIsOfTheFuture(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	w.ok(w.desk.AddChannel(t.Context(), hasty{struct{ channel.Channel }{w.page}}))
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi"}))
	_, err := w.desk.Tick(t.Context())
	w.ok(err)
	if got := w.ticket(id).Answered; !got.Equal(w.now) {
		t.Errorf("answered %s, want now, %s", got, w.now)
	}
}

func TestAReplyThatGoesOutLateLeavesASolvedTicketSolved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	w.platform.Fail(channeltest.OnSend, channeltest.Throttle(remote.LevelAccount, 30*time.Minute))
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Which one?", Then: ticket.Pending}))
	w.pass(time.Minute)
	w.must(w.desk.Resolve(t.Context(), id, ana, "she called"))
	w.pass(time.Hour)
	if got := w.ticket(id); got.Status != ticket.Solved || got.Answered.IsZero() {
		t.Errorf("it is %s, answered %s; want solved, and answered", got.Status, got.Answered)
	}
}
