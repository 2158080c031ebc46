package socialcrm_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// restartAs makes the Desk anew on the same Store, with a Config of the test's own.
func (w *world) restartAs(t *testing.T, c socialcrm.Config) {
	t.Helper()
	c.Store, c.Now = w.store, func() time.Time { return w.now }
	c.Channels = append(c.Channels, channel.Channel(w.page))
	desk, err := socialcrm.New(c)
	if err != nil {
		t.Fatal(err)
	}
	w.desk = desk
}

func TestTheHostsOwnCheckIsAskedForEveryVerb(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	id := w.asked("mia", "Hello?")
	var asked []socialcrm.Verb
	no := errors.New("not on Sundays")
	w.restartAs(t, socialcrm.Config{LinkKey: []byte("sixteen bytes or more"), Authorize: func(_ context.Context, r socialcrm.Request) error {
		asked = append(asked, r.Verb)
		switch r.Verb {
		case socialcrm.VerbSetPresence, socialcrm.VerbResume, socialcrm.VerbApply:
			if r.Ticket.ID != "" {
				t.Errorf("%s is about ticket %s", r.Verb, r.Ticket.ID)
			}
		default:
			if r.Ticket.ID != id || r.Ticket.Lane != "care" {
				t.Errorf("%s is about %+v", r.Verb, r.Ticket)
			}
		}
		if r.Actor != ana.Actor {
			t.Errorf("%s is by %+v", r.Verb, r.Actor)
		}
		return no
	}})
	d, ctx := w.desk, t.Context()
	before := w.ticket(id).Version
	verbs := []struct {
		verb socialcrm.Verb
		call func() error
	}{
		{socialcrm.VerbReply, errOf(func() (socialcrm.Receipt, error) { return d.Reply(ctx, id, ana, socialcrm.Reply{Text: "Hi"}) })},
		{socialcrm.VerbNote, errOf(func() (socialcrm.Receipt, error) { return d.Note(ctx, id, ana, "x") })},
		{socialcrm.VerbAssign, errOf(func() (socialcrm.Receipt, error) { return d.Assign(ctx, id, ana, "") })},
		{socialcrm.VerbResolve, errOf(func() (socialcrm.Receipt, error) { return d.Resolve(ctx, id, ana, "") })},
		{socialcrm.VerbReopen, errOf(func() (socialcrm.Receipt, error) { return d.Reopen(ctx, id, ana, "") })},
		{socialcrm.VerbMerge, errOf(func() (socialcrm.Receipt, error) { return d.Merge(ctx, id, ana, "other") })},
		{socialcrm.VerbUnmerge, errOf(func() (socialcrm.Receipt, error) { return d.Unmerge(ctx, id, ana, "other") })},
		{socialcrm.VerbTransfer, errOf(func() (socialcrm.Receipt, error) {
			return d.Transfer(ctx, id, ana, socialcrm.Transfer{Lane: "billing", Reason: "x"})
		})},
		{socialcrm.VerbEscalate, errOf(func() (socialcrm.Receipt, error) { return d.Escalate(ctx, id, ana, "x") })},
		{socialcrm.VerbTakeOver, errOf(func() (socialcrm.Receipt, error) { return d.TakeOver(ctx, id, ana, "x") })},
		{socialcrm.VerbConsult, errOf(func() (socialcrm.Receipt, error) { return d.Consult(ctx, id, ana, socialcrm.Consult{}) })},
		{socialcrm.VerbAnswer, errOf(func() (socialcrm.Receipt, error) { return d.Answer(ctx, id, ana, "q", "a") })},
		{socialcrm.VerbMovePrivate, errOf(func() (socialcrm.Receipt, error) { return d.MovePrivate(ctx, id, ana, socialcrm.Reply{Text: "Hi"}) })},
		{socialcrm.VerbLink, func() error { _, err := d.Link(ctx, id, ana, time.Hour); return err }},
		{socialcrm.VerbModerate, errOf(func() (socialcrm.Receipt, error) { return d.Hide(ctx, id, ana, "", "x") })},
		{socialcrm.VerbSpam, errOf(func() (socialcrm.Receipt, error) { return d.Spam(ctx, id, ana) })},
		{socialcrm.VerbBlock, errOf(func() (socialcrm.Receipt, error) { return d.Block(ctx, id, ana, "x") })},
		{socialcrm.VerbUnblock, errOf(func() (socialcrm.Receipt, error) { return d.Unblock(ctx, id, ana, "x") })},
		{socialcrm.VerbSetPriority, errOf(func() (socialcrm.Receipt, error) { return d.SetPriority(ctx, id, ana, ticket.High) })},
		{socialcrm.VerbTag, errOf(func() (socialcrm.Receipt, error) { return d.Tag(ctx, id, ana, "x") })},
		{socialcrm.VerbUntag, errOf(func() (socialcrm.Receipt, error) { return d.Untag(ctx, id, ana, "x") })},
		{socialcrm.VerbCloseWithout, errOf(func() (socialcrm.Receipt, error) { return d.CloseWithoutReply(ctx, id, ana, "x") })},
		{socialcrm.VerbClose, errOf(func() (socialcrm.Receipt, error) { return d.Close(ctx, id, ana) })},
		{socialcrm.VerbApprove, errOf(func() (socialcrm.Receipt, error) { return d.Approve(ctx, id, ana, "x", "") })},
		{socialcrm.VerbReject, errOf(func() (socialcrm.Receipt, error) { return d.Reject(ctx, id, ana, "x", "y") })},
		{socialcrm.VerbClaim, errOf(func() (socialcrm.Receipt, error) { return d.Claim(ctx, id, ana, 0) })},
		{socialcrm.VerbUnclaim, errOf(func() (socialcrm.Receipt, error) { return d.Unclaim(ctx, id, ana) })},
		{socialcrm.VerbSetPresence, func() error { return d.SetPresence(ctx, ana, "ana", ticket.Away) }},
		{socialcrm.VerbResume, func() error { return d.Resume(ctx, ana, shop) }},
		{socialcrm.VerbApply, func() error { return d.Apply(ctx, ana, company()) }},
	}
	var want []socialcrm.Verb
	for _, v := range verbs {
		want = append(want, v.verb)
		if err := v.call(); !errors.Is(err, socialcrm.ErrForbidden) || !errors.Is(err, no) {
			t.Errorf("%s: %v, want ErrForbidden and the host's own error", v.verb, err)
		}
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("the host was asked (-want +got):\n%s", diff)
	}
	if got := w.ticket(id).Version; got != before {
		t.Errorf("the ticket changed from version %d to %d", before, got)
	}
}

func TestDeskFileNamesRolesTiersApprovalAndSignature(t *testing.T) {
	t.Parallel()
	setup, err := socialcrm.ParseSetup([]byte(`{
  "lanes": [
    {"name": "care", "team": "care", "escalation": "leads", "sign": true, "approval": true},
    {"name": "leads", "team": "care", "by_hand": true}
  ],
  "teams": [{"name": "care"}],
  "agents": [{"name": "tim", "teams": ["care"], "role": "trainee", "until": "2026-12-24T18:00:00Z"}],
  "approval": true
}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := setup.Check(nil); err != nil {
		t.Fatal(err)
	}
	lane, tim := setup.Lanes[0], setup.Agents[0]
	if lane.Escalation != "leads" || !lane.Sign || !lane.Approval || !setup.Lanes[1].ByHand || !setup.Approval || tim.Role != routing.RoleTrainee || tim.Until.Year() != 2026 {
		t.Errorf("read %+v", setup)
	}
	setup.Lanes[0].Escalation = "nowhere"
	if err := setup.Check(nil); err == nil {
		t.Error("an escalation to nowhere passes")
	}
}

func errOf(verb func() (socialcrm.Receipt, error)) func() error {
	return func() error {
		_, err := verb()
		return err
	}
}

func TestTheHostsCheckHoldsForTheTicketAsItIs(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	id := w.asked("mia", "Hello?")
	quiet := w.desk // another process, which is not asked
	asked := 0
	w.restartAs(t, socialcrm.Config{Authorize: func(ctx context.Context, r socialcrm.Request) error {
		asked++
		if asked == 1 { // the ticket changes between the answer and the act
			w.must(quiet.Tag(ctx, id, ana, "vip"))
		}
		if len(r.Ticket.Tags) > 0 {
			return errors.New("vips are not for everybody")
		}
		return nil
	}})
	_, err := w.desk.Note(t.Context(), id, ana, "x")
	w.refused(socialcrm.ErrForbidden, socialcrm.Receipt{}, err)
	if asked != 2 {
		t.Errorf("asked %d times, want again once the ticket had changed", asked)
	}
	_, err = w.desk.Note(t.Context(), "no such ticket", ana, "x")
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, err)
}

func TestAccessEndsWithItsDate(t *testing.T) {
	t.Parallel()
	w := staffed(t, func(s *socialcrm.Setup) {
		s.Agents = append(s.Agents, routing.Agent{Name: "tim", Teams: []string{"care"}, Capacity: 3, AlwaysOn: true, Until: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)})
	})
	ctx := t.Context()
	id := w.asked("mia", "Hello?")
	w.must(w.desk.Assign(ctx, id, by("tim"), "tim"))
	w.must(w.desk.Note(ctx, id, by("tim"), "mine"))
	for w.now.Before(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)) {
		w.pass(30 * time.Minute)
	}
	_, err := w.desk.Note(ctx, id, by("tim"), "still mine")
	w.refused(socialcrm.ErrForbidden, socialcrm.Receipt{}, err)
	w.refused(socialcrm.ErrForbidden, socialcrm.Receipt{}, w.desk.SetPresence(ctx, by("lea"), "tim", ticket.Available))
	w.refused(socialcrm.ErrForbidden, socialcrm.Receipt{}, w.desk.Apply(ctx, by("tim"), company()))
	if got := w.ticket(id); got.Agent != "ana" {
		t.Errorf("tim's ticket is with %q, want ana", got.Agent)
	}
	w.asked("noa", "Hello?")
	w.asked("oli", "Hello?")
	if _, load, _ := capacity(w, "tim"); load != 0 {
		t.Errorf("tim holds %d after his last day", load)
	}
	if e := w.last(id, ticket.TicketAssigned); e.Old != "" || e.New != "ana" {
		t.Errorf("the journal says %+v", e)
	}
}

func TestTheHostIsAskedAboutTheTicketThatAMergedOneIsPartOf(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	id, part := w.asked("mia", "Hello?"), w.asked("noa", "Hello?")
	w.must(w.desk.Merge(t.Context(), id, ana, part))
	w.restartAs(t, socialcrm.Config{Authorize: func(_ context.Context, r socialcrm.Request) error {
		if r.Ticket.ID != id {
			t.Errorf("asked about %s, want %s", r.Ticket.ID, id)
		}
		return nil
	}})
	w.must(w.desk.Note(t.Context(), part, ana, "x"))
}

func TestWhoLeavesKeepsNothingThatIsOnHold(t *testing.T) {
	t.Parallel()
	w := staffed(t, func(s *socialcrm.Setup) {
		s.Agents = append(s.Agents, routing.Agent{Name: "tim", Teams: []string{"care"}, Capacity: 3, AlwaysOn: true, Until: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)})
	})
	id := w.asked("mia", "Hello?")
	w.must(w.desk.Assign(t.Context(), id, ana, ""))
	w.must(w.desk.Assign(t.Context(), id, ana, "tim"))
	w.must(w.desk.SetStatus(t.Context(), id, ana, ticket.OnHold, ""))
	w.pass(4 * time.Hour)
	if got := w.ticket(id); got.Agent == "tim" {
		t.Errorf("it is %s, and tim's, whose access has ended", got.Status)
	}
}
