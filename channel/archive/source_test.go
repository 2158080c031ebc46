package archive_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/archive"
	"github.com/socialcrm/socialcrm/remote"
)

// everything polls to the end, each time with the source that next gives.
func everything(t *testing.T, next func() *archive.Source) (events []channel.Event, bad []channel.Bad, end channel.Cursor) {
	t.Helper()
	for range 1000 {
		batch, err := next().Poll(t.Context(), end)
		if err != nil {
			t.Fatal(err)
		}
		events, bad, end = append(events, batch.Events...), append(bad, batch.Bad...), batch.Cursor
		if !batch.More {
			return events, bad, end
		}
	}
	t.Fatal("polling never ends")
	return nil, nil, ""
}

func TestPollsInBatchesOfAnySizeBringWhatReadingDoes(t *testing.T) {
	t.Parallel()
	for path, format := range samples {
		var want []channel.Event
		var wantBad []channel.Bad
		for e, err := range archive.ReadFile(path, format) {
			if bad, ok := errors.AsType[*archive.RowError](err); ok {
				wantBad = append(wantBad, channel.Bad{Account: bad.Account, Where: bad.Where(), Reason: bad.Reason, Raw: bad.Raw})
				continue
			}
			want = append(want, e)
		}
		for _, size := range []int{0, 1, 2, 3, 7} {
			fresh := func() *archive.Source { // as after a restart
				s := archive.NewSource("recorded", path, format)
				s.BatchSize = size
				return s
			}
			events, bad, end := everything(t, fresh)
			if diff := cmp.Diff(want, events); diff != "" {
				t.Errorf("%s in batches of %d (-want +got)\n%s", format, size, diff)
			}
			if diff := cmp.Diff(wantBad, bad); diff != "" {
				t.Errorf("%s in batches of %d: bad (-want +got)\n%s", format, size, diff)
			}
			again, err := fresh().Poll(t.Context(), end)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(channel.Batch{Cursor: end}, again); diff != "" {
				t.Errorf("%s after the end (-want +got)\n%s", format, diff)
			}
			kept := fresh()
			if events, _, _ := everything(t, func() *archive.Source { return kept }); len(events) != len(want) {
				t.Errorf("%s with one source in batches of %d: %d events, want %d", format, size, len(events), len(want))
			}
		}
	}
}

func TestBatchesAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.jsonl")
	line := `{"event":{"kind":"received","account":"p/a","message":{"id":"1","text":"` + strings.Repeat("x", 1<<19) + `"}}}` + "\n"
	if err := os.WriteFile(path, []byte(strings.Repeat(line, 20)), 0o600); err != nil {
		t.Fatal(err)
	}
	batch, err := archive.NewSource("big", path, archive.JSONLines).Poll(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(batch.Events); n != 8 || !batch.More {
		t.Errorf("%d events, more: %t; want 8, true", n, batch.More)
	}
}

func TestSourceFollowsAGrowingFile(t *testing.T) {
	t.Parallel()
	for format, lines := range map[archive.Format][2]string{
		archive.JSONLines: {
			`{"event":{"kind":"received","account":"p/a","message":{"id":"1"}}}` + "\n",
			`{"event":{"kind":"received","account":"p/a","message":{"id":"2"}}}` + "\n",
		},
		archive.TWCS: { // whole rows may come here too: the trees are read again
			twcsHeader + "1,9,True,2017-10-31T22:10:47Z,@Brand hello,,\n",
			"2,Brand,False,2017-10-31T22:11:47Z,@9 hello,,1\n",
		},
	} {
		path := filepath.Join(t.TempDir(), "grows")
		s := archive.NewSource("grows", path, format)
		var cursor channel.Cursor
		var all []byte
		for i, line := range lines {
			all = append(all, line...)
			if err := os.WriteFile(path, all, 0o600); err != nil {
				t.Fatal(err)
			}
			batch, err := s.Poll(t.Context(), cursor)
			if err != nil {
				t.Fatal(err)
			}
			if len(batch.Events) != 1 || batch.Events[0].Message.ID != []string{"1", "2"}[i] {
				t.Errorf("%s: poll %d brings %v, want message %d alone", format, i+1, batch.Events, i+1)
			}
			cursor = batch.Cursor
		}
	}
}

func TestFatalErrorOfAPollComesAfterWhatIsBeforeIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "conversations.json")
	if err := os.WriteFile(path, []byte("["+dialogue+" , "+dialogue+", {]"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := archive.NewSource("broken", path, archive.Conversations)
	batch, err := s.Poll(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(batch.Events) != 2 || !batch.More {
		t.Errorf("%d events, more: %t; want 2, true", len(batch.Events), batch.More)
	}
	for range 2 {
		_, err = s.Poll(t.Context(), batch.Cursor)
		want := "archive: poll broken: rejected: read " + path + ": dialogue 3: invalid character ']' looking for beginning of object key string"
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestPollErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	table := write("airline.csv", airlineHeader+"1,A,n,t,2015-02-17T10:00:00Z\n")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name   string
		ctx    context.Context
		path   string
		format archive.Format
		cursor channel.Cursor
		want   remote.Kind
	}{
		{"no file", t.Context(), filepath.Join(dir, "absent"), archive.Airline, "", remote.NotFound},
		{"a directory", t.Context(), dir, archive.Airline, "", remote.Unavailable},
		{"no format", t.Context(), table, "", "", remote.Rejected},
		{"another format", t.Context(), table, archive.TWCS, "", remote.Rejected},
		{"another format, JSON", t.Context(), table, archive.Conversations, "", remote.Rejected},
		{"a cursor of something else", t.Context(), table, archive.Airline, "page=2", remote.Rejected},
		{"a negative cursor", t.Context(), table, archive.Airline, "1,-1,1", remote.Rejected},
		{"a cursor after the end", t.Context(), table, archive.Airline, "4711,3,2", remote.Rejected},
		{"the context has ended", ended, table, archive.Airline, "", remote.Unavailable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := archive.NewSource("s", test.path, test.format).Poll(test.ctx, test.cursor)
			e, ok := errors.AsType[*remote.Error](err)
			if !ok || e.Kind != test.want {
				t.Errorf("got %v, want a *remote.Error of kind %s", err, test.want)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "archive: poll s: ") {
				t.Errorf("%q does not say what was tried", err)
			}
		})
	}
}

func TestSourceOfAnyCursorDoesNotPanic(t *testing.T) {
	t.Parallel()
	for path, format := range samples {
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for at := range len(whole) { // most of these are inside an entry
			cursor := channel.Cursor(fmt.Sprintf("%d,1,1", at))
			if _, err := archive.NewSource("s", path, format).Poll(t.Context(), cursor); err != nil {
				if _, ok := errors.AsType[*remote.Error](err); !ok {
					t.Fatalf("%s at %d: %v is no *remote.Error", format, at, err)
				}
			}
		}
	}
}
