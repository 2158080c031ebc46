package storetest

import (
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

func retention() []Check {
	return []Check{
		{"Prune lets go of what is old and closed, and of nothing else", pruneOld},
		{"whoever has missed what Prune removed can tell, and nobody else", pruneTold},
		{"Prune runs beside Updates and readers", pruneBeside},
	}
}

// prune lets go of what is from before noon; false: the Store cannot.
func (r Rig) prune(t T) (removed int, can bool) {
	t.Helper()
	p, can := r.Store.(ticket.Pruner)
	if !can {
		return 0, false
	}
	removed, err := p.Prune(t.Context(), brand, noon)
	if err != nil {
		t.Fatalf("prune: %v", err)
	}
	return removed, true
}

func (r Rig) pruned(t T) ticket.Position {
	t.Helper()
	return read(t, r, func(rd ticket.Reader) (ticket.Position, error) { return rd.Pruned() })
}

// past puts a ticket with a message and an entry, all from before noon but for when it changed last.
func past(tx ticket.Tx, id ticket.ID, status ticket.Status, updated time.Time, into ticket.ID) {
	tx.PutTicket(ticket.Ticket{ID: id, Status: status, Created: at(-60), Updated: updated, MergedInto: into})
	tx.PutMessage(said("message of "+string(id), id, -60, "text"))
	e := entry("entry of "+string(id), id)
	e.Processed = at(-60)
	tx.Append(e)
}

func pruneOld(t T, r Rig) {
	aged := func(key string, minutes int) ticket.Entry {
		e := entry(key, "")
		e.Processed = at(minutes)
		return e
	}
	r.write(t, func(tx ticket.Tx) {
		past(tx, "open", ticket.Open, at(-50), "")
		past(tx, "solved", ticket.Solved, at(-50), "")
		past(tx, "closed", ticket.Closed, at(-50), "")
		past(tx, "closed at noon", ticket.Closed, noon, "")
		past(tx, "merged into open", ticket.Closed, at(-50), "open")
		past(tx, "merged twice", ticket.Closed, at(-50), "merged into open")
		past(tx, "merged into closed", ticket.Closed, at(-50), "closed")
		past(tx, "pushed", ticket.Closed, at(-50), "")
		past(tx, "merged into pushed", ticket.Closed, at(-50), "pushed")
		past(tx, "given up", ticket.Closed, at(-50), "")
		past(tx, "", "", at(-50), "")
		for i := range 20 {
			past(tx, ticket.ID(fmt.Sprint("closed too ", i)), ticket.Closed, at(-50), "")
		}
		tx.Append(aged("young", 0), aged("newest", -60))
		tx.PutMessage(said("young", "", 0, "text"))
		tx.Schedule(
			ticket.Task{ID: "push", Queue: "sync/crm", Key: "ticket/pushed", Due: noon},
			ticket.Task{ID: "dead", Queue: "sync/crm", Key: "ticket/given up", Due: at(-90)})
	})
	leases := r.claim(t, 0, 1)
	if len(leases) != 1 || leases[0].ID != "dead" {
		t.Fatalf("claimed %v, want the task that is due", leases)
	}
	r.do(t, func(tx ticket.Tx) error { return tx.Bury(leases[0], "given up") })
	const gone = 20 + 4 // closed, merged into closed, given up, and what belongs to no ticket: a message and an entry each
	for _, want := range []int{2 * gone, 0} {
		removed, can := r.prune(t)
		if !can {
			return
		}
		same(t, "number of what was removed", removed, want)
	}
	for id, stays := range map[ticket.ID]bool{
		"open": true, "solved": true, "closed": false, "closed at noon": true, "merged into open": true, "merged twice": true, "merged into closed": false, "pushed": true,
		"merged into pushed": true, "given up": false, "": false, "closed too 7": false,
	} {
		messages := read(t, r, func(rd ticket.Reader) ([]ticket.Message, error) { return rd.Messages("message of " + string(id)) })
		same(t, fmt.Sprintf("the message of ticket %q is there", id), messages[0].Key != "", stays)
		if id == "" {
			continue
		}
		same(t, fmt.Sprintf("the entry of ticket %q is there", id), len(r.entries(t, ticket.JournalQuery{Ticket: id})) > 0, stays)
		listed := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Message], error) {
			return rd.ListMessages(ticket.MessageQuery{Ticket: id})
		})
		same(t, fmt.Sprintf("the message of ticket %q is listed", id), len(listed.Items) > 0, stays)
		tickets := read(t, r, func(rd ticket.Reader) ([]ticket.Ticket, error) { return rd.Tickets(id) })
		same(t, fmt.Sprintf("ticket %q itself is there", id), tickets[0].ID, id)
		same(t, fmt.Sprintf("ticket %q tells that something is gone", id), tickets[0].Pruned != "", !stays)
	}
	all := r.entries(t, ticket.JournalQuery{Limit: 1000})
	same(t, "the last entries", ids(all[len(all)-2:], entryKey), []string{"young", "newest"})
	ascending(t, all)
	loose := read(t, r, func(rd ticket.Reader) ([]ticket.Message, error) { return rd.Messages("young") })
	same(t, "a young message without a ticket", loose[0].Key, "young")
}

func pruneTold(t T, r Rig) {
	if p := r.pruned(t); p != "" {
		t.Errorf("before anything was removed, Pruned is %q", p)
	}
	for i := range 12 {
		r.write(t, func(tx ticket.Tx) {
			status := []ticket.Status{ticket.Open, ticket.Closed, ticket.Pending}[i%3]
			past(tx, ticket.ID(fmt.Sprint(i)), status, at(-50), "")
			if i%2 == 0 {
				tx.Append(entry(fmt.Sprint("second of ", i), ticket.ID(fmt.Sprint(i))))
			}
		})
	}
	r.write(t, func(tx ticket.Tx) { past(tx, "newest", ticket.Closed, at(-50), "") })
	before := r.entries(t, ticket.JournalQuery{Limit: 1000})
	if _, can := r.prune(t); !can {
		return
	}
	kept := make(map[string]bool)
	for _, e := range r.entries(t, ticket.JournalQuery{Limit: 1000}) {
		kept[e.Key] = true
	}
	last := make(map[ticket.ID]ticket.Position) // removed, by ticket
	far := ticket.Position("")
	for _, e := range before {
		if !kept[e.Key] {
			last[e.Ticket], far = e.Position, e.Position
		}
	}
	same(t, "Pruned", r.pruned(t), far)
	for i := range 12 {
		id := ticket.ID(fmt.Sprint(i))
		tickets := read(t, r, func(rd ticket.Reader) ([]ticket.Ticket, error) { return rd.Tickets(id) })
		same(t, fmt.Sprintf("Pruned of ticket %s", id), tickets[0].Pruned, last[id])
		same(t, fmt.Sprintf("status and time of ticket %s", id), []string{string(tickets[0].Status), tickets[0].Updated.UTC().String()},
			[]string{[]string{"open", "closed", "pending"}[i%3], at(-50).UTC().String()})
	}
	same(t, "the newest entry stays", kept["entry of newest"], true)
	same(t, "the head", r.head(t), before[len(before)-1].Position)
	other := readAs(t, r.Store, "another", func(rd ticket.Reader) (ticket.Position, error) { return rd.Pruned() })
	same(t, "Pruned of another tenant", other, ticket.Position(""))
	own := inTx(t, r, func(tx ticket.Tx) (ticket.Position, error) { return tx.Pruned() })
	same(t, "Pruned in an Update", own, far)
	// Positions go on, and what comes now is removed, and told, next time.
	r.write(t, func(tx ticket.Tx) { tx.Append(entry("more", "1"), entry("newest of all", "0")) })
	if _, can := r.prune(t); can {
		tickets := read(t, r, func(rd ticket.Reader) ([]ticket.Ticket, error) { return rd.Tickets("1", "newest") })
		if tickets[0].Pruned <= far || tickets[1].Pruned != before[len(before)-1].Position || r.pruned(t) != tickets[0].Pruned || r.pruned(t) >= r.head(t) {
			t.Errorf("after the second run ticket 1 is pruned up to %q, the newest before up to %q, all up to %q; the head is %q", tickets[0].Pruned, tickets[1].Pruned, r.pruned(t), r.head(t))
		}
	}
}

// pruneBeside lets a reader follow the journal while it is written and pruned: it sees each entry, or is told of a gap.
func pruneBeside(t T, r Rig) {
	const n = 25
	r.write(t, func(tx ticket.Tx) {
		for i := range 3 {
			past(tx, ticket.ID(fmt.Sprint("before ", i)), ticket.Closed, at(-50), "")
		}
	})
	begun := r.entries(t, ticket.JournalQuery{Limit: 1})[0].Position // the reader has seen one, and misses the next
	if _, can := r.prune(t); !can {
		return
	}
	done := make(chan struct{})
	sideBySide(t, 3, func(worker int) error {
		switch worker {
		case 0:
			defer close(done)
			for i := range n {
				err := r.Store.Update(t.Context(), brand, func(tx ticket.Tx) error {
					past(tx, ticket.ID(fmt.Sprint(i)), ticket.Closed, at(-50), "")
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		case 1:
			for {
				if _, err := r.Store.(ticket.Pruner).Prune(t.Context(), brand, noon); err != nil {
					return err
				}
				select {
				case <-done:
					return nil
				default:
				}
			}
		}
		seen, last := 1, begun
		for gap := false; ; {
			over := false
			select {
			case <-done:
				over = true
			default:
			}
			var entries []ticket.Entry
			err := r.Store.View(t.Context(), brand, func(rd ticket.Reader) (err error) {
				var pruned ticket.Position
				if entries, err = rd.Journal(ticket.JournalQuery{After: last, Limit: 7}); err == nil {
					pruned, err = rd.Pruned()
				}
				gap = gap || last < pruned
				return err
			})
			if err != nil {
				return err
			}
			for _, e := range entries {
				seen++
				last = e.Position
			}
			if over && len(entries) == 0 {
				if seen < n+3 && !gap {
					return fmt.Errorf("a reader saw %d of %d entries and was told of no gap", seen, n+3)
				}
				return nil
			}
		}
	})
}
