package replay

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// redelivered is how long after its arrival an event may be delivered again.
const redelivered = 10 * time.Minute

// arrival is a step that reaches the Desk at a time.
type arrival struct {
	at   time.Time
	step int // index into the steps
}

// schedule is what reaches the Desk, in time order.
type schedule struct {
	originals []arrival
	copies    []arrival // of events, delivered again
}

// newSchedule puts the steps that keep allows in time order; the order of the file breaks ties. Each event gets so many copies, at random within ten minutes.
func newSchedule(steps []Step, keep func(Step) bool, copies int, seed uint64) schedule {
	var s schedule
	random := rand.New(rand.NewPCG(seed, 0x72656465))
	s.originals = make([]arrival, 0, len(steps))
	for i, step := range steps {
		if !keep(step) {
			continue
		}
		a := arrival{step.at(), i}
		s.originals = append(s.originals, a)
		if step.Event == nil {
			continue
		}
		for range copies {
			at := a.at.Add(1 + time.Duration(random.Int64N(int64(redelivered))))
			if at.Year() > 9999 { // later than an event can be
				at = a.at
			}
			s.copies = append(s.copies, arrival{at, i})
		}
	}
	byTime := func(a, b arrival) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.step, b.step)) }
	slices.SortFunc(s.originals, byTime)
	slices.SortFunc(s.copies, byTime)
	return s
}

// take removes the first arrival of a list.
func take(list *[]arrival) arrival {
	first := (*list)[0]
	*list = (*list)[1:]
	return first
}

// earliest returns the time of a list's first arrival, and whether there is one.
func earliest(list []arrival) (time.Time, bool) {
	if len(list) == 0 {
		return time.Time{}, false
	}
	return list[0].at, true
}
