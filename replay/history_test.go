package replay_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/archive"
	"github.com/socialcrm/socialcrm/internal/desktest"
	"github.com/socialcrm/socialcrm/replay"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// everyFeature is a desk file that uses what there is: hours of policies, lanes and teams, with split and night shifts, holidays and openings; all metrics, targets
// by priority, pauses, both kinds of responses, all kinds of steps.
const everyFeature = `{
  "calendars": {
    "office": {"zone": "America/New_York", "week": {"monday": ["09:00-12:30", "13:30-18:00"], "tuesday": ["09:00-18:00"], "wednesday": ["09:00-18:00"], "thursday": ["09:00-18:00"], "friday": ["09:00-16:00"]},
      "holidays": [{"name": "New Year", "date": "01-01"}, {"name": "Stocktaking", "date": "2015-02-18", "closed": ["12:00-24:00"]}], "openings": [{"name": "Sale", "date": "2015-02-21", "open": ["10:00-14:00"]}]},
    "night": {"zone": "Asia/Kolkata", "week": {"monday": ["20:00-06:00"], "wednesday": ["20:00-06:00"], "friday": ["20:00-06:00"], "sunday": ["20:00-06:00"]}}
  },
  "words": {"lost": ["lost", "luggage", "bag", "baggage"]},
  "lanes": [
    {"name": "leads", "team": "leads", "by_hand": true, "calendar": "always"},
    {"name": "bags", "team": "care", "when": {"fact": "text", "list": "lost"}, "priority": "high"},
    {"name": "delays", "team": "nights", "when": {"any": [{"fact": "text", "word": "delayed"}, {"fact": "text", "word": "cancelled"}]}, "escalation": "leads"},
    {"name": "care", "team": "care"}
  ],
  "teams": [{"name": "care", "calendar": "office"}, {"name": "nights", "calendar": "night"}, {"name": "leads"}],
  "agents": [{"name": "ana", "teams": ["care"], "capacity": 40, "always_on": true}, {"name": "ben", "teams": ["nights"], "capacity": 10, "always_on": true},
    {"name": "lea", "role": "lead", "teams": ["leads"], "capacity": 5, "always_on": true}],
  "weights": [{"when": {"fact": "lane", "equals": "bags"}, "weight": 2}],
  "noise": [{"name": "thanks", "when": {"fact": "text", "word": "thanks"}}],
  "sla": [
    {"name": "late", "when": {"fact": "tags", "equals": "late"}, "calendar": "always", "reopening": "restart", "targets": [
      {"metric": "first_response", "within": "30m"}, {"metric": "next_response", "within": "1h"}, {"metric": "resolution", "within": "12h", "pause": []}],
      "steps": [{"at": "2h after", "metric": "first_response", "agent": "lea", "notify": ["lea", "pager:1"]}]},
    {"name": "bags", "when": {"fact": "lane", "equals": "bags"}, "reopening": "ignore", "responses": "anyone", "targets": [
      {"metric": "acknowledgement", "within": "15m"}, {"metric": "first_response", "within": "2h"}, {"metric": "first_response", "within": "30m", "priority": "urgent"},
      {"metric": "next_response", "within": "2h", "pause": ["on-hold"]}, {"metric": "periodic_update", "within": "24h"}, {"metric": "resolution", "within": "40h", "pause": ["pending", "on-hold"]},
      {"metric": "requester_wait", "within": "30h"}, {"metric": "agent_work", "within": "20h"}],
      "steps": [{"at": "75%"}, {"at": "10m before", "metric": "first_response", "raise": "urgent"}, {"at": "breach", "metric": "resolution", "tags": ["late"], "lane": "leads"}]},
    {"name": "others", "targets": [
      {"metric": "acknowledgement", "within": "1h"}, {"metric": "first_response", "within": "4h"}, {"metric": "next_response", "within": "4h"}, {"metric": "periodic_update", "within": "48h"},
      {"metric": "resolution", "within": "80h"}, {"metric": "requester_wait", "within": "60h"}, {"metric": "agent_work", "within": "50h"}],
      "steps": [{"at": "50%", "metric": "first_response", "notify": ["care"]}, {"at": "breach", "metric": "first_response", "tags": ["late"], "raise": "high"}]}
  ]
}`

// eventful adds to what customers and brands wrote that agents solve and reopen tickets, and that the company changes its promises twice on the way.
func eventful(t *testing.T, events []replay.Step, setup socialcrm.Setup) (steps []replay.Step, versions []desktest.Version) {
	t.Helper()
	begin, end := stepTime(&events[0]), stepTime(&events[0])
	for i := range events {
		at := stepTime(&events[i])
		if at.Before(begin) {
			begin = at
		}
		if at.After(end) {
			end = at
		}
		if e := events[i].Event; e.Kind == channel.MessageReceived {
			act := func(after time.Duration, verb replay.Verb) {
				steps = append(steps, replay.Step{Action: &replay.Action{Time: at.Add(after), Verb: verb, Agent: "ana", Account: e.Account, Message: e.Message.ID}})
			}
			switch i % 7 {
			case 1:
				act(3*time.Hour, replay.Resolve)
			case 3:
				act(time.Hour, replay.Resolve)
				act(30*time.Hour, replay.Reopen)
			}
		}
	}
	versions = []desktest.Version{{Since: begin, Setup: setup}}
	stricter, looser := setup, setup
	stricter.SLA, looser.SLA = slices.Clone(setup.SLA), slices.Clone(setup.SLA[2:])
	stricter.SLA[2].Targets = slices.Clone(stricter.SLA[2].Targets)
	stricter.SLA[2].Targets[1].Within, stricter.SLA[2].Calendar = sla.Duration(90*time.Minute), "night"
	looser.SLA[0].Reopening = sla.Frozen
	for i, changed := range []socialcrm.Setup{stricter, looser} {
		at := begin.Add(end.Sub(begin) / 3 * time.Duration(i+1)).Truncate(time.Second).Add(1) // nothing else happens in that nanosecond
		steps = append(steps, replay.Step{Action: &replay.Action{Time: at, Verb: replay.Apply, Setup: &changed}})
		versions = append(versions, desktest.Version{Since: at, Setup: changed})
	}
	return append(steps, events...), versions
}

func stepTime(s *replay.Step) time.Time {
	if s.Event.Time.IsZero() {
		return s.Event.Message.Time
	}
	return s.Event.Time
}

func TestClocksOfAReplayAreThoseOfTheJournalFoldedFromScratch(t *testing.T) {
	t.Parallel()
	for _, file := range []struct {
		name   string
		format archive.Format
	}{{"twcs-sample.csv", archive.TWCS}, {"support-conversations.json", archive.Conversations}, {"airline-tweets.csv", archive.Airline}} {
		t.Run(file.name, func(t *testing.T) {
			t.Parallel()
			events, _, err := replay.ReadFile(dataFile(t, file.name), file.format)
			if err != nil {
				t.Fatal(err)
			}
			setup, err := socialcrm.ParseSetup([]byte(everyFeature))
			if err != nil {
				t.Fatal(err)
			}
			steps, versions := eventful(t, events, setup)
			var entries []ticket.Entry
			tickets, kinds := make(map[ticket.ID]ticket.Ticket), make(map[ticket.EntryKind]int)
			report, err := replay.Run(t.Context(), steps, replay.Options{
				Setup: &setup,
				Entry: func(e ticket.Entry) { entries, kinds[e.Kind] = append(entries, e), kinds[e.Kind]+1 },
				Look: func(ctx context.Context, d *socialcrm.Desk) error {
					q := ticket.TicketQuery{Page: ticket.Page{Limit: 1000}}
					for {
						list, err := d.Tickets(ctx, q)
						if err != nil {
							return err
						}
						for _, got := range list.Items {
							tickets[got.ID] = got
						}
						if q.After = list.Next; q.After == "" {
							return nil
						}
					}
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			desktest.CheckClocks(t, report.End, versions, tickets, entries)
			for _, kind := range []ticket.EntryKind{ticket.ClockMet, ticket.ClockBreached, ticket.ClockWarned, ticket.TicketEscalated, ticket.TicketReopened} {
				if kinds[kind] == 0 && file.format != archive.Airline {
					t.Errorf("there is no entry %s among %d", kind, len(entries))
				}
			}
			t.Logf("%d tickets, %d entries", len(tickets), len(entries))
		})
	}
}
