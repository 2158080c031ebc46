package replay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/archive"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/replay"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestRerouteComesToTheSameUnderTheSameSetup(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 2, 14, 40, 0, 0, time.UTC)
	var steps []replay.Step
	for i := range 160 {
		when := begin.Add(time.Duration(i) * 15 * time.Second)
		text := []string{"Where is my bag?", "My flight is cancelled", "Nice crew"}[i%3]
		steps = append(steps, replay.Step{Event: &channel.Event{
			Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "twitter", ID: "air"}, Time: when,
			Message: channel.Message{ID: fmt.Sprint("m", i), Author: channel.Author{ID: fmt.Sprint("c", i)}, Text: text, Time: when},
		}})
	}
	setup := shifts(true)
	for i := range setup.Agents {
		setup.Agents[i].AlwaysOn = true // as they are in a replay
	}
	setup.Lanes[0].Overflow.Longer, setup.Lanes[1].Overflow.Longer = 10, 10
	other := *setup
	other.Lanes = slices.Insert(slices.Clone(setup.Lanes), 0, routing.Lane{Name: "praise", Team: "temps", When: rule.Condition{Fact: "text", Word: "nice"}})
	var same, changed replay.Rerouted
	moved := 0
	store := ticket.NewMemory(nil)
	_, err := replay.Run(t.Context(), steps, replay.Options{
		Setup: setup, DeskAgents: true, Handle: 6 * time.Minute, Seed: 7, Store: func(func() time.Time) (ticket.Store, error) { return store, nil },
		Entry: func(e ticket.Entry) {
			if e.Kind == ticket.TicketRouted && e.Old == "" && e.New == "temps" {
				moved++
			}
		},
		Look: func(ctx context.Context, desk *socialcrm.Desk) (err error) {
			if same, err = replay.Reroute(ctx, store, "", *setup, nil); err == nil {
				changed, err = replay.Reroute(ctx, store, "", other, nil)
			}
			if err != nil {
				return err
			}
			list, err := desk.Tickets(ctx, ticket.TicketQuery{})
			if err != nil {
				return err
			}
			x, err := desk.ExplainRouting(ctx, list.Items[1].ID)
			if err == nil && (x.Decision.Lane != "flights" || len(x.Agents) != 30) {
				t.Errorf("explained: %+v", x)
			}
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if same.Decisions != 160 || len(same.Elsewhere) != 0 || moved == 0 {
		t.Errorf("under the same setup %d of %d decisions (%d of them overflowed) come out otherwise: %+v", len(same.Elsewhere), same.Decisions, moved, same.Elsewhere[:min(3, len(same.Elsewhere))])
	}
	praise := 0
	for _, e := range changed.Elsewhere {
		if e.Would.Lane == "praise" {
			praise++
		}
	}
	if praise != 53 || len(changed.Elsewhere) != praise {
		t.Errorf("with a lane for praise %d of %d go elsewhere, %d to it; want 53", len(changed.Elsewhere), changed.Decisions, praise)
	}
}

// Each decision of a storm says why, and the journal alone leads to it again.
func TestEveryDecisionOfTheStormIsExplainedAndComesOutTheSameAgain(t *testing.T) {
	t.Parallel()
	all, _, err := replay.ReadFile(dataFile(t, "airline-tweets.csv"), archive.Airline)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2015, 2, 22, 8, 0, 0, 0, time.UTC)
	steps := slices.DeleteFunc(all, func(s replay.Step) bool {
		at := s.Event.Message.Time
		return at.Before(from) || !at.Before(from.Add(48*time.Hour))
	})
	setup := shifts(true)
	for i := range setup.Agents {
		setup.Agents[i].AlwaysOn = true // as they are in a replay
	}
	store := ticket.NewMemory(nil)
	decided, moved, mute := 0, 0, []ticket.Entry{}
	_, err = replay.Run(t.Context(), steps, replay.Options{
		Setup: setup, DeskAgents: true, Handle: 6 * time.Minute, Seed: 7, Store: func(func() time.Time) (ticket.Store, error) { return store, nil },
		Entry: func(e ticket.Entry) {
			if e.Actor.Kind != ticket.BySystem || e.Kind != ticket.TicketRouted && (e.Kind != ticket.TicketAssigned || e.New == "") {
				return
			}
			if decided++; e.Kind == ticket.TicketRouted && e.Old != "" {
				moved++
			}
			var d routing.Decision
			if len(e.Detail) == 0 && e.Kind == ticket.TicketAssigned {
				return // the routing before it says why
			}
			if err := json.Unmarshal(e.Detail, &d); err != nil || d.Lane == "" || e.Kind == ticket.TicketRouted && (d.Lane != e.New || e.Reason == "") || len(d.Candidates)+len(d.Passed) == 0 {
				mute = append(mute, e)
			}
		},
		Look: func(ctx context.Context, desk *socialcrm.Desk) error {
			again, err := replay.Reroute(ctx, store, "", *setup, nil)
			if err != nil {
				return err
			}
			tickets, q := 0, ticket.TicketQuery{Page: ticket.Page{Limit: 1000}}
			for {
				list, err := desk.Tickets(ctx, q)
				if err != nil {
					return err
				}
				for i := range list.Items {
					x, err := desk.ExplainRouting(ctx, list.Items[i].ID)
					if err != nil {
						return err
					}
					if tickets++; len(x.Lanes) == 0 || !x.Lanes[len(x.Lanes)-1].Matched || len(x.Agents) == 0 || slices.ContainsFunc(x.Agents, func(a routing.AgentVerdict) bool { return a.Place == 0 && a.Cause == "" }) {
						t.Errorf("ticket %s is explained by %+v", list.Items[i].ID, x)
					}
				}
				if q.After = list.Next; q.After == "" || t.Failed() {
					break
				}
			}
			if again.Decisions != tickets || len(again.Elsewhere) != 0 {
				t.Errorf("of %d tickets %d decisions were made again, %d of which come out otherwise: %+v", tickets, again.Decisions, len(again.Elsewhere), again.Elsewhere[:min(3, len(again.Elsewhere))])
			}
			t.Logf("%d tickets, %d decisions, %d of them on to another lane", tickets, decided, moved)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(mute) > 0 || moved == 0 {
		t.Errorf("%d of %d decisions do not say why, such as %+v; %d moved tickets on", len(mute), decided, mute[:min(2, len(mute))], moved)
	}
}

func TestRerouteAsksAgainWhatTheCRMsAnswerDecided(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	net, people, store := channeltest.New(channeltest.Options{Platform: "plaza", Now: clock}), crmtest.New(crmtest.Options{Now: clock}), ticket.NewMemory(&ticket.MemoryOptions{Now: clock})
	page := net.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}})
	by := func(tier string) socialcrm.Setup {
		return socialcrm.Setup{
			Lanes: []routing.Lane{
				{Name: "fire", Team: "care", When: rule.Condition{Fact: "text", Word: "fire"}},
				{Name: "first", Team: "care", When: rule.Condition{Fact: "contact.tier", Equals: rule.Text(tier)}, Priority: new(ticket.High)}, {Name: "care", Team: "care"},
			},
			Teams:  []routing.Team{{Name: "care"}},
			Agents: []routing.Agent{{Name: "ana", Teams: []string{"care"}, Capacity: 3, AlwaysOn: true}},
		}
	}
	setup := by("gold")
	desk, err := socialcrm.New(socialcrm.Config{Store: store, Setup: setup, Channels: []channel.Channel{page}, Sources: []channel.Source{net}, Sinks: []crm.Sink{people}, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	tickets := make(map[ticket.ID]string)
	for _, who := range []string{"gold", "silver", "plain", "noted"} {
		tier := map[string]string{"gold": "gold", "silver": "silver", "noted": "gold"}[who]
		people.AddPerson(crm.Person{Ref: who, Tier: tier}, crm.Identity{Platform: "plaza", Author: channel.Author{ID: who}})
		now = now.Add(time.Second)
		result, err := desk.Ingest(t.Context(), channel.Event{Kind: channel.MessageReceived, Account: page.Account().AccountID, Message: channel.Message{ID: who, Thread: who, Author: channel.Author{ID: who}, Text: "Hello", Time: now}})
		if err == nil && who == "noted" { // somebody has begun when the CRM answers
			_, err = desk.Note(t.Context(), result[0].Ticket, socialcrm.By{Actor: ticket.Agent("ana")}, "I know her")
		}
		if err != nil {
			t.Fatal(err)
		}
		tickets[result[0].Ticket] = who
	}
	if _, err := desk.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		tier      string
		elsewhere []string
	}{{"gold", nil}, {"silver", []string{"gold: first, not care", "silver: care, not first"}}} {
		found, err := replay.Reroute(t.Context(), store, "", by(test.tier), nil)
		if err != nil {
			t.Fatal(err)
		}
		var elsewhere []string
		for _, e := range found.Elsewhere {
			elsewhere = append(elsewhere, fmt.Sprintf("%s: %s, not %s", tickets[e.Ticket], e.Was.Lane, e.Would.Lane))
		}
		slices.Sort(elsewhere)
		if diff := cmp.Diff(test.elsewhere, elsewhere); diff != "" {
			t.Errorf("with a lane for %s, of %d decisions these come out otherwise (-want +got):\n%s", test.tier, found.Decisions, diff)
		}
		if want := 4 + 2; found.Decisions < want {
			t.Errorf("%d decisions were made again, want %d at least", found.Decisions, want)
		}
	}
}
