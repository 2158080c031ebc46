package sqlite

import "slices"

// kept holds what an Update has written of one kind and not sent yet: a log, so that Try can drop the end of it. latest finds the newest write of a key.
type kept[K comparable, R any] struct {
	writes []write[K, R]
	latest map[K]int
}

type write[K comparable, R any] struct {
	key    K
	record R
	gone   bool // deleted
	before int  // the write of the same key before this one; -1: none
}

func (l *kept[K, R]) put(key K, record R) { l.add(write[K, R]{key: key, record: record}) }

func (l *kept[K, R]) remove(key K) { l.add(write[K, R]{key: key, gone: true}) }

func (l *kept[K, R]) add(w write[K, R]) {
	if l.latest == nil {
		l.latest = make(map[K]int)
	}
	w.before = -1
	if i, ok := l.latest[w.key]; ok {
		w.before = i
	}
	l.latest[w.key] = len(l.writes)
	l.writes = append(l.writes, w)
}

// get finds the newest write of a key; nil: there is none.
func (l *kept[K, R]) get(key K) *write[K, R] {
	if i, ok := l.latest[key]; ok {
		return &l.writes[i]
	}
	return nil
}

func (l *kept[K, R]) length() int { return len(l.writes) }

// truncate drops all writes from the n-th on.
func (l *kept[K, R]) truncate(n int) {
	for i := len(l.writes) - 1; i >= n; i-- {
		if w := &l.writes[i]; w.before >= 0 {
			l.latest[w.key] = w.before
		} else {
			delete(l.latest, w.key)
		}
	}
	clear(l.writes[n:])
	l.writes = l.writes[:n]
}

// eachBy is each in an order of the caller's.
func (l *kept[K, R]) eachBy(compare func(a, b *write[K, R]) int, fn func(w *write[K, R]) error) error {
	latest := make([]*write[K, R], 0, len(l.latest))
	_ = l.each(func(w *write[K, R]) error { latest = append(latest, w); return nil })
	slices.SortStableFunc(latest, compare)
	for _, w := range latest {
		if err := fn(w); err != nil {
			return err
		}
	}
	return nil
}

// each calls fn with the newest write of every key, in the order in which they were made, until one fails.
func (l *kept[K, R]) each(fn func(w *write[K, R]) error) error {
	for i := range l.writes {
		if w := &l.writes[i]; l.latest[w.key] == i {
			if err := fn(w); err != nil {
				return err
			}
		}
	}
	return nil
}
