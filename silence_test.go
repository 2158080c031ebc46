package socialcrm_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/ticket"
)

// newLonely is a world without a CRM, in which nothing is polled, so that weeks pass quickly.
func newLonely(t *testing.T) *world {
	w := newWorld(t)
	w.store = ticket.NewMemory(&ticket.MemoryOptions{Now: func() time.Time { return w.now }})
	w.alone()
	return w
}

// alone throws the Desk away and makes a new one on the same Store.
func (w *world) alone() {
	desk, err := socialcrm.New(socialcrm.Config{Store: w.store, Channels: []channel.Channel{struct{ channel.Channel }{w.page}}, Now: func() time.Time { return w.now }})
	w.ok(err)
	w.desk = desk
}

// live lets weeks pass in which the account is written to at the given hours of working days.
func (w *world) live(weeks int, hours ...int) {
	w.t.Helper()
	end := w.now.AddDate(0, 0, 7*weeks)
	for day := w.now.Truncate(24 * time.Hour); day.Before(end); day = day.AddDate(0, 0, 1) {
		if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
			continue
		}
		for _, hour := range hours {
			if at := day.Add(time.Duration(hour)*time.Hour + 20*time.Minute); at.After(w.now) && at.Before(end) {
				w.pass(at.Sub(w.now))
				w.hear(at)
			}
		}
	}
	w.pass(end.Sub(w.now))
}

func (w *world) hear(at time.Time) {
	w.ingest(channel.Event{Kind: channel.ReactionChanged, Account: shop, Time: at, Message: channel.Message{ID: fmt.Sprint("m", at.Unix())},
		Reaction: channel.Reaction{Name: "like", Author: channel.Author{ID: "mia"}}})
}

func TestSilenceThatIsUnusualRaisesOneAlarm(t *testing.T) {
	t.Parallel()
	w := newLonely(t)
	office := []int{8, 9, 10, 11, 12, 13, 14, 15, 16, 17}
	w.live(4, office...) // Monday 9:01 to Monday 9:01
	if told := w.told(ticket.AccountAlarm); len(told) != 0 {
		t.Fatalf("nights and weekends raised %d alarms: %+v", len(told), told)
	}
	began := w.now
	w.pass(14 * 24 * time.Hour)
	told := w.told(ticket.AccountAlarm)
	if len(told) != 1 || told[0].Old != shop.String() || told[0].New != "silent" {
		t.Fatalf("the journal tells %+v, want one alarm", told)
	}
	if after := told[0].Happened.Sub(began); after < 4*time.Hour || after > 26*time.Hour {
		t.Errorf("the alarm came %s after opening, want about a working day", after)
	}
	w.alone()
	w.hear(w.now)
	w.hear(w.now.Add(time.Second))
	if told := w.told(ticket.AccountRecovered); len(told) != 1 || told[0].New != "heard again" {
		t.Errorf("the journal tells %+v, want that it is heard again", told)
	}
	w.pass(time.Hour)
	if n := len(w.told(ticket.AccountAlarm)); n != 1 {
		t.Errorf("%d alarms, want still one", n)
	}
	w.pass(14 * 24 * time.Hour)
	if n := len(w.told(ticket.AccountAlarm)); n != 2 {
		t.Errorf("%d alarms after it fell silent once more, want two", n)
	}
}

func TestNoAlarmWithoutKnowledgeNorForTheSeldomHeard(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		weeks   int
		hours   []int
		silence time.Duration
	}{
		{"known for a week", 1, []int{9, 10, 11, 12, 13, 14, 15, 16}, 30 * 24 * time.Hour},
		{"heard once a day, for a weekend and a day", 6, []int{10}, 4 * 24 * time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newLonely(t)
			w.live(tt.weeks, tt.hours...)
			w.pass(tt.silence)
			if told := w.told(ticket.AccountAlarm); len(told) != 0 {
				t.Errorf("the journal tells %+v", told)
			}
		})
	}
}

func TestSilenceHasTheSubscriptionChecked(t *testing.T) {
	t.Parallel()
	w := newLonely(t)
	w.ok(w.desk.AddChannel(t.Context(), struct {
		channel.Channel
		channel.Subscriber
	}{w.page, w.page}))
	w.live(4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
	for len(w.told(ticket.AccountAlarm)) == 0 {
		before := w.platform.Calls(channeltest.OnSubscribe)
		w.pass(30 * time.Minute)
		if len(w.told(ticket.AccountAlarm)) > 0 && w.platform.Calls(channeltest.OnSubscribe) == before {
			t.Error("nobody looked whether the subscription is lost")
		}
	}
}

func TestTheAlarmComesWhenTheSilenceIsTooUnlikely(t *testing.T) {
	t.Parallel()
	w := newLonely(t)
	begin := w.now.Truncate(time.Hour)
	heard, one := begin, w.desk
	w.alone()
	other := w.desk
	for ; heard.Before(begin.AddDate(0, 0, 28)); heard = heard.Add(time.Hour) {
		w.pass(heard.Add(10 * time.Minute).Sub(w.now))
		w.desk = one
		w.hear(w.now)
		w.desk = other // another process, in the same hour
		w.hear(w.now.Add(time.Second))
	}
	w.pass(72 * time.Hour)
	// Each hour of the week was heard in 4 weeks of 4, so that it is quiet with a chance of 1 - 4/6: nine whole hours on end are less than one in ten thousand.
	if told := w.told(ticket.AccountAlarm); len(told) != 1 || !told[0].Happened.Equal(heard.Add(9*time.Hour)) {
		t.Errorf("the journal tells %+v, want one alarm at %s", told, heard.Add(9*time.Hour))
	}
}

const week = 7 * 24 * time.Hour

func TestAnAccountThatBecameQuietIsKnownAsAQuietOneInTime(t *testing.T) {
	t.Parallel()
	w := newLonely(t)
	w.live(9, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
	weekly := func(weeks int) {
		for range weeks {
			w.hear(w.now)
			w.pass(week)
		}
	}
	weekly(20)
	before := len(w.told(ticket.AccountAlarm))
	weekly(4)
	if n := len(w.told(ticket.AccountAlarm)); before == 0 || n != before {
		t.Errorf("%d alarms, and %d in the month after: want some while it became quiet, and no more", before, n-before)
	}
}

func TestWhatIsToldAgainIsNoSignOfLife(t *testing.T) {
	t.Parallel()
	w := newLonely(t)
	w.live(4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
	again := said("again", "mia", "p", "p", "Hello?", w.now)
	for range 48 {
		w.ingest(again)
		w.pass(time.Hour)
	}
	if n := len(w.told(ticket.AccountAlarm)); n != 1 {
		t.Errorf("%d alarms, want one: what came was here before", n)
	}
}
