package postgres

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// arrive stores what a first message brings: some look-ups, eight records, four entries, three tasks.
func arrive(s *Store, i int64) error {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Second)
	account := channel.AccountID{Platform: "facebook", ID: "1234567890"}
	id, contact := ticket.ID(fmt.Sprintf("T-%08d", i)), ticket.ContactID(fmt.Sprintf("C-%08d", i))
	author := channel.Author{ID: fmt.Sprintf("1234567890:%016d", i), Name: "Erika Mustermann", Handle: fmt.Sprint("erika", i)}
	conversation := ticket.ConversationKey{Account: account, Thread: fmt.Sprintf("1234567890_%d", i/3), Author: author.ID}
	identity := ticket.IdentityKey{Platform: account.Platform, ID: author.ID}
	m := ticket.Message{Key: fmt.Sprintf("%s#%d", account, i), Ticket: id, Conversation: conversation, Direction: ticket.Inbound, Received: at, Content: channel.Message{
		ID: fmt.Sprint(i), Thread: conversation.Thread, Author: author, Time: at,
		Text: "Where is my washing machine? I have been waiting at home for the whole day and nobody came or called. The order is 4711-0815.",
	}}
	t := ticket.Ticket{ID: id, Version: 1, Status: ticket.New, Subject: "Where is my washing machine?", Account: account, Contact: contact, Lane: "returns",
		Tags: []string{"delivery"}, Conversations: []ticket.ConversationKey{conversation}, Created: at, Updated: at}
	for n, metric := range []sla.Metric{sla.FirstResponse, sla.Resolution} {
		t.Clocks.Clocks = append(t.Clocks.Clocks, sla.Clock{Metric: metric, Policy: "standard", Started: at, Due: at.Add(time.Duration(n+1) * time.Hour)})
	}
	event := ticket.EventKey{Account: account, Key: fmt.Sprint(i)}
	return s.Update(context.Background(), brand, func(tx ticket.Tx) error {
		if _, err := tx.Seen(event); err != nil {
			return err
		}
		if _, err := tx.Identities(identity); err != nil {
			return err
		}
		if _, err := tx.Conversations(conversation); err != nil {
			return err
		}
		tx.MarkSeen(event)
		tx.PutContact(ticket.Contact{ID: contact, Version: 1, Name: author.Name, Identities: []ticket.IdentityKey{identity}, Created: at, Updated: at})
		tx.PutIdentity(ticket.Identity{Key: identity, Contact: contact, Author: author, Seen: at})
		tx.PutConversation(ticket.Conversation{Key: conversation, Ticket: id, Contact: contact, Author: author, CustomerWrote: at})
		tx.PutMessage(m)
		tx.PutTicket(t)
		for n, kind := range []ticket.EntryKind{ticket.MessageReceived, ticket.TicketCreated, ticket.TicketRouted, ticket.ClockStarted} {
			tx.Append(ticket.Entry{Key: fmt.Sprintf("%s/%d", id, n), Kind: kind, Ticket: id, Contact: contact, Message: m.Key, Happened: at, Received: at, Processed: at})
		}
		for _, queue := range []string{"clock", "sync/salesforce", "route"} {
			tx.Schedule(ticket.Task{ID: queue + "/" + string(id), Kind: queue, Queue: queue, Key: string(id), Due: at.Add(time.Hour)})
		}
		return nil
	})
}

func BenchmarkArrival(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprint(writers, " writers"), func(b *testing.B) {
			s := open(b, newPool(b, "pool_max_conns=16"), newSchema())
			b.ReportAllocs()
			var next atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range writers {
				all.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if err := arrive(s, i); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "arrivals/s")
		})
	}
}

// BenchmarkClaim claims one task and puts it back, with few and with many tasks that are due.
func BenchmarkClaim(b *testing.B) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, waiting := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(waiting, " waiting"), func(b *testing.B) {
			s := open(b, newPool(b, ""), newSchema())
			waitingTasks(b, s, waiting, now)
			for b.Loop() {
				err := s.Update(b.Context(), brand, func(tx ticket.Tx) error {
					leases, err := tx.Claim(ticket.ClaimQuery{Now: now})
					if err == nil && len(leases) != 1 {
						err = fmt.Errorf("claimed %d", len(leases))
					}
					if err != nil {
						return err
					}
					return tx.Postpone(leases[0], leases[0].Due, "")
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
