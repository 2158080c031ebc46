package ticket

import "strings"

// memoryValue is a stored Value.
type memoryValue struct {
	record  string
	key     string // packed
	space   string
	name    string
	expires instant // zero: never
}

func (v *memoryValue) read(record string) {
	p := unpacker(record)
	v.record = record
	packText(&p, &v.space)
	packText(&p, &v.name)
	v.key = record[:len(record)-len(p.src)]
	v.expires = p.instant()
}

func (v *memoryValue) expired(now instant) bool {
	return v.expires != (instant{}) && v.expires.compare(now) <= 0
}

func compareValues(a, b *memoryValue) int {
	if c := strings.Compare(a.space, b.space); c != 0 {
		return c
	}
	return strings.Compare(a.name, b.name)
}

func compareExpiry(a, b *memoryValue) int {
	if c := a.expires.compare(b.expires); c != 0 {
		return c
	}
	return compareValues(a, b)
}

// memoryValues is the values of a tenant, by key, by name, and by when they expire.
type memoryValues struct {
	byKey    map[string]*memoryValue
	listed   ordered[*memoryValue]
	expiring ordered[*memoryValue]
}

func (s *memoryValues) init() {
	s.byKey = make(map[string]*memoryValue)
	s.listed.compare, s.expiring.compare = compareValues, compareExpiry
}

// put stores the record or, when it is empty, deletes the value.
func (s *memoryValues) put(key, record string) {
	v, ok := s.byKey[key]
	if ok && v.expires != (instant{}) {
		s.expiring.delete(v)
	}
	if record == "" {
		if ok {
			s.listed.delete(v)
			delete(s.byKey, key)
		}
		return
	}
	if !ok {
		v = new(memoryValue)
	}
	v.read(record)
	s.byKey[v.key] = v
	s.listed.insert(v)
	if v.expires != (instant{}) {
		s.expiring.insert(v)
	}
}

// drop removes up to n values that have expired.
func (s *memoryValues) drop(now instant, n int) {
	for range n {
		v, ok := s.expiring.min()
		if !ok || !v.expired(now) {
			return
		}
		s.put(v.key, "")
	}
}
