package main

import (
	"log/slog"
	"path/filepath"
	"testing"
)

// TestTheFileSaysWhatTheCompanyIs starts a desk thrice on one Store: the Setup in force changes when the file does, and only then.
func TestTheFileSaysWhatTheCompanyIs(t *testing.T) {
	t.Parallel()
	st, err := newStage()
	if err != nil {
		t.Fatal(err)
	}
	defer st.close()
	st.Store = "sqlite:" + filepath.Join(t.TempDir(), "desk.db")
	start := func() (lanes int, version int64) {
		t.Helper()
		s, err := open(t.Context(), st.Config, st.getenv, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer s.store.Close()
		setup, version := s.desk.Setup()
		return len(setup.Lanes), version
	}
	_, first := start()
	if _, again := start(); again != first {
		t.Errorf("the same file makes version %d of %d", again, first)
	}
	st.Setup.Lanes = st.Setup.Lanes[1:]
	if lanes, changed := start(); lanes != 1 || changed == first {
		t.Errorf("another file makes version %d of %d, with %d lanes, want one", changed, first, lanes)
	}
}
