package socialcrm

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// outage is how a CRM that is not to be had is left alone: everything that is to be done there waits in one paused queue, and one call asks again, less and less
// often. Without it, each of many changed subjects would ask for itself.
type outage struct {
	// Since is when the first call failed, Failures how many rounds did, Until when the next may ask.
	Since    time.Time `json:"since"`
	Failures int       `json:"failures"`
	Until    time.Time `json:"until"`
	// Kind is the kind of the latest task that failed: reading may work while writing does not.
	Kind string `json:"kind"`
	// Suspect is a task whose outcome was unknown: it alone may be the trouble.
	Suspect string `json:"suspect,omitempty"`
}

// The first pause is about firstPause long; each is twice as long as the one before, up to longestPause: an hour's outage costs about ten calls, and what waits
// is pushed at most a quarter of an hour after its end. The journal hears of an outage at the third failure in a row.
const (
	firstPause   = 15 * time.Second
	longestPause = 15 * time.Minute
	outageTold   = 3
)

func outageKey(sink string) ticket.ValueKey { return ticket.ValueKey{Space: "outage", Name: sink} }

// patience is how long to leave a CRM alone after so many failures: between half of the time and all of it, so that many processes do not come back at once.
func patience(sink string, failures int) time.Duration {
	limit := longestPause
	if failures < 8 {
		limit = min(firstPause<<(failures-1), longestPause)
	}
	h := fnv.New64a()
	fmt.Fprint(h, sink, failures)
	return limit/2 + time.Duration(h.Sum64()%uint64(limit/2))
}

// leaveAlone pauses all that is to be done in a CRM after a call that failed, and returns when the call may be made again.
func (w *work) leaveAlone(sink string, lease ticket.Lease, cause error) (time.Time, error) {
	o, err := w.outage(sink)
	if err != nil {
		return time.Time{}, err
	}
	o.Kind = lease.Kind
	if remote.KindOf(cause) == remote.Unknown && o.Failures == 0 && (o.Suspect == "" || o.Suspect == lease.ID) {
		o.Suspect = lease.ID
		return retryAt(cause, w.now, lease), w.putOutage(sink, o)
	}
	e, ok := errors.AsType[*remote.Error](cause)
	asked := ok && e.RetryAt.After(w.now)
	if o.Until.After(w.now) && !(asked && e.RetryAt.After(o.Until)) {
		return o.Until, nil // another call found out already
	}
	if o.Failures == 0 {
		o.Since = w.now
	}
	o.Failures++
	o.Suspect = ""
	if o.Until = w.now.Add(patience(sink, o.Failures)); asked {
		o.Until = e.RetryAt
	}
	w.tx.PauseQueue(ticket.QueuePause{Queue: syncQueue(sink), Until: o.Until, Reason: reasonOf(cause)})
	if o.Failures == outageTold {
		w.append(ticket.Entry{Kind: ticket.ScopePaused, Key: "outage/" + sink + "/" + o.Since.UTC().Format(time.RFC3339Nano), Actor: ticket.Actor{Kind: ticket.ByCRM, ID: sink}, New: "sink " + sink, Reason: reasonOf(cause)})
	}
	return o.Until, w.putOutage(sink, o)
}

// reached ends a CRM's outage: a call of the kind that failed went through, or a push.
func (w *work) reached(sink, kind string) error {
	o, err := w.outage(sink)
	if err != nil || o == (outage{}) || kind != syncKind && kind != o.Kind {
		return err
	}
	w.tx.DeleteValue(outageKey(sink))
	if o.Failures >= outageTold {
		w.append(ticket.Entry{Kind: ticket.ScopeResumed, Key: "reached/" + sink + "/" + o.Since.UTC().Format(time.RFC3339Nano), Actor: ticket.Actor{Kind: ticket.ByCRM, ID: sink}, New: "sink " + sink})
	}
	return nil
}

func (w *work) outage(sink string) (o outage, err error) {
	values, err := w.tx.Values(outageKey(sink))
	if err != nil || values[0].Data == nil {
		return o, err
	}
	return o, json.Unmarshal(values[0].Data, &o)
}

func (w *work) putOutage(sink string, o outage) error {
	data, err := json.Marshal(o)
	if err == nil {
		w.tx.PutValue(ticket.Value{Key: outageKey(sink), Data: data})
	}
	return err
}

// notDone says when a call to a CRM that failed is made again; when never, the task is a dead letter, and never says so in the journal.
func (w *work) notDone(sink string, lease ticket.Lease, cause error, never func()) error {
	if later, err := w.later(sink, lease, cause); later || err != nil {
		return err
	}
	never()
	return w.tx.Bury(lease, reasonOf(cause))
}

// later makes a call to a CRM that failed again after a while; it reports false, and does nothing, when the failure is of a kind that waiting does not mend.
func (w *work) later(sink string, lease ticket.Lease, cause error) (bool, error) {
	w.d.log.Warn("call to the CRM failed", "sink", sink, "task", lease.ID, "kind", remote.KindOf(cause).String(), "error", cause)
	switch kind := remote.KindOf(cause); kind {
	case remote.RateLimited, remote.Unavailable, remote.Unauthorized, remote.Exhausted, remote.Unknown:
		if kind == remote.Unknown && lease.Attempts+1 >= maxAttempts {
			break
		}
		due, err := w.leaveAlone(sink, lease, cause)
		if err != nil {
			return false, err
		}
		return true, w.tx.Postpone(lease, due, reasonOf(cause))
	}
	return false, nil
}

// sinkOf returns the sink of this name; nil when there is none.
func (d *Desk) sinkOf(name string) crm.Sink {
	for _, s := range d.allSinks() {
		if s.Name() == name {
			return s
		}
	}
	return nil
}

// withoutSink puts a task aside whose sink is not there: it may be added again.
//
// After 30 days it waits no more: the journal tells of the gap, and the task becomes a dead letter, which does not hold up a Store that lets go of what is old.
func (d *Desk) withoutSink(w *work, sink string, lease ticket.Lease) error {
	if lease.Attempts < sinkAwaited {
		return w.tx.Postpone(lease, w.now.Add(time.Hour), "sink "+sink+" is not there")
	}
	const reason = "the sink has not been there for 30 days"
	key, err := w.entryKey("gap")
	if err != nil {
		return err
	}
	gap := ticket.Entry{Kind: ticket.JournalGap, Key: "crm/" + sink + "/" + key, Actor: ticket.Actor{Kind: ticket.ByCRM, ID: sink}, New: lease.ID, Reason: reason}
	if id, ok := strings.CutPrefix(lease.Key, "contact/"); ok {
		gap.Contact = ticket.ContactID(id)
	}
	w.append(gap) // it belongs to no ticket: with that, it would be let go of itself
	return w.tx.Bury(lease, reason)
}

// sinkAwaited is how often, once an hour, a task waits for its sink.
const sinkAwaited = 30 * 24
