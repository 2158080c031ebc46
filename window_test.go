package socialcrm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// windowed is a world whose platform takes a person's answers in private for a day, and where ana has one hand.
func windowed(t *testing.T, change func(*socialcrm.Setup)) *world {
	t.Helper()
	w := newWorldOn(t, channeltest.Options{Private: channel.Traits{ReplyWindow: time.Hour, HumanWindow: 24 * time.Hour}})
	s := company()
	s.SLA, s.Agents = nil, []routing.Agent{{Name: "ana", Teams: []string{"care", "money"}}}
	if change != nil {
		change(&s)
	}
	w.apply(s)
	w.presence("ana", ticket.Offline)
	w.pass(time.Second)
	return w
}

func (w *world) wantReplyBy(id ticket.ID, want time.Time, when string) {
	w.t.Helper()
	if got := w.ticket(id).ReplyBy; !got.Equal(want) {
		w.t.Errorf("%s it can be answered until %s, want %s", when, got, want)
	}
}

func TestWhoseReplyWindowClosesFirstIsServedFirst(t *testing.T) {
	t.Parallel()
	w := windowed(t, func(s *socialcrm.Setup) {
		s.SLA = []sla.Policy{{Name: "invoices", When: laneIs("billing"), Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(6 * time.Hour)}}}}
	})
	w.asked("mia", "Hello")                // in public: no window
	noa := w.inPrivate("noa", "Hello")     // a day
	w.inPrivate("oli", "Hello")            // a day, a minute later
	w.asked("pam", "The invoice is wrong") // promised within six hours
	if noa.ReplyBy.IsZero() {
		t.Error("it has no end")
	}
	w.presence("ana", ticket.Available)
	for _, want := range []string{"care? care? care? ana", "care? ana care? -", "care? - ana -", "ana - - -"} {
		w.wantHands(want, "in their turn")
		for _, tk := range w.tickets() {
			if tk.Agent == "ana" && !tk.Status.Done() {
				w.must(w.desk.Resolve(t.Context(), tk.ID, ana, ""))
				break
			}
		}
	}
}

func TestThePlatformsTimeToAnswerAPartyIsNotTheCustomers(t *testing.T) {
	t.Parallel()
	w := windowed(t, nil)
	sol := w.inPrivate("sol", "How do I change my shop's name?")
	w.must(w.desk.Resolve(t.Context(), sol.ID, ana, ""))
	id := w.asked("mia", "The lamp from Sol's shop is broken") // in public: no window
	w.must(w.desk.AddParty(t.Context(), id, ana, socialcrm.Party{Role: ticket.Seller, Conversation: sol.Conversations[0]}))
	w.platform.Customer("sol").Write(w.page, "I send another one.")
	w.pass(time.Minute)
	w.wantReplyBy(id, time.Time{}, "after the seller wrote in private")
}

func TestAReplyWindowIsWarnedOfBeforeItClosesAndToldOnceItHas(t *testing.T) {
	t.Parallel()
	w := windowed(t, nil)
	tk := w.inPrivate("mia", "Hello")
	closes := tk.CustomerWrote.Add(24 * time.Hour)
	w.wantReplyBy(tk.ID, closes, "while she waits")
	w.pass(closes.Add(-time.Hour - time.Second).Sub(w.now))
	if told := w.told(ticket.ReplyClosing); len(told) != 0 {
		t.Errorf("it is warned too early: %+v", told)
	}
	w.pass(2 * time.Second)
	told := w.told(ticket.ReplyClosing)
	if len(told) != 1 || told[0].Ticket != tk.ID || told[0].Old != "1h before" || told[0].New != closes.Format(time.RFC3339) || !told[0].Happened.Equal(closes.Add(-time.Hour)) {
		t.Fatalf("the warning is %+v", told)
	}
	w.must(w.desk.Note(t.Context(), tk.ID, ana, "Who takes it?")) // warns no second time
	w.pass(closes.Sub(w.now))
	w.wantReplyBy(tk.ID, closes, "in its last moment")
	if told := w.told(ticket.ReplyClosed); len(told) != 0 {
		t.Errorf("it is told as closed in its last moment: %+v", told)
	}
	w.pass(time.Minute)
	w.wantReplyBy(tk.ID, time.Time{}, "once it has closed")
	if told := w.told(ticket.ReplyClosed); len(told) != 1 || !told[0].Happened.Equal(closes) || len(w.told(ticket.ReplyClosing)) != 1 {
		t.Errorf("it is told as closed in %+v, warned of %d times", told, len(w.told(ticket.ReplyClosing)))
	}
	w.platform.Customer("mia").Write(w.page, "Anybody there?") // opens another
	w.pass(time.Minute)
	again := w.ticket(tk.ID).CustomerWrote.Add(24 * time.Hour)
	w.wantReplyBy(tk.ID, again, "once she wrote again")
	w.pass(25 * time.Hour)
	if warned, closed := len(w.told(ticket.ReplyClosing)), len(w.told(ticket.ReplyClosed)); warned != 2 || closed != 2 {
		t.Errorf("of two windows %d are warned of and %d told as closed", warned, closed)
	}
}

func TestAReplyWindowFollowsAnswersEditsAndDeletions(t *testing.T) {
	t.Parallel()
	w := windowed(t, nil)
	ctx := t.Context()
	mia := w.platform.Customer("mia")
	first := mia.Write(w.page, "Hello")
	w.pass(time.Minute)
	id, opened := w.only().ID, w.only().CustomerWrote
	second := mia.Write(w.page, "Hello?")
	w.pass(time.Hour)
	later := w.ticket(id).CustomerWrote
	if !later.After(opened) {
		t.Fatal("she did not write again")
	}
	w.wantReplyBy(id, later.Add(24*time.Hour), "with her latest message")
	mia.Edit(first, "Hello all")
	w.pass(time.Minute)
	w.wantReplyBy(id, later.Add(24*time.Hour), "after an edit")
	mia.Delete(second)
	w.pass(time.Minute)
	w.wantReplyBy(id, later.Add(24*time.Hour), "while one of two is left")
	mia.Delete(first)
	w.pass(time.Minute)
	w.wantReplyBy(id, time.Time{}, "when nothing is left to answer")
	mia.Write(w.page, "A new one")
	w.pass(time.Minute)
	w.wantReplyBy(id, w.ticket(id).CustomerWrote.Add(24*time.Hour), "with another question")
	w.must(w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "Yes?", Then: ticket.Pending}))
	w.pass(time.Minute)
	w.wantReplyBy(id, time.Time{}, "once answered")
	w.pass(30 * time.Hour)
	if warned, closed := len(w.told(ticket.ReplyClosing)), len(w.told(ticket.ReplyClosed)); warned != 0 || closed != 0 {
		t.Errorf("what was answered is warned of %d times and told as closed %d times", warned, closed)
	}
	mia.Write(w.page, "And now?")
	w.pass(time.Minute)
	w.must(w.desk.Resolve(ctx, id, ana, "by telephone"))
	w.wantReplyBy(id, time.Time{}, "once solved")
}

func TestStepsBeforeAReplyWindowClosesDoWhatTheySay(t *testing.T) {
	t.Parallel()
	w := windowed(t, func(s *socialcrm.Setup) {
		s.ReplyWindow = &socialcrm.ReplyWindow{Steps: []sla.Step{
			{At: sla.Moment{Before: sla.Duration(2 * time.Hour)}, Raise: new(ticket.Urgent), Lane: "billing", Tags: []string{"last-chance"}},
			{At: sla.Moment{Before: sla.Duration(6 * time.Hour)}, Notify: []string{"care"}},
		}}
	})
	id := w.inPrivate("mia", "Hello").ID
	w.pass(18*time.Hour + time.Minute)
	told := w.told(ticket.ReplyClosing)
	if len(told) != 1 || !strings.Contains(string(told[0].Detail), `"notify":["care"]`) {
		t.Fatalf("six hours before, the journal says %+v", told)
	}
	w.pass(4 * time.Hour)
	got := w.ticket(id)
	if got.Priority != ticket.Urgent || got.Lane != "billing" || len(got.Tags) != 1 || len(w.told(ticket.ReplyClosing)) != 2 {
		t.Errorf("two hours before it is %s in %s with tags %v", got.Priority, got.Lane, got.Tags)
	}
	if e := w.last(id, ticket.TicketHanded); e.Reason != "2h before the reply window closes" {
		t.Errorf("it was handed on because %q", e.Reason)
	}
}

func TestAReplyWindowAndAnOfferGoWithTheTicketThatIsMerged(t *testing.T) {
	t.Parallel()
	w := windowed(t, func(s *socialcrm.Setup) {
		s.Private = []socialcrm.PrivateRule{{Name: "account data", When: rule.Condition{Fact: "shows", Equals: rule.Text("number")}}}
	})
	private := w.inPrivate("mia", "Hello")
	closes := private.CustomerWrote.Add(24 * time.Hour)
	w.pass(23*time.Hour + 30*time.Minute)
	public, survivor := w.asked("mia", "My account is 12345678"), w.asked("mia", "Anybody?")
	w.must(w.desk.Merge(t.Context(), survivor, ana, private.ID))
	w.must(w.desk.Merge(t.Context(), survivor, ana, public))
	w.pass(time.Minute)
	w.wantReplyBy(survivor, closes, "with the window that it took over")
	w.wantReplyBy(private.ID, time.Time{}, "as a part of another")
	w.wantOffer(survivor, "account data", "with what it took over")
	if warned := w.told(ticket.ReplyClosing); len(warned) != 1 {
		t.Errorf("it is warned of %d times, want once", len(warned))
	}
	w.pass(time.Hour)
	if closed := w.told(ticket.ReplyClosed); len(closed) != 1 || closed[0].Ticket != survivor {
		t.Errorf("it is told as closed in %+v", closed)
	}
}

func TestAReplyWindowSurvivesARestart(t *testing.T) {
	t.Parallel()
	w := windowed(t, nil)
	tk := w.inPrivate("mia", "Hello")
	w.pass(23*time.Hour + time.Minute)
	w.restart()
	w.pass(2 * time.Hour)
	if warned, closed := len(w.told(ticket.ReplyClosing)), len(w.told(ticket.ReplyClosed)); warned != 1 || closed != 1 {
		t.Errorf("warned of %d times, told as closed %d times; want once each", warned, closed)
	}
	w.wantReplyBy(tk.ID, time.Time{}, "after all")
}

func TestStepsBeforeAReplyWindowThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ step, want string }{
		{`{"at": "75%"}`, `reply_window: steps[0].at: want a time before it closes, such as "2h before", got "75%"`},
		{`{"at": "breach"}`, `got "breach"`},
		{`{"at": "2h before", "metric": "resolution"}`, `steps[0].metric "resolution": a window has none`},
		{`{"at": "2h before", "lane": "nowhere"}`, `reply_window: steps[0].lane "nowhere" is not known`},
		{`{"at": "2h before", "lane": "care", "agent": "ana"}`, `want a lane or an agent, not both`},
		{`{"at": "2h before", "notify": ["who"]}`, `steps[0].notify[0] "who"`},
		{`{"at": "2h before", "tell": 1}`, `tell`},
	} {
		s, err := socialcrm.ParseSetup([]byte(`{"lanes": [{"name": "care", "team": "care"}], "teams": [{"name": "care"}], "agents": [{"name": "ana", "teams": ["care"]}], "reply_window": {"steps": [` + c.step + `]}}`))
		if err == nil {
			err = s.Check(nil)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.step, err, c.want)
		}
	}
}
