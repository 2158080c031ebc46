package storetest

import (
	"bytes"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

func lookUps() []Check {
	return []Check{
		{"records come back as they were put", recordsComeBack},
		{"a second put replaces the whole record", putReplaces},
		{"what is missing is the zero value in its place", missing},
		{"look-ups answer in the order of the keys", orderOfKeys},
		{"records are copies", copies},
		{"keys may hold any text", anyText},
		{"keys may have 1 KiB", longKeys},
		{"texts may be long", longTexts},
		{"times keep their instant to the nanosecond", instants},
		{"a message is found by its ref as soon as it has one", byRef},
	}
}

// all is one record of each kind.
type all struct {
	ticket       ticket.Ticket
	conversation ticket.Conversation
	message      ticket.Message
	contact      ticket.Contact
	identity     ticket.Identity
	value        ticket.Value
	event        ticket.EventKey
	task         ticket.Task
	entry        ticket.Entry
	agent        ticket.AgentState
	pause        ticket.QueuePause
}

func sampleOfAll(text string) all {
	a := all{
		sample[ticket.Ticket](text), sample[ticket.Conversation](text), sample[ticket.Message](text), sample[ticket.Contact](text),
		sample[ticket.Identity](text), sample[ticket.Value](text), sample[ticket.EventKey](text), sample[ticket.Task](text), sample[ticket.Entry](text),
		sample[ticket.AgentState](text), sample[ticket.QueuePause](text),
	}
	a.value.Expires = time.Time{}
	a.task.Attempts, a.task.LastError, a.task.Dead = 0, "", false // these are the Store's
	a.agent.Load, a.agent.Freed = 0, time.Time{}
	a.entry.Position = ""
	return a
}

func (a *all) put(tx ticket.Tx) {
	tx.PutTicket(a.ticket)
	tx.PutConversation(a.conversation)
	tx.PutMessage(a.message)
	tx.PutContact(a.contact)
	tx.PutIdentity(a.identity)
	tx.PutValue(a.value)
	tx.MarkSeen(a.event)
	tx.Schedule(a.task)
	tx.Append(a.entry)
	tx.PutAgent(a.agent)
	tx.PauseQueue(a.pause)
}

// get looks up what has the keys of a; what is listed rather than looked up comes from the lists.
func (a *all) get(r ticket.Reader) (got all, err error) {
	first := func(err2 error) {
		if err == nil {
			err = err2
		}
	}
	tickets, e := r.Tickets(a.ticket.ID)
	first(e)
	conversations, e := r.Conversations(a.conversation.Key)
	first(e)
	messages, e := r.Messages(a.message.Key)
	first(e)
	contacts, e := r.Contacts(a.contact.ID)
	first(e)
	identities, e := r.Identities(a.identity.Key)
	first(e)
	values, e := r.Values(a.value.Key)
	first(e)
	seen, e := r.Seen(a.event)
	first(e)
	tasks, e := r.Tasks(a.task.ID)
	first(e)
	agents, e := r.Agents(a.agent.Name)
	first(e)
	journal, e := r.Journal(ticket.JournalQuery{})
	first(e)
	pauses, e := r.ListPauses()
	first(e)
	if err != nil {
		return got, err
	}
	got = all{
		ticket: tickets[0], conversation: conversations[0], message: messages[0], contact: contacts[0], identity: identities[0], value: values[0],
		task: tasks[0], agent: agents[0],
	}
	if seen[0] {
		got.event = a.event
	}
	for _, e := range journal {
		if e.Key == a.entry.Key {
			e.Position = ""
			got.entry = e
		}
	}
	for _, p := range pauses {
		if p.Queue == a.pause.Queue {
			got.pause = p
		}
	}
	return got, nil
}

func (a all) compare(t T, want all) bool {
	t.Helper()
	ok := same(t, "ticket", a.ticket, want.ticket)
	ok = same(t, "conversation", a.conversation, want.conversation) && ok
	ok = same(t, "message", a.message, want.message) && ok
	ok = same(t, "contact", a.contact, want.contact) && ok
	ok = same(t, "identity", a.identity, want.identity) && ok
	ok = same(t, "value", a.value, want.value) && ok
	ok = same(t, "event seen", a.event, want.event) && ok
	ok = same(t, "task", a.task, want.task) && ok
	ok = same(t, "entry", a.entry, want.entry) && ok
	ok = same(t, "agent", a.agent, want.agent) && ok
	return same(t, "pause", a.pause, want.pause) && ok
}

func recordsComeBack(t T, r Rig) {
	want := sampleOfAll("text ")
	r.write(t, want.put)
	read(t, r, want.get).compare(t, want)
}

func putReplaces(t T, r Rig) {
	a := sampleOfAll("text ")
	r.write(t, a.put)
	bare := all{
		ticket: ticket.Ticket{ID: a.ticket.ID, Status: ticket.Closed}, conversation: ticket.Conversation{Key: a.conversation.Key},
		message: ticket.Message{Key: a.message.Key}, contact: ticket.Contact{ID: a.contact.ID}, identity: ticket.Identity{Key: a.identity.Key},
		value: ticket.Value{Key: a.value.Key}, event: a.event, task: ticket.Task{ID: a.task.ID, Due: noon}, entry: a.entry,
		agent: ticket.AgentState{Name: a.agent.Name}, pause: ticket.QueuePause{Queue: a.pause.Queue},
	}
	r.write(t, bare.put)
	read(t, r, bare.get).compare(t, bare)
	for _, lane := range []string{a.ticket.Lane, ""} {
		list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Ticket], error) {
			return rd.ListTickets(ticket.TicketQuery{Lane: lane, Statuses: []ticket.Status{ticket.Pending}})
		})
		same(t, "tickets listed under what they were before", ids(list.Items, ticketID), []string{})
	}
}

func missing(t T, r Rig) {
	a := sampleOfAll("text ")
	r.write(t, a.put)
	none := sampleOfAll("other ")
	read(t, r, none.get).compare(t, all{})
	r.do(t, func(tx ticket.Tx) error {
		_, err := none.get(tx)
		return err
	})
	got := read(t, r, func(rd ticket.Reader) ([]ticket.Ticket, error) { return rd.Tickets("no", a.ticket.ID, "none") })
	same(t, "a ticket between two that are not there", got, []ticket.Ticket{{}, a.ticket, {}})
	refs := read(t, r, func(rd ticket.Reader) ([]ticket.Message, error) {
		return rd.MessagesByRef(none.message.Ref(), ticket.MessageRef{})
	})
	same(t, "messages by refs that are not there", refs, []ticket.Message{{}, {}})
	if got := read(t, r, func(rd ticket.Reader) ([]ticket.Ticket, error) { return rd.Tickets() }); len(got) != 0 {
		t.Errorf("a look-up without keys finds %d tickets", len(got))
	}
}

func orderOfKeys(t T, r Rig) {
	r.write(t, func(tx ticket.Tx) {
		for _, id := range []ticket.ID{"a", "b", "c", "d"} {
			tx.PutTicket(open(id, "", 0))
			tx.PutValue(value(string(id), string(id)))
			tx.MarkSeen(ticket.EventKey{Key: string(id)})
		}
	})
	got := read(t, r, func(rd ticket.Reader) ([]ticket.Ticket, error) { return rd.Tickets("d", "x", "a", "c", "a") })
	same(t, "tickets", ids(got, ticketID), []string{"d", "", "a", "c", "a"})
	values := read(t, r, func(rd ticket.Reader) ([]ticket.Value, error) {
		return rd.Values(valueKey("c"), valueKey("b"), valueKey("x"))
	})
	same(t, "values", []string{string(values[0].Data), string(values[1].Data), string(values[2].Data)}, []string{"c", "b", ""})
	seen := read(t, r, func(rd ticket.Reader) ([]bool, error) {
		return rd.Seen(ticket.EventKey{Key: "x"}, ticket.EventKey{Key: "d"}, ticket.EventKey{Account: account("1"), Key: "d"}, ticket.EventKey{Key: "a"})
	})
	same(t, "seen", seen, []bool{false, true, false, true})
}

func copies(t T, r Rig) {
	want, put := sampleOfAll("text "), sampleOfAll("text ")
	spoil := func(a *all) {
		a.ticket.Tags[0], a.ticket.Conversations[0].Thread, a.ticket.Clocks.Clocks[0].Policy = "spoilt", "spoilt", "spoilt"
		a.message.Content.Mentions[0], a.message.Post.Error, a.message.Content.Attachments[0].URL = "spoilt", "spoilt", "spoilt"
		for name := range a.message.Content.Facts {
			a.message.Content.Facts[name] = "spoilt"
		}
		a.contact.Emails[0], a.contact.Identities[0].ID = "spoilt", "spoilt"
		a.value.Data[0], a.task.Payload[0], a.entry.Detail[0] = '!', '!', '!'
		a.entry.Clock.Reason = "spoilt"
	}
	r.write(t, func(tx ticket.Tx) {
		put = sampleOfAll("text ")
		put.put(tx)
		spoil(&put)
		keys, tasks, entries := []ticket.EventKey{{Key: "listed"}}, []ticket.Task{{ID: "listed"}}, []ticket.Entry{entry("listed", "listed")}
		tx.MarkSeen(keys...)
		tx.Schedule(tasks...)
		tx.Append(entries...)
		clear(keys)
		clear(tasks)
		clear(entries)
	})
	same(t, "event of a list that was used again", read(t, r, func(rd ticket.Reader) ([]bool, error) { return rd.Seen(ticket.EventKey{Key: "listed"}) }), []bool{true})
	same(t, "task of it", read(t, r, func(rd ticket.Reader) ([]ticket.Task, error) { return rd.Tasks("listed") })[0].ID, "listed")
	same(t, "entries of it", len(read(t, r, func(rd ticket.Reader) ([]ticket.Entry, error) {
		return rd.Journal(ticket.JournalQuery{Ticket: "listed"})
	})), 1)
	first := read(t, r, want.get)
	if first.compare(t, want) {
		spoil(&first)
		read(t, r, want.get).compare(t, want)
	}
	r.do(t, func(tx ticket.Tx) error {
		put := sampleOfAll("text ")
		put.ticket.Version++ // so that it is written again
		put.put(tx)
		got, err := put.get(tx)
		if err == nil {
			spoil(&got)
		}
		return err
	})
	want.ticket.Version++
	read(t, r, want.get).compare(t, want)
}

func anyText(t T, r Rig) {
	r.write(t, func(tx ticket.Tx) {
		for _, text := range oddTexts() {
			a := oddRecords(text)
			a.put(tx)
		}
	})
	for _, text := range oddTexts() {
		want := oddRecords(text)
		if got := read(t, r, want.get); !got.compare(t, want) {
			t.Fatalf("with keys and texts that contain %q", text)
		}
		found := read(t, r, func(rd ticket.Reader) ([]ticket.Message, error) { return rd.MessagesByRef(want.message.Ref()) })
		same(t, "message by ref", found, []ticket.Message{want.message})
		list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Ticket], error) {
			return rd.ListTickets(ticket.TicketQuery{Lane: want.ticket.Lane, Tag: want.ticket.Tags[0], Conversation: want.ticket.Conversations[0]})
		})
		same(t, "tickets listed", list.Items, []ticket.Ticket{want.ticket})
	}
}

// oddRecords are records whose keys are the text alone.
func oddRecords(text string) all {
	a := sampleOfAll(text)
	a.ticket.ID, a.message.Key, a.contact.ID, a.task.ID, a.entry.Key = ticket.ID(text), text, ticket.ContactID(text), text, text
	a.agent.Name, a.pause.Queue, a.event.Key, a.value.Key.Name, a.identity.Key.ID, a.conversation.Key.Thread = text, text, text, text, text, text
	a.ticket.Lane, a.ticket.Tags = text, []string{text}
	return a
}

// longKeys puts records whose keys are as long as they may be, and differ in the last byte only.
func longKeys(t T, r Rig) {
	fit := func(last string, others ...string) string {
		return strings.Repeat("k", 1<<10-len(strings.Join(others, ""))-len(last)) + last
	}
	records := func(last string) all {
		a, long := sampleOfAll("text "), fit(last)
		a.ticket.ID, a.message.Key, a.contact.ID, a.task.ID, a.entry.Key = ticket.ID(long), long, ticket.ContactID(long), long, long
		a.agent.Name, a.pause.Queue = long, long
		a.value.Key.Name = fit(last, a.value.Key.Space)
		a.event.Key = fit(last, a.event.Account.Platform, a.event.Account.ID)
		a.identity.Key.ID = fit(last, a.identity.Key.Platform)
		c := &a.conversation.Key
		c.Thread = fit(last, c.Account.Platform, c.Account.ID, c.Author)
		return a
	}
	one, other := records("1"), records("2")
	r.write(t, one.put)
	same(t, "event of the other key seen", read(t, r, func(rd ticket.Reader) ([]bool, error) { return rd.Seen(one.event, other.event) }), []bool{true, false})
	r.write(t, other.put)
	for _, want := range []all{one, other} {
		if got := read(t, r, want.get); !got.compare(t, want) {
			return
		}
	}
}

func longTexts(t T, r Rig) {
	long := strings.Repeat("Wäsche ", 20_000)
	m := said("m", "a", 0, long)
	v := ticket.Value{Key: valueKey("v"), Data: bytes.Repeat([]byte{0, 1, 0xff, '\n'}, 50_000)}
	task := ticket.Task{ID: "t", Due: noon, Payload: v.Data}
	r.write(t, func(tx ticket.Tx) {
		tx.PutMessage(m)
		tx.PutValue(v)
		tx.Schedule(task)
	})
	same(t, "message", read(t, r, func(rd ticket.Reader) ([]ticket.Message, error) { return rd.Messages("m") }), []ticket.Message{m})
	same(t, "value", read(t, r, func(rd ticket.Reader) ([]ticket.Value, error) { return rd.Values(v.Key) }), []ticket.Value{v})
	same(t, "task", read(t, r, func(rd ticket.Reader) ([]ticket.Task, error) { return rd.Tasks("t") }), []ticket.Task{task})
}

func instants(t T, r Rig) {
	somewhere := time.FixedZone("somewhere", -11*3600)
	for _, at := range []time.Time{
		time.Date(2026, 2, 28, 23, 59, 59, 999_999_999, somewhere), time.Date(1999, 12, 31, 0, 0, 0, 1, time.UTC), time.Date(2100, 1, 1, 0, 0, 0, 0, somewhere),
		time.Unix(0, 0), {},
	} {
		a := ticket.Ticket{ID: "a", Status: ticket.Open, Created: at, Updated: at}
		r.write(t, func(tx ticket.Tx) { tx.PutTicket(a) })
		same(t, "ticket", read(t, r, func(rd ticket.Reader) ([]ticket.Ticket, error) { return rd.Tickets("a") }), []ticket.Ticket{a})
	}
	r.write(t, func(tx ticket.Tx) {
		for i, id := range []ticket.ID{"second", "first", "third"} {
			at := noon.Add([]time.Duration{1, 0, 2}[i])
			tx.PutTicket(ticket.Ticket{ID: id, Status: ticket.Open, Lane: "lane", Created: at.In(somewhere)})
		}
	})
	list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Ticket], error) {
		return rd.ListTickets(ticket.TicketQuery{Lane: "lane"})
	})
	same(t, "order of tickets a nanosecond apart", ids(list.Items, ticketID), []string{"first", "second", "third"})
}

func byRef(t T, r Rig) {
	m := ticket.Message{Key: "reply-1", Ticket: "a", Conversation: ticket.ConversationKey{Account: account("1"), Thread: "root"}, Direction: ticket.Outbound}
	ref := func(id string) ticket.MessageRef { return ticket.MessageRef{Account: account("1"), ID: id} }
	find := func(refs ...ticket.MessageRef) []string {
		return ids(read(t, r, func(rd ticket.Reader) ([]ticket.Message, error) { return rd.MessagesByRef(refs...) }), messageKey)
	}
	r.write(t, func(tx ticket.Tx) { tx.PutMessage(m) })
	same(t, "by an empty ref", find(m.Ref()), []string{""})
	m.Content = channel.Message{ID: "99", Text: "sent"}
	var own []ticket.Message
	r.do(t, func(tx ticket.Tx) (err error) {
		tx.PutMessage(m)
		own, err = tx.MessagesByRef(ref("99"))
		return err
	})
	same(t, "by a ref that the Tx itself gave", ids(own, messageKey), []string{"reply-1"})
	same(t, "by the ref, an account's that is not it, and one that is not there", find(ref("99"), ticket.MessageRef{Account: account("2"), ID: "99"}, ref("9")), []string{"reply-1", "", ""})
	m.Content.ID = "100"
	r.do(t, func(tx ticket.Tx) (err error) {
		tx.PutMessage(m)
		own, err = tx.MessagesByRef(ref("99"), ref("100"))
		return err
	})
	same(t, "by the ref before and the changed one, in the Tx", ids(own, messageKey), []string{"", "reply-1"})
	same(t, "by the ref before and the changed one", find(ref("99"), ref("100")), []string{"", "reply-1"})

	echo := m
	echo.Key = "echo-1"
	r.write(t, func(tx ticket.Tx) { tx.PutMessage(echo) })
	same(t, "by a ref that two messages have", find(ref("100")), []string{"echo-1"})
	r.do(t, func(tx ticket.Tx) (err error) {
		tx.PutMessage(m)
		own, err = tx.MessagesByRef(ref("100"))
		return err
	})
	same(t, "by a ref that two messages have, in the Tx that put the first again", ids(own, messageKey), []string{"reply-1"})
	same(t, "by a ref that two messages have, the first put again", find(ref("100")), []string{"reply-1"})
	r.write(t, func(tx ticket.Tx) { tx.PutMessage(echo); tx.PutMessage(m); tx.PutMessage(echo) })
	same(t, "by a ref that two messages have, both put in one Update", find(ref("100")), []string{"echo-1"})
}
