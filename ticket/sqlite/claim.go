package sqlite

import (
	"cmp"
	"database/sql"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// Claim implements ticket.Tx. Tasks that can be claimed lie in an index by due time, whatever waits behind them; leases that have ended are let go of first.
func (x *tx) Claim(q ticket.ClaimQuery) ([]ticket.Lease, error) {
	if x.on == nil {
		return nil, errEnded
	}
	stored := x.now()
	if err := x.lapse(nanos(stored)); err != nil {
		return nil, err
	}
	found, err := x.claimable(&q)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	if err := x.count(); err != nil {
		return nil, err
	}
	length := q.Lease
	if length <= 0 {
		length = time.Minute
	}
	// A claim that is not committed has used up its tokens too, and nobody but the clock remembers them.
	x.tokens = max(x.tokens, time.Now().UnixNano())
	leases := make([]ticket.Lease, len(found))
	for i, t := range found {
		x.tasksBefore[t.ID] = t
		x.tokens++
		t.token, t.until, t.state, t.again = x.tokens, nanos(stored.Add(length)), stateLeased, false
		x.tasks.put(t.ID, t)
		leases[i] = ticket.Lease{Task: t.Task, Token: t.token, Until: timeOf(t.until)}
		leases[i].Payload = slices.Clone(t.Payload)
	}
	return leases, nil
}

// lapse lets go of tasks whose lease has ended. This is written at once, so that what follows finds them.
func (x *tx) lapse(now int64) error {
	type line struct {
		place      int64
		queue, key string
	}
	var ended []line
	err := x.on.each(func(rows *sql.Rows) error {
		var l line
		err := rows.Scan(&l.place, &l.queue, &l.key)
		ended = append(ended, l)
		return err
	}, `SELECT place, queue, key FROM socialcrm_task INDEXED BY socialcrm_task_leased WHERE tenant = ? AND state = 2 AND until <= ?`, x.tenant, now)
	for _, l := range ended {
		state := int64(stateReady)
		if l.key != "" {
			state = stateBehind
		}
		if err == nil {
			err = x.on.exec(`UPDATE socialcrm_task SET state = ? WHERE place = ?`, state, l.place)
		}
		if err == nil && l.key != "" {
			err = x.promote(l.queue, l.key)
		}
	}
	return err
}

// selectFirst finds the first task of a key.
const selectFirst = `SELECT place FROM socialcrm_task INDEXED BY socialcrm_task_line WHERE tenant = ? AND queue = ? AND key = ? AND key <> '' AND NOT dead ORDER BY place LIMIT 1`

// promote makes the first task of a key one that can be claimed, unless it is claimed.
func (x *tx) promote(queue, key string) error {
	return x.on.exec(`UPDATE socialcrm_task SET state = 1 WHERE state = 0 AND place = (`+selectFirst+`)`, x.tenant, queue, key)
}

// pauseKept is how long a pause that has ended is still known: claimers' clocks differ, and a pause ends for each by its own.
const pauseKept = time.Hour

// pausedAt returns the queues from which nothing can be claimed, with the end of the pause (noTime: without end), and forgets pauses that ended long ago.
func (r *reader) pausedAt(now time.Time) (map[string]int64, error) {
	paused := make(map[string]int64)
	err := r.on.each(func(rows *sql.Rows) error {
		var queue string
		var until int64
		if err := rows.Scan(&queue, &until); err != nil {
			return err
		}
		switch {
		case until == noTime || until > nanos(now):
			paused[queue] = until
		case r.own != nil && until <= nanos(now.Add(-pauseKept)) && r.own.pauses.get(queue) == nil:
			r.own.pauses.remove(queue)
		}
		return nil
	}, `SELECT queue, until FROM socialcrm_pause WHERE tenant = ?`, r.tenant)
	return paused, err
}

// slack is how many tasks of paused queues are looked at one by one before the queues are.
const slack = 64

// claimable returns up to q.Limit tasks that can be claimed and that the Update has not written itself.
func (x *tx) claimable(q *ticket.ClaimQuery) ([]taskRow, error) {
	paused, err := x.pausedAt(q.Now)
	if err != nil {
		return nil, err
	}
	wanted, now := max(q.Limit, 1), nanos(q.Now)
	most := wanted + x.tasks.length()
	var found []taskRow
	n := 0
	take := func(rows *sql.Rows) error {
		if n++; len(found) == wanted {
			return nil
		}
		t, err := scanTask(rows)
		if _, isPaused := paused[t.Queue]; err == nil && !isPaused && x.tasks.get(t.ID) == nil {
			found = append(found, t)
		}
		return err
	}
	queues := slices.Clone(q.Queues)
	if len(queues) == 0 {
		if len(paused) > 0 {
			most += slack
		}
		err := x.on.each(take, selectTasks+`INDEXED BY socialcrm_task_ready WHERE tenant = ? AND state = 1 AND due <= ? ORDER BY due, place LIMIT ?`, x.tenant, now, most)
		if err != nil || len(found) == wanted || n < most {
			return found, err
		}
		if queues, err = x.readyQueues(); err != nil {
			return nil, err
		}
	}
	slices.Sort(queues)
	var all []taskRow
	for _, queue := range slices.Compact(queues) {
		if _, isPaused := paused[queue]; isPaused {
			continue
		}
		found = nil
		if err := x.on.each(take, selectTasks+`INDEXED BY socialcrm_task_ready_queue WHERE tenant = ? AND queue = ? AND state = 1 AND due <= ? ORDER BY due, place LIMIT ?`,
			x.tenant, queue, now, most); err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b taskRow) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.place, b.place)) })
	return all[:min(len(all), wanted)], nil
}

// readyQueues returns the queues with tasks that can be claimed once they are due, leaping from one to the next.
func (r *reader) readyQueues() (queues []string, err error) {
	err = r.on.each(func(rows *sql.Rows) error {
		var queue string
		err := rows.Scan(&queue)
		queues = append(queues, queue)
		return err
	}, `WITH RECURSIVE q (queue) AS (
			SELECT (SELECT queue FROM socialcrm_task INDEXED BY socialcrm_task_ready_queue WHERE tenant = ?1 AND state = 1 ORDER BY queue LIMIT 1)
			UNION ALL
			SELECT (SELECT t.queue FROM socialcrm_task t INDEXED BY socialcrm_task_ready_queue WHERE t.tenant = ?1 AND t.state = 1 AND t.queue > q.queue ORDER BY t.queue LIMIT 1)
			FROM q WHERE q.queue IS NOT NULL
		) SELECT queue FROM q WHERE queue IS NOT NULL`, r.tenant)
	return queues, err
}

// NextDue implements ticket.Reader.
func (r *reader) NextDue(now time.Time) (time.Time, error) {
	if r.on == nil {
		return time.Time{}, errEnded
	}
	paused, err := r.pausedAt(now)
	if err != nil {
		return time.Time{}, err
	}
	next := int64(never)
	n, found, looked := 0, false, 1
	if len(paused) > 0 {
		looked = slack
	}
	if err := r.on.each(func(rows *sql.Rows) error {
		var queue string
		var due int64
		n++
		err := rows.Scan(&queue, &due)
		if _, isPaused := paused[queue]; err == nil && !isPaused && !found {
			next, found = due, true
		}
		return err
	}, `SELECT queue, due FROM socialcrm_task INDEXED BY socialcrm_task_ready WHERE tenant = ? AND state = 1 ORDER BY due, place LIMIT ?`, r.tenant, looked); err != nil {
		return time.Time{}, err
	}
	var queues []string
	if !found && n == looked {
		if queues, err = r.readyQueues(); err != nil {
			return time.Time{}, err
		}
	}
	for queue, until := range paused {
		if until != noTime && until < next {
			queues = append(queues, queue)
		}
	}
	for _, queue := range queues {
		until, isPaused := paused[queue]
		if isPaused && until == noTime {
			continue
		}
		if err := r.on.one(func(rows *sql.Rows) error {
			var due int64
			err := rows.Scan(&due)
			if isPaused {
				due = max(due, until)
			}
			next = min(next, due)
			return err
		}, `SELECT due FROM socialcrm_task INDEXED BY socialcrm_task_ready_queue WHERE tenant = ? AND queue = ? AND state = 1 ORDER BY due LIMIT 1`, r.tenant, queue); err != nil {
			return time.Time{}, err
		}
	}
	if err := r.on.one(func(rows *sql.Rows) error {
		var until int64
		err := rows.Scan(&until)
		next = min(next, nanos(now.Add(max(0, timeOf(until).Sub(r.now()))))) // by the Store's clock the lease ends in so much time
		return err
	}, `SELECT until FROM socialcrm_task INDEXED BY socialcrm_task_leased WHERE tenant = ? AND state = 2 ORDER BY until LIMIT 1`, r.tenant); err != nil {
		return time.Time{}, err
	}
	if next == never {
		return time.Time{}, nil
	}
	return timeOf(next), nil
}
