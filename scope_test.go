package socialcrm_test

import (
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
	"github.com/socialcrm/socialcrm/ticket"
)

// attempts notes when posts are tried, by account, and lets a fault happen to each while there is one.
type attempts struct {
	at    []time.Time
	who   []string
	fault channeltest.Fault
}

func (a *attempts) on(p *channeltest.Platform) {
	p.Break(channeltest.OnSend, func(at *channeltest.Attempt) error {
		a.at, a.who = append(a.at, at.Now), append(a.who, at.Account.ID)
		if a.fault == nil {
			return at.CarryOut()
		}
		return a.fault(at)
	})
}

func (a *attempts) take() []string {
	who := a.who
	a.at, a.who = nil, nil
	slices.Sort(who)
	return who
}

func TestAPauseReachesAsFarAsItsFailure(t *testing.T) {
	t.Parallel()
	const shared = 40
	ids := func(prefix string, n int) (all []string) {
		for i := range n {
			all = append(all, fmt.Sprint(prefix, i+10))
		}
		return all
	}
	everybody := slices.Concat(ids("mine", shared), []string{"other-app", "other-credential"})
	for _, tt := range []struct {
		name    string
		fault   channeltest.Fault
		tried   []string // while the first account's failure lasts, of those that have something to say
		resumed bool     // somebody must mend it
	}{
		{"one account", channeltest.Throttle(remote.LevelAccount, time.Hour), everybody, false},
		{"one credential", channeltest.Throttle(remote.LevelCredential, time.Hour), []string{"mine10", "other-app", "other-credential"}, false},
		{"one app", channeltest.Throttle(remote.LevelApp, time.Hour), []string{"mine10", "other-app"}, false},
		{"a credential that is no longer valid", channeltest.Refuse(remote.Unauthorized), []string{"mine10", "other-app", "other-credential"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var pages []*channeltest.FakeChannel
			for _, id := range everybody {
				a := channel.Account{AccountID: channel.AccountID{ID: id}, Credential: "token", App: "our app"}
				switch id {
				case "other-credential":
					a.Credential = "another token"
				case "other-app":
					a.Credential, a.App = "a third token", "another app"
				}
				page := w.platform.Account(a)
				w.ok(w.desk.AddChannel(t.Context(), page))
				pages = append(pages, page)
			}
			for _, page := range pages {
				w.platform.Customer("mia").Post(page, "Hello?")
			}
			w.pass(time.Minute)
			var tried attempts
			tried.on(w.platform)
			asked := w.tickets()
			if len(asked) != len(everybody) {
				t.Fatalf("%d tickets", len(asked))
			}
			i := slices.IndexFunc(asked, func(tk ticket.Ticket) bool { return tk.Account.ID == "mine10" })
			asked[0], asked[i] = asked[i], asked[0]
			tried.fault = tt.fault
			for i, tk := range asked {
				w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "Hi"}))
				if i == 0 {
					w.pass(time.Second)
					tried.fault = nil
				}
			}
			w.pass(30 * time.Minute)
			if diff := cmp.Diff(tt.tried, tried.take()); diff != "" {
				t.Errorf("while it lasts these were tried (-want +got):\n%s", diff)
			}
			if told := w.told(ticket.ScopePaused); len(told) != 1 {
				t.Errorf("the journal tells of %d pauses, want 1", len(told))
			}
			if tt.resumed {
				w.pass(2 * time.Hour)
				if who := tried.take(); len(who) != 0 {
					t.Errorf("nobody mended it, and these were tried: %q", who)
				}
				w.ok(w.desk.Resume(t.Context(), ana, channel.AccountID{Platform: "fakebook", ID: "mine12"}))
			}
			w.pass(time.Hour)
			for _, tk := range asked {
				if got := w.ticket(tk.ID); got.Answered.IsZero() {
					t.Errorf("the answer of %s did not go out", tk.Account.ID)
				}
			}
		})
	}
}

func TestAPauseDoesNotReachAccountsOfAnotherPlatform(t *testing.T) {
	t.Parallel()
	for _, level := range []remote.Level{remote.LevelCredential, remote.LevelApp} {
		w := newWorld(t)
		other := channeltest.New(channeltest.Options{Platform: "otherbook", Now: func() time.Time { return w.now }})
		named := channel.Account{AccountID: channel.AccountID{ID: "main"}, Credential: "token", App: "app"} // two platforms, one name for what each knows us by
		here, there := w.platform.Account(named), other.Account(named)
		w.ok(w.desk.AddChannel(t.Context(), here))
		w.ok(w.desk.AddChannel(t.Context(), there))
		w.platform.Customer("mia").Post(here, "Hello?")
		other.Customer("tom").Post(there, "Hello?")
		w.pass(time.Minute)
		w.platform.Fail(channeltest.OnSend, channeltest.Throttle(level, time.Hour))
		for _, fails := range []bool{true, false} {
			for _, tk := range w.tickets() {
				if (tk.Account == here.Account().AccountID) == fails {
					w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "Hi"}))
				}
			}
			w.pass(time.Minute)
		}
		if sent, waits := len(other.Replies()), len(w.platform.Replies()); sent != 1 || waits != 0 {
			t.Errorf("level %v: %d answers on the other platform, %d on that of the failure; want 1 and 0", level, sent, waits)
		}
	}
}

func TestAPlatformThatIsAwayForHoursCostsNoReply(t *testing.T) {
	t.Parallel()
	for _, away := range []time.Duration{time.Hour, 6 * time.Hour, 20 * time.Hour} {
		w := newWorld(t)
		id := w.asked("mia", "Hello?")
		w.platform.Break(channeltest.OnSend, channeltest.Refuse(remote.Unavailable))
		w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi"}))
		w.pass(away)
		w.platform.Mend(channeltest.OnSend)
		w.pass(2 * time.Hour)
		if diff := cmp.Diff([]ticket.PostState{ticket.PostSent}, w.states(id)); diff != "" {
			t.Errorf("away for %s (-want +got):\n%s", away, diff)
		}
	}
}

func TestAReplyToAPlatformThatWasAwayForADayIsADeadLetterThatCanBeRequeued(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, channeltest.Options{Public: channel.Traits{MaxText: 60, Echoes: true}})
	id := w.asked("mia", "Hello?")
	long := strings.Repeat("A long answer. ", 10)
	w.platform.Break(channeltest.OnSend, channeltest.Refuse(remote.Unavailable))
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: long, Then: ticket.Solved}))
	w.pass(30 * time.Hour)
	w.platform.Mend(channeltest.OnSend)
	w.pass(3 * time.Hour)
	states := w.states(id)
	dead, err := w.desk.Tasks(t.Context(), ticket.TaskQuery{Dead: true})
	w.ok(err)
	if len(states) < 2 || states[0] != ticket.PostFailed || states[1] != ticket.PostCancelled || len(dead.Items) != 1 || len(w.platform.Replies()) != 0 {
		t.Fatalf("posts are %v, %d dead letters, sent %q; want the first failed, those behind it cancelled, one dead letter", states, len(dead.Items), w.platform.Replies())
	}
	w.ok(w.desk.Requeue(t.Context(), ana, dead.Items[0].ID))
	w.restart()
	w.pass(time.Minute)
	if n := len(w.platform.Replies()); n != len(states) || w.ticket(id).Status != ticket.Solved {
		t.Errorf("%d of %d parts went out, the ticket is %s; want all, and solved", n, len(states), w.ticket(id).Status)
	}
	for _, state := range w.states(id) {
		if state == ticket.PostFailed || state == ticket.PostCancelled || state == ticket.PostQueued {
			t.Errorf("a part is %s", state)
		}
	}
}

func TestRetriesBackOffSurviveARestartAndEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var gaps [2][]time.Duration
	for i := range gaps {
		id := w.asked(fmt.Sprint("customer", i), "Hello?")
		tried := attempts{fault: channeltest.Refuse(remote.Unavailable)}
		tried.on(w.platform)
		w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi", Then: ticket.Solved}))
		for range 3 {
			w.pass(5 * time.Minute)
			w.restart()
		}
		w.pass(48 * time.Hour)
		n := len(tried.at)
		if took := tried.at[n-1].Sub(tried.at[0]); n < 12 || took < 24*time.Hour || took > 26*time.Hour {
			t.Fatalf("%d attempts in %s, want them to end after a day", n, took)
		}
		for n, at := range tried.at[1:] {
			gap, most := at.Sub(tried.at[n]), min(time.Hour, time.Second<<min(n+1, 12))+100*time.Millisecond
			if gap <= 0 || gap > most {
				t.Errorf("attempt %d comes %s after the one before, want at most %s", n+2, gap, most)
			}
			gaps[i] = append(gaps[i], gap)
		}
		if diff := cmp.Diff([]ticket.PostState{ticket.PostFailed}, w.states(id)); diff != "" || w.ticket(id).Status.Done() {
			t.Errorf("in the end the ticket is %s, its post (-want +got):\n%s", w.ticket(id).Status, diff)
		}
	}
	if slices.Equal(gaps[0], gaps[1]) {
		t.Errorf("two posts are tried in step: %v", gaps[0])
	}
}

func TestWhatThrottlesAnAccountStopsItsPostsAndItsPolls(t *testing.T) {
	t.Parallel()
	for _, on := range []channeltest.Op{channeltest.OnPoll, channeltest.OnSend} {
		t.Run(fmt.Sprint(on), func(t *testing.T) {
			t.Parallel()
			w, tk := asked(t, channeltest.Options{})
			w.platform.Fail(on, channeltest.Throttle(remote.LevelAccount, 20*time.Minute))
			if on == channeltest.OnPoll {
				w.pass(time.Minute)
			}
			w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "In Lyon."}))
			w.pass(time.Second)
			calls := func() int { return w.platform.Calls(channeltest.OnPoll) + w.platform.Calls(channeltest.OnSend) }
			before := calls()
			w.pass(10 * time.Minute)
			if n := calls() - before; n != 0 {
				t.Errorf("%d calls before the time at which the platform said to come back", n)
			}
			polls := w.platform.Calls(channeltest.OnPoll)
			w.pass(15 * time.Minute)
			if got := w.platform.Replies(); len(got) != 1 || w.platform.Calls(channeltest.OnPoll) == polls {
				t.Errorf("after it %d answers are out, and %d polls were made", len(got), w.platform.Calls(channeltest.OnPoll)-polls)
			}
		})
	}
}
