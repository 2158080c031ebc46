package socialcrm_test

import (
	"slices"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestWhoseRepliesAnotherMustApprove(t *testing.T) {
	t.Parallel()
	host := socialcrm.By{Actor: ticket.Actor{Kind: ticket.ByHost}}
	for _, test := range []struct {
		name     string
		by       socialcrm.By
		lane     bool
		company  bool
		approval bool
	}{
		{"a trainee", by("tom"), false, false, true},
		{"an agent", by("ana"), false, false, false},
		{"somebody unknown", by("zoe"), false, false, false},
		{"an agent in a lane that asks for it", by("ana"), true, false, true},
		{"an agent in a crisis", by("ana"), false, true, true},
		{"somebody unknown in a crisis", by("zoe"), false, true, true},
		{"a lead in a crisis", by("lea"), true, true, false},
		{"the host in a crisis", host, true, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := staffed(t, func(s *socialcrm.Setup) { s.Lanes[1].Approval, s.Approval = test.lane, test.company })
			id := w.asked("mia", "Hello?")
			r := w.must(w.desk.Reply(t.Context(), id, test.by, socialcrm.Reply{Text: "Hi Mia"}))
			w.pass(time.Minute)
			if sent := slices.Contains(w.platform.Replies(), "Hi Mia"); sent == test.approval || (r.Draft != "") != test.approval {
				t.Errorf("sent %t, draft %q; want approval %t", sent, r.Draft, test.approval)
			}
		})
	}
}

func TestADraftGoesOutOnceAnotherApproves(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	id := w.asked("mia", "Hello?")
	answered := w.ticket(id).Answered
	draft := w.must(w.desk.Reply(ctx, id, by("tom"), socialcrm.Reply{Text: "Hi Mai", Then: ticket.Pending})).Draft
	w.pass(time.Minute)
	if got := w.ticket(id); !got.Answered.Equal(answered) || len(w.platform.Replies()) != 0 {
		t.Error("a draft counts as an answer")
	}
	if n := len(w.crm.Interactions(w.crm.Cases()[0].Key)); n != 1 {
		t.Errorf("the CRM has %d interactions, want the question only", n)
	}
	_, err := w.desk.Approve(ctx, id, by("tom"), draft, "")
	w.refused(socialcrm.ErrForbidden, socialcrm.Receipt{}, err)
	key := ana
	key.Key = "approve"
	first := w.must(w.desk.Approve(ctx, id, key, draft, "Hi Mia"))
	again := w.must(w.desk.Approve(ctx, id, key, draft, "Hi Mia"))
	if len(first.Messages) != 1 || first.Version != again.Version {
		t.Errorf("receipts %+v and %+v", first, again)
	}
	_, err = w.desk.Approve(ctx, id, by("lea"), draft, "")
	w.refused(socialcrm.ErrConflict, socialcrm.Receipt{}, err)
	w.pass(time.Minute)
	if got := w.platform.Replies(); len(got) != 1 || got[0] != "Hi Mia" {
		t.Errorf("mia got %q", got)
	}
	if got := w.ticket(id); got.Status != ticket.Pending {
		t.Errorf("it is %s, want pending", got.Status)
	}
	if e := w.last(id, ticket.DraftApproved); e.Actor != ana.Actor || e.New != "edited" {
		t.Errorf("the journal says %+v", e)
	}
	if e := w.last(id, ticket.ReplySent); e.Actor.ID != "tom" {
		t.Errorf("the answer is by %+v, want tom", e.Actor)
	}
}

func TestInACrisisOnlyALeadApproves(t *testing.T) {
	t.Parallel()
	w := staffed(t, func(s *socialcrm.Setup) { s.Approval = true })
	id := w.asked("mia", "Hello?")
	draft := w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi Mia"})).Draft
	_, err := w.desk.Approve(t.Context(), id, by("ben"), draft, "")
	w.refused(socialcrm.ErrForbidden, socialcrm.Receipt{}, err)
	_, err = w.desk.Reject(t.Context(), id, by("ben"), draft, "no")
	w.refused(socialcrm.ErrForbidden, socialcrm.Receipt{}, err)
	w.must(w.desk.Approve(t.Context(), id, by("lea"), draft, ""))
	draft = w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "And sorry"})).Draft
	w.apply(company()) // the crisis is over, but nobody approves what they wrote
	_, err = w.desk.Approve(t.Context(), id, ana, draft, "")
	w.refused(socialcrm.ErrForbidden, socialcrm.Receipt{}, err)
	w.must(w.desk.Approve(t.Context(), id, by("ben"), draft, ""))
}

func TestARejectedDraftNeverGoesOut(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	id := w.asked("mia", "Hello?")
	draft := w.must(w.desk.Reply(ctx, id, by("tom"), socialcrm.Reply{Text: "Go away"})).Draft
	_, err := w.desk.Reject(ctx, id, ana, draft, "")
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	w.must(w.desk.Reject(ctx, id, ana, draft, "be kind"))
	_, err = w.desk.Approve(ctx, id, by("lea"), draft, "")
	w.refused(socialcrm.ErrConflict, socialcrm.Receipt{}, err)
	if e := w.last(id, ticket.DraftRejected); e.Reason != "be kind" || e.Message != draft {
		t.Errorf("the journal says %+v", e)
	}
	own := w.must(w.desk.Reply(ctx, id, by("tom"), socialcrm.Reply{Text: "Oh"})).Draft
	w.must(w.desk.Reject(ctx, id, by("tom"), own, "thought better of it"))
	w.pass(time.Hour)
	if got := w.platform.Replies(); len(got) != 0 {
		t.Errorf("mia got %q", got)
	}
}

func TestATraineesAnswerInPrivateIsADraftToo(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	id := w.asked("mia", "Hello?")
	draft := w.must(w.desk.MovePrivate(t.Context(), id, by("tom"), socialcrm.Reply{Text: "Let us talk here"})).Draft
	w.pass(time.Minute)
	if n := w.platform.Calls(channeltest.OnReplyPrivately); n != 0 {
		t.Fatal("it went out unapproved")
	}
	w.restartAs(t, socialcrm.Config{})
	w.must(w.desk.Approve(t.Context(), id, ana, draft, ""))
	w.pass(time.Minute)
	if n := w.platform.Calls(channeltest.OnReplyPrivately); n != 1 {
		t.Errorf("%d answers in private, want 1", n)
	}
}

func TestRepliesAreSignedByTheLanesRule(t *testing.T) {
	t.Parallel()
	w := staffed(t, func(s *socialcrm.Setup) {
		s.Lanes[1].Sign = true
		s.Agents[0].FirstName = "Anabel"
		s.Agents[3].Role = routing.RoleAgent
	})
	ctx := t.Context()
	id := w.asked("mia", "Hello?")
	w.must(w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "Hi"}))
	w.must(w.desk.Reply(ctx, id, by("tom"), socialcrm.Reply{Text: "Hi too", Signature: "T"}))
	w.must(w.desk.Reply(ctx, id, by("ben"), socialcrm.Reply{Text: "Hi three"}))
	w.must(w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "We are open until 8", Automated: true}))
	other := w.asked("noa", "my invoice")
	w.must(w.desk.Reply(ctx, other, ana, socialcrm.Reply{Text: "Hello"}))
	w.pass(time.Minute)
	want := []string{"Hi ^Anabel", "Hi too ^T", "Hi three ^ben", "We are open until 8", "Hello"}
	if got := w.platform.Replies(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestADraftIsDecidedInItsOwnTicket(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	id, other := w.asked("mia", "Hello?"), w.asked("noa", "Hello too?")
	draft := w.must(w.desk.Reply(t.Context(), id, by("tom"), socialcrm.Reply{Text: "Hi Mia"})).Draft
	_, err := w.desk.Approve(t.Context(), other, ana, draft, "")
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, err)
	_, err = w.desk.Reject(t.Context(), other, ana, draft, "too short")
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, err)
	w.pass(time.Minute)
	if got := w.platform.Replies(); len(got) != 0 {
		t.Errorf("went out: %q", got)
	}
}
