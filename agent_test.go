package socialcrm_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestPresenceThatChangesInOneInstantIsJournalledEachTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := []string{"away", "available", "busy", "available"}
	for _, p := range want {
		w.ok(w.desk.SetPresence(t.Context(), ana, "ben", ticket.Presence(p)))
	}
	entries, err := w.desk.Journal(t.Context(), ticket.JournalQuery{})
	w.ok(err)
	var got []string
	keys := map[string]bool{}
	for _, e := range entries {
		if e.Kind == ticket.AgentPresence {
			got = append(got, e.New)
		}
		if keys[e.Key] {
			t.Errorf("%s is there twice", e.Key)
		}
		keys[e.Key] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("presence in the journal (-want +got):\n%s", diff)
	}
}

func TestVerbsRefuseNobodyAsTheActor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, other := w.asked("mia", "Hello?"), w.asked("noa", "Hello too?")
	nobody, ctx := socialcrm.By{Key: "k"}, t.Context()
	for name, act := range map[string]func() (socialcrm.Receipt, error){
		"reply":   func() (socialcrm.Receipt, error) { return w.desk.Reply(ctx, id, nobody, socialcrm.Reply{Text: "Hi"}) },
		"note":    func() (socialcrm.Receipt, error) { return w.desk.Note(ctx, id, nobody, "Hm") },
		"assign":  func() (socialcrm.Receipt, error) { return w.desk.Assign(ctx, id, nobody, "ana") },
		"resolve": func() (socialcrm.Receipt, error) { return w.desk.Resolve(ctx, id, nobody, "") },
		"merge":   func() (socialcrm.Receipt, error) { return w.desk.Merge(ctx, id, nobody, other) },
		"transfer": func() (socialcrm.Receipt, error) {
			return w.desk.Transfer(ctx, id, nobody, socialcrm.Transfer{Team: "money", Reason: "x"})
		},
	} {
		if _, err := act(); !errors.Is(err, socialcrm.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	for name, err := range map[string]error{
		"set presence":   w.desk.SetPresence(ctx, nobody, "ana", ticket.Away),
		"resume":         w.desk.Resume(ctx, nobody, shop),
		"apply":          w.desk.Apply(ctx, nobody, company()),
		"merge contacts": w.desk.MergeContacts(ctx, nobody, "a", "b"),
		"requeue":        w.desk.Requeue(ctx, nobody, "x"),
	} {
		if !errors.Is(err, socialcrm.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	notSignedIn := socialcrm.By{Actor: ticket.Agent("")}
	r, err := w.desk.Reply(ctx, id, notSignedIn, socialcrm.Reply{Text: "Hi"})
	w.refused(socialcrm.ErrInvalid, r, err)
	if err := w.desk.Apply(ctx, notSignedIn, company()); !errors.Is(err, socialcrm.ErrInvalid) {
		t.Errorf("apply by an agent without a name: %v, want ErrInvalid", err)
	}
	if got := w.ticket(id); got.Status != ticket.New {
		t.Errorf("ticket is %s", got.Status)
	}
}

func TestWhatAnAgentGivesBackWaitsForSomebodyElse(t *testing.T) {
	t.Parallel()
	two := func(s *socialcrm.Setup) {
		s.Agents = append(s.Agents, routing.Agent{Name: "cem", Teams: []string{"care"}, Capacity: 1})
	}
	for _, tt := range []struct {
		name string
		then func(*world, ticket.ID)
		want string
	}{
		{"nobody else is there", func(w *world, _ ticket.ID) { w.pass(time.Hour) }, ""},
		{"somebody else comes", func(w *world, _ ticket.ID) { w.ok(w.desk.SetPresence(w.t.Context(), ana, "cem", ticket.Available)) }, "cem"},
		{"the agent was away and is back", func(w *world, _ ticket.ID) {
			w.pass(time.Minute)
			w.ok(w.desk.SetPresence(w.t.Context(), ana, "ana", ticket.Away))
			w.ok(w.desk.SetPresence(w.t.Context(), ana, "ana", ticket.Available))
		}, "ana"},
		{"the agent finished something else", func(w *world, _ ticket.ID) {
			other := w.asked("noa", "Hello too?")
			w.must(w.desk.Resolve(w.t.Context(), other, ana, ""))
		}, ""},
		{"the customer writes again and somebody frees a hand", func(w *world, id ticket.ID) {
			mia := w.platform.Customer("mia")
			list, err := w.desk.Messages(w.t.Context(), ticket.MessageQuery{Ticket: id})
			w.ok(err)
			mia.Reply(list.Items[0].Content, "Anybody there?")
			w.pass(time.Minute)
			w.must(w.desk.Resolve(w.t.Context(), w.asked("noa", "Hello too?"), ana, ""))
		}, "ana"},
		{"the agent takes it after all", func(w *world, id ticket.ID) { w.must(w.desk.Assign(w.t.Context(), id, ana, "ana")) }, "ana"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := staffed(t, two)
			id := w.asked("mia", "Hello?")
			w.must(w.desk.Assign(t.Context(), id, ana, ""))
			w.pass(time.Second)
			if got := w.ticket(id); got.Agent != "" {
				t.Fatalf("it is with %q again", got.Agent)
			}
			tt.then(w, id)
			w.pass(time.Second)
			if got := w.ticket(id); got.Agent != tt.want {
				t.Errorf("it is with %q, want %q", got.Agent, tt.want)
			}
		})
	}
}

func TestWhatOneAgentGaveBackDoesNotHideTheRestOfTheQueue(t *testing.T) {
	t.Parallel()
	w := staffed(t, func(s *socialcrm.Setup) { s.Agents[0].Capacity = 1 })
	for i := range 45 {
		w.must(w.desk.Assign(t.Context(), w.asked(fmt.Sprint("customer-", i), "Hello?"), ana, ""))
	}
	busy := w.asked("noa", "Hello?")
	late := w.asked("mia", "Hello?")
	if got := w.ticket(late).Agent; got != "" {
		t.Fatalf("it is with %q, who has no room", got)
	}
	w.must(w.desk.Resolve(t.Context(), busy, ana, ""))
	w.pass(time.Second)
	if got := w.ticket(late).Agent; got != "ana" {
		t.Errorf("it is with %q, want ana: she gave back only those before it", got)
	}
}

func TestBreachBelongsToWhoHeldTheTicketThen(t *testing.T) {
	t.Parallel()
	own := sla.Policy{Name: "ana's", When: rule.Condition{Fact: "agent", Equals: rule.Text("ana")}, Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(30 * time.Minute)}}}
	w := staffed(t, func(s *socialcrm.Setup) { s.SLA = append([]sla.Policy{own}, s.SLA...) })
	id := w.asked("mia", "Hello?")
	w.must(w.desk.Assign(t.Context(), id, ana, ""))
	if c, _ := w.ticket(id).Clocks.Clock(sla.FirstResponse); c.Policy != "promise" {
		t.Errorf("once nobody has it, the clock runs under %q", c.Policy)
	}
	w.must(w.desk.Assign(t.Context(), id, ana, "ana"))
	if c, _ := w.ticket(id).Clocks.Clock(sla.FirstResponse); c.Policy != "ana's" {
		t.Errorf("once ana has it, the clock runs under %q", c.Policy)
	}
}
