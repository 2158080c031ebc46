package replay_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel/archive"
	"github.com/socialcrm/socialcrm/replay"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestAScenarioIsPlayedEntryByEntry(t *testing.T) {
	t.Parallel()
	var story []string
	r := play(t, "testdata/parcel.jsonl", archive.JSONLines, replay.Options{Entry: func(e ticket.Entry) {
		if e.Kind == ticket.AccountAdded || e.Kind == ticket.SetupApplied && e.Actor.Kind == ticket.ByHost && e.New == "1" {
			return
		}
		parts := []string{e.Processed.UTC().Format("15:04"), string(e.Kind), e.Actor.ID, e.Old, e.New, e.Reason}
		story = append(story, strings.TrimRight(strings.Join(parts, "|"), "|"))
	}})
	want := []string{
		"08:00|setup.applied|||2",
		"08:55|agent.presence|kim||available|kim",
		"09:00|contact.created|ann",
		"09:00|ticket.created|ann",
		`09:00|ticket.routed|||parcels|text contains word "parcel"`,
		"09:00|ticket.assigned|||kim",
		"09:00|message.received|ann",
		"09:05|note.added|kim",
		"09:30|clock.breached|||first_response|all",
		"09:40|reply.queued|kim",
		"09:40|reply.sent|kim",
		"09:40|ticket.status|kim|new|open|answered",
		"09:40|ticket.status|kim|open|solved", "09:40|clock.moved|||first_response|all",
		"09:40|clock.met|||resolution|all",
		"10:00|message.received|ann",
		"10:00|ticket.reopened|ann|solved|open|the customer wrote again",
		"10:00|clock.withdrawn||met|resolution|all",
		"10:10|ticket.status|kim|open|solved|refunded",
		"10:10|clock.met|||resolution|all",
		"10:11|ticket.reopened|kim|solved|open|the refund failed",
		"10:11|clock.withdrawn||met|resolution|all",
	}
	if diff := gocmp.Diff(want, story); diff != "" {
		t.Errorf("journal (-want +got)\n%s", diff)
	}
	refused := make(map[replay.Verb]error)
	for i, a := range r.Actions {
		if a.Err != nil {
			refused[a.Action.Verb] = a.Err
		}
		if i > 0 && a.Action.Time.Before(r.Actions[i-1].Action.Time) {
			t.Errorf("action %d was done before the one before it", i)
		}
	}
	if len(r.Actions) != 9 || len(refused) != 2 || !errors.Is(refused[replay.Assign], socialcrm.ErrCapacity) || !errors.Is(refused[replay.Resolve], socialcrm.ErrNotFound) {
		t.Errorf("%d actions, refused: %v; want the assign to lee, who is offline, and the resolve of an unknown message", len(r.Actions), refused)
	}
	if r.Reopened != 2 || r.Tickets != 1 || r.SLA[sla.Resolution] != (replay.Judged{Running: 1}) {
		t.Errorf("%d reopened, %d tickets, resolution %+v", r.Reopened, r.Tickets, r.SLA[sla.Resolution])
	}
}

func TestWithSimulatedAgentsActionsAreLeftOut(t *testing.T) {
	t.Parallel()
	r := play(t, "testdata/parcel.jsonl", archive.JSONLines, replay.Options{Agents: 1, Seed: 3})
	for _, a := range r.Actions {
		if a.Err == nil {
			t.Errorf("%s was done", a.Action.Verb)
		}
	}
	if len(r.Actions) != 9 || r.FirstResponse.Count != 1 {
		t.Errorf("%d actions, %d responses", len(r.Actions), r.FirstResponse.Count)
	}
}

const action = `"time":"2026-03-02T09:00:00Z"`

func TestReadScenarioNamesLineAndMistake(t *testing.T) {
	t.Parallel()
	good := `{"action":{` + action + `,"verb":"note","agent":"kim","ticket":"t1","text":"x"}}`
	for _, c := range []struct{ line, want string }{
		{`{"action":{` + action + `,"verb":"note","agent":"kim","ticket":"t1","txet":"x"}}`, `line 3: action.txet: unknown field`},
		{`{"action":{` + action + `,"verb":"dance","agent":"kim"}}`, `line 3: action.verb "dance": want one of reply, note, assign, resolve, reopen, status, close, priority, tag, untag, transfer, merge, unmerge, presence, apply`},
		{`{"action":{"verb":"note","agent":"kim","ticket":"t1","text":"x"}}`, `line 3: action note: time is missing`},
		{`{"action":{` + action + `,"verb":"note","ticket":"t1","text":"x"}}`, `line 3: action note: agent is missing`},
		{`{"action":{` + action + `,"verb":"note","agent":"kim","ticket":"t1"}}`, `line 3: action note: text is missing`},
		{`{"action":{` + action + `,"verb":"note","agent":"kim","text":"x"}}`, `line 3: action note: want either account and message, or ticket`},
		{`{"action":{` + action + `,"verb":"note","agent":"kim","account":"m/a","text":"x"}}`, `line 3: action note: want either account and message, or ticket`},
		{`{"action":{` + action + `,"verb":"note","agent":"kim","account":"m/a","message":"1","ticket":"t1","text":"x"}}`, `line 3: action note: want either account and message, or ticket`},
		{`{"action":{` + action + `,"verb":"note","agent":"kim","ticket":"t1","text":"x","then":"solved"}}`, `line 3: action note: then has no meaning here`},
		{`{"action":{` + action + `,"verb":"presence","agent":"kim","presence":"asleep"}}`, `line 3: action presence: presence "asleep": want available, busy, away or offline`},
		{`{"action":{` + action + `,"verb":"apply"}}`, `line 3: action apply: setup is missing`},
		{`{"event":{"kind":"received","account":"m/a","message":{"id":"1"}}}`, `line 3: event received on m/a: time is missing`},
		{`{"event":{"kind":"received","account":"m/a"}}`, `line 3: event received on m/a: message.id is missing`},
		{`{}`, `line 3: holds neither an event nor an action; want {"event":{...}} or {"action":{...}}`},
		{good + good, `line 3: `},
		{`{"event":{"kind":"received"},"action":{` + action + `}}`, `line 3: holds both an event and an action; give each its own line`},
		{`"` + strings.Repeat("x", 1<<20) + `"`, `line 3: is longer than 1 MiB`},
	} {
		_, err := replay.ReadScenario(strings.NewReader("\ufeff" + good + "\r\n\n" + c.line + "\n"))
		if err == nil || !strings.HasPrefix(err.Error(), "replay: "+c.want) {
			t.Errorf("%.120s: error %v, want %q", c.line, err, c.want)
		}
	}
}

func TestReadFileNamesTheFile(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/story.jsonl"
	if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := replay.ReadFile(path, archive.JSONLines); err == nil || !strings.HasPrefix(err.Error(), "replay: "+path+": line 1: holds neither") {
		t.Errorf("%v", err)
	}
	if _, _, err := replay.ReadFile(path+".gone", archive.JSONLines); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing scenario: %v", err)
	}
	if _, _, err := replay.ReadFile(path+".gone", archive.TWCS); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing archive: %v", err)
	}
}

func TestBadEntriesOfAnArchiveCostTheOthersNothing(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/archive.csv"
	rows := "row,airline,name,text,tweet_created\n1,North,ann,hello,2026-03-02T09:00:00Z\n2,North,bob,hello,soon\n"
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	steps, bad, err := replay.ReadFile(path, archive.Airline)
	if err != nil || len(steps) != 1 || len(bad) != 1 || bad[0].Field != "tweet_created" {
		t.Errorf("%d steps, bad: %v, error: %v", len(steps), bad, err)
	}
}

func TestInOneInstantTheOrderOfTheFileDecides(t *testing.T) {
	t.Parallel()
	line := func(kind, id, author, parent string) string {
		return `{"event":{"kind":"` + kind + `","account":"m/a","time":"2026-03-02T09:00:00Z","message":{"id":"` + id + `","thread":"9","parent":"` + parent + `","author":{"id":"` + author + `"}}}}` + "\n"
	}
	question, answer := line("received", "9", "ann", ""), line("echoed", "1", "a", "9")
	for text, want := range map[string]int{question + answer: 1, answer + question: 0} {
		steps, err := replay.ReadScenario(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := run(t, steps, replay.Options{}).FirstResponse.Count; got != want {
			t.Errorf("%d responses, want %d:\n%s", got, want, text)
		}
	}
}

func TestAnArchiveWrittenAsJSONLinesGivesTheSame(t *testing.T) {
	t.Parallel()
	for _, f := range formats {
		path := dataFile(t, f.file)
		var lines bytes.Buffer
		w := archive.NewWriter(&lines)
		for e, err := range archive.ReadFile(path, f.format) {
			if err == nil {
				err = w.Write(e)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		steps, err := replay.ReadScenario(&lines)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := totals(t, play(t, path, f.format, replay.Options{})), totals(t, run(t, steps, replay.Options{})); a != b {
			t.Errorf("%s\n%s\nas JSON Lines\n%s", f.file, a, b)
		}
	}
}

func FuzzReadScenario(f *testing.F) {
	seed, err := os.ReadFile("testdata/parcel.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"event":{"kind":"received","account":"m/a","time":"2026-03-02T09:00:00Z","message":{"id":"1"}}}`))
	f.Add([]byte("\ufeff\r\n{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		steps, err := replay.ReadScenario(bytes.NewReader(data))
		if err != nil {
			return
		}
		// What was read can be written as lines and read again as the same, and played.
		var lines bytes.Buffer
		for _, s := range steps {
			line, err := json.Marshal(s)
			if err != nil {
				t.Skip("a time that JSON cannot hold")
			}
			lines.Write(append(line, '\n'))
		}
		again, err := replay.ReadScenario(&lines)
		if err != nil {
			t.Fatal(err)
		}
		for i := range again { // the order is the line's number, and empty lines are gone
			if again[i].Event != nil {
				again[i].Event.Message.Order, steps[i].Event.Message.Order = "", ""
			}
		}
		if a, b := encode(t, steps), encode(t, again); a != b {
			t.Fatalf("%s\nread again:\n%s", a, b)
		}
		if len(steps) < 50 {
			if _, err := replay.Run(t.Context(), steps, replay.Options{Redeliver: 1}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func encode(t *testing.T, steps []replay.Step) string {
	t.Helper()
	data, err := json.Marshal(steps)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
