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
	GaveBack   Cause = "gave it back"                // and was not away since
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
	n, names := len(unfit), 0
	for _, c := range [...]*count{&t.absent, &t.off, &t.full, &t.reserved} {
		n, names = n+min(c.all, 1), names+c.named
	}
	for _, p := range unfit {
		names += len(p.First)
	}
	if n == 0 {
		return nil
	}
	l := passedList{make([]Passed, 0, n), make([]string, 0, names)}
	l.add(NotPresent, t.absent.all, t.absent.names[:t.absent.named])
	l.add(OffShift, t.off.all, t.off.names[:t.off.named])
	l.add(Full, t.full.all, t.full.names[:t.full.named])
	l.add(Reserved, t.reserved.all, t.reserved.names[:t.reserved.named])
	for _, p := range unfit {
		l.add(p.Cause, p.Count, p.First)
	}
	return l.passed
}

// passedList is a list under way; all its names lie in one slice.
type passedList struct {
	passed []Passed
	names  []string
}

func (l *passedList) add(c Cause, count int, names []string) {
	if count > 0 {
		from := len(l.names)
		l.names = append(l.names, names...)
		l.passed = append(l.passed, Passed{Cause: c, Count: count, First: l.names[from:len(l.names):len(l.names)]})
	}
}
