package replay

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/socialcrm/socialcrm/sla"
)

// String shows the report to a person, 80 columns wide: a table by account, what became of each promise, when the messages came, and the scenario's actions.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%*s\n", tableWidth, "first response             ")
	fmt.Fprintf(&b, "%-25s %8s %8s %9s %9s %7s %8s\n", "account", "messages", "tickets", "median", "90 %", "met", "breached")
	for _, a := range r.Accounts {
		row(&b, a.Account.String(), a.Messages, a.Tickets, a.FirstResponse, a.SLA[sla.FirstResponse])
	}
	row(&b, "total", r.Messages, r.Tickets, r.FirstResponse, r.SLA[sla.FirstResponse])
	b.WriteByte('\n')
	fmt.Fprintf(&b, "%d contacts, %d echoes, %d reopened, %d follow-ups, %d duplicates\n", r.Contacts, r.Echoes, r.Reopened, r.FollowUps, r.Duplicates)
	if r.Unaddressed > 0 {
		fmt.Fprintf(&b, "%d of the echoes belong to no ticket\n", r.Unaddressed)
	}
	if r.Quarantined > 0 {
		fmt.Fprintf(&b, "%d events could not be taken in\n", r.Quarantined)
	}
	fmt.Fprintf(&b, "in the CRM: %d contacts, %d cases, %d interactions\n\n", r.Synced.Contacts, r.Synced.Cases, r.Synced.Interactions)
	for _, m := range sla.Metrics() {
		if j := r.SLA[m]; j != (Judged{}) {
			fmt.Fprintf(&b, "%-16s %7d met %7d breached %7d running\n", strings.ReplaceAll(m.String(), "_", " "), j.Met, j.Breached, j.Running)
		}
	}
	if r.Staffing != nil {
		r.Staffing.write(&b)
	}
	if line, each := sparkline(r.arrivals); line != "" {
		fmt.Fprintf(&b, "\nmessages from %s UTC, %s a column\n%s\n", r.arrivals[0].UTC().Format("2006-01-02 15:04"), each, line)
	}
	if len(r.Actions) > 0 {
		b.WriteByte('\n')
	}
	for _, a := range r.Actions {
		outcome := "done"
		if a.Err != nil {
			outcome = a.Err.Error()
		}
		fmt.Fprintf(&b, "%s %s %s: %s\n", a.Action.Time.UTC().Format("2006-01-02 15:04:05"), a.Action.Agent, a.Action.Verb, outcome)
	}
	fmt.Fprintf(&b, "\n%d journal entries in %s, %.0f messages a second\n", r.Journal, time.Duration(r.WallMS)*time.Millisecond, r.MessagesPerSecond)
	return b.String()
}

const tableWidth = 80

func row(b *strings.Builder, name string, messages, tickets int, s Spread, j Judged) {
	const width = 25
	if n := utf8.RuneCountInString(name); n > width {
		name = string([]rune(name)[:width-1]) + "…"
	}
	median, p90 := "-", "-"
	if s.Count > 0 {
		median, p90 = short(s.Median), short(s.P90)
	}
	fmt.Fprintf(b, "%-*s %8d %8d %9s %9s %7d %8d\n", width, name, messages, tickets, median, p90, j.Met, j.Breached)
}

// short writes seconds with the two largest units that matter: "45s", "12m 05s", "3h 20m", "2d 04h".
func short(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm %02ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh %02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd %02dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}

// sparkline draws how many arrivals fell into each hour or, where that would be wider than a terminal, each so many hours, days or weeks; it says which.
func sparkline(arrivals []time.Time) (line, each string) {
	if len(arrivals) == 0 {
		return "", ""
	}
	const day = 24 * time.Hour
	first, last := arrivals[0].UTC(), arrivals[len(arrivals)-1].UTC()
	var from time.Time
	unit, columns := time.Duration(0), 0
	for _, unit = range []time.Duration{time.Hour, 3 * time.Hour, day, 7 * day, 28 * day, 364 * day, 3640 * day} {
		from = first.Truncate(unit)
		if columns = int(last.Sub(from)/unit) + 1; columns <= tableWidth {
			break
		}
	}
	if columns > tableWidth {
		return "", ""
	}
	switch {
	case unit == time.Hour:
		each = "an hour"
	case unit < day:
		each = fmt.Sprintf("%d hours", unit/time.Hour)
	case unit == day:
		each = "a day"
	default:
		each = fmt.Sprintf("%d days", unit/day)
	}
	counts := make([]int, columns)
	for _, at := range arrivals {
		counts[int(at.Sub(from)/unit)]++
	}
	return bars(counts), each
}

// bars draws numbers beside each other.
func bars(counts []int) string {
	shapes, most := []rune(" ▁▂▃▄▅▆▇█"), max(slices.Max(counts), 1)
	var b strings.Builder
	for _, n := range counts {
		b.WriteRune(shapes[(n*(len(shapes)-1)+most-1)/most])
	}
	return b.String()
}
