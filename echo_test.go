package socialcrm_test

import (
	"slices"
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

func TestFailedPostIsNotTakenForWhatAPersonPostsLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.platform.Customer("mia").Post(w.page, "Where is it?")
	w.pass(time.Minute)
	w.platform.Fail(channeltest.OnSend, channeltest.Refuse(remote.Rejected))
	w.must(w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "In Lyon."}))
	w.pass(time.Minute)
	w.page.Answer(m, "In Lyon.", "")
	w.pass(time.Minute)
	if diff := cmp.Diff([]ticket.PostState{ticket.PostFailed}, w.states(w.only().ID)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Where is it?", "In Lyon.", "In Lyon."}, w.said(w.only().ID)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestAPartThatWasNeverSentIsNotTakenForWhatAPersonPostsLater(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, smallPosts())
	m := w.platform.Customer("mia").Post(w.page, "Where is it?")
	w.pass(time.Minute)
	w.platform.Fail(channeltest.OnSend, channeltest.Refuse(remote.Rejected))
	r := w.must(w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "Your parcel is in Lyon. It will be with you on Tuesday."}))
	w.pass(time.Minute)
	said := w.said(w.only().ID)
	w.page.Answer(m, said[len(said)-1], "") // what the second part would have said
	w.pass(time.Minute)
	if diff := cmp.Diff([]ticket.PostState{ticket.PostFailed, ticket.PostCancelled}, w.states(w.only().ID)); diff != "" || len(r.Messages) != 2 {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	if got := w.said(w.only().ID); len(got) != len(said)+1 {
		t.Errorf("messages %q, want what the person posted beside %q", got, said)
	}
}

func TestEchoThatNamesItsPostIsThatPostWhateverItsText(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{CannotFind: true})
	w.platform.Fail(channeltest.OnSend, channeltest.LoseAnswer, channeltest.LoseAnswer)
	w.answer(tk.ID, "Hello?")
	second := w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "Hello?"})).Messages[0]
	w.pass(time.Minute)
	echo := posted("9", "private-shop-mia", "", "Hello?", w.now)
	echo.Message.Visibility, echo.SentKey = channel.Private, second
	if got := w.ingest(echo)[0].Message; got != second {
		t.Errorf("it is taken for %s, want %s, which it names", got, second)
	}
}

func TestAnEchoIsItsPostAlsoWithTheMentionThatTheAdapterPutInFront(t *testing.T) {
	t.Parallel()
	for text, ours := range map[string]bool{"@mia In Lyon.": true, " @mia @shop  In Lyon.": true, "@mia In Paris.": false, "@mia": false} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, channeltest.Options{CannotFind: true})
			m := w.platform.Customer("mia").Post(w.page, "Where is it?")
			w.pass(time.Minute)
			w.platform.Fail(channeltest.OnSend, channeltest.LoseRequest)
			reply := w.must(w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "In Lyon."})).Messages[0]
			w.pass(time.Second)
			echo := posted("77", m.ID, m.ID, text, w.now)
			if got := w.ingest(echo)[0].Message; (got == reply) != ours {
				t.Errorf("it is taken for %s; that it is %s is %t", got, reply, ours)
			}
		})
	}
}

func TestOwnPostsOfAThreadWaitForEachWhomTheyName(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(posted("b1", "p", "", "@mia on its way", at(20), "mia"), posted("b2", "p", "", "@noa yours too", at(21), "noa"))
	mia := w.ingest(said("1", "mia", "p", "p", "Mine is late", at(1)))[0].Ticket
	noa := w.ingest(said("2", "noa", "p", "p", "Mine too", at(2)))[0].Ticket
	for id, want := range map[ticket.ID][]string{mia: {"Mine is late", "@mia on its way"}, noa: {"Mine too", "@noa yours too"}} {
		if diff := cmp.Diff(want, w.said(id)); diff != "" {
			t.Errorf("messages (-want +got):\n%s", diff)
		}
	}
}

func TestOwnPostFromBeforeTheQuestionAnswersNothing(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(posted("b", "p", "", "@mia welcome", at(1), "mia"), said("1", "mia", "p", "p", "Where is it?", at(5)))
	if got := w.only(); !got.Answered.IsZero() || got.Status != ticket.New {
		t.Errorf("the ticket is %s, answered at %s; want new and not answered", got.Status, got.Answered)
	}
}

func TestToolThatPostsForTheBrandAnswersNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := company()
	s.Apps = map[string]socialcrm.App{"phone app": socialcrm.PersonApp}
	w.apply(s)
	m := w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Minute)
	for _, post := range []struct {
		app  string
		want sla.Verdict
	}{{"shop bot", sla.Running}, {"phone app", sla.Met}} {
		w.page.Answer(m, "from "+post.app, post.app)
		w.pass(time.Minute)
		if c, _ := w.only().Clocks.Clock(sla.FirstResponse); c.Verdict != post.want {
			t.Errorf("after a post of %s the first response is %q, want %q", post.app, c.Verdict, post.want)
		}
	}
}

// The clocks of a platform's servers differ: who names the question cannot have answered before it.
func TestAnswerThatSeemsOlderThanItsQuestionAnswersIt(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(said("1", "mia", "p", "p", "Where is it?", at(5)), posted("2", "p", "1", "In Lyon", at(5).Add(-time.Second)))
	if c := w.clock(w.only().ID, sla.FirstResponse); c.Verdict != sla.Met {
		t.Errorf("first response is %q, want met", c.Verdict)
	}
}

func TestEchoThatIsMarkedAutomatedIsNoPersonsAnswer(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	id := w.ingest(said("1", "mia", "p", "", "Where is it?", at(0)))[0].Ticket
	echo := posted("2", "p", "1", "Thanks, we got your message", at(1))
	echo.Message.Automated = true
	w.ingest(echo)
	tk := w.ticket(id)
	if tk.Status != ticket.New || !tk.Answered.IsZero() {
		t.Errorf("status %s, answered %s; want new and never: no person wrote it", tk.Status, tk.Answered)
	}
	if e := w.last(id, ticket.MessageEchoed); e.Actor.Kind != ticket.ByTool {
		t.Errorf("written by %s, want %s", e.Actor.Kind, ticket.ByTool)
	}
}

func TestPostThatWaitsForItsTimeIsNotTakenForWhatAPersonPosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.platform.Customer("mia").Post(w.page, "Where is it?")
	w.pass(time.Minute)
	id := w.only().ID
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "In Lyon.", NotBefore: w.now.Add(time.Hour)}))
	w.page.Answer(m, "In Lyon.", "")
	w.pass(time.Minute)
	if diff := cmp.Diff([]ticket.PostState{ticket.PostQueued}, w.states(id)); diff != "" {
		t.Errorf("posts before their time (-want +got):\n%s", diff)
	}
	w.pass(2 * time.Hour)
	if diff := cmp.Diff([]ticket.PostState{ticket.PostSent}, w.states(id)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	if n := w.platform.Calls(channeltest.OnSend); n != 1 {
		t.Errorf("%d sends, want 1", n)
	}
}

func TestAnOwnPostIsMeantForWhomeverItNamesInTheThread(t *testing.T) {
	t.Parallel()
	answered := func(w *world, id ticket.ID) bool { return !w.ticket(id).Answered.IsZero() }
	t.Run("beside whom it answers", func(t *testing.T) {
		t.Parallel()
		w, at := later(t)
		asked := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "noa", "p", "p", "Mine too", at(2)))
		w.ingest(posted("3", "", "1", "On the van. @noa yours too", at(10), "noa"))
		if !answered(w, asked[0].Ticket) || !answered(w, asked[1].Ticket) {
			t.Error("one of the two has no answer")
		}
	})
	t.Run("before the question that it answers", func(t *testing.T) {
		t.Parallel()
		w, at := later(t)
		w.ingest(posted("3", "", "1", "On the van. @noa yours too", at(10), "noa"))
		noa := w.ingest(said("2", "noa", "p", "p", "Mine too", at(2)))[0].Ticket
		mia := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)))[0].Ticket
		if !answered(w, mia) || !answered(w, noa) {
			t.Error("one of the two has no answer")
		}
	})
	t.Run("by a handle, however it is written", func(t *testing.T) {
		t.Parallel()
		w, at := later(t)
		w.ingest(posted("3", "p", "", "@Mia_M on the van", at(10), "Mia_M"))
		e := said("1", "77", "p", "p", "Where is it?", at(1))
		e.Message.Author.Handle = "mia_m"
		if id := w.ingest(e)[0].Ticket; !answered(w, id) {
			t.Error("it has no answer")
		}
	})
}

func TestAPostThatFailedToGoOutAndIsThereIsNotSentAgain(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.platform.Fail(channeltest.OnSend, channeltest.Refuse(remote.Unavailable))
	post := w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "Hi Mia"})).Messages[0]
	_, err := w.desk.Tick(t.Context())
	w.ok(err)
	echo := posted("9", "private-shop-mia", "", "Hi Mia", w.now)
	echo.Message.Visibility, echo.SentKey = channel.Private, post
	if got := w.ingest(echo)[0].Message; got != post {
		t.Errorf("the echo is taken for %s, want %s", got, post)
	}
	w.pass(time.Hour)
	if n := w.platform.Calls(channeltest.OnSend); n != 1 {
		t.Errorf("%d attempts, want one: it was there", n)
	}
}

// The platform shortened a link in the text and does not name the post: its echo looks like a person's, until the platform tells the ID of the post.
func TestAnEchoThatCameBeforeItsPostWasKnownIsThatPost(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]bool{"it arrived": false, "it never arrived": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, tk := asked(t, channeltest.Options{})
			w.platform.Fail(channeltest.OnSend, channeltest.LoseAnswer)
			w.platform.Fail(channeltest.OnFind, channeltest.LoseRequest)
			post := w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "See https://example.org/parcels/7", Then: ticket.Pending})).Messages[0]
			_, err := w.desk.Tick(t.Context())
			w.ok(err)
			id := w.platform.Posts()[1].ID
			echo := posted(id, "private-shop-mia", "", "See https://sho.rt/7", w.now)
			echo.Message.Visibility = channel.Private
			if got := w.ingest(echo)[0].Message; got == post {
				t.Fatal("it is known for the post at once")
			}
			if fails {
				w.ingest(receipt("r", channel.ReceiptFailed, time.Time{}, id))
			}
			w.pass(time.Hour)
			if got := w.messages(id)[0].Key; got != post {
				t.Errorf("the platform's ID is that of %s, want %s", got, post)
			}
			if diff := cmp.Diff([]string{"Where is my parcel?", "See https://example.org/parcels/7"}, slices.DeleteFunc(w.said(tk.ID), func(s string) bool { return s == "" })); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
			got, state, status := w.ticket(tk.ID), ticket.PostSent, ticket.Pending
			if fails {
				state, status = ticket.PostFailed, ticket.Open
			}
			if states := w.states(tk.ID); !slices.Equal(states, []ticket.PostState{state}) || got.Status != status || got.Answered.IsZero() != fails {
				t.Errorf("the post is %q, the ticket %s, answered %s; want %s and %s", states, got.Status, got.Answered, state, status)
			}
			if c := w.clock(tk.ID, sla.FirstResponse); (c.Verdict == sla.Met) == fails {
				t.Errorf("the first response is %+v", c)
			}
			var held []string
			for _, in := range w.crm.Interactions(string(tk.ID)) {
				if in.Text != "" && in.Deleted.IsZero() {
					held = append(held, in.Text)
				}
			}
			if len(held) != 2 {
				t.Errorf("the CRM holds %q, want the question and the answer", held)
			}
		})
	}
}
