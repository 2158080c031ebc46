package socialcrm

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// Tick does everything that is due now, in due order, one task at a time, and returns when it wants to be called next; the zero time when nothing is
// planned. Run calls it for most hosts; programs with a clock of their own (Config.Now) call it after moving the clock.
func (d *Desk) Tick(ctx context.Context) (next time.Time, err error) {
	for {
		leases, err := d.claim(ctx, 1, 0)
		if err != nil {
			return time.Time{}, fmt.Errorf("socialcrm: tick: %w", err)
		}
		if len(leases) == 0 {
			break
		}
		if err := d.do(ctx, leases[0]); err != nil {
			return time.Time{}, fmt.Errorf("socialcrm: tick: %s: %w", leases[0].ID, errors.Join(err, d.putBack(ctx, leases[0])))
		}
	}
	next, err = d.nextDue(ctx)
	if err != nil {
		return next, fmt.Errorf("socialcrm: tick: %w", err)
	}
	return next, nil
}

// putBack makes a task due again that was given up because ctx ended, instead of leaving it under its lease.
func (d *Desk) putBack(ctx context.Context, lease ticket.Lease) error {
	if ctx.Err() == nil {
		return nil
	}
	return d.settle(ctx, func(w *work) error { return w.tx.Postpone(lease, lease.Due, "") })
}

func (d *Desk) nextDue(ctx context.Context) (next time.Time, err error) {
	err = d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) (err error) {
		next, err = r.NextDue(d.now())
		return err
	})
	return next, err
}

// claim leases up to n tasks that have been due for so long, for longer than a request and its recording can take.
func (d *Desk) claim(ctx context.Context, n int, dueFor time.Duration) (leases []ticket.Lease, err error) {
	err = d.update(ctx, func(w *work) (err error) {
		leases, err = w.tx.Claim(ticket.ClaimQuery{Now: w.now.Add(-dueFor), Limit: n, Lease: 2*d.cfg.SendTimeout + 3*d.margin()})
		return err
	})
	return leases, err
}

// do works on one task and records the outcome.
func (d *Desk) do(ctx context.Context, lease ticket.Lease) error {
	switch lease.Kind {
	case sendKind:
		return d.send(ctx, lease)
	case paceKind:
		return d.settle(ctx, func(w *work) error { return w.pace(lease) })
	case syncKind:
		return d.syncSubject(ctx, lease)
	case clockKind:
		return d.settle(ctx, func(w *work) error { return w.deadline(lease) })
	case consultKind:
		return d.settle(ctx, func(w *work) error { return w.overdue(lease) })
	case moderateKind:
		return d.moderate(ctx, lease)
	case leaveKind:
		return d.settle(ctx, func(w *work) error { return w.leave(lease) })
	case drainKind:
		return d.settle(ctx, func(w *work) error { return w.drain(lease) })
	case openKind:
		return d.settle(ctx, func(w *work) error { return w.opens(lease) })
	case handOnKind, bringBackKind:
		if err := d.follow(ctx); err != nil {
			return err
		}
		return d.settle(ctx, func(w *work) error { return w.standIn(lease) })
	case overflowKind:
		return d.settle(ctx, func(w *work) error { return w.overflow(lease) })
	case rerouteKind:
		if err := d.follow(ctx); err != nil {
			return err
		}
		return d.settle(ctx, func(w *work) error { return w.reroute(lease) })
	case pollKind:
		return d.poll(ctx, lease)
	case pastKind:
		return d.bringPast(ctx, lease)
	case changesKind:
		return d.changes(ctx, lease)
	case learnKind:
		return d.settle(ctx, func(w *work) error { return w.learn(lease) })
	case lookupKind:
		return d.lookup(ctx, lease)
	case profileKind:
		return d.profile(ctx, lease)
	case authorKind:
		return d.readAuthor(ctx, lease)
	case rereadKind:
		return d.reread(ctx, lease)
	case campaignKind:
		return d.settle(ctx, func(w *work) error { return w.joinCampaign(lease) })
	case relateKind:
		return d.settle(ctx, func(w *work) error { return w.relateAgain(lease) })
	case linkKind:
		return d.settle(ctx, func(w *work) error { return w.link(lease) })
	case leadKind:
		return d.pushLead(ctx, lease)
	case redactKind:
		return d.redact(ctx, lease)
	case redactByKind:
		return d.settle(ctx, func(w *work) error { return w.redactBy(lease) })
	case catchUpKind:
		return d.settle(ctx, func(w *work) error { return w.catchUpMore(lease) })
	case eraseKind:
		return d.erase(ctx, lease)
	case eraseByKind:
		return d.settle(ctx, func(w *work) error { return w.eraseBy(lease) })
	case releaseKind:
		return d.releaseExpected(ctx, lease)
	case subscribeKind:
		return d.subscribe(ctx, lease)
	case reapplyKind:
		if err := d.follow(ctx); err != nil { // what is to be applied may have come from another process
			return err
		}
		return d.settle(ctx, func(w *work) error { return w.reapply(lease) })
	case holidaysKind:
		return d.holidays(ctx, lease)
	case silenceKind:
		return d.settle(ctx, func(w *work) error { return w.silent(lease) })
	}
	return d.settle(ctx, func(w *work) error { return w.tx.Bury(lease, "kind "+lease.Kind+" is not known") })
}

const pollKind = "poll"

// pollTask polls a source; one at a time, because the task has one ID.
func pollTask(source string, due time.Time) ticket.Task {
	return ticket.Task{ID: "poll/" + source, Kind: pollKind, Queue: pollQueue(source), Due: due, Payload: []byte(source)}
}

func pollQueue(source string) string { return "poll/" + source }

func cursorKey(source string) ticket.ValueKey { return ticket.ValueKey{Space: "cursor", Name: source} }

const pollWait = 30 * time.Second

// poll fetches what is new from a source. The events, the cursor and the next poll are stored together.
func (d *Desk) poll(ctx context.Context, lease ticket.Lease) error {
	name := string(lease.Payload)
	source := d.sourceOf(name)
	if source == nil {
		return d.settle(ctx, func(w *work) error { return w.leaveOrFinish(lease, "source "+name) })
	}
	poller, ok := source.(channel.Poller)
	if !ok {
		return d.settle(ctx, func(w *work) error { return w.tx.Finish(lease) }) // it was replaced
	}
	var after channel.Cursor
	alarm := pollAlarm{source: name, account: d.accountOf(name)}
	err := d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) error {
		values, err := r.Values(cursorKey(name), alarm.key())
		if err == nil {
			after, alarm.raised = channel.Cursor(values[0].Data), string(values[1].Data)
		}
		return err
	})
	if err != nil {
		return err
	}
	pollCtx, cancel := context.WithTimeout(ctx, d.cfg.SendTimeout)
	batch, err := poller.Poll(pollCtx, after)
	cancel()
	if err != nil {
		d.log.Warn("poll failed", "source", name, "error", err)
		return d.settle(ctx, func(w *work) error {
			alarm.failed(w, err)
			if err := w.pollPauses(err, alarm.account); err != nil {
				return err
			}
			return w.tx.Postpone(lease, retryAt(err, w.now, lease), reasonOf(err))
		})
	}
	wait := batch.Wait
	if wait <= 0 {
		wait = pollWait
	}
	if batch.More && batch.Cursor != after {
		wait = 0
	}
	a := &arrival{source: name, events: batch.Events, bad: batch.Bad, then: func(w *work) error {
		holds, err := w.tx.Holds(lease)
		if err != nil || !holds {
			return err // the events count, the cursor is somebody else's now
		}
		if batch.Cursor != after {
			w.tx.PutValue(ticket.Value{Key: cursorKey(name), Data: []byte(batch.Cursor)})
		}
		if err := w.tx.Finish(lease); err != nil {
			return err
		}
		w.tx.Schedule(pollTask(name, w.now.Add(wait)))
		if lease.Attempts >= longOutage {
			w.checkSubscription(alarm.account)
		}
		alarm.works(w)
		return nil
	}}
	return d.group.do(context.WithoutCancel(ctx), d, a)
}

// backoff is how long to wait before the next attempt: a random share ("full jitter") of a time that doubles up to an hour. What is random follows from the
// task, so that a replay does the same again.
func backoff(task string, attempts int) time.Duration {
	limit := time.Second << min(attempts+1, 12)
	if limit > time.Hour {
		limit = time.Hour
	}
	h := fnv.New64a()
	h.Write([]byte(task + "/" + strconv.Itoa(attempts)))
	return 100*time.Millisecond + time.Duration(h.Sum64()%uint64(limit))
}
