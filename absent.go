package socialcrm

import (
	"encoding/json"
	"time"

	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// Desks of one Store need not have the same channels and sources. What one of them claims and cannot do for that is left to the others.

// awaited is how long a task waits for a Desk that can do it. By then it is nobody's: the account was taken out everywhere.
const awaited = 24 * time.Hour

// courtesy is how long a Desk steps back from what is due once it has left something to others: clocks differ, and the one that is ahead would be first each time.
const courtesy = time.Second

// absence is how long a task was left without a break.
type absence struct {
	Since time.Time `json:"since"`
	// Attempts is the task's count by then: another number means that somebody worked on it meanwhile.
	Attempts int `json:"attempts"`
}

// leaveToOthers puts a task back that this Desk cannot do for want of what it names, and waits a little longer each time. It reports false, with the reason, and does
// nothing, once nobody was there for it in all the time for which it waits.
func (w *work) leaveToOthers(lease ticket.Lease, what string) (left bool, reason string, err error) {
	key := ticket.ValueKey{Space: "absent", Name: lease.ID}
	values, err := w.tx.Values(key)
	if err != nil {
		return false, "", err
	}
	var a absence
	if values[0].Data != nil {
		if err := json.Unmarshal(values[0].Data, &a); err != nil {
			return false, "", err
		}
	}
	if a.Attempts != lease.Attempts || a.Since.IsZero() {
		a.Since = w.now
	}
	gone := w.now.Sub(a.Since)
	if gone >= awaited {
		w.tx.DeleteValue(key)
		return false, what + " has not been there for a day", nil
	}
	wait := min(time.Second+gone/8, time.Hour)
	a.Attempts = lease.Attempts + 1
	data, err := json.Marshal(a)
	if err != nil {
		return false, "", err
	}
	due := w.now.Add(wait)
	w.tx.PutValue(ticket.Value{Key: key, Data: data, Expires: due.Add(awaited)})
	w.d.stepBack.Store(due.Add(courtesy).UnixNano())
	return true, "", w.tx.Postpone(lease, due, what+" is not known to the process that tried")
}

// leaveOrFinish leaves a task; once nobody is there for it, it is over: adding what it waits for plans it again.
func (w *work) leaveOrFinish(lease ticket.Lease, what string) error {
	left, reason, err := w.leaveToOthers(lease, what)
	if left || err != nil {
		return err
	}
	w.d.log.Info("task given up", "task", lease.ID, "reason", reason)
	return w.tx.Finish(lease)
}

// leavePost leaves a post. Once nobody is there for it, it ends as one to a platform that was away for as long; one that may have gone out is in doubt.
func (w *work) leavePost(lease ticket.Lease, m *ticket.Message) error {
	left, reason, err := w.leaveToOthers(lease, accountNamed(m))
	switch {
	case left || err != nil:
		return err
	case m.Post.State != ticket.PostQueued:
		return w.doubt(lease, m.Key, reason)
	}
	return w.neverReached(lease, m, reason)
}

// leaveModeration leaves an order to moderate. Once nobody is there for it, the agents hear that it was not carried out.
func (w *work) leaveModeration(lease ticket.Lease, m *ticket.Message, order moderation) error {
	left, reason, err := w.leaveToOthers(lease, accountNamed(m))
	if left || err != nil {
		return err
	}
	return w.moderationDone(lease, m, order, &remote.Error{Op: "moderate " + m.Content.ID, Kind: remote.Rejected, Message: reason})
}

func accountNamed(m *ticket.Message) string { return "account " + m.Conversation.Account.String() }

// steppedBack is how long what this Desk claims must have been due: others of the Store come first for a moment after it had something that is theirs.
func (d *Desk) steppedBack() time.Duration {
	if d.now().UnixNano() < d.stepBack.Load() {
		return courtesy
	}
	return 0
}
