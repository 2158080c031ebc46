package storetest

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

func paging() []Check {
	return []Check{
		{"paging through tickets while they are written", pagingTickets},
		{"paging through waiting tickets while they are written", pagingWaiting},
		{"paging through messages while they are written", pagingMessages},
		{"whoever lists tickets while many write sees each once", listedBeside},
		{"reading the journal while it is written", pagingJournal},
		{"a page is as long as asked for, and the last one is known", pageLimits},
		{"a page that no list named is an error", badPages},
		{"ten thousand tickets", manyTickets},
	}
}

// pages goes through a list page by page and writes between the pages. It expects what was there throughout exactly once, and nothing twice.
func pages(t T, what string, throughout []string, next func(after string) ([]string, string), write func(page int)) {
	t.Helper()
	count := make(map[string]int)
	after := ""
	for page := range 1000 {
		var items []string
		items, after = next(after)
		for _, item := range items {
			if count[item]++; count[item] == 2 {
				t.Errorf("%s: %s is on two pages", what, item)
			}
		}
		if after == "" {
			break
		}
		write(page)
	}
	if after != "" {
		t.Errorf("%s: paging does not end", what)
	}
	var missed []string
	for _, item := range throughout {
		if count[item] == 0 {
			missed = append(missed, item)
		}
	}
	if len(missed) > 0 {
		t.Errorf("%s: %d of %d that were there throughout were missed: %s", what, len(missed), len(throughout), strings.Join(missed, ", "))
	}
}

func pagingTickets(t T, r Rig) {
	const n = 60
	stays := func(i int) bool { return i%3 > 0 }
	for round, q := range []ticket.TicketQuery{
		{}, {Newest: true}, {Lane: "lane"}, {Tag: "tag", Newest: true}, {Statuses: []ticket.Status{ticket.Open, ticket.Pending}},
		{Lane: "lane", Statuses: []ticket.Status{ticket.Pending, ticket.Open, ticket.New}, Newest: true},
	} {
		put := func(tx ticket.Tx, id string, minutes int, there bool) {
			c := open(ticket.ID(id), "lane", minutes)
			c.Tags = []string{"tag"}
			if !there {
				c.Lane, c.Tags, c.Status = "elsewhere", nil, ticket.Closed
			}
			tx.PutTicket(c)
		}
		var throughout []string
		r.write(t, func(tx ticket.Tx) {
			throughout = nil
			for i := range n {
				id := fmt.Sprintf("t%02d", i)
				put(tx, id, i/4, true)
				if stays(i) {
					throughout = append(throughout, id)
				}
			}
		})
		next := func(after string) ([]string, string) {
			q.Limit, q.After = 7, after
			list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Ticket], error) { return rd.ListTickets(q) })
			return ids(list.Items, ticketID), list.Next
		}
		pages(t, fmt.Sprintf("tickets of %+v", q), throughout, next, func(page int) {
			r.write(t, func(tx ticket.Tx) {
				for i := page; i < n; i += 9 {
					if !stays(i) {
						put(tx, fmt.Sprintf("t%02d", i), i/4, false)
						continue
					}
					c := open(ticket.ID(fmt.Sprintf("t%02d", i)), "lane", i/4) // changed in what does not order the list
					c.Status, c.Tags, c.Subject = ticket.Pending, []string{"first", "tag"}, fmt.Sprint("page ", page)
					tx.PutTicket(c)
				}
				put(tx, fmt.Sprint("new", page, " of ", round), page, true)
				put(tx, fmt.Sprint("new", page, " of ", round, ", earlier"), -page, true)
			})
		})
	}
}

// listedBeside lets readers page through lists, again and again, while others write: new tickets, tickets that leave a list and come back, and those that stay in it and
// change. SOCIALCRM_WRITES is how many writes there are; without it, a hundred and twenty.
func listedBeside(t T, r Rig) {
	const stay, writers = 120, 3
	writes := 120
	if n, err := strconv.Atoi(os.Getenv("SOCIALCRM_WRITES")); err == nil {
		writes = n
	}
	stores := r.stores(t)
	put := func(tx ticket.Tx, id string, minutes int, there bool, round int) {
		c := open(ticket.ID(id), "lane", minutes)
		c.Tags, c.Subject = []string{"tag"}, fmt.Sprint("round ", round)
		c.Status = []ticket.Status{ticket.Open, ticket.Pending, ticket.New}[round%3]
		if !there {
			c.Lane, c.Tags, c.Status = "elsewhere", nil, ticket.Closed
		}
		tx.PutTicket(c)
	}
	throughout := make([]string, stay)
	r.write(t, func(tx ticket.Tx) {
		for i := range throughout {
			throughout[i] = fmt.Sprintf("t%03d", i)
			put(tx, throughout[i], i/3, true, 0)
		}
	})
	queries := []ticket.TicketQuery{
		{}, {Lane: "lane", Newest: true}, {Tag: "tag"}, {Statuses: []ticket.Status{ticket.New, ticket.Open, ticket.Pending}, Newest: true},
	}
	var next, running atomic.Int64
	running.Store(writers)
	sideBySide(t, writers+2, func(worker int) error {
		if worker < writers {
			defer running.Add(-1)
			for n := int(next.Add(1)); n <= writes; n = int(next.Add(1)) {
				err := stores[worker%2].Update(t.Context(), brand, func(tx ticket.Tx) error {
					switch minute := n * 7919 % (stay/3 + 20); n % 4 {
					case 0: // a new one, somewhere
						put(tx, fmt.Sprint("new", n), minute-10, true, n)
					case 1: // in and out
						put(tx, fmt.Sprint("moves", n%40), n%40, n/40%2 == 0, n)
					default:
						i := n * 31 % stay
						put(tx, throughout[i], i/3, true, n)
					}
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		}
		for pass := worker; ; pass++ {
			over := running.Load() == 0
			if err := listOnce(t, stores[worker%2], queries[pass%len(queries)], throughout); err != nil {
				return err
			}
			if over {
				return nil
			}
		}
	})
}

// listOnce goes through a list, each page a View of its own.
func listOnce(t T, s ticket.Store, q ticket.TicketQuery, throughout []string) error {
	seen := make(map[ticket.ID]bool)
	for q.Limit = 17; ; {
		var list ticket.List[ticket.Ticket]
		if err := s.View(t.Context(), brand, func(rd ticket.Reader) (err error) {
			list, err = rd.ListTickets(q)
			return err
		}); err != nil {
			return err
		}
		for _, item := range list.Items {
			if seen[item.ID] {
				return fmt.Errorf("tickets of %+v: %s is there twice", q, item.ID)
			}
			seen[item.ID] = true
		}
		if q.After = list.Next; q.After == "" {
			break
		}
	}
	for _, id := range throughout {
		if !seen[ticket.ID(id)] {
			return fmt.Errorf("tickets of %+v: %s, which was there throughout, is missed", q, id)
		}
	}
	return nil
}

func pagingWaiting(t T, r Rig) {
	const n = 60
	put := func(tx ticket.Tx, id string, i int, agent string) {
		c := open(ticket.ID(id), "lane", i%4)
		c.Agent = agent
		if i%3 > 0 {
			c = promised(c, i%7)
		}
		tx.PutTicket(c)
	}
	var throughout []string
	r.write(t, func(tx ticket.Tx) {
		throughout = nil
		for i := range n {
			put(tx, fmt.Sprintf("t%02d", i), i, "")
			if i%4 > 0 {
				throughout = append(throughout, fmt.Sprintf("t%02d", i))
			}
		}
	})
	next := func(after string) ([]string, string) {
		list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Ticket], error) {
			return rd.Waiting("lane", ticket.Page{Limit: 7, After: after})
		})
		return ids(list.Items, ticketID), list.Next
	}
	pages(t, "waiting", throughout, next, func(page int) {
		r.write(t, func(tx ticket.Tx) {
			for i := 0; i < n; i += 4 { // an agent takes them
				if i%16 == page%4*4 {
					put(tx, fmt.Sprintf("t%02d", i), i, "ann")
				}
			}
			put(tx, fmt.Sprint("new", page), page, "")
			put(tx, fmt.Sprint("new", page, "without a promise"), 3*page, "")
		})
	})
}

func pagingMessages(t T, r Rig) {
	const n = 40
	put := func(tx ticket.Tx, key string, minutes int, order string, id ticket.ID) {
		m := said(key, id, minutes, "text")
		m.Content.Order = order
		tx.PutMessage(m)
	}
	var throughout []string
	r.write(t, func(tx ticket.Tx) {
		throughout = nil
		for i := range n {
			put(tx, fmt.Sprintf("m%02d", i), i/8, fmt.Sprint(i/2%4), "t")
			if i%5 > 0 {
				throughout = append(throughout, fmt.Sprintf("m%02d", i))
			}
		}
	})
	next := func(after string) ([]string, string) {
		list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Message], error) {
			return rd.ListMessages(ticket.MessageQuery{Ticket: "t", Page: ticket.Page{Limit: 3, After: after}})
		})
		return ids(list.Items, messageKey), list.Next
	}
	pages(t, "messages", throughout, next, func(page int) {
		r.write(t, func(tx ticket.Tx) {
			if i := page * 5; i < n {
				put(tx, fmt.Sprintf("m%02d", i), i/8, fmt.Sprint(i/2%4), "another")
			}
			put(tx, fmt.Sprint("new", page), page%5, "2", "t")
		})
	})
}

func pagingJournal(t T, r Rig) {
	const n = 40
	var throughout []string
	r.write(t, func(tx ticket.Tx) {
		throughout = nil
		for i := range n {
			throughout = append(throughout, fmt.Sprint("e", i))
			tx.Append(entry(fmt.Sprint("e", i), "t"))
		}
	})
	next := func(after string) ([]string, string) {
		entries := r.entries(t, ticket.JournalQuery{Ticket: "t", Limit: 3, After: ticket.Position(after)})
		if len(entries) == 0 {
			return nil, ""
		}
		return ids(entries, entryKey), string(entries[len(entries)-1].Position)
	}
	pages(t, "journal", throughout, next, func(page int) {
		if page < 2*n {
			r.write(t, func(tx ticket.Tx) {
				tx.Append(entry(fmt.Sprint("new", page), "t"), entry(fmt.Sprint("other", page), "t2"))
			})
		}
	})
}

func pageLimits(t T, r Rig) {
	r.write(t, func(tx ticket.Tx) {
		for i := range 120 {
			tx.PutTicket(open(ticket.ID(fmt.Sprint(i)), "lane", i))
			tx.PutMessage(said(fmt.Sprint(i), "t", i, "text"))
			tx.PutValue(value(fmt.Sprint(i), "1"))
			tx.PutAgent(ticket.AgentState{Name: fmt.Sprint(i)})
			tx.Schedule(todo(fmt.Sprint(i), i))
		}
	})
	lists := map[string]func(rd ticket.Reader, p ticket.Page) (int, string, error){
		"ListTickets": func(rd ticket.Reader, p ticket.Page) (int, string, error) {
			return length(rd.ListTickets(ticket.TicketQuery{Page: p}))
		},
		"Waiting": func(rd ticket.Reader, p ticket.Page) (int, string, error) { return length(rd.Waiting("lane", p)) },
		"ListMessages": func(rd ticket.Reader, p ticket.Page) (int, string, error) {
			return length(rd.ListMessages(ticket.MessageQuery{Ticket: "t", Page: p}))
		},
		"ListValues": func(rd ticket.Reader, p ticket.Page) (int, string, error) { return length(rd.ListValues("space", p)) },
		"ListAgents": func(rd ticket.Reader, p ticket.Page) (int, string, error) { return length(rd.ListAgents(p)) },
		"ListTasks": func(rd ticket.Reader, p ticket.Page) (int, string, error) {
			return length(rd.ListTasks(ticket.TaskQuery{Page: p}))
		},
	}
	for name, list := range lists {
		for _, c := range []struct{ limit, first, second int }{{0, 100, 20}, {119, 119, 1}, {60, 60, 60}, {120, 120, 0}, {500, 120, 0}} {
			var second int
			first := read(t, r, func(rd ticket.Reader) (int, error) {
				n, after, err := list(rd, ticket.Page{Limit: c.limit})
				second = 0
				if err == nil && after != "" {
					var end string
					if second, end, err = list(rd, ticket.Page{Limit: c.limit, After: after}); end != "" {
						second = -1
					}
				}
				return n, err
			})
			same(t, fmt.Sprintf("%s: lengths of the pages with limit %d (-1: the last page names another)", name, c.limit), []int{first, second}, []int{c.first, c.second})
		}
	}
}

func length[R any](list ticket.List[R], err error) (int, string, error) {
	return len(list.Items), list.Next, err
}

func badPages(t T, r Rig) {
	r.write(t, func(tx ticket.Tx) { tx.PutTicket(open("t", "lane", 0)) })
	for _, after := range []string{"?", "....", "\x00", "'; drop"} {
		page := ticket.Page{After: after}
		for name, list := range map[string]func(rd ticket.Reader) error{
			"ListTickets": func(rd ticket.Reader) error {
				_, err := rd.ListTickets(ticket.TicketQuery{Page: page})
				return err
			},
			"Waiting": func(rd ticket.Reader) error {
				_, err := rd.Waiting("lane", page)
				return err
			},
			"WaitingOf": func(rd ticket.Reader) error {
				_, err := rd.WaitingOf("lane", "", page)
				return err
			},
			"ListMessages": func(rd ticket.Reader) error {
				_, err := rd.ListMessages(ticket.MessageQuery{Ticket: "t", Page: page})
				return err
			},
			"ListTasks": func(rd ticket.Reader) error {
				_, err := rd.ListTasks(ticket.TaskQuery{Page: page})
				return err
			},
		} {
			if err := r.Store.View(t.Context(), brand, list); err == nil {
				t.Errorf("%s takes %q for a page: want an error", name, after)
			}
		}
	}
}

func manyTickets(t T, r Rig) {
	const n, batch = 10_000, 500
	begun := time.Now()
	for from := 0; from < n; from += batch {
		r.write(t, func(tx ticket.Tx) {
			for i := from; i < from+batch; i++ {
				c := promised(open(ticket.ID(fmt.Sprintf("t%05d", i*7919%n)), fmt.Sprint("lane", i%10), i), n-i)
				c.Contact = ticket.ContactID(fmt.Sprint("contact", i/2))
				tx.PutTicket(c)
				tx.PutMessage(said(string(c.ID)+"/m", c.ID, i, "Where is it?"))
				tx.Append(entry(string(c.ID)+"/e", c.ID))
				tx.Schedule(todo(string(c.ID), i))
			}
		})
	}
	written := time.Since(begun)
	total := 0
	q := ticket.TicketQuery{Lane: "lane3", Newest: true}
	for {
		list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Ticket], error) { return rd.ListTickets(q) })
		total += len(list.Items)
		if q.After = list.Next; q.After == "" || total > n {
			break
		}
	}
	same(t, "tickets of a lane", total, n/10)
	waiting := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Ticket], error) {
		return rd.Waiting("lane3", ticket.Page{Limit: 1})
	})
	same(t, "the first one waiting", ids(waiting.Items, ticketID), []string{fmt.Sprintf("t%05d", 9993*7919%n)})
	same(t, "the tickets of a contact", len(r.tickets(t, ticket.TicketQuery{Contact: "contact4999"})), 2)
	same(t, "the journal of a ticket", len(r.entries(t, ticket.JournalQuery{Ticket: "t07919"})), 1)
	same(t, "claimed", len(r.claim(t, n, 1000)), 1000)
	// A page out of many must not cost what writing them all cost; a Store that scans is found out here, a slow machine is not.
	begun = time.Now()
	for i := range 20 {
		c := ticket.ContactID(fmt.Sprint("contact", i*199))
		same(t, "the tickets of a contact", len(r.tickets(t, ticket.TicketQuery{Contact: c})), 2)
	}
	if took := time.Since(begun); took > written+5*time.Second {
		t.Errorf("20 short lists took %v, writing %d tickets took %v", took, n, written)
	}
}
