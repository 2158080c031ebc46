package postgres

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// shelf is what a Reader or Tx has at hand of one kind of record: what it has read, and what the Update will write.
type shelf[R any] struct {
	kind   *kind[R]
	read   map[string]row
	writes []write[R]
	latest map[string]int // the newest write of each key
	room   bytes.Buffer   // in which records are encoded
}

// row is a record as it was read: its JSON, the state beside it, and the version that a later change would change; 0: there is no such record.
type row struct {
	version int64
	data    []byte
	state   []int64
}

// write is a record put or deleted.
type write[R any] struct {
	key     string
	as      *kind[R] // how it is written; nil: deleted
	data    string
	columns []string
	state   []int64
	order   int64 // writes of one statement go out in this order
	before  int   // the write of the same key before this one; -1: none
}

// have keeps what was read.
func (s *shelf[R]) have(key string, r row) {
	if s.read == nil {
		s.read = make(map[string]row)
	}
	s.read[key] = r
}

func (s *shelf[R]) put(key string, as *kind[R], r *R, state ...int64) error {
	w := write[R]{key: key, as: as, state: state}
	if !as.bare {
		data, err := encode(&s.room, r)
		if err != nil {
			return err
		}
		w.data = data
	}
	w.columns = make([]string, len(as.columns))
	for i, c := range as.columns {
		w.columns[i] = c.of(r)
	}
	s.add(w)
	return nil
}

func (s *shelf[R]) delete(key string) { s.add(write[R]{key: key}) }

func (s *shelf[R]) add(w write[R]) {
	if s.latest == nil {
		s.latest = make(map[string]int)
	}
	w.before = -1
	if i, ok := s.latest[w.key]; ok {
		w.before = i
	}
	s.latest[w.key] = len(s.writes)
	s.writes = append(s.writes, w)
}

// pending is the newest write of the key.
func (s *shelf[R]) pending(key string) (*write[R], bool) {
	i, ok := s.latest[key]
	if !ok {
		return nil, false
	}
	return &s.writes[i], true
}

// length and rewind let Try drop what was written since.
func (s *shelf[R]) length() int { return len(s.writes) }

func (s *shelf[R]) rewind(n int) {
	for i := len(s.writes) - 1; i >= n; i-- {
		if w := &s.writes[i]; w.before >= 0 {
			s.latest[w.key] = w.before
		} else {
			delete(s.latest, w.key)
		}
	}
	s.writes = s.writes[:n]
}

// statements are what is sent for a kind of record.
type statements struct {
	read, verify, lock, put, delete string
}

func (k *kind[R]) statements(schema string) statements {
	match := make([]string, len(k.keys))
	unnested := make([]string, len(k.keys))
	named := make([]string, len(k.keys))
	for i, key := range k.keys {
		match[i] = fmt.Sprintf("t.%s = k.%s", key, key)
		unnested[i] = fmt.Sprintf("$%d::text[]", i+2)
		named[i] = key
	}
	n := len(k.keys)
	// "offset 0" keeps the planner from joining the whole table: keys are always looked up one by one in the index.
	one := func(what, lock string) string {
		return fmt.Sprintf("lateral (select %s from SCHEMA.%s t where t.tenant = $1 and %s offset 0%s) t", what, k.table, strings.Join(match, " and "), lock)
	}
	keys := func(more, moreNames, ordinal string) string {
		return fmt.Sprintf("unnest(%s%s)%s k(%s%s", strings.Join(unnested, ", "), more, ordinal, strings.Join(named, ", "), moreNames)
	}
	read := "t.xmin::text::bigint as version"
	if !k.bare {
		read += ", t.data::text"
	}
	for i, s := range k.state {
		read += fmt.Sprintf(", %s as s%d", s, i)
	}
	var s statements
	s.read = fmt.Sprintf("select k.i, t.* from %s, i) cross join %s", keys("", "", " with ordinality"), one(read, ""))
	s.verify = fmt.Sprintf("select SCHEMA.require(not exists (select from %s, version) left join %s on true where coalesce(t.version, 0) <> k.version))",
		keys(fmt.Sprintf(", $%d::bigint[]", n+2), "", ""), one("t.xmin::text::bigint as version", ""))
	s.lock = fmt.Sprintf("select from %s) cross join %s", keys("", "", ""), one("1", " for no key update"))
	s.delete = fmt.Sprintf("delete from SCHEMA.%s t using %s) where t.tenant = $1 and %s", k.table, keys("", "", ""), strings.Join(match, " and "))

	into, from, names, values := append([]string{"tenant"}, k.keys...), []string{"$1"}, append([]string(nil), k.keys...), append([]string(nil), unnested...)
	for _, key := range k.keys {
		from = append(from, "u."+key)
	}
	var set []string
	add := func(name, value string) {
		into, from, names = append(into, name), append(from, value), append(names, name)
		values = append(values, fmt.Sprintf("$%d::text[]", len(names)+1))
		set = append(set, fmt.Sprintf("%s = excluded.%s", name, name))
	}
	for _, c := range k.columns {
		if strings.Contains(c.kind, "(") {
			add(c.name, c.kind)
		} else {
			add(c.name, "u."+c.name+"::"+c.kind)
		}
	}
	if !k.bare {
		add("data", "u.data::json")
	}
	onConflict := k.onConflict
	if onConflict == "" {
		onConflict = "do update set " + strings.Join(set, ", ")
	}
	s.put = fmt.Sprintf("insert into SCHEMA.%s as t (%s) select %s from unnest(%s) u(%s) on conflict (tenant, %s) %s", k.table, strings.Join(into, ", "),
		strings.Join(from, ", "), strings.Join(values, ", "), strings.Join(names, ", "), strings.Join(k.keys, ", "), onConflict)
	for _, text := range []*string{&s.read, &s.verify, &s.lock, &s.put, &s.delete} {
		*text = inSchema(*text, schema)
	}
	return s
}

// args are the arguments of a statement about keys.
func args(tenant string, keys []string, columns int) []any {
	return append([]any{tenant}, keyColumns(keys, columns)...)
}

// fetch queues the reading of keys that are not at hand yet.
func (s *shelf[R]) fetch(b *pgx.Batch, sql, tenant string, keys []string) {
	b.Queue(sql, args(tenant, keys, len(s.kind.keys))...).Query(func(rows pgx.Rows) error {
		var at int64
		for rows.Next() {
			r := row{state: make([]int64, len(s.kind.state))}
			into := []any{&at, &r.version}
			if !s.kind.bare {
				into = append(into, &r.data)
			}
			for i := range r.state {
				into = append(into, &r.state[i])
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			s.read[keys[at-1]] = r
		}
		return rows.Err()
	})
}

// get decodes the record of a key that is at hand: as it will be written, else as it was read.
func (s *shelf[R]) get(key string, r *R) (found bool, err error) {
	if w, ok := s.pending(key); ok {
		if w.as == nil {
			return false, nil
		}
		return true, s.decode([]byte(w.data), w.state, r)
	}
	return s.stored(key, r)
}

// stored is get, of what was read only.
func (s *shelf[R]) stored(key string, r *R) (found bool, err error) {
	have := s.read[key]
	if have.version == 0 {
		return false, nil
	}
	return true, s.decode(have.data, have.state, r)
}

func (s *shelf[R]) decode(data []byte, state []int64, r *R) error {
	if !s.kind.bare {
		if err := decode(data, r); err != nil {
			return err
		}
	}
	if s.kind.set != nil && state != nil {
		s.kind.set(r, state)
	}
	return nil
}
