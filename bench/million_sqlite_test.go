package bench

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socialcrm/socialcrm/ticket"
	"github.com/socialcrm/socialcrm/ticket/sqlite"
)

// storeInFile is a file with so many tickets.
func storeInFile(b testing.TB, n int) (*shop, ticket.Store) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "tickets.db")
	open := func() (*shop, *sqlite.Store) {
		store, err := sqlite.Open(path, nil)
		if err != nil {
			b.Fatal(err)
		}
		return openShop(b, store, ""), store
	}
	s, store := open()
	p := cut(b, s, store)
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
	multiplyFile(b, path, p, n)
	began := s.began
	s, store = open()
	s.began = began
	b.Cleanup(func() { store.Close() })
	return s, store
}

// multiplyFile is multiply for a file. While the rows are made nothing is kept safe.
func multiplyFile(b testing.TB, path string, p pattern, n int) {
	b.Helper()
	ctx := context.Background()
	db, err := sql.Open("sqlite", path+"?_pragma=synchronous(OFF)&_pragma=journal_mode(OFF)&_pragma=cache_size(-1000000)")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	exec := func(query string, args ...any) {
		b.Helper()
		if _, err := conn.ExecContext(ctx, query, args...); err != nil {
			b.Fatalf("%s: %v", query, err)
		}
	}
	rows := func(query string, args ...any) (list [][2]string) {
		b.Helper()
		found, err := conn.QueryContext(ctx, query, args...)
		for err == nil && found.Next() {
			var row [2]string
			if err = found.Scan(&row[0], &row[1]); err == nil {
				list = append(list, row)
			}
		}
		if err != nil {
			b.Fatalf("%s: %v", query, err)
		}
		return list
	}
	exec(fmt.Sprintf(`CREATE TEMP TABLE copies AS WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d)
		SELECT i, lower(substr(hex(randomblob(7)), 1, %d)) AS ticket, lower(substr(hex(randomblob(7)), 1, %d)) AS contact, printf('%%010d', i) AS number FROM c ORDER BY 2`, n, len(p.ticket), len(p.contact)))
	indexes := rows(`SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`)
	for _, index := range indexes {
		exec("DROP INDEX " + index[0])
	}
	swap := func(text string) string {
		return fmt.Sprintf("replace(replace(replace(%s, '%s', c.ticket), '%s', c.contact), '%s', c.number)", text, p.ticket, p.contact, p.number)
	}
	for _, table := range rows(`SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name LIKE 'socialcrm_%' AND name NOT LIKE 'socialcrm_search%' AND name NOT IN ('socialcrm_tenant', 'socialcrm_version')`) {
		columns := rows(`SELECT name, type FROM pragma_table_info(?)`, table[0])
		var keys []string
		for _, column := range columns {
			if column[1] == "TEXT" && column[0] != "body" {
				keys = append(keys, column[0])
			}
		}
		if len(keys) == 0 {
			continue
		}
		names := func(text string) string {
			return fmt.Sprintf("(instr(%[1]s, '%[2]s') OR instr(%[1]s, '%[3]s') OR instr(%[1]s, '%[4]s'))", text, p.ticket, p.contact, p.number)
		}
		exec(fmt.Sprintf("CREATE TEMP TABLE rows AS SELECT * FROM %s WHERE %s", table[0], names("("+strings.Join(keys, " || ' ' || ")+")")))
		var into, from []string
		for _, column := range columns {
			name := column[0]
			into = append(into, name)
			switch {
			case name == "n" || name == "place" || name == "position": // numbered on
				from = append(from, fmt.Sprintf("(SELECT max(%s) FROM %s) + row_number() OVER ()", name, table[0]))
			case len(rows("SELECT '', '' FROM rows WHERE "+names(name))) == 0:
				from = append(from, "t."+name)
			case column[1] == "BLOB":
				from = append(from, "CAST("+swap("CAST(t."+name+" AS TEXT)")+" AS BLOB)")
			default:
				from = append(from, swap("t."+name))
			}
		}
		exec(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM copies c CROSS JOIN rows t", table[0], strings.Join(into, ", "), strings.Join(from, ", ")))
		exec("DROP TABLE rows")
	}
	exec(`UPDATE socialcrm_tenant SET position = (SELECT max(position) FROM socialcrm_entry WHERE tenant = id)`)
	exec(`INSERT INTO socialcrm_search (rowid, tenant, text) SELECT n, 't' || tenant, json_extract(body, '$.content.text') FROM socialcrm_message WHERE key NOT LIKE '%' || ?`, p.number)
	for _, index := range indexes {
		exec(index[1])
	}
}
