package postgres

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// pages is how many pages of tables and indexes the server reads for a statement.
func pages(t *testing.T, s *Store, sql string, args ...any) (n int) {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), "explain (analyze, buffers) "+sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if m := regexp.MustCompile(`Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?`).FindStringSubmatch(line); m != nil { // the first is of the whole
			hit, _ := strconv.Atoi(m[1])
			read, _ := strconv.Atoi(m[2])
			return hit + read
		}
	}
	t.Fatalf("no buffers are told: %v", lines)
	return 0
}

func TestClaimReadsNoMoreOfManyTasksThanOfFew(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	read := make(map[int][3]int)
	for _, waiting := range []int{1000, 50_000} {
		s := open(t, newPool(t, ""), newSchema())
		waitingTasks(t, s, waiting, now)
		read[waiting] = [3]int{
			pages(t, s, s.sql.claim, brand, int64(nanosOf(now)), []string{}, []string{}, 1, int64(time.Minute)),
			pages(t, s, s.sql.claimOf, brand, int64(nanosOf(now)), []string{"queue1", "queue2"}, []string{}, 1, int64(time.Minute)),
			pages(t, s, s.sql.nextDue, brand),
		}
	}
	t.Log(read)
	for i, what := range []string{"Claim", "Claim of two queues", "NextDue"} {
		if few, many := read[1000][i], read[50_000][i]; float64(many) > 2.5*float64(few) {
			t.Errorf("%s reads %d pages where 1,000 tasks wait, and %d where 50,000 do", what, few, many)
		}
	}
}

// The server learns what is in a table after a while only, and a queue fills faster than that.
func TestClaimReadsNoMoreOfManyTasksThatTheServerHasNotCounted(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	read := make(map[int][2]int)
	for _, waiting := range []int{1000, 30_000} {
		s := open(t, newPool(t, ""), newSchema())
		if _, err := s.pool.Exec(t.Context(), "alter table "+s.schema+".tasks set (autovacuum_enabled = off)"); err != nil {
			t.Fatal(err)
		}
		uncountedTasks(t, s, waiting, now)
		read[waiting] = [2]int{
			pages(t, s, s.sql.claim, brand, int64(nanosOf(now)), []string{}, []string{}, 1, int64(time.Minute)),
			pages(t, s, s.sql.claimOf, brand, int64(nanosOf(now)), []string{"queue1"}, []string{}, 1, int64(time.Minute)),
		}
	}
	t.Log(read)
	for i, what := range []string{"Claim", "Claim of a queue"} {
		if few, many := read[1000][i], read[30_000][i]; float64(many) > 2.5*float64(few)+100 {
			t.Errorf("%s reads %d pages where 1,000 tasks wait, and %d where 30,000 do", what, few, many)
		}
	}
}

// waitingTasks puts tasks that are due, in ten queues; every second one has a key that it shares with another.
func waitingTasks(t testing.TB, s *Store, n int, now time.Time) {
	t.Helper()
	uncountedTasks(t, s, n, now)
	if _, err := s.pool.Exec(t.Context(), fmt.Sprintf("vacuum analyze %s.tasks", s.schema)); err != nil {
		t.Fatal(err)
	}
}

// uncountedTasks is waitingTasks on a server that has not looked at them.
func uncountedTasks(t testing.TB, s *Store, n int, now time.Time) {
	t.Helper()
	_, err := s.pool.Exec(t.Context(), `insert into `+s.schema+`.tasks (tenant, id, queue, key, due, place, token, until, again, dead, data)
		select 'brand', 'task' || i, 'queue' || i % 10, case when i % 2 = 0 then 'key' || i / 4 else '' end, $2::bigint - 10000000 + i, i, 0, 0, false, false,
		json_build_object('id', 'task' || i, 'queue', 'queue' || i % 10, 'due', '2026-03-01T11:00:00Z') from generate_series(1, $1::int) i`, n, int64(nanosOf(now)))
	if err != nil {
		t.Fatal(err)
	}
}
