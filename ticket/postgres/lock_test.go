package postgres

import (
	"hash/fnv"
	"testing"
)

// Processes of different versions lock the same names.
func TestLocksAreTheHashesOfWhatIsNamed(t *testing.T) {
	t.Parallel()
	s := &Store{schema: `"socialcrm"`}
	for _, parts := range [][]string{nil, {""}, {"brand"}, {"brand", "tickets", "T-1"}, {"brand", "ref", "facebook\x001\x00Müller"}} {
		h := fnv.New64a()
		for _, part := range append([]string{"socialcrm", s.schema}, parts...) {
			h.Write([]byte(part + "\x00"))
		}
		if got, want := s.lock(parts...), int64(h.Sum64()); got != want {
			t.Errorf("lock of %q is %d, want %d", parts, got, want)
		}
	}
}
