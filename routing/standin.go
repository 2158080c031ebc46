package routing

import (
	"time"

	"github.com/socialcrm/socialcrm/sla"
)

// This file is about lanes in which nobody works, and whose fallbacks stand in for them.

// unmanned says why nobody works in a lane now; empty when somebody may.
func (l *Lanes) unmanned(at *lane, q *Query) MoveCause {
	switch {
	case at.Fallback == "":
		return ""
	case !at.calendar.Open(q.Now):
		return Closed
	case at.Team != "" && q.Roster != nil && !q.Roster.there(at.Team, l.shifts(q.Now)):
		return Deserted
	}
	return ""
}

// StandIn returns the lane that takes what comes to a lane now, unless that has too much waiting: the lane itself, or the one at which its fallbacks end, which may be closed
// or deserted itself when it has no Fallback. Empty when there is no such lane.
func (l *Lanes) StandIn(name string, r *Roster, now time.Time) string {
	at := l.byName[name]
	if at == nil {
		return ""
	}
	q := Query{Now: now, Roster: r}
	for at.Fallback != "" && l.unmanned(at, &q) != "" { // Check allows no circles
		at = l.byName[at.Fallback]
	}
	return at.Name
}

// Unmanned says why a lane's Fallback takes what comes to it now, Closed or Deserted; empty when the lane takes it itself. when is from when on it takes what waits in the
// lane as well: not after now when it does already. While nobody has been there for less than Lane.FallbackAfter, and while the lane takes its tickets itself, it is when to
// look again at the latest, should nobody come or leave meanwhile; zero: never.
func (l *Lanes) Unmanned(name string, r *Roster, now time.Time) (why MoveCause, when time.Time) {
	at := l.byName[name]
	if at == nil || at.Fallback == "" {
		return "", time.Time{}
	}
	after := time.Duration(at.FallbackAfter)
	if after == 0 {
		after = standardAfter
	}
	switch why = l.unmanned(at, &Query{Now: now, Roster: r}); why {
	case Closed:
		return why, now
	case Deserted:
		if when = r.left(at.Team, l.shifts(now), now.Add(-after)); when.IsZero() {
			return why, now
		}
		when = when.Add(after)
	default:
		if when = r.shiftEnds(at.Team, l.shifts(now)); !when.IsZero() {
			when = when.Add(after)
		}
	}
	if closes, ever := at.calendar.NextClose(now); ever && (when.IsZero() || closes.Before(when)) {
		when = closes
	}
	return why, when
}

// standardAfter is Lane.FallbackAfter where it is 0.
const standardAfter = 5 * time.Minute

// left is when the last of a team, of whom nobody is at work now, stopped working, if that was after an instant; zero when it was not. Who changed from one way of not being
// there to another is taken to have been there until then.
func (r *Roster) left(team string, s shifts, after time.Time) (last time.Time) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t := r.teams[team]
	if t == nil {
		return last
	}
	for _, m := range t.members {
		end := s.now // of the shift, for who is there
		if m.atWork() == 0 {
			end = m.state.Since
		}
		if !end.After(after) {
			continue
		}
		if worked := lastOpen(s.calendars[m.agent.Shift], after, end); worked.After(last) {
			last = worked
		}
	}
	return last
}

// lastOpen is until when a calendar was open between two instants; zero when it was not.
func lastOpen(c *sla.Calendar, after, end time.Time) (last time.Time) {
	if c.Open(end) {
		return end
	}
	for {
		opens, ever := c.NextOpen(after)
		if !ever || !opens.Before(end) {
			return last
		}
		if last, _ = c.NextClose(opens); last.After(end) {
			return end
		}
		after = last
	}
}

// shiftEnds is when the first of a team's shifts ends next, those that are still to begin among them; zero when none ends.
func (r *Roster) shiftEnds(team string, s shifts) (first time.Time) {
	if r == nil || r.teams[team] == nil {
		return first
	}
	shifts := r.teams[team].shifts
	for i := range shifts {
		c := s.calendars[shifts[i].shift] // who belongs to which does not change
		opens, ever := c.NextOpen(s.now)
		if !ever {
			continue
		}
		if ends, ever := c.NextClose(opens); ever && (first.IsZero() || ends.Before(first)) {
			first = ends
		}
	}
	return first
}
