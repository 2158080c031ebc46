package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socialcrm/socialcrm/ticket"
)

const brand = "brand"

func key(name string) ticket.ValueKey { return ticket.ValueKey{Space: "space", Name: name} }

func value(name, data string) ticket.Value { return ticket.Value{Key: key(name), Data: []byte(data)} }

// inHost runs fn in a transaction of the host's own and commits it.
func inHost(t *testing.T, pool *pgxpool.Pool, fn func(ctx context.Context, tx pgx.Tx) error) error {
	t.Helper()
	return pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error { return fn(WithTx(t.Context(), tx), tx) })
}

func valueOf(t *testing.T, s *Store, name string) string {
	t.Helper()
	var data string
	err := s.View(t.Context(), brand, func(r ticket.Reader) error {
		values, err := r.Values(key(name))
		if err == nil {
			data = string(values[0].Data)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func update(t *testing.T, s *Store, fn func(tx ticket.Tx)) {
	t.Helper()
	err := s.Update(t.Context(), brand, func(tx ticket.Tx) error {
		fn(tx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func journal(t *testing.T, s *Store, after ticket.Position) []ticket.Entry {
	t.Helper()
	var entries []ticket.Entry
	err := s.View(t.Context(), brand, func(r ticket.Reader) (err error) {
		entries, err = r.Journal(ticket.JournalQuery{After: after, Limit: 1000})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestHostDataAndTicketsAreCommittedTogetherOrNotAtAll(t *testing.T) {
	t.Parallel()
	pool := newPool(t, "")
	schema := newSchema()
	s := open(t, pool, schema)
	if _, err := pool.Exec(t.Context(), "create table "+schema+".orders (id text)"); err != nil {
		t.Fatal(err)
	}
	rollback := errors.New("the host rolls back")
	for _, outcome := range []error{rollback, nil} {
		err := inHost(t, pool, func(ctx context.Context, tx pgx.Tx) error {
			if !ticket.IsUngrouped(ctx) {
				t.Error("the context is not ungrouped")
			}
			if _, err := tx.Exec(ctx, "insert into "+schema+".orders values ('4711')"); err != nil {
				return err
			}
			for _, step := range []string{"first", "second"} { // several Updates in one transaction see each other
				err := s.Update(ctx, brand, func(tx ticket.Tx) error {
					values, err := tx.Values(key("v"))
					tx.PutValue(value("v", string(values[0].Data)+step))
					tx.Append(ticket.Entry{Key: step})
					tx.Schedule(ticket.Task{ID: step, Key: "line"})
					return err
				})
				if err != nil {
					return err
				}
			}
			err := s.View(ctx, brand, func(r ticket.Reader) error {
				values, err := r.Values(key("v"))
				if got := string(values[0].Data); got != "firstsecond" {
					t.Errorf("the host's transaction sees %q, want its own writes", got)
				}
				return err
			})
			if got := valueOf(t, s, "v"); got != "" {
				t.Errorf("others see %q before the commit", got)
			}
			return errors.Join(err, outcome)
		})
		if !errors.Is(err, outcome) {
			t.Fatal(err)
		}
		var orders int
		if err := pool.QueryRow(t.Context(), "select count(*) from "+schema+".orders").Scan(&orders); err != nil {
			t.Fatal(err)
		}
		want := ""
		if outcome == nil {
			want = "firstsecond"
		}
		if got := valueOf(t, s, "v"); got != want || orders != len(want)/11 || len(journal(t, s, "")) != len(want)/11*2 {
			t.Errorf("after the host's %v: value %q, %d orders, %d entries", outcome, got, orders, len(journal(t, s, "")))
		}
	}
}

func TestAFailedUpdateLeavesTheHostsTransactionUsable(t *testing.T) {
	t.Parallel()
	pool := newPool(t, "")
	s := open(t, pool, newSchema())
	own := errors.New("own")
	err := inHost(t, pool, func(ctx context.Context, tx pgx.Tx) error {
		err := s.Update(ctx, brand, func(tx ticket.Tx) error {
			tx.PutValue(value("dropped", "1"))
			return own
		})
		if err != own {
			t.Errorf("the error is %v, want the function's own", err)
		}
		_ = s.Update(ctx, brand, func(tx ticket.Tx) error { // which cannot be written
			tx.PutValue(value("with a NUL: \x00", "1"))
			tx.PutTicket(ticket.Ticket{ID: "\xff"})
			return nil
		})
		return s.Update(ctx, brand, func(tx ticket.Tx) error {
			tx.PutValue(value("kept", "1"))
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if valueOf(t, s, "dropped") != "" || valueOf(t, s, "kept") != "1" {
		t.Error("want what succeeded and nothing else")
	}
}

func TestAHostsTransactionThatReliesOnWhatChangedIsAConflict(t *testing.T) {
	t.Parallel()
	pool := newPool(t, "")
	s := open(t, pool, newSchema())
	for name, change := range map[string]func(tx ticket.Tx){
		"the record that it writes":             func(tx ticket.Tx) { tx.PutValue(value("mine", "theirs")) },
		"a record that it only reads":           func(tx ticket.Tx) { tx.PutValue(value("read", "theirs")) },
		"a record that it looked for in vain":   func(tx ticket.Tx) { tx.PutValue(value("absent "+t.Name(), "theirs")) },
		"a ref that it looked for in vain":      func(tx ticket.Tx) { tx.PutMessage(message("m", "ref")) },
		"an event that it took to be a new one": func(tx ticket.Tx) { tx.MarkSeen(ticket.EventKey{Key: "event"}) },
	} {
		err := inHost(t, pool, func(ctx context.Context, tx pgx.Tx) error {
			runs := 0
			err := s.Update(ctx, brand, func(tx ticket.Tx) error {
				runs++
				if _, err := tx.Values(key("mine"), key("read"), key("absent "+t.Name())); err != nil {
					return err
				}
				if _, err := tx.MessagesByRef(ticket.MessageRef{ID: "ref"}); err != nil {
					return err
				}
				if _, err := tx.Seen(ticket.EventKey{Key: "event"}); err != nil {
					return err
				}
				update(t, s, change)
				tx.PutValue(value("mine", "host's"))
				return nil
			})
			if runs != 1 {
				t.Errorf("%s: it ran %d times, want once", name, runs)
			}
			return err
		})
		if !errors.Is(err, ErrConflict) {
			t.Errorf("%s changed: the error is %v, want ErrConflict", name, err)
		}
		if got := valueOf(t, s, "mine"); got == "host's" {
			t.Errorf("%s: it was written all the same", name)
		}
	}
}

func message(key, ref string) ticket.Message {
	m := ticket.Message{Key: key}
	m.Content.ID = ref
	return m
}

func TestALongHostTransactionStallsNobodyElse(t *testing.T) {
	t.Parallel()
	pool := newPool(t, "pool_max_conns=8")
	s := open(t, pool, newSchema())
	update(t, s, func(tx ticket.Tx) { tx.PutValue(value("host's", "before")) })
	var waited error
	err := inHost(t, pool, func(ctx context.Context, tx pgx.Tx) error {
		err := s.Update(ctx, brand, func(tx ticket.Tx) error {
			tx.PutValue(value("host's", "host"))
			tx.Append(ticket.Entry{Key: "host", Ticket: "T-1"})
			tx.Schedule(ticket.Task{ID: "host", Queue: "q", Key: "hosts"})
			return nil
		})
		if err != nil {
			return err
		}
		begun := time.Now()
		after := ticket.Position("")
		for i := range 50 { // others write, claim and read what is new, meanwhile
			update(t, s, func(tx ticket.Tx) {
				tx.PutValue(value("others'", strconv.Itoa(i)))
				tx.Append(ticket.Entry{Key: fmt.Sprint("other", i)})
				tx.Schedule(ticket.Task{ID: fmt.Sprint("other", i), Queue: "q", Key: "others"})
			})
			update(t, s, func(tx ticket.Tx) {
				leases, err := tx.Claim(ticket.ClaimQuery{Now: time.Now()})
				if err != nil || len(leases) != 1 || tx.Finish(leases[0]) != nil {
					t.Errorf("claimed %v, %v", leases, err)
				}
			})
			entries := journal(t, s, after)
			if len(entries) != 1 || entries[0].Key != fmt.Sprint("other", i) {
				t.Fatalf("a reader sees %v, want what was just written", entries)
			}
			after = entries[0].Position
		}
		if took := time.Since(begun); took > 20*time.Second {
			t.Errorf("the others took %v", took)
		}
		impatient := open(t, pool, s.channel)
		impatient.patience = 50 * time.Millisecond
		waited = impatient.Update(t.Context(), brand, func(tx ticket.Tx) error { // who needs the same waits
			values, err := tx.Values(key("host's"))
			tx.PutValue(value("host's", string(values[0].Data)+"+"))
			return err
		})
		return nil
	})
	if err != nil || !errors.Is(waited, ErrConflict) {
		t.Fatalf("%v; who needed the same: %v, want ErrConflict", err, waited)
	}
	entries := journal(t, s, "")
	if got := entries[len(entries)-1].Key; len(entries) != 51 || got != "host" {
		t.Errorf("%d entries, the last is %s; want the host's behind all that was read before", len(entries), got)
	}
	if got := valueOf(t, s, "host's"); got != "host" {
		t.Errorf("the host's value is %q", got)
	}
}

// TestUpdatesAndHostTransactionsBehaveAsIfOneCameAfterTheOther lets both change numbers of which each may only grow while the sum of it and its neighbour is even: every
// outcome that no order explains breaks that.
func TestUpdatesAndHostTransactionsBehaveAsIfOneCameAfterTheOther(t *testing.T) {
	t.Parallel()
	pool := newPool(t, "pool_max_conns=12")
	schema := newSchema()
	stores := []*Store{open(t, pool, schema), open(t, pool, schema)}
	const names, workers, rounds = 3, 6, 40
	// Each round reads two values and writes one that is new: the greater plus one. In any order all that were written are different.
	var mu sync.Mutex
	written := make(map[string]int)
	step := func(random *rand.Rand, s *Store, ctx context.Context) error {
		a, b := fmt.Sprint(random.IntN(names)), fmt.Sprint(random.IntN(names))
		var put string
		err := s.Update(ctx, brand, func(tx ticket.Tx) error {
			values, err := tx.Values(key(a), key(b))
			if err != nil {
				return err
			}
			m, _ := strconv.Atoi(string(values[0].Data))
			n, _ := strconv.Atoi(string(values[1].Data))
			put = fmt.Sprint(max(m, n) + 1)
			tx.PutValue(value(a, put))
			tx.PutValue(value(fmt.Sprintf("log %s %s", a, put), fmt.Sprintf("%s %d %s %d", a, m, b, n)))
			return nil
		})
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			written[a+" "+put]++
		}
		return err
	}
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(worker), 1))
			s := stores[worker%2]
			for range rounds {
				if worker%3 > 0 {
					if err := step(random, s, t.Context()); err != nil {
						t.Error(err)
					}
					continue
				}
				for {
					err := inHost(t, pool, func(ctx context.Context, tx pgx.Tx) error {
						if err := step(random, s, ctx); err != nil {
							return err
						}
						_, err := tx.Exec(ctx, "select pg_sleep($1)", random.Float64()/100)
						return err
					})
					if err == nil {
						break
					}
					if !errors.Is(err, ErrConflict) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	checkOrder(t, stores[0])
	for what, n := range written {
		if n > 1 {
			t.Errorf("%s was written %d times", what, n)
		}
	}
}

// checkOrder builds, from what each step read and wrote, who must come before whom, and expects no circle.
func checkOrder(t *testing.T, s *Store) {
	t.Helper()
	type node struct{ name, at string }
	type step struct{ reads [2]node }
	steps := make(map[node]step)
	versions := make(map[string][]int)
	err := s.View(t.Context(), brand, func(r ticket.Reader) error {
		list, err := r.ListValues("space", ticket.Page{Limit: 10000})
		for _, v := range list.Items {
			var n node
			if _, err := fmt.Sscanf(v.Key.Name, "log %s %s", &n.name, &n.at); err != nil {
				continue
			}
			var st step
			if _, err := fmt.Sscanf(string(v.Data), "%s %s %s %s", &st.reads[0].name, &st.reads[0].at, &st.reads[1].name, &st.reads[1].at); err != nil {
				return err
			}
			steps[n] = st
			at, _ := strconv.Atoi(n.at)
			versions[n.name] = append(versions[n.name], at)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// The version after the one that was read comes later than the reader; the one that was read comes earlier.
	next := func(n node) (node, bool) {
		at, _ := strconv.Atoi(n.at)
		least := 0
		for _, v := range versions[n.name] {
			if v > at && (least == 0 || v < least) {
				least = v
			}
		}
		return node{n.name, strconv.Itoa(least)}, least > 0
	}
	later := make(map[node][]node)
	for n, st := range steps {
		for _, r := range st.reads {
			if _, ok := steps[r]; ok {
				later[r] = append(later[r], n)
			}
			if over, ok := next(r); ok && over != n {
				later[n] = append(later[n], over)
			}
		}
	}
	state := make(map[node]int)
	var visit func(n node) bool
	visit = func(n node) bool {
		state[n] = 1
		for _, m := range later[n] {
			if state[m] == 1 || state[m] == 0 && !visit(m) {
				return false
			}
		}
		state[n] = 2
		return true
	}
	for n := range steps {
		if state[n] == 0 && !visit(n) {
			t.Fatalf("no order explains what the steps read and wrote, %v among them", n)
		}
	}
	if len(steps) == 0 {
		t.Fatal("nothing was written")
	}
}
