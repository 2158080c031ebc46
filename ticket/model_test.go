package ticket

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// model is what Memory is to be, written as simply as can be: maps, and lists made by looking at everything.
type model struct {
	tickets  map[ID]Ticket
	messages map[string]Message
	values   map[ValueKey]Value
	agents   map[string]AgentState
	held     map[ID]reservation
	seen     map[EventKey]bool
	entries  []Entry
	tasks    map[string]modelTask
	touched  map[string]bool // tasks written in this Update
	pauses   map[string]QueuePause
	places   int
}

type modelTask struct {
	Task
	place int
	token int64
	until time.Time
	again bool
}

func (m model) clone() model {
	m.tickets, m.messages, m.values, m.agents = maps.Clone(m.tickets), maps.Clone(m.messages), maps.Clone(m.values), maps.Clone(m.agents)
	m.held, m.seen, m.tasks, m.touched, m.pauses = maps.Clone(m.held), maps.Clone(m.seen), maps.Clone(m.tasks), maps.Clone(m.touched), maps.Clone(m.pauses)
	m.entries = slices.Clone(m.entries)
	return m
}

// claimable returns the tasks that can be claimed, in order; m is what is committed.
func (m *model) claimable(q ClaimQuery, stored time.Time) []modelTask {
	var out []modelTask
	for _, t := range m.tasks {
		pause, paused := m.pauses[t.Queue]
		blocked := t.Dead || t.Due.After(q.Now) || t.token != 0 && t.until.After(stored) || paused && (pause.Until.IsZero() || pause.Until.After(q.Now)) ||
			len(q.Queues) > 0 && !slices.Contains(q.Queues, t.Queue)
		for _, other := range m.tasks {
			blocked = blocked || t.Key != "" && !other.Dead && other.Queue == t.Queue && other.Key == t.Key && other.place < t.place
		}
		if !blocked {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b modelTask) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.place, b.place)) })
	return out
}

func (m *model) schedule(t Task) {
	t.Attempts, t.LastError, t.Dead = 0, "", false
	was, ok := m.tasks[t.ID]
	next := modelTask{Task: t, place: was.place, token: was.token, until: was.until, again: was.token != 0}
	if !ok || was.Dead || was.Queue != t.Queue || was.Key != t.Key {
		m.places++
		next.place = m.places
	}
	m.tasks[t.ID], m.touched[t.ID] = next, true
}

// end ends a lease: change says what becomes of a task that was not scheduled again.
func (m *model) end(l Lease, change func(t *modelTask) (keep bool)) error {
	t := m.tasks[l.ID]
	if l.Token == 0 || t.token != l.Token {
		return ErrStale
	}
	t.token, t.until = 0, time.Time{}
	keep := t.again || change(&t)
	t.again = false
	m.touched[l.ID] = true
	if delete(m.tasks, l.ID); keep {
		m.tasks[l.ID] = t
	}
	return nil
}

func (m *model) list(q TicketQuery) []Ticket {
	var out []Ticket
	for _, t := range m.tickets {
		if (q.Lane == "" || t.Lane == q.Lane) && (q.Agent == "" || t.Agent == q.Agent) && (q.Contact == "" || t.Contact == q.Contact) &&
			(q.Tag == "" || slices.Contains(t.Tags, q.Tag)) && (q.Conversation == ConversationKey{} || slices.Contains(t.Conversations, q.Conversation)) &&
			(q.Statuses == nil || slices.Contains(q.Statuses, t.Status)) && !t.Created.Before(q.CreatedFrom) && (q.CreatedTo.IsZero() || t.Created.Before(q.CreatedTo)) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b Ticket) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	if q.Newest {
		slices.Reverse(out)
	}
	return out
}

func (m *model) waiting(lane string) []Ticket {
	var out []Ticket
	for _, t := range m.tickets {
		if t.Lane == lane && t.Agent == "" && !t.Status.Done() {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b Ticket) int { return ComparePromise(&a, &b) })
	return out
}

func (m *model) messagesOf(id ID) []Message {
	var out []Message
	for _, v := range m.messages {
		if v.Ticket == id {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b Message) int {
		return cmp.Or(a.Content.Time.Compare(b.Content.Time), strings.Compare(a.Content.Order, b.Content.Order), strings.Compare(a.Key, b.Key))
	})
	return out
}

func (m *model) space(space string, stored time.Time) []Value {
	var out []Value
	for _, v := range m.values {
		if v.Key.Space == space && (v.Expires.IsZero() || v.Expires.After(stored)) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b Value) int { return strings.Compare(a.Key.Name, b.Key.Name) })
	return out
}

func (m *model) tasksOf(q TaskQuery) []Task {
	var out []Task
	for _, t := range m.tasks {
		if t.Dead == q.Dead && (q.Queue == "" || t.Queue == q.Queue) {
			out = append(out, t.Task)
		}
	}
	slices.SortFunc(out, func(a, b Task) int { return cmp.Or(a.Due.Compare(b.Due), strings.Compare(a.ID, b.ID)) })
	return out
}

func (m *model) journal(q JournalQuery) []Entry {
	var out []Entry
	for _, e := range m.entries {
		if (q.Ticket == "" || e.Ticket == q.Ticket) && (q.Contact == "" || e.Contact == q.Contact) {
			out = append(out, e)
		}
	}
	return out
}
