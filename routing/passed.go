package routing

import "slices"

// Cause says why somebody was passed over.
type Cause string

const (
	NotPresent Cause = "not available"               // offline, busy or away
	OffShift   Cause = "off shift"                   // the agent's calendar is closed
	Full       Cause = "at capacity"                 // not room enough for the ticket's weight
	Reserved   Cause = "kept for priority"           // room that the lane's strategy reserves
	Unskilled  Cause = "lacks a skill"               // that the lane asks for, or its level
	NoLanguage Cause = "does not speak the language" // of the ticket
)

// Passed counts those passed over for one cause and names the first five.
type Passed struct {
	Cause Cause    `json:"cause"`
	Count int      `json:"count"`
	First []string `json:"first,omitempty"`
}

// named is how many of those passed over are named.
const named = 5

func (p *Passed) add(name string) {
	p.Count++
	if len(p.First) < named {
		p.First = append(p.First, name)
	}
}

// tally counts those passed over for what can change from one ticket to the next.
type tally struct{ absent, off, full, reserved count }

type count struct {
	all   int
	named int
	names [named]string
}

// add counts a list that is in the order of names.
func (c *count) add(list []*entry) {
	c.all += len(list)
	for _, e := range list[:min(len(list), named)] {
		at, _ := slices.BinarySearch(c.names[:c.named], e.agent.Name)
		if at == named {
			return
		}
		copy(c.names[at+1:], c.names[at:])
		c.names[at] = e.agent.Name
		c.named = min(c.named+1, named)
	}
}

// sift counts those of a level who have not room enough, and returns the others in their order.
func (t *tally) sift(l *level, w *wish) []*entry {
	for _, e := range l.named {
		switch free := e.state.Free(); {
		case free < w.weight:
			t.full.add([]*entry{e})
		case free < w.weight+w.keep:
			t.reserved.add([]*entry{e})
		}
	}
	return slices.DeleteFunc(slices.Clone(l.ranked), func(e *entry) bool { return e.state.Free() < w.weight+w.keep })
}

// list returns all who were passed over, by cause, in two allocations.
func (t *tally) list(unfit []Passed) []Passed {
	causes := [...]struct {
		Cause
		*count
	}{{NotPresent, &t.absent}, {OffShift, &t.off}, {Full, &t.full}, {Reserved, &t.reserved}}
	n, names := len(unfit), 0
	for _, c := range causes {
		n, names = n+min(c.all, 1), names+c.named
	}
	for _, p := range unfit {
		names += len(p.First)
	}
	if n == 0 {
		return nil
	}
	passed, all := make([]Passed, 0, n), make([]string, 0, names)
	add := func(cause Cause, count int, names []string) {
		from := len(all)
		all = append(all, names...)
		passed = append(passed, Passed{Cause: cause, Count: count, First: all[from:len(all):len(all)]})
	}
	for _, c := range causes {
		if c.all > 0 {
			add(c.Cause, c.all, c.names[:c.named])
		}
	}
	for _, p := range unfit {
		add(p.Cause, p.Count, p.First)
	}
	return passed
}
