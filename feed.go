package socialcrm

import (
	"context"
	"fmt"
	"iter"

	"github.com/socialcrm/socialcrm/ticket"
)

// GapError tells a reader of the feed that entries which it has not seen were let go of (ticket.Pruner): those behind After, up to Until, of tickets that were
// closed long ago, and of no ticket. What is kept of that stretch still comes.
type GapError struct {
	// After is the last position that the reader has seen.
	After ticket.Position
	// Until is the position of the newest entry that is gone.
	Until ticket.Position
}

func (e *GapError) Error() string {
	if e.After == "" {
		return fmt.Sprintf("socialcrm: feed: entries up to position %s were let go of before they were read", e.Until)
	}
	return fmt.Sprintf("socialcrm: feed after position %s: entries up to position %s were let go of before they were read", e.After, e.Until)
}

// Feed tells all that happens, from the position on, as it happens, until ctx ends or the caller breaks off. Entry.Position resumes it later; "" is the
// beginning of what is kept. Every entry comes once and in order.
//
// An error comes without an entry. A *GapError says that something is missing for good, because it was pruned before this reader came for it; the feed goes on
// behind it with what is kept. A host that derives something of its own from the feed then makes that anew from what stands now (Desk.Tickets) and reads on; one
// that resumes within the gap later is told again. Any other error (the Store is away) ends the feed; resume from the last position.
//
//	for entry, err := range desk.Feed(ctx, kept) {
//		if gap, ok := errors.AsType[*socialcrm.GapError](err); ok {
//			log.Print(gap) // and make anew what follows from the feed
//			continue
//		}
//		if err != nil {
//			return err
//		}
//		...
//		kept = entry.Position
//	}
func (d *Desk) Feed(ctx context.Context, after ticket.Position) iter.Seq2[ticket.Entry, error] {
	return func(yield func(ticket.Entry, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		wakes := d.wakes(ctx) // before the first look, so that nothing falls between
		var told ticket.Position
		for begun := after != ""; ctx.Err() == nil; begun = true {
			entries, pruned, err := d.nextEntries(ctx, after)
			if err != nil {
				if ctx.Err() == nil {
					yield(ticket.Entry{}, err)
				}
				return
			}
			if gap := (&GapError{after, pruned}); pruned > after && pruned > told {
				told = pruned
				if begun && !yield(ticket.Entry{}, gap) {
					return
				}
			}
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
				after = e.Position
			}
			if len(entries) > 0 {
				continue
			}
			if wakes == nil {
				sleep(ctx, longestBlind)
				continue
			}
			select {
			case <-wakes:
			case <-ctx.Done():
			}
		}
	}
}

// nextEntries reads on in a feed, and tells how far the journal was pruned when they were read. Where there are none, none were let go of either: the newest stays.
func (d *Desk) nextEntries(ctx context.Context, after ticket.Position) (entries []ticket.Entry, pruned ticket.Position, err error) {
	err = d.view(ctx, "read the journal", func(r ticket.Reader) (err error) {
		if entries, err = r.Journal(ticket.JournalQuery{After: after, Limit: 500}); err == nil && len(entries) > 0 {
			pruned, err = r.Pruned()
		}
		return err
	})
	return entries, pruned, err
}

// Journal reads a part of the journal and returns at once.
func (d *Desk) Journal(ctx context.Context, q ticket.JournalQuery) ([]ticket.Entry, error) {
	var entries []ticket.Entry
	err := d.view(ctx, "read the journal", func(r ticket.Reader) (err error) {
		entries, err = r.Journal(q)
		return err
	})
	return entries, err
}

// Tickets lists tickets, with their clocks as they stand now.
func (d *Desk) Tickets(ctx context.Context, q ticket.TicketQuery) (ticket.List[ticket.Ticket], error) {
	var list ticket.List[ticket.Ticket]
	err := d.view(ctx, "list tickets", func(r ticket.Reader) (err error) {
		list, err = r.ListTickets(q)
		for i := range list.Items {
			list.Items[i].Clocks = list.Items[i].Clocks.At(d.now())
		}
		return err
	})
	return list, err
}

// Waiting lists a lane's tickets that nobody has, in order of promise.
func (d *Desk) Waiting(ctx context.Context, lane string, page ticket.Page) (ticket.List[ticket.Ticket], error) {
	var list ticket.List[ticket.Ticket]
	err := d.view(ctx, "list waiting tickets", func(r ticket.Reader) (err error) {
		list, err = r.Waiting(lane, page)
		return err
	})
	return list, err
}

// Ticket returns one ticket, with its clocks as they stand now. ErrNotFound when there is none of this ID.
func (d *Desk) Ticket(ctx context.Context, id ticket.ID) (ticket.Ticket, error) {
	var t ticket.Ticket
	err := d.view(ctx, "read ticket "+string(id), func(r ticket.Reader) error {
		found, err := r.Tickets(id)
		if err == nil && found[0].ID == "" {
			err = ErrNotFound
		}
		if err == nil {
			t = found[0]
			t.Clocks = t.Clocks.At(d.now())
		}
		return err
	})
	return t, err
}

// Messages lists what was said in a ticket, notes included, in the order of the platform's time.
func (d *Desk) Messages(ctx context.Context, q ticket.MessageQuery) (ticket.List[ticket.Message], error) {
	var list ticket.List[ticket.Message]
	err := d.view(ctx, "list messages of ticket "+string(q.Ticket), func(r ticket.Reader) (err error) {
		list, err = r.ListMessages(q)
		return err
	})
	return list, err
}

// Contact returns a contact. ErrNotFound when there is none of this ID.
func (d *Desk) Contact(ctx context.Context, id ticket.ContactID) (ticket.Contact, error) {
	var c ticket.Contact
	err := d.view(ctx, "read contact "+string(id), func(r ticket.Reader) error {
		found, err := r.Contacts(id)
		if err == nil && found[0].ID == "" {
			err = ErrNotFound
		}
		c = first(found)
		return err
	})
	return c, err
}

// Tasks lists what is still to do, or the dead letters: what was given up and waits for a person.
func (d *Desk) Tasks(ctx context.Context, q ticket.TaskQuery) (ticket.List[ticket.Task], error) {
	var list ticket.List[ticket.Task]
	err := d.view(ctx, "list tasks", func(r ticket.Reader) (err error) {
		list, err = r.ListTasks(q)
		return err
	})
	return list, err
}

func (d *Desk) view(ctx context.Context, what string, fn func(ticket.Reader) error) error {
	if err := d.store.View(ctx, d.cfg.Tenant, fn); err != nil {
		return fmt.Errorf("socialcrm: %s: %w", what, err)
	}
	return nil
}
