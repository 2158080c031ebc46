package socialcrm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

var (
	english = socialcrm.OffHoursText{Automated: "This is an automated message.", Back: "We are back on {weekday} at {time}.", Emergency: "In an emergency call 112."}
	german  = socialcrm.OffHoursText{Language: "de", Automated: "Diese Nachricht ist automatisch.", Back: "Wir sind am {weekday}, {date}, um {time} zurück.", Emergency: "Im Notfall: 112.",
		Weekdays: []string{"Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"}, Dates: "2.1."}
)

// atNight is a world whose care lane is open from nine to five on working days, on a Friday evening.
func atNight(t *testing.T, platform channeltest.Options, change func(*socialcrm.OffHours)) *world {
	w := newWorldOn(t, platform)
	w.now = time.Date(2026, 3, 6, 20, 0, 0, 0, time.UTC) // a Friday
	setup := company()
	setup.Calendars = map[string]sla.Hours{"office": {Zone: "Europe/Berlin", Week: sla.Weekdays(sla.Interval{From: 9 * time.Hour, To: 17 * time.Hour})}}
	setup.Lanes[1].Calendar = "office"
	setup.OffHours = &socialcrm.OffHours{Texts: []socialcrm.OffHoursText{german, english}}
	if change != nil {
		change(setup.OffHours)
	}
	if err := w.desk.Apply(t.Context(), ana, setup); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestAnOpeningThatIsAWeekOffIsNamedByItsDate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ closed, want string }{
		{"2026-03-08", "We are back on Monday at 09:00."},
		{"2026-03-11", "We are back on Thursday at 09:00."},
		{"2026-03-12", "We are back on Friday, 2026-03-13 at 09:00."}, // a Friday on which it is written is this one
		{"2026-03-13", "We are back on Monday, 2026-03-16 at 09:00."},
	} {
		w := atNight(t, channeltest.Options{}, nil)
		setup, _ := w.desk.Setup()
		hours := setup.Calendars["office"]
		for day := time.Date(2026, 3, 7, 0, 0, 0, 0, time.UTC); day.Format(time.DateOnly) <= tt.closed; day = day.AddDate(0, 0, 1) {
			hours.Holidays = append(hours.Holidays, sla.Holiday{Name: "Works", Date: sla.Date{Year: day.Year(), Month: day.Month(), Day: day.Day()}})
		}
		setup.Calendars["office"] = hours
		w.apply(setup)
		w.platform.Customer("mia").Write(w.page, "My bag is gone")
		w.pass(time.Minute)
		want := []string{"This is an automated message. " + tt.want + " In an emergency call 112."}
		if diff := cmp.Diff(want, w.platform.Replies()); diff != "" {
			t.Errorf("closed until %s (-want +got):\n%s", tt.closed, diff)
		}
	}
}

const inEnglish = "This is an automated message. We are back on Monday at 09:00. In an emergency call 112."

func TestWhoWritesAtNightIsToldOnceWhenSomebodyWillBeThere(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		platform channeltest.Options
		change   func(*socialcrm.OffHours)
		happens  func(w *world)
		want     []string
	}{
		{name: "in private", happens: func(w *world) { w.platform.Customer("mia").Write(w.page, "My bag is gone") }, want: []string{inEnglish}},
		{name: "in public", happens: func(w *world) { w.platform.Customer("mia").Post(w.page, "My bag is gone") }, want: []string{inEnglish}},
		{name: "in the message's language", happens: func(w *world) {
			w.platform.Customer("mia").Send(w.page, channel.Message{Text: "Mein Koffer ist weg", Language: "de-AT"})
		}, want: []string{"Diese Nachricht ist automatisch. Wir sind am Montag, 9.3., um 09:00 zurück. Im Notfall: 112."}},
		{name: "in the author's language", happens: func(w *world) {
			w.platform.Customer("mia").Describe(channel.Author{Language: "de"}).Write(w.page, "?")
		}, want: []string{"Diese Nachricht ist automatisch. Wir sind am Montag, 9.3., um 09:00 zurück. Im Notfall: 112."}},
		{name: "not in a language that has no text", change: func(o *socialcrm.OffHours) { o.Texts = o.Texts[:1] },
			happens: func(w *world) {
				w.platform.Customer("mia").Send(w.page, channel.Message{Text: "den", Language: "den"}) // Slavey, no German
			}},
		{name: "not where there is no text for the platform", change: func(o *socialcrm.OffHours) { o.Texts[0].Platform, o.Texts[1].Platform = "x", "x" },
			happens: func(w *world) { w.platform.Customer("mia").Write(w.page, "My bag is gone") }},
		{name: "once, however much is written", happens: func(w *world) {
			mia := w.platform.Customer("mia")
			mia.Write(w.page, "My bag is gone")
			w.pass(time.Hour)
			mia.Write(w.page, "Hello?")
			mia.Post(w.page, "Nobody answers!")
		}, want: []string{inEnglish}},
		{name: "again when the time has passed", change: func(o *socialcrm.OffHours) { o.Again = sla.Duration(2 * time.Hour) }, happens: func(w *world) {
			w.platform.Customer("mia").Write(w.page, "My bag is gone")
			w.pass(2 * time.Hour)
			w.platform.Customer("mia").Write(w.page, "Hello?")
		}, want: []string{inEnglish, inEnglish}},
		{name: "each person", happens: func(w *world) {
			w.platform.Customer("mia").Write(w.page, "My bag is gone")
			w.platform.Customer("tom").Write(w.page, "Mine too")
		}, want: []string{inEnglish, inEnglish}},
		{name: "not while somebody is there", happens: func(w *world) {
			w.pass(60*time.Hour + time.Second) // Monday, nine o'clock in Berlin
			w.platform.Customer("mia").Write(w.page, "My bag is gone")
		}},
		{name: "not in a lane that never closes", happens: func(w *world) { w.platform.Customer("mia").Write(w.page, "My invoice is wrong") }},
		{name: "but there by a calendar of its own", change: func(o *socialcrm.OffHours) { o.Calendar = "office" },
			happens: func(w *world) { w.platform.Customer("mia").Write(w.page, "My invoice is wrong") }, want: []string{inEnglish}},
		{name: "never to a bot", happens: func(w *world) {
			w.platform.Customer("weatherbot").Describe(channel.Author{Bot: true}).Write(w.page, "It rains")
		}},
		{name: "never in answer to an automated message", happens: func(w *world) {
			w.platform.Customer("mia").Send(w.page, channel.Message{Text: "I am on holiday", Automated: true, Visibility: channel.Private})
		}},
		{name: "never to another account of ours", happens: func(w *world) {
			outlet := w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "outlet"}})
			w.ok(w.desk.AddChannel(w.t.Context(), outlet))
			w.platform.Customer("outlet").Write(w.page, "We are back on Monday")
		}},
		{name: "never where the platform forbids it", platform: channeltest.Options{Private: channel.Traits{NoAutomation: true}},
			happens: func(w *world) { w.platform.Customer("mia").Write(w.page, "My bag is gone") }},
		{name: "only where the host wants it", change: func(o *socialcrm.OffHours) {
			o.When = rule.Condition{Fact: "visibility", Equals: rule.Text("private")}
		}, happens: func(w *world) {
			w.platform.Customer("mia").Post(w.page, "My bag is gone")
			w.platform.Customer("tom").Write(w.page, "Mine too")
		}, want: []string{inEnglish}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := atNight(t, tt.platform, tt.change)
			tt.happens(w)
			w.pass(time.Minute)
			w.restart() // what was said is known afterwards too
			w.pass(time.Minute)
			if diff := cmp.Diff(tt.want, w.platform.Replies(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("automated texts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAcknowledgementThatHasToWaitIsCancelledWhenItIsPointless(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		waits   time.Duration
		happens func(w *world, question string)
	}{
		{name: "a person answered", waits: 3 * time.Hour, happens: func(w *world, question string) {
			w.ingest(func() channel.Event {
				e := posted("answer", "private-shop-mia", question, "We found it.", w.now)
				e.Message.Visibility = channel.Private
				return e
			}())
		}},
		{name: "the office is open", waits: 62 * time.Hour, happens: func(*world, string) {}},
		{name: "the next night has come", waits: 72 * time.Hour, happens: func(*world, string) {}},
		{name: "the customer was blocked", waits: time.Hour, happens: func(w *world, _ string) {
			w.must(w.desk.Block(w.t.Context(), w.only().ID, ana, "insults"))
		}},
		{name: "it was spam", waits: time.Hour, happens: func(w *world, _ string) { w.must(w.desk.Spam(w.t.Context(), w.only().ID, ana)) }},
		{name: "the question was deleted", waits: time.Hour, happens: func(w *world, question string) {
			w.ingest(channel.Event{Kind: channel.MessageDeleted, Account: shop, Message: channel.Message{ID: question}})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := atNight(t, channeltest.Options{Public: channel.Traits{Echoes: true}, Private: channel.Traits{Echoes: true}}, nil)
			w.platform.Fail(channeltest.OnSend, channeltest.Throttle(remote.LevelAccount, tt.waits))
			m := w.platform.Customer("mia").Write(w.page, "My bag is gone")
			w.pass(time.Minute)
			id := w.only().ID
			tt.happens(w, m.ID)
			w.pass(tt.waits)
			if diff := cmp.Diff([]string(nil), w.platform.Replies(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("went out (-want +got):\n%s", diff)
			}
			if e := w.last(id, ticket.ReplyCancelled); e.Reason == "" {
				t.Error("nobody is told why it was cancelled")
			}
		})
	}
}

func TestAnAutomatedAcknowledgementIsNoResponse(t *testing.T) {
	t.Parallel()
	w := atNight(t, channeltest.Options{Private: channel.Traits{Echoes: true}}, nil)
	w.platform.Customer("mia").Write(w.page, "My bag is gone")
	w.pass(2 * time.Hour)
	tk := w.only()
	if c, _ := tk.Clocks.Clock(sla.Acknowledgement); c.Verdict != sla.Met {
		t.Errorf("acknowledgement %q, want met", c.Verdict)
	}
	if c, _ := tk.Clocks.Clock(sla.FirstResponse); !c.Stopped.IsZero() {
		t.Errorf("first response stopped at %s by an automated text", c.Stopped)
	}
	if tk.Status != ticket.New {
		t.Errorf("status %s, want new: nobody has answered yet", tk.Status)
	}
}

func TestOffHoursSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*socialcrm.OffHours)
		want   string
	}{
		{"no texts", func(o *socialcrm.OffHours) { o.Texts = nil }, "off_hours.texts: there are none"},
		{"it does not say that it is automated", func(o *socialcrm.OffHours) { o.Texts[0].Automated = " " }, "off_hours.texts[0].automated is missing: customers must be told that no person wrote it"},
		{"no word on when", func(o *socialcrm.OffHours) { o.Texts[0].Back = "Soon." }, `off_hours.texts[0].back "Soon.": want {time}, and {weekday} or {date}, in it`},
		{"no emergency", func(o *socialcrm.OffHours) { o.Texts[1].Emergency = "" }, "off_hours.texts[1].emergency is missing: customers must be told where to turn in an emergency"},
		{"a short week", func(o *socialcrm.OffHours) { o.Texts[0].Weekdays = []string{"lundi"} }, "off_hours.texts[0].weekdays: want seven, from Monday to Sunday, got 1"},
		{"a week with a gap", func(o *socialcrm.OffHours) { o.Texts[0].Weekdays = []string{"lu", "ma", "", "je", "ve", "sa", "di"} }, "off_hours.texts[0].weekdays[2]: is empty"},
		{"a date that is none", func(o *socialcrm.OffHours) { o.Texts[0].Dates = "dd.mm." }, `off_hours.texts[0].dates "dd.mm.": says the same of every day; want how 2 January 2006 is written`},
		{"a name that nothing is known of", func(o *socialcrm.OffHours) { o.Texts[1].Back = "We are back on {day}, {date}, at {time}." },
			"off_hours.texts[1].back: {day} is not replaced there; back knows {weekday}, {date} and {time}"},
		{"a name where it is not replaced", func(o *socialcrm.OffHours) { o.Texts[1].Emergency = "Before {time} call 112." }, "off_hours.texts[1].emergency: {time} is not replaced there"},
		{"a calendar that is none", func(o *socialcrm.OffHours) { o.Calendar = "moon" }, `off_hours.calendar "moon" is not known`},
		{"a calendar that never closes", func(o *socialcrm.OffHours) { o.Calendar = sla.AroundTheClock }, `off_hours.calendar "always" is never closed`},
		{"a time that is none", func(o *socialcrm.OffHours) { o.Again = -1 }, "off_hours.again: want more than 0, got -1ns"},
		{"two texts for one language", func(o *socialcrm.OffHours) { o.Texts = []socialcrm.OffHoursText{german, english, german} },
			"off_hours.texts[2]: nobody is ever told it, because texts[0], for de on any platform, is taken before it"},
		{"a text behind one for all", func(o *socialcrm.OffHours) { o.Texts = []socialcrm.OffHoursText{english, german} },
			"off_hours.texts[1]: nobody is ever told it, because texts[0], for any language on any platform, is taken before it"},
		{"a text behind one for its platform", func(o *socialcrm.OffHours) {
			o.Texts = []socialcrm.OffHoursText{german, english, german}
			for i := range o.Texts {
				o.Texts[i].Platform = []string{"x", "facebook", "facebook"}[i]
			}
		}, "off_hours.texts[2]: nobody is ever told it, because texts[1], for any language on facebook, is taken before it"},
		{"a kind of a language behind it", func(o *socialcrm.OffHours) {
			o.Texts = []socialcrm.OffHoursText{german, german}
			o.Texts[1].Language = "DE-at"
		}, "off_hours.texts[1]: nobody is ever told it, because texts[0], for de on any platform, is taken before it"},
		{"a platform that can be none", func(o *socialcrm.OffHours) { o.Texts[1].Platform = "Facebook" }, `off_hours.texts[1].platform "Facebook": want the short name of a network`},
		{"an account for a platform", func(o *socialcrm.OffHours) { o.Texts[1].Platform = "facebook/12" }, `off_hours.texts[1].platform "facebook/12": want the short name of a network`},
		{"a fact that is none", func(o *socialcrm.OffHours) { o.When = rule.Condition{Fact: "mood", Equals: rule.Text("bad")} }, `off_hours.when: fact "mood" is not known;`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			setup := company()
			setup.OffHours = &socialcrm.OffHours{Texts: []socialcrm.OffHoursText{german, english}}
			tt.change(setup.OffHours)
			if err := setup.Check(nil); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error\n\t%v\nwant\n\t%s", err, tt.want)
			}
		})
	}
}

func TestWhoWasToldIsNotToldAgainBecauseContactsWereMerged(t *testing.T) {
	t.Parallel()
	w := atNight(t, channeltest.Options{}, nil)
	night := w.now
	w.now = w.now.Add(-6 * time.Hour) // somebody is there
	w.platform.Customer("noa").Write(w.page, "Hello")
	w.pass(time.Minute)
	noa := w.only().Contact
	w.pass(night.Sub(w.now))
	w.platform.Customer("mia").Write(w.page, "My bag is gone")
	w.pass(time.Minute)
	for _, tk := range w.tickets() {
		if tk.Contact != noa {
			w.ok(w.desk.MergeContacts(t.Context(), ana, noa, tk.Contact))
		}
	}
	w.platform.Customer("mia").Write(w.page, "Hello?")
	w.pass(time.Minute)
	if diff := cmp.Diff([]string{inEnglish}, w.platform.Replies()); diff != "" {
		t.Errorf("automated texts (-want +got):\n%s", diff)
	}
}

func TestWhatIsQueuedDoesNotGoOutToSpammersAndTheBlocked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		ends func(w *world, id ticket.ID) (socialcrm.Receipt, error)
		want []string
	}{
		{"spam", func(w *world, id ticket.ID) (socialcrm.Receipt, error) { return w.desk.Spam(w.t.Context(), id, ana) }, nil},
		{"blocked", func(w *world, id ticket.ID) (socialcrm.Receipt, error) {
			return w.desk.Block(w.t.Context(), id, ana, "insults")
		}, nil},
		{"but closed, as the last word", func(w *world, id ticket.ID) (socialcrm.Receipt, error) { return w.desk.Close(w.t.Context(), id, ana) }, []string{"later"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := staffed(t)
			id := w.asked("mia", "Hello?")
			w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "later", NotBefore: w.now.Add(time.Hour)}))
			w.must(tt.ends(w, id))
			w.pass(2 * time.Hour)
			if diff := cmp.Diff(tt.want, w.platform.Replies(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("went out (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhoWasNotToldAfterAllOrIsSomebodyNewIsTold(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(w *world, tk ticket.Ticket, question string){
		"what it answered was deleted before it went out": func(w *world, _ ticket.Ticket, question string) {
			w.ingest(channel.Event{Kind: channel.MessageDeleted, Account: shop, Message: channel.Message{ID: question}})
		},
		"who was told is erased": func(w *world, tk ticket.Ticket, _ string) { w.ok(w.desk.EraseContact(w.t.Context(), ana, tk.Contact)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := atNight(t, channeltest.Options{}, nil)
			w.platform.Fail(channeltest.OnSend, channeltest.Throttle(remote.LevelAccount, time.Hour))
			m := w.platform.Customer("mia").Write(w.page, "My bag is gone")
			w.pass(time.Minute)
			happens(w, w.only(), m.ID)
			w.pass(2 * time.Hour)
			if got := w.platform.Replies(); len(got) != 0 {
				t.Fatalf("went out: %q", got)
			}
			w.platform.Customer("mia").Write(w.page, "My bag is still gone")
			w.pass(time.Minute)
			if diff := cmp.Diff([]string{inEnglish}, w.platform.Replies()); diff != "" {
				t.Errorf("automated texts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhoWasNotReachedIsToldAgain(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(w *world){
		"the platform refused the text": func(w *world) {
			w.platform.Fail(channeltest.OnSend, channeltest.Refuse(remote.Rejected))
			w.platform.Customer("mia").Write(w.page, "My bag is gone")
			w.pass(time.Minute)
		},
		"the platform took it and it never arrived": func(w *world) {
			w.platform.Customer("mia").Write(w.page, "My bag is gone")
			w.pass(time.Minute)
			posts := w.platform.Posts()
			w.page.Report(channel.ReceiptFailed, "", "no such device", posts[len(posts)-1].ID)
			w.pass(time.Minute)
		},
		"the platform was away until it was given up": func(w *world) {
			w.platform.Break(channeltest.OnSend, channeltest.Refuse(remote.Unavailable))
			w.platform.Customer("mia").Write(w.page, "My bag is gone")
			w.pass(40 * time.Hour)
			w.platform.Mend(channeltest.OnSend)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := atNight(t, channeltest.Options{}, func(o *socialcrm.OffHours) { o.Again = sla.Duration(7 * 24 * time.Hour) })
			fails(w)
			if got := w.platform.Replies(); len(got) != 0 {
				t.Fatalf("went out: %q", got)
			}
			w.platform.Customer("mia").Write(w.page, "Hello?")
			w.pass(time.Minute)
			w.platform.Customer("mia").Write(w.page, "Anybody?")
			w.pass(time.Minute)
			if diff := cmp.Diff([]string{inEnglish}, w.platform.Replies()); diff != "" {
				t.Errorf("automated texts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestALateFailureDoesNotTellTwiceWhoWasToldMeanwhile(t *testing.T) {
	t.Parallel()
	w := atNight(t, channeltest.Options{}, func(o *socialcrm.OffHours) { o.Again = sla.Duration(time.Hour) })
	mia := w.platform.Customer("mia")
	mia.Write(w.page, "My bag is gone")
	w.pass(2 * time.Hour)
	first := w.platform.Posts()[1].ID
	mia.Write(w.page, "Hello?")
	w.pass(time.Minute)
	w.page.Report(channel.ReceiptFailed, "", "", first)
	w.pass(time.Minute)
	mia.Write(w.page, "Anybody?")
	w.pass(time.Minute)
	if diff := cmp.Diff([]string{inEnglish}, w.platform.Replies()); diff != "" {
		t.Errorf("automated texts that arrived (-want +got):\n%s", diff)
	}
}
