package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func lists() []Check {
	return []Check{
		{"tickets are found by every condition and all together", ticketConditions},
		{"tickets are listed by Created, then by ID", ticketOrder},
		{"a ticket that changes is listed under what it is now", ticketMoves},
		{"waiting tickets are listed in order of promise", promiseOrder},
		{"only tickets without agent that are not done are waiting", whoWaits},
		{"the first waiting ticket of each class is found, and those behind it", classOrder},
		{"messages are listed by time, the platform's order and key", messageOrder},
	}
}

func (r Rig) tickets(t T, q ticket.TicketQuery) []string {
	t.Helper()
	list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Ticket], error) { return rd.ListTickets(q) })
	return ids(list.Items, ticketID)
}

func (r Rig) waiting(t T, lane string) []string {
	t.Helper()
	list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Ticket], error) {
		return rd.Waiting(lane, ticket.Page{Limit: 1000})
	})
	return ids(list.Items, ticketID)
}

// crowd is many tickets in which every combination of what a query asks for occurs.
func crowd() []ticket.Ticket {
	var all []ticket.Ticket
	statuses := []ticket.Status{ticket.New, ticket.Open, ticket.Pending, ticket.OnHold, ticket.Solved, ticket.Closed}
	for i := range 240 {
		c := ticket.Ticket{
			ID: ticket.ID(fmt.Sprintf("%03d", i*7%240)), Status: statuses[i%6], Created: at(i / 2),
			Lane: []string{"", "returns", "delivery"}[i%3], Agent: []string{"", "ann", "bob"}[i/2%3], Contact: ticket.ContactID([]string{"", "x", "y", "z"}[i%4]),
		}
		if i%2 == 0 {
			c.Tags = append(c.Tags, "even")
		}
		if i%5 == 0 {
			c.Tags = append(c.Tags, "five")
		}
		for n := range i % 3 {
			c.Conversations = append(c.Conversations, thread(n+i%2))
		}
		all = append(all, c)
	}
	return all
}

func thread(n int) ticket.ConversationKey {
	return ticket.ConversationKey{Account: account("1"), Visibility: channel.Visibility(n % 2), Thread: fmt.Sprint("thread", n/2), Author: "someone"}
}

func ticketConditions(t T, r Rig) {
	all := crowd()
	r.write(t, func(tx ticket.Tx) {
		for _, c := range all {
			tx.PutTicket(c)
		}
	})
	var queries []ticket.TicketQuery
	for _, statuses := range [][]ticket.Status{nil, {ticket.Open}, {ticket.Solved, ticket.New, ticket.New}} {
		for _, lane := range []string{"", "returns", "none"} {
			for _, agent := range []string{"", "bob"} {
				for _, contact := range []ticket.ContactID{"", "y"} {
					for _, tag := range []string{"", "five"} {
						for _, conversation := range []ticket.ConversationKey{{}, thread(1)} {
							queries = append(queries, ticket.TicketQuery{Statuses: statuses, Lane: lane, Agent: agent, Contact: contact, Tag: tag, Conversation: conversation})
						}
					}
				}
			}
		}
	}
	for i, q := range queries {
		if i%2 == 0 {
			q.CreatedFrom, q.CreatedTo = at(10), at(90)
		}
		q.Newest, q.Limit = i%3 == 0, 1000
		if got, want := r.tickets(t, q), matching(all, q); !same(t, fmt.Sprintf("tickets of %+v", q), got, want) {
			return
		}
	}
}

// matching answers a query by looking at every ticket.
func matching(all []ticket.Ticket, q ticket.TicketQuery) []string {
	var found []ticket.Ticket
	for _, c := range all {
		if (len(q.Statuses) == 0 || slices.Contains(q.Statuses, c.Status)) && (q.Lane == "" || c.Lane == q.Lane) && (q.Agent == "" || c.Agent == q.Agent) &&
			(q.Contact == "" || c.Contact == q.Contact) && (q.Tag == "" || slices.Contains(c.Tags, q.Tag)) &&
			(q.Conversation == ticket.ConversationKey{} || slices.Contains(c.Conversations, q.Conversation)) &&
			!c.Created.Before(q.CreatedFrom) && (q.CreatedTo.IsZero() || c.Created.Before(q.CreatedTo)) {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b ticket.Ticket) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	if q.Newest {
		slices.Reverse(found)
	}
	return ids(found, ticketID)
}

func ticketOrder(t T, r Rig) {
	r.write(t, func(tx ticket.Tx) {
		for _, id := range []ticket.ID{"b", "B", "a", "ä", "10", "9"} {
			tx.PutTicket(open(id, "lane", 1))
		}
		tx.PutTicket(open("zuerst", "lane", 0))
		tx.PutTicket(ticket.Ticket{ID: "without a time", Status: ticket.Open, Lane: "lane"})
	})
	want := []string{"without a time", "zuerst", "10", "9", "B", "a", "b", "ä"}
	same(t, "oldest first", r.tickets(t, ticket.TicketQuery{}), want)
	same(t, "oldest first, from", r.tickets(t, ticket.TicketQuery{CreatedFrom: at(1)}), want[2:])
	same(t, "oldest first, to", r.tickets(t, ticket.TicketQuery{Lane: "lane", CreatedTo: at(1)}), want[:2])
	slices.Reverse(want)
	same(t, "newest first", r.tickets(t, ticket.TicketQuery{Newest: true}), want)
	same(t, "newest first, to", r.tickets(t, ticket.TicketQuery{Newest: true, CreatedTo: at(1)}), want[6:])
	same(t, "the first two", r.tickets(t, ticket.TicketQuery{Newest: true, Page: ticket.Page{Limit: 2}}), want[:2])
}

func ticketMoves(t T, r Rig) {
	before := ticket.Ticket{ID: "t", Status: ticket.Open, Lane: "l1", Agent: "a1", Contact: "c1", Tags: []string{"t0", "t1"}, Conversations: []ticket.ConversationKey{thread(0), thread(1)}, Created: at(1)}
	after := ticket.Ticket{ID: "t", Status: ticket.Solved, Lane: "l2", Agent: "a2", Contact: "c2", Tags: []string{"t0", "t2"}, Conversations: []ticket.ConversationKey{thread(2), thread(0)}, Created: at(2)}
	queries := func(c ticket.Ticket) []ticket.TicketQuery {
		return []ticket.TicketQuery{
			{Statuses: []ticket.Status{c.Status}}, {Lane: c.Lane}, {Agent: c.Agent}, {Contact: c.Contact}, {CreatedFrom: c.Created, CreatedTo: c.Created.Add(1)},
			{Lane: c.Lane, Statuses: []ticket.Status{c.Status}}, {Tag: c.Tags[1]}, {Conversation: c.Conversations[1-int(c.Created.Sub(at(1))/time.Minute)]},
		}
	}
	r.write(t, func(tx ticket.Tx) { tx.PutTicket(before) })
	for _, q := range queries(before) {
		same(t, fmt.Sprintf("before, %+v", q), r.tickets(t, q), []string{"t"})
	}
	r.write(t, func(tx ticket.Tx) { tx.PutTicket(after) })
	for _, q := range queries(before) {
		same(t, fmt.Sprintf("after, by what it was, %+v", q), r.tickets(t, q), []string{})
	}
	for _, q := range append(queries(after), ticket.TicketQuery{Tag: "t0"}, ticket.TicketQuery{Conversation: thread(0)}, ticket.TicketQuery{}) {
		same(t, fmt.Sprintf("after, by what it is, %+v", q), r.tickets(t, q), []string{"t"})
	}
}

func promiseOrder(t T, r Rig) {
	var all []ticket.Ticket
	for i := range 90 {
		c := open(ticket.ID(fmt.Sprintf("%02d", i*37%90)), "lane", i%5)
		c.Priority = ticket.Priority(i%4 - 1)
		if i%3 > 0 {
			c = promised(c, i%7-3)
		}
		if i%6 == 0 {
			c.ReplyBy = at(i%11 - 5)
		}
		if i%4 == 0 { // several clocks, one of which has ended
			c = promised(c, 5-i%7)
			c.Clocks.Clocks[0].Verdict = sla.Met
		}
		all = append(all, c)
	}
	r.write(t, func(tx ticket.Tx) {
		for _, c := range all {
			tx.PutTicket(c)
		}
	})
	sorted := func() []string {
		slices.SortFunc(all, func(a, b ticket.Ticket) int { return ticket.ComparePromise(&a, &b) })
		return ids(all, ticketID)
	}
	same(t, "waiting", r.waiting(t, "lane"), sorted())
	r.write(t, func(tx ticket.Tx) {
		for i := range all {
			switch i % 3 {
			case 0:
				all[i].Clocks.Clocks = nil
			case 1:
				all[i].Priority = ticket.Urgent
			case 2:
				all[i].Clocks.Clocks = nil
				all[i] = promised(all[i], i%9-4)
			}
			tx.PutTicket(all[i])
		}
	})
	same(t, "waiting, after promises and priorities changed", r.waiting(t, "lane"), sorted())
}

func whoWaits(t T, r Rig) {
	put := func(c ticket.Ticket) { r.write(t, func(tx ticket.Tx) { tx.PutTicket(c) }) }
	for i, s := range []ticket.Status{ticket.New, ticket.Open, ticket.Pending, ticket.OnHold, ticket.Solved, ticket.Closed} {
		c := open(ticket.ID(s), "lane", i)
		c.Status = s
		put(c)
	}
	assigned := open("assigned", "lane", 0)
	assigned.Agent = "ann"
	put(assigned)
	put(open("elsewhere", "lane2", 0))
	put(open("nowhere", "", 0))
	same(t, "waiting", r.waiting(t, "lane"), []string{"new", "open", "pending", "on-hold"})
	same(t, "waiting in no lane", r.waiting(t, ""), []string{"nowhere"})
	same(t, "waiting in a lane that is not there", r.waiting(t, "la"), []string{})
	assigned.Agent = ""
	put(assigned)
	solved := open("open", "lane", 1)
	solved.Status = ticket.Solved
	put(solved)
	put(open("elsewhere", "lane", 9))
	same(t, "waiting, after changes", r.waiting(t, "lane"), []string{"assigned", "new", "pending", "on-hold", "elsewhere"})
	same(t, "waiting in the other lane", r.waiting(t, "lane2"), []string{})
}

func classOrder(t T, r Rig) {
	classes := []string{"", "2", "2 de", "2 de not ann", "de"}
	of := make(map[string][]ticket.Ticket)
	all := make([]ticket.Ticket, 0, 60)
	for i := range 60 {
		c := open(ticket.ID(fmt.Sprintf("%02d", i*37%60)), "lane", i%5)
		c.Class, c.Priority = classes[i%len(classes)], ticket.Priority(i%4-1)
		if i%3 > 0 {
			c = promised(c, i%7-3)
		}
		all = append(all, c)
	}
	others := []ticket.Ticket{open("elsewhere", "lan", 0), open("further", "lane2", 0), open("assigned", "lane", 0), open("solved", "lane", 0)}
	others[0].Class, others[1].Class = "2", "2"
	others[2].Agent, others[3].Status = "ann", ticket.Solved
	same(t, "the first of each class where nobody waits", r.waitingFirst(t, "lane"), []string{})
	put := func(list ...ticket.Ticket) {
		r.write(t, func(tx ticket.Tx) {
			for _, c := range list {
				tx.PutTicket(c)
			}
		})
	}
	put(append(others, all...)...)
	look := func(when string) {
		clear(of)
		for _, c := range all {
			of[c.Class] = append(of[c.Class], c)
		}
		first := []string{}
		for _, class := range classes {
			list := of[class]
			slices.SortFunc(list, func(a, b ticket.Ticket) int { return ticket.ComparePromise(&a, &b) })
			got, page := []string{}, ticket.Page{Limit: 5}
			for range len(list) + 1 {
				some := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Ticket], error) { return rd.WaitingOf("lane", class, page) })
				got = append(got, ids(some.Items, ticketID)...)
				if page.After = some.Next; page.After == "" {
					break
				}
			}
			same(t, fmt.Sprintf("%s: waiting in class %q", when, class), got, ids(list, ticketID))
			if len(list) > 0 {
				first = append(first, string(list[0].ID))
			}
		}
		same(t, when+": the first of each class", r.waitingFirst(t, "lane"), first)
	}
	look("at first")
	for i := range all {
		if all[i].Class == "2" { // a class that ends
			all[i].Class = "2 de"
		}
	}
	all[0].Class = "de"
	put(all...)
	look("after some changed their class")
	same(t, "the first of each class of another lane", r.waitingFirst(t, "lane2"), []string{"further"})
	same(t, "a class that nobody waits in", len(read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Ticket], error) {
		return rd.WaitingOf("lane", "none", ticket.Page{})
	}).Items), 0)
}

func (r Rig) waitingFirst(t T, lane string) []string {
	t.Helper()
	return ids(read(t, r, func(rd ticket.Reader) ([]ticket.Ticket, error) { return rd.WaitingFirst(lane) }), ticketID)
}

func messageOrder(t T, r Rig) {
	put := func(key string, minutes int, order string) {
		m := said(key, "t", minutes, key)
		m.Content.Order = order
		r.write(t, func(tx ticket.Tx) { tx.PutMessage(m) })
	}
	put("e", 2, "")
	put("d", 1, "10")
	put("b", 1, "09")
	put("c", 1, "09")
	put("a", 1, "9")
	put("moves", 0, "")
	r.write(t, func(tx ticket.Tx) { tx.PutMessage(said("other", "t2", 0, "")) })
	list := func(id ticket.ID) []string {
		return ids(read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Message], error) {
			return rd.ListMessages(ticket.MessageQuery{Ticket: id})
		}).Items, messageKey)
	}
	same(t, "messages", list("t"), []string{"moves", "b", "c", "d", "a", "e"})
	put("moves", 3, "")
	same(t, "messages, after one got a later time", list("t"), []string{"b", "c", "d", "a", "e", "moves"})
	r.write(t, func(tx ticket.Tx) { tx.PutMessage(said("moves", "t2", 3, "")) })
	same(t, "messages, after one went to another ticket", list("t"), []string{"b", "c", "d", "a", "e"})
	same(t, "messages of the other ticket", list("t2"), []string{"other", "moves"})
	same(t, "messages of a ticket that is not there", list("none"), []string{})
}
