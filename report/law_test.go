package report_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"github.com/socialcrm/socialcrm/report"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return monday.Add(time.Duration(seconds) * time.Second) }

// history draws the journal of one ticket: of any kind, in any order, as a Desk would never be driven and yet must be counted.
func history(t *rapid.T, id ticket.ID) []ticket.Entry {
	second := func(what string) time.Time { return at(rapid.IntRange(0, 3000).Draw(t, what)) }
	word := func(what string, words ...string) string { return rapid.SampledFrom(words).Draw(t, what) }
	begun := second("begun")
	entries := []ticket.Entry{
		{Kind: ticket.TicketCreated, Happened: begun, Old: word("follow-up of", "", "", "another")},
		{Kind: ticket.MessageReceived, Happened: begun, Clock: &sla.Event{
			Mark: sla.Mark{Time: begun, Key: "first"}, Kind: sla.CustomerWrote, Facts: &sla.Facts{Account: word("account", "x/1", "x/2")},
		}},
	}
	marks := []sla.Mark{entries[1].Clock.Mark}
	for i := range rapid.IntRange(0, 15).Draw(t, "entries") {
		mark := sla.Mark{Time: second("time"), Key: fmt.Sprint(i)}
		e := ticket.Entry{Happened: mark.Time}
		switch rapid.IntRange(0, 11).Draw(t, "kind") {
		case 0:
			e.Kind, e.New = ticket.TicketRouted, word("lane", "orders", "billing")
		case 1:
			e.Kind, e.New = ticket.TicketAssigned, word("agent", "", "ana", "ben")
		case 2:
			e.Kind, e.Clock = ticket.MessageReceived, &sla.Event{Mark: mark, Kind: sla.CustomerWrote}
			marks = append(marks, mark)
		case 3:
			e.Kind, e.Clock = ticket.ReplySent, &sla.Event{Mark: mark, Kind: sla.Answered, Automated: rapid.Bool().Draw(t, "automated")}
		case 4:
			kind := rapid.SampledFrom([]sla.EventKind{sla.AnswerWithdrawn, sla.AnswerWithdrawn, sla.AnswerArrived}).Draw(t, "what became of it")
			e.Kind, e.Clock = ticket.ReplyReceipt, &sla.Event{Mark: sla.Mark{Time: mark.Time, Key: fmt.Sprint(rapid.IntRange(0, i).Draw(t, "of"))}, Kind: kind}
		case 5:
			status := rapid.SampledFrom([]sla.Status{sla.Solved, sla.Open, sla.Pending}).Draw(t, "status")
			e.Kind, e.New, e.Clock = ticket.TicketStatus, string(status), &sla.Event{Mark: mark, Kind: sla.StatusChanged, Status: status}
		case 6:
			of := rapid.SampledFrom(marks).Draw(t, "deleted")
			e.Kind, e.Clock = ticket.MessageDeleted, &sla.Event{Mark: sla.Mark{Time: of.Time.Add(time.Second), Key: "deleted " + of.Key}, Kind: sla.MessageWithdrawn, Of: of}
		case 7:
			e.Kind, e.Actor, e.New = ticket.TicketClaimed, ticket.Agent(word("who", "ana", "ben")), mark.Time.Add(2*time.Minute).Format(time.RFC3339Nano)
		case 8:
			e.Kind = ticket.TicketUnclaimed
		case 9:
			e.Kind, e.Message = ticket.ConsultAsked, fmt.Sprint("question ", i)
		case 10:
			e.Kind, e.Old = ticket.ConsultAnswered, fmt.Sprint("question ", rapid.IntRange(0, i).Draw(t, "question"))
		default:
			e = judgement(t, e)
		}
		entries = append(entries, e)
	}
	if rapid.Bool().Draw(t, "closed") {
		mark := sla.Mark{Time: second("closed at"), Key: "closed"}
		entries = append(entries, ticket.Entry{
			Kind: ticket.TicketStatus, Happened: mark.Time, New: "closed", Clock: &sla.Event{Mark: mark, Kind: sla.StatusChanged, Status: sla.Closed},
		})
		for range rapid.IntRange(0, 3).Draw(t, "after") {
			entries = append(entries, judgement(t, ticket.Entry{}))
		}
	}
	for i := range entries {
		entries[i].Ticket = id
	}
	return entries
}

// judgement draws an entry about one of a few clocks.
func judgement(t *rapid.T, e ticket.Entry) ticket.Entry {
	c := sla.Clock{
		Metric:  rapid.SampledFrom([]sla.Metric{sla.FirstResponse, sla.Resolution}).Draw(t, "metric"),
		Policy:  rapid.SampledFrom([]string{"gold", "all"}).Draw(t, "policy"),
		Lane:    rapid.SampledFrom([]string{"orders", "billing"}).Draw(t, "its lane"),
		Started: at(rapid.IntRange(0, 2).Draw(t, "started")),
		Spent:   sla.Duration(rapid.IntRange(0, 20).Draw(t, "spent")) * sla.Duration(time.Minute),
		Verdict: rapid.SampledFrom([]sla.Verdict{
			sla.Running, sla.Met, sla.Met, sla.Breached, sla.Breached, sla.NoReplyNeeded, sla.WithdrawnQuestion, sla.CannotReply, sla.AnsweredElsewhere, sla.Unjudged,
		}).Draw(t, "verdict"),
	}
	stopped := c.Verdict != sla.Running && (c.Verdict != sla.Breached || rapid.Bool().Draw(t, "stopped at last"))
	if stopped {
		c.Stopped = at(rapid.IntRange(3, 3000).Draw(t, "stopped"))
	}
	if c.Verdict == sla.Breached {
		c.Due = at(rapid.IntRange(3, 3000).Draw(t, "breached"))
	}
	e.Stand, e.Kind = &c, ticket.ClockMet
	if rapid.Bool().Draw(t, "withdrawn") {
		e.Kind, e.Old = ticket.ClockWithdrawn, rapid.SampledFrom([]string{"met", c.Verdict.String()}).Draw(t, "was")
	}
	return e
}

// The one pass counts what looking through the journal again and again counts.
func TestOnePassCountsAsLookingAgainAndAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		histories := make([][]ticket.Entry, rapid.IntRange(1, 5).Draw(t, "tickets"))
		for i := range histories {
			histories[i] = history(t, ticket.ID(fmt.Sprint("t", i)))
		}
		var journal []ticket.Entry
		for len(histories) > 0 { // tickets' entries lie among each other
			i := rapid.IntRange(0, len(histories)-1).Draw(t, "whose")
			journal = append(journal, histories[i][0])
			if histories[i] = histories[i][1:]; len(histories[i]) == 0 {
				histories = slices.Delete(histories, i, i+1)
			}
		}
		q := report.Query{From: at(rapid.IntRange(0, 2000).Draw(t, "from")), To: at(rapid.IntRange(1000, 3500).Draw(t, "to"))}
		accounts := make(map[ticket.ID]string)
		for _, e := range journal {
			if e.Clock != nil && e.Clock.Facts != nil {
				accounts[e.Ticket] = e.Clock.Facts.Account
			}
		}
		b := report.NewBuilder(q, func(id ticket.ID) (string, error) { return accounts[id], nil })
		for i := range journal {
			b.Add(&journal[i])
		}
		got, err := b.Report()
		if err != nil {
			t.Fatal(err)
		}
		again := naive{journal, q}
		if diff := cmp.Diff(again.promises(), got.Promises); diff != "" {
			t.Fatalf("promises: -naive +got:\n%s", diff)
		}
		if diff := cmp.Diff(again.work(), got.Work); diff != "" {
			t.Fatalf("work: -naive +got:\n%s", diff)
		}
	})
}
