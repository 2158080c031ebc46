package bench

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"path/filepath"
	"sync"
	"testing"
	"time"

	modernc "modernc.org/sqlite"

	"github.com/socialcrm/socialcrm/ticket/sqlite"
)

// statement is one that was executed, with what it was given.
type statement struct {
	query string
	args  []driver.NamedValue
	reads bool
}

// recorder is a SQLite driver that remembers what is executed on its connections, in order; one connection writes.
type recorder struct {
	path string

	mu         sync.Mutex
	on         bool
	statements []statement
}

func (r *recorder) Driver() driver.Driver { return &modernc.Driver{} }

func (r *recorder) Connect(context.Context) (driver.Conn, error) {
	conn, err := r.Driver().Open(r.path)
	return recordedConn{conn, r}, err
}

func (r *recorder) record(query string, args []driver.NamedValue, reads bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.on {
		r.statements = append(r.statements, statement{query, append([]driver.NamedValue(nil), args...), reads})
	}
}

type recordedConn struct {
	driver.Conn
	recorder *recorder
}

func (c recordedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	return recordedStmt{stmt, query, c.recorder}, err
}

type recordedStmt struct {
	driver.Stmt
	query    string
	recorder *recorder
}

func (s recordedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.recorder.record(s.query, args, false)
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s recordedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.recorder.record(s.query, args, true)
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

// execute executes the statements, in order, on a copy of the file as it was before them, and returns how long it took.
func execute(b *testing.B, path string, durability sqlite.Durability, statements []statement) time.Duration {
	b.Helper()
	synchronous := map[sqlite.Durability]string{sqlite.Full: "FULL", sqlite.Normal: "NORMAL"}[durability]
	db, err := sql.Open("sqlite", path+"?_pragma=journal_mode(WAL)&_pragma=synchronous("+synchronous+")&_pragma=secure_delete(1)&_pragma=cache_size(-16384)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	prepared := make(map[string]*sql.Stmt)
	args := make([][]any, len(statements))
	for i, s := range statements {
		for _, a := range s.args {
			args[i] = append(args[i], a.Value)
		}
		if prepared[s.query] == nil {
			if prepared[s.query], err = conn.PrepareContext(b.Context(), s.query); err != nil {
				b.Fatal(err)
			}
		}
	}
	begun := time.Now()
	for i, s := range statements {
		if !s.reads {
			if _, err := prepared[s.query].ExecContext(context.Background(), args[i]...); err != nil {
				b.Fatal(err)
			}
			continue
		}
		rows, err := prepared[s.query].QueryContext(context.Background(), args[i]...)
		if err != nil {
			b.Fatal(err)
		}
		for rows.Next() {
		}
		rows.Close()
	}
	return time.Since(begun)
}

// BenchmarkDurableIngest lets 64 senders take messages in, each acknowledged once it is on the disk, and then executes the same SQL statements in the same
// groups with nothing around them: "share" is how much of that speed the Desk reaches.
func BenchmarkDurableIngest(b *testing.B) {
	const senders, messages, warm = 64, 4000, 1000
	for name, durability := range map[string]sqlite.Durability{"sqlite/full": sqlite.Full, "sqlite/normal": sqlite.Normal} {
		b.Run(name, func(b *testing.B) {
			var desks, bare time.Duration
			count := 0
			for b.Loop() {
				r := &recorder{path: filepath.Join(b.TempDir(), "tickets.db")}
				db := sql.OpenDB(r)
				store, err := sqlite.New(db, &sqlite.Options{Durability: durability})
				if err != nil {
					b.Fatal(err)
				}
				shop := openShop(b, store, "")
				shop.ingest(b, senders, 0, warm, over(500))
				before := filepath.Join(b.TempDir(), "before.db")
				if err := store.Backup(b.Context(), before); err != nil {
					b.Fatal(err)
				}
				r.mu.Lock()
				r.on = true
				r.mu.Unlock()
				desks += shop.ingest(b, senders, warm, warm+messages, over(500))
				r.mu.Lock()
				r.on = false
				r.mu.Unlock()
				if err := store.Close(); err != nil {
					b.Fatal(err)
				}
				db.Close()
				bare += execute(b, before, durability, r.statements)
				count += messages
			}
			b.ReportMetric(float64(count)/desks.Seconds(), "messages/s")
			b.ReportMetric(float64(count)/bare.Seconds(), "bare-messages/s")
			b.ReportMetric(bare.Seconds()/desks.Seconds(), "share")
		})
	}
}
