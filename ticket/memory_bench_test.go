package ticket

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
)

// arrival is what the Store has to do when a first message comes in: about five look-ups, eight puts, four journal entries and three tasks.
type arrival struct {
	ticket       Ticket
	conversation Conversation
	message      Message
	contact      Contact
	identity     Identity
	seen         EventKey
	cursor       Value
	entries      [4]Entry
	tasks        [3]Task
}

func newArrival(i int) *arrival {
	at := modelTime.Add(time.Duration(i) * time.Second)
	account := channel.AccountID{Platform: "facebook", ID: "1234567890"}
	id := ID(fmt.Sprintf("T-%08d", i))
	author := channel.Author{ID: fmt.Sprintf("1234567890:%016d", i), Name: "Erika Mustermann", Handle: fmt.Sprintf("erika%d", i), Followers: 120}
	key := ConversationKey{Account: account, Thread: fmt.Sprintf("1234567890_%d", i/3), Author: author.ID}
	contact := ContactID(fmt.Sprintf("C-%08d", i))
	facts := sla.Facts{Account: account.String(), Platform: account.Platform, Visibility: "public", Language: "de", Lane: "returns", Tags: []string{"delivery"}}
	a := &arrival{}
	a.ticket = Ticket{
		ID: id, Version: 1, Setup: 3, Status: New, Subject: "Where is my washing machine? I have been waiting", Account: account, Language: "de",
		Conversations: []ConversationKey{key}, Contact: contact, Lane: "returns", Team: "north", Tags: []string{"delivery"}, Created: at, Updated: at, CustomerWrote: at,
	}
	for n, m := range []sla.Metric{sla.Acknowledgement, sla.FirstResponse, sla.Resolution, sla.RequesterWait} {
		a.ticket.Clocks.Clocks = append(a.ticket.Clocks.Clocks, sla.Clock{
			Metric: m, Policy: "standard", Target: sla.Duration(time.Hour), Started: at, Due: at.Add(time.Duration(n+1) * time.Hour),
		})
	}
	a.ticket.Clocks.Facts, a.ticket.Clocks.Status, a.ticket.Clocks.Asked = facts, New, at
	a.message = Message{
		Key: account.String() + "/" + fmt.Sprintf("1234567890_%d_%d", i/3, i), Ticket: id, Conversation: key, Direction: Inbound, Received: at,
		Content: channel.Message{
			ID: fmt.Sprintf("1234567890_%d_%d", i/3, i), Thread: key.Thread, Parent: key.Thread, Author: author, Time: at, Language: "de",
			Text: "Where is my washing machine? I have been waiting at home for the whole day and nobody came or called. The order is 4711-0815.",
		},
	}
	a.ticket.Clocks.Last = sla.Mark{Time: at, Key: a.message.Key}
	a.conversation = Conversation{Key: key, Ticket: id, Contact: contact, Author: author, CustomerWrote: at, CustomerMessage: a.message.Content.ID}
	a.contact = Contact{ID: contact, Version: 1, Name: author.Name, Identities: []IdentityKey{{account.Platform, author.ID}}, Created: at, Updated: at}
	a.identity = Identity{Key: IdentityKey{account.Platform, author.ID}, Contact: contact, Author: author, Seen: at}
	a.seen = EventKey{account, a.message.Content.ID}
	a.cursor = Value{Key: ValueKey{"cursor", "facebook"}, Data: []byte(`{"after":"QVFIUj..."}`)}
	for n, kind := range []EntryKind{MessageReceived, TicketCreated, TicketRouted, ClockStarted} {
		a.entries[n] = Entry{
			Key: fmt.Sprintf("%s/%d", a.message.Key, n), Kind: kind, Ticket: id, Contact: contact, Message: a.message.Key, Actor: Actor{Kind: ByCustomer, ID: author.ID},
			Happened: at, Received: at, Processed: at, Setup: 3,
		}
	}
	a.entries[0].Clock = &sla.Event{Mark: a.ticket.Clocks.Last, Kind: sla.CustomerWrote, Facts: &facts}
	a.entries[3].Stand = &a.ticket.Clocks.Clocks[0]
	for n, queue := range []string{"deadline", "sync/salesforce", "route"} {
		a.tasks[n] = Task{ID: queue + "/" + string(id), Kind: queue, Queue: queue, Key: string(id), Due: at.Add(time.Hour)}
	}
	return a
}

func (a *arrival) store(tx Tx) error {
	if _, err := tx.Seen(a.seen); err != nil {
		return err
	}
	if _, err := tx.Identities(a.identity.Key); err != nil {
		return err
	}
	if _, err := tx.Conversations(a.conversation.Key); err != nil {
		return err
	}
	if _, err := tx.Messages(a.message.Key); err != nil {
		return err
	}
	if _, err := tx.Tickets(a.ticket.ID); err != nil {
		return err
	}
	tx.MarkSeen(a.seen)
	tx.PutContact(a.contact)
	tx.PutIdentity(a.identity)
	tx.PutConversation(a.conversation)
	tx.PutMessage(a.message)
	tx.PutTicket(a.ticket)
	tx.PutValue(a.cursor)
	tx.Append(a.entries[:]...)
	tx.Schedule(a.tasks[:]...)
	return nil
}

func arrive(b *testing.B, m *Memory, from, n int) {
	b.Helper()
	for i := from; i < from+n; i++ {
		if err := m.Update(context.Background(), "brand", newArrival(i).store); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMemoryArrival(b *testing.B) {
	for _, stored := range []int{1000, 200_000} {
		b.Run(fmt.Sprint("with ", stored, " tickets"), func(b *testing.B) {
			m := NewMemory(nil)
			arrive(b, m, 0, stored)
			runtime.GC()
			b.ReportAllocs()
			i := stored
			for b.Loop() {
				b.StopTimer()
				fn := newArrival(i).store
				i++
				b.StartTimer()
				if err := m.Update(context.Background(), "brand", fn); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// storeMatter leaves out who wrote and what is to be done: contact, identity, dedupe key, cursor, tasks.
func (a *arrival) storeMatter(tx Tx) error {
	tx.PutConversation(a.conversation)
	tx.PutMessage(a.message)
	tx.PutTicket(a.ticket)
	tx.Append(a.entries[:]...)
	return nil
}

// BenchmarkMemoryPerTicket tells how much heap an open ticket takes.
func BenchmarkMemoryPerTicket(b *testing.B) {
	for name, store := range map[string]func(*arrival, Tx) error{"ticket, message and journal": (*arrival).storeMatter, "everything": (*arrival).store} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(heapPerTicket(b, 50_000, store), "heap-B/ticket")
			}
		})
	}
}

func TestAnOpenTicketWithItsMessageJournalAndClocksTakesAtMost3KiBOfHeap(t *testing.T) { // not parallel: it measures the heap
	if got := heapPerTicket(t, 5_000, (*arrival).storeMatter); got > 3<<10 {
		t.Errorf("%.0f bytes a ticket, want at most 3 KiB", got)
	}
}

func heapPerTicket(tb testing.TB, n int, store func(*arrival, Tx) error) float64 {
	tb.Helper()
	before := heap()
	m := NewMemory(nil)
	for i := range n {
		if err := m.Update(tb.Context(), "brand", func(tx Tx) error { return store(newArrival(i), tx) }); err != nil {
			tb.Fatal(err)
		}
	}
	per := float64(heap()-before) / float64(n)
	runtime.KeepAlive(m)
	return per
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

func BenchmarkMemoryClaimAndFinish(b *testing.B) {
	for _, waiting := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint("with ", waiting, " tasks waiting"), func(b *testing.B) {
			m := NewMemory(nil)
			for from := 0; from < waiting; from += 1000 {
				err := m.Update(context.Background(), "brand", func(tx Tx) error {
					for i := from; i < from+1000; i++ {
						tx.Schedule(Task{ID: fmt.Sprint("task", i), Queue: fmt.Sprint("send/", i%50), Key: fmt.Sprint(i / 4), Due: modelTime.Add(time.Duration(i) * time.Millisecond)})
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			runtime.GC()
			now := modelTime.AddDate(100, 0, 0)
			var leases []Lease
			claim := func(tx Tx) (err error) {
				leases, err = tx.Claim(ClaimQuery{Now: now})
				return err
			}
			finish := func(tx Tx) error {
				l := leases[0]
				if err := tx.Finish(l); err != nil {
					return err
				}
				l.Task.Due = l.Task.Due.Add(time.Hour)
				tx.Schedule(l.Task) // so that as many wait as before
				return nil
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := m.Update(context.Background(), "brand", claim); err != nil {
					b.Fatal(err)
				}
				if err := m.Update(context.Background(), "brand", finish); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMemoryLists(b *testing.B) {
	for _, stored := range []int{1000, 100_000} {
		m := NewMemory(nil)
		for from := 0; from < stored; from += 1000 {
			err := m.Update(context.Background(), "brand", func(tx Tx) error {
				for i := from; i < from+1000; i++ {
					t := newArrival(i * 7919 % stored).ticket
					if i%100 > 0 {
						t.Tags = append(t.Tags, "frequent")
					}
					tx.PutTicket(t)
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		lists := []struct {
			name string
			list func(r Reader) (List[Ticket], error)
		}{
			{"a page of 20 waiting", func(r Reader) (List[Ticket], error) { return r.Waiting("returns", Page{Limit: 20}) }},
			{"a page of 20 by lane and tag", func(r Reader) (List[Ticket], error) {
				return r.ListTickets(TicketQuery{Lane: "returns", Tag: "frequent", Statuses: []Status{New, Open}, Newest: true, Page: Page{Limit: 20}})
			}},
		}
		for _, l := range lists {
			b.Run(fmt.Sprint(l.name, " of ", stored), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					err := m.View(context.Background(), "brand", func(r Reader) error {
						list, err := l.list(r)
						if len(list.Items) != 20 {
							b.Fatalf("%d tickets, want 20", len(list.Items))
						}
						return err
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
