package replay_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/replay"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestRerouteComesToTheSameWhereLanesCloseWithQueues(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 2, 14, 40, 0, 0, time.UTC)
	var steps []replay.Step
	for i := range 160 {
		when := begin.Add(time.Duration(i) * 15 * time.Second)
		steps = append(steps, replay.Step{Event: &channel.Event{
			Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "twitter", ID: "air"}, Time: when,
			Message: channel.Message{ID: fmt.Sprint("m", i), Author: channel.Author{ID: fmt.Sprint("c", i)}, Text: "Where is my bag?", Time: when},
		}})
	}
	hours := func(from, to time.Duration) sla.Hours {
		return sla.Hours{Zone: "UTC", Week: sla.EveryDay(sla.Interval{From: from * time.Hour, To: to * time.Hour})}
	}
	setup := &socialcrm.Setup{
		Calendars: map[string]sla.Hours{"day": hours(8, 15), "late": hours(16, 23)},
		Lanes: []routing.Lane{
			{Name: "care", Team: "care", Calendar: "day", Fallback: "night"},
			{Name: "night", Team: "night", ByHand: true, Overflow: routing.Overflow{To: "temps", Longer: 40}}, {Name: "temps", Team: "temps", ByHand: true},
		},
		Teams: []routing.Team{{Name: "care"}, {Name: "night"}, {Name: "temps"}},
		Agents: []routing.Agent{
			{Name: "ana", Teams: []string{"care"}, Capacity: 1, AlwaysOn: true}, {Name: "nia", Teams: []string{"night"}, Shift: "late", Capacity: 1, AlwaysOn: true},
			{Name: "tia", Teams: []string{"temps"}, Capacity: 1, AlwaysOn: true},
		},
	}
	ways := map[string]int{}
	var same replay.Rerouted
	store := ticket.NewMemory(nil)
	_, err := replay.Run(t.Context(), steps, replay.Options{
		Setup: setup, DeskAgents: true, Handle: 6 * time.Minute, Seed: 7, Store: func(func() time.Time) (ticket.Store, error) { return store, nil },
		Entry: func(e ticket.Entry) {
			if e.Kind == ticket.TicketRouted {
				ways[e.Old+" "+e.New]++
			}
		},
		Look: func(ctx context.Context, _ *socialcrm.Desk) (err error) {
			same, err = replay.Reroute(ctx, store, "", *setup, nil)
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if same.Decisions != 160 || len(same.Elsewhere) != 0 {
		t.Errorf("%d of %d decisions come out otherwise", len(same.Elsewhere), same.Decisions)
	}
	if ways["care night"] < 30 || ways[" night"] == 0 {
		t.Errorf("the ways are %v: the test tries nothing", ways)
	}
	t.Logf("ways: %v", ways)
}
