package socialcrm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// nights is a company whose care works from eight to twelve and whose night takes over; ana is always there, nia only when she says so.
func nights(s *socialcrm.Setup) {
	s.Calendars = map[string]sla.Hours{"day": daily(8, 12)}
	s.Lanes[1].Calendar, s.Lanes[1].Fallback = "day", "night"
	s.Lanes = append(s.Lanes, routing.Lane{Name: "night", Team: "night", ByHand: true}, routing.Lane{Name: "temps", Team: "temps", ByHand: true})
	s.Teams = append(s.Teams, routing.Team{Name: "night"}, routing.Team{Name: "temps"})
	s.Agents = append(s.Agents, routing.Agent{Name: "nia", Teams: []string{"night"}, Capacity: 1}, routing.Agent{Name: "tia", Teams: []string{"temps"}})
}

// signedIn is nights with a lane that hangs on who is there.
func signedIn(s *socialcrm.Setup) {
	nights(s)
	s.Lanes[1].Calendar = ""
	s.Agents[0].AlwaysOn = false
}

// wantExplained fails unless what waits is where the router would put it.
func (w *world) wantExplained(when string) {
	w.t.Helper()
	for _, tk := range w.tickets() {
		if x, err := w.desk.ExplainRouting(w.t.Context(), tk.ID); err != nil || tk.Agent == "" && x.Decision.Lane != tk.Lane {
			w.t.Errorf("%s ticket %s waits in %s, explained is %s, %v", when, tk.ID, tk.Lane, x.Decision.Lane, err)
		}
	}
}

func TestWhatWaitsInALaneThatClosesGoesToItsFallbackAndComesBackWhenItOpens(t *testing.T) {
	t.Parallel()
	w := companyOf(t, nights)
	ids := []ticket.ID{w.asked("mia", "Hello"), w.asked("noa", "Hello"), w.asked("oli", "Hello"), w.asked("pam", "Hello")}
	w.pass(time.Date(2026, 3, 2, 11, 59, 59, 0, time.UTC).Sub(w.now))
	w.wantHands("ana ana care? care?", "before it closes")
	w.pass(time.Second)
	w.wantHands("ana ana night? night?", "when it closes")
	w.wantExplained("when it closes")
	if e := w.last(ids[2], ticket.TicketRouted); e.Old != "care" || e.New != "night" || e.Reason != "from care to night: closed" || !strings.Contains(string(e.Detail), `"why":"closed"`) {
		t.Errorf("the journal says from %s to %s because %q: %s", e.Old, e.New, e.Reason, e.Detail)
	}
	if got := w.ticket(ids[2]); got.Home != "care" || got.Team != "night" || got.Class != "of care" || !got.Queued.Equal(w.now) {
		t.Errorf("it is of %q, team %q, class %q, waits since %s", got.Home, got.Team, got.Class, got.Queued)
	}
	w.presence("nia", ticket.Available)
	late := w.asked("quy", "Hello")
	w.wantHands("ana ana nia night? night?", "once somebody is there at night")
	for _, id := range ids[:2] {
		w.must(w.desk.Resolve(t.Context(), id, ana, ""))
	}
	w.pass(time.Date(2026, 3, 3, 7, 59, 59, 0, time.UTC).Sub(w.now))
	w.wantHands("- - nia night? night?", "before it opens")
	w.pass(time.Second)
	w.wantHands("- - nia ana ana", "when it opens")
	w.wantExplained("when it opens")
	if e := w.last(late, ticket.TicketRouted); e.Old != "night" || e.New != "care" || e.Reason != "from night to care: its own lane" {
		t.Errorf("the journal says from %s to %s because %q", e.Old, e.New, e.Reason)
	}
	if got := w.ticket(ids[2]); got.Lane != "night" || got.Home != "care" {
		t.Errorf("what nia has is in %s, of %q", got.Lane, got.Home)
	}
	if got := w.ticket(late); got.Home != "" || got.Lane != "care" {
		t.Errorf("what came back is in %s, of %q", got.Lane, got.Home)
	}
	// What she gives back in the morning is for those who are there.
	w.must(w.desk.Resolve(t.Context(), ids[3], ana, ""))
	w.must(w.desk.Assign(t.Context(), ids[2], by("nia"), ""))
	w.pass(0)
	w.wantHands("- - ana - ana", "once nia gave hers back")
	if left := append(w.tasks("hand on"), w.tasks("bring back")...); !slices.Equal(left, []string{"hand on/care"}) {
		t.Errorf("tasks %v are left", left)
	}
	w.pass(72 * time.Hour)
	if left := append(append(w.tasks("hand on"), w.tasks("bring back")...), w.tasks("open")...); len(left) != 0 {
		t.Errorf("tasks %v are left though nobody waits", left)
	}
}

func TestWhatWaitsInADesertedLaneGoesToItsFallbackAfterAWhileAndComesBackWithTheFirst(t *testing.T) {
	t.Parallel()
	w := companyOf(t, signedIn)
	w.presence("ana", ticket.Available)
	first := w.asked("mia", "Hello")
	w.asked("noa", "Hello")
	w.asked("oli", "Hello")
	w.presence("ana", ticket.Away)
	w.pass(4*time.Minute + 59*time.Second)
	w.wantHands("ana ana care?", "in a short break")
	w.presence("ana", ticket.Available)
	w.pass(time.Minute)
	w.presence("ana", ticket.Away)
	w.pass(4 * time.Minute)
	w.wantHands("ana ana care?", "in a second short break, which counts anew")
	w.asked("pam", "Hello")
	w.wantHands("ana ana night? night?", "five minutes after she went")
	w.wantExplained("once it is deserted")
	if e := w.last(w.tickets()[2].ID, ticket.TicketRouted); e.Reason != "from care to night: nobody there" {
		t.Errorf("the journal says %q", e.Reason)
	}
	w.presence("ana", ticket.Offline)
	w.must(w.desk.Resolve(t.Context(), first, ana, ""))
	w.wantHands("- ana night? night?", "while she is not there")
	w.presence("ana", ticket.Busy)
	w.wantHands("- ana care? care?", "when she is back and takes nothing yet, without a Tick,")
	w.presence("ana", ticket.Available)
	w.wantHands("- ana ana care?", "when she takes some, without a Tick,")
	w.wantExplained("when she is back")
}

func TestALaneSaysHowLongNobodyMustBeThere(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		signedIn(s)
		s.Lanes[1].FallbackAfter = sla.Duration(time.Hour)
		s.Calendars["early"], s.Agents[0].Shift = daily(6, 10), "early"
	})
	w.presence("ana", ticket.Available)
	for _, customer := range []string{"mia", "noa", "oli"} {
		w.asked(customer, "Hello")
	}
	w.pass(time.Date(2026, 3, 2, 10, 59, 59, 0, time.UTC).Sub(w.now))
	w.wantHands("ana ana care?", "an hour after the shift")
	w.pass(time.Second)
	w.wantHands("ana ana night?", "an hour after the shift")
	w.must(w.desk.Resolve(t.Context(), w.tickets()[0].ID, ana, ""))
	w.pass(19 * time.Hour)
	w.wantHands("- ana ana", "when the next shift begins")
}

func TestWhatWaitsFollowsTheFallbacksOfFallbacksToAndFro(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		nights(s)
		s.Lanes[2].Fallback = "temps"
		s.Agents[0].Capacity = 1
	})
	w.presence("nia", ticket.Available)
	held := w.asked("mia", "Hello")
	id := w.asked("noa", "Hello")
	step := func(want, when string) {
		t.Helper()
		w.wantHands("ana "+want, when)
		w.wantExplained(when)
	}
	w.presence("nia", ticket.Away) // so that care closes while night is deserted
	w.pass(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC).Sub(w.now))
	step("temps?", "with both closed")
	if got := w.ticket(id); got.Home != "care" || w.last(id, ticket.TicketRouted).Reason != "from care to night: closed; from night to temps: nobody there" {
		t.Errorf("it is of %q because %q", got.Home, w.last(id, ticket.TicketRouted).Reason)
	}
	w.presence("nia", ticket.Busy)
	step("night?", "with somebody there at night")
	if got := w.last(id, ticket.TicketRouted).Reason; got != "from temps to care: its own lane; from care to night: closed" {
		t.Errorf("it came back because %q", got)
	}
	w.presence("nia", ticket.Offline)
	w.pass(4 * time.Minute)
	w.wantHands("ana night?", "just after nia has left")
	w.pass(time.Minute)
	step("temps?", "five minutes after nia has left")
	w.pass(time.Date(2026, 3, 3, 8, 0, 0, 0, time.UTC).Sub(w.now))
	step("care?", "in the morning")
	w.must(w.desk.Resolve(t.Context(), held, ana, ""))
	w.wantHands("- ana", "with hands free")
}

func TestOnlyWhatAFallbackTookOverAndStillWaitsThereComesBack(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		nights(s)
		s.Lanes[1].Overflow = routing.Overflow{To: "temps", Longer: 3}
		s.Lanes[2].Overflow = routing.Overflow{To: "temps", After: sla.Duration(time.Hour)}
		s.Agents[0].Capacity = 1
	})
	ctx := t.Context()
	w.asked("mia", "Hello") // ana has it
	here := w.asked("noa", "Hello")
	here2 := w.asked("oli", "Hello")
	w.must(w.desk.Transfer(ctx, here2, ana, socialcrm.Transfer{Lane: "care", Reason: "only we can do it"}))
	w.pass(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC).Sub(w.now))
	w.wantHands("ana night? care?", "after it closed: what a person put there stays")
	if got := w.ticket(here2).Class; got != "handed" {
		t.Errorf("it waits in class %q", got)
	}
	w.pass(time.Hour)
	w.wantHands("ana temps? care?", "after an hour in the night's queue")
	if got := w.ticket(here).Home; got != "" {
		t.Errorf("what overflowed is of %q", got)
	}
	w.asked("pam", "Hello")
	put := w.asked("quy", "Hello")
	w.must(w.desk.Transfer(ctx, put, ana, socialcrm.Transfer{Lane: "night", Reason: "for tonight"}))
	w.must(w.desk.Resolve(ctx, here2, ana, ""))
	w.pass(time.Date(2026, 3, 3, 7, 30, 0, 0, time.UTC).Sub(w.now))
	late, written := w.asked("roy", "Hello"), w.asked("sue", "Hello")
	w.pass(time.Date(2026, 3, 3, 7, 59, 0, 0, time.UTC).Sub(w.now))
	w.must(w.desk.Claim(ctx, written, by("nia"), 10*time.Minute))
	w.wantHands("ana temps? - temps? night? night? night?", "before it opens")
	w.pass(5 * time.Minute)
	w.wantHands("ana temps? - temps? night? care? night?", "after it opened, while somebody writes to one of them")
	if got := w.ticket(late).Lane; got != "care" {
		t.Errorf("the one that waited is in %s", got)
	}
	w.pass(5 * time.Minute)
	w.wantHands("ana temps? - temps? night? care? care?", "once nobody writes any more")
}

// TestALongQueueMovesInPortionsWheneverTheProcessDies lets a long queue go to the fallback and back, dies at each commit in turn, and holds that nothing is lost or told twice.
func TestALongQueueMovesInPortionsWheneverTheProcessDies(t *testing.T) {
	t.Parallel()
	const many = 70
	for _, after := range []bool{false, true} {
		for dies := range 10 {
			t.Run(fmt.Sprintf("at commit %d, after it %t", dies, after), func(t *testing.T) {
				t.Parallel()
				w := companyOf(t, nights)
				s := &dying{Store: w.store, left: -1, after: after}
				w.store = s
				w.restart()
				w.asked("mia", "Hello")
				w.asked("noa", "Hello")
				w.crowd(many, "Hello")
				live := func(until time.Time) {
					t.Helper()
					for {
						next, err := w.desk.Tick(t.Context())
						if errors.Is(err, errDead) {
							s.left = -1
							w.restart()
							w.now = w.now.Add(5 * time.Minute) // the leases end
							continue
						}
						w.ok(err)
						if next.IsZero() || next.After(until) {
							w.now = until
							return
						}
						if next.After(w.now) {
							w.now = next
						}
					}
				}
				live(w.now)
				s.left = dies
				live(time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC))
				w.wantQueues("care 0, night 70", "in the evening")
				s.left = dies
				live(time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC))
				w.wantQueues("care 70, night 0", "in the morning")
				entries, err := w.desk.Journal(t.Context(), ticket.JournalQuery{Limit: 10_000})
				w.ok(err)
				ways := map[string]int{}
				for _, e := range entries {
					if e.Kind == ticket.TicketRouted {
						ways[e.Old+" "+e.New]++
					}
				}
				if diff := cmp.Diff(map[string]int{" care": many + 2, "care night": many, "night care": many}, ways); diff != "" {
					t.Errorf("ways in the journal (-want +got):\n%s", diff)
				}
			})
		}
	}
}

var errDead = errors.New("the process died")

// dying is a Store whose process dies at an Update, before its commit or just after it. It lives again with a negative number.
type dying struct {
	ticket.Store
	left  int
	after bool
}

func (d *dying) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	if d.left != 0 {
		if d.left > 0 {
			d.left--
		}
		return d.Store.Update(ctx, tenant, fn)
	}
	if d.after {
		if err := d.Store.Update(ctx, tenant, fn); err != nil {
			return err
		}
	}
	return errDead
}

// wantQueues says how many wait in lanes.
func (w *world) wantQueues(want, when string) {
	w.t.Helper()
	n := map[string]int{}
	err := w.store.View(w.t.Context(), "", func(r ticket.Reader) error {
		for _, lane := range []string{"care", "night"} {
			list, err := r.Waiting(lane, ticket.Page{Limit: 1000})
			if err != nil {
				return err
			}
			n[lane] = len(list.Items)
		}
		return nil
	})
	w.ok(err)
	if got := fmt.Sprintf("care %d, night %d", n["care"], n["night"]); got != want {
		w.t.Errorf("%s there wait %s, want %s", when, got, want)
	}
}

func TestAQueueThatMovesIsHandedOutInOrderOfPromise(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		nights(s)
		heavyCars(s)
		s.Lanes[1].Priorities = []routing.PriorityRule{{When: rule.Condition{Fact: "text", Word: "now"}, Priority: ticket.High}}
		s.SLA = append([]sla.Policy{{Name: "soon", When: rule.Condition{Fact: "priority", Equals: rule.Text("high")}, Targets: []sla.Target{{Metric: sla.Resolution, Within: sla.Duration(40 * time.Hour)}}}}, s.SLA...)
		s.SLA[1].Targets = s.SLA[1].Targets[2:]
		s.Agents[0].AlwaysOn, s.Agents[0].Capacity, s.Agents[2].Capacity = false, 60, 60
	})
	texts := []string{"Hello", "My car is gone", "Hello now", "My car is gone now"}
	w.presence("ana", ticket.Offline)
	begin := w.now
	for i := range 100 {
		w.now = begin.Add(time.Duration(i) * time.Second)
		customer := fmt.Sprint("customer ", i)
		w.ingest(said(customer, customer, customer, "", texts[i%4], w.now))
	}
	held := func(agent string) (names []string) {
		t.Helper()
		entries, err := w.desk.Journal(t.Context(), ticket.JournalQuery{Limit: 10_000})
		w.ok(err)
		for _, e := range entries {
			if e.Kind == ticket.TicketAssigned && e.New == agent {
				names = append(names, string(e.Ticket))
			}
		}
		return names
	}
	var want []string
	room := 60
	for _, tk := range slices.SortedFunc(slices.Values(w.tickets()), func(a, b ticket.Ticket) int { return ticket.ComparePromise(&a, &b) }) {
		if weight := max(tk.Weight, 1); weight <= room {
			room -= weight
			want = append(want, string(tk.ID))
		}
	}
	w.presence("nia", ticket.Available)
	w.pass(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC).Sub(w.now))
	if diff := cmp.Diff(want, held("nia")); diff != "" {
		t.Errorf("handed out at night (-want +got):\n%s", diff)
	}
	w.presence("nia", ticket.Offline)
	for _, tk := range w.tickets() {
		if tk.Agent == "nia" {
			w.must(w.desk.Assign(t.Context(), tk.ID, by("nia"), ""))
		}
	}
	w.pass(time.Hour)
	w.wantQueues("care 0, night 100", "once nia has left")
	w.presence("ana", ticket.Available)
	w.pass(time.Date(2026, 3, 3, 8, 0, 0, 0, time.UTC).Sub(w.now))
	if diff := cmp.Diff(want, held("ana")); diff != "" {
		t.Errorf("handed out in the morning (-want +got):\n%s", diff)
	}
}

func TestASetupThatIsAppliedWhileAQueueMovesHasTheLastWord(t *testing.T) {
	t.Parallel()
	w := companyOf(t, nights)
	w.asked("mia", "Hello")
	w.asked("noa", "Hello")
	w.crowd(130, "Hello")
	w.now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	s := &dying{Store: w.store, left: 9} // some portions on
	w.store = s
	w.restart()
	if _, err := w.desk.Tick(t.Context()); !errors.Is(err, errDead) {
		t.Fatal(err)
	}
	s.left = -1
	w.restart()
	longer := company()
	nights(&longer)
	longer.Calendars["day"] = daily(8, 14)
	w.apply(longer)
	w.pass(5 * time.Minute)
	w.wantQueues("care 130, night 0", "with longer hours")
	w.pass(2 * time.Hour)
	w.wantQueues("care 0, night 130", "after these")
	other := company()
	nights(&other)
	other.Lanes[1].Fallback = ""
	w.apply(other)
	w.pass(time.Second)
	w.wantQueues("care 130, night 0", "without a fallback")
}

func TestALaneThatClosesEarlierThanItDidIsLookedAtThen(t *testing.T) {
	t.Parallel()
	w := companyOf(t, nights)
	for _, customer := range []string{"mia", "noa", "oli"} {
		w.asked(customer, "Hello")
	}
	s := company()
	nights(&s)
	s.Calendars["day"] = daily(8, 11)
	w.apply(s)
	w.pass(time.Date(2026, 3, 2, 11, 0, 0, 0, time.UTC).Sub(w.now))
	w.wantHands("ana ana night?", "at eleven")
	s.Calendars = map[string]sla.Hours{"day": daily(7, 12)}
	w.apply(s)
	w.pass(time.Second)
	w.wantHands("ana ana care?", "with longer hours")
	w.pass(2 * time.Hour)
	s.Calendars = map[string]sla.Hours{"day": daily(6, 11)}
	w.apply(s)
	w.pass(time.Date(2026, 3, 3, 6, 0, 0, 0, time.UTC).Sub(w.now))
	w.wantHands("ana ana care?", "at six")
}

func TestAProcessThatHeardLateWhoIsThereBringsBackWhatItMisplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Since: time.Now().Add(-time.Hour)})
		setup, store := company(), ticket.NewMemory(nil)
		signedIn(&setup)
		defer store.Close()
		var desks []*socialcrm.Desk
		for range 2 {
			desk, err := socialcrm.New(socialcrm.Config{Store: store, Setup: setup, Channels: []channel.Channel{page}})
			if err != nil {
				t.Fatal(err)
			}
			desks = append(desks, desk)
		}
		here, there := desks[0], desks[1]
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if err := there.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		if err := here.SetPresence(ctx, by("nia"), "nia", ticket.Busy); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // it reads who is there at most once a second
		if err := here.SetPresence(ctx, ana, "ana", ticket.Available); err != nil {
			t.Fatal(err)
		}
		results, err := there.Ingest(ctx, said("mia", "mia", "mia", "", "Hello", time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		look := func(when, lane, agent string) {
			t.Helper()
			if got, err := there.Ticket(ctx, results[0].Ticket); err != nil || got.Lane != lane || got.Agent != agent {
				t.Errorf("%s it is in %s with %q, %v; want %s, %q", when, got.Lane, got.Agent, err, lane, agent)
			}
		}
		look("at first", "night", "")
		time.Sleep(3 * time.Second)
		look("then", "care", "ana")
		stop()
		all.Wait()
	})
}

func TestAnAgentWithRoomForManyIsGivenAllOfItAtOnce(t *testing.T) {
	t.Parallel()
	const room = 250
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Agents = []routing.Agent{{Name: "ana", Teams: []string{"care", "money"}, Capacity: room}}
	})
	w.presence("ana", ticket.Offline)
	w.crowd(room+10, "Hello")
	w.presence("ana", ticket.Available)
	w.pass(0) // no time passes
	if got := w.load("ana"); got != room {
		t.Errorf("ana has %d, want %d", got, room)
	}
}
