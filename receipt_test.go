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
	"github.com/socialcrm/socialcrm/report"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// states lists how far the posts of a ticket are.
func (w *world) states(id ticket.ID) (states []ticket.PostState) {
	w.t.Helper()
	list, err := w.desk.Messages(w.t.Context(), ticket.MessageQuery{Ticket: id})
	w.ok(err)
	for _, m := range list.Items {
		if m.Post != nil {
			states = append(states, m.Post.State)
		}
	}
	return states
}

func (w *world) answer(id ticket.ID, texts ...string) {
	w.t.Helper()
	for _, text := range texts {
		_, err := w.desk.Reply(w.t.Context(), id, ana, socialcrm.Reply{Text: text})
		w.ok(err)
		w.pass(time.Minute)
	}
}

// receipt is what the platform tells of posts of the brand in mia's private conversation.
func receipt(key string, state channel.ReceiptState, until time.Time, ids ...string) channel.Event {
	return channel.Event{Kind: channel.ReceiptArrived, Account: shop, Key: key, Receipt: channel.Receipt{State: state, Messages: ids, Thread: "private-shop-mia", Watermark: until}}
}

func TestWatermarkCoversAllPostsUpToItsTime(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.answer(tk.ID, "one", "two")
	between := w.now.Add(-time.Second)
	w.answer(tk.ID, "three")
	w.ingest(receipt("1", channel.ReceiptRead, between))
	if diff := cmp.Diff([]ticket.PostState{ticket.PostRead, ticket.PostRead, ticket.PostSent}, w.states(tk.ID)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	// Both may be given: both count. Receipts only move forward.
	posts := w.platform.Posts()
	w.ingest(receipt("2", channel.ReceiptDelivered, between, posts[len(posts)-1].ID), receipt("3", channel.ReceiptSent, w.now))
	if diff := cmp.Diff([]ticket.PostState{ticket.PostRead, ticket.PostRead, ticket.PostDelivered}, w.states(tk.ID)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	w.platform.Customer("mia").Read(w.page)
	w.pass(time.Minute)
	if diff := cmp.Diff([]ticket.PostState{ticket.PostRead, ticket.PostRead, ticket.PostRead}, w.states(tk.ID)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
}

func TestWatermarkReachesTheTicketBefore(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.answer(tk.ID, "one")
	_, err := w.desk.Resolve(t.Context(), tk.ID, ana, "")
	w.ok(err)
	w.days(40)
	w.platform.Customer("mia").Write(w.page, "And another thing")
	w.pass(time.Minute)
	if all := w.tickets(); len(all) != 2 || all[1].FollowUpOf != tk.ID {
		t.Fatalf("tickets: %+v", all)
	}
	w.ingest(receipt("1", channel.ReceiptRead, w.now))
	if diff := cmp.Diff([]ticket.PostState{ticket.PostRead}, w.states(tk.ID)); diff != "" {
		t.Errorf("posts of the ticket before (-want +got):\n%s", diff)
	}
}

func TestReceiptThatComesBeforeTheIDIsKnownCounts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		event func(id string, sent time.Time) channel.Event
		want  ticket.PostState
	}{
		{"it names the post", func(id string, _ time.Time) channel.Event {
			return receipt("early", channel.ReceiptRead, time.Time{}, id, "a post of somebody else")
		}, ticket.PostRead},
		{"it is a watermark", func(_ string, sent time.Time) channel.Event { return receipt("early", channel.ReceiptDelivered, sent) }, ticket.PostDelivered},
		{"its watermark is too early", func(_ string, sent time.Time) channel.Event {
			return receipt("early", channel.ReceiptDelivered, sent.Add(-time.Second))
		}, ticket.PostSent},
		{"it failed", func(id string, _ time.Time) channel.Event {
			return receipt("early", channel.ReceiptFailed, time.Time{}, id)
		}, ticket.PostFailed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, tk := asked(t, channeltest.Options{})
			// The answer to the request is lost; the receipt comes before the Finder tells the ID.
			w.platform.Fail(channeltest.OnSend, channeltest.LoseAnswer)
			w.platform.Fail(channeltest.OnFind, channeltest.LoseRequest)
			_, err := w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "one"})
			w.ok(err)
			_, err = w.desk.Tick(t.Context())
			w.ok(err)
			post := w.platform.Posts()[1]
			w.ingest(tt.event(post.ID, post.Time))
			if states := w.states(tk.ID); slices.Contains(states, tt.want) {
				t.Fatalf("before the ID is known the posts are %q", states)
			}
			w.pass(time.Hour)
			if diff := cmp.Diff([]ticket.PostState{tt.want}, w.states(tk.ID)); diff != "" {
				t.Errorf("posts (-want +got):\n%s", diff)
			}
			if answered := w.told(ticket.ReplyFailed); (len(answered) == 1) != (tt.want == ticket.PostFailed) {
				t.Errorf("the journal tells of failures %+v", answered)
			}
		})
	}
}

func TestOlderWatermarkDoesNotReplaceANewerOne(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	// What the watermarks cover is recorded only when the Finder tells the ID.
	w.platform.Fail(channeltest.OnSend, channeltest.LoseAnswer)
	w.platform.Fail(channeltest.OnFind, channeltest.LoseRequest)
	w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "one"}))
	_, err := w.desk.Tick(t.Context())
	w.ok(err)
	w.ingest(receipt("2", channel.ReceiptRead, w.now), receipt("1", channel.ReceiptRead, w.now.Add(-time.Hour)))
	w.pass(time.Hour)
	if diff := cmp.Diff([]ticket.PostState{ticket.PostRead}, w.states(tk.ID)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
}

func TestAnswerThatNeverArrivedTakesItsStatusBack(t *testing.T) {
	t.Parallel()
	for _, then := range []ticket.Status{"", ticket.Pending, ticket.OnHold, ticket.Solved} {
		t.Run("then "+string(then), func(t *testing.T) {
			t.Parallel()
			w, tk := asked(t, channeltest.Options{})
			w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "On its way.", Then: then}))
			w.pass(time.Minute)
			posts := w.platform.Posts()
			w.ingest(receipt("1", channel.ReceiptFailed, time.Time{}, posts[len(posts)-1].ID))
			w.pass(time.Minute)
			got := w.ticket(tk.ID)
			if got.Status != ticket.Open || !got.Answered.IsZero() || got.Clocks.Waiting != 1 || got.Agent != "ana" {
				t.Errorf("the ticket is %s with %q, answered %s, %d messages wait; want open with ana, not answered, one", got.Status, got.Agent, got.Answered, got.Clocks.Waiting)
			}
			for _, m := range []sla.Metric{sla.Acknowledgement, sla.FirstResponse, sla.Resolution} {
				if c := w.clock(tk.ID, m); c.Verdict != sla.Running || !c.Due.Equal(c.Started.Add(time.Duration(c.Target))) {
					t.Errorf("%s is %q, due %s; want it to run on as if nobody had answered", m, c.Verdict, c.Due)
				}
			}
			w.ok(w.store.View(t.Context(), "", func(r ticket.Reader) error {
				whole, err := report.Read(r, report.Query{By: []report.Dimension{}})
				if err == nil && (len(whole.Work) != 1 || whole.Work[0].Waiting != 1) {
					t.Errorf("the report says %+v, want one who waits", whole.Work)
				}
				return err
			}))
		})
	}
}

func TestAnswerBeforeTheOneThatNeverArrivedStillCounts(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.answer(tk.ID, "one")
	first := w.ticket(tk.ID).Answered
	w.answer(tk.ID, "two")
	posts := w.platform.Posts()
	w.ingest(receipt("1", channel.ReceiptFailed, time.Time{}, posts[len(posts)-1].ID))
	if got := w.ticket(tk.ID); !got.Answered.Equal(first) || w.clock(tk.ID, sla.FirstResponse).Verdict != sla.Met {
		t.Errorf("answered %s, first response %q; want %s and met", got.Answered, w.clock(tk.ID, sla.FirstResponse).Verdict, first)
	}
}

// orders lists every order of what is given.
func orders[T any](of []T) (all [][]T) {
	if len(of) < 2 {
		return [][]T{slices.Clone(of)}
	}
	for i, one := range of {
		for _, rest := range orders(slices.Concat(of[:i:i], of[i+1:])) {
			all = append(all, append([]T{one}, rest...))
		}
	}
	return all
}

func TestOrderOfReceiptsDecidesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		then  ticket.Status // what the answer leaves the ticket as
		told  []string      // a state; with "≤" by a watermark
		state ticket.PostState
	}{
		{"accepted, then failed", ticket.Solved, []string{"sent", "failed"}, ticket.PostFailed},
		{"what names it outranks a failure", ticket.Open, []string{"failed", "delivered"}, ticket.PostDelivered},
		{"and the ticket waits again", ticket.Pending, []string{"failed", "delivered"}, ticket.PostDelivered},
		{"and it is solved again", ticket.Solved, []string{"failed", "read"}, ticket.PostRead},
		{"the furthest holds", ticket.Solved, []string{"sent", "failed", "delivered", "read"}, ticket.PostRead},
		{"a watermark does not name it", ticket.Solved, []string{"failed", "≤read", "≤delivered"}, ticket.PostFailed},
		{"a watermark counts once it arrived", ticket.Pending, []string{"failed", "delivered", "≤read"}, ticket.PostRead},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var first ticket.Ticket
			for i, told := range orders(tt.told) {
				w, tk := asked(t, channeltest.Options{})
				w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "On its way.", Then: tt.then}))
				w.pass(time.Minute)
				posts := w.platform.Posts()
				sent := w.now
				for _, key := range told {
					e := receipt(key, channel.ReceiptState(key), time.Time{}, posts[len(posts)-1].ID)
					if state, covered := strings.CutPrefix(key, "≤"); covered {
						e = receipt(key, channel.ReceiptState(state), sent)
					}
					w.ingest(e)
					w.pass(time.Minute)
				}
				got, status := w.ticket(tk.ID), tt.then
				if tt.state == ticket.PostFailed {
					status = ticket.Open
				}
				if states := w.states(tk.ID); !slices.Equal(states, []ticket.PostState{tt.state}) || got.Status != status || got.Answered.IsZero() != (tt.state == ticket.PostFailed) {
					t.Fatalf("after %q the post is %q, the ticket %s, answered %s; want %q, %s", told, states, got.Status, got.Answered, tt.state, status)
				}
				for i := range got.Clocks.Clocks {
					if tt.state == ticket.PostFailed { // since when it is open again is when the failure was told
						c := &got.Clocks.Clocks[i]
						c.Due, c.Spent, c.Since = time.Time{}, 0, time.Time{}
					}
				}
				if i == 0 {
					first = got
				}
				if diff := cmp.Diff(first.Clocks.Clocks, got.Clocks.Clocks); diff != "" {
					t.Fatalf("after %q the clocks are others (-want +got):\n%s", told, diff)
				}
				if diff := cmp.Diff(first.Clocks.Line, got.Clocks.Line); diff != "" {
					t.Fatalf("after %q others wait (-want +got):\n%s", told, diff)
				}
			}
		})
	}
}

func TestAnswerThatArrivedAfterAllLeavesWhatHappenedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		happens func(w *world, id ticket.ID)
		want    ticket.Status
		waiting int
	}{
		{"nothing", func(*world, ticket.ID) {}, ticket.Solved, 0},
		{"the customer wrote", func(w *world, _ ticket.ID) { w.platform.Customer("mia").Write(w.page, "Well?") }, ticket.Open, 1},
		{"an agent answered once more", func(w *world, id ticket.ID) { w.answer(id, "Once more: on its way.") }, ticket.Open, 0},
		{"an agent put it on hold", func(w *world, id ticket.ID) {
			w.must(w.desk.SetStatus(w.t.Context(), id, ana, ticket.OnHold, ""))
		}, ticket.OnHold, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, tk := asked(t, channeltest.Options{})
			w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "On its way.", Then: ticket.Solved}))
			w.pass(time.Minute)
			posts := w.platform.Posts()
			id := posts[len(posts)-1].ID
			w.ingest(receipt("1", channel.ReceiptFailed, time.Time{}, id))
			w.pass(time.Minute)
			tt.happens(w, tk.ID)
			w.pass(time.Minute)
			w.ingest(receipt("2", channel.ReceiptDelivered, time.Time{}, id))
			w.pass(time.Minute)
			if got := w.ticket(tk.ID); got.Status != tt.want || got.Clocks.Status != tt.want || got.Clocks.Waiting != tt.waiting || got.Answered.IsZero() {
				t.Errorf("the ticket is %s (%s by its clocks), %d wait, answered %s; want %s, %d", got.Status, got.Clocks.Status, got.Clocks.Waiting, got.Answered, tt.want, tt.waiting)
			}
		})
	}
}

func TestAnAnswerThatSolvedAndArrivedAfterAllGivesTheAgentRoom(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.asked("noa", "Mine too")
	w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "On its way.", Then: ticket.Solved}))
	w.pass(time.Minute)
	posts := w.platform.Posts()
	id := posts[len(posts)-1].ID
	w.ingest(receipt("1", channel.ReceiptFailed, time.Time{}, id))
	waits := w.asked("oli", "And mine")
	if got := w.ticket(waits); got.Agent != "" {
		t.Errorf("while the answer failed the next ticket is with %q, want nobody", got.Agent)
	}
	w.ingest(receipt("2", channel.ReceiptDelivered, time.Time{}, id))
	if a, b := w.ticket(tk.ID), w.ticket(waits); a.Status != ticket.Solved || b.Agent != "ana" {
		t.Errorf("it is %s, and the next ticket is with %q; want solved, and ana, who has one of two", a.Status, b.Agent)
	}
}

func TestFailedAnswerFromThePlatformsOwnAppIsTakenBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		order    []string // "echo", "failed", "delivered"
		answered bool
	}{
		{"it failed", []string{"echo", "failed"}, false},
		{"its failure was told first", []string{"failed", "echo"}, false},
		{"it arrived after all", []string{"echo", "failed", "delivered"}, true},
		{"that was told first", []string{"delivered", "echo", "failed"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, at := later(t)
			mia := w.ingest(said("1", "mia", "p", "p", "Mine is late", at(1)))[0].Ticket
			noa := w.ingest(said("2", "noa", "p", "p", "Mine too", at(2)))[0].Ticket
			told := map[string]channel.Event{
				"echo":      posted("b1", "p", "", "@mia @noa on their way", at(20), "mia", "noa"),
				"failed":    receipt("f", channel.ReceiptFailed, time.Time{}, "b1"),
				"delivered": receipt("d", channel.ReceiptDelivered, time.Time{}, "b1"),
			}
			for _, what := range tt.order {
				for range 2 { // once more is as good
					w.ingest(told[what])
				}
				w.pass(time.Minute)
			}
			for _, id := range []ticket.ID{mia, noa} {
				got, waiting := w.ticket(id), 1
				if tt.answered {
					waiting = 0
				}
				if got.Answered.IsZero() == tt.answered || got.Clocks.Waiting != waiting {
					t.Errorf("answered %s, %d wait; want answered: %t, %d", got.Answered, got.Clocks.Waiting, tt.answered, waiting)
				}
			}
		})
	}
}

func TestAFailureIsToldOnceAndWithItsReason(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.answer(tk.ID, "On its way.")
	posts := w.platform.Posts()
	for _, key := range []string{"1", "2"} {
		failed := receipt(key, channel.ReceiptFailed, time.Time{}, posts[len(posts)-1].ID)
		failed.Receipt.Reason = "the telephone is off"
		w.ingest(failed)
	}
	if told := w.told(ticket.ReplyFailed); len(told) != 1 || told[0].Reason != "the telephone is off" {
		t.Errorf("the journal tells %+v, want it once, with the reason", told)
	}
}

func TestAWatermarkReachesThroughALongStory(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	for i := range 100 {
		w.must(w.desk.Note(t.Context(), tk.ID, ana, fmt.Sprint("note ", i)))
	}
	w.now = w.now.Add(time.Minute)
	w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "On its way."}))
	w.pass(time.Minute)
	w.ingest(receipt("1", channel.ReceiptRead, w.now))
	if told := w.told(ticket.ReplyReceipt); len(told) != 1 || told[0].New != string(ticket.PostRead) {
		t.Errorf("of a post behind a hundred notes the journal tells %+v, want that it was read", told)
	}
}

func TestAReceiptSaysNothingOfWhatTheCustomerWrote(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(said("1", "mia", "p", "p", "Hello?", at(1)), receipt("r", channel.ReceiptRead, time.Time{}, "1"))
	if m := w.messages("1")[0]; m.State != "" || len(w.told(ticket.ReplyReceipt)) != 0 {
		t.Errorf("her message is %q, the journal tells %+v", m.State, w.told(ticket.ReplyReceipt))
	}
}

func TestAWatermarkCoversOnlyItsConversation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	w.answer(id, "Hi Mia")
	w.must(w.desk.MovePrivate(t.Context(), id, ana, socialcrm.Reply{Text: "Let us talk here."}))
	w.pass(time.Minute)
	w.ingest(receipt("r", channel.ReceiptRead, w.now))
	if diff := cmp.Diff([]ticket.PostState{ticket.PostSent, ticket.PostRead}, w.states(id)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
}
