package socialcrm_test

import (
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

func (w *world) post(id string) channeltest.Post {
	w.t.Helper()
	for _, p := range w.platform.Posts() {
		if p.ID == id {
			return p
		}
	}
	w.t.Fatalf("the platform has no post %s", id)
	return channeltest.Post{}
}

func TestHideUnhideAndLikeSayWhoAndWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	m := w.platform.Customer("mia").Post(w.page, "Idiots!")
	w.pass(time.Minute)
	id := w.only().ID
	w.must(w.desk.Hide(ctx, id, ana, "", "insult"))
	w.must(w.desk.Like(ctx, id, ana, ""))
	w.pass(time.Minute)
	if p := w.post(m.ID); !p.Hidden || !p.Liked {
		t.Errorf("hidden %t, liked %t; want both", p.Hidden, p.Liked)
	}
	if e := w.last(id, ticket.ModerationQueued); e.New != "like" {
		t.Errorf("the journal says %+v", e)
	}
	w.must(w.desk.Unhide(ctx, id, ana, "", "she is right"))
	w.pass(time.Minute)
	if p := w.post(m.ID); p.Hidden || !p.Liked {
		t.Errorf("hidden %t, liked %t; want liked only", p.Hidden, p.Liked)
	}
	if e := w.last(id, ticket.MessageModerated); e.New != "unhide" || e.Reason != "she is right" || e.Actor != ana.Actor {
		t.Errorf("the journal says %+v", e)
	}
	_, err := w.desk.Hide(ctx, id, ana, "", "")
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	_, err = w.desk.Hide(ctx, id, ana, "no such message", "insult")
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, err)
	_, err = w.desk.Moderate(ctx, id, ana, socialcrm.Moderation{Action: "burn", Reason: "x"})
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
}

func TestOfHideAndUnhideTheLaterHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.platform.Customer("mia").Post(w.page, "Idiots!")
	w.pass(time.Minute)
	id := w.only().ID
	w.platform.Break(channeltest.OnModerate, channeltest.Refuse(remote.Unavailable))
	w.must(w.desk.Hide(t.Context(), id, ana, "", "insult"))
	w.pass(time.Minute)
	w.must(w.desk.Unhide(t.Context(), id, ana, "", "a joke"))
	w.platform.Mend(channeltest.OnModerate)
	w.pass(time.Hour)
	if w.post(m.ID).Hidden || w.last(id, ticket.MessageModerated).New != "unhide" || countKind(w.kinds(id), ticket.MessageModerated) != 1 {
		t.Error("the order that was withdrawn was carried out")
	}
}

func TestModerationIsRepeatedUntilItIsKnownAndEndsWhereTheAgentCanAct(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault channeltest.Fault
		want  ticket.EntryKind
		calls int
	}{
		"lost answer":  {channeltest.LoseAnswer, ticket.MessageModerated, 2},
		"lost request": {channeltest.LoseRequest, ticket.MessageModerated, 2},
		"throttled":    {channeltest.Throttle(remote.LevelAccount, 10*time.Minute), ticket.MessageModerated, 2},
		"duplicate":    {channeltest.Refuse(remote.Duplicate), ticket.MessageModerated, 1},
		"refused":      {channeltest.Refuse(remote.Rejected), ticket.ModerationFailed, 1},
		"gone":         {channeltest.Refuse(remote.NotFound), ticket.ModerationFailed, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.asked("mia", "Idiots!")
			w.platform.Fail(channeltest.OnModerate, test.fault)
			w.must(w.desk.Hide(t.Context(), id, ana, "", "insult"))
			if _, err := w.desk.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.restart()
			w.pass(time.Hour)
			if e := w.last(id, test.want); e.Actor != ana.Actor || e.Reason == "" {
				t.Errorf("the journal says %+v", e)
			}
			if n := w.platform.Calls(channeltest.OnModerate); n != test.calls {
				t.Errorf("%d calls, want %d", n, test.calls)
			}
		})
	}
}

func TestOnlyWhatTheChannelCanIsOrdered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Idiots!")
	w.desk.RemoveChannel(shop)
	if err := w.desk.AddChannel(t.Context(), channel.Channel(w.page.Only(channeltest.Finds))); err != nil {
		t.Fatal(err)
	}
	_, err := w.desk.Hide(t.Context(), id, ana, "", "insult")
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
}

func TestOfLikeAndUnlikeTheLaterHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.platform.Customer("mia").Post(w.page, "Lovely!")
	w.pass(time.Minute)
	id := w.only().ID
	w.must(w.desk.Like(t.Context(), id, ana, ""))
	w.must(w.desk.Moderate(t.Context(), id, ana, socialcrm.Moderation{Action: channel.Unlike}))
	w.pass(time.Minute)
	if w.post(m.ID).Liked || countKind(w.kinds(id), ticket.MessageModerated) != 1 {
		t.Error("the order that was withdrawn was carried out")
	}
}

func TestOnlyWhatCustomersWroteIsModerated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	own := w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi Mia"})).Messages[0]
	w.pass(time.Minute)
	_, err := w.desk.Hide(t.Context(), id, ana, own, "a mistake")
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, err)
}

func TestAMessageIsModeratedInItsOwnTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, other := w.asked("mia", "Hello?"), w.asked("noa", "And mine?")
	_, err := w.desk.Hide(t.Context(), id, ana, w.newest(other).Key, "insult")
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, err)
	if told := w.told(ticket.ModerationQueued); len(told) > 0 {
		t.Errorf("the journal tells %+v", told)
	}
}

// shy is a channel that moderates nothing but likes.
type shy struct{ *channeltest.FakeChannel }

func (shy) CanModerate(a channel.ModerateAction) bool { return a == channel.Like }

func TestAnActionThatThePlatformDoesNotKnowIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Idiots!")
	w.desk.RemoveChannel(shop)
	w.ok(w.desk.AddChannel(t.Context(), shy{w.page}))
	_, err := w.desk.Hide(t.Context(), id, ana, "", "insult")
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	w.must(w.desk.Like(t.Context(), id, ana, ""))
}

func TestAThrottledModerationHoldsUpTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Idiots!")
	w.platform.Fail(channeltest.OnModerate, channeltest.Throttle(remote.LevelAccount, time.Hour))
	w.must(w.desk.Hide(t.Context(), id, ana, "", "insult"))
	w.pass(time.Minute)
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Please."}))
	w.pass(30 * time.Minute)
	if n := w.platform.Calls(channeltest.OnSend); n != 0 {
		t.Errorf("%d sends while the account is throttled, want none", n)
	}
	w.pass(time.Hour)
	if n := w.platform.Calls(channeltest.OnSend); n != 1 {
		t.Errorf("%d sends afterwards, want 1", n)
	}
}
