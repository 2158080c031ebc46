package replay_test

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel/archive"
	"github.com/socialcrm/socialcrm/replay"
	"github.com/socialcrm/socialcrm/sla"
)

// This file counts archives a second time, straight from the file and without the packages under test, by the rules that the documentation states. What Run
// reports must agree with it.

// said is one message of a file.
type said struct {
	account, id, thread, parent, author, text string
	own                                       bool
	at                                        time.Time
	row                                       int
}

// count returns what a replay under DefaultSetup must report of the file.
func count(t testing.TB, path string, f archive.Format) replay.Report {
	t.Helper()
	read := map[archive.Format]func(testing.TB, string) []said{archive.Airline: countAirline, archive.Conversations: countConversations, archive.TWCS: countTWCS}
	return judge(read[f](t, path))
}

type matter struct {
	thread, author string
	asked          said
	answered       *said
}

// place is where a message was put.
type place struct {
	account, id string
}

func judge(all []said) replay.Report {
	want := replay.Report{SLA: make(map[sla.Metric]replay.Judged)}
	for _, m := range sla.Metrics() {
		want.SLA[m] = replay.Judged{}
	}
	slices.SortStableFunc(all, func(a, b said) int { return a.at.Compare(b.at) })
	belongs := make(map[place]*matter) // nil: it came, and belongs to no ticket
	tickets := make(map[string]map[string]*matter)
	authors := make(map[string]bool)
	answering, naming := make(map[place][]said), make(map[string][]said) // own posts, by what they answer and by thread
	later := func(a, b said) bool { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.row, b.row)) > 0 }
	answer := func(m *matter, s said) {
		if later(s, m.asked) && (m.answered == nil || later(*m.answered, s)) {
			m.answered = &s
		}
	}
	// file puts an own post where it belongs: to the author of what it answers, and to those whom it mentions.
	file := func(s said) {
		key := place{s.account, s.id}
		for author, m := range tickets[s.account+"\n"+s.thread] {
			if mentions(s.text, author) {
				belongs[key] = m
				answer(m, s)
			}
		}
		if m := belongs[place{s.account, s.parent}]; m != nil {
			belongs[key] = m
			answer(m, s)
		}
	}
	for _, s := range all {
		key, thread := place{s.account, s.id}, s.account+"\n"+s.thread
		if _, seen := belongs[key]; seen {
			want.Duplicates++
			continue
		}
		if tickets[thread] == nil {
			tickets[thread] = make(map[string]*matter)
		}
		if !s.own {
			want.Messages++
			authors[s.author] = true
			m := tickets[thread][s.author]
			if m == nil {
				want.Tickets++
				m = &matter{thread: thread, author: s.author, asked: s}
				tickets[thread][s.author] = m
			}
			belongs[key] = m
		} else {
			want.Echoes++
			belongs[key] = nil
			answers := place{s.account, s.parent}
			answering[answers] = append(answering[answers], s)
			naming[thread] = append(naming[thread], s)
			file(s)
		}
		// Posts that came before what they answer, or before a customer whom they mention first wrote.
		for _, w := range answering[key] {
			file(w)
		}
		if !s.own {
			for _, w := range naming[thread] {
				if mentions(w.text, s.author) {
					file(w)
				}
			}
		}
	}
	for _, posts := range answering {
		for _, s := range posts {
			if belongs[place{s.account, s.id}] == nil {
				want.Unaddressed++
			}
		}
	}
	want.Contacts = len(authors)
	want.Synced = replay.Synced{Contacts: want.Contacts, Cases: want.Tickets, Interactions: want.Messages + want.Echoes - want.Unaddressed}
	var took []time.Duration
	for _, thread := range tickets {
		for _, m := range thread {
			end := all[len(all)-1].at
			stop := end
			if m.answered != nil {
				took = append(took, m.answered.at.Sub(m.asked.at))
				stop = m.answered.at
			}
			for _, metric := range []sla.Metric{sla.Acknowledgement, sla.FirstResponse} {
				verdict(want.SLA, metric, stop.Sub(m.asked.at), time.Hour, m.answered != nil)
			}
			verdict(want.SLA, sla.Resolution, end.Sub(m.asked.at), 48*time.Hour, false)
		}
	}
	slices.Sort(took)
	if n := len(took); n > 0 {
		nearest := func(p float64) float64 { // the smallest value with at least this share at or below it
			for i := range took {
				if float64(i+1) >= p*float64(n) {
					return took[i].Seconds()
				}
			}
			return took[n-1].Seconds()
		}
		want.FirstResponse = replay.Spread{Count: n, Median: nearest(0.5), P90: nearest(0.9)}
	}
	return want
}

func verdict(counts map[sla.Metric]replay.Judged, m sla.Metric, took, target time.Duration, stopped bool) {
	j := counts[m]
	switch {
	case took > target:
		j.Breached++
	case stopped:
		j.Met++
	default:
		j.Running++
	}
	counts[m] = j
}

var handle = regexp.MustCompile(`(?:^|[^0-9A-Za-z_@&/])@([0-9A-Za-z_]+)`)

func mentioned(text string) (names []string) {
	for _, m := range handle.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

func mentions(text, author string) bool {
	return slices.ContainsFunc(mentioned(text), func(n string) bool { return strings.EqualFold(n, author) })
}

func csvRows(t testing.TB, path string) (rows []map[string]string) {
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
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		row := make(map[string]string)
		for i, name := range header {
			row[name] = fields[i]
		}
		rows = append(rows, row)
	}
}

func countAirline(t testing.TB, path string) (all []said) {
	for i, row := range csvRows(t, path) {
		at, err := time.Parse(time.RFC3339, row["tweet_created"])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, said{account: row["airline"], id: row["row"], thread: row["name"], author: row["name"], at: at, row: i})
	}
	return all
}

func countConversations(t testing.TB, path string) (all []said) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var dialogues []struct {
		DialogHeader  struct{ Company string }
		DialogContent []map[string]string
	}
	if err := json.Unmarshal(data, &dialogues); err != nil {
		t.Fatal(err)
	}
	for _, d := range dialogues {
		latest := ""
		for _, m := range d.DialogContent {
			at, err := time.Parse(time.RFC3339, m["datetime"])
			if err != nil {
				t.Fatal(err)
			}
			s := said{account: d.DialogHeader.Company, id: m["tweet_ID"], thread: d.DialogContent[0]["tweet_ID"], text: m["message"], at: at, row: len(all)}
			if _, s.own = m["agent"]; s.own {
				s.parent = latest
			} else {
				latest = s.id
				for role, name := range m {
					if strings.HasPrefix(role, "client") {
						s.author = name
					}
				}
			}
			all = append(all, s)
		}
	}
	return all
}

func countTWCS(t testing.TB, path string) (all []said) {
	rows := csvRows(t, path)
	brandOf, parent, replier, firstOf := map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}
	root := func(id string) string {
		for parent[id] != "" {
			id = parent[id]
		}
		return id
	}
	isBrand := make(map[string]string)
	for _, row := range rows {
		id := row["tweet_id"]
		if _, again := parent[id]; again {
			continue
		}
		parent[id] = row["in_response_to_tweet_id"]
		if strings.EqualFold(row["inbound"], "false") {
			brandOf[id] = row["author_id"]
			isBrand[strings.ToLower(row["author_id"])] = row["author_id"]
			if replier[parent[id]] == "" {
				replier[parent[id]] = row["author_id"]
			}
		}
	}
	for _, row := range rows {
		if b := brandOf[row["tweet_id"]]; b != "" && firstOf[root(row["tweet_id"])] == "" {
			firstOf[root(row["tweet_id"])] = b
		}
	}
	for i, row := range rows {
		at, err := time.Parse(time.RubyDate, row["created_at"])
		if err != nil {
			t.Fatal(err)
		}
		id := row["tweet_id"]
		s := said{id: id, parent: parent[id], thread: root(id), author: row["author_id"], text: row["text"], at: at, row: i, own: brandOf[id] != ""}
		s.account = cmp.Or(brandOf[id], brandOf[parent[id]], replier[id], firstOf[s.thread])
		if names := mentioned(s.text); s.account == "" && len(names) > 0 {
			s.account = cmp.Or(isBrand[strings.ToLower(names[0])], names[0])
		}
		s.account = cmp.Or(s.account, "unknown")
		all = append(all, s)
	}
	return all
}
