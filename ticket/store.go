package ticket

import (
	"context"
	"errors"
	"time"

	"github.com/socialcrm/socialcrm/channel"
)

// Errors that every Store returns, to be tested with errors.Is.
var (
	// ErrStale: the lease is no longer the newest claim of its task.
	ErrStale = errors.New("ticket: the lease is stale")
	// ErrClosed: the Store was closed.
	ErrClosed = errors.New("ticket: the store is closed")
	// ErrUnavailable: the Store cannot be reached, or cannot write, for now; the error around it says why. Nothing is stored unless the connection was lost during
	// the commit itself: try again later.
	ErrUnavailable = errors.New("ticket: the store is not available")
)

// Store keeps everything that must not be lost, for any number of tenants that never see each other. Most users only open one and hand it to the Desk.
//
// All methods may be called from several goroutines. Implementations neither log nor retry errors of fn; they may run fn again after a
// conflict of their own. When ctx has ended already, Update and View return its error and do nothing. A function given to Update or View that calls Update
// or View itself may wait for itself forever.
//
// Records come back as they were put: times as the same instant, to the nanosecond, though perhaps in UTC, and an empty list perhaps as nil. Texts are valid
// UTF-8 without NUL; what comes from outside is cleaned before it gets here. All texts of one key together may have up to 1 KiB. Texts are compared byte by
// byte, in look-ups and in the order of lists.
type Store interface {
	// Update runs fn and commits all its writes, or none when fn fails or panics. fn may run again, so it touches nothing but the Tx. Updates that overlap
	// behave as if one came after the other. The error is fn's own, unchanged, or the Store's.
	Update(ctx context.Context, tenant string, fn func(Tx) error) error
	// View runs fn on one consistent snapshot.
	View(ctx context.Context, tenant string, fn func(Reader) error) error
	// Close ends the Store's goroutines; later calls return ErrClosed.
	Close() error
}

// Pruner is a Store that lets go of what is old, so that it does not grow for ever. All Stores of this module do.
type Pruner interface {
	// Prune removes the messages and journal entries of tickets that are closed and have not changed since until, and messages and entries that belong to no
	// ticket and are older; it returns how many. Tickets, contacts and conversations stay, so that a follow-up finds what it continues. A ticket that is not
	// closed keeps everything, and so does one merged into a ticket that does, and one that a waiting task names at the end of its Key, as pushes to a CRM do.
	// The newest entry of the journal always stays.
	//
	// The journal has gaps then. Reader.Pruned tells how far they reach, Ticket.Pruned what a ticket lost. Prune may run at any time, beside everything else;
	// when it fails halfway, what it has removed stays removed, and is told.
	Prune(ctx context.Context, tenant string, until time.Time) (removed int, err error)
}

// Waker is a Store that can tell when there may be new work or new journal entries, also from other processes.
type Waker interface {
	// Wakes returns a channel that receives a value after commits of the tenant that scheduled a task or appended to the journal. Signals coalesce: one value
	// may stand for many commits; there may also be one where there is nothing new. The channel is closed when ctx ends, and not before.
	Wakes(ctx context.Context, tenant string) <-chan struct{}
}

// Overlapping is a Store whose Updates of one tenant read and decide side by side, and only commit one after the other, as those of a server do. While such a Store commits
// arrivals, a Desk decides on the next.
type Overlapping interface {
	// Overlaps reports whether Updates do so.
	Overlaps() bool
}

// Searcher is a Store that can search the text of messages.
type Searcher interface {
	// Search returns the tickets with a message that contains all words of the query, in any case, newest first. Words are separated by space; without any,
	// nothing is found.
	Search(ctx context.Context, tenant, query string, page Page) (List[Ticket], error)
}

// Page asks for a part of a list.
type Page struct {
	// Limit is how many items at most; 0 means 100.
	Limit int
	// After is List.Next of the page before; empty: the first. What no list gave is an error.
	After string
}

// List is a page of a list. An item that was there throughout, and did not change in what orders the list, is on exactly one page, whatever is written while
// paging.
type List[T any] struct {
	Items []T
	// Next asks for the page after this one; empty on the last.
	Next string
}

// TicketQuery says which tickets to list. Conditions that are set must all hold; the zero query lists all.
type TicketQuery struct {
	Statuses     []Status // any of these
	Lane         string
	Agent        string
	Contact      ContactID
	Conversation ConversationKey // zero: any
	Tag          string
	// CreatedFrom (inclusive) and CreatedTo (exclusive) bound Ticket.Created; zero: open.
	CreatedFrom, CreatedTo time.Time
	// Newest lists the newest first; otherwise the oldest first. The order is by Created, then ID.
	Newest bool
	Page
}

// MessageQuery says which messages to list: those of the ticket, in the order of Content.Time, Content.Order and Key.
type MessageQuery struct {
	Ticket ID
	Page
}

// JournalQuery says which entries to read, in the order of Position. Conditions that are set must all hold.
type JournalQuery struct {
	// After is the position of the last entry already seen; "" is the beginning.
	After   Position
	Ticket  ID
	Contact ContactID
	// Limit is how many at most; 0 means 100.
	Limit int
}

// EventKey names an event of an account, for telling redeliveries.
type EventKey struct {
	Account channel.AccountID
	Key     string
}

// ValueKey names a small value: a source's cursor, a sink's progress, a version of the Setup, the receipt for an idempotency key.
type ValueKey struct {
	Space string
	Name  string
}

// Value is a small value kept under a key.
type Value struct {
	Key  ValueKey
	Data []byte
	// Expires is when the Store may drop it, by the Store's clock; zero: never. From then on the value is as if it were not there.
	Expires time.Time
}

// Reader reads one tenant. Look-ups by key return one result for each key, in the order of the keys, with the zero value where there is nothing. What is
// returned belongs to the caller. A Reader is used by one goroutine, and only inside the function it was given to.
type Reader interface {
	Tickets(ids ...ID) ([]Ticket, error)
	Conversations(keys ...ConversationKey) ([]Conversation, error)
	Messages(keys ...string) ([]Message, error)
	// MessagesByRef finds messages by the platform's ID, incoming and outgoing. Nothing is found under a ref without ID.
	MessagesByRef(refs ...MessageRef) ([]Message, error)
	Contacts(ids ...ContactID) ([]Contact, error)
	Identities(keys ...IdentityKey) ([]Identity, error)
	Agents(names ...string) ([]AgentState, error)
	Values(keys ...ValueKey) ([]Value, error)
	Tasks(ids ...string) ([]Task, error)
	// Seen reports for each key whether it was marked.
	Seen(keys ...EventKey) ([]bool, error)

	// ListTickets, Waiting, WaitingFirst, WaitingOf, ListMessages, ListAgents, ListValues, ListTasks, ListPauses and Journal list what is committed, not the Tx's own writes.
	ListTickets(q TicketQuery) (List[Ticket], error)
	// Waiting lists the tickets of the lane that have no agent and are not solved or closed, in order of promise (ComparePromise).
	Waiting(lane string, page Page) (List[Ticket], error)
	// WaitingFirst returns, of each Ticket.Class in which tickets wait in the lane, the one that Waiting lists first, in the order of the classes. It costs as much as
	// there are classes, however many wait.
	WaitingFirst(lane string) ([]Ticket, error)
	// WaitingOf is Waiting for those of one class.
	WaitingOf(lane, class string, page Page) (List[Ticket], error)
	ListMessages(q MessageQuery) (List[Message], error)
	// ListAgents lists all agents by name.
	ListAgents(page Page) (List[AgentState], error)
	// ListValues lists a space by name.
	ListValues(space string, page Page) (List[Value], error)
	// ListTasks lists by Due, then ID.
	ListTasks(q TaskQuery) (List[Task], error)
	// ListPauses lists all pauses by queue; those that have ended by themselves may be among them.
	ListPauses() ([]QueuePause, error)
	// Journal reads entries after a position.
	Journal(q JournalQuery) ([]Entry, error)
	// Head is the position of the newest entry that can be read; "" while there is none.
	Head() (Position, error)
	// Pruned is the position of the newest entry that a Pruner has removed; "" while it removed none. Who has read up to an earlier position has missed
	// something for good, and only who has.
	Pruned() (Position, error)
	// NextDue is the earliest time at which Claim may find something, given that it is now now: it looks past claims, pauses without end and order
	// within a key where that is cheap, and may be too early, never too late. Zero: nothing to do.
	NextDue(now time.Time) (time.Time, error)
}

// Tx reads and writes one tenant within Update. Look-ups by key see the Tx's own writes. Writes may be kept back and go out together at the commit, so
// an error may come from Update only. Lists of keys, tasks and entries are copied too: the caller uses their memory again at once.
type Tx interface {
	Reader

	// Put methods insert or replace whole records by their key. Values are copied: the caller may go on changing its own.
	PutTicket(t Ticket)
	PutConversation(c Conversation)
	// PutMessage also files the message under its Ref, when Content.ID is set, and under no other any more. Where several messages have the same Ref, it leads
	// to the one put last; once that one has left it, to none or to another of them, as the Store likes.
	PutMessage(m Message)
	PutContact(c Contact)
	PutIdentity(i Identity)
	PutValue(v Value)
	DeleteValue(key ValueKey)
	// PutAgent sets Presence, Capacity, Since; Load and Freed stay as they are, and are zero for a new agent.
	PutAgent(a AgentState)

	// MarkSeen remembers the keys. Of two Updates that overlap and mark the same key, the later one sees it as seen.
	MarkSeen(keys ...EventKey)
	// Append adds entries to the journal, in this order. Positions are given by the Store at or after the commit.
	Append(entries ...Entry)

	// Schedule adds or replaces tasks; Cancel removes them, dead letters too. Ensure schedules those only that do not wait yet: a task of the same ID, queue and key that
	// is due no later, is not claimed and no dead letter, stays as it is, and costs the Store no write.
	Schedule(tasks ...Task)
	Ensure(tasks ...Task)
	Cancel(ids ...string)
	// Claim leases tasks that are due, in the order of Due, then of scheduling: not dead, not leased, their queue not paused, and the first of their key. It sees
	// what is committed, and passes over tasks that the Tx itself has written or claimed. Two claimers never get the same task.
	Claim(q ClaimQuery) ([]Lease, error)
	// Holds reports whether the lease is the newest claim of its task. An expired lease that nobody else claimed still holds.
	Holds(l Lease) (bool, error)
	// Finish removes the task, or makes it due as it was scheduled again meanwhile. ErrStale when the lease does not hold.
	Finish(l Lease) error
	// Postpone puts the task back: due then, with the reason in LastError and one more attempt counted; with an empty reason, no attempt is counted. When it was
	// scheduled again meanwhile, that schedule wins. ErrStale when the lease does not hold.
	Postpone(l Lease, due time.Time, reason string) error
	// Bury makes the task a dead letter with the reason in LastError. When it was scheduled again meanwhile, that schedule wins. ErrStale when the lease does
	// not hold.
	Bury(l Lease, reason string) error
	// Extend lengthens the lease to d from now by the Store's clock, and returns it anew. ErrStale when it does not hold.
	Extend(l Lease, d time.Duration) (Lease, error)
	// PauseQueue stops claims from a queue, in place of a pause that is there; ResumeQueue allows them again. Leases already given are not touched.
	PauseQueue(p QueuePause)
	ResumeQueue(queue string)

	// Reserve gives the agent the ticket when the agent is Available and Free allows the weight (at least 1), and takes the weight off whoever held the ticket
	// before. It reports whether it did; when not, nothing changes. Under contention the sum never exceeds Capacity. PutTicket is the caller's.
	Reserve(agent string, id ID, weight int) (bool, error)
	// Release ends the ticket's reservation, if there is one, and sets Freed.
	Release(id ID, now time.Time) error

	// Try runs fn and keeps its writes or, when it fails or panics, drops them as one, leases and reservations included, and returns fn's error, unchanged. It
	// may be nested.
	Try(fn func(Tx) error) error
}

type ungroupedKey struct{}

// Ungrouped returns a context that tells the Desk to give the work its own commit. Stores that let a host commit in its own transaction return such
// contexts.
func Ungrouped(ctx context.Context) context.Context {
	return context.WithValue(ctx, ungroupedKey{}, true)
}

// IsUngrouped reports whether ctx comes from Ungrouped.
func IsUngrouped(ctx context.Context) bool { return ctx.Value(ungroupedKey{}) != nil }
