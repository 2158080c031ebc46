package bench

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socialcrm/socialcrm/ticket"
	"github.com/socialcrm/socialcrm/ticket/postgres"
)

// pattern is a ticket as the Desk stored it, with all that belongs to it, of which a million are made: rows with the texts that name it replaced.
type pattern struct {
	ticket, contact, number string
}

// patterns is the number of the pattern's message, which no other text has in it.
const patterns = 123456789

// cut lets the Desk take one message in and do what follows from it, and returns what names the ticket that came of it.
func cut(b testing.TB, s *shop, store ticket.Store) (p pattern) {
	b.Helper()
	ctx := context.Background()
	s.ingest(b, 1, patterns+1, patterns+3, func(n int) int { return n }) // for the one agent, who then has no room for more
	results, err := s.Ingest(ctx, s.message(patterns, patterns))
	if err == nil {
		_, err = s.Tick(ctx) // the CRM hears of it
	}
	if err == nil {
		err = store.View(ctx, "", func(r ticket.Reader) error {
			tickets, err := r.Tickets(results[0].Ticket)
			if err == nil {
				p = pattern{string(tickets[0].ID), string(tickets[0].Contact), fmt.Sprintf("%010d", patterns)}
			}
			return err
		})
	}
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// multiply makes rows 1 to n of the pattern's in all tables: as the Store would write them for as many messages, each of another customer.
func multiply(b testing.TB, pool *pgxpool.Pool, schema string, p pattern, n int) {
	b.Helper()
	ctx := context.Background()
	exec := func(sql string, args ...any) {
		b.Helper()
		if _, err := pool.Exec(ctx, sql, args...); err != nil {
			b.Fatalf("%s: %v", sql, err)
		}
	}
	texts := func(sql string) []string {
		b.Helper()
		rows, _ := pool.Query(ctx, sql, schema)
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			b.Fatalf("%s: %v", sql, err)
		}
		return list
	}
	exec(fmt.Sprintf(`create unlogged table %s.copies as select substr(md5('ticket' || i), 1, %d) as ticket, substr(md5('contact' || i), 1, %d) as contact,
		lpad(i::text, 10, '0') as number from generate_series(1, %d) i order by 1`, schema, len(p.ticket), len(p.contact), n))
	drop := texts(`select format('drop index %I.%I', schemaname, indexname) from pg_indexes where schemaname = $1 and indexname not like '%_pkey'`)
	create := texts(`select indexdef from pg_indexes where schemaname = $1 and indexname not like '%_pkey'`)
	for _, sql := range drop {
		exec(sql)
	}
	swap := func(text string) string {
		return fmt.Sprintf("replace(replace(replace(%s, '%s', c.ticket), '%s', c.contact), '%s', c.number)", text, p.ticket, p.contact, p.number)
	}
	for _, table := range texts("select tablename from pg_tables where schemaname = $1 and tablename not in ('version', 'copies')") {
		rows, _ := pool.Query(ctx, "select column_name, data_type from information_schema.columns where table_schema = $1 and table_name = $2 order by ordinal_position", schema, table)
		columns, err := pgx.CollectRows(rows, pgx.RowToStructByPos[struct{ Name, Type string }])
		if err != nil {
			b.Fatal(err)
		}
		var into, from, keys []string
		for _, c := range columns {
			into = append(into, c.Name)
			switch {
			case c.Name == "place" || c.Name == "position":
				from = append(from, fmt.Sprintf("nextval('%s.%ss')", schema, c.Name))
			case c.Type == "text":
				from, keys = append(from, swap("t."+c.Name)), append(keys, c.Name)
			case c.Type == "json":
				from = append(from, swap("t."+c.Name+"::text")+"::json")
			case c.Type == "ARRAY":
				from = append(from, swap("t."+c.Name+"::text")+"::text[]")
			default:
				from = append(from, "t."+c.Name)
			}
		}
		exec(fmt.Sprintf(`insert into %[1]s.%[2]s (%[3]s) select %[4]s from %[1]s.copies c cross join (select * from %[1]s.%[2]s t where concat_ws(' ', %[5]s) ~ '%[6]s|%[7]s|%[8]s') t`,
			schema, table, strings.Join(into, ", "), strings.Join(from, ", "), strings.Join(keys, ", "), p.ticket, p.contact, p.number))
	}
	exec("drop table " + schema + ".copies")
	for _, sql := range create {
		exec(sql)
	}
}

// hasAll checks that the Store lists the copies and that tasks of theirs can be claimed once they are due.
func hasAll(b testing.TB, s ticket.Store, n int) {
	b.Helper()
	err := s.View(context.Background(), "", func(r ticket.Reader) error {
		listed := 0
		for page := (ticket.Page{Limit: 1000}); ; {
			waiting, err := r.Waiting("care", page)
			if err != nil {
				return err
			}
			listed += len(waiting.Items)
			if page.After = waiting.Next; page.After == "" || listed > 20_000 {
				break
			}
		}
		if listed < min(n, 20_000) {
			return fmt.Errorf("%d tickets wait, want %d", listed, n)
		}
		return nil
	})
	if err == nil {
		err = s.Update(context.Background(), "", func(tx ticket.Tx) error {
			leases, err := tx.Claim(ticket.ClaimQuery{Now: time.Now().Add(2 * time.Hour), Limit: 10})
			if err == nil && len(leases) != 10 {
				err = fmt.Errorf("%d tasks could be claimed, want 10", len(leases))
			}
			for _, l := range leases {
				if err == nil {
					err = tx.Postpone(l, l.Due, "")
				}
			}
			return err
		})
	}
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkAmongMillion takes in messages in turns where 10,000 and where 1,000,000 tickets wait, half of them from customers who wrote before. "ratio" is the
// speed among the million by that among the few.
func BenchmarkAmongMillion(b *testing.B) {
	for _, where := range []string{"postgres", "sqlite"} {
		b.Run(where, func(b *testing.B) {
			const few, many = 10_000, 1_000_000
			if testing.Short() {
				b.Skip("a million tickets take minutes to make: not with -short")
			}
			if where == "sqlite" {
				among(b, few, many, storeInFile)
			} else {
				server := startServer(b)
				among(b, few, many, func(b testing.TB, n int) (*shop, ticket.Store) { return storeOnServer(b, server.DSN, n) })
			}
		})
	}
}

func among(b *testing.B, few, many int, open func(b testing.TB, n int) (*shop, ticket.Store)) {
	const senders, messages = 64, 1000
	stored := []int{few, many}
	shops, took := make([]*shop, 2), make([]time.Duration, 2)
	for i, n := range stored {
		begun := time.Now()
		var store ticket.Store
		shops[i], store = open(b, n)
		hasAll(b, store, n)
		b.Logf("%d tickets after %v", n, time.Since(begun).Round(time.Second))
	}
	syscall.Sync()
	next, count := many+2, 0
	round := func() (d [2]time.Duration) {
		for i, s := range shops {
			d[i] = s.ingest(b, senders, next, next+messages, func(n int) int {
				if n%2 == 0 {
					return n // writes for the first time
				}
				return 1 + n*7919%stored[i]
			})
		}
		next += messages
		return d
	}
	round()
	for b.Loop() {
		for i, d := range round() {
			took[i] += d
		}
		count += messages
	}
	b.ReportMetric(float64(count)/took[0].Seconds(), "few-messages/s")
	b.ReportMetric(float64(count)/took[1].Seconds(), "messages/s")
	b.ReportMetric(took[0].Seconds()/took[1].Seconds(), "ratio")
}

// storeOnServer is a schema with so many tickets. While they are made nothing is kept safe.
func storeOnServer(b testing.TB, dsn string, n int) (*shop, ticket.Store) {
	b.Helper()
	pool := connect(b, dsn, 16, nil)
	schema := fmt.Sprint("among", n)
	store := openStore(b, pool, &postgres.Options{Schema: schema})
	s := openShop(b, store, "")
	p := cut(b, s, store)
	unsafe := []string{"fsync = off", "full_page_writes = off", "autovacuum = off", "maintenance_work_mem = '512MB'"}
	settings := func(statements ...string) {
		for _, sql := range append(statements, "select pg_reload_conf()") {
			if _, err := pool.Exec(context.Background(), sql); err != nil {
				b.Fatal(err)
			}
		}
		pool.Reset()
	}
	for i := range unsafe {
		unsafe[i] = "alter system set " + unsafe[i]
	}
	settings(unsafe...)
	multiply(b, pool, schema, p, n)
	settings("vacuum analyze", "alter system reset all", "checkpoint")
	return s, store
}
