package replay_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/archive"
	"github.com/socialcrm/socialcrm/replay"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// dataFile returns the path of a data set, or skips. They lie beside the project, in the folder that SOCIALCRM_DATA names.
func dataFile(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("SOCIALCRM_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	} else if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", dir) // from the root of the module
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		skip := t.Skipf
		if os.Getenv("SOCIALCRM_REQUIRE") != "" {
			skip = t.Fatalf // where the data sets are said to be there, nothing is left out silently
		}
		skip("no %s in %s: set SOCIALCRM_DATA to the folder of the data sets to count them", name, dir)
	}
	return path
}

func play(t testing.TB, path string, f archive.Format, o replay.Options) *replay.Report {
	t.Helper()
	steps, bad, err := replay.ReadFile(path, f)
	if err != nil {
		t.Fatal(err)
	}
	if len(bad) > 0 {
		t.Fatalf("%d bad entries, the first: %v", len(bad), bad[0])
	}
	report, err := replay.Run(context.Background(), steps, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// counted leaves what an independent count of the file can tell.
var counted = cmpopts.IgnoreFields(replay.Report{}, "Journal", "WallMS", "MessagesPerSecond", "End", "Accounts", "Actions", "Quarantined")

// totals is the JSON of a report without what may differ between two runs.
func totals(t testing.TB, r *replay.Report) string {
	t.Helper()
	copied := *r
	copied.Duplicates, copied.WallMS, copied.MessagesPerSecond = 0, 0, 0
	data, err := json.Marshal(copied)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var formats = []struct {
	format archive.Format
	file   string
}{
	{archive.Airline, "airline-tweets.csv"},
	{archive.Conversations, "support-conversations.json"},
	{archive.TWCS, "twcs-sample.csv"},
}

func TestRealFilesGiveTheCountsOfTheFile(t *testing.T) {
	t.Parallel()
	for _, f := range formats {
		t.Run(f.file, func(t *testing.T) {
			t.Parallel()
			path := dataFile(t, f.file)
			want := count(t, path, f.format)
			once := play(t, path, f.format, replay.Options{})
			if diff := gocmp.Diff(want, *once, counted, cmpopts.IgnoreUnexported(replay.Report{})); diff != "" {
				t.Errorf("-file +replay\n%s", diff)
			}
			again := play(t, path, f.format, replay.Options{Redeliver: 3, Seed: 7})
			if totals(t, again) != totals(t, once) {
				t.Errorf("redelivery changed the result:\n%s\n%s", totals(t, once), totals(t, again))
			}
			events := once.Messages + once.Echoes + once.Duplicates
			if got, want := again.Duplicates, once.Duplicates+3*events; got != want {
				t.Errorf("%d duplicates with 3 copies of %d events, want %d", got, events, want)
			}
		})
	}
}

func TestGeneratedFilesGiveTheCountsOfTheFile(t *testing.T) {
	t.Parallel()
	for _, f := range formats {
		t.Run(string(f.format), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			rapid.Check(t, func(rt *rapid.T) {
				path := filepath.Join(dir, "archive")
				if err := os.WriteFile(path, generate(rt, f.format), 0o600); err != nil {
					rt.Fatal(err)
				}
				want := count(t, path, f.format)
				once := play(t, path, f.format, replay.Options{})
				if diff := gocmp.Diff(want, *once, counted, cmpopts.IgnoreUnexported(replay.Report{})); diff != "" {
					rt.Fatalf("-file +replay\n%s", diff)
				}
				again := play(t, path, f.format, replay.Options{Redeliver: 2, Seed: rapid.Uint64().Draw(rt, "seed")})
				if totals(t, again) != totals(t, once) {
					rt.Fatalf("redelivery changed the result:\n%s\n%s", totals(t, once), totals(t, again))
				}
			})
		})
	}
}

// asked is a customer's message at a time in minutes.
func asked(id, author string, minute int) replay.Step {
	return step(channel.MessageReceived, id, author, "", minute)
}

func step(kind channel.EventKind, id, author, parent string, minute int) replay.Step {
	at := day.Add(time.Duration(minute) * time.Minute)
	thread := id
	if parent != "" {
		thread = parent
	}
	return replay.Step{Event: &channel.Event{
		Kind: kind, Account: acme, Time: at,
		Message: channel.Message{ID: id, Thread: thread, Parent: parent, Author: channel.Author{ID: author}, Text: "About " + id, Time: at},
	}}
}

var (
	day  = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	acme = channel.AccountID{Platform: "mastodon", ID: "acme"}
)

func run(t testing.TB, steps []replay.Step, o replay.Options) *replay.Report {
	t.Helper()
	r, err := replay.Run(context.Background(), steps, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestStepsAreDoneInTheOrderOfTheirTimes(t *testing.T) {
	t.Parallel()
	r := run(t, []replay.Step{
		step(channel.MessageEchoed, "e1", "acme", "m1", 30),
		asked("m1", "ann", 0),
		asked("m2", "bob", 10),
	}, replay.Options{})
	if want := (replay.Spread{Count: 1, Median: 1800, P90: 1800}); r.FirstResponse != want {
		t.Errorf("first response %+v, want %+v", r.FirstResponse, want)
	}
	if want := (replay.Judged{Met: 1, Running: 1}); r.SLA[sla.FirstResponse] != want {
		t.Errorf("first response clocks %+v, want %+v", r.SLA[sla.FirstResponse], want)
	}
	if !r.End.Equal(day.Add(30 * time.Minute)) {
		t.Errorf("the end is at %s, want at the last step", r.End)
	}
}

func TestEchoesOfNoTicketAreCountedAtTheEnd(t *testing.T) {
	t.Parallel()
	early := step(channel.MessageEchoed, "e1", "acme", "m1", 0) // comes before what it answers
	r := run(t, []replay.Step{early, step(channel.MessageEchoed, "e2", "acme", "gone", 1), asked("m1", "ann", 5)}, replay.Options{Redeliver: 1})
	if r.Echoes != 2 || r.Unaddressed != 1 {
		t.Errorf("%d of %d echoes belong to no ticket, want 1 of 2", r.Unaddressed, r.Echoes)
	}
}

func TestClocksAreJudgedToTheInstant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		minute int
		want   replay.Judged
	}{
		{60, replay.Judged{Running: 2}}, // at the deadline itself it still runs
		{61, replay.Judged{Breached: 1, Running: 1}},
	} {
		r := run(t, []replay.Step{asked("m1", "ann", 0), asked("m2", "bob", c.minute)}, replay.Options{})
		if got := r.SLA[sla.FirstResponse]; got != c.want {
			t.Errorf("judged after %d minutes: %+v, want %+v", c.minute, got, c.want)
		}
	}
}

func TestABreachIsInTheJournalAtItsOwnTime(t *testing.T) {
	t.Parallel()
	var breaches []ticket.Entry
	run(t, []replay.Step{asked("m1", "ann", 0), asked("m2", "bob", 300)}, replay.Options{Entry: func(e ticket.Entry) {
		if e.Kind == ticket.ClockBreached {
			breaches = append(breaches, e)
		}
	}})
	if len(breaches) != 2 {
		t.Fatalf("%d breaches, want acknowledgement and first response", len(breaches))
	}
	for _, b := range breaches {
		if due := day.Add(time.Hour); !b.Happened.Equal(due) || b.Processed.Sub(due) > time.Millisecond {
			t.Errorf("breach at %s, seen at %s, want %s", b.Happened, b.Processed, due)
		}
	}
}

func TestCopiesAfterTheEndChangeNothing(t *testing.T) {
	t.Parallel()
	// The first answer of m1 is due within the ten minutes in which copies still come.
	steps := []replay.Step{asked("m1", "ann", 0), asked("m2", "bob", 55)}
	for seed := range uint64(20) {
		once, again := run(t, steps, replay.Options{}), run(t, steps, replay.Options{Redeliver: 5, Seed: seed})
		if totals(t, once) != totals(t, again) || again.Duplicates != 10 {
			t.Fatalf("seed %d, %d duplicates:\n%s\n%s", seed, again.Duplicates, totals(t, once), totals(t, again))
		}
	}
}

func TestALateEventArrivesWhenItWasReceived(t *testing.T) {
	t.Parallel()
	late := asked("m1", "ann", 0)
	late.Event.Received = day.Add(5 * time.Minute)
	var received time.Time
	r := run(t, []replay.Step{late}, replay.Options{Entry: func(e ticket.Entry) {
		if e.Kind == ticket.MessageReceived {
			received = e.Received
		}
	}})
	if !received.Equal(late.Event.Received) || !r.End.Equal(received) {
		t.Errorf("received at %s, end at %s, want both at %s", received, r.End, late.Event.Received)
	}
}

func TestSimulatedAgentsTakeOneTicketAtATime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		agents := rapid.IntRange(1, 4).Draw(rt, "agents")
		steps := traffic(rt, 30)
		busy, most := make(map[string]map[ticket.ID]bool), 0
		o := replay.Options{Agents: agents, Handle: 20 * time.Minute, Seed: rapid.Uint64().Draw(rt, "seed")}
		if rapid.Bool().Draw(rt, "with a desk") {
			o.Setup = twoLanes()
		}
		status := make(map[ticket.ID]ticket.Status)
		o.Entry = func(e ticket.Entry) {
			switch e.Kind {
			case ticket.TicketAssigned:
				if busy[e.New] == nil {
					busy[e.New] = make(map[ticket.ID]bool)
				}
				busy[e.New][e.Ticket] = true
				if e.New != "" {
					most = max(most, len(busy[e.New]))
				}
			case ticket.TicketStatus:
				status[e.Ticket] = ticket.Status(e.New)
				if e.New == string(ticket.Solved) {
					for _, tickets := range busy {
						delete(tickets, e.Ticket)
					}
				}
			}
		}
		r := run(t, steps, o)
		if most > 1 {
			rt.Errorf("an agent had %d tickets at once", most)
		}
		for id, s := range status {
			if s != ticket.Solved {
				rt.Errorf("ticket %s is %s at the end", id, s)
			}
		}
		if r.Tickets != r.FirstResponse.Count || r.Echoes != 0 || r.SLA[sla.Resolution].Running != 0 {
			rt.Errorf("%d tickets, %d answered, %d echoes, resolution %+v", r.Tickets, r.FirstResponse.Count, r.Echoes, r.SLA[sla.Resolution])
		}
		plain := o
		plain.Entry = nil
		if again := run(t, steps, plain); totals(t, again) != totals(t, r) {
			rt.Errorf("the same seed gave another result:\n%s\n%s", totals(t, r), totals(t, again))
		}
		plain.Redeliver = 2
		if again := run(t, steps, plain); totals(t, again) != totals(t, r) {
			rt.Errorf("redelivery changed the result:\n%s\n%s", totals(t, r), totals(t, again))
		}
	})
}

func TestMoreAgentsAnswerSooner(t *testing.T) {
	t.Parallel()
	var steps []replay.Step
	for i := range 60 {
		steps = append(steps, asked("m"+string(rune('A'+i)), "c"+string(rune('A'+i)), i))
	}
	waits := make([]float64, 0, 3)
	for _, agents := range []int{2, 6, 40} {
		waits = append(waits, run(t, steps, replay.Options{Agents: agents, Handle: 10 * time.Minute, Seed: 1}).FirstResponse.P90)
	}
	if !(waits[0] > waits[1] && waits[1] > waits[2]) {
		t.Errorf("90th percentiles with 2, 6 and 40 agents: %v seconds", waits)
	}
}

// twoLanes is a company with a lane that has a team, one that has none, an agent of its own, and tickets that no lane takes.
func twoLanes() *socialcrm.Setup {
	s := replay.DefaultSetup()
	yes := true
	s.Lanes = []routing.Lane{
		{Name: "ones", When: rule.Condition{Fact: "text", Word: "1"}, Team: "first"},
		{Name: "twos", When: rule.Condition{All: []rule.Condition{{Fact: "author", Exists: &yes}, {Fact: "text", Word: "2"}}}},
	}
	s.Teams = []routing.Team{{Name: "first"}, {Name: "second"}}
	s.Agents = []routing.Agent{{Name: "kim", Teams: []string{"first"}, AlwaysOn: true, Capacity: 10}}
	return &s
}

func TestRunRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	nowhere := asked("m1", "ann", 0)
	nowhere.Event.Account = channel.AccountID{}
	timeless := asked("m1", "ann", 0)
	timeless.Event.Time, timeless.Event.Message.Time = time.Time{}, time.Time{}
	broken := replay.DefaultSetup()
	broken.SLA[0].Targets[0].Within = -1
	for _, c := range []struct {
		name, want string
		steps      []replay.Step
		options    replay.Options
	}{
		{"an event without account", "replay: step 2: event: account is missing", []replay.Step{asked("m0", "ann", 0), nowhere}, replay.Options{}},
		{"an event without time", "replay: step 1: event received on mastodon/acme: time is missing", []replay.Step{timeless}, replay.Options{}},
		{"nothing", "replay: step 1: holds neither", []replay.Step{{}}, replay.Options{}},
		{"fewer agents than none", "replay: agents, handle and redeliver: want 0 or more", nil, replay.Options{Agents: -1}},
		{"a broken setup", "want more than 0", nil, replay.Options{Setup: &broken}},
		{"a look that finds fault", "too many tickets", []replay.Step{asked("m0", "ann", 0)}, replay.Options{
			Look: func(context.Context, *socialcrm.Desk) error { return errors.New("too many tickets") },
		}},
	} {
		if _, err := replay.Run(context.Background(), c.steps, c.options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := replay.Run(ctx, []replay.Step{asked("m0", "ann", 0)}, replay.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestNoStepsGiveAnEmptyReport(t *testing.T) {
	t.Parallel()
	r := run(t, nil, replay.Options{Agents: 2, Redeliver: 2})
	if r.Messages != 0 || r.Tickets != 0 || len(r.SLA) != len(sla.Metrics()) {
		t.Errorf("%+v", r)
	}
}

func TestProgressEndsWithEverythingDone(t *testing.T) {
	t.Parallel()
	var done, total int
	run(t, []replay.Step{asked("m1", "ann", 0), asked("m2", "bob", 1)}, replay.Options{Redeliver: 2, Progress: func(d, n int) {
		if d != done+1 {
			t.Errorf("%d done after %d", d, done)
		}
		done, total = d, n
	}})
	if done != 6 || total != 6 {
		t.Errorf("%d of %d done, want 6 of 6", done, total)
	}
}

func TestTheCrewStandsInForAgentsWhomTheSetupNames(t *testing.T) {
	t.Parallel()
	setup := replay.DefaultSetup()
	setup.Teams = []routing.Team{{Name: "care"}}
	setup.Lanes = []routing.Lane{{Name: "french", Team: "care", Skills: map[string]int{"refunds": 2}}}
	setup.Agents = []routing.Agent{{Name: "lea", Teams: []string{"care"}, Skills: map[string]int{"refunds": 3}, Languages: []string{"fr"}, AlwaysOn: true}}
	setup.SLA[0].Steps = []sla.Step{{At: sla.Moment{Percent: 50}, Notify: []string{"lea"}}}
	r := play(t, "testdata/parcel.jsonl", archive.JSONLines, replay.Options{Setup: &setup, Agents: 1, Seed: 3, Entry: func(e ticket.Entry) {
		if e.Kind == ticket.TicketAssigned && e.New == "lea" {
			t.Error("lea was given a ticket; the crew works in her place")
		}
	}})
	if r.FirstResponse.Count != 1 {
		t.Errorf("%d responses, want 1", r.FirstResponse.Count)
	}
}
