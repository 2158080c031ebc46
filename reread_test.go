package socialcrm_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// mute is an account whose platform tells of edits and deletions on asking only.
type mute struct {
	*channeltest.FakeChannel
	atOnce  int
	now     map[string]string // what messages say by now; "" where one is gone
	fails   []error           // the next looks
	at      func() time.Time
	looks   []time.Time
	asked   []string
	largest int
}

func (c *mute) RereadPace() (int, time.Duration) { return c.atOnce, 30 * time.Second }

func (c *mute) Reread(_ context.Context, known []channel.Message) (events []channel.Event, err error) {
	c.looks = append(c.looks, c.at())
	c.largest = max(c.largest, len(known))
	for _, m := range known {
		c.asked = append(c.asked, m.ID)
		text, changed := c.now[m.ID]
		e := channel.Event{Kind: channel.MessageEdited, Account: shop, Time: c.at(), Message: channel.Message{ID: m.ID, Text: text}}
		if text == "" {
			e.Kind, e.Message.Text = channel.MessageDeleted, ""
		}
		if changed && text != m.Text {
			events = append(events, e)
		}
	}
	if len(c.fails) > 0 {
		err, c.fails = c.fails[0], c.fails[1:]
	}
	return events, err
}

// onMute is a company on such a platform.
func onMute(t *testing.T, atOnce int) (*world, *mute) {
	w := newWorld(t)
	page := &mute{FakeChannel: w.page, atOnce: atOnce, now: map[string]string{}, at: func() time.Time { return w.now }}
	w.desk.RemoveChannel(shop)
	w.ok(w.desk.AddChannel(t.Context(), page))
	return w, page
}

func TestEditsAndDeletionsThatNobodyToldAreFoundInTicketsThatAreNotSolved(t *testing.T) {
	t.Parallel()
	w, page := onMute(t, 2)
	for i := range 5 {
		id := fmt.Sprint(i)
		w.ingest(said(id, "customer "+id, "p"+id, "p"+id, "Where is it?", w.now))
	}
	solved := w.tickets()[4]
	w.must(w.desk.Resolve(t.Context(), solved.ID, ana, "done"))
	page.now = map[string]string{"0": "Where is my parcel?", "1": "", "4": "nobody reads it"}
	w.pass(5 * time.Minute)
	for _, m := range w.messages("0", "1", "2", "4") {
		got := fmt.Sprintf("%s %q gone %t, %d versions", m.Content.ID, m.Content.Text, !m.Deleted.IsZero(), len(m.Versions))
		want := map[string]string{
			"0": `0 "Where is my parcel?" gone false, 1 versions`, "1": `1 "Where is it?" gone true, 0 versions`, "2": `2 "Where is it?" gone false, 0 versions`,
			"4": `4 "Where is it?" gone false, 0 versions`,
		}[m.Content.ID]
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if slices.Contains(page.asked, "4") {
		t.Error("a message of a solved ticket was read")
	}
	if page.largest > 2 {
		t.Errorf("%d messages were read at once, want two at most", page.largest)
	}
	for i, at := range page.looks[1:] {
		if pause := at.Sub(page.looks[i]); pause < 30*time.Second {
			t.Errorf("look %d comes after %s", i+1, pause)
		}
	}
	page.asked = nil
	w.pass(10 * time.Minute)
	for _, id := range []string{"0", "2", "3"} {
		if n := len(slices.DeleteFunc(slices.Clone(page.asked), func(a string) bool { return a != id })); n < 4 {
			t.Errorf("message %s was read %d times in ten minutes, want it in every round", id, n)
		}
	}
	if slices.Contains(page.asked, "1") {
		t.Error("a message that is gone was read again")
	}
}

// A look that fails is neither an end nor a hold-up: what it told counts, the platform says when to come back, and others have their turn.
func TestALookThatFailsEndsNoRound(t *testing.T) {
	t.Parallel()
	w, page := onMute(t, 1)
	for i := range 3 {
		id := fmt.Sprint(i)
		w.ingest(said(id, "customer "+id, "p"+id, "p"+id, "Where is it?", w.now))
	}
	page.now = map[string]string{"0": "a", "1": "b", "2": "c"}
	began := w.now
	page.fails = []error{
		&remote.Error{Op: "reread", Kind: remote.RateLimited, RetryAt: began.Add(10 * time.Minute)}, &remote.Error{Op: "reread", Kind: remote.Unavailable}, fmt.Errorf("odd"),
	}
	w.pass(30 * time.Minute)
	for _, m := range w.messages("0", "1", "2") {
		if want := page.now[m.Content.ID]; m.Content.Text != want {
			t.Errorf("message %s says %q, want %q", m.Content.ID, m.Content.Text, want)
		}
	}
	if len(page.looks) < 4 || page.looks[1].Before(began.Add(10*time.Minute)) {
		t.Errorf("looks at %v; want the second ten minutes after the first", page.looks)
	}
}

// Where the Desk is thrown away between two looks, the new one goes on in the round.
func TestARoundGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	w, page := onMute(t, 1)
	for i := range 4 {
		id := fmt.Sprint(i)
		w.ingest(said(id, "customer "+id, "p"+id, "p"+id, "Where is it?", w.now))
	}
	w.pass(time.Minute)
	before := slices.Clone(page.asked)
	w.restart()
	w.desk.RemoveChannel(shop)
	w.ok(w.desk.AddChannel(t.Context(), page))
	w.pass(2 * time.Minute)
	if len(before) == 0 || slices.Contains(before, page.asked[len(before)]) {
		t.Errorf("before the restart %v, then %v", before, page.asked[len(before):])
	}
}

// Long tickets and many of them: each message has its turn, and own posts and notes have none.
func TestARoundReadsWhatCustomersWroteOnce(t *testing.T) {
	t.Parallel()
	w, page := onMute(t, 7)
	var want []string
	for i := range 60 {
		who := fmt.Sprint("customer ", i)
		for n := range 1 + i%3 {
			id := fmt.Sprintf("%d-%d", i, n)
			w.ingest(said(id, who, "p"+who, "p"+who, "Where is it?", w.now))
			want = append(want, id)
		}
	}
	tk := w.tickets()[0]
	w.must(w.desk.Note(t.Context(), tk.ID, ana, "A note"))
	w.ingest(posted("own", "pcustomer 0", "0-0", "On its way", w.now))
	page.asked = nil
	w.pass(time.Duration(len(want)/7+2) * 30 * time.Second)
	got := slices.Compact(slices.Sorted(slices.Values(page.asked)))
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	if got := w.messages("own"); got[0].Direction != ticket.Outbound {
		t.Fatalf("the own post is %+v", got[0])
	}
}

func TestOfALongTicketTheLatestMessagesAreReadAgain(t *testing.T) {
	t.Parallel()
	w, page := onMute(t, 200)
	for i := range 120 {
		w.now = w.now.Add(time.Second)
		w.ingest(said(fmt.Sprint(i), "mia", "p", "p", "Where is it?", w.now))
	}
	page.asked = nil
	page.now = map[string]string{"0": "Where was it?", "119": "Where is my parcel?"}
	w.pass(time.Minute)
	if got := w.messages("119")[0].Content.Text; got != "Where is my parcel?" {
		t.Errorf("the latest message says %q, though it was edited", got)
	}
	if slices.Contains(page.asked, "0") {
		t.Error("the oldest of 120 messages was read, want the latest hundred")
	}
}
