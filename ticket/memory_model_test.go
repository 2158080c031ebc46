package ticket

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
)

// run holds Memory and model against each other.
type run struct {
	t         *rapid.T
	store     *Memory
	clock     time.Time
	committed model
	pending   model // as the Update under way sees it
	leases    []Lease
}

var modelTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (r *run) minute(what string) time.Time {
	return modelTime.Add(time.Duration(rapid.IntRange(-3, 12).Draw(r.t, what)) * time.Minute)
}

func pick[V any](r *run, what string, values ...V) V {
	return rapid.SampledFrom(values).Draw(r.t, what)
}

func (r *run) ticketID() ID { return pick(r, "ticket", ID("a"), "b", "c", "d", "e", "f", "g", "h") }

func (r *run) ticket() Ticket {
	t := Ticket{
		ID: r.ticketID(), Status: pick(r, "status", New, Open, Pending, OnHold, Solved, Closed, ""), Priority: pick(r, "priority", Low, Normal, High),
		Lane: pick(r, "lane", "", "x", "y"), Agent: pick(r, "agent", "", "", "ann"), Contact: pick(r, "contact", ContactID(""), "c1"), Created: r.minute("created"),
	}
	for range rapid.IntRange(0, 2).Draw(r.t, "tags") {
		t.Tags = append(t.Tags, pick(r, "tag", "t1", "t2"))
		t.Conversations = append(t.Conversations, ConversationKey{Thread: pick(r, "thread", "1", "2"), Visibility: channel.Private})
	}
	if rapid.Bool().Draw(r.t, "promised") {
		t.Clocks.Clocks = []sla.Clock{{Metric: sla.Resolution, Due: r.minute("promise")}}
	}
	return t
}

// write does one random thing to both.
func (r *run) write(tx Tx) {
	m := &r.pending
	switch pick(r, "write", "ticket", "ticket", "message", "value", "delete", "seen", "entry", "agent", "reserve", "release", "pause", "resume",
		"schedule", "schedule", "schedule", "cancel", "claim", "claim", "lease", "lease", "try") {
	case "ticket":
		t := r.ticket()
		tx.PutTicket(t)
		m.tickets[t.ID] = t
	case "message":
		v := Message{Key: pick(r, "message", "m1", "m2", "m3"), Ticket: r.ticketID()}
		v.Content = channel.Message{ID: pick(r, "ref", "", "1", "2"), Time: r.minute("time"), Order: pick(r, "order", "", "1")}
		for _, other := range m.messages { // two messages of one ref are another test's
			if other.Key != v.Key && other.Content.ID == v.Content.ID {
				v.Content.ID = ""
			}
		}
		tx.PutMessage(v)
		m.messages[v.Key] = v
	case "value":
		v := Value{Key: ValueKey{pick(r, "space", "s", "s2"), pick(r, "name", "", "1", "2")}, Data: []byte{1}}
		if rapid.Bool().Draw(r.t, "expires") {
			v.Expires = r.minute("expires")
		}
		tx.PutValue(v)
		m.values[v.Key] = v
	case "delete":
		key := ValueKey{pick(r, "space", "s", "s2"), pick(r, "name", "", "1", "2")}
		tx.DeleteValue(key)
		delete(m.values, key)
	case "seen":
		key := EventKey{Key: pick(r, "event", "1", "2", "3")}
		tx.MarkSeen(key)
		m.seen[key] = true
	case "entry":
		e := Entry{Key: fmt.Sprint(rapid.IntRange(0, 30).Draw(r.t, "entry")), Ticket: pick(r, "of", "", r.ticketID()), Contact: pick(r, "contact", ContactID(""), "c1")}
		tx.Append(e)
		if !slices.ContainsFunc(m.entries, func(o Entry) bool { return o.Key == e.Key }) {
			m.entries = append(m.entries, e)
		}
	case "agent":
		a := AgentState{Name: pick(r, "name", "ann", "bob"), Presence: pick(r, "presence", Available, Available, Away), Capacity: rapid.IntRange(0, 4).Draw(r.t, "capacity")}
		tx.PutAgent(a)
		a.Load, a.Freed = m.agents[a.Name].Load, m.agents[a.Name].Freed
		m.agents[a.Name] = a
	case "reserve":
		r.reserve(tx)
	case "release":
		id, now := r.ticketID(), r.minute("now")
		r.must(tx.Release(id, now))
		if held, ok := m.held[id]; ok {
			a := m.agents[held.agent]
			a.Load, a.Freed = a.Load-held.weight, now
			m.agents[held.agent] = a
			delete(m.held, id)
		}
	case "pause":
		p := QueuePause{Queue: pick(r, "queue", "q1", "q2")}
		if rapid.Bool().Draw(r.t, "ends") {
			p.Until = r.minute("until")
		}
		tx.PauseQueue(p)
		m.pauses[p.Queue] = p
	case "resume":
		q := pick(r, "queue", "q1", "q2")
		tx.ResumeQueue(q)
		delete(m.pauses, q)
	case "schedule":
		t := Task{ID: pick(r, "task", "1", "2", "3", "4", "5", "6"), Queue: pick(r, "queue", "q1", "q1", "q2"), Key: pick(r, "key", "", "k", "k", "l"), Due: r.minute("due")}
		tx.Schedule(t)
		m.schedule(t)
	case "cancel":
		id := pick(r, "task", "1", "2", "3", "4", "5", "6")
		tx.Cancel(id)
		if _, ok := m.tasks[id]; ok {
			delete(m.tasks, id)
			m.touched[id] = true
		}
	case "claim":
		r.claim(tx)
	case "lease":
		if len(r.leases) > 0 {
			r.endLease(tx, pick(r, "lease", r.leases...))
		}
	case "try":
		before := m.clone()
		failing := rapid.Bool().Draw(r.t, "try fails")
		err := tx.Try(func(tx Tx) error {
			for range rapid.IntRange(0, 4).Draw(r.t, "writes") {
				r.write(tx)
			}
			if failing {
				return errModel
			}
			return nil
		})
		if failing {
			if err != errModel {
				r.t.Fatalf("try: got error %v", err)
			}
			places := m.places
			*m = before
			m.places = places
		}
	}
}

var errModel = errors.New("on purpose")

func (r *run) must(err error) {
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *run) reserve(tx Tx) {
	m := &r.pending
	agent, id, weight := pick(r, "agent", "ann", "bob"), r.ticketID(), rapid.IntRange(0, 3).Draw(r.t, "weight")
	ok, err := tx.Reserve(agent, id, weight)
	r.must(err)
	after := maps.Clone(m.agents)
	if held, has := m.held[id]; has {
		before := after[held.agent]
		before.Load -= held.weight
		after[held.agent] = before
	}
	a := after[agent]
	weight = max(weight, 1)
	if want := a.Presence == Available && a.Load+weight <= a.Capacity; ok != want {
		r.t.Fatalf("reserve %d of %+v: got %v, want %v", weight, a, ok, want)
	}
	if ok {
		a.Load += weight
		after[agent] = a
		m.agents, m.held[id] = after, reservation{id, agent, weight}
	}
}

func (r *run) claim(tx Tx) {
	m := &r.pending
	q := ClaimQuery{Now: r.minute("now"), Limit: rapid.IntRange(0, 4).Draw(r.t, "limit"), Lease: time.Duration(rapid.IntRange(1, 5).Draw(r.t, "lease")) * time.Minute}
	if rapid.Bool().Draw(r.t, "of queues") {
		q.Queues = []string{pick(r, "queue", "q1", "q2", "q3")}
	}
	leases, err := tx.Claim(q)
	r.must(err)
	var want []string
	for _, t := range r.committed.claimable(q, r.clock) {
		if len(want) < max(q.Limit, 1) && !m.touched[t.ID] {
			want = append(want, t.ID)
		}
	}
	var got []string
	for _, l := range leases {
		got = append(got, l.ID)
		t := r.committed.tasks[l.ID]
		if diff := gocmp.Diff(t.Task, l.Task); diff != "" {
			r.t.Fatalf("the task in the lease (-want +got):\n%s", diff)
		}
		t.token, t.until, t.again = l.Token, r.clock.Add(q.Lease), false
		m.tasks[l.ID], m.touched[l.ID] = t, true
	}
	if !slices.Equal(got, want) {
		r.t.Fatalf("claim %+v by the Store's time %v: got %v, want %v", q, r.clock, got, want)
	}
	r.leases = append(r.leases, leases...)
}

func (r *run) endLease(tx Tx, l Lease) {
	m := &r.pending
	var got, want error
	switch what := pick(r, "end", "finish", "postpone", "bury", "extend", "holds"); what {
	case "finish":
		got = tx.Finish(l)
		want = m.end(l, func(*modelTask) bool { return false })
	case "postpone":
		due, reason := r.minute("due"), pick(r, "reason", "", "down")
		got = tx.Postpone(l, due, reason)
		want = m.end(l, func(t *modelTask) bool {
			if t.Due = due; reason != "" {
				t.Attempts, t.LastError = t.Attempts+1, reason
			}
			return true
		})
	case "bury":
		got = tx.Bury(l, "rejected")
		want = m.end(l, func(t *modelTask) bool {
			t.Dead, t.LastError = true, "rejected"
			return true
		})
	case "extend":
		d := time.Duration(rapid.IntRange(1, 5).Draw(r.t, "extend")) * time.Minute
		_, got = tx.Extend(l, d)
		if t := m.tasks[l.ID]; t.token == l.Token {
			t.until = r.clock.Add(d)
			m.tasks[l.ID], m.touched[l.ID] = t, true
		} else {
			want = ErrStale
		}
	case "holds":
		holds, err := tx.Holds(l)
		r.must(err)
		if holds != (m.tasks[l.ID].token == l.Token) {
			r.t.Fatalf("lease %s/%d holds: %v", l.ID, l.Token, holds)
		}
	}
	if !errors.Is(got, want) || (got == nil) != (want == nil) {
		r.t.Fatalf("lease of %s: got error %v, want %v", l.ID, got, want)
	}
}

// update runs one Update of a few writes on both; some fail.
func (r *run) update() {
	r.pending = r.committed.clone()
	r.pending.touched = make(map[string]bool)
	failing := rapid.IntRange(0, 4).Draw(r.t, "update fails") == 0
	err := r.store.Update(context.Background(), "brand", func(tx Tx) error {
		for range rapid.IntRange(1, 6).Draw(r.t, "writes") {
			r.write(tx)
		}
		r.lookUp(tx, &r.pending)
		if failing {
			return errModel
		}
		return nil
	})
	if failing != (err == errModel) || !failing && err != nil {
		r.t.Fatalf("update: %v", err)
	}
	places := r.pending.places
	if !failing {
		r.committed = r.pending
	}
	r.committed.places = places
}

// lookUp compares what look-ups by key see.
func (r *run) lookUp(rd Reader, m *model) {
	for _, id := range []ID{"a", "b", "c", "d", "e", "f", "g", "h"} {
		got, err := rd.Tickets(id)
		r.must(err)
		r.same("ticket", m.tickets[id], got[0])
	}
	for _, key := range []string{"m1", "m2", "m3"} {
		got, err := rd.Messages(key)
		r.must(err)
		r.same("message", m.messages[key], got[0])
	}
	for _, id := range []string{"1", "2"} {
		var want Message
		for _, v := range m.messages {
			if v.Content.ID == id {
				want = v
			}
		}
		got, err := rd.MessagesByRef(MessageRef{ID: id})
		r.must(err)
		r.same("message by ref", want, got[0])
	}
	for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
		got, err := rd.Tasks(id)
		r.must(err)
		r.same("task", m.tasks[id].Task, got[0])
	}
	for _, name := range []string{"ann", "bob"} {
		got, err := rd.Agents(name)
		r.must(err)
		r.same("agent", m.agents[name], got[0])
	}
	for _, key := range []string{"1", "2", "3"} {
		got, err := rd.Seen(EventKey{Key: key})
		r.must(err)
		r.same("seen", m.seen[EventKey{Key: key}], got[0])
	}
}

func (r *run) same(what string, want, got any, options ...gocmp.Option) {
	if reflect.DeepEqual(want, got) {
		return
	}
	if diff := gocmp.Diff(want, got, append(options, cmpopts.EquateEmpty())...); diff != "" {
		r.t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// lists compares what lists show, page by page.
func (r *run) lists() {
	m := &r.committed
	r.must(r.store.View(context.Background(), "brand", func(rd Reader) error {
		r.lookUp(rd, m)
		limit := rapid.IntRange(1, 5).Draw(r.t, "limit")
		q := TicketQuery{
			Lane: pick(r, "lane", "", "x"), Agent: pick(r, "agent", "", "ann"), Contact: pick(r, "contact", ContactID(""), "c1"), Tag: pick(r, "tag", "", "t1"),
			Newest: rapid.Bool().Draw(r.t, "newest"), Statuses: pick(r, "statuses", nil, nil, []Status{Open}, []Status{"", Solved, New}),
		}
		if rapid.Bool().Draw(r.t, "conversation") {
			q.Conversation = ConversationKey{Thread: "1", Visibility: channel.Private}
		}
		if rapid.Bool().Draw(r.t, "bounded") {
			q.CreatedFrom, q.CreatedTo = r.minute("from"), r.minute("to")
		}
		r.same(fmt.Sprintf("tickets of %+v", q), m.list(q), all(r, limit, func(p Page) (List[Ticket], error) {
			q.Page = p
			return rd.ListTickets(q)
		}))
		r.same("waiting", m.waiting("x"), all(r, limit, func(p Page) (List[Ticket], error) { return rd.Waiting("x", p) }))
		r.same("messages", m.messagesOf("a"), all(r, limit, func(p Page) (List[Message], error) { return rd.ListMessages(MessageQuery{"a", p}) }))
		r.same("values", m.space("s", r.clock), all(r, limit, func(p Page) (List[Value], error) { return rd.ListValues("s", p) }))
		for _, q := range []TaskQuery{{}, {Dead: true}, {Queue: "q1"}} {
			r.same("tasks", m.tasksOf(q), all(r, limit, func(p Page) (List[Task], error) {
				q.Page = p
				return rd.ListTasks(q)
			}))
		}
		for _, q := range []JournalQuery{{}, {Ticket: "a"}, {Contact: "c1"}, {Ticket: "b", Contact: "c1"}} {
			entries, err := rd.Journal(q)
			r.must(err)
			r.same("journal", m.journal(q), entries, cmpopts.IgnoreFields(Entry{}, "Position"))
		}
		return r.nextDue(rd)
	}))
}

// all goes through the pages of a list.
func all[T any](r *run, limit int, list func(Page) (List[T], error)) (items []T) {
	page := Page{Limit: limit}
	for {
		part, err := list(page)
		r.must(err)
		items = append(items, part.Items...)
		if page.After = part.Next; page.After == "" {
			return items
		}
		if len(part.Items) != limit {
			r.t.Fatalf("a page of %d, want %d", len(part.Items), limit)
		}
	}
}

// nextDue expects that nothing can be claimed before the time named.
func (r *run) nextDue(rd Reader) error {
	now := r.minute("now")
	next, err := rd.NextDue(now)
	for d := time.Duration(0); d <= 20*time.Minute; d += 30 * time.Second {
		at, stored := now.Add(d), r.clock.Add(d) // both clocks run on
		if found := r.committed.claimable(ClaimQuery{Now: at}, stored); len(found) > 0 && (next.IsZero() || next.After(at)) {
			r.t.Fatalf("next due at %v, but %s can be claimed at %v", next, found[0].ID, at)
		}
	}
	return err
}

func TestMemoryDoesWhatTheModelDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := &run{t: t, clock: modelTime}
		r.store = NewMemory(&MemoryOptions{Now: func() time.Time { return r.clock }})
		r.committed = model{
			tickets: map[ID]Ticket{}, messages: map[string]Message{}, values: map[ValueKey]Value{}, agents: map[string]AgentState{}, held: map[ID]reservation{},
			seen: map[EventKey]bool{}, tasks: map[string]modelTask{}, pauses: map[string]QueuePause{},
		}
		for range rapid.IntRange(1, 25).Draw(t, "updates") {
			r.update()
			if rapid.Bool().Draw(t, "look") {
				r.lists()
			}
			if rapid.IntRange(0, 3).Draw(t, "time passes") == 0 {
				r.clock = r.clock.Add(time.Duration(rapid.IntRange(1, 3).Draw(t, "minutes")) * time.Minute)
			}
		}
		r.lists()
	})
}
