package archive_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/archive"
)

// fuzz holds for any input that reading ends, that every event is whole and survives being written as JSON Lines, and that reading it again gives the same.
func fuzz(f *testing.F, format archive.Format, seeds ...string) {
	for path, of := range samples {
		if of != format {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var events []channel.Event
		var lines bytes.Buffer
		w := archive.NewWriter(&lines)
		for e, err := range archive.Read(bytes.NewReader(b), format) {
			if err != nil {
				continue
			}
			events = append(events, e)
			if err := w.Write(e); err != nil {
				t.Fatal(err)
			}
		}
		n := 0
		for e, err := range archive.Read(&lines, archive.JSONLines) {
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(events[n], e, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("event %d (-read +written and read)\n%s", n, diff)
			}
			n++
		}
		if n != len(events) {
			t.Fatalf("%d events came back, want %d", n, len(events))
		}
		var again []channel.Event
		for e, err := range archive.Read(bytes.NewBuffer(b), format) { // cannot seek
			if err == nil {
				again = append(again, e)
			}
		}
		if diff := cmp.Diff(events, again); diff != "" {
			t.Fatalf("read again (-first +second)\n%s", diff)
		}
	})
}

func FuzzAirline(f *testing.F) {
	fuzz(f, archive.Airline, airlineHeader+"1,A,n,\"t\nu\",2015-02-17T10:00:00Z\n", strings.Replace(airlineHeader, "row", "tweet_id", 1))
}

func FuzzConversations(f *testing.F) {
	fuzz(f, archive.Conversations, "["+dialogue+","+dialogue+"]", "[]")
}

func FuzzTWCS(f *testing.F) {
	fuzz(f, archive.TWCS, twcsHeader+"x,B,FALSE,2017-10-31T22:10:47Z,@9 hi,,y\ny,9,1,2017-10-31T22:10:47Z,\"@b hi\",,x\n")
}

func FuzzJSONLines(f *testing.F) {
	fuzz(f, archive.JSONLines, `{"event":{"kind":"reaction","account":"p/a","message":{"id":"1"},"reaction":{"removed":true}}}`)
}
