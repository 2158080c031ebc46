package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/sla"
)

// WritePromisesCSV writes Promises as CSV (RFC 4180), a line of names first: account, lane, agent, policy, metric, met, breached, share_met (0 to 1, empty where nothing was
// judged), no_reply_needed, withdrawn, cannot_reply, answered_elsewhere, unjudged, unstopped, and for working and elapsed time each count, total, median, p90 and p95.
// Durations are in seconds, with as many decimals as they have; where count is 0, total, median, p90 and p95 are empty.
//
// What people name (accounts, lanes, agents, policies) is never a formula: a cell that would begin with =, +, -, @, a tab or a line break has an apostrophe before it,
// which spreadsheets do not show.
func (r *Report) WritePromisesCSV(w io.Writer) error {
	names := []string{
		"account", "lane", "agent", "policy", "metric", "met", "breached", "share_met",
		"no_reply_needed", "withdrawn", "cannot_reply", "answered_elsewhere", "unjudged", "unstopped",
	}
	names = append(append(names, spreadNames("working")...), spreadNames("elapsed")...)
	return write(w, names, r.Promises, func(p *Promises) []string {
		share := ""
		if p.ShareMet != nil {
			share = strconv.FormatFloat(*p.ShareMet, 'f', -1, 64)
		}
		cells := []string{text(p.Account), text(p.Lane), text(p.Agent), text(p.Policy), p.Metric.String(), strconv.Itoa(p.Met), strconv.Itoa(p.Breached), share}
		for _, n := range [...]int{p.NoReplyNeeded, p.Withdrawn, p.CannotReply, p.AnsweredElsewhere, p.Unjudged, p.Unstopped} {
			cells = append(cells, strconv.Itoa(n))
		}
		return append(append(cells, p.Working.cells()...), p.Elapsed.cells()...)
	})
}

// WriteWorkCSV writes Work as WritePromisesCSV writes Promises: account, lane, agent, tickets, repeats, waiting, oldest (RFC 3339 in UTC, empty where nobody waits), and for
// handling and consulting each count, total, median, p90 and p95.
func (r *Report) WriteWorkCSV(w io.Writer) error {
	names := []string{"account", "lane", "agent", "tickets", "repeats", "waiting", "oldest"}
	names = append(append(names, spreadNames("handling")...), spreadNames("consulting")...)
	return write(w, names, r.Work, func(row *Work) []string {
		oldest := ""
		if !row.Oldest.IsZero() {
			oldest = row.Oldest.UTC().Format(time.RFC3339Nano)
		}
		cells := []string{text(row.Account), text(row.Lane), text(row.Agent), strconv.Itoa(row.Tickets), strconv.Itoa(row.Repeats), strconv.Itoa(row.Waiting), oldest}
		return append(append(cells, row.Handling.cells()...), row.Consulting.cells()...)
	})
}

func write[Row any](w io.Writer, names []string, rows []Row, cells func(*Row) []string) error {
	out := csv.NewWriter(w)
	if err := out.Write(names); err != nil {
		return err
	}
	for i := range rows {
		if err := out.Write(cells(&rows[i])); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// text makes a cell of what somebody named.
func text(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

func spreadNames(of string) []string {
	return []string{of + "_count", of + "_total", of + "_median", of + "_p90", of + "_p95"}
}

// cells are a spread's, without durations where there are none.
func (s *Spread) cells() []string {
	cells := []string{strconv.Itoa(s.Count)}
	for _, d := range [...]sla.Duration{s.Total, s.Median, s.P90, s.P95} {
		if s.Count == 0 {
			cells = append(cells, "")
			continue
		}
		cells = append(cells, strconv.FormatFloat(time.Duration(d).Seconds(), 'f', -1, 64))
	}
	return cells
}
