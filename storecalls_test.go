package socialcrm_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"github.com/socialcrm/socialcrm/ticket"
)

// A durable Store pays for each read with a journey, so these tests say exactly which calls a message costs.

func TestAMessageCostsTheSameStoreCallsAmongManyTickets(t *testing.T) {
	t.Parallel()
	begins := map[string]int{
		"Update": 1, "Try": 1,
		"Seen": 1, "Values": 1, "Conversations": 1, "Identities": 1,
		"MarkSeen": 1, "PutContact": 1, "PutIdentity": 1, "PutMessage": 1, "PutConversation": 1, "PutTicket": 1, "Append": 2, "Schedule": 2, "Ensure": 1,
	}
	joins := map[string]int{
		"Update": 1, "Try": 1,
		"Seen": 1, "Values": 1, "Conversations": 1, "Identities": 1, "Contacts": 1, "Tickets": 1,
		"MarkSeen": 1, "PutMessage": 1, "PutConversation": 1, "PutTicket": 1, "Append": 1, "Ensure": 1,
	}
	for _, stored := range []int{1_000, 4_000} {
		t.Run(fmt.Sprint("among ", stored), func(t *testing.T) {
			t.Parallel()
			w := newCounted(t, stored)
			if diff := cmp.Diff(begins, w.calls(w.message("first", "one"))); diff != "" {
				t.Errorf("a message that begins a conversation (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(joins, w.calls(w.message("second", "one"))); diff != "" {
				t.Errorf("a further message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestABatchIsReadInFewLookUps(t *testing.T) {
	t.Parallel()
	w := newCounted(t, 60) // conversations t0 to t59
	batch := make([]channel.Event, 0, 120)
	for i := range 40 {
		batch = append(batch,
			w.message(fmt.Sprint("m", i), fmt.Sprint("t", i)),       // was here before
			w.message(fmt.Sprint("new", i), fmt.Sprint("new", i)),   // begins a conversation
			w.message(fmt.Sprint("more", i), fmt.Sprint("t", 20+i)), // joins one
		)
	}
	want := map[string]int{"Seen": 1, "MessagesByRef": 1, "Values": 1, "Conversations": 1, "Identities": 1, "Contacts": 1, "Tickets": 1}
	calls := w.calls(batch...)
	got := make(map[string]int)
	for name := range want {
		got[name] = calls[name]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("look-ups of %d events (-want +got):\n%s", len(batch), diff)
	}
}

// What is read ahead is never old: a batch leaves the same behind as its events one by one.
func TestABatchLeavesTheSameBehindAsItsEventsOneByOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var events []channel.Event
		together, single := newCounted(t, 0), newCounted(t, 0)
		for range rapid.IntRange(2, 12).Draw(t, "events") {
			n := func(most int, what string) string { return fmt.Sprint(rapid.IntRange(0, most).Draw(t, what)) }
			e := channel.Event{
				Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "fakebook", ID: "shop"},
				Message: channel.Message{ID: "m" + n(6, "message"), Author: channel.Author{ID: "a" + n(2, "author")}, Time: single.now.Add(-time.Minute), Text: "Where is it?"},
			}
			switch rapid.IntRange(0, 9).Draw(t, "shape") {
			case 0:
				e.Message.Parent = "m" + n(6, "parent")
			case 1:
				e.Message.Visibility, e.Message.Thread = channel.Private, "p"+n(1, "thread")
			case 2:
				e.Kind, e.Message.Revision, e.Message.Text = channel.MessageEdited, n(2, "revision"), "Where is it now?"
			case 3:
				e.Kind = channel.MessageDeleted
			case 4:
				e.Kind, e.Message.Author, e.Message.Thread = channel.MessageEchoed, channel.Author{ID: "shop"}, "t"+n(2, "thread")
			case 5:
				e.Message.Author = channel.Author{} // not told
			default:
				e.Message.Thread = "t" + n(2, "thread")
			}
			events = append(events, e)
		}
		together.ingest(events...)
		for _, e := range events {
			single.ingest(e)
		}
		if diff := cmp.Diff(single.stored(t), together.stored(t)); diff != "" {
			t.Fatalf("one by one, and as a batch (-one +batch):\n%s", diff)
		}
	})
}

// stored are the tickets, with their messages and their journals.
func (w *countedWorld) stored(t *rapid.T) (all []any) {
	err := w.store.View(t.Context(), "", func(r ticket.Reader) error {
		tickets, err := r.ListTickets(ticket.TicketQuery{})
		if err != nil {
			return err
		}
		for _, tk := range tickets.Items {
			messages, err := r.ListMessages(ticket.MessageQuery{Ticket: tk.ID})
			if err != nil {
				return err
			}
			convs, err := r.Conversations(tk.Conversations...)
			if err != nil {
				return err
			}
			contacts, err := r.Contacts(tk.Contact)
			if err != nil {
				return err
			}
			all = append(all, tk, messages.Items, convs, contacts)
		}
		entries, err := r.Journal(ticket.JournalQuery{})
		for i := range entries {
			entries[i].Key = "" // it may hold how far the journal was when the transaction began
		}
		all = append(all, entries)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// BenchmarkIngestAmong takes in messages of new conversations among so many open tickets.
func BenchmarkIngestAmong(b *testing.B) {
	for _, stored := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprint(stored, " open"), func(b *testing.B) {
			if stored > 10_000 && testing.Short() {
				b.Skip("a million tickets take minutes to make: not with -short")
			}
			w := newCounted(b, stored)
			b.ReportAllocs()
			calls, i := 0, 0
			for b.Loop() {
				b.StopTimer()
				i++
				e := w.message(fmt.Sprint("further", i), fmt.Sprint("further", i))
				b.StartTimer()
				for _, n := range w.calls(e) {
					calls += n
				}
			}
			b.ReportMetric(float64(calls)/float64(i), "calls/op")
		})
	}
}

// countedWorld is a Desk on a Store that counts the calls of its methods.
type countedWorld struct {
	tb    tester
	now   time.Time
	store *countingStore
	desk  *socialcrm.Desk
}

// tester is what testing.TB and rapid.T have in common.
type tester interface {
	Helper()
	Fatal(...any)
	Context() context.Context
}

func newCounted(tb tester, stored int) *countedWorld {
	w := &countedWorld{tb: tb, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return w.now }
	w.store = &countingStore{Store: ticket.NewMemory(&ticket.MemoryOptions{Now: now})}
	page := channeltest.New(channeltest.Options{Now: now}).Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Since: w.now.Add(-time.Hour)})
	desk, err := socialcrm.New(socialcrm.Config{Store: w.store, Setup: company(), Channels: []channel.Channel{page}, Now: now})
	if err != nil {
		tb.Fatal(err)
	}
	w.desk = desk
	if err := desk.AddSink(crmtest.New(crmtest.Options{Name: "crm", Now: now})); err != nil {
		tb.Fatal(err)
	}
	for i := 0; i < stored; {
		events := make([]channel.Event, 0, 250)
		for ; i < stored && len(events) < cap(events); i++ {
			events = append(events, w.message(fmt.Sprint("m", i), fmt.Sprint("t", i)))
		}
		w.ingest(events...)
	}
	return w
}

func (w *countedWorld) message(id, thread string) channel.Event {
	return channel.Event{
		Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "fakebook", ID: "shop"},
		Message: channel.Message{ID: id, Thread: thread, Author: channel.Author{ID: "a" + thread, Name: "Kim"}, Text: "Where is my parcel?", Time: w.now},
	}
}

func (w *countedWorld) ingest(events ...channel.Event) {
	w.tb.Helper()
	results, err := w.desk.Ingest(w.tb.Context(), events...)
	if err != nil || results[0].Outcome == socialcrm.Quarantined {
		w.tb.Fatal(err, results)
	}
}

// calls are those that it takes to take in the events.
func (w *countedWorld) calls(events ...channel.Event) map[string]int {
	w.tb.Helper()
	w.store.calls = make(map[string]int)
	w.ingest(events...)
	return w.store.calls
}

// countingStore counts the calls of Updates. It is used by one goroutine.
type countingStore struct {
	ticket.Store
	calls map[string]int
}

func (s *countingStore) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	if s.calls == nil {
		s.calls = make(map[string]int)
	}
	s.calls["Update"]++
	return s.Store.Update(ctx, tenant, func(tx ticket.Tx) error { return fn(&countingTx{tx, s.calls}) })
}

// countingTx counts every call.
type countingTx struct {
	ticket.Tx
	calls map[string]int
}

func (x *countingTx) Tickets(ids ...ticket.ID) ([]ticket.Ticket, error) {
	x.calls["Tickets"]++
	return x.Tx.Tickets(ids...)
}

func (x *countingTx) Conversations(keys ...ticket.ConversationKey) ([]ticket.Conversation, error) {
	x.calls["Conversations"]++
	return x.Tx.Conversations(keys...)
}

func (x *countingTx) Messages(keys ...string) ([]ticket.Message, error) {
	x.calls["Messages"]++
	return x.Tx.Messages(keys...)
}

func (x *countingTx) MessagesByRef(refs ...ticket.MessageRef) ([]ticket.Message, error) {
	x.calls["MessagesByRef"]++
	return x.Tx.MessagesByRef(refs...)
}

func (x *countingTx) Contacts(ids ...ticket.ContactID) ([]ticket.Contact, error) {
	x.calls["Contacts"]++
	return x.Tx.Contacts(ids...)
}

func (x *countingTx) Identities(keys ...ticket.IdentityKey) ([]ticket.Identity, error) {
	x.calls["Identities"]++
	return x.Tx.Identities(keys...)
}

func (x *countingTx) Agents(names ...string) ([]ticket.AgentState, error) {
	x.calls["Agents"]++
	return x.Tx.Agents(names...)
}

func (x *countingTx) Values(keys ...ticket.ValueKey) ([]ticket.Value, error) {
	x.calls["Values"]++
	return x.Tx.Values(keys...)
}

func (x *countingTx) Tasks(ids ...string) ([]ticket.Task, error) {
	x.calls["Tasks"]++
	return x.Tx.Tasks(ids...)
}

func (x *countingTx) Seen(keys ...ticket.EventKey) ([]bool, error) {
	x.calls["Seen"]++
	return x.Tx.Seen(keys...)
}

func (x *countingTx) ListTickets(q ticket.TicketQuery) (ticket.List[ticket.Ticket], error) {
	x.calls["ListTickets"]++
	return x.Tx.ListTickets(q)
}

func (x *countingTx) Waiting(lane string, page ticket.Page) (ticket.List[ticket.Ticket], error) {
	x.calls["Waiting"]++
	return x.Tx.Waiting(lane, page)
}

func (x *countingTx) WaitingFirst(lane string) ([]ticket.Ticket, error) {
	x.calls["WaitingFirst"]++
	return x.Tx.WaitingFirst(lane)
}

func (x *countingTx) WaitingOf(lane, class string, page ticket.Page) (ticket.List[ticket.Ticket], error) {
	x.calls["WaitingOf"]++
	return x.Tx.WaitingOf(lane, class, page)
}

func (x *countingTx) ListMessages(q ticket.MessageQuery) (ticket.List[ticket.Message], error) {
	x.calls["ListMessages"]++
	return x.Tx.ListMessages(q)
}

func (x *countingTx) ListAgents(page ticket.Page) (ticket.List[ticket.AgentState], error) {
	x.calls["ListAgents"]++
	return x.Tx.ListAgents(page)
}

func (x *countingTx) ListValues(space string, page ticket.Page) (ticket.List[ticket.Value], error) {
	x.calls["ListValues"]++
	return x.Tx.ListValues(space, page)
}

func (x *countingTx) ListTasks(q ticket.TaskQuery) (ticket.List[ticket.Task], error) {
	x.calls["ListTasks"]++
	return x.Tx.ListTasks(q)
}

func (x *countingTx) ListPauses() ([]ticket.QueuePause, error) {
	x.calls["ListPauses"]++
	return x.Tx.ListPauses()
}

func (x *countingTx) Journal(q ticket.JournalQuery) ([]ticket.Entry, error) {
	x.calls["Journal"]++
	return x.Tx.Journal(q)
}

func (x *countingTx) Head() (ticket.Position, error) {
	x.calls["Head"]++
	return x.Tx.Head()
}

func (x *countingTx) NextDue(now time.Time) (time.Time, error) {
	x.calls["NextDue"]++
	return x.Tx.NextDue(now)
}

func (x *countingTx) PutTicket(t ticket.Ticket) {
	x.calls["PutTicket"]++
	x.Tx.PutTicket(t)
}

func (x *countingTx) PutConversation(c ticket.Conversation) {
	x.calls["PutConversation"]++
	x.Tx.PutConversation(c)
}

func (x *countingTx) PutMessage(m ticket.Message) {
	x.calls["PutMessage"]++
	x.Tx.PutMessage(m)
}

func (x *countingTx) PutContact(c ticket.Contact) {
	x.calls["PutContact"]++
	x.Tx.PutContact(c)
}

func (x *countingTx) PutIdentity(i ticket.Identity) {
	x.calls["PutIdentity"]++
	x.Tx.PutIdentity(i)
}

func (x *countingTx) PutValue(v ticket.Value) {
	x.calls["PutValue"]++
	x.Tx.PutValue(v)
}

func (x *countingTx) DeleteValue(key ticket.ValueKey) {
	x.calls["DeleteValue"]++
	x.Tx.DeleteValue(key)
}

func (x *countingTx) PutAgent(a ticket.AgentState) {
	x.calls["PutAgent"]++
	x.Tx.PutAgent(a)
}

func (x *countingTx) MarkSeen(keys ...ticket.EventKey) {
	x.calls["MarkSeen"]++
	x.Tx.MarkSeen(keys...)
}

func (x *countingTx) Append(entries ...ticket.Entry) {
	x.calls["Append"]++
	x.Tx.Append(entries...)
}

func (x *countingTx) Ensure(tasks ...ticket.Task) {
	x.calls["Ensure"]++
	x.Tx.Ensure(tasks...)
}

func (x *countingTx) Schedule(tasks ...ticket.Task) {
	x.calls["Schedule"]++
	x.Tx.Schedule(tasks...)
}

func (x *countingTx) Cancel(ids ...string) {
	x.calls["Cancel"]++
	x.Tx.Cancel(ids...)
}

func (x *countingTx) Claim(q ticket.ClaimQuery) ([]ticket.Lease, error) {
	x.calls["Claim"]++
	return x.Tx.Claim(q)
}

func (x *countingTx) Holds(l ticket.Lease) (bool, error) {
	x.calls["Holds"]++
	return x.Tx.Holds(l)
}

func (x *countingTx) Finish(l ticket.Lease) error {
	x.calls["Finish"]++
	return x.Tx.Finish(l)
}

func (x *countingTx) Postpone(l ticket.Lease, due time.Time, reason string) error {
	x.calls["Postpone"]++
	return x.Tx.Postpone(l, due, reason)
}

func (x *countingTx) Bury(l ticket.Lease, reason string) error {
	x.calls["Bury"]++
	return x.Tx.Bury(l, reason)
}

func (x *countingTx) Extend(l ticket.Lease, d time.Duration) (ticket.Lease, error) {
	x.calls["Extend"]++
	return x.Tx.Extend(l, d)
}

func (x *countingTx) PauseQueue(p ticket.QueuePause) {
	x.calls["PauseQueue"]++
	x.Tx.PauseQueue(p)
}

func (x *countingTx) ResumeQueue(queue string) {
	x.calls["ResumeQueue"]++
	x.Tx.ResumeQueue(queue)
}

func (x *countingTx) Reserve(agent string, id ticket.ID, weight int) (bool, error) {
	x.calls["Reserve"]++
	return x.Tx.Reserve(agent, id, weight)
}

func (x *countingTx) Release(id ticket.ID, now time.Time) error {
	x.calls["Release"]++
	return x.Tx.Release(id, now)
}

// Try counts what is called within, too.
func (x *countingTx) Try(fn func(ticket.Tx) error) error {
	x.calls["Try"]++
	return x.Tx.Try(func(tx ticket.Tx) error { return fn(&countingTx{tx, x.calls}) })
}
