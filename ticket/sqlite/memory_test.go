package sqlite

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/channel"
	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// side is one of the two Stores, with the leases that it gave.
type side struct {
	store  ticket.Store
	leases []ticket.Lease
}

// step does something in an Update and tells what came of it.
type step func(s *side, tx ticket.Tx) string

// drawing draws steps.
type drawing struct {
	*rapid.T
	noon time.Time
}

func pick[V any](d drawing, what string, values ...V) V {
	return rapid.SampledFrom(values).Draw(d.T, what)
}

func (d drawing) minute(what string) time.Time {
	return d.noon.Add(time.Duration(rapid.IntRange(-3, 12).Draw(d.T, what)) * time.Minute)
}

func (d drawing) ticket() ticket.Ticket {
	t := ticket.Ticket{
		ID: pick(d, "id", ticket.ID("a"), "b", "c", "d", "e"), Status: pick(d, "status", ticket.New, ticket.Open, ticket.Solved, ticket.Closed, ""),
		Priority: pick(d, "priority", ticket.Low, ticket.Normal, ticket.High), Lane: pick(d, "lane", "", "x", "y"), Agent: pick(d, "agent", "", "", "ann"),
		Contact: pick(d, "contact", ticket.ContactID(""), "c1"), Created: d.minute("created"),
	}
	for range rapid.IntRange(0, 2).Draw(d.T, "labels") {
		t.Tags = append(t.Tags, pick(d, "tag", "t1", "t2"))
		t.Conversations = append(t.Conversations, ticket.ConversationKey{Thread: pick(d, "thread", "1", "2"), Visibility: channel.Private})
	}
	if rapid.Bool().Draw(d.T, "promised") {
		t.Clocks.Clocks = []sla.Clock{{Metric: sla.Resolution, Due: d.minute("promise")}}
	}
	return t
}

func outcome(results ...any) string { return fmt.Sprintf("%+v", results) }

// names tells of tasks in leases; tokens differ.
func names(leases []ticket.Lease) (out []string) {
	for _, l := range leases {
		out = append(out, fmt.Sprintf("%+v until %v", l.Task, l.Until))
	}
	return out
}

func (d drawing) step() step {
	switch what := pick(d, "step", "ticket", "message", "value", "delete", "seen", "entry", "agent", "reserve", "release", "pause", "resume",
		"schedule", "schedule", "schedule", "cancel", "claim", "claim", "finish", "postpone", "bury", "extend", "try", "look"); what {
	case "ticket":
		t := d.ticket()
		return func(_ *side, tx ticket.Tx) string { tx.PutTicket(t); return "" }
	case "message":
		m := ticket.Message{Key: pick(d, "key", "m1", "m2", "m3"), Ticket: pick(d, "of", ticket.ID("a"), "b")}
		// Refs are not shared: what a ref leads to once the last of several messages has left it is the Store's choice.
		m.Content = channel.Message{ID: pick(d, "ref", "", m.Key+"/1", m.Key+"/2"), Time: d.minute("time"), Order: pick(d, "order", "", "1"), Text: pick(d, "text", "", "hello", "world")}
		return func(_ *side, tx ticket.Tx) string { tx.PutMessage(m); return "" }
	case "value":
		v := ticket.Value{Key: ticket.ValueKey{Space: "s", Name: pick(d, "name", "", "1", "2")}, Data: []byte{1}}
		if rapid.Bool().Draw(d.T, "expires") {
			v.Expires = d.minute("expires")
		}
		return func(_ *side, tx ticket.Tx) string { tx.PutValue(v); return "" }
	case "delete":
		key := ticket.ValueKey{Space: "s", Name: pick(d, "name", "", "1", "2")}
		return func(_ *side, tx ticket.Tx) string { tx.DeleteValue(key); return "" }
	case "seen":
		key := ticket.EventKey{Key: pick(d, "event", "1", "2")}
		return func(_ *side, tx ticket.Tx) string { tx.MarkSeen(key); return outcome(tx.Seen(key)) }
	case "entry":
		e := ticket.Entry{Key: fmt.Sprint(rapid.IntRange(0, 30).Draw(d.T, "entry")), Ticket: pick(d, "of", ticket.ID(""), "a", "b"), Contact: pick(d, "contact", ticket.ContactID(""), "c1")}
		return func(_ *side, tx ticket.Tx) string { tx.Append(e); return "" }
	case "agent":
		a := ticket.AgentState{Name: pick(d, "name", "ann", "bob"), Presence: pick(d, "presence", ticket.Available, ticket.Available, ticket.Away), Capacity: rapid.IntRange(0, 4).Draw(d.T, "capacity")}
		return func(_ *side, tx ticket.Tx) string { tx.PutAgent(a); return "" }
	case "reserve":
		agent, id, weight := pick(d, "agent", "ann", "bob"), pick(d, "id", ticket.ID("a"), "b", "c"), rapid.IntRange(0, 3).Draw(d.T, "weight")
		return func(_ *side, tx ticket.Tx) string { return outcome(tx.Reserve(agent, id, weight)) }
	case "release":
		id, now := pick(d, "id", ticket.ID("a"), "b", "c"), d.minute("now")
		return func(_ *side, tx ticket.Tx) string { return outcome(tx.Release(id, now)) }
	case "pause":
		p := ticket.QueuePause{Queue: pick(d, "queue", "q1", "q2")}
		if rapid.Bool().Draw(d.T, "ends") {
			p.Until = d.minute("until")
		}
		return func(_ *side, tx ticket.Tx) string { tx.PauseQueue(p); return "" }
	case "resume":
		q := pick(d, "queue", "q1", "q2")
		return func(_ *side, tx ticket.Tx) string { tx.ResumeQueue(q); return "" }
	case "schedule":
		t := ticket.Task{ID: pick(d, "task", "1", "2", "3", "4", "5"), Queue: pick(d, "queue", "q1", "q1", "q2"), Key: pick(d, "key", "", "k", "k", "l"), Due: d.minute("due")}
		return func(_ *side, tx ticket.Tx) string { tx.Schedule(t); return outcome(tx.Tasks(t.ID)) }
	case "cancel":
		id := pick(d, "task", "1", "2", "3", "4", "5")
		return func(_ *side, tx ticket.Tx) string { tx.Cancel(id); return "" }
	case "claim":
		q := ticket.ClaimQuery{Now: d.minute("now"), Limit: rapid.IntRange(0, 4).Draw(d.T, "limit"), Lease: time.Duration(rapid.IntRange(1, 5).Draw(d.T, "lease")) * time.Minute}
		if rapid.Bool().Draw(d.T, "of queues") {
			q.Queues = []string{pick(d, "queue", "q1", "q2", "q3")}
		}
		return func(s *side, tx ticket.Tx) string {
			leases, err := tx.Claim(q)
			s.leases = append(s.leases, leases...)
			return outcome(names(leases), err)
		}
	case "try":
		fails, steps := rapid.Bool().Draw(d.T, "fails"), d.steps(3)
		return func(s *side, tx ticket.Tx) (out string) {
			err := tx.Try(func(tx ticket.Tx) error {
				for _, step := range steps {
					out += step(s, tx) + "\n"
				}
				if fails {
					return errors.New("on purpose")
				}
				return nil
			})
			return out + outcome(err)
		}
	case "look":
		return func(_ *side, tx ticket.Tx) string { return look(tx, d.noon) }
	default: // the end of a lease
		n, due := rapid.IntRange(0, 30).Draw(d.T, "lease"), d.minute("due")
		return func(s *side, tx ticket.Tx) string {
			if len(s.leases) == 0 {
				return ""
			}
			l := s.leases[n%len(s.leases)]
			switch what {
			case "finish":
				return outcome(tx.Finish(l))
			case "postpone":
				return outcome(tx.Postpone(l, due, "down"))
			case "bury":
				return outcome(tx.Bury(l, "rejected"))
			}
			_, err := tx.Extend(l, 2*time.Minute)
			return outcome(err)
		}
	}
}

func (d drawing) steps(most int) (steps []step) {
	for range rapid.IntRange(1, most).Draw(d.T, "steps") {
		steps = append(steps, d.step())
	}
	return steps
}

// look tells all that a Reader shows.
func look(r ticket.Reader, noon time.Time) string {
	var out []any
	add := func(v any, err error) { out = append(out, v, err) }
	add(r.Tickets("a", "b", "c", "d", "e"))
	add(r.Messages("m1", "m2", "m3"))
	add(r.MessagesByRef(ticket.MessageRef{ID: "m1/1"}, ticket.MessageRef{ID: "m1/2"}, ticket.MessageRef{ID: "m2/1"}, ticket.MessageRef{ID: "m3/2"}))
	add(r.Tasks("1", "2", "3", "4", "5"))
	add(r.Agents("ann", "bob"))
	for _, q := range []ticket.TicketQuery{
		{}, {Newest: true}, {Lane: "x"}, {Agent: "ann", Tag: "t1"}, {Contact: "c1", Statuses: []ticket.Status{ticket.Open, ""}},
		{Conversation: ticket.ConversationKey{Thread: "1", Visibility: channel.Private}, CreatedFrom: noon}, {Tag: "t2", CreatedTo: noon, Newest: true},
	} {
		add(r.ListTickets(q))
	}
	add(r.Waiting("x", ticket.Page{}))
	add(r.ListMessages(ticket.MessageQuery{Ticket: "a"}))
	add(r.ListValues("s", ticket.Page{}))
	add(r.ListAgents(ticket.Page{}))
	add(r.ListTasks(ticket.TaskQuery{}))
	add(r.ListTasks(ticket.TaskQuery{Dead: true, Queue: "q1"}))
	add(r.ListPauses())
	for _, q := range []ticket.JournalQuery{{}, {Ticket: "a"}, {Contact: "c1"}} {
		entries, err := r.Journal(q)
		for i := range entries {
			entries[i].Position = ""
		}
		add(entries, err)
	}
	return fmt.Sprintf("%+v", out)
}

// TestAFileDoesWhatMemoryDoes holds the Store against the one in memory over random Updates.
func TestAFileDoesWhatMemoryDoes(t *testing.T) {
	t.Parallel()
	var now time.Time
	clock := func() time.Time { return now }
	file := openTest(t, &Options{Now: clock, Durability: Normal})
	tenant := 0 // each history has its own
	rapid.Check(t, func(t *rapid.T) {
		d := drawing{t, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		now = d.noon
		tenant++
		sides := []*side{{store: ticket.NewMemory(&ticket.MemoryOptions{Now: clock})}, {store: file}}
		for range rapid.IntRange(1, 20).Draw(t, "updates") {
			steps, fails := d.steps(6), rapid.IntRange(0, 4).Draw(t, "update fails") == 0
			var told [2][]string
			for i, s := range sides {
				failure := errors.New("on purpose")
				if err := s.store.Update(t.Context(), fmt.Sprint(tenant), func(tx ticket.Tx) error {
					for _, step := range steps {
						told[i] = append(told[i], step(s, tx))
					}
					if fails {
						return failure
					}
					return nil
				}); err != nil && err != failure {
					t.Fatal(err)
				}
				if err := s.store.View(t.Context(), fmt.Sprint(tenant), func(r ticket.Reader) error {
					told[i] = append(told[i], look(r, d.noon))
					return nil
				}); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(told[0], told[1]); diff != "" {
				t.Fatalf("(-memory +file):\n%s", diff)
			}
			if rapid.IntRange(0, 3).Draw(t, "time passes") == 0 {
				now = now.Add(time.Duration(rapid.IntRange(1, 3).Draw(t, "minutes")) * time.Minute)
			}
		}
	})
}
