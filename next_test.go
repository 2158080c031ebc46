package socialcrm_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestNextGivesWhoAsksTheTicketWhoseTurnItIs(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Lanes[1].Pull, s.Lanes[1].Speak = true, true
		s.Agents = []routing.Agent{
			{Name: "ana", Teams: []string{"care"}, Languages: []string{"en"}, Capacity: 2},
			{Name: "bea", Teams: []string{"care"}, Languages: []string{"de"}, Capacity: 2, AlwaysOn: true},
			{Name: "ben", Teams: []string{"money"}, AlwaysOn: true},
		}
	})
	ctx := t.Context()
	w.presence("ana", ticket.Offline)
	first, second, third := w.asked("mia", "Hello"), w.asked("noa", "Hello"), w.asked("oli", "Hello")
	w.wantHands("care? care? care?", "before anybody asks")
	w.refused(socialcrm.ErrCapacity, socialcrm.Receipt{}, nextErr(w, ana)) // she is not there yet
	w.presence("ana", ticket.Available)
	w.wantHands("care? care? care?", "with ana there")
	keyed := socialcrm.By{Actor: ana.Actor, Key: "one"}
	got := []ticket.ID{w.must(w.desk.Next(ctx, keyed)).Ticket, w.must(w.desk.Next(ctx, keyed)).Ticket, w.must(w.desk.Next(ctx, by("bea"))).Ticket}
	if diff := cmp.Diff([]ticket.ID{first, first, second}, got); diff != "" {
		t.Errorf("tickets that ana (twice with one key) and bea got (-want +got):\n%s", diff)
	}
	if tk := w.ticket(first); tk.Agent != "ana" || tk.Status != ticket.Open {
		t.Errorf("the first is %s with %q, want open with ana", tk.Status, tk.Agent)
	}
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, nextErr(w, by("ben"))) // of another team
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, nextErr(w, by("zoe")))
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, nextErr(w, socialcrm.By{Actor: ticket.Actor{Kind: ticket.ByHost}}))
	// What somebody gave back is for others.
	w.must(w.desk.Next(ctx, by("bea")))
	w.must(w.desk.Assign(ctx, third, by("bea"), ""))
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, nextErr(w, by("bea")))
	if got := w.must(w.desk.Next(ctx, ana)).Ticket; got != third {
		t.Errorf("ana got %s, want what bea gave back", got)
	}
	w.refused(socialcrm.ErrCapacity, socialcrm.Receipt{}, nextErr(w, ana))
}

func nextErr(w *world, by socialcrm.By) error {
	_, err := w.desk.Next(w.t.Context(), by)
	return err
}

func TestNextTakesFromTheInboxOfACompanyWithoutLanes(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		*s = socialcrm.Setup{Agents: []routing.Agent{{Name: "ana", AlwaysOn: true}}}
	})
	id := w.asked("mia", "Hello")
	if got := w.must(w.desk.Next(t.Context(), ana)).Ticket; got != id {
		t.Errorf("ana got %q, want %s", got, id)
	}
}

func TestNextNeverGivesOneTicketToTwo(t *testing.T) {
	t.Parallel()
	const agents, tickets = 16, 64
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Lanes[1].Pull, s.Agents = true, nil
		for i := range agents {
			s.Agents = append(s.Agents, routing.Agent{Name: fmt.Sprint("a", i), Teams: []string{"care", "money"}, Capacity: tickets, AlwaysOn: true})
		}
	})
	for i := range tickets {
		w.platform.Customer(fmt.Sprint("c", i)).Post(w.page, "Hello")
	}
	w.pass(time.Minute)
	var (
		all sync.WaitGroup
		mu  sync.Mutex
	)
	got := map[ticket.ID]int{}
	for i := range agents {
		all.Go(func() {
			for range tickets / agents {
				r, err := w.desk.Next(t.Context(), by(fmt.Sprint("a", i)))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				got[r.Ticket]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(got) != tickets {
		t.Errorf("%d tickets were taken, want each of %d once", len(got), tickets)
	}
}
