package storetest

import (
	"errors"

	"github.com/socialcrm/socialcrm/ticket"
)

func atomicity() []Check {
	return []Check{
		{"a failed Update leaves nothing", failedUpdate},
		{"a panic in an Update leaves nothing and holds up nobody", panickingUpdate},
		{"Try keeps what succeeded and drops what failed", tryKeepsAndDrops},
		{"Try may be nested", nestedTry},
		{"Try gives claims, reservations and leases back", tryGivesBack},
		{"a Tx sees its own writes by key, and lists what is committed", ownWrites},
	}
}

var errOwn = errors.New("the function's own error")

// before puts something that the failing Update then changes.
func before(t T, r Rig) all {
	t.Helper()
	a := sampleOfAll("before ")
	r.write(t, func(tx ticket.Tx) {
		a.put(tx)
		tx.PutAgent(ticket.AgentState{Name: "ann", Presence: ticket.Available, Capacity: 1})
		tx.Schedule(ticket.Task{ID: "due", Queue: "queue", Due: noon})
	})
	return a
}

// change overwrites, removes and adds.
func change(tx ticket.Tx, a all) error {
	a.ticket.Subject, a.contact.Name, a.conversation.Ticket, a.identity.Contact, a.message.Content.ID = "changed", "changed", "changed", "changed", "changed"
	a.agent.Capacity, a.task.Due = 99, noon
	a.put(tx)
	added := sampleOfAll("added ")
	added.put(tx)
	tx.DeleteValue(a.value.Key)
	tx.ResumeQueue(a.pause.Queue)
	tx.Cancel(a.task.ID)
	if _, err := tx.Reserve("ann", "T", 1); err != nil {
		return err
	}
	_, err := tx.Claim(ticket.ClaimQuery{Now: noon})
	return err
}

// unchanged expects everything to be as before left it.
func unchanged(t T, r Rig, a all) {
	t.Helper()
	read(t, r, a.get).compare(t, a)
	added := sampleOfAll("added ")
	read(t, r, added.get).compare(t, all{})
	found := read(t, r, func(rd ticket.Reader) ([]ticket.Message, error) {
		return rd.MessagesByRef(a.message.Ref(), added.message.Ref())
	})
	same(t, "messages by ref", ids(found, messageKey), []string{a.message.Key, ""})
	ann := read(t, r, func(rd ticket.Reader) ([]ticket.AgentState, error) { return rd.Agents("ann") })
	same(t, "ann's load", ann[0].Load, 0)
	leases := inTx(t, r, func(tx ticket.Tx) ([]ticket.Lease, error) { return tx.Claim(ticket.ClaimQuery{Now: noon, Limit: 9}) })
	same(t, "tasks that can be claimed", ids(leases, leaseID), []string{"due"})
	list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Ticket], error) {
		return rd.ListTickets(ticket.TicketQuery{})
	})
	same(t, "tickets listed", ids(list.Items, ticketID), []string{string(a.ticket.ID)})
	tasks := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Task], error) { return rd.ListTasks(ticket.TaskQuery{}) })
	same(t, "number of tasks", len(tasks.Items), 2)
}

func failedUpdate(t T, r Rig) {
	a := before(t, r)
	err := r.Store.Update(t.Context(), brand, func(tx ticket.Tx) error {
		if err := change(tx, a); err != nil {
			return err
		}
		return errOwn
	})
	if err != errOwn {
		t.Errorf("the error of Update is %v, want the function's own, unchanged", err)
	}
	unchanged(t, r, a)
	err = r.Store.View(t.Context(), brand, func(ticket.Reader) error { return errOwn })
	if err != errOwn {
		t.Errorf("the error of View is %v, want the function's own, unchanged", err)
	}
}

func panickingUpdate(t T, r Rig) {
	a := before(t, r)
	caught := func(fn func()) (value any) {
		defer func() { value = recover() }()
		fn()
		return nil
	}
	got := caught(func() {
		_ = r.Store.Update(t.Context(), brand, func(tx ticket.Tx) error {
			if err := change(tx, a); err != nil {
				return err
			}
			panic("on purpose")
		})
	})
	if got != "on purpose" {
		t.Errorf("the panic arrives as %v, want it as it was", got)
	}
	if got := caught(func() { _ = r.Store.View(t.Context(), brand, func(ticket.Reader) error { panic("again") }) }); got != "again" {
		t.Errorf("the panic in a View arrives as %v, want it as it was", got)
	}
	unchanged(t, r, a)
}

func tryKeepsAndDrops(t T, r Rig) {
	a := before(t, r)
	var inside string
	r.do(t, func(tx ticket.Tx) error {
		inside = ""
		tx.PutTicket(open("first", "lane", 0))
		if err := tx.Try(func(tx ticket.Tx) error {
			tx.PutTicket(open("kept", "lane", 1))
			tx.Append(entry("kept", "kept"))
			tx.PutValue(value("both", "kept"))
			return nil
		}); err != nil {
			return err
		}
		err := tx.Try(func(tx ticket.Tx) error {
			tx.PutTicket(open("dropped", "lane", 2))
			tx.Append(entry("dropped", "dropped"))
			tx.PutValue(value("both", "dropped"))
			tx.DeleteValue(valueKey("both"))
			if err := change(tx, a); err != nil {
				return err
			}
			return errOwn
		})
		if err != errOwn {
			inside = "Try returns an error that is not its function's own"
			return nil
		}
		got, err := tx.Tickets("first", "kept", "dropped", a.ticket.ID)
		if err == nil && (got[0].ID == "" || got[1].ID == "" || got[2].ID != "" || got[3].Subject != a.ticket.Subject) {
			inside = "after Try the Tx does not see what was kept and only that"
		}
		tx.PutTicket(open("last", "lane", 3))
		tx.Append(entry("dropped", "appended after all"))
		return err
	})
	if inside != "" {
		t.Errorf("%s", inside)
	}
	got := read(t, r, func(rd ticket.Reader) ([]ticket.Value, error) { return rd.Values(valueKey("both")) })
	same(t, "value", string(got[0].Data), "kept")
	list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Ticket], error) {
		return rd.ListTickets(ticket.TicketQuery{Lane: "lane"})
	})
	same(t, "tickets", ids(list.Items, ticketID), []string{"first", "kept", "last"})
	journal := read(t, r, func(rd ticket.Reader) ([]ticket.Entry, error) { return rd.Journal(ticket.JournalQuery{}) })
	same(t, "journal", ids(journal, entryKey), []string{a.entry.Key, "kept", "dropped"})
	same(t, "ticket of the entry that was appended after all", string(journal[len(journal)-1].Ticket), "appended after all")
}

func nestedTry(t T, r Rig) {
	put := func(name string, err error, inner ...func(ticket.Tx)) func(ticket.Tx) {
		return func(tx ticket.Tx) {
			_ = tx.Try(func(tx ticket.Tx) error {
				tx.PutValue(value(name, "1"))
				tx.PutValue(value("shared", name))
				for _, fn := range inner {
					fn(tx)
				}
				return err
			})
		}
	}
	r.write(t, func(tx ticket.Tx) {
		put("a", nil, put("a/kept", nil), put("a/dropped", errOwn), put("a/deep", nil, put("a/deep/dropped", errOwn)))(tx)
		put("b", errOwn, put("b/kept within what is dropped", nil), put("b/dropped", errOwn))(tx)
	})
	same(t, "names", valueNames(t, r, "space"), []string{"a", "a/deep", "a/kept", "shared"})
	got := read(t, r, func(rd ticket.Reader) ([]ticket.Value, error) { return rd.Values(valueKey("shared")) })
	same(t, "what all wrote", string(got[0].Data), "a/deep")

	panicked := func() (recovered any) {
		defer func() { recovered = recover() }()
		_ = r.Store.Update(t.Context(), brand, func(tx ticket.Tx) error {
			func() {
				defer func() { _ = recover() }()
				_ = tx.Try(func(tx ticket.Tx) error {
					tx.PutValue(value("c", "1"))
					panic("within Try")
				})
			}()
			tx.PutValue(value("d", "1"))
			return nil
		})
		return nil
	}()
	if panicked != nil {
		t.Errorf("a panic within Try that is recovered ends in %v", panicked)
	}
	same(t, "names after a panic in Try", valueNames(t, r, "space"), []string{"a", "a/deep", "a/kept", "d", "shared"})
}

func tryGivesBack(t T, r Rig) {
	r.write(t, func(tx ticket.Tx) {
		tx.PutAgent(ticket.AgentState{Name: "ann", Presence: ticket.Available, Capacity: 1})
		tx.Schedule(ticket.Task{ID: "held", Queue: "q", Due: noon}, ticket.Task{ID: "free", Queue: "q", Due: noon.Add(1)})
	})
	held := inTx(t, r, func(tx ticket.Tx) ([]ticket.Lease, error) { return tx.Claim(ticket.ClaimQuery{Now: noon}) })
	if !same(t, "claimed", ids(held, leaseID), []string{"held"}) {
		return
	}
	r.do(t, func(tx ticket.Tx) error {
		_ = tx.Try(func(tx ticket.Tx) error {
			if _, err := tx.Reserve("ann", "T", 1); err != nil {
				return err
			}
			if _, err := tx.Claim(ticket.ClaimQuery{Now: noon.Add(1)}); err != nil {
				return err
			}
			if err := tx.Finish(held[0]); err != nil {
				return err
			}
			return errOwn
		})
		return nil
	})
	ok := inTx(t, r, func(tx ticket.Tx) (bool, error) { return tx.Reserve("ann", "T2", 1) })
	same(t, "ann can be reserved", ok, true)
	holds := inTx(t, r, func(tx ticket.Tx) (bool, error) { return tx.Holds(held[0]) })
	same(t, "the lease whose Finish was dropped holds", holds, true)
	again := inTx(t, r, func(tx ticket.Tx) ([]ticket.Lease, error) {
		return tx.Claim(ticket.ClaimQuery{Now: noon.Add(1), Limit: 9})
	})
	same(t, "tasks that can be claimed", ids(again, leaseID), []string{"free"})
}

func ownWrites(t T, r Rig) {
	r.write(t, func(tx ticket.Tx) {
		tx.PutTicket(open("old", "lane", 0))
		tx.PutValue(value("old", "1"))
	})
	a := sampleOfAll("own ")
	a.ticket.Lane, a.ticket.Agent, a.value.Key.Space = "lane", "", "space"
	var got all
	var listed []string
	r.do(t, func(tx ticket.Tx) (err error) {
		listed = nil
		a.put(tx)
		moved := open("old", "elsewhere", 0)
		tx.PutTicket(moved)
		tx.DeleteValue(valueKey("old"))
		if got, err = a.get(tx); err != nil {
			return err
		}
		listed, err = listAll(tx, a.ticket.ID)
		return err
	})
	want := a
	want.entry, want.pause = ticket.Entry{}, ticket.QueuePause{} // these can only be listed
	got.compare(t, want)
	same(t, "what lists show while the Tx is open", listed, []string{"ticket old", "waiting old", "value old"})
	after := read(t, r, func(rd ticket.Reader) ([]string, error) { return listAll(rd, a.ticket.ID) })
	same(t, "number of what lists show afterwards", len(after), 7)
}

// listAll names what the lists show.
func listAll(r ticket.Reader, messagesOf ticket.ID) (out []string, err error) {
	add := func(err2 error, what string, names []string) {
		if err == nil {
			err = err2
		}
		for _, name := range names {
			out = append(out, what+" "+name)
		}
	}
	tickets, e := r.ListTickets(ticket.TicketQuery{Lane: "lane"})
	add(e, "ticket", ids(tickets.Items, ticketID))
	waiting, e := r.Waiting("lane", ticket.Page{})
	add(e, "waiting", ids(waiting.Items, ticketID))
	messages, e := r.ListMessages(ticket.MessageQuery{Ticket: messagesOf})
	add(e, "message", ids(messages.Items, messageKey))
	values, e := r.ListValues("space", ticket.Page{})
	add(e, "value", ids(values.Items, func(v *ticket.Value) string { return v.Key.Name }))
	tasks, e := r.ListTasks(ticket.TaskQuery{})
	add(e, "task", ids(tasks.Items, taskID))
	agents, e := r.ListAgents(ticket.Page{})
	add(e, "agent", ids(agents.Items, func(a *ticket.AgentState) string { return a.Name }))
	journal, e := r.Journal(ticket.JournalQuery{})
	add(e, "entry", ids(journal, entryKey))
	pauses, e := r.ListPauses()
	add(e, "pause", ids(pauses, func(p *ticket.QueuePause) string { return p.Queue }))
	return out, err
}
