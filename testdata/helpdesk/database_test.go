package helpdesk

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/socialcrm/socialcrm/crm/crmtest"
)

// database is a small SQL database in memory, behind database/sql: it knows upserts, updates and deletes by one column, and transactions, one at a time. As
// PostgreSQL does, it refuses texts with a zero byte.
type database struct {
	turn chan struct{} // held by the transaction that is open

	mu     sync.Mutex
	tables map[string]map[string]row // by primary key, which is the column key
	faults []crmtest.Fault
}

type row map[string]driver.Value

func (r row) text(column string) string { return r[column].(string) }

func newDatabase() *database {
	return &database{turn: make(chan struct{}, 1), tables: make(map[string]map[string]row)}
}

// fault makes a coming transaction go wrong.
func (d *database) fault(f crmtest.Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, f)
}

// rows returns what is committed.
func (d *database) rows(table, column, value string) (found []row) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.tables[table] {
		if r[column] == value {
			found = append(found, r)
		}
	}
	return found
}

func (d *database) Driver() driver.Driver { return nil }
func (d *database) Connect(context.Context) (driver.Conn, error) {
	return &connection{database: d}, nil
}
func (*connection) Prepare(string) (driver.Stmt, error) { return nil, errors.New("not needed") }
func (*connection) Begin() (driver.Tx, error)           { return nil, errors.New("not needed") }
func (*connection) Close() error                        { return nil }

// connection is one, and its transaction.
type connection struct {
	*database
	tables map[string]map[string]row // as this transaction sees them
	broken *crmtest.Fault
	writes int
}

func (c *connection) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken, c.writes, c.tables = nil, 0, make(map[string]map[string]row)
	for name, rows := range c.database.tables {
		c.tables[name] = make(map[string]row)
		for key, r := range rows {
			c.tables[name][key] = maps.Clone(r)
		}
	}
	if len(c.faults) > 0 {
		c.broken, c.faults = &c.faults[0], c.faults[1:]
	}
	return c, nil
}

var errGone = errors.New("the server closed the connection unexpectedly")

func (c *connection) Commit() error {
	defer func() { <-c.turn }()
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.broken; f != nil && !f.Lost {
		return errGone
	}
	c.database.tables = c.tables
	if c.broken != nil {
		return errGone
	}
	return nil
}

func (c *connection) Rollback() error {
	<-c.turn
	return nil
}

func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if f := c.broken; f != nil {
		switch {
		case f.Stall:
			<-ctx.Done()
			return nil, ctx.Err()
		case !f.Lost && c.writes >= f.After:
			return nil, errGone
		}
	}
	values := make([]driver.Value, len(args))
	for i, a := range args {
		if values[i] = a.Value; strings.Contains(fmt.Sprint(a.Value), "\x00") {
			return nil, fmt.Errorf(`invalid byte sequence for encoding "UTF8": 0x00`)
		}
	}
	c.writes++
	return driver.RowsAffected(1), c.exec(strings.Join(strings.Fields(query), " "), values)
}

var (
	upsert = regexp.MustCompile(`^INSERT INTO (\w+) \(([\w, ]+)\) VALUES \(([\d$, ]+)\) ON CONFLICT \(key\) DO UPDATE SET ([\w =$,]+)$`)
	alter  = regexp.MustCompile(`^(?:UPDATE (\w+) SET (\w+) = ''|DELETE FROM (\w+)) WHERE (\w+) (?:= \$1|IN \(SELECT key FROM (\w+) WHERE (\w+) = \$1\))$`)
)

func (c *connection) exec(query string, args []driver.Value) error {
	if m := upsert.FindStringSubmatch(query); m != nil {
		columns, places := strings.Split(m[2], ", "), strings.Split(m[3], ", ")
		if len(columns) != len(places) || len(places) != len(args) {
			return fmt.Errorf("%d columns, %d expressions, %d arguments: %s", len(columns), len(places), len(args), query)
		}
		next := make(row)
		for i, column := range columns {
			next[column] = args[number(places[i])-1]
		}
		key, _ := next["key"].(string)
		table := c.tables[m[1]]
		if table == nil {
			table = make(map[string]row)
			c.tables[m[1]] = table
		}
		if old, known := table[key]; known {
			for set := range strings.SplitSeq(m[4], ", ") {
				column, place, _ := strings.Cut(set, " = ")
				if _, exists := old[column]; !exists {
					return fmt.Errorf("column %q does not exist: %s", column, query)
				}
				old[column] = args[number(place)-1]
			}
			next = old
		}
		table[key] = next
		return nil
	}
	m := alter.FindStringSubmatch(query)
	if m == nil {
		return fmt.Errorf("syntax error: %s", query)
	}
	fits := func(r row) bool { return r[m[4]] == args[0] }
	if m[5] != "" {
		fits = func(r row) bool {
			other := c.tables[m[5]][fmt.Sprint(r[m[4]])]
			return other != nil && other[m[6]] == args[0]
		}
	}
	for key, r := range c.tables[m[1]+m[3]] {
		switch {
		case !fits(r):
		case m[3] != "":
			delete(c.tables[m[3]], key)
		default:
			r[m[2]] = ""
		}
	}
	return nil
}

// number is that of a placeholder: 2 for $2.
func number(place string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(place, "$"))
	if err != nil {
		panic(err) // cannot happen: the patterns let only numbers through
	}
	return n
}
