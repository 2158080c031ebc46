package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// BenchmarkClaim claims ten tasks and puts them back, among so many that wait: without a key, all in line behind one another, or in a queue that is paused.
func BenchmarkClaim(b *testing.B) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, how := range []string{"free", "in lines", "paused"} {
		for _, waiting := range []int{1_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/%d", how, waiting), func(b *testing.B) {
				if waiting > 10_000 && testing.Short() {
					b.Skip("a million tasks take minutes to make: not with -short")
				}
				s := openTest(b, &Options{Durability: Normal})
				update(b, s, func(tx ticket.Tx) error {
					for i := range 20 {
						tx.Schedule(ticket.Task{ID: fmt.Sprint("due", i), Queue: "free", Due: noon})
					}
					tx.PauseQueue(ticket.QueuePause{Queue: "paused"})
					return nil
				})
				queue, key, state, before := "free", "''", "1", "-1"
				switch how {
				case "in lines":
					key, state = "'k' || (n % 100)", "n <= 100"
				case "paused":
					queue, before = "paused", "1"
				}
				w := <-s.writer // as Schedule would leave them, but in one statement
				err := w.exec(fmt.Sprintf(`WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < %d)
					INSERT INTO socialcrm_task SELECT 1000 + n, 1, 'task' || n, 'kind', '%s', %s, %d - %s * 1000000000 * n, 0, %s, 0, 0, 0, 0, '', x'' FROM c`,
					waiting, queue, key, noon.UnixNano(), before, state))
				s.writer <- w
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					update(b, s, func(tx ticket.Tx) error {
						leases, err := tx.Claim(ticket.ClaimQuery{Now: noon, Limit: 10})
						if err == nil && len(leases) != 10 {
							err = fmt.Errorf("%d claimed", len(leases))
						}
						for _, l := range leases {
							if err == nil {
								err = tx.Postpone(l, noon, "")
							}
						}
						return err
					})
				}
			})
		}
	}
}
