package socialcrm_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// Two processes on one Store, each with an account of its own: what one claims of the other's is left to it, and soon done there.
func TestProcessesWithDifferentChannelsLeaveEachOtherTheirWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform := channeltest.New(channeltest.Options{})
		store := ticket.NewMemory(nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		var desks []*socialcrm.Desk
		var pages []*channeltest.FakeChannel
		for _, id := range []string{"shop", "help"} {
			page := platform.Account(channel.Account{AccountID: channel.AccountID{ID: id}})
			desk, err := socialcrm.New(socialcrm.Config{Store: store, Setup: company(), Channels: []channel.Channel{page}})
			if err != nil {
				t.Fatal(err)
			}
			desks, pages = append(desks, desk), append(pages, page)
			go func() { ended <- desk.Run(ctx) }()
		}
		for round := range 5 {
			for i, page := range pages {
				platform.Customer(fmt.Sprint("customer ", i)).Post(page, fmt.Sprint("Question ", round))
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			open, err := desks[0].Tickets(ctx, ticket.TicketQuery{Statuses: []ticket.Status{ticket.New, ticket.Open}})
			if err != nil || len(open.Items) != 2 {
				t.Fatalf("round %d: %d questions arrived within a minute (%v), want 2", round, len(open.Items), err)
			}
			for _, q := range open.Items {
				own := desks[slices.IndexFunc(pages, func(p *channeltest.FakeChannel) bool { return p.Account().AccountID == q.Account })]
				if _, err := own.Reply(ctx, q.ID, ana, socialcrm.Reply{Text: fmt.Sprint("Answer ", round), Then: ticket.Solved}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if n := len(platform.Replies()); n != 2*(round+1) {
				t.Fatalf("round %d: %d answers are out a minute later, want %d", round, n, 2*(round+1))
			}
		}
		if polls := platform.Calls(channeltest.OnPoll); polls < 20 || polls > 60 {
			t.Errorf("%d polls in ten minutes of two accounts, want one each every half minute", polls)
		}
		cancel()
		for range desks {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAnAccountThatIsConfiguredNowhereIsGivenUpAfterADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Idiots!")
	sent := w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Please.", Then: ticket.Pending})).Messages[0]
	w.must(w.desk.Hide(t.Context(), id, ana, "", "insult"))
	w.desk.RemoveChannel(shop)
	left := []string{"moderate/", "poll/fakebook/shop", "send/" + sent}
	waiting := func() (ids []string, most int) {
		list, err := w.desk.Tasks(t.Context(), ticket.TaskQuery{})
		w.ok(err)
		for _, task := range list.Items {
			if task.Attempts == 0 && task.Due.After(w.now) { // planned for later: deadlines, the daily check of the subscription
				continue
			}
			if most = max(most, task.Attempts); task.Kind == "moderate" {
				task.ID = "moderate/"
			}
			ids = append(ids, task.ID)
			if task.LastError == "" {
				t.Errorf("task %s does not say what it waits for", task.ID)
			}
		}
		slices.Sort(ids)
		return ids, most
	}
	w.pass(23 * time.Hour)
	ids, most := waiting()
	if diff := cmp.Diff(left, ids); diff != "" || most > 100 {
		t.Fatalf("after 23 hours and %d attempts, want at most 100, there wait (-want +got):\n%s", most, diff)
	}
	w.pass(27 * time.Hour)
	if ids, _ := waiting(); len(ids) > 0 {
		t.Errorf("after 50 hours there wait %q", ids)
	}
	if diff := cmp.Diff([]ticket.PostState{ticket.PostFailed}, w.states(id)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	const reason = "account fakebook/shop has not been there for a day"
	for kind, want := range map[ticket.EntryKind]string{ticket.ReplyFailed: reason, ticket.ModerationFailed: "moderate fakebook-0001: rejected: " + reason} {
		if told := w.told(kind); len(told) != 1 || told[0].Reason != want {
			t.Errorf("the journal tells %+v of %s, want %q", told, kind, want)
		}
	}
	w.ok(w.desk.AddChannel(t.Context(), w.page))
	w.ok(w.desk.Requeue(t.Context(), ana, "send/"+sent))
	w.platform.Customer("noa").Post(w.page, "Hello?")
	w.pass(time.Minute)
	if n := len(w.platform.Replies()); n != 1 {
		t.Errorf("%d answers are out, want the one that was requeued", n)
	}
	if len(w.tickets()) != 2 {
		t.Error("the account that is back is not polled")
	}
}

// A day is counted from when nobody had the account, and anew once somebody had it: however long a task was tried and failed, it stays with who can do it.
func TestOnlyAnUnbrokenAbsenceEndsATask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(time.Minute)
	stranger, err := socialcrm.New(socialcrm.Config{Store: w.store, Now: func() time.Time { return w.now }})
	w.ok(err)
	own := w.desk
	w.platform.Break(channeltest.OnPoll, channeltest.Refuse(remote.Unavailable))
	for i := range 14 * 24 {
		w.desk = []*socialcrm.Desk{stranger, own}[i%2]
		w.pass(time.Hour)
	}
	w.platform.Mend(channeltest.OnPoll)
	w.platform.Customer("mia").Post(w.page, "Still there?")
	w.desk = own
	w.pass(time.Hour)
	if len(w.tickets()) != 1 {
		t.Error("the account is not polled any more")
	}
}

func TestAPostThatMayBeOutIsInDoubtOnceNobodyHasItsAccount(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.platform.Fail(channeltest.OnSend, channeltest.LoseAnswer)
	w.platform.Break(channeltest.OnFind, channeltest.Refuse(remote.Unavailable))
	w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "In Lyon."}))
	w.pass(time.Minute)
	w.desk.RemoveChannel(shop)
	w.pass(26 * time.Hour)
	if diff := cmp.Diff([]ticket.PostState{ticket.PostUnknown}, w.states(tk.ID)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	if told := w.told(ticket.ReplyDoubtful); len(told) != 1 {
		t.Errorf("the journal tells %+v", told)
	}
}
