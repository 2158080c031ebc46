package socialcrm

import (
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// pollAlarm is raised, once, when a source cannot be polled because the platform does not know us any more; it ends when the source can be polled again.
type pollAlarm struct {
	source  string
	account channel.AccountID // whose own source it is; zero: nobody's
	raised  string            // who raised it, or empty
}

const (
	byPlatform = "platform" // an event told of it before a poll found out
	byPoll     = "poll"
)

func (a *pollAlarm) key() ticket.ValueKey {
	name := "source " + a.source
	if !a.account.IsZero() {
		name = a.account.String()
	}
	return ticket.ValueKey{Space: "poll alarm", Name: name}
}

// failed raises the alarm when the poll was not authorized. What the platform has told already is no further alarm, but its end is told.
func (a *pollAlarm) failed(w *work, cause error) {
	if a.raised == byPoll || remote.KindOf(cause) != remote.Unauthorized {
		return
	}
	w.tx.PutValue(ticket.Value{Key: a.key(), Data: []byte(byPoll)})
	if a.raised == "" {
		w.append(a.entry(w, ticket.AccountAlarm, "source "+a.source+": "+reasonOf(cause)))
	}
}

// works ends the alarm.
func (a *pollAlarm) works(w *work) {
	if a.raised == "" {
		return
	}
	w.tx.DeleteValue(a.key())
	if a.raised == byPoll {
		w.append(a.entry(w, ticket.AccountRecovered, "source "+a.source+" can be polled again"))
	}
}

func (a *pollAlarm) entry(w *work, kind ticket.EntryKind, reason string) ticket.Entry {
	e := ticket.Entry{Kind: kind, Key: string(kind) + "/poll/" + a.source + "/" + stamp(w.now), Actor: ticket.Actor{Kind: ticket.BySystem}, New: "poll", Reason: reason}
	if !a.account.IsZero() {
		e.Old = a.account.String()
	}
	return e
}

// toldByPlatform notes that the platform itself told that the authorization of an account is lost, so that its polls raise no second alarm.
func (w *work) toldByPlatform(id channel.AccountID) error {
	a := pollAlarm{account: id}
	values, err := w.tx.Values(a.key())
	if err == nil && values[0].Data == nil {
		w.tx.PutValue(ticket.Value{Key: a.key(), Data: []byte(byPlatform)})
	}
	return err
}
