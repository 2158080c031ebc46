package replay_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/replay"
	"github.com/socialcrm/socialcrm/sla"
)

// office is a company that is open from nine to six in Berlin.
const office = `{"action":{"time":"2026-03-02T00:00:00Z","verb":"apply","setup":{
	"calendars":{"office":{"zone":"Europe/Berlin","week":{"monday":["09:00-18:00"],"tuesday":["09:00-18:00"]}}},
	"lanes":[{"name":"inbox","calendar":"office"}],
	"sla":[{"name":"promise","targets":[{"metric":"first_response","within":"2h","pause":["pending"]},{"metric":"next_response","within":"1h"},{"metric":"resolution","within":"4h"}]}]}}}`

// story is a summer Monday: a question, five hours of waiting for the customer, an answer, another question, and an end on Tuesday.
var story = []string{
	strings.Join(strings.Fields(office), " "),
	`{"event":{"kind":"received","account":"m/acme","time":"2026-07-06T09:00:00Z","message":{"id":"1","text":"Where is it?","author":{"id":"mia"}}}}`,
	`{"action":{"time":"2026-07-06T10:00:00Z","verb":"status","agent":"kim","account":"m/acme","message":"1","status":"pending"}}`,
	`{"action":{"time":"2026-07-06T15:00:00Z","verb":"status","agent":"kim","account":"m/acme","message":"1","status":"open"}}`,
	`{"action":{"time":"2026-07-06T15:30:00Z","verb":"reply","agent":"kim","account":"m/acme","message":"1","text":"Soon."}}`,
	`{"event":{"kind":"received","account":"m/acme","time":"2026-07-06T15:45:00Z","message":{"id":"2","thread":"1","parent":"1","text":"When?","author":{"id":"mia"}}}}`,
	`{"action":{"time":"2026-07-07T08:00:00Z","verb":"reply","agent":"kim","account":"m/acme","message":"2","text":"At noon."}}`,
	`{"event":{"kind":"received","account":"m/acme","time":"2026-07-07T08:10:00Z","message":{"id":"3","thread":"1","parent":"1","text":"Whose noon?","author":{"id":"mia"}}}}`,
}

func playStory(t *testing.T, o replay.Options) *replay.Report {
	t.Helper()
	steps, err := replay.ReadScenario(strings.NewReader(strings.Join(story, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	report, err := replay.Run(t.Context(), steps, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestEachTicketIsListedWithEveryClockItEverHad(t *testing.T) {
	t.Parallel()
	report := playStory(t, replay.Options{Clocks: true})
	if len(report.ByTicket) != 1 {
		t.Fatalf("%d tickets, want 1", len(report.ByTicket))
	}
	var got []string
	for _, c := range report.ByTicket[0].Clocks {
		line := c.Metric.String() + " " + c.State
		if c.Due != nil {
			line += ", due " + c.Due.Format("02 15:04")
		}
		if c.BreachedAt != nil {
			line += ", breached " + c.BreachedAt.Format("02 15:04")
		}
		if c.Stopped != nil {
			line += ", stopped " + c.Stopped.Format("02 15:04")
		}
		got = append(got, line+", spent "+time.Duration(c.Spent).String())
	}
	want := []string{ // what runs comes first, the nearest deadline at its head
		"resolution running, due 07 09:00, spent 3h10m0s",
		"next_response running, due 07 09:10, spent 0s",
		"first_response met, due 06 16:00, stopped 06 15:30, spent 1h30m0s",
		"next_response breached, due 07 07:45, breached 07 07:45, stopped 07 08:00, spent 1h15m0s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clocks (-want +got):\n%s", diff)
	}
	if got, want := report.SLA[sla.NextResponse], (replay.Judged{Breached: 1, Running: 1}); got != want {
		t.Errorf("totals of next response %+v, want %+v: each of them counts", got, want)
	}
}

func TestClocksAreListedOnlyWhereTheyAreAskedFor(t *testing.T) {
	t.Parallel()
	if report := playStory(t, replay.Options{}); report.ByTicket != nil || report.Explained != nil {
		t.Errorf("%d tickets listed, %d clocks explained", len(report.ByTicket), len(report.Explained))
	}
}

func TestATicketIsExplainedByItsIDAndByThatOfAMessage(t *testing.T) {
	t.Parallel()
	byMessage := playStory(t, replay.Options{Explain: "2", Clocks: true})
	byTicket := playStory(t, replay.Options{Explain: string(byMessage.ByTicket[0].Ticket)})
	if diff := cmp.Diff(byMessage.Explained, byTicket.Explained); diff != "" {
		t.Errorf("by message and by ticket (-message +ticket):\n%s", diff)
	}
	if len(byTicket.Explained) != 4 {
		t.Fatalf("%d clocks explained, want 4", len(byTicket.Explained))
	}
	if text := byTicket.Explained[0].String(); !strings.Contains(text, "nothing, paused: pending") || !strings.Contains(text, "1h30m of 2h spent") {
		t.Errorf("first response:\n%s", text)
	}
	steps, err := replay.ReadScenario(strings.NewReader(strings.Join(story, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replay.Run(t.Context(), steps, replay.Options{Explain: "nothing"}); err == nil || !strings.Contains(err.Error(), "explain: there is no ticket nothing") {
		t.Errorf("error %v", err)
	}
}

func TestTicketsTellWhoWroteAlsoInPrivate(t *testing.T) {
	t.Parallel()
	steps, err := replay.ReadScenario(strings.NewReader(strings.Join([]string{
		`{"event":{"kind":"received","account":"m/acme","time":"2026-07-06T09:00:00Z","message":{"id":"1","text":"Where is it?","author":{"id":"mia"}}}}`,
		`{"event":{"kind":"received","account":"m/acme","time":"2026-07-06T09:01:00Z","message":{"id":"2","thread":"inbox-7","visibility":"private","text":"And mine?","author":{"id":"noa"}}}}`,
	}, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	report, err := replay.Run(t.Context(), steps, replay.Options{Clocks: true})
	if err != nil {
		t.Fatal(err)
	}
	var customers []string
	for _, tk := range report.ByTicket {
		customers = append(customers, tk.Customer)
	}
	if diff := cmp.Diff([]string{"mia", "noa"}, customers); diff != "" {
		t.Errorf("customers (-want +got):\n%s", diff)
	}
}
