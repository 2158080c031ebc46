package rt

import (
	"strconv"

	"github.com/socialcrm/socialcrm/ticket"
)

// Mapping says what an RT calls things. The zero value suits the lifecycle "default" and priorities from 0 to 100.
type Mapping struct {
	// Status is RT's status for ours. One that is missing is new, open, stalled (pending, on-hold) or resolved (solved, closed). What people choose in RT is read the
	// other way round; of several statuses with one word the first counts, in the order new, open, pending, on-hold, solved, closed.
	Status map[ticket.Status]string
	// Read is what further statuses of RT mean here. One that is missing is RT's own affair and changes nothing here; "rejected" is solved where it is missing. A
	// ticket in such a status keeps it as long as its meaning is right.
	Read map[string]ticket.Status
	// Priority is RT's priority for ours; one that is missing is 0 (low), 50 (normal) or 100 (high, urgent).
	Priority map[ticket.Priority]int
	// Owners are the RT users who are the Setup's agents: agent name to user name. They need the right OwnTicket in the queue. A ticket of an agent who is not here
	// keeps its owner; one of nobody is Nobody's.
	Owners map[string]string
	// Tier and Segment are custom fields of users that Lookup reads for crm.Person. Empty: not read.
	Tier, Segment string
}

const nobody = "Nobody" // who owns a ticket that nobody owns

// words are a Mapping made ready for use.
type words struct {
	Mapping
	status map[string]ticket.Status // by RT's word
	agents map[string]string        // by user name
}

func readWords(m Mapping) *words {
	w := &words{Mapping: m, status: map[string]ticket.Status{"rejected": ticket.Solved}, agents: map[string]string{nobody: ""}}
	for word, s := range m.Read {
		w.status[word] = s
	}
	taken := make(map[string]bool)
	for _, s := range []ticket.Status{ticket.New, ticket.Open, ticket.Pending, ticket.OnHold, ticket.Solved, ticket.Closed} {
		if word := w.word(s); !taken[word] {
			w.status[word], taken[word] = s, true
		}
	}
	for agent, user := range m.Owners {
		if was, several := w.agents[user]; !several || agent < was {
			w.agents[user] = agent
		}
	}
	return w
}

// word is RT's status for one of ours; SocialStatus holds our own word.
func (w *words) word(s ticket.Status) string {
	switch word := w.Status[s]; {
	case word != "":
		return word
	case s == ticket.New || s == ticket.Open:
		return string(s)
	case s.Done():
		return "resolved"
	}
	return "stalled"
}

// means reports whether RT's word says what ours does, as far as RT can.
func (w *words) means(word string, s ticket.Status) bool {
	read, known := w.status[word]
	return word == w.word(s) || known && w.word(read) == w.word(s)
}

func (w *words) priority(p ticket.Priority) string {
	if n, ok := w.Mapping.Priority[p]; ok {
		return strconv.Itoa(n)
	}
	return strconv.Itoa(50 + 50*int(max(ticket.Low, min(p, ticket.High))))
}

// owner is who owns the tickets of an agent; empty where nobody is named.
func (w *words) owner(agent string) string {
	if agent == "" {
		return nobody
	}
	return w.Owners[agent]
}
