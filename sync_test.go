package socialcrm_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
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

func TestWhatTheCRMDidNotTakeIsPushedAgain(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.crm.SetDown(true)
	w.answer(tk.ID, "one", "two")
	w.pass(time.Hour)
	w.crm.SetDown(false)
	w.pass(2 * time.Hour)
	var texts []string
	for _, in := range w.crm.Interactions(string(tk.ID)) {
		texts = append(texts, in.Text)
	}
	if diff := cmp.Diff([]string{"Where is my parcel?", "one", "two"}, texts); diff != "" {
		t.Errorf("interactions (-want +got):\n%s", diff)
	}
}

func TestACRMThatLostARecordIsToldWhoseItWas(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.crm.Queue(crmtest.Fail(remote.NotFound))
	before := len(w.crm.Pushes())
	w.must(w.desk.Note(t.Context(), tk.ID, ana, "She called, too."))
	w.pass(10 * time.Minute)
	var told []string
	for _, c := range w.crm.Pushes()[before:] {
		if c.Contact != nil && c.Case != nil {
			told = append(told, c.Contact.Key+" "+c.Case.Key+" "+c.Refs.Contact+c.Refs.Case)
		}
	}
	if diff := cmp.Diff([]string{string(tk.Contact) + " " + string(tk.ID) + " "}, told); diff != "" {
		t.Errorf("contact, case and the CRM's IDs in what is pushed (-want +got):\n%s", diff)
	}
}

func TestLongStoryReachesTheCRMWhole(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	const notes = 450
	for i := range notes {
		w.must(w.desk.Note(t.Context(), tk.ID, ana, fmt.Sprint("note ", i)))
	}
	w.pass(time.Second)
	if n := len(w.crm.Interactions(string(tk.ID))); n != notes+1 {
		t.Errorf("the CRM holds %d interactions, want the question and %d notes", n, notes)
	}
}

// busy is a CRM in which something happens while a push is under way.
type busy struct {
	*crmtest.Fake
	happens func()
	dies    bool // behind the next push
}

func (b *busy) Push(ctx context.Context, c crm.Change) (crm.Receipt, error) {
	if b.happens != nil {
		b.happens()
	}
	receipt, err := b.Fake.Push(ctx, c)
	if b.dies {
		b.dies = false
		panic("the worker dies")
	}
	return receipt, err
}

func (b *busy) desk(w *world) *socialcrm.Desk {
	desk, err := socialcrm.New(socialcrm.Config{Store: w.store, Channels: []channel.Channel{w.page}, Sinks: []crm.Sink{b}, Now: func() time.Time { return w.now }})
	w.ok(err)
	return desk
}

// busyWorld is a world with a CRM that is busy.
func busyWorld(t *testing.T) (*world, *busy) {
	w := newWorld(t)
	b := &busy{Fake: w.crm}
	w.desk = b.desk(w)
	return w, b
}

func TestPushThatFailedHalfWayIsDoneAgainAsAWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crm.Queue(crmtest.Cut(2)) // the contact and the case are there
	id := w.asked("mia", "Hello?")
	w.pass(10 * time.Minute)
	if n := len(w.crm.Interactions(string(id))); n != 1 {
		t.Errorf("the CRM holds %d interactions, want the question", n)
	}
}

func TestTheCRMKnowsWhatACaseFollowsAndWhatWasEdited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mia := w.platform.Customer("mia")
	root := mia.Post(w.page, "Hello?")
	w.pass(time.Minute)
	first := w.only().ID
	w.must(w.desk.Close(t.Context(), first, ana))
	w.pass(time.Minute)
	again := mia.Reply(root, "Agian?")
	w.pass(time.Minute)
	mia.Edit(again, "Again?")
	edited := w.now
	w.pass(time.Minute)
	for _, c := range w.crm.Cases() {
		if c.Key == string(first) {
			continue
		}
		if c.Parent != string(first) {
			t.Errorf("the case follows %q, want %q", c.Parent, first)
		}
		if in := w.crm.Interactions(c.Key); len(in) != 1 || in[0].Text != "Again?" || !in[0].Edited.Equal(edited) {
			t.Errorf("interactions %+v, want one that was edited at %s", in, edited)
		}
	}
	if n := len(w.crm.Cases()); n != 2 {
		t.Errorf("%d cases, want 2", n)
	}
}

func TestAnInteractionThatACRMRefusesIsToldWithTheReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mia := w.platform.Customer("mia")
	m := mia.Post(w.page, "Hello?")
	w.pass(time.Minute)
	id := w.only().ID
	w.crm.Refuse(w.crm.Interactions(string(id))[0].Key, "too long for us")
	mia.Edit(m, "Hello, hello, hello?")
	w.pass(time.Minute)
	if told := w.told(ticket.CaseFailed); len(told) != 1 || told[0].Reason != "too long for us" || told[0].Ticket != id {
		t.Errorf("the journal tells %+v", told)
	}
}

func TestASubjectOnWhichACRMAlwaysHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 100 {
		w.crm.Queue(crmtest.Fail(remote.Unknown))
	}
	w.asked("mia", "Hello?")
	w.pass(24 * time.Hour)
	dead, err := w.desk.Tasks(t.Context(), ticket.TaskQuery{Dead: true})
	w.ok(err)
	if n := w.crm.Calls(crmtest.MethodPush); len(dead.Items) == 0 || n >= 100 {
		t.Errorf("after %d pushes the dead letters are %+v", n, dead.Items)
	}
}

// TestAPushUnderWayMovesNothingBack lets a ticket that was merged be taken apart while a push is under way that was read before; the worker may die behind it.
func TestAPushUnderWayMovesNothingBack(t *testing.T) {
	t.Parallel()
	for _, dies := range []bool{false, true} {
		t.Run(fmt.Sprint("the worker dies: ", dies), func(t *testing.T) {
			t.Parallel()
			w, b := busyWorld(t)
			part, whole := w.asked("mia", "Hello?"), w.asked("mia", "And?")
			moves := w.newest(part)
			w.must(w.desk.Merge(t.Context(), whole, ana, part))
			w.pass(time.Minute)
			b.happens = func() {
				b.happens = nil
				w.must(w.desk.Unmerge(t.Context(), whole, ana, part))
				_, err := w.desk.Tick(t.Context())
				w.ok(err)
				b.dies = dies
			}
			w.ingest(channel.Event{Kind: channel.MessageEdited, Account: shop, Time: w.now, Message: channel.Message{ID: moves.Content.ID, Text: "Hello, hello?"}})
			func() {
				defer func() {
					if died := recover() != nil; died != dies {
						t.Errorf("the worker died: %t, want %t", died, dies)
					}
				}()
				w.pass(time.Minute)
			}()
			w.desk = b.desk(w)
			w.pass(time.Hour)
			if got := w.crm.Interactions(string(part)); len(got) != 1 || got[0].Text != "Hello, hello?" {
				t.Errorf("the part's case holds %+v, want its message", got)
			}
			if got := w.crm.Interactions(string(whole)); len(got) != 1 {
				t.Errorf("the other's case holds %+v, want its own message", got)
			}
		})
	}
}

func TestAnOlderPushOfAContactDoesNotOutlastANewerOne(t *testing.T) {
	t.Parallel()
	for _, dies := range []bool{false, true} {
		t.Run(fmt.Sprint("its worker dies behind it: ", dies), func(t *testing.T) {
			t.Parallel()
			w, b := busyWorld(t)
			mia := w.ticket(w.asked("mia", "Hello?")).Contact
			w.platform.Customer("noa").Post(w.page, "It is me, Mia")
			b.happens = func() {
				b.happens = nil
				w.ok(w.desk.MergeContacts(t.Context(), ana, mia, w.tickets()[1].Contact))
				_, err := w.desk.Tick(t.Context())
				w.ok(err)
				b.dies = dies
			}
			func() {
				defer func() {
					if died := recover() != nil; died != dies {
						t.Errorf("the worker died: %t, want %t", died, dies)
					}
				}()
				w.pass(time.Minute)
			}()
			w.desk = b.desk(w)
			w.pass(time.Hour)
			for _, c := range w.crm.Contacts() {
				if want := string(mia); c.Key != want && c.MergedInto != want {
					t.Errorf("the CRM holds contact %+v, want it merged into %s", c, want)
				}
			}
			if n := len(w.crm.Contacts()); n != 2 {
				t.Errorf("the CRM holds %d contacts, want 2", n)
			}
		})
	}
}

func TestAnAnswerWithoutAnIDReachesTheCRMAndIsThereOnceWhenItsEchoComes(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{CannotFind: true})
	w.platform.Fail(channeltest.OnSend, channeltest.LoseAnswer)
	reply := w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "In Lyon."})).Messages[0]
	w.pass(10 * time.Minute)
	w.must(w.desk.Decide(t.Context(), tk.ID, ana, reply, true))
	w.pass(time.Minute)
	held := func() (all []string) {
		for _, in := range w.crm.Interactions(string(tk.ID)) {
			all = append(all, fmt.Sprintf("%s %s %q", in.Text, in.State, in.Message))
		}
		return all[1:] // behind the question
	}
	if diff := cmp.Diff([]string{`In Lyon. sent ""`}, held()); diff != "" {
		t.Errorf("the CRM holds, once it was decided (-want +got):\n%s", diff)
	}
	post := func() (post ticket.Post) {
		w.ok(w.store.View(t.Context(), "", func(r ticket.Reader) error {
			found, err := r.Messages(reply)
			post = *found[0].Post
			return err
		}))
		return post
	}
	answered, tried := w.ticket(tk.ID).Answered, post().Tried
	for _, late := range []struct {
		id string
		at time.Time
	}{{"77", tried.Add(time.Second)}, {"77", tried.Add(time.Second)}, {"78", tried.Add(20 * time.Minute)}} { // what is posted much later is another one
		echo := posted(late.id, "private-shop-mia", "", "In Lyon.", late.at)
		echo.Message.Visibility = channel.Private
		if got := w.ingest(echo)[0].Message; (got == reply) != (late.id == "77") {
			t.Errorf("echo %s is taken for %s", late.id, got)
		}
	}
	w.pass(time.Minute)
	if diff := cmp.Diff([]string{`In Lyon. sent "77"`, `In Lyon.  "78"`}, held()); diff != "" {
		t.Errorf("the CRM holds, once the echo came (-want +got):\n%s", diff)
	}
	if n := countKind(w.kinds(tk.ID), ticket.ReplyTwice); n != 0 || !post().Sent.Time.Equal(answered) {
		t.Errorf("told %d times that it is there twice; it was answered %s, and is from %s now", n, answered, post().Sent.Time)
	}
}

// crossing is a CRM that counts how many pushes of a contact without a ref are under way at once.
type crossing struct {
	*crmtest.Fake
	mu          sync.Mutex
	first, most int
}

func (s *crossing) Push(ctx context.Context, c crm.Change) (crm.Receipt, error) {
	if c.Contact == nil || c.Refs.Contact != "" {
		return s.Fake.Push(ctx, c)
	}
	s.mu.Lock()
	s.first++
	s.most = max(s.most, s.first)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.first--
	}()
	time.Sleep(500 * time.Millisecond)
	return s.Fake.Push(ctx, c)
}

func TestAContactThatTheCRMDoesNotKnowIsToldByOnePushAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform := channeltest.New(channeltest.Options{})
		page := platform.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}})
		sink, store := &crossing{Fake: crmtest.New(crmtest.Options{})}, ticket.NewMemory(nil)
		ctx, stop := context.WithCancel(t.Context())
		var desks []*socialcrm.Desk
		var done sync.WaitGroup
		for range 2 {
			desk, err := socialcrm.New(socialcrm.Config{Store: store, Channels: []channel.Channel{page}, Sinks: []crm.Sink{sink}})
			if err != nil {
				t.Fatal(err)
			}
			desks = append(desks, desk)
			done.Go(func() { _ = desk.Run(ctx) })
		}
		time.Sleep(time.Second)
		var events []channel.Event
		for i, visibility := range []channel.Visibility{channel.Public, channel.Private} { // two tickets
			events = append(events, channel.Event{Kind: channel.MessageReceived, Account: page.Account().AccountID, Time: time.Now(), Message: channel.Message{
				ID: fmt.Sprint(i), Thread: fmt.Sprint(i), Visibility: visibility, Author: channel.Author{ID: "mia", Name: "Mia"}, Text: fmt.Sprint("question ", i), Time: time.Now(),
			}})
		}
		_, err := desks[0].Ingest(ctx, events...)
		time.Sleep(20 * time.Second)
		if cases := len(sink.Cases()); err != nil || cases != 2 || sink.most != 1 {
			t.Errorf("%d cases, want 2; at most %d pushes told of the contact at once without its ref, want 1; %v", cases, sink.most, err)
		}
		stop()
		done.Wait()
	})
}
