package socialcrm_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
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
	if got := w.ticket(id); got.Status != ticket.New {
		t.Errorf("ticket is %s", got.Status)
	}
}
