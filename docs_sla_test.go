package socialcrm_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/sla"
)

const slaPage = "docs/sla.md"

// promisesOf makes the promises of a Setup.
func promisesOf(t *testing.T, s socialcrm.Setup) *sla.PolicySet {
	t.Helper()
	calendars := sla.Calendars{Named: make(map[string]*sla.Calendar), Lanes: make(map[string]string)}
	for name, hours := range s.Calendars {
		c, err := sla.NewCalendar(hours)
		if err != nil {
			t.Fatal(err)
		}
		calendars.Named[name] = c
	}
	for _, lane := range s.Lanes {
		if lane.Calendar != "" {
			calendars.Lanes[lane.Name] = lane.Calendar
		}
	}
	set, err := sla.NewPolicySet(s.SLA, calendars, nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

var promised = regexp.MustCompile(`(?m)^\| (\w{3} [\d-]{10} [\d:]{5}) \| (\w*) ?\| (\w+) \| (\w{3} [\d-]{10} [\d:]{5}) \|`)

func TestTheDeskFileOfTheSLAPagePromisesWhatItSays(t *testing.T) {
	t.Parallel()
	files := blocks(t, slaPage, "json")
	if len(files) != 1 {
		t.Fatalf("%s has %d desk files", slaPage, len(files))
	}
	setup, err := socialcrm.ParseSetup([]byte(files[0].text))
	if err != nil {
		t.Fatal(err)
	}
	if err := setup.Check(nil); err != nil {
		t.Fatal(err)
	}
	set := promisesOf(t, setup)
	data, err := os.ReadFile(slaPage)
	if err != nil {
		t.Fatal(err)
	}
	rows := promised.FindAllStringSubmatch(string(data), -1)
	if len(rows) < 9 {
		t.Fatalf("%s has %d rows of promises", slaPage, len(rows))
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	const layout = "Mon 2006-01-02 15:04"
	for _, row := range rows {
		written, err := time.ParseInLocation(layout, row[1], paris)
		if err != nil || written.Format(layout) != row[1] {
			t.Fatalf("%s is no day: %v", row[1], err)
		}
		facts := sla.Facts{Tier: row[2], Lane: "orders"}
		if row[2] == "gold" {
			facts.Lane = "night"
		}
		if err := facts.Priority.UnmarshalText([]byte(row[3])); err != nil {
			t.Fatal(err)
		}
		state, err := set.Fold(sla.State{}, sla.Event{Mark: sla.Mark{Time: written, Key: "question"}, Kind: sla.CustomerWrote, Facts: &facts})
		if err != nil {
			t.Fatal(err)
		}
		c, _ := state.Clock(sla.FirstResponse)
		if got := c.Due.In(paris).Format(layout); got != row[4] {
			t.Errorf("written %s by %q: due %s, the page says %s", row[1], row[2], got, row[4])
		}
	}
}

// story reads what a picture says happened.
func story(t *testing.T, lines []string) (events []sla.Event, at func(column int) time.Time) {
	t.Helper()
	columns := make(map[int]time.Time)
	for _, m := range regexp.MustCompile(`\d\d:\d\d`).FindAllStringIndex(lines[0], -1) {
		clock, err := time.Parse("15:04", lines[0][m[0]:m[1]])
		if err != nil {
			t.Fatal(err)
		}
		columns[m[0]] = clock.AddDate(2026, 2, 1)
	}
	at = func(column int) time.Time {
		when, ok := columns[column]
		if !ok {
			t.Fatalf("there is no time at column %d of\n%s", column, strings.Join(lines, "\n"))
		}
		return when
	}
	for i, line := range lines[1:4] {
		for _, m := range regexp.MustCompile(`[\w-]+`).FindAllStringIndex(line[len("customer"):], -1) {
			column, word := len("customer")+m[0], line[len("customer"):][m[0]:m[1]]
			e := sla.Event{Mark: sla.Mark{Time: at(column), Order: fmt.Sprint(i), Key: word}}
			switch {
			case line[:6] == "status" && word == "new": // it is so by itself
				continue
			case line[:6] == "status":
				e.Kind, e.Status = sla.StatusChanged, sla.Status(word)
			case word == "asks":
				e.Kind = sla.CustomerWrote
			case word == "auto", word == "answer":
				e.Kind, e.Automated = sla.Answered, word == "auto"
			case word == "solve":
				continue // the status says it
			default:
				t.Fatalf("%q is not known", word)
			}
			events = append(events, e)
		}
	}
	return events, at
}

func TestThePicturesOfTheSLAPageAreTrue(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(slaPage)
	if err != nil {
		t.Fatal(err)
	}
	var targets []sla.Target
	for _, m := range sla.Metrics() {
		targets = append(targets, sla.Target{Metric: m, Within: sla.Duration(24 * time.Hour)})
	}
	set, err := sla.NewPolicySet([]sla.Policy{{Name: "all", Targets: targets}}, sla.Calendars{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range sla.Metrics() {
		title := strings.ReplaceAll(m.String(), "_", " ")
		_, section, found := strings.Cut(string(data), "\n### "+strings.ToUpper(title[:1])+title[1:]+"\n")
		if !found {
			t.Errorf("there is no section on %s", m)
			continue
		}
		_, picture, _ := strings.Cut(section, "```text\n")
		picture, _, _ = strings.Cut(picture, "\n```")
		lines := strings.Split(picture, "\n")
		events, at := story(t, lines)
		var want, got []string
		var drawn time.Duration
		var began time.Time
		for _, span := range regexp.MustCompile(`\|[=.]+`).FindAllStringIndex(lines[4], -1) {
			from, to := at(span[0]), at(span[1])
			counts, before := lines[4][span[0]+1] == '=', lines[4][span[0]-1]
			if before == ' ' || m == sla.PeriodicUpdate && slices.ContainsFunc(events, func(e sla.Event) bool { return e.Kind == sla.Answered && e.Time.Equal(from) }) {
				began, drawn = from, 0
			}
			if counts {
				drawn += to.Sub(from)
			}
			ends := span[1]+1 >= len(lines[4]) || lines[4][span[1]+1] == ' '
			ends = ends || m == sla.PeriodicUpdate && slices.ContainsFunc(events, func(e sla.Event) bool { return e.Kind == sla.Answered && e.Time.Equal(to) })
			if ends {
				want = append(want, fmt.Sprintf("%s to %s: %s", began.Format("15:04"), to.Format("15:04"), drawn))
			}
		}
		for _, c := range sla.Judge(slices.Values(events), func(time.Time) *sla.PolicySet { return set }, at(strings.LastIndex(lines[0], "12:40"))) {
			if c.Metric == m {
				got = append(got, fmt.Sprintf("%s to %s: %s", c.Started.Format("15:04"), c.Stopped.Format("15:04"), time.Duration(c.Spent)))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("%s: -picture +counted:\n%s", m, diff)
		}
	}
}

func TestTheReopeningTableOfTheSLAPageIsTrue(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(slaPage)
	if err != nil {
		t.Fatal(err)
	}
	nine := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	rows := regexp.MustCompile("(?m)^\\| `(\\w+)`[^|]*\\| (met at|due) ([\\d:]+) \\|").FindAllStringSubmatch(string(data), -1)
	if len(rows) != 4 {
		t.Fatalf("%s has %d ways of reopening", slaPage, len(rows))
	}
	for _, row := range rows {
		set, err := sla.NewPolicySet([]sla.Policy{{
			Name: "all", Reopening: sla.Reopening(row[1]), Targets: []sla.Target{{Metric: sla.Resolution, Within: sla.Duration(4 * time.Hour)}},
		}}, sla.Calendars{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		events := []sla.Event{
			{Mark: sla.Mark{Time: nine, Key: "a"}, Kind: sla.CustomerWrote},
			{Mark: sla.Mark{Time: nine.Add(time.Hour), Key: "b"}, Kind: sla.StatusChanged, Status: sla.Solved},
			{Mark: sla.Mark{Time: nine.Add(3 * time.Hour), Key: "c"}, Kind: sla.StatusChanged, Status: sla.Open},
		}
		state, err := sla.FoldAll(slices.Values(events), func(time.Time) *sla.PolicySet { return set })
		if err != nil {
			t.Fatal(err)
		}
		c, _ := state.Clock(sla.Resolution)
		got := "due " + c.Due.Format("15:04")
		if c.Verdict == sla.Met {
			got = "met at " + c.Stopped.Format("15:04")
		}
		if want := row[2] + " " + row[3]; got != want {
			t.Errorf("%s: %s, the page says %s", row[1], got, want)
		}
	}
}

func TestTheMergingTableOfTheSLAPageIsTrue(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(slaPage)
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| ([^|]+) \| (\w{3} [\d:]+) \| (\w{3} [\d:]+) \| (\w{3} [\d:]+) \| (\w{3} [\d:]+) \| ([^|]+) \|`).FindAllStringSubmatch(string(data), -1)
	if len(rows) != 3 {
		t.Fatalf("%s has %d merges", slaPage, len(rows))
	}
	days := map[string]int{"Mon": 2, "Tue": 3, "Wed": 4, "Thu": 5}
	for _, row := range rows {
		at := func(text string) sla.Mark {
			clock, err := time.Parse("15:04", text[4:])
			if err != nil {
				t.Fatal(err)
			}
			return sla.Mark{Time: clock.AddDate(2026, 2, days[text[:3]]-1), Key: text}
		}
		office, err := sla.NewCalendar(sla.Hours{Zone: "UTC", Week: sla.Weekdays(sla.Interval{From: 9 * time.Hour, To: 18 * time.Hour})})
		if err != nil {
			t.Fatal(err)
		}
		set, err := sla.NewPolicySet([]sla.Policy{{Name: "all", Calendar: "office", Targets: []sla.Target{{Metric: sla.Resolution, Within: sla.Duration(8 * time.Hour)}}}},
			sla.Calendars{Named: map[string]*sla.Calendar{"office": office}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		events := []sla.Event{{Mark: at(row[2]), Kind: sla.CustomerWrote, Line: "older"}, {Mark: at(row[3]), Kind: sla.CustomerWrote},
			{Mark: at(row[4]), Kind: sla.Merged, Line: "older"}, {Mark: at(row[5]), Kind: sla.StatusChanged, Status: sla.Solved}}
		for _, status := range []sla.Status{sla.Pending, sla.Solved} {
			if strings.Contains(row[1], string(status)) {
				events = append(events, sla.Event{Mark: at("Mon 17:30"), Kind: sla.StatusChanged, Status: status, Line: "older"})
			}
		}
		var got []string
		for _, c := range sla.Judge(slices.Values(events), func(time.Time) *sla.PolicySet { return set }, at(row[5]).Time) {
			spent := strings.ReplaceAll(strings.TrimSuffix(time.Duration(c.Spent).String(), "0s"), "h0m", "h")
			if c.Verdict != sla.Met {
				t.Errorf("%s: %s, want met", row[1], c.Verdict)
			}
			got = append(got, spent)
		}
		if want := regexp.MustCompile(`\d+[hm]`).FindAllString(row[6], -1); !cmp.Equal(want, got) {
			t.Errorf("%s: spent %v, the page says %v", row[1], got, want)
		}
	}
}
