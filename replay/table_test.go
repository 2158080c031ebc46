package replay

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
)

func TestSparklineSaysWhatAColumnIs(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 2, 9, 20, 0, 0, time.UTC)
	for _, c := range []struct {
		span       time.Duration
		each, line string // the line where it is short
	}{
		{0, "an hour", "█"},
		{3 * time.Hour, "an hour", "█  █"},
		{79 * time.Hour, "an hour", ""},
		{80 * time.Hour, "3 hours", ""},
		{20 * 24 * time.Hour, "a day", ""},
		{200 * 24 * time.Hour, "7 days", ""},
		{5 * 365 * 24 * time.Hour, "28 days", ""},
		{50 * 365 * 24 * time.Hour, "364 days", ""},
		{1<<63 - 1, "3640 days", ""},
	} {
		line, each := sparkline([]time.Time{from, from.Add(c.span)})
		if each != c.each || c.line != "" && line != c.line || utf8.RuneCountInString(line) > tableWidth {
			t.Errorf("over %s: %q, %s a column; want %q, %s", c.span, line, each, c.line, c.each)
		}
	}
	if line, _ := sparkline(nil); line != "" {
		t.Errorf("of nothing: %q", line)
	}
	if line, _ := sparkline([]time.Time{from, from, from, from, from.Add(time.Hour)}); line != "█▂" {
		t.Errorf("of 4 and 1: %q", line)
	}
}

func TestDurationsAreShort(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{0: "0s", 59.4: "59s", 59.6: "1m 00s", 725: "12m 05s", 12_000: "3h 20m", 187_200: "2d 04h"} {
		if got := short(seconds); got != want {
			t.Errorf("%v seconds: %q, want %q", seconds, got, want)
		}
	}
}

func TestSpreadIsByNearestRank(t *testing.T) {
	t.Parallel()
	of := func(n int) (d []time.Duration) {
		for i := range n {
			d = append(d, time.Duration(n-i)*time.Second)
		}
		return d
	}
	for n, want := range map[int]Spread{0: {}, 1: {1, 1, 1}, 2: {2, 1, 2}, 9: {9, 5, 9}, 10: {10, 5, 9}, 11: {11, 6, 10}, 100: {100, 50, 90}} {
		if got := spread(of(n)); got != want {
			t.Errorf("of 1 to %d: %+v, want %+v", n, got, want)
		}
	}
}

func TestTheTableIsEightyColumnsWide(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 20, 0, 0, time.UTC)
	long := channel.AccountID{Platform: "mastodon", ID: "a very long name of a ünusual account"}
	r := &Report{
		Messages: 12345678, Tickets: 1234567, Quarantined: 1, Unaddressed: 2, FirstResponse: Spread{9, 500_000, 9_000_000},
		SLA:      map[sla.Metric]Judged{sla.FirstResponse: {Met: 1234567, Breached: 1234567, Running: 1234567}},
		Accounts: []AccountReport{{Account: long, Messages: 3}},
		Actions:  []Acted{{Action: Action{Time: at, Agent: "kim", Verb: Note}, Err: errors.New("no such ticket")}, {Action: Action{Time: at, Agent: "kim", Verb: Reply}}},
		arrivals: []time.Time{at, at.Add(70 * time.Hour)},
	}
	text := r.String()
	for _, line := range strings.Split(text, "\n") {
		if n := utf8.RuneCountInString(line); n > tableWidth {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, want := range []string{"mastodon/a very long nam…", "2 of the echoes belong to no ticket", "1 events could not be taken in", "an hour a column", "kim note: no such ticket", "kim reply: done", "5d 18h"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
