package socialcrm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// work is one transaction: what every step shares while it reads, decides and writes. A Desk uses it again for the next one, so nothing in it outlives update.
type work struct {
	d       *Desk
	tx      ticket.Tx
	fn      func(*work) error // what the transaction is for
	come    []*arrival        // what arrives in it
	now     time.Time
	company *company
	sinks   []crm.Sink
	// clocked are what was appended in this transaction of clocks, which the journal cannot list yet.
	clocked []clocked
	// filed are the messages put in this transaction, which a ticket's list does not show yet.
	filed []filed
	// written are the tickets that customers began in this transaction, which lists do not show yet; newcomer is the contact that was made last.
	written  []written
	newcomer ticket.ContactID
	// current is the event being taken in, result what became of it.
	current channel.Event
	result  Result
	// trying is what the Try under way runs.
	trying func(*work) error
	// alives are the accounts that were heard in this hour for the first time.
	alives []*account
	// made counts the entries that entryKey named.
	made int
	// hands are the agents whose hands may be free once the transaction has done its work, returned the tickets that wait again.
	hands    []string
	returned []ticket.ID
	// queued are the tickets that wait since this transaction, which Waiting does not list yet; lengths how many waited before, by lane, where somebody asked.
	queued  []queued
	lengths map[string]int
	// until is the last that came back to its lane, while others behind it in order of promise have not: what comes after it is not handed out before them.
	until ticket.Ticket
	// unknown is why something about a queue is not known.
	unknown error
	// told is set once the roster heard of something that is not committed yet, in whichever run of fn.
	told bool
	// loss is the Store's, of which this transaction tells.
	loss *storeLoss

	keys  keys
	room  room
	bound bound
}

// clocked is an event that moved the clocks of a ticket, or an entry that tells how one stands.
type clocked struct {
	ticket ticket.ID
	event  sla.Event
	kind   ticket.EntryKind
	stand  *sla.Clock // nil for an event
}

type queued struct {
	lane   string
	ticket ticket.ID
}

type filed struct {
	ticket  ticket.ID
	message string
}

// update runs fn in one transaction. fn may run again.
func (d *Desk) update(ctx context.Context, fn func(*work) error) error {
	return d.transact(ctx, fn, nil)
}

// transact is update for what arrives.
func (d *Desk) transact(ctx context.Context, fn func(*work) error, come []*arrival) error {
	w := d.borrowWork()
	w.fn, w.come = fn, come
	err := d.store.Update(ctx, d.cfg.Tenant, w.bound.begin)
	if err == nil {
		for _, acc := range w.alives {
			acc.heard.Store(w.now.Truncate(time.Hour).Unix())
		}
	}
	d.watchStore(w.loss, err)
	told := w.told
	d.returnWork(w) // not after a panic: somebody may hold on to it then
	if err != nil && told {
		if _, _, err := d.refreshRoster(context.WithoutCancel(ctx), d.company.Load()); err != nil {
			d.log.Error("roster not read", "error", err)
		}
	}
	return err
}

// enter begins the transaction, perhaps again.
func (w *work) enter(tx ticket.Tx) error {
	w.reset()
	w.tx, w.now, w.company, w.sinks = tx, w.d.now(), w.d.company.Load(), w.d.allSinks()
	w.tellLoss()
	if err := w.fn(w); err != nil {
		return err
	}
	if w.unknown != nil {
		return w.unknown
	}
	err := w.deal()
	if err == nil && len(w.come) > 0 && w.come[0].decided != nil {
		w.come[0].decided()
	}
	return err
}

// try runs fn and keeps or drops all it wrote.
func (w *work) try(fn func(*work) error) error {
	was, had, waited, wrote := len(w.clocked), len(w.filed), len(w.queued), len(w.written)
	hands, returned := len(w.hands), len(w.returned)
	outer, before := w.tx, w.trying
	w.trying = fn
	err := outer.Try(w.bound.try)
	w.tx, w.trying = outer, before
	if err != nil {
		w.clocked, w.filed, w.queued = w.clocked[:was], w.filed[:had], w.queued[:waited]
		w.written = w.written[:wrote]
		w.hands, w.returned = w.hands[:min(hands, len(w.hands))], w.returned[:min(returned, len(w.returned))]
	}
	return err
}

func (w *work) within(tx ticket.Tx) error {
	w.tx = tx
	return w.trying(w)
}

// append adds entries to the journal and fills in what they share.
func (w *work) append(entries ...ticket.Entry) {
	for i := range entries {
		e := &entries[i]
		e.Processed = w.now
		if e.Happened.IsZero() {
			e.Happened = w.now
		}
		if e.Setup == 0 && w.company != nil {
			e.Setup = w.company.version
		}
		if e.Clock != nil {
			w.clocked = append(w.clocked, clocked{ticket: e.Ticket, event: *e.Clock})
		}
		if e.Stand != nil {
			w.clocked = append(w.clocked, clocked{ticket: e.Ticket, kind: e.Kind, stand: e.Stand})
		}
	}
	w.tx.Append(entries...)
}

// entryKey makes a journal key of its own for something that may happen several times in one instant: the journal's head moves with every commit that adds to it.
func (w *work) entryKey(what string) (string, error) {
	head, err := w.tx.Head()
	w.made++
	return what + "/" + string(head) + "/" + strconv.Itoa(w.made), err
}

// change is a ticket being changed: it collects the entries, and finish gives them their keys and writes everything.
type change struct {
	ticket.Ticket
	w       *work
	contact *ticket.Contact
	before  sla.State
	replyBy time.Time        // before
	waitsIn string           // the lane in which it waited before
	whose   ticket.ContactID // before
	where   ticket.Channel   // before
	decided decided
	entries []ticket.Entry
	quiet   bool // nothing that a CRM would want to know happened
	looked  bool // the task that watches its deadlines is done, and must be planned anew
	retold  *retelling
}

// decided is what routing said that the ticket weighs, and for which lane and priority; zero: nothing yet.
type decided struct {
	lane     string
	priority ticket.Priority
	weight   int
}

// begin opens a ticket for change. contact may be nil while it is not known.
func (w *work) begin(t ticket.Ticket, contact *ticket.Contact) *change {
	c := new(change)
	w.open(c, &t, contact)
	return c
}

// beginArrival is begin for the one change that an arriving message makes, whose memory the next message uses again.
func (w *work) beginArrival(t *ticket.Ticket, contact *ticket.Contact) *change {
	c := &w.room.change
	w.open(c, t, contact)
	c.entries = w.room.entries[:0]
	return c
}

func (w *work) open(c *change, t *ticket.Ticket, contact *ticket.Contact) {
	*c = change{Ticket: *t, w: w, contact: contact, before: t.Clocks, replyBy: t.ReplyBy, waitsIn: t.Lane, whose: t.Contact}
	c.where = c.channel()
	c.Version++
	if w.company != nil {
		c.Setup = w.company.version
	}
}

// load opens a stored ticket for change, following merges.
func (w *work) load(id ticket.ID) (*change, error) {
	t, err := w.ticket(id)
	if err != nil {
		return nil, err
	}
	var contact *ticket.Contact
	if t.Contact != "" {
		contacts, err := w.tx.Contacts(t.Contact)
		if err != nil {
			return nil, err
		}
		contact = &contacts[0]
	}
	return w.begin(t, contact), nil
}

// ticket reads a ticket, following merges; the zero Ticket when there is none.
func (w *work) ticket(id ticket.ID) (ticket.Ticket, error) {
	for {
		w.keys.ticket[0] = id
		tickets, err := w.tx.Tickets(w.keys.ticket[:]...)
		if err != nil || tickets[0].MergedInto == "" {
			return first(tickets), err
		}
		id = tickets[0].MergedInto
	}
}

func first[T any](list []T) T {
	var zero T
	if len(list) == 0 {
		return zero
	}
	return list[0]
}

// journal notes a step of the ticket.
func (c *change) journal(e ticket.Entry) {
	e.Ticket, e.Contact = c.ID, c.Contact
	if c.entries == nil {
		c.entries = make([]ticket.Entry, 0, 4)
	}
	c.entries = append(c.entries, e)
}

// fold lets a step move the clocks. Its mark is given by the platform, so that arrival decides nothing.
func (c *change) fold(e sla.Event) (*sla.Event, error) {
	var told *sla.Event
	if c.factsHold() {
		told = new(sla.Event)
	} else {
		both := new(struct {
			sla.Event
			facts sla.Facts
		})
		both.facts = c.ClockFacts(c.contact)
		told, e.Facts = &both.Event, &both.facts
	}
	*told = e
	state, err := c.w.company.timeline.Fold(c.Clocks, *told)
	if err == sla.ErrLate && c.Pruned != "" {
		return nil, nil // what it would be folded into again is gone: the clocks stay as they ended
	}
	if err == sla.ErrLate {
		if e.Kind == sla.CustomerWrote && e.Facts == nil && e.Time.Before(c.Clocks.Asked) {
			if told.Facts, err = c.factsAtFirst(e.Line); err != nil {
				return nil, err
			}
		}
		state, err = c.refold(*told)
	}
	if err != nil {
		return nil, err
	}
	c.Clocks = state
	return told, nil
}

// factsHold reports whether the clocks know the ticket's facts as they are.
func (c *change) factsHold() bool {
	f, tier := &c.Clocks.Facts, ""
	if c.contact != nil {
		tier = c.contact.Tier
	}
	platform, id, _ := strings.Cut(f.Account, "/")
	return platform == c.Account.Platform && id == c.Account.ID && f.Visibility == c.Visibility.String() && f.Language == c.Language &&
		f.Lane == c.Lane && f.Agent == c.Agent && f.Tier == tier && f.Priority == c.Priority && slices.Equal(f.Tags, c.Tags)
}

// setStatus changes the status and lets the clocks know. at is the platform's time of what caused it, key names that.
func (c *change) setStatus(to ticket.Status, at time.Time, order, key string, actor ticket.Actor, reason string) error {
	return c.moveTo(to, sla.Mark{Time: at, Order: order, Key: key}, "", actor, reason)
}

// moveTo is setStatus; post names the answer that brought the status with it, or its failure, and takes it back with that.
func (c *change) moveTo(to ticket.Status, mark sla.Mark, post string, actor ticket.Actor, reason string) error {
	if c.Status == to {
		return nil
	}
	if c.Status == ticket.OnHold {
		c.endHold()
	}
	if to.Done() {
		c.endConsults()
	}
	clock, err := c.fold(sla.Event{Kind: sla.StatusChanged, Mark: c.afterAll(mark), Status: to, Post: post, Reason: reason})
	if err != nil {
		return err
	}
	c.stand(to, mark.Time, actor, reason)
	c.entries[len(c.entries)-1].Clock = clock
	return nil
}

// stand notes a status of which the clocks know by what brought it.
func (c *change) stand(to ticket.Status, at time.Time, actor ticket.Actor, reason string) {
	kind := ticket.TicketStatus
	if c.Status.Done() && !to.Done() {
		kind = ticket.TicketReopened
	}
	c.journal(ticket.Entry{Kind: kind, Actor: actor, Happened: at, Old: string(c.Status), New: string(to), Reason: reason})
	if c.Status, c.SolvedAt = to, at; !to.Done() {
		c.SolvedAt = time.Time{}
	}
}

// afterAll returns the mark, or one just behind all that is folded: a status follows from what is known, so it comes after it.
func (c *change) afterAll(m sla.Mark) sla.Mark {
	if last := c.Clocks.Last; m.Compare(last) <= 0 {
		return sla.Mark{Time: last.Time, Order: last.Order, Key: last.Key + "~"}
	}
	return m
}

// finish writes the ticket, its entries, the verdicts that came of them, its next deadline and the pushes to the CRMs.
func (c *change) finish() {
	w := c.w
	c.journalVerdicts()
	if c.Private != (ticket.PrivateOffer{}) && (c.Unanswered() == 0 || c.Status.Done()) {
		c.Private = ticket.PrivateOffer{}
	}
	if err := c.watchWindow(); err != nil {
		w.unknown = err
	}
	if err := c.tellWhere(); err != nil {
		w.unknown = err
	}
	c.Updated = w.now
	n := c.names()
	for i := range c.entries {
		c.entries[i].Key = n.take()
	}
	w.append(c.entries...)
	due, moved := c.nextLook()
	tasks := c.queue(w.room.tasks[:0])
	w.tx.PutTicket(c.Ticket)
	clock := n.take()
	if moved {
		if due.IsZero() {
			w.tx.Cancel(clock)
		} else {
			tasks = append(tasks, clockTask(clock, due))
		}
	}
	if len(tasks) > 0 {
		w.tx.Schedule(tasks...)
	}
	if tasks = tasks[:0]; !c.quiet {
		for _, s := range w.sinks {
			tasks = append(tasks, syncTaskNamed(n.take(), s.Name(), w.now))
		}
	}
	if len(tasks) > 0 {
		w.tx.Ensure(tasks...)
	}
}

// names gives names to what finish writes: each entry (the ticket, its version, their number), the deadline, and each push to a CRM.
func (c *change) names() *names {
	n := c.w.room.names.empty()
	for i := range c.entries {
		n.end(strconv.AppendInt(append(strconv.AppendInt(append(append(n.text, c.ID...), '/'), c.Version, 10), '/'), int64(i), 10))
	}
	n.end(append(append(n.text, clockPrefix...), c.ID...))
	if !c.quiet {
		for _, s := range c.w.sinks {
			n.end(appendSyncID(n.text, s.Name(), crm.Subject{Ticket: c.ID}))
		}
	}
	n.make()
	return n
}

// hashID makes an ID out of what names a thing, so that doing something again makes the same thing again: 13 characters, 65 bits.
func hashID(parts ...string) string {
	var room [256]byte
	named := room[:0]
	for _, p := range parts {
		named = strconv.AppendInt(named, int64(len(p)), 10)
		named = append(append(named, ':'), p...)
	}
	const digits = "abcdefghijklmnopqrstuvwxyz234567"
	sum, id := sha256.Sum256(named), [13]byte{}
	for i := range id {
		bits := uint(i) * 5
		pair := uint(sum[bits/8])<<8 | uint(sum[bits/8+1])
		id[i] = digits[pair>>(11-bits%8)&31]
	}
	return string(id[:])
}

// interactionKey is a message's external ID in CRMs.
func interactionKey(messageKey string) string {
	sum := sha256.Sum256([]byte(messageKey))
	return hex.EncodeToString(sum[:16])
}

// messageKey names a message of a platform in the Store.
func messageKey(ref ticket.MessageRef) string {
	var room [256]byte
	return string(appendMessageKey(room[:0], ref))
}

func appendMessageKey(b []byte, ref ticket.MessageRef) []byte {
	id := ref.Account.ID
	if strings.ContainsAny(id, "#%") {
		id = strings.NewReplacer("%", "%25", "#", "%23").Replace(id)
	}
	b = append(append(b, ref.Account.Platform...), '/')
	b = append(append(b, id...), '#')
	return append(b, ref.ID...)
}

// subjectLine is what a ticket is called: the title, or the first words of the text.
func subjectLine(m *channel.Message) string {
	text := m.Subject
	if text == "" {
		text = m.Text
	}
	const most = 80
	var room [most + len("…")]byte
	line, words, gap := room[:0], 0, false // words: where the last whole word ends
	for _, r := range text {
		if unicode.IsSpace(r) {
			gap = len(line) > 0
			continue
		}
		if gap {
			words, gap = len(line), false
			line = append(line, ' ')
		}
		if len(line)+utf8.RuneLen(r) > most {
			if words > 0 {
				line = line[:words]
			}
			return string(append(line, "…"...))
		}
		line = utf8.AppendRune(line, r)
	}
	if string(line) == text {
		return text
	}
	return string(line)
}
