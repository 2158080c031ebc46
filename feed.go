package socialcrm

import (
	"context"
	"fmt"
	"iter"

	"github.com/socialcrm/socialcrm/ticket"
)

// Feed tells all that happens, from the position on, as it happens, until ctx ends or the caller breaks off. Entry.Position resumes it later; "" is the
// beginning. Every entry comes once and in order. An error (the Store is away) ends it; resume from the last position.
func (d *Desk) Feed(ctx context.Context, after ticket.Position) iter.Seq2[ticket.Entry, error] {
	return func(yield func(ticket.Entry, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		wakes := d.wakes(ctx) // before the first look, so that nothing falls between
		for ctx.Err() == nil {
			entries, err := d.Journal(ctx, ticket.JournalQuery{After: after, Limit: 500})
			if err != nil {
				if ctx.Err() == nil {
					yield(ticket.Entry{}, err)
				}
				return
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
