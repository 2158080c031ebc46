package replay

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Staffing says how busy simulated agents were, and who waited for them.
type Staffing struct {
	// Agents is how many there were. Utilisation is the share of their time at work, from the first message to the end, in which they handled tickets: more than 1
	// where they had to stay longer than their shifts.
	Agents      int     `json:"agents"`
	Utilisation float64 `json:"utilisation"`
	// Waited counts how often a ticket had to wait for an agent; LongestWait is the longest of these times, in seconds, and LongestTicket who had to. Who waits in the end
	// is counted too, until then; Unserved is how many these are.
	Waited        int       `json:"waited"`
	Unserved      int       `json:"unserved"`
	LongestWait   float64   `json:"longest_wait_s"`
	LongestTicket ticket.ID `json:"longest_ticket,omitempty"`
	// LongestQueue is how many waited at most at a time.
	LongestQueue int `json:"longest_queue"`
	// Transfers counts hand-offs to another lane by agents and steps, MovedOn the tickets that a lane passed on because it had too much.
	Transfers int `json:"transfers"`
	MovedOn   int `json:"moved_on"`
	// Lanes, in the order of the Setup, then of names.
	Lanes []LaneReport `json:"lanes"`
	// Queue is how many waited at most in each hour, from the first in which somebody did to the last.
	Queue []QueueHour `json:"queue"`
}

// LaneReport is one lane's part.
type LaneReport struct {
	Lane string `json:"lane"`
	// Given counts the tickets that its agents got, LongestWait how long one waited there, in seconds, LongestQueue how many waited at most at a time.
	Given        int     `json:"given"`
	LongestWait  float64 `json:"longest_wait_s"`
	LongestQueue int     `json:"longest_queue"`
}

// QueueHour is the queue in an hour.
type QueueHour struct {
	From    time.Time `json:"from"`
	Waiting int       `json:"waiting"`
}

// staffing collects what Staffing tells. The nil staffing collects nothing.
type staffing struct {
	Staffing
	began   time.Time
	tickets map[ticket.ID]*held
	lanes   map[string]*laneTally
	hours   []QueueHour
	at      int // how many waited at the latest look
}

// held is who has a ticket, or since when it waits.
type held struct {
	lane, agent string
	since       time.Time // it waits for an agent; zero: it does not
	here        time.Time // it waits in this lane
}

type laneTally struct {
	LaneReport
	waiting map[ticket.ID]*held
}

func newStaffing() *staffing {
	return &staffing{tickets: make(map[ticket.ID]*held), lanes: make(map[string]*laneTally)}
}

func (s *staffing) lane(name string) *laneTally {
	l := s.lanes[name]
	if l == nil {
		l = &laneTally{LaneReport: LaneReport{Lane: name}, waiting: make(map[ticket.ID]*held)}
		s.lanes[name] = l
	}
	return l
}

// entry notes what an entry means for who waits.
func (s *staffing) entry(e *ticket.Entry) {
	if s == nil || e.Ticket == "" {
		return
	}
	h := s.tickets[e.Ticket]
	if h == nil {
		h = &held{}
		s.tickets[e.Ticket] = h
		if s.began.IsZero() {
			s.began = e.Processed
		}
	}
	switch e.Kind {
	case ticket.TicketHanded:
		s.Transfers++
		s.wait(e, h, e.New)
	case ticket.TicketRouted:
		var d routing.Decision
		if json.Unmarshal(e.Detail, &d) == nil {
			for _, m := range d.Moved {
				if m.Why == routing.WaitedTooLong || m.Why == routing.QueueTooLong {
					s.MovedOn++
					break
				}
			}
		}
		s.wait(e, h, e.New)
	case ticket.TicketAssigned:
		s.leave(e, h, e.New != "")
		if h.agent = e.New; h.agent == "" {
			s.wait(e, h, h.lane)
		} else {
			s.lane(h.lane).Given++
		}
	case ticket.TicketReopened:
		if h.agent == "" {
			s.wait(e, h, h.lane)
		}
	case ticket.TicketStatus, ticket.TicketMerged:
		if ticket.Status(e.New).Done() || e.Kind == ticket.TicketMerged && e.New != "" {
			s.leave(e, h, false)
		}
	}
}

// wait lets a ticket wait in a lane, unless an agent has it.
func (s *staffing) wait(e *ticket.Entry, h *held, lane string) {
	if h.agent != "" {
		h.lane = lane
		return
	}
	since := h.since
	s.leave(e, h, false)
	h.lane, h.since, h.here = lane, since, e.Processed
	if since.IsZero() {
		h.since = e.Processed
	}
	s.lane(lane).waiting[e.Ticket] = h
}

// leave ends the waiting in a lane, because an agent has the ticket or for another reason.
func (s *staffing) leave(e *ticket.Entry, h *held, given bool) {
	if h.since.IsZero() {
		return
	}
	l := s.lane(h.lane)
	delete(l.waiting, e.Ticket)
	l.LongestWait = max(l.LongestWait, e.Processed.Sub(h.here).Seconds())
	if took := e.Processed.Sub(h.since).Seconds(); given && took > 0 {
		s.Waited++
		if took > s.LongestWait {
			s.LongestWait, s.LongestTicket = took, e.Ticket
		}
	}
	h.since = time.Time{}
}

// waiting is how many wait now.
func (s *staffing) waiting() (n int) {
	for _, l := range s.lanes {
		n += len(l.waiting)
	}
	return n
}

// look notes how long the queues are, now that everything is done that was to be done at this time.
func (s *staffing) look(now time.Time) {
	if s == nil {
		return
	}
	n := 0
	for _, l := range s.lanes {
		l.LongestQueue = max(l.LongestQueue, len(l.waiting))
		n += len(l.waiting)
	}
	s.LongestQueue = max(s.LongestQueue, n)
	hour := now.UTC().Truncate(time.Hour)
	for len(s.hours) > 0 && s.hours[len(s.hours)-1].From.Before(hour) { // nothing happened in hours without a look
		last := s.hours[len(s.hours)-1]
		next := QueueHour{From: last.From.Add(time.Hour), Waiting: s.at}
		s.hours = append(s.hours, next)
	}
	if len(s.hours) == 0 && n > 0 {
		s.hours = append(s.hours, QueueHour{From: hour})
	}
	if len(s.hours) > 0 {
		last := &s.hours[len(s.hours)-1]
		last.Waiting = max(last.Waiting, n)
	}
	s.at = n
}

// report tells it all, for a crew that worked under the setup until the end.
func (s *staffing) report(c *crew, setup socialcrm.Setup, end time.Time) *Staffing {
	r := s.Staffing
	worked, there := time.Duration(0), time.Duration(0)
	for _, a := range setup.Agents {
		if !c.names[a.Name] {
			continue
		}
		r.Agents++
		worked += c.worked[a.Name]
		calendar := (*sla.Calendar)(nil)
		if hours, ok := setup.Calendars[a.Shift]; ok {
			calendar, _ = sla.NewCalendar(hours) // it was checked with the Setup
		}
		until := end
		if !a.Until.IsZero() && a.Until.Before(end) {
			until = a.Until
		}
		there += max(0, calendar.Between(s.began, until))
	}
	if there > 0 {
		r.Utilisation = worked.Seconds() / there.Seconds()
	}
	r.Lanes, r.Queue = []LaneReport{}, s.hours
	order := func(name string) int {
		if i := slices.IndexFunc(setup.Lanes, func(l routing.Lane) bool { return l.Name == name }); i >= 0 {
			return i
		}
		return len(setup.Lanes)
	}
	for _, l := range s.lanes {
		for id, h := range l.waiting { // until the end
			l.LongestWait = max(l.LongestWait, end.Sub(h.here).Seconds())
			r.Waited++
			r.Unserved++
			if took := end.Sub(h.since).Seconds(); took > r.LongestWait || took == r.LongestWait && id < r.LongestTicket {
				r.LongestWait, r.LongestTicket = took, id
			}
		}
		r.Lanes = append(r.Lanes, l.LaneReport)
	}
	slices.SortFunc(r.Lanes, func(a, b LaneReport) int {
		if d := order(a.Lane) - order(b.Lane); d != 0 {
			return d
		}
		return strings.Compare(a.Lane, b.Lane)
	})
	for len(r.Queue) > 0 && r.Queue[len(r.Queue)-1].Waiting == 0 {
		r.Queue = r.Queue[:len(r.Queue)-1]
	}
	return &r
}

// write shows it to a person.
func (s *Staffing) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n%d agents, %.0f %% of their time at work; %d transfers, %d moved on to another lane\n", s.Agents, 100*s.Utilisation, s.Transfers, s.MovedOn)
	fmt.Fprintf(b, "%d waited for an agent, up to %d at a time, the longest %s; %d still wait\n", s.Waited, s.LongestQueue, short(s.LongestWait), s.Unserved)
	fmt.Fprintf(b, "%-25s %8s %14s %14s\n", "lane", "given", "longest queue", "longest wait")
	for _, l := range s.Lanes {
		fmt.Fprintf(b, "%-25s %8d %14d %14s\n", l.Lane, l.Given, l.LongestQueue, short(l.LongestWait))
	}
	if len(s.Queue) > 0 {
		counts := make([]int, 0, len(s.Queue))
		each := (len(s.Queue) + tableWidth - 1) / tableWidth
		for hours := range slices.Chunk(s.Queue, each) {
			most := 0
			for _, h := range hours {
				most = max(most, h.Waiting)
			}
			counts = append(counts, most)
		}
		fmt.Fprintf(b, "waiting from %s UTC, %d h a column\n%s\n", s.Queue[0].From.Format("2006-01-02 15:04"), each, bars(counts))
	}
}
