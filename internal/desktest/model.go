package desktest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// errDied is what a Store answers once the process has "died".
var errDied = errors.New("the process died")

// mortal is a Store whose process dies at a chosen Update: just before it, or just after its commit, when the caller does not hear of it any more. The data lives on.
type mortal struct {
	ticket.Store
	left  int // Updates until death; negative: immortal
	after bool
	dead  bool
}

func (m *mortal) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	if m.dead {
		return errDied
	}
	if m.left != 0 {
		m.left--
		return m.Store.Update(ctx, tenant, fn)
	}
	m.dead = true
	if m.after {
		if err := m.Store.Update(ctx, tenant, fn); err != nil {
			return err
		}
	}
	return errDied
}

func (m *mortal) View(ctx context.Context, tenant string, fn func(ticket.Reader) error) error {
	if m.dead {
		return errDied
	}
	return m.Store.View(ctx, tenant, fn)
}

// model drives a Desk through a random history of customers, agents, faults and deaths.
type model struct {
	*rapid.T
	now      time.Time
	platform *channeltest.Platform
	pages    []*channeltest.FakeChannel
	crm      *crmtest.Fake
	store    ticket.Store
	mortal   *mortal
	desk     *socialcrm.Desk
	wrote    []channel.Message // by customers
	acts     int
	drafts   []socialcrm.Receipt
	crowds   bool // many who write nearly the same are a campaign
	nights   bool // one lane closes and has a fallback
}

func (m *model) start() {
	m.mortal = &mortal{Store: m.store, left: -1}
	desk, err := socialcrm.New(socialcrm.Config{
		Store: m.mortal, Setup: m.company(Company()), Now: func() time.Time { return m.now }, Channels: []channel.Channel{m.pages[0], m.pages[1]},
	})
	if err == nil {
		err = desk.AddSink(m.crm)
	}
	if err != nil {
		m.Fatal(err)
	}
	m.desk = desk
}

// Company is the company of the histories: two teams, two agents with little room, promises of an hour.
func Company() socialcrm.Setup {
	day, urgent := sla.Hours{Zone: "Europe/Berlin", Week: sla.EveryDay(sla.Interval{From: 8 * time.Hour, To: 12 * time.Hour}, sla.Interval{From: 13 * time.Hour, To: 20 * time.Hour})}, sla.Urgent
	return socialcrm.Setup{
		Calendars: map[string]sla.Hours{"day": day},
		Lanes:     []routing.Lane{{Name: "billing", Team: "money", When: rule.Condition{Fact: "text", Word: "invoice"}}, {Name: "care", Team: "care"}},
		Teams:     []routing.Team{{Name: "money", Calendar: "day"}, {Name: "care"}},
		Weights:   []routing.Weight{{When: rule.Condition{Fact: "visibility", Equals: rule.Text("private")}, Weight: 2}},
		Agents: []routing.Agent{{Name: "ana", Teams: []string{"care"}, Capacity: 2, AlwaysOn: true}, {Name: "ben", Teams: []string{"money", "care"}, Capacity: 3, AlwaysOn: true},
			{Name: "tom", Teams: []string{"care"}, Role: routing.RoleTrainee}},
		SLA: []sla.Policy{{Name: "promise", Targets: []sla.Target{
			{Metric: sla.Acknowledgement, Within: sla.Duration(time.Hour)},
			{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)},
			{Metric: sla.NextResponse, Within: sla.Duration(time.Hour)},
			{Metric: sla.PeriodicUpdate, Within: sla.Duration(8 * time.Hour)},
			{Metric: sla.Resolution, Within: sla.Duration(48 * time.Hour)},
			{Metric: sla.RequesterWait, Within: sla.Duration(30 * time.Hour)},
			{Metric: sla.AgentWork, Within: sla.Duration(20 * time.Hour)},
		}, Steps: []sla.Step{
			{At: sla.Moment{Percent: 50}, Metric: sla.FirstResponse, Notify: []string{"care"}},
			{Metric: sla.FirstResponse, Raise: &urgent, Tags: []string{"late"}},
			{At: sla.Moment{After: sla.Duration(time.Hour)}, Metric: sla.NextResponse, Lane: "billing"},
			{Metric: sla.Resolution, Agent: "ben"},
		}}},
	}
}

// company is a company of this history.
func (m *model) company(s socialcrm.Setup) socialcrm.Setup {
	if m.crowds {
		s.Campaigns = socialcrm.Campaigns{Authors: 3, Within: sla.Duration(2 * time.Hour), Notify: []string{"care"}}
	}
	if m.nights {
		s.Lanes[0].Calendar, s.Lanes[0].Fallback = "day", "care"
		s.Agents[0].Capacity, s.Agents[1].Capacity = 1, 2 // so that tickets wait
	}
	return s
}

// stricter is the Company with other hours, promises and steps.
func stricter() socialcrm.Setup {
	s := Company()
	s.Teams[1].Calendar = "day"
	p := &s.SLA[0]
	p.Targets, p.Reopening, p.Responses = p.Targets[1:], sla.Restart, sla.ByAnyone
	p.Targets[0].Within = sla.Duration(30 * time.Minute)
	p.Targets[3].Pause = []sla.Status{}
	p.Steps = p.Steps[:1]
	return s
}

// survive fails the test on any error but the death of the process, after which it starts a new one on the same Store.
func (m *model) survive(err error) {
	switch {
	case err == nil:
	case m.mortal.dead:
		m.start()
	case errors.Is(err, socialcrm.ErrUnverified), errors.Is(err, socialcrm.ErrForbidden):
	case errors.Is(err, socialcrm.ErrInvalid), errors.Is(err, socialcrm.ErrCapacity), errors.Is(err, socialcrm.ErrNotFound), errors.Is(err, socialcrm.ErrConflict):
	case remote.KindOf(err) == remote.WindowClosed:
	default:
		m.Fatal(err)
	}
}

func (m *model) tick() {
	for {
		_, err := m.desk.Tick(context.Background())
		m.survive(err)
		if err == nil {
			return
		}
	}
}

// pass lets time pass with all that becomes due, at its time.
func (m *model) pass(d time.Duration) {
	end := m.now.Add(d)
	for {
		next, err := m.desk.Tick(context.Background())
		m.survive(err)
		if err != nil {
			continue
		}
		if next.IsZero() || next.After(end) {
			break
		}
		if next.After(m.now) {
			m.now = next
		}
	}
	m.now = end
	m.tick()
}

func (m *model) customer() *channeltest.Customer {
	return m.platform.Customer(rapid.SampledFrom([]string{"mia", "noa", "oli"}).Draw(m.T, "customer"))
}

func (m *model) page() *channeltest.FakeChannel {
	return rapid.SampledFrom(m.pages).Draw(m.T, "page")
}

// text is a text that was not there before, and neither was any part of it: where echoes do not name their post, of two posts of one text nobody can tell which one
// was lost. Parts of one reply are alike.
func (m *model) text() string {
	m.acts++
	story := strings.Repeat(fmt.Sprintf("A long story, no. %d. ", m.acts), 15)
	return fmt.Sprintf("%s %d", rapid.SampledFrom([]string{"Where is it?", "My invoice is wrong", "Hello", story}).Draw(m.T, "text"), m.acts)
}

func (m *model) ticket() (ticket.ID, bool) {
	var ids []ticket.ID
	err := m.store.View(context.Background(), "", func(r ticket.Reader) error {
		ids = nil
		list, err := r.ListTickets(ticket.TicketQuery{})
		for _, t := range list.Items {
			ids = append(ids, t.ID)
		}
		return err
	})
	if err != nil {
		m.Fatal(err)
	}
	if len(ids) == 0 {
		return "", false
	}
	return rapid.SampledFrom(ids).Draw(m.T, "ticket"), true
}

// by acts as an agent with a key, again and again until the process lives through it: a host that lost the answer asks again.
func (m *model) act(verb func(id ticket.ID, by socialcrm.By) error) {
	id, ok := m.ticket()
	if !ok {
		return
	}
	m.acts++
	by := socialcrm.By{Actor: ticket.Agent(rapid.SampledFrom([]string{"ana", "ben"}).Draw(m.T, "agent")), Key: fmt.Sprint("act", m.acts)}
	for {
		err := verb(id, by)
		died := m.mortal.dead
		m.survive(err)
		if !died {
			return
		}
	}
}

func (m *model) step() {
	ctx := context.Background()
	kinds := []remote.Kind{remote.Unavailable, remote.Rejected, remote.PolicyBlocked, remote.NotInControl, remote.Unknown}
	if m.crowds && rapid.IntRange(0, 4).Draw(m.T, "petition") == 0 {
		m.petition()
	}
	if m.nights && rapid.IntRange(0, 5).Draw(m.T, "comes or goes") == 0 {
		m.presence()
	}
	switch rapid.IntRange(0, 30).Draw(m.T, "step") {
	case 0, 1:
		m.wrote = append(m.wrote, m.customer().Post(m.page(), m.text()))
	case 2:
		m.wrote = append(m.wrote, m.customer().Write(m.page(), m.text()))
	case 3:
		if len(m.wrote) > 0 {
			of := rapid.SampledFrom(m.wrote).Draw(m.T, "message")
			if of.Visibility == channel.Public {
				m.wrote = append(m.wrote, m.customer().Comment(of, m.text()))
			}
		}
	case 4:
		if len(m.wrote) > 0 {
			of := rapid.SampledFrom(m.wrote).Draw(m.T, "message")
			m.platform.Customer(of.Author.ID).Edit(of, m.text())
		}
	case 5:
		if len(m.wrote) > 0 {
			i := rapid.IntRange(0, len(m.wrote)-1).Draw(m.T, "message")
			m.platform.Customer(m.wrote[i].Author.ID).Delete(m.wrote[i])
			m.wrote = slices.Delete(m.wrote, i, i+1)
		}
	case 6, 7, 8:
		r := socialcrm.Reply{Text: m.text(), Then: rapid.SampledFrom([]ticket.Status{"", ticket.Pending, ticket.Solved}).Draw(m.T, "then")}
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Reply(ctx, id, by, r); return err })
	case 9:
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Resolve(ctx, id, by, ""); return err })
	case 10:
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Reopen(ctx, id, by, ""); return err })
	case 11:
		to := rapid.SampledFrom([]string{"", "ana", "ben"}).Draw(m.T, "to")
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Assign(ctx, id, by, to); return err })
	case 12:
		text := m.text()
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Note(ctx, id, by, text); return err })
	case 13:
		if other, ok := m.ticket(); ok {
			m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Merge(ctx, id, by, other); return err })
		}
	case 14:
		m.platform.Fail(channeltest.OnSend, rapid.SampledFrom([]channeltest.Fault{
			channeltest.LoseAnswer, channeltest.LoseRequest, channeltest.AcceptThenFail, channeltest.Throttle(remote.LevelAccount, 10*time.Minute),
			channeltest.Refuse(rapid.SampledFrom(kinds).Draw(m.T, "kind")),
		}).Draw(m.T, "fault"))
	case 15:
		m.crm.Queue(rapid.SampledFrom([]crmtest.Fault{
			crmtest.Lose(), crmtest.Cut(1), crmtest.Cut(2), crmtest.Cut(3), crmtest.Fail(remote.Unavailable), crmtest.Throttle(time.Minute, remote.Scope{}),
		}).Draw(m.T, "crm fault"))
	case 16:
		switch rapid.IntRange(0, 3).Draw(m.T, "mischief") {
		case 0:
			m.platform.Redeliver(rapid.IntRange(1, 5).Draw(m.T, "n"))
		case 1:
			m.platform.Hold()
		case 2:
			m.platform.ReleaseReversed()
		case 3:
			m.platform.Release()
		}
	case 17:
		if len(m.wrote) > 0 {
			of := rapid.SampledFrom(m.wrote).Draw(m.T, "message")
			for _, p := range m.pages {
				if rapid.Bool().Draw(m.T, "here") {
					p.Answer(of, m.text(), rapid.SampledFrom([]string{"", "some-tool"}).Draw(m.T, "app"), rapid.SampledFrom([][]string{nil, {"mia"}, {"noa", "oli"}}).Draw(m.T, "mentions")...)
					break
				}
			}
		}
	case 18:
		m.mortal.left, m.mortal.after = rapid.IntRange(0, 6).Draw(m.T, "dies after"), rapid.Bool().Draw(m.T, "after the commit")
	case 20:
		if cases := m.crm.Cases(); len(cases) > 0 {
			c := rapid.SampledFrom(cases).Draw(m.T, "case")
			to := rapid.SampledFrom([]ticket.Status{ticket.Open, ticket.Pending, ticket.OnHold, ticket.Solved}).Draw(m.T, "status in the CRM")
			if err := m.crm.SetStatus("lea", c.Key, to); err != nil {
				m.Fatal(err)
			}
		}
	case 21:
		to := socialcrm.Transfer{Lane: rapid.SampledFrom([]string{"billing", "care"}).Draw(m.T, "lane"), Reason: "not ours"}
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Transfer(ctx, id, by, to); return err })
	case 22:
		m.act(func(id ticket.ID, by socialcrm.By) error {
			_, err := m.desk.CloseWithoutReply(ctx, id, by, "a joke")
			return err
		})
	case 23, 24, 25, 26, 27, 28:
		m.further()
	case 29:
		m.unmerge()
	case 30:
		m.unmergeContacts()
	case 19:
		m.pass(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 20 * time.Minute, 3 * time.Hour}).Draw(m.T, "time"))
	}
	if rapid.Bool().Draw(m.T, "tick") {
		m.now = m.now.Add(time.Duration(rapid.IntRange(0, 60).Draw(m.T, "seconds")) * time.Second)
		m.tick()
	}
}

// heal ends all faults and lets the Desk come to rest.
func (m *model) heal() {
	m.mortal.left = -1
	m.platform.Mend(channeltest.OnSend)
	m.platform.Release()
	m.crm.SetDown(false)
	for range 200 { // queued faults run out
		m.pass(10 * time.Minute)
		if m.rests() {
			break
		}
	}
}

// rests reports whether nothing is left to do but to poll and to watch deadlines.
func (m *model) rests() bool {
	rests := true
	m.view(func(r ticket.Reader) error {
		list, err := r.ListTasks(ticket.TaskQuery{Page: ticket.Page{Limit: 10_000}})
		for _, task := range list.Items {
			switch task.Kind {
			case "send", "pace", "sync", "drain", "reroute", "erase", "redact", "moderate", "catch up":
				rests = false
			}
		}
		return err
	})
	return rests
}

func (m *model) view(fn func(ticket.Reader) error) {
	if err := m.store.View(context.Background(), "", fn); err != nil {
		m.Fatal(err)
	}
}

// Model runs random histories of customers, agents, platform faults, CRM faults and deaths of the process on the Stores that open returns, each empty and by
// this clock, and in the end holds the Invariants.
func Model(t *testing.T, open func(now func() time.Time) (ticket.Store, error)) {
	t.Helper()
	rapid.Check(t, func(r *rapid.T) {
		m := &model{T: r, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), crowds: rapid.IntRange(0, 3).Draw(r, "campaigns") == 0, nights: rapid.Bool().Draw(r, "a fallback")}
		now := func() time.Time { return m.now }
		traits := channel.Traits{MaxText: 120, Echoes: rapid.Bool().Draw(r, "echoes")}
		m.platform = channeltest.New(channeltest.Options{
			Now: now, Public: traits, Private: traits, KnowsKeys: rapid.Bool().Draw(r, "knows keys"), CannotFind: rapid.Bool().Draw(r, "cannot find"),
			Edits: rapid.SampledFrom([]channeltest.EditStyle{channeltest.EditsRevised, channeltest.EditsUnnamed, channeltest.EditsChangeID}).Draw(r, "edits"),
		})
		for _, id := range []string{"shop", "help"} {
			m.pages = append(m.pages, m.platform.Account(channel.Account{AccountID: channel.AccountID{ID: id}}))
		}
		m.crm = crmtest.New(crmtest.Options{Name: "crm", Now: now})
		var err error
		if m.store, err = open(now); err != nil {
			r.Fatal(err)
		}
		defer m.store.Close()
		m.start()
		for range rapid.IntRange(5, 40).Draw(r, "steps") {
			m.step()
		}
		m.heal()
		(&Invariants{Reporter: r, Now: m.now, Platform: m.platform, CRM: m.crm, Store: m.store}).Check()
	})
}
