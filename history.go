package socialcrm

import (
	"cmp"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// retelling is a ticket's history that is folded again from the beginning, because something came to light late.
type retelling struct {
	events []sla.Event    // before this change
	told   []ticket.Entry // what the journals told of clocks until then, in their order
}

// refold folds the ticket's whole history, with further events in their place.
func (c *change) refold(further ...sla.Event) (sla.State, error) {
	if err := c.reread(); err != nil {
		return sla.State{}, err
	}
	state, err := sla.FoldAll(slices.Values(slices.Concat(c.retold.events, c.added(), further)), c.w.company.timeline)
	return state.At(c.w.now), err
}

// reread reads the ticket's history, of which this change lets the clocks be told anew.
func (c *change) reread() error {
	var told []ticket.Entry
	events, err := c.read(func(e *ticket.Entry) { told = append(told, *e) })
	if err != nil {
		return err
	}
	slices.SortStableFunc(told, func(a, b ticket.Entry) int {
		switch here, there := a.Position == "", b.Position == ""; { // without one it is of this transaction
		case here != there && here:
			return 1
		case here != there:
			return -1
		}
		return cmp.Compare(a.Position, b.Position)
	})
	c.retold = &retelling{events, told}
	return nil
}

// stood returns the clocks as the journals tell of them: each as the latest entry about it says. What runs, and what was taken back, is none of them.
func (c *change) stood() (clocks []sla.Clock) {
	for _, entries := range [...][]ticket.Entry{c.retold.told, c.entries} {
		for i := range entries {
			e := &entries[i]
			if e.Stand == nil || e.Kind == ticket.ClockWarned || e.Kind == ticket.TicketEscalated {
				continue
			}
			clock := *e.Stand
			whose := ticket.ID(cmp.Or(clock.Line, string(e.Ticket)))
			if clock.Line = string(whose); whose == c.ID {
				clock.Line = ""
			} else if !slices.Contains(c.Absorbed, whose) {
				continue
			}
			clocks = slices.DeleteFunc(clocks, func(c sla.Clock) bool {
				return c.Metric == clock.Metric && c.Line == clock.Line && c.Started.Equal(clock.Started)
			})
			if e.Kind != ticket.ClockWithdrawn {
				clocks = append(clocks, clock)
			}
		}
	}
	return clocks
}

// added are the events of this change.
func (c *change) added() (events []sla.Event) {
	for i := range c.entries {
		if e := c.entries[i].Clock; e != nil {
			events = append(events, *e)
		}
	}
	return events
}

// history is all that moved the ticket's clocks before this change: what its own journal tells, and those of the tickets merged into it. A ticket that was part
// of another one for a while finds what happened to it then in the other's journal, on the line of its name.
func (c *change) history() ([]sla.Event, error) { return c.read(nil) }

// read is history; verdict, unless it is nil, is given each entry that tells of a clock.
func (c *change) read(verdict func(*ticket.Entry)) (events []sla.Event, err error) {
	lines, err := c.lines()
	if err != nil {
		return nil, err
	}
	journals := append([]ticket.ID{c.ID}, c.Absorbed...)
	for i := range c.entries { // that of what it just left, which its own journal does not name where it came there as part of another ticket
		if e := &c.entries[i]; e.Kind == ticket.TicketUnmerged && !slices.Contains(journals, ticket.ID(e.New)) {
			journals = append(journals, ticket.ID(e.New))
		}
	}
	for i := 0; i < len(journals); i++ { // it grows
		id := journals[i]
		own, counts := lines[id]
		err := c.w.eachEntry(id, func(e *ticket.Entry) {
			if merged := e.Kind == ticket.TicketMerged || e.Kind == ticket.TicketUnmerged; merged && !slices.Contains(journals, ticket.ID(e.New)) {
				journals = append(journals, ticket.ID(e.New))
			}
			if e.Stand != nil && verdict != nil {
				verdict(e)
			}
			if e.Clock == nil {
				return
			}
			event := *e.Clock
			one := own != string(id) && id != c.ID // it turned out to be another ticket, to which it does not matter what this one was before
			switch line, here := lines[ticket.ID(event.Line)]; {
			case event.Line != "" && here:
				event.Line = line
			case event.Line != "" || !counts:
				return
			case one && (event.Kind == sla.StatusChanged || event.Kind == sla.FactsChanged || event.Kind == sla.Merged):
				return
			case one:
				event.Line, event.Facts, event.Opens = own, nil, false
			default:
				event.Line, event.Into = own, lines[ticket.ID(event.Into)]
			}
			events = append(events, event)
		})
		if err != nil {
			return nil, err
		}
	}
	return events, nil
}

// factsAtFirst are those that the line's clocks knew first: they hold for a question from before, which comes late, too.
func (c *change) factsAtFirst(line string) (*sla.Facts, error) {
	events, err := c.history()
	var first *sla.Event
	for i := range events {
		if e := &events[i]; e.Facts != nil && e.Kind != sla.Merged && e.Line == line && (first == nil || e.Compare(first.Mark) < 0) {
			first = e
		}
	}
	if first == nil {
		return nil, err
	}
	return first.Facts, err
}

// answeredLast is when a person answered the customer last, by the history that was folded again: what never arrived is no answer.
func (c *change) answeredLast() (last time.Time) {
	events, never, arrived := slices.Concat(c.retold.events, c.added()), make(map[string]bool), make(map[string]bool)
	for i := range events {
		switch events[i].Kind {
		case sla.AnswerWithdrawn:
			never[events[i].Key] = true
		case sla.AnswerArrived:
			arrived[events[i].Key] = true
		}
	}
	for i := range events {
		e := &events[i]
		if e.Kind == sla.Answered && !e.Automated && (!never[e.Key] || arrived[e.Key]) && e.Time.After(last) && !e.Time.Before(c.Clocks.Asked) {
			last = e.Time
		}
	}
	return last
}

// lines tells which line of the ticket's clocks is whose: its own, and those of the tickets that are part of it.
func (c *change) lines() (map[ticket.ID]string, error) {
	lines := map[ticket.ID]string{c.ID: ""}
	if len(c.Absorbed) == 0 {
		return lines, nil
	}
	parts, err := c.w.tx.Tickets(c.Absorbed...)
	if err != nil {
		return nil, err
	}
	for _, at := range parts {
		id := at.ID
		for at.OneLine && at.MergedInto != c.ID {
			i := slices.IndexFunc(parts, func(t ticket.Ticket) bool { return t.ID == at.MergedInto })
			if i < 0 {
				break
			}
			at = parts[i]
		}
		if lines[id] = string(at.ID); at.OneLine {
			lines[id] = ""
		}
	}
	return lines, nil
}

// line returns which line of the ticket's clocks a conversation belongs to.
func (c *change) line(conv *ticket.Conversation) string {
	if conv.Line != "" && slices.Contains(c.Absorbed, ticket.ID(conv.Line)) {
		return conv.Line
	}
	return ""
}

// lineAt is line for a conversation that is not at hand.
func (c *change) lineAt(key ticket.ConversationKey) (string, error) {
	if len(c.Absorbed) == 0 {
		return "", nil
	}
	convs, err := c.w.tx.Conversations(key)
	if err != nil {
		return "", err
	}
	return c.line(&convs[0]), nil
}

// placeOf returns the line of the ticket's clocks, and its part, that a message belongs to.
func (c *change) placeOf(m *ticket.Message) (line string, part ticket.ID, err error) {
	if len(c.Absorbed) == 0 {
		return "", "", nil
	}
	convs, err := c.w.tx.Conversations(m.Conversation)
	if err != nil {
		return "", "", err
	}
	if part = cmp.Or(m.Part, convs[0].Part); part == c.ID {
		part = ""
	}
	return c.line(&convs[0]), part, nil
}

// eachEntry gives fn each entry of a ticket's journal, and of this transaction those that moved its clocks or tell of them.
func (w *work) eachEntry(id ticket.ID, fn func(*ticket.Entry)) error {
	q := ticket.JournalQuery{Ticket: id, Limit: 1000}
	for {
		entries, err := w.tx.Journal(q)
		if err != nil {
			return err
		}
		for i := range entries {
			fn(&entries[i])
			q.After = entries[i].Position
		}
		if len(entries) < q.Limit {
			break
		}
	}
	for i := range w.clocked {
		if own := &w.clocked[i]; own.ticket == id {
			if own.stand != nil {
				fn(&ticket.Entry{Ticket: id, Kind: own.kind, Stand: own.stand})
			} else {
				fn(&ticket.Entry{Ticket: id, Clock: &own.event})
			}
		}
	}
	return nil
}
