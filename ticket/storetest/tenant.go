package storetest

import (
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

func tenants() []Check {
	return []Check{
		{"two tenants never meet", twoTenants},
		{"tenants may have any name", tenantNames},
	}
}

// hold puts one of everything, under the same keys whatever the text.
func hold(text string) func(tx ticket.Tx) error {
	return func(tx ticket.Tx) error {
		c := promised(open("t", "lane", 0), 1)
		c.Subject, c.Tags = text, []string{"tag"}
		tx.PutTicket(c)
		m := said("m", "t", 0, text)
		m.Content.ID, m.Conversation.Account = "1", account("1")
		tx.PutMessage(m)
		tx.PutContact(ticket.Contact{ID: "c", Name: text})
		tx.PutConversation(ticket.Conversation{Key: thread(0), CustomerMessage: text})
		tx.PutIdentity(ticket.Identity{Key: ticket.IdentityKey{Platform: "p", ID: "i"}, Contact: ticket.ContactID(text)})
		tx.PutValue(value("v", text))
		tx.PutAgent(ticket.AgentState{Name: "ann", Presence: ticket.Available, Capacity: 1})
		if _, err := tx.Reserve("ann", "t", 1); err != nil {
			return err
		}
		e := entry("e", "t")
		e.New = text
		tx.Append(e)
		tx.Schedule(ticket.Task{ID: "task", Queue: "queue", Key: "key", Due: at(0), Payload: []byte(text)})
		tx.MarkSeen(ticket.EventKey{Key: text})
		tx.PauseQueue(ticket.QueuePause{Queue: text})
		return nil
	}
}

// holdings tells what a tenant holds in words.
func holdings(r ticket.Reader) (out []string, err error) {
	add := func(err2 error, what string, texts ...string) {
		if err == nil {
			err = err2
		}
		for _, text := range texts {
			out = append(out, what+" "+text)
		}
	}
	subject := func(c *ticket.Ticket) string { return c.Subject }
	tickets, e := r.Tickets("t")
	add(e, "ticket", ids(tickets, subject)...)
	listed, e := r.ListTickets(ticket.TicketQuery{Tag: "tag"})
	add(e, "listed", ids(listed.Items, subject)...)
	waiting, e := r.Waiting("lane", ticket.Page{})
	add(e, "waiting", ids(waiting.Items, subject)...)
	text := func(m *ticket.Message) string { return m.Content.Text }
	messages, e := r.Messages("m")
	add(e, "message", ids(messages, text)...)
	byRef, e := r.MessagesByRef(ticket.MessageRef{Account: account("1"), ID: "1"})
	add(e, "by ref", ids(byRef, text)...)
	ofTicket, e := r.ListMessages(ticket.MessageQuery{Ticket: "t"})
	add(e, "message listed", ids(ofTicket.Items, text)...)
	contacts, e := r.Contacts("c")
	add(e, "contact", ids(contacts, func(c *ticket.Contact) string { return c.Name })...)
	conversations, e := r.Conversations(thread(0))
	add(e, "conversation", ids(conversations, func(c *ticket.Conversation) string { return c.CustomerMessage })...)
	identities, e := r.Identities(ticket.IdentityKey{Platform: "p", ID: "i"})
	add(e, "identity", ids(identities, func(i *ticket.Identity) string { return string(i.Contact) })...)
	data := func(v *ticket.Value) string { return string(v.Data) }
	values, e := r.Values(valueKey("v"))
	add(e, "value", ids(values, data)...)
	space, e := r.ListValues("space", ticket.Page{})
	add(e, "value listed", ids(space.Items, data)...)
	journal, e := r.Journal(ticket.JournalQuery{})
	add(e, "entry", ids(journal, func(e *ticket.Entry) string { return e.New })...)
	tasks, e := r.ListTasks(ticket.TaskQuery{})
	add(e, "task", ids(tasks.Items, func(t *ticket.Task) string { return string(t.Payload) })...)
	pauses, e := r.ListPauses()
	add(e, "pause", ids(pauses, func(p *ticket.QueuePause) string { return p.Queue })...)
	seen, e := r.Seen(ticket.EventKey{Key: "one"}, ticket.EventKey{Key: "two"})
	for i, ok := range seen {
		if ok {
			add(e, "seen", []string{"one", "two"}[i])
		}
	}
	return out, err
}

func twoTenants(t T, r Rig) {
	names := []string{"one", "two"}
	for _, name := range names {
		if err := r.Store.Update(t.Context(), name, hold(name)); err != nil {
			t.Fatalf("update %s: %v", name, err)
		}
	}
	for _, name := range names {
		var want []string
		for _, what := range []string{
			"ticket", "listed", "waiting", "message", "by ref", "message listed", "contact", "conversation", "identity", "value", "value listed", "entry", "task",
			"pause", "seen",
		} {
			want = append(want, what+" "+name)
		}
		same(t, "what "+name+" holds", readAs(t, r.Store, name, holdings), want)
		agents := readAs(t, r.Store, name, func(rd ticket.Reader) ([]ticket.AgentState, error) { return rd.Agents("ann") })
		same(t, "ann's load at "+name, agents[0].Load, 1)
	}
	var leases []ticket.Lease
	claim := func(tx ticket.Tx) (err error) {
		leases, err = tx.Claim(ticket.ClaimQuery{Now: at(0), Limit: 9, Lease: time.Hour})
		return err
	}
	for _, name := range names {
		if err := r.Store.Update(t.Context(), name, claim); err != nil {
			t.Fatalf("claim of %s: %v", name, err)
		}
		if len(leases) != 1 || string(leases[0].Payload) != name {
			t.Errorf("%s claims %v, want its own task", name, leases)
		}
	}
	err := r.Store.Update(t.Context(), "one", func(tx ticket.Tx) error {
		tx.Cancel("task")
		tx.DeleteValue(valueKey("v"))
		tx.ResumeQueue("two")
		return tx.Release("t", at(1))
	})
	if err != nil {
		t.Fatalf("update one: %v", err)
	}
	agents := readAs(t, r.Store, "two", func(rd ticket.Reader) ([]ticket.AgentState, error) { return rd.Agents("ann") })
	same(t, "ann's load at two after one released", agents[0].Load, 1)
	same(t, "number of what two holds after one deleted", len(readAs(t, r.Store, "two", holdings)), 15)
	same(t, "what a third holds", len(readAs(t, r.Store, "three", func(rd ticket.Reader) ([]ticket.Task, error) {
		list, err := rd.ListTasks(ticket.TaskQuery{})
		return list.Items, err
	})), 0)
}

func tenantNames(t T, r Rig) {
	put := func(tenant, key, data string) {
		err := r.Store.Update(t.Context(), tenant, func(tx ticket.Tx) error {
			tx.PutValue(value(key, data))
			return nil
		})
		if err != nil {
			t.Fatalf("update %q: %v", tenant, err)
		}
	}
	names := append(oddTexts(), "")
	for _, name := range names {
		put(name, "key", name)
		put(name, "/key", "x")
	}
	for _, name := range names {
		got := readAs(t, r.Store, name, func(rd ticket.Reader) ([]ticket.Value, error) { return rd.Values(valueKey("key")) })
		same(t, "value of the tenant", string(got[0].Data), name)
	}
}
