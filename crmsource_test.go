package socialcrm_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// ok fails the test on an error.
func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) journal(q ticket.JournalQuery) []ticket.Entry {
	w.t.Helper()
	var all []ticket.Entry
	for {
		entries, err := w.desk.Journal(w.t.Context(), q)
		w.ok(err)
		if len(entries) == 0 {
			return all
		}
		all = append(all, entries...)
		q.After = entries[len(entries)-1].Position
	}
}

// told lists the journal's entries of one kind.
func (w *world) told(kind ticket.EntryKind) (found []ticket.Entry) {
	w.t.Helper()
	for _, e := range w.journal(ticket.JournalQuery{}) {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// asked is a world in which mia has asked, and the CRM knows it.
func asked(t *testing.T, options channeltest.Options) (*world, ticket.Ticket) {
	w := newWorldOn(t, options)
	w.platform.Customer("mia").Write(w.page, "Where is my parcel?")
	w.pass(2 * time.Minute)
	return w, w.only()
}

func TestWhatIsDoneInTheCRMActsOnTheTicket(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	key := string(tk.ID)
	w.ok(w.crm.SetStatus("zoe", key, ticket.Solved))
	done := w.now
	w.pass(2 * time.Minute)
	got := w.only()
	if got.Status != ticket.Solved || !got.SolvedAt.Equal(done) {
		t.Errorf("closed in the CRM at %s: the ticket is %s since %s", done, got.Status, got.SolvedAt)
	}
	w.ok(w.crm.SetStatus("zoe", key, ticket.Open))
	w.pass(2 * time.Minute)
	if got := w.only(); got.Status != ticket.Open || got.Agent != "ana" {
		t.Errorf("reopened in the CRM: the ticket is %s with %q, want open with ana", got.Status, got.Agent)
	}
	w.ok(w.crm.Assign("zoe", key, "ben"))
	w.ok(w.crm.SetStatus("zoe", key, ticket.Pending))
	w.ok(w.crm.Note("zoe", key, "she called"))
	w.pass(2 * time.Minute)
	if got := w.only(); got.Status != ticket.Pending || got.Agent != "ben" {
		t.Errorf("the ticket is %s with %q, want pending with ben", got.Status, got.Agent)
	}
	for _, e := range w.journal(ticket.JournalQuery{Ticket: tk.ID}) {
		if e.Kind == ticket.TicketReopened || e.Kind == ticket.NoteAdded {
			if diff := cmp.Diff(ticket.Actor{Kind: ticket.ByCRM, ID: "crm", Name: "zoe"}, e.Actor); diff != "" {
				t.Errorf("%s (-want +got):\n%s", e.Kind, diff)
			}
		}
	}
	if diff := cmp.Diff([]string{"Where is my parcel?", "she called"}, w.said(tk.ID)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	for _, in := range w.crm.Interactions(key) {
		if in.Text == "she called" {
			t.Error("the note came back to the CRM in which it was written")
		}
	}
}

func TestReplyWrittenInTheCRMGoesOutOnce(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.ok(w.crm.Reply("zoe", string(tk.ID), "It is in Lyon."))
	w.restart()
	w.pass(10 * time.Minute)
	w.restart()
	w.pass(10 * time.Minute)
	if diff := cmp.Diff([]string{"It is in Lyon."}, w.platform.Replies()); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	var texts []string
	for _, in := range w.crm.Interactions(string(tk.ID)) {
		texts = append(texts, in.Text)
	}
	if diff := cmp.Diff([]string{"Where is my parcel?", "It is in Lyon."}, texts); diff != "" {
		t.Errorf("interactions (-want +got):\n%s", diff)
	}
	if w.only().Answered.IsZero() {
		t.Error("the clocks do not know of the answer")
	}
}

func TestWhatCannotBeDoneIsShownToTheAgentAndHoldsUpNothing(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{Private: channel.Traits{ReplyWindow: time.Hour}})
	w.pass(2 * time.Hour)
	key := string(tk.ID)
	w.ok(w.crm.Reply("zoe", key, "Sorry for the wait."))
	w.ok(w.crm.Assign("zoe", key, "nobody we know"))
	w.ok(w.crm.SetStatus("zoe", key, ticket.Pending))
	w.pass(2 * time.Minute)
	if got := w.only(); got.Status != ticket.Pending || got.Agent != "ana" {
		t.Errorf("the ticket is %s with %q, want pending with ana", got.Status, got.Agent)
	}
	if n := len(w.told(ticket.CaseRefused)); n != 2 {
		t.Errorf("%d refusals in the journal, want 2", n)
	}
	if !slices.Contains(w.said(tk.ID), "Sorry for the wait.") || len(w.platform.Replies()) != 0 {
		t.Errorf("messages %q, posts %q; want the text as a note", w.said(tk.ID), w.platform.Replies())
	}
	if got := w.crm.Cases()[0].Agent; got != "ana" {
		t.Errorf("the case is with %q, want ana again", got)
	}
}

func TestClosingInTheCRMDoesNotHideWhatTheCustomerWroteSince(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.ok(w.crm.SetStatus("zoe", string(tk.ID), ticket.Closed))
	w.crm.SetDown(true)
	w.now = w.now.Add(time.Second)
	w.platform.Customer("mia").Write(w.page, "It has not come!")
	w.pass(10 * time.Minute)
	w.crm.SetDown(false)
	w.pass(time.Hour)
	if got := w.only(); got.Status.Done() {
		t.Errorf("the ticket is %s", got.Status)
	}
	if got := w.crm.Cases()[0].Status; got.Done() {
		t.Errorf("the case is %s", got)
	}
}

func TestUpdateOfAnUnknownCaseIsKept(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	other := newWorldOn(t, channeltest.Options{Platform: "otherbook"})
	other.platform.Customer("noa").Write(other.page, "Hello?")
	other.pass(time.Minute)
	w.ok(other.crm.SetStatus("zoe", string(other.only().ID), ticket.Solved))
	// The other company's CRM is by mistake a second sink of this one.
	second := renamed{other.crm, "second"}
	w.ok(w.desk.AddSink(second))
	w.pass(2 * time.Minute)
	list, err := w.desk.Quarantined(t.Context(), ticket.Page{})
	w.ok(err)
	if len(list.Items) != 1 || list.Items[0].Source != "crm/second" || list.Items[0].Update == nil {
		t.Errorf("quarantine: %+v", list.Items)
	}
	if got := w.only(); got.ID != tk.ID || got.Status != tk.Status {
		t.Errorf("ticket %+v", got)
	}
}

type renamed struct {
	*crmtest.Fake
	name string
}

func (r renamed) Name() string { return r.name }

// TestTwoWaysAgree lets people change things in the Desk and in the CRM at random; in the end both hold the same, and then nothing moves any more.
func TestTwoWaysAgree(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 3))
			w := newWorld(t)
			for i := range 3 {
				w.platform.Customer(fmt.Sprint("customer ", i)).Post(w.page, "Hello?")
			}
			w.pass(2 * time.Minute)
			statuses := []ticket.Status{ticket.Open, ticket.Pending, ticket.OnHold, ticket.Solved}
			agents := []string{"ana", "ben", ""}
			replies, down := 0, false
			for i := range 200 {
				tk := w.tickets()[random.IntN(3)]
				by := ana
				var err error
				switch random.IntN(8) {
				case 0:
					_, err = w.desk.Assign(t.Context(), tk.ID, by, agents[random.IntN(3)])
				case 1:
					_, err = w.desk.Resolve(t.Context(), tk.ID, by, "")
				case 2:
					_, err = w.desk.Reopen(t.Context(), tk.ID, by, "")
				case 3:
					_, err = w.desk.Reply(t.Context(), tk.ID, by, socialcrm.Reply{Text: fmt.Sprint("from the desk ", i), Then: statuses[random.IntN(4)]})
					if err == nil {
						replies++
					}
				case 4, 5:
					w.ok(w.crm.SetStatus("zoe", string(tk.ID), statuses[random.IntN(4)]))
				case 6:
					w.ok(w.crm.Assign("zoe", string(tk.ID), agents[random.IntN(3)]))
				case 7:
					w.ok(w.crm.Reply("zoe", string(tk.ID), fmt.Sprint("from the CRM ", i)))
					replies++
				}
				_ = err // some of this makes no sense, and is refused
				if random.IntN(3) == 0 {
					w.pass(time.Duration(random.IntN(60)) * time.Second)
				}
				if random.IntN(40) == 0 {
					down = !down
					w.crm.SetDown(down)
				}
			}
			w.crm.SetDown(false)
			w.pass(2 * time.Hour)
			for _, c := range w.crm.Cases() {
				tk, err := w.desk.Ticket(t.Context(), ticket.ID(c.Key))
				w.ok(err)
				if c.Status != tk.Status || c.Agent != tk.Agent {
					t.Errorf("case %s is %s with %q, the ticket %s with %q", c.Key, c.Status, c.Agent, tk.Status, tk.Agent)
				}
			}
			if n := len(w.platform.Replies()); n != replies {
				t.Errorf("%d posts went out, want %d", n, replies)
			}
			pushes, entries := w.crm.Calls(crmtest.MethodPush), len(w.journal(ticket.JournalQuery{}))
			w.pass(24 * time.Hour)
			if n := w.crm.Calls(crmtest.MethodPush) - pushes; n != 0 {
				t.Errorf("%d pushes in a day in which nobody did anything", n)
			}
			for _, e := range w.journal(ticket.JournalQuery{})[entries:] {
				if e.Kind != ticket.ClockBreached {
					t.Errorf("%s in a day in which nobody did anything", e.Kind)
				}
			}
		})
	}
}

// forgetful is a CRM that does not keep our keys, and tells everything again whenever it is asked.
type forgetful struct{ *crmtest.Fake }

func (f forgetful) Changes(ctx context.Context, _ channel.Cursor) (crm.Batch, error) {
	b, err := f.Fake.Changes(ctx, "")
	for i := range b.Updates {
		b.Updates[i].Case = ""
	}
	b.Cursor = ""
	return b, err
}

func (forgetful) Name() string { return "forgetful" }

func TestUpdateToldAgainCountsOnceAndItsCaseIsFoundByRef(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	other := forgetful{crmtest.New(crmtest.Options{Now: func() time.Time { return w.now }})}
	w.ok(w.desk.AddSink(other))
	_, err := w.desk.Note(t.Context(), tk.ID, ana, "so that it is pushed")
	w.ok(err)
	w.pass(time.Minute)
	w.ok(other.SetStatus("zoe", string(tk.ID), ticket.Pending))
	w.ok(other.Reply("zoe", string(tk.ID), "In Lyon."))
	w.pass(time.Hour)
	if got := w.only(); got.Status != ticket.Pending {
		t.Errorf("the ticket is %s, want pending", got.Status)
	}
	if diff := cmp.Diff([]string{"In Lyon."}, w.platform.Replies()); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
	if held := w.quarantined(); len(held) != 0 {
		t.Errorf("quarantine: %+v", held)
	}
	// What equals our own push does nothing.
	before := len(w.journal(ticket.JournalQuery{Ticket: tk.ID}))
	w.ok(other.SetStatus("zoe", string(tk.ID), w.only().Status))
	w.ok(other.Assign("zoe", string(tk.ID), w.only().Agent))
	w.pass(time.Hour)
	for _, e := range w.journal(ticket.JournalQuery{Ticket: tk.ID})[before:] {
		if e.Kind != ticket.ClockBreached {
			t.Errorf("%s though nothing changed", e.Kind)
		}
	}
}

func TestClosingInTheCRMGivesTheAgentRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.asked("mia", "Where is it?")
	w.asked("noa", "Mine too")
	w.ok(w.crm.SetStatus("zoe", string(first), ticket.Closed))
	w.pass(2 * time.Minute)
	if got := w.ticket(w.asked("oli", "And mine")); got.Agent != "ana" {
		t.Errorf("the next ticket is with %q, want ana, who has one of two", got.Agent)
	}
}

// asking notes after what the CRM is asked for changes.
type asking struct {
	*crmtest.Fake
	after []channel.Cursor
}

func (s *asking) Changes(ctx context.Context, after channel.Cursor) (crm.Batch, error) {
	s.after = append(s.after, after)
	return s.Fake.Changes(ctx, after)
}

func TestCRMIsAskedForWhatIsNewSinceTheLastLook(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	sink := &asking{Fake: crmtest.New(crmtest.Options{Name: "other", Now: func() time.Time { return w.now }})}
	w.ok(w.desk.AddSink(sink))
	w.answer(tk.ID, "In Lyon.") // so that the new CRM knows the case
	w.ok(sink.SetStatus("zoe", string(tk.ID), ticket.Pending))
	w.pass(5 * time.Minute)
	w.restart()
	w.ok(w.desk.AddSink(sink))
	told := len(sink.after)
	w.pass(5 * time.Minute)
	if last := sink.after[len(sink.after)-1]; len(sink.after) == told || last == "" {
		t.Errorf("it was asked after %q, at last after %q", sink.after[:told], last)
	}
}

// solving is a CRM in which answering a case solves it.
type solving struct{ *crmtest.Fake }

func (s solving) Changes(ctx context.Context, after channel.Cursor) (crm.Batch, error) {
	b, err := s.Fake.Changes(ctx, after)
	for i := range b.Updates {
		if b.Updates[i].Reply != "" {
			b.Updates[i].Status = ticket.Solved
		}
	}
	return b, err
}

func (solving) Name() string { return "solving" }

func TestAnAnswerInTheCRMSolvesTheTicketOnceItIsOut(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	other := solving{crmtest.New(crmtest.Options{Now: func() time.Time { return w.now }})}
	w.ok(w.desk.AddSink(other))
	w.must(w.desk.Note(t.Context(), tk.ID, ana, "so that it is pushed"))
	w.pass(time.Minute)
	w.platform.Fail(channeltest.OnSend, channeltest.Throttle(remote.LevelAccount, 30*time.Minute))
	w.ok(other.Reply("zoe", string(tk.ID), "In Lyon."))
	w.pass(10 * time.Minute)
	if got := w.only(); got.Status.Done() {
		t.Errorf("the ticket is %s, but the customer has no answer yet", got.Status)
	}
	w.pass(time.Hour)
	if got := w.only(); got.Status != ticket.Solved || len(w.platform.Replies()) != 1 {
		t.Errorf("the ticket is %s after %q, want solved by the answer", got.Status, w.platform.Replies())
	}
}

func TestWhatPeopleDidInTheCRMComesAtOnceHoweverMuchItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crm = crmtest.New(crmtest.Options{Name: "crm", Now: func() time.Time { return w.now }, Page: 2})
	w.restart()
	id := w.asked("mia", "Where is my parcel?")
	written := w.now
	want := []string{"Where is my parcel?"}
	for i := range 7 {
		want = append(want, fmt.Sprint("note ", i))
		w.ok(w.crm.Note("zoe", string(id), want[i+1]))
	}
	w.pass(70 * time.Second) // one look, and what is more follows it
	if diff := cmp.Diff(want, w.said(id)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: id})
	w.ok(err)
	for _, m := range list.Items[1:] {
		if !m.Content.Time.Equal(written) {
			t.Errorf("%q is of %s, want of when it was written, %s", m.Content.Text, m.Content.Time, written)
		}
	}
}

func TestWhatTheCRMTellsLateDoesNotComeBeforeWhatHappenedSince(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.ok(w.crm.SetStatus("zoe", string(tk.ID), ticket.Solved))
	w.pass(10 * time.Second)
	w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "It is in Lyon."}))
	w.pass(2 * time.Minute)
	if got := w.only(); got.Status != ticket.Solved || got.Answered.IsZero() || got.SolvedAt.Before(got.Answered) {
		t.Errorf("it is %s since %s, answered %s; want solved, after the answer", got.Status, got.SolvedAt, got.Answered)
	}
}
