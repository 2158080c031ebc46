package archive_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/archive"
)

// realFiles returns the data sets of that name, or skips. They lie beside the project, in the folder that SOCIALCRM_DATA names.
func realFiles(t *testing.T, pattern string) []string {
	t.Helper()
	dir := os.Getenv("SOCIALCRM_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	} else if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", "..", dir) // from the root of the module
	}
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		skip := t.Skipf
		if os.Getenv("SOCIALCRM_REQUIRE") != "" {
			skip = t.Fatalf // where the data sets are said to be there, nothing is left out silently
		}
		skip("no %s in %s: set SOCIALCRM_DATA to the folder of the data sets to count them", pattern, dir)
	}
	return paths
}

// counts are numbers by what was counted.
type counts map[string]int

// distinct counts each (what, id) once.
func (c counts) distinct(seen map[string]bool, what string, id ...string) {
	key := what + "\x00" + strings.Join(id, "\x00")
	if !seen[key] {
		seen[key] = true
		c[what]++
	}
}

// readAll returns the events of a file in which nothing may be bad.
func readAll(t *testing.T, path string, f archive.Format) (events []channel.Event) {
	t.Helper()
	for e, err := range archive.ReadFile(path, f) {
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Check(); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// eachRow gives the rows of a CSV file by column.
func eachRow(t *testing.T, path string, do func(row map[string]string)) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	header, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		row := make(map[string]string, len(header))
		for i, h := range header {
			row[h] = fields[i]
		}
		do(row)
	}
}

func TestRealAirlineTweetsAreAllThere(t *testing.T) {
	t.Parallel()
	for _, path := range realFiles(t, "airline*.csv") {
		want, got := counts{}, counts{}
		seen, seenToo := map[string]bool{}, map[string]bool{}
		eachRow(t, path, func(row map[string]string) {
			want["rows"]++
			want["of "+row["airline"]]++
			want[row["airline"]+" "+row["airline_sentiment"]]++
			want.distinct(seen, "IDs", row["airline"], row["row"])
			want.distinct(seen, "authors", row["airline"], row["name"])
			when, err := time.Parse(time.RFC3339, row["tweet_created"])
			if err != nil {
				t.Fatal(err)
			}
			want["minutes"] += int(when.Unix()/60) % 1000
		})
		for _, e := range readAll(t, path, archive.Airline) {
			got["rows"]++
			got["of "+e.Account.ID]++
			got[e.Account.ID+" "+e.Message.Facts["sentiment"]]++
			got.distinct(seenToo, "IDs", e.Account.ID, e.DedupeKey())
			got.distinct(seenToo, "authors", e.Account.ID, e.Message.Thread)
			got["minutes"] += int(e.Time.Unix()/60) % 1000
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-file +events)\n%s", path, diff)
		}
	}
}

func TestRealConversationsAreAllThere(t *testing.T) {
	t.Parallel()
	for _, path := range realFiles(t, "*conversations*.json") {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var dialogues []struct {
			DialogHeader  struct{ Company string }
			DialogContent []map[string]string
		}
		if err := json.Unmarshal(b, &dialogues); err != nil {
			t.Fatal(err)
		}
		want, got := counts{}, counts{}
		seen, seenToo := map[string]bool{}, map[string]bool{}
		for _, d := range dialogues {
			company := d.DialogHeader.Company
			for _, m := range d.DialogContent {
				want["messages"]++
				want.distinct(seen, "threads", company, d.DialogContent[0]["tweet_ID"])
				if _, ok := m["agent"]; ok {
					want.distinct(seen, "answers", company, m["tweet_ID"])
					continue
				}
				want.distinct(seen, "from customers", company, m["tweet_ID"])
				want.distinct(seen, "customers", m["client"]+m["client1"]+m["client2"]+m["client3"])
			}
		}
		for _, e := range readAll(t, path, archive.Conversations) {
			got["messages"]++
			got.distinct(seenToo, "threads", e.Account.ID, e.Message.Thread)
			if e.Kind == channel.MessageEchoed {
				got.distinct(seenToo, "answers", e.Account.ID, e.DedupeKey())
				continue
			}
			got.distinct(seenToo, "from customers", e.Account.ID, e.DedupeKey())
			got.distinct(seenToo, "customers", e.Message.Author.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-file +events)\n%s", path, diff)
		}
	}
}

func TestRealTWCSIsAllThere(t *testing.T) {
	t.Parallel()
	for _, path := range realFiles(t, "twcs*.csv") {
		if info, err := os.Stat(path); err == nil && info.Size() > 100<<20 && testing.Short() {
			t.Skipf("%s is big: not with -short", path)
		}
		want, got := counts{}, counts{}
		seen, seenToo := map[string]bool{}, map[string]bool{}
		parent, brand := map[string]string{}, map[string]string{}
		eachRow(t, path, func(row map[string]string) {
			want["rows"]++
			want.distinct(seen, "IDs", row["tweet_id"])
			parent[row["tweet_id"]] = row["in_response_to_tweet_id"]
			if strings.EqualFold(row["inbound"], "false") {
				want["by "+row["author_id"]]++
				brand[row["tweet_id"]] = row["author_id"]
				return
			}
			want["inbound"]++
		})
		for id, up := range parent {
			if b := brand[up]; b != "" && brand[id] == "" {
				want["to "+b]++
			}
			top := id
			for up != "" {
				top, up = up, parent[up]
			}
			want.distinct(seen, "threads", top)
		}
		for e, err := range archive.ReadFile(path, archive.TWCS) {
			if err != nil {
				t.Fatal(err)
			}
			got["rows"]++
			got.distinct(seenToo, "IDs", e.Message.ID)
			got.distinct(seenToo, "threads", e.Message.Thread)
			if e.Kind == channel.MessageEchoed {
				got["by "+e.Account.ID]++
				if e.Account.ID != e.Message.Author.ID {
					t.Errorf("%s speaks for %s", e.Message.Author.ID, e.Account)
				}
				continue
			}
			got["inbound"]++
			if b := brand[e.Message.Parent]; b != "" {
				got["to "+e.Account.ID]++
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-file +events)\n%s", path, diff)
		}
	}
}
