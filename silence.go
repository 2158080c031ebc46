package socialcrm

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

const silenceKind = "silence"

// An account is too silent when, by what it did in the same hours of the weeks before, such a silence would come by chance less than once in ten thousand times.
//
// For each of the 168 hours of the week (in UTC) the Desk counts in how many weeks something came in; an hour in which it did so in k of n weeks is quiet with a
// chance of 1 - k/(n+2), and a silence has the product of the chances of its whole hours. A shop that is written to in every opening hour is missed after about
// half a day of them, but never at night; one that is written to twice a week is missed after some weeks. Nothing is said before two weeks are known, and after
// eight the older ones count half.
const (
	silenceChance  = 1e-4
	silenceLearned = 2 * week
	silenceForgets = 8 * week
	silenceLongest = 8 * week
	week           = 7 * 24 * time.Hour
	hoursOfWeek    = 168
)

// activity is when something usually comes in from an account.
type activity struct {
	// Since is from when on the hours are counted, Heard the latest hour in which something came in.
	Since time.Time `json:"since"`
	Heard time.Time `json:"heard"`
	// Hours counts for each hour of the week in how many weeks something came in.
	Hours [hoursOfWeek]float64 `json:"hours"`
	// Silent is set since the alarm.
	Silent bool `json:"silent,omitempty"`
}

func activityKey(id channel.AccountID) ticket.ValueKey {
	return ticket.ValueKey{Space: "activity", Name: id.String()}
}

// silenceTask looks at an account at the time at which its silence would be too long.
func silenceTask(id channel.AccountID, due time.Time) ticket.Task {
	return ticket.Task{ID: "silence/" + id.String(), Kind: silenceKind, Queue: silenceKind, Due: due, Payload: []byte(id.String())}
}

func hourOfWeek(t time.Time) int {
	t = t.UTC()
	return int(t.Weekday())*24 + t.Hour()
}

// heard counts an hour in which something came in.
func (a *activity) heard(hour time.Time) {
	if a.Since.IsZero() {
		a.Since = hour
	}
	if hour.Sub(a.Since) > silenceForgets {
		for i := range a.Hours {
			a.Hours[i] /= 2
		}
		a.Since = hour.Add(-silenceForgets / 2)
	}
	a.Heard = hour
	a.Hours[hourOfWeek(hour)]++
}

// tooLong is when a silence that begins now will be too long; zero when that cannot be said.
func (a *activity) tooLong() time.Time {
	known := a.Heard.Sub(a.Since)
	if known < silenceLearned {
		return time.Time{}
	}
	weeks, chance := float64(known)/float64(week), 1.0
	for hour := a.Heard.Add(time.Hour); hour.Sub(a.Heard) < silenceLongest; hour = hour.Add(time.Hour) {
		usual := a.Hours[hourOfWeek(hour)] / (weeks + 2)
		if chance *= 1 - min(usual, 0.95); chance < silenceChance {
			return hour.Add(time.Hour)
		}
	}
	return time.Time{}
}

// alive notes, at most once an hour, that something came in from an account, and moves the time at which its silence would be too long.
func (w *work) alive(id channel.AccountID) error {
	acc := w.d.channelOf(id)
	hour := w.now.Truncate(time.Hour)
	if acc == nil || acc.heard.Load() == hour.Unix() || slices.Contains(w.alives, acc) {
		return nil
	}
	w.alives = append(w.alives, acc) // once it is committed, nothing is read for the rest of the hour
	values, err := w.tx.Values(activityKey(id))
	if err != nil {
		return err
	}
	var a activity
	if values[0].Data != nil {
		if err := json.Unmarshal(values[0].Data, &a); err != nil {
			return err
		}
	}
	if !a.Heard.Before(hour) {
		return nil // another process noted it
	}
	if a.Silent {
		a.Silent = false
		w.append(ticket.Entry{Kind: ticket.AccountRecovered, Key: "heard/" + id.String() + "/" + stamp(hour), Actor: ticket.Actor{Kind: ticket.BySystem}, Old: id.String(), New: "heard again"})
	}
	a.heard(hour)
	if due := a.tooLong(); !due.IsZero() {
		w.tx.Schedule(silenceTask(id, due))
	}
	return w.putActivity(id, a)
}

func (w *work) putActivity(id channel.AccountID, a activity) error {
	data, err := json.Marshal(a)
	if err == nil {
		w.tx.PutValue(ticket.Value{Key: activityKey(id), Data: data})
	}
	return err
}

// silent raises the alarm, once, and looks for what may be wrong: a lost subscription.
func (w *work) silent(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	var id channel.AccountID
	if err := id.UnmarshalText(lease.Payload); err != nil {
		return err
	}
	values, err := w.tx.Values(activityKey(id))
	if err != nil || values[0].Data == nil {
		return err
	}
	var a activity
	if err := json.Unmarshal(values[0].Data, &a); err != nil {
		return err
	}
	if due := a.tooLong(); a.Silent || due.IsZero() || w.now.Before(due) || w.d.channelOf(id) == nil {
		return nil
	}
	a.Silent = true
	w.append(ticket.Entry{
		Kind: ticket.AccountAlarm, Key: "silent/" + id.String() + "/" + stamp(a.Heard), Actor: ticket.Actor{Kind: ticket.BySystem}, Old: id.String(), New: "silent",
		Reason: "nothing came in since the hour of " + a.Heard.UTC().Format(time.RFC3339) + ", which is longer than usual",
	})
	w.d.log.Warn("account is silent", "account", id.String(), "since", a.Heard)
	w.checkSubscription(id)
	return w.putActivity(id, a)
}
