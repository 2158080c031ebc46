package socialcrm

import (
	"slices"

	"github.com/socialcrm/socialcrm/ticket"
)

// turns is who waits in several lanes, in order of promise, without those that cannot be taken. It looks at the first of each class of a lane (Ticket.Class) and, behind one that
// was taken, at the next of its class: what one can be taken by, all can. So it costs as much as there are classes and free hands, however many wait.
type turns struct {
	w      *work
	taking func(*ticket.Ticket) taking
	lines  []line
}

// taking says whether a ticket that waits can be taken now.
type taking uint8

const (
	byNobody   taking = iota // nor can any other of its class
	butNotThis               // who could gave it back; another of its class can be taken
	bySomebody
)

// line is those who wait in one class of a lane, or beside.
type line struct {
	lane, class string
	beside      bool            // tickets of any class, which are all here
	tickets     []ticket.Ticket // that were read
	given       ticket.Ticket   // the last one that left the line
	after       string
	read, ended bool // whether more than the first of the class was read, and all
}

// How many of a class are read at a time: few at first, because most often one agent takes one ticket.
const firstPage, laterPage = 4, 50

func (w *work) turns(lanes []string, taking func(*ticket.Ticket) taking) (*turns, error) {
	t := &turns{w: w, taking: taking}
	for _, lane := range lanes {
		first, err := w.tx.WaitingFirst(lane)
		if err != nil {
			return nil, err
		}
		for i := range first {
			t.lines = append(t.lines, line{lane: lane, class: first[i].Class, tickets: first[i : i+1]})
		}
	}
	return t, nil
}

// add lets tickets wait beside those in the lanes.
func (t *turns) add(ids []ticket.ID) error {
	if len(ids) == 0 {
		return nil
	}
	tickets, err := t.w.tx.Tickets(ids...)
	if err != nil {
		return err
	}
	slices.SortFunc(tickets, func(a, b ticket.Ticket) int { return ticket.ComparePromise(&a, &b) })
	t.lines = append(t.lines, line{beside: true, tickets: tickets, ended: true})
	return nil
}

// next returns the first in order of promise that can be taken; nil when there is none.
func (t *turns) next() (*ticket.Ticket, error) {
	for {
		best := -1
		for i := 0; i < len(t.lines); i++ {
			l := &t.lines[i]
			if len(l.tickets) == 0 {
				if err := t.fill(l); err != nil {
					return nil, err
				}
			}
			if len(l.tickets) > 0 && (best < 0 || ticket.ComparePromise(&l.tickets[0], &t.lines[best].tickets[0]) < 0) {
				best = i
			}
		}
		if best < 0 {
			return nil, nil
		}
		l := &t.lines[best]
		l.given, l.tickets = l.tickets[0], l.tickets[1:]
		switch t.taking(&l.given) {
		case bySomebody:
			given := l.given
			return &given, nil
		case byNobody:
			if !l.beside {
				l.tickets, l.ended = nil, true
			}
		}
	}
}

// fill reads the next of a class, as long as somebody can take such tickets.
func (t *turns) fill(l *line) error {
	if l.ended || t.taking(&l.given) == byNobody {
		l.ended = true
		return nil
	}
	page := ticket.Page{Limit: laterPage, After: l.after}
	if !l.read {
		page.Limit = firstPage
	}
	list, err := t.w.tx.WaitingOf(l.lane, l.class, page)
	if err != nil {
		return err
	}
	l.tickets, l.after, l.ended = list.Items, list.Next, list.Next == ""
	if !l.read && len(l.tickets) > 0 {
		l.read, l.tickets = true, l.tickets[1:] // the first was the line's first
	}
	return nil
}
