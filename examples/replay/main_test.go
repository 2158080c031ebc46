package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/socialcrm/socialcrm/replay"
	"github.com/socialcrm/socialcrm/ticket"
	"github.com/socialcrm/socialcrm/ticket/postgres/postgrestest"
	"github.com/socialcrm/socialcrm/ticket/sqlite"
)

const tweets = `row,airline,name,text,tweet_created
1,North,ann,Where is my bag?,2026-03-02T09:00:00Z
2,North,ann,Hello?,2026-03-02T09:30:00Z
3,South,bob,Late again,2026-03-02T11:00:00Z
`

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func call(args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	code = run(context.Background(), args, &o, &e)
	return code, o.String(), e.String()
}

func TestJSONHasTheKeysOfTheReport(t *testing.T) {
	t.Parallel()
	code, out, errs := call("-in", file(t, "a.csv", tweets), "-format", "airline", "-redeliver", "2", "-seed", "7", "-json")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]float64{"messages": 3, "duplicates": 6, "echoes": 0, "tickets": 2, "reopened": 0, "followups": 0, "contacts": 2} {
		if got[key] != want {
			t.Errorf("%s: %v, want %v", key, got[key], want)
		}
	}
	for _, key := range []string{"journal", "first_response", "sla", "synced", "wall_ms", "messages_per_s"} {
		if _, ok := got[key]; !ok {
			t.Errorf("%s is missing", key)
		}
	}
	if len(got) != 13 {
		t.Errorf("%d keys: %s", len(got), out)
	}
	metrics, _ := got["sla"].(map[string]any)
	for _, m := range []string{"acknowledgement", "first_response", "next_response", "periodic_update", "resolution", "requester_wait", "agent_work"} {
		if _, ok := metrics[m]; !ok {
			t.Errorf("sla.%s is missing", m)
		}
	}
}

func TestADeskFileAndAgentsChangeWhatComesOut(t *testing.T) {
	t.Parallel()
	desk := file(t, "desk.json", `{"lanes":[{"name":"all"}],"sla":[{"name":"quick","targets":[{"metric":"first_response","within":"1s"}]}]}`)
	code, out, errs := call("-in", file(t, "a.csv", tweets), "-format", "airline", "-desk", desk, "-agents", "1", "-handle", "10m")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{"twitter/North", "total                            3        2", "first response         0 met       2 breached", "an hour a column"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestBadCallsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	archive, desk := file(t, "a.csv", tweets), file(t, "desk.json", "{\n\"lane\":[]}")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, 2, "-in is missing"},
		{[]string{"-in", archive}, 2, `-format "": want airline`},
		{[]string{"-in", archive, "-format", "xml"}, 2, `-format "xml": want airline`},
		{[]string{"-in", archive, "-format", "airline", "-agents", "-1"}, 2, "-agents -1"},
		{[]string{"-in", archive, "-format", "airline", "-redeliver", "-1"}, 2, "-redeliver -1"},
		{[]string{"-in", archive, "-format", "airline", "-handle", "0s"}, 2, "-handle 0s"},
		{[]string{"-in", archive, "-format", "airline", "more"}, 2, `argument "more"`},
		{[]string{"-loud"}, 2, "-loud"},
		{[]string{"-in", archive + ".gone", "-format", "airline"}, 1, "a.csv.gone"},
		{[]string{"-in", archive, "-format", "twcs"}, 1, "tweet_id"},
		{[]string{"-in", archive, "-format", "jsonl"}, 1, "line 1"},
		{[]string{"-in", archive, "-format", "airline", "-desk", desk}, 1, "line 2: lane: unknown field"},
	} {
		code, out, errs := call(c.args...)
		if code != c.code || !strings.Contains(errs, c.want) || out != "" {
			t.Errorf("%q: exit %d, %q; want exit %d and %q", c.args, code, errs, c.code, c.want)
		}
	}
	if code, _, errs := call("-h"); code != 0 || !strings.Contains(errs, "-redeliver") || !strings.Contains(errs, "the exit code is 0") {
		t.Errorf("-h: exit %d, %q", code, errs)
	}
}

func TestBadEntriesAreToldAndCostTheOthersNothing(t *testing.T) {
	t.Parallel()
	text := tweets + strings.Repeat("9,North,cy,Hm,soon\n", 12)
	code, out, errs := call("-in", file(t, "a.csv", text), "-format", "airline", "-json")
	if code != 0 || !strings.Contains(out, `"messages":3`) || strings.Count(errs, "\n") != 11 || !strings.Contains(errs, "12 of 15 entries could not be read") {
		t.Errorf("exit %d\n%s\n%s", code, out, errs)
	}
}

func TestFlagsWithoutEffectAreTold(t *testing.T) {
	t.Parallel()
	in := []string{"-in", file(t, "a.csv", tweets), "-format", "airline"}
	for _, c := range []struct {
		args []string
		want string // on standard error
	}{
		{nil, ""},
		{[]string{"-seed", "7"}, "replay: -seed has no effect without -agents or -redeliver\n"},
		{[]string{"-handle", "4m"}, "replay: -handle has no effect without -agents\n"},
		{[]string{"-seed", "7", "-redeliver", "1"}, ""},
		{[]string{"-seed", "7", "-handle", "4m", "-agents", "1"}, ""},
	} {
		if code, out, errs := call(append(in, c.args...)...); code != 0 || errs != c.want || out == "" {
			t.Errorf("%q: exit %d, %q; want exit 0 and %q", c.args, code, errs, c.want)
		}
	}
}

func TestEventsThatCannotBeTakenInAreTold(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	if err := (flags{asJSON: true}).write(&replay.Report{Messages: 3, Quarantined: 2}, &out, &errs); err != nil {
		t.Fatal(err)
	}
	if errs.String() != "replay: 2 events could not be taken in\n" || !strings.Contains(out.String(), `"messages":3`) {
		t.Errorf("%q beside\n%s", errs.String(), out.String())
	}
}

func TestTheBarIsDrawnOnATerminalOnly(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	on := bar{out: &b, on: true}
	for i := range 5000 {
		on.show(i+1, 5000)
	}
	on.clear()
	if n := strings.Count(b.String(), "\r"); n != 1001 || !strings.Contains(b.String(), "100 %  5000 of 5000") {
		t.Errorf("drawn %d times, the end: %q", n, b.String()[b.Len()-100:])
	}
	b.Reset()
	off := bar{out: &b, on: isTerminal(&b)}
	off.show(1, 1)
	off.clear()
	if b.Len() > 0 {
		t.Errorf("%q where there is no terminal", b.String())
	}
}

func TestADatabaseChangesNothing(t *testing.T) {
	t.Parallel()
	in := []string{"-in", file(t, "a.csv", tweets), "-format", "airline", "-redeliver", "2", "-agents", "1"}
	_, memory, _ := call(in...)
	path := filepath.Join(t.TempDir(), "tickets.db")
	code, out, errs := call(append(in, "-store", "sqlite:"+path)...)
	tickets := func(out string) string { // what does not depend on the machine
		before, _, _ := strings.Cut(out, "first response")
		return before
	}
	if code != 0 || errs != "" || tickets(out) != tickets(memory) || out == "" {
		t.Errorf("exit %d, %q\n%s\nin memory:\n%s", code, errs, out, memory)
	}
	if code, _, errs := call(append(in, "-store", "sqlite:"+path)...); code != 1 || !strings.Contains(errs, "not empty") {
		t.Errorf("once more into the same file: exit %d, %q", code, errs)
	}
	store, err := sqlite.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.View(t.Context(), "", func(r ticket.Reader) error {
		list, err := r.ListTickets(ticket.TicketQuery{})
		if len(list.Items) != 2 {
			t.Errorf("%d tickets are kept, want 2", len(list.Items))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"sqlite:", "sqlite", "mysql:x"} {
		if code, _, errs := call(append(in, "-store", bad)...); code != 2 || !strings.Contains(errs, "-store") {
			t.Errorf("-store %s: exit %d, %q", bad, code, errs)
		}
	}
}

func TestAServerChangesNothing(t *testing.T) {
	t.Parallel()
	server, err := postgrestest.Start()
	if errors.Is(err, postgrestest.ErrMissing) && os.Getenv("SOCIALCRM_REQUIRE") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	in := []string{"-in", file(t, "a.csv", tweets), "-format", "airline", "-redeliver", "2", "-agents", "1"}
	_, memory, _ := call(in...)
	code, out, errs := call(append(in, "-store", "postgres:"+server.DSN)...)
	before, _, _ := strings.Cut(memory, "first response")
	if code != 0 || errs != "" || !strings.HasPrefix(out, before) || before == "" {
		t.Errorf("exit %d, %q\n%s\nin memory:\n%s", code, errs, out, memory)
	}
	if code, _, errs := call(append(in, "-store", "postgres:"+server.DSN)...); code != 1 || !strings.Contains(errs, "not empty") {
		t.Errorf("once more into the same database: exit %d, %q", code, errs)
	}
}
