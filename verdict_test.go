package socialcrm_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func deleted(id string, at time.Time) channel.Event {
	return channel.Event{Kind: channel.MessageDeleted, Account: shop, Time: at, Message: channel.Message{ID: id}}
}

func TestDeletedQuestionsWantNoAnswer(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "mia", "p", "p", "Hello?", at(2)), deleted("1", at(5)))
	first := func() sla.Clock { return clockOn(w.only(), sla.FirstResponse, "") }
	if c := first(); c.Verdict != sla.Running || !c.Started.Equal(at(1)) {
		t.Errorf("with one question left: %+v, want it to run on from %s", c, at(1))
	}
	w.ingest(deleted("2", at(6)), deleted("2", at(7)))
	if c := first(); c.Verdict != sla.WithdrawnQuestion || !c.Stopped.Equal(at(6)) {
		t.Errorf("with none left: %+v, want withdrawn at %s", c, at(6))
	}
	w.ingest(said("3", "mia", "p", "p", "Still there?", at(20)))
	if c := first(); c.Verdict != sla.Running || !c.Started.Equal(at(20)) {
		t.Errorf("after another question: %+v, want one that runs from %s", c, at(20))
	}
}

func TestDeletedNoiseLeavesTheQuestionWaiting(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	s := company()
	s.Noise = []socialcrm.Noise{{Name: "thanks", When: rule.Condition{Fact: "text", Word: "thanks"}}}
	w.apply(s)
	w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "mia", "p", "p", "thanks", at(2)), deleted("2", at(5)))
	if c := clockOn(w.only(), sla.FirstResponse, ""); c.Verdict != sla.Running {
		t.Errorf("%+v, want it to run on", c)
	}
}

// refusing lets the page refuse the next post of a reply, and returns the ticket afterwards.
func (w *world) refusing(id ticket.ID, kind remote.Kind) ticket.Ticket {
	w.t.Helper()
	w.platform.Fail(channeltest.OnSend, channeltest.Refuse(kind))
	w.must(w.desk.Reply(w.t.Context(), id, ana, socialcrm.Reply{Text: "Hi Mia"}))
	w.pass(time.Minute)
	w.platform.Mend(channeltest.OnSend)
	return w.ticket(id)
}

func TestForbiddenAnswerWithNoOtherWayEndsTheClocksAndIsRoutedAgain(t *testing.T) {
	t.Parallel()
	for _, kind := range []remote.Kind{remote.PolicyBlocked, remote.WindowClosed} {
		w := newWorld(t)
		s := company()
		s.Lanes[0].When = rule.Condition{Fact: "tags", Equals: rule.Text(socialcrm.CannotReplyTag)}
		w.apply(s)
		id := w.inPrivate("mia", "Hello?").ID
		got := w.refusing(id, kind)
		if c := clockOn(got, sla.FirstResponse, ""); c.Verdict != sla.CannotReply {
			t.Errorf("%s: first response %+v, want cannot reply", kind, c)
		}
		if got.Lane != "billing" || got.Agent != "ben" || got.Status.Done() {
			t.Errorf("%s: lane %s, agent %q, %s; want billing, ben, open", kind, got.Lane, got.Agent, got.Status)
		}
		if c := clockOn(got, sla.Resolution, ""); c.Verdict != sla.Running {
			t.Errorf("%s: resolution %+v, want it to run on", kind, c)
		}
	}
}

func TestForbiddenAnswerInPublicMayBeGivenInPrivate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	got := w.refusing(id, remote.PolicyBlocked)
	if c := clockOn(got, sla.FirstResponse, ""); c.Verdict != sla.Running || len(got.Tags) != 0 {
		t.Errorf("first response %+v, tags %v: there is another way", c, got.Tags)
	}
	if e := w.last(id, ticket.ReplyForbidden); e.New != "an answer in private on fakebook/shop" {
		t.Errorf("the journal names %q", e.New)
	}
}

func TestAnsweredElsewhereEndsWhatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.asked("mia", "Hello?"), w.asked("mia", "Hello!")
	other := w.ticket(second).Conversations[0]
	w.refusedAs(socialcrm.ErrInvalid, func() error {
		_, err := w.desk.AnsweredElsewhere(t.Context(), first, ana, ticket.ConversationKey{}, " ")
		return err
	})
	w.refusedAs(socialcrm.ErrNotFound, func() error {
		_, err := w.desk.AnsweredElsewhere(t.Context(), first, ana, other, "by telephone")
		return err
	})
	w.must(w.desk.Merge(t.Context(), first, ana, second))
	w.must(w.desk.AnsweredElsewhere(t.Context(), first, ana, other, "by telephone"))
	got := w.ticket(first)
	if a, b := clockOn(got, sla.FirstResponse, "").Verdict, clockOn(got, sla.FirstResponse, string(second)).Verdict; a != sla.Running || b != sla.AnsweredElsewhere {
		t.Errorf("verdicts %q and %q, want the other one alone answered elsewhere", a, b)
	}
	w.must(w.desk.AnsweredElsewhere(t.Context(), first, ana, ticket.ConversationKey{}, "by letter"))
	if got := w.ticket(first); clockOn(got, sla.FirstResponse, "").Verdict != sla.AnsweredElsewhere || got.Status != ticket.Open {
		t.Errorf("the ticket is %s with %+v", got.Status, got.Clocks.Clocks)
	}
}

func TestAnsweredElsewhereAnswersAllThatMergedTicketsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.asked("mia", "Hello?"), w.asked("mia", "Hello!")
	w.must(w.desk.Merge(t.Context(), first, ana, second))
	w.must(w.desk.AnsweredElsewhere(t.Context(), first, ana, ticket.ConversationKey{}, "by letter"))
	got := w.ticket(first)
	for _, line := range []string{"", string(second)} {
		if c := clockOn(got, sla.FirstResponse, line); c.Verdict != sla.AnsweredElsewhere {
			t.Errorf("line %q: %+v, want answered elsewhere", line, c)
		}
	}
}

func (w *world) refusedAs(want error, verb func() error) {
	w.t.Helper()
	if err := verb(); !errors.Is(err, want) {
		w.t.Errorf("got %v, want %v", err, want)
	}
}

func TestReapplyBringsAllOpenTicketsUnderThePromisesInForce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := company()
	s.Agents[0].Capacity = 1000
	w.apply(s)
	for i := range 120 {
		w.ingest(said(string(rune('a'+i%26))+string(rune('a'+i/26)), "mia", string(rune(1000+i)), "", "Hello?", w.now))
	}
	before := w.tickets()
	w.now = w.now.Add(time.Minute)
	s.SLA[0].Targets[1].Within = sla.Duration(30 * time.Minute)
	s.SLA[0].Targets[0].Within = sla.Duration(30 * time.Minute)
	w.apply(s)
	w.now = w.now.Add(10 * time.Minute)
	due := func() (n int) {
		q := ticket.TicketQuery{Page: ticket.Page{Limit: 1000}}
		list, err := w.desk.Tickets(t.Context(), q)
		w.ok(err)
		for _, got := range list.Items {
			if c, _ := got.Clocks.Clock(sla.FirstResponse); c.Due.Equal(got.Created.Add(30 * time.Minute)) {
				n++
			}
		}
		return n
	}
	if n := due(); n != 0 || len(before) != 100 {
		t.Fatalf("%d of %d tickets follow before anything happens to them", n, len(before))
	}
	w.ok(w.desk.Reapply(t.Context(), ana))
	w.restart()
	w.pass(time.Second)
	if n := due(); n != 120 {
		t.Errorf("%d tickets are due after half an hour, want 120", n)
	}
	version := w.ticket(before[0].ID).Version
	w.ok(w.desk.Reapply(t.Context(), ana))
	w.pass(time.Second)
	if got := w.ticket(before[0].ID); got.Version != version {
		t.Error("a ticket that is under the promises in force was changed again")
	}
}

func TestADeadlineThatMovesIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	w.must(w.desk.SetStatus(t.Context(), id, ana, ticket.Pending, "which parcel?"))
	w.pass(time.Minute)
	w.must(w.desk.SetStatus(t.Context(), id, ana, ticket.Open, ""))
	w.pass(time.Minute)
	if told := w.told(ticket.ClockMoved); len(told) != 0 {
		t.Errorf("told of %d deadlines when a clock paused and ran on, which its status tells", len(told))
	}
	s := company()
	for i := range s.SLA[0].Targets {
		if m := s.SLA[0].Targets[i].Metric; m == sla.Acknowledgement || m == sla.FirstResponse {
			s.SLA[0].Targets[i].Within = sla.Duration(30 * time.Minute)
		}
	}
	w.apply(s)
	w.ok(w.desk.Reapply(t.Context(), ana))
	w.pass(time.Second)
	told := w.told(ticket.ClockMoved)
	if len(told) != 2 || told[1].New != sla.FirstResponse.String() || told[1].Stand.Verdict != sla.Running || !told[1].Stand.Due.Equal(w.clock(id, sla.FirstResponse).Due) {
		t.Errorf("told %+v, want the new deadlines of acknowledgement and first response, and of no other clock", told)
	}
}

// feed is a list of holidays that may fail.
type feed struct {
	days []sla.Holiday
	err  error
}

func (f *feed) Holidays(context.Context) ([]sla.Holiday, error) { return f.days, f.err }

func TestHolidaysOfAFeedCountFromWhenTheyAreKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.now = friday
	s := company()
	s.Calendars = map[string]sla.Hours{"office": office()}
	s.SLA[0].Calendar = "office"
	f := &feed{}
	w.apply(s)
	w.restartAs(t, socialcrm.Config{Holidays: map[string]socialcrm.HolidaySource{"office": f}})
	w.pass(time.Second)
	_, version := w.desk.Setup()
	id := w.asked("mia", "Hello?")
	monday, tuesday := time.Date(2026, 3, 9, 8, 45, 0, 0, time.UTC), time.Date(2026, 3, 10, 8, 45, 0, 0, time.UTC)
	due := func() time.Time { return clockOn(w.ticket(id), sla.FirstResponse, "").Due.Truncate(5 * time.Minute) }
	if got := due(); !got.Equal(monday) {
		t.Fatalf("due at %s, want %s", got.UTC(), monday)
	}
	f.days = []sla.Holiday{{Name: "Founder's day", Date: sla.Date{Year: 2026, Month: time.March, Day: 9}}}
	w.pass(25 * time.Hour)
	if got := due(); !got.Equal(tuesday) {
		t.Errorf("with Monday off: due at %s, want %s", got.UTC(), tuesday)
	}
	if told := w.told(ticket.ClockMoved); len(told) == 0 || !told[0].Stand.Due.Equal(clockOn(w.ticket(id), sla.FirstResponse, "").Due) {
		t.Errorf("told of %+v, want the new deadline", told)
	}
	setup, now := w.desk.Setup()
	if now != version+1 || len(setup.Calendars["office"].Holidays) != 0 {
		t.Errorf("version %d with %v; want %d, and the Setup as it was applied", now, setup.Calendars["office"].Holidays, version+1)
	}
	f.err = errors.New("the feed is gone")
	w.pass(49 * time.Hour)
	if got := w.told(ticket.HolidaysFailed); len(got) != 1 || !due().Equal(tuesday) {
		t.Errorf("two days without the feed: told %d times, due at %s; want once, and the last good set", len(got), due().UTC())
	}
	w.apply(s) // an Apply keeps what the feed gave
	w.pass(time.Second)
	if got := clockOn(w.ticket(w.asked("noa", "Hello?")), sla.FirstResponse, "").Due; got.Before(tuesday.Add(-time.Hour)) {
		t.Errorf("after an Apply a new question is due at %s", got.UTC())
	}
	f.err = nil
	w.pass(2 * time.Hour)
	if got := w.told(ticket.HolidaysRead); len(got) != 1 {
		t.Errorf("told %d times that it is read again, want once", len(got))
	}
	f.err = errors.New("gone again")
	w.pass(25 * time.Hour)
	if got := w.told(ticket.HolidaysFailed); len(got) != 2 {
		t.Errorf("told %d times that the feed is gone, want twice", len(got))
	}
	if _, last := w.desk.Setup(); last != now+1 { // the Apply
		t.Errorf("version %d, want %d: nothing changed", last, now+1)
	}
}

func TestAFeedForACalendarThatIsNotThereIsRefused(t *testing.T) {
	t.Parallel()
	s := company()
	s.Calendars = map[string]sla.Hours{"office": office()}
	for name, holidays := range map[string]map[string]socialcrm.HolidaySource{
		`socialcrm: holidays of calendar "offcie": the setup has no calendar of this name`: {"office": &feed{}, "offcie": &feed{}},
		`socialcrm: holidays of calendar "office": there is no source`:                     {"office": nil},
	} {
		if _, err := socialcrm.New(socialcrm.Config{Setup: s, Holidays: holidays}); err == nil || !strings.HasPrefix(err.Error(), name) || !errors.Is(err, socialcrm.ErrInvalid) {
			t.Errorf("error %v, want %s", err, name)
		}
	}
	d, err := socialcrm.New(socialcrm.Config{Setup: s, Holidays: map[string]socialcrm.HolidaySource{"office": &feed{}}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `socialcrm: apply: holidays of calendar "office": the setup has no calendar of this name`
	if err := d.Apply(t.Context(), ana, company()); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("without the calendar: error %v, want %s", err, want)
	}
}

func TestFeedThatWouldCloseACalendarForGoodIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := company()
	day := sla.Hours{Zone: "UTC", Openings: []sla.Opening{{Date: sla.Date{Year: 2026, Month: 5, Day: 1}, Open: []sla.Interval{{}}}}}
	s.Calendars = map[string]sla.Hours{"fair": day}
	w.apply(s)
	w.restartAs(t, socialcrm.Config{Holidays: map[string]socialcrm.HolidaySource{"fair": &feed{days: []sla.Holiday{{Date: sla.Date{Year: 2026, Month: 13, Day: 1}}}}}})
	w.pass(time.Second)
	kinds := []ticket.EntryKind{}
	for _, e := range w.journal(ticket.JournalQuery{}) {
		kinds = append(kinds, e.Kind)
	}
	if !slices.Contains(kinds, ticket.HolidaysFailed) {
		t.Errorf("the journal tells %v, want that the holidays make no calendar", kinds)
	}
}

func TestReapplyReachesTicketsThatWaitAndTellsNoCRM(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	w.must(w.desk.SetStatus(t.Context(), id, ana, ticket.OnHold, "the carrier is asked"))
	w.pass(time.Minute)
	s := company()
	for i := range s.SLA[0].Targets {
		s.SLA[0].Targets[i].Within = sla.Duration(30 * time.Minute)
	}
	w.apply(s)
	pushes := w.crm.Calls(crmtest.MethodPush)
	w.ok(w.desk.Reapply(t.Context(), ana))
	w.pass(time.Second)
	if c := w.clock(id, sla.FirstResponse); !c.Due.Equal(c.Started.Add(30 * time.Minute)) {
		t.Errorf("on hold it is due at %s, want half an hour after %s", c.Due, c.Started)
	}
	if n := w.crm.Calls(crmtest.MethodPush) - pushes; n != 0 {
		t.Errorf("the CRM was told %d times of promises, of which it knows nothing", n)
	}
}

func TestHolidaysOfAFeedComeBesideThoseOfTheSetup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.now = friday
	s := company()
	hours := office()
	hours.Holidays = []sla.Holiday{{Name: "Founder's day", Date: sla.Date{Year: 2026, Month: time.March, Day: 9}}}
	s.Calendars = map[string]sla.Hours{"office": hours}
	s.SLA[0].Calendar = "office"
	w.apply(s)
	w.restartAs(t, socialcrm.Config{Holidays: map[string]socialcrm.HolidaySource{"office": &feed{days: []sla.Holiday{{Name: "Snow", Date: sla.Date{Year: 2026, Month: time.March, Day: 10}}}}}})
	w.pass(time.Second)
	due := w.clock(w.asked("mia", "Hello?"), sla.FirstResponse).Due
	if due.Day() != 11 {
		t.Errorf("due at %s, want on Wednesday: Monday and Tuesday are off", due.UTC())
	}
}

func TestAnswerElsewhereComesAfterWhatCameLate(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	id := w.ingest(said("1", "mia", "p", "p", "Hello?", at(1)), posted("3", "p", "1", "Hi Mia", at(10)))[0].Ticket
	w.ingest(said("2", "mia", "p", "p", "And the red one?", at(5)))
	if !w.ticket(id).Late {
		t.Fatal("what came late is not noted")
	}
	w.must(w.desk.AnsweredElsewhere(t.Context(), id, ana, ticket.ConversationKey{}, "by telephone"))
	if w.ticket(id).Late {
		t.Error("it is late though an agent acted")
	}
}

func TestNothingIsTakenBackBeforeItWasSaid(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(said("1", "mia", "p", "p", "Hello?", at(10)), deleted("1", at(5))) // clocks of servers differ
	if c := clockOn(w.only(), sla.FirstResponse, ""); c.Verdict != sla.WithdrawnQuestion || c.Stopped.Before(c.Started) {
		t.Errorf("first response %+v, want withdrawn", c)
	}
}
