package socialcrm

import (
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// This file is about memory that one transaction leaves to the next, so that a message costs few allocations. Only what no Store, Router or caller may hold on to
// is used again: what is handed to a Tx as a list of keys or records, which the Tx copies, and what never leaves this package.

// keys are where look-ups of one key keep it.
type keys struct {
	event        [1]ticket.EventKey
	values       [3]ticket.ValueKey
	identity     [1]ticket.IdentityKey
	conversation [1]ticket.ConversationKey
	contact      [1]ticket.ContactID
	ticket       [1]ticket.ID
}

// room is where lists begin, and the change that a message makes.
type room struct {
	entry   [1]ticket.Entry
	entries [8]ticket.Entry
	tasks   [4]ticket.Task
	change  change
	names   names
	payload []byte
	routed  routing.Decision
}

// names are texts that are made together, for the price of one: end each, make all, take them in the same order.
type names struct {
	text []byte
	ends []int
	made string
	next int
}

func (n *names) empty() *names {
	n.text, n.ends, n.made, n.next = n.text[:0], n.ends[:0], "", 0
	return n
}

// end takes over the text to which a name was appended.
func (n *names) end(text []byte) { n.text, n.ends = text, append(n.ends, len(text)) }

func (n *names) make() { n.made = string(n.text) }

func (n *names) take() string {
	from := 0
	if n.next > 0 {
		from = n.ends[n.next-1]
	}
	n.next++
	return n.made[from:n.ends[n.next-1]]
}

// bound are methods of the work as the Store calls them.
type bound struct {
	begin, try func(ticket.Tx) error
	queues     func(lane string) int
}

// borrowWork returns a work that no transaction uses.
func (d *Desk) borrowWork() *work {
	if w, ok := d.works.Get().(*work); ok {
		return w
	}
	w := &work{d: d}
	w.bound = bound{w.enter, w.within, w.queueLength}
	return w
}

// returnWork leaves a work to the next transaction.
func (d *Desk) returnWork(w *work) {
	w.reset()
	w.told, w.fn, w.come = false, nil, nil
	d.works.Put(w)
}

// manyListed is how many messages and clock events of a transaction room is kept for.
const manyListed = 1024

// reset forgets a run of the transaction, and what it held.
func (w *work) reset() {
	*w = work{
		d: w.d, fn: w.fn, come: w.come, told: w.told, bound: w.bound,
		clocked: emptied(w.clocked), filed: emptied(w.filed), hands: emptied(w.hands), queued: emptied(w.queued), written: emptied(w.written), room: room{names: *w.room.names.empty(), payload: w.room.payload[:0]},
	}
}

func emptied[T any](list []T) []T {
	if cap(list) > manyListed {
		return nil
	}
	clear(list)
	return list[:0]
}
