package replay_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/replay"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// acts plays two customers' messages and then what agents do, and returns the tickets by the customer's name.
func acts(t *testing.T, actions ...string) (map[string]ticket.Ticket, []replay.Acted) {
	t.Helper()
	story := []string{
		`{"action":{"time":"2026-03-02T08:00:00Z","verb":"apply","setup":{"lanes":[{"name":"inbox"},{"name":"billing","by_hand":true}],
			"sla":[{"name":"promise","targets":[{"metric":"resolution","within":"4h"},{"metric":"resolution","within":"1h","priority":"urgent"}]}]}}}`,
		`{"event":{"kind":"received","account":"m/acme","time":"2026-03-02T09:00:00Z","message":{"id":"1","text":"Where is it?","author":{"id":"mia"}}}}`,
		`{"event":{"kind":"received","account":"m/acme","time":"2026-03-02T09:01:00Z","message":{"id":"2","text":"And mine?","author":{"id":"tom"}}}}`,
	}
	for i := range story {
		story[i] = strings.Join(strings.Fields(story[i]), " ")
	}
	steps, err := replay.ReadScenario(strings.NewReader(strings.Join(append(story, actions...), "\n")))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]ticket.Ticket)
	report, err := replay.Run(t.Context(), steps, replay.Options{Look: func(ctx context.Context, d *socialcrm.Desk) error {
		list, err := d.Tickets(ctx, ticket.TicketQuery{})
		for _, tk := range list.Items {
			found[tk.Conversations[0].Author] = tk
		}
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	return found, report.Actions[1:] // without the apply
}

func do(clock, verb, more string) string {
	return `{"action":{"time":"2026-03-02T` + clock + `:00Z","verb":"` + verb + `","agent":"kim","account":"m/acme","message":"1"` + more + `}}`
}

func TestAgentsActsInAScenario(t *testing.T) {
	t.Parallel()
	due := func(tk ticket.Ticket) string {
		c, _ := tk.Clocks.Clock(sla.Resolution)
		return c.Due.Format("15:04")
	}
	tests := []struct {
		name    string
		actions []string
		want    func(mia ticket.Ticket) bool
	}{
		{"pending stops the clock", []string{do("09:30", "status", `,"status":"pending","reason":"asked"`), do("10:00", "status", `,"status":"open"`)},
			func(mia ticket.Ticket) bool { return mia.Status == ticket.Open && due(mia) == "13:30" }},
		{"on-hold does not", []string{do("09:30", "status", `,"status":"on-hold"`)}, func(mia ticket.Ticket) bool { return mia.Status == ticket.OnHold && due(mia) == "13:00" }},
		{"a priority moves the deadline", []string{do("09:30", "priority", `,"priority":"urgent"`)}, func(mia ticket.Ticket) bool { return mia.Priority == ticket.Urgent && due(mia) == "10:00" }},
		{"tags come and go", []string{do("09:30", "tag", `,"tags":["a","b"]`), do("09:31", "untag", `,"tags":["a"]`)},
			func(mia ticket.Ticket) bool { return slices.Equal(mia.Tags, []string{"b"}) }},
		{"another lane", []string{do("09:30", "transfer", `,"lane":"billing","reason":"a refund"`)}, func(mia ticket.Ticket) bool { return mia.Lane == "billing" }},
		{"closed for good", []string{do("09:30", "close", "")}, func(mia ticket.Ticket) bool { return mia.Status == ticket.Closed }},
		{"closed with a reason", []string{do("09:30", "close", `,"reason":"a joke"`)}, func(mia ticket.Ticket) bool { return mia.Status == ticket.Closed }},
		{"merged", []string{do("09:30", "merge", `,"other":"2"`)}, func(mia ticket.Ticket) bool { return len(mia.Absorbed) == 1 && len(mia.Conversations) == 2 }},
		{"and taken apart", []string{do("09:30", "merge", `,"other":"2"`), do("09:40", "unmerge", `,"other":"2"`)},
			func(mia ticket.Ticket) bool { return len(mia.Absorbed) == 0 && len(mia.Conversations) == 1 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			found, acted := acts(t, tt.actions...)
			for _, a := range acted {
				if a.Err != nil {
					t.Errorf("%s: %v", a.Action.Verb, a.Err)
				}
			}
			if mia := found["mia"]; !tt.want(mia) {
				t.Errorf("after that the ticket is %+v", mia)
			}
		})
	}
}

func TestAnActThatMakesNoSenseIsRefusedWithTheLine(t *testing.T) {
	t.Parallel()
	for want, line := range map[string]string{
		"status is missing":                         do("09:30", "status", ""),
		"priority is missing":                       do("09:30", "priority", ""),
		"tags are missing":                          do("09:30", "tag", ""),
		"lane is missing":                           do("09:30", "transfer", ""),
		"reason is missing":                         do("09:30", "transfer", `,"lane":"billing"`),
		"other is missing":                          do("09:30", "merge", ""),
		"action note: status has no meaning here":   do("09:30", "note", `,"text":"x","status":"open"`),
		"action close: other has no meaning here":   do("09:30", "close", `,"other":"x"`),
		`status "asleep": want new, open, pending,`: do("09:30", "status", `,"status":"asleep"`),
	} {
		_, err := replay.ReadScenario(strings.NewReader(line))
		if err == nil || !strings.HasPrefix(err.Error(), "replay: line 1: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", line, err, want)
		}
	}
}

func TestAnActOnNothingIsToldAndEndsNothing(t *testing.T) {
	t.Parallel()
	_, acted := acts(t, do("09:30", "merge", `,"other":"9"`), do("09:31", "unmerge", `,"other":"2"`), do("09:32", "note", `,"text":"here"`))
	var got []bool
	for _, a := range acted {
		got = append(got, a.Err == nil)
	}
	if diff := cmp.Diff([]bool{false, false, true}, got); diff != "" {
		t.Errorf("which were done (-want +got):\n%s", diff)
	}
}
