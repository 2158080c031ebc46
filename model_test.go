package socialcrm_test

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
}

func (m *model) start() {
	for {
		m.mortal = &mortal{Store: m.store, left: -1}
		desk, err := socialcrm.New(socialcrm.Config{
			Store: m.mortal, Setup: modelCompany(), Now: func() time.Time { return m.now }, Channels: []channel.Channel{m.pages[0], m.pages[1]},
		})
		if err == nil {
			err = desk.AddSink(m.crm)
		}
		if err != nil {
			m.Fatal(err)
		}
		m.desk = desk
		return
	}
}

func modelCompany() socialcrm.Setup {
	s := company()
	s.Agents = []routing.Agent{{Name: "ana", Teams: []string{"care"}, Capacity: 2, AlwaysOn: true}, {Name: "ben", Teams: []string{"money", "care"}, Capacity: 3, AlwaysOn: true}}
	return s
}

// survive fails the test on any error but the death of the process, after which it starts a new one on the same Store.
func (m *model) survive(err error) {
	switch {
	case err == nil:
	case m.mortal.dead:
		m.start()
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

func (m *model) text() string {
	m.acts++
	return fmt.Sprintf("%s %d", rapid.SampledFrom([]string{"Where is it?", "My invoice is wrong", "Hello", strings.Repeat("A long story. ", 20)}).Draw(m.T, "text"), m.acts)
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
	switch rapid.IntRange(0, 19).Draw(m.T, "step") {
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
					p.Answer(of, m.text(), rapid.SampledFrom([]string{"", "some-tool"}).Draw(m.T, "app"))
					break
				}
			}
		}
	case 18:
		m.mortal.left, m.mortal.after = rapid.IntRange(0, 6).Draw(m.T, "dies after"), rapid.Bool().Draw(m.T, "after the commit")
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
			if task.Kind == "send" || task.Kind == "sync" || task.Kind == "drain" {
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

// TestAnyHistoryKeepsEveryInvariant is the model test: random histories of customers, agents, platform faults, CRM faults and deaths of the process; in
// the end an independent check over the whole Store, the platform and the CRM. The invariants are listed in ARCHITECTURE.md.
func TestAnyHistoryKeepsEveryInvariant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		m := &model{T: r, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
		now := func() time.Time { return m.now }
		traits := channel.Traits{MaxText: 120, Echoes: rapid.Bool().Draw(r, "echoes")}
		m.platform = channeltest.New(channeltest.Options{
			Now: now, Public: traits, Private: traits, KnowsKeys: rapid.Bool().Draw(r, "knows keys"), CannotFind: rapid.Bool().Draw(r, "cannot find"),
			Edits: rapid.SampledFrom([]channeltest.EditStyle{channeltest.EditsRevised, channeltest.EditsUnnamed}).Draw(r, "edits"),
		})
		for _, id := range []string{"shop", "help"} {
			m.pages = append(m.pages, m.platform.Account(channel.Account{AccountID: channel.AccountID{ID: id}}))
		}
		m.crm = crmtest.New(crmtest.Options{Name: "crm", Now: now})
		m.store = ticket.NewMemory(&ticket.MemoryOptions{Now: now})
		m.start()
		for range rapid.IntRange(5, 40).Draw(r, "steps") {
			m.step()
		}
		m.heal()
		m.check()
	})
}

// check holds every invariant, looking only at what is stored, what the platform shows and what the CRM holds.
func (m *model) check() {
	tickets, messages, entries := m.everything()
	m.checkMessages(tickets, messages)
	m.checkPosts(messages, entries)
	m.checkClocks(tickets, entries)
	m.checkAgents(tickets)
	m.checkTasks()
	m.checkCRM(tickets, messages)
}

func (m *model) everything() (map[ticket.ID]ticket.Ticket, map[string]ticket.Message, []ticket.Entry) {
	tickets, messages := map[ticket.ID]ticket.Ticket{}, map[string]ticket.Message{}
	var entries []ticket.Entry
	m.view(func(r ticket.Reader) error {
		list, err := r.ListTickets(ticket.TicketQuery{Page: ticket.Page{Limit: 10_000}})
		if err != nil {
			return err
		}
		for _, t := range list.Items {
			tickets[t.ID] = t
			said, err := r.ListMessages(ticket.MessageQuery{Ticket: t.ID, Page: ticket.Page{Limit: 10_000}})
			if err != nil {
				return err
			}
			for _, msg := range said.Items {
				if _, twice := messages[msg.Key]; twice {
					m.Errorf("message %s is listed twice", msg.Key)
				}
				messages[msg.Key] = msg
			}
		}
		entries, err = r.Journal(ticket.JournalQuery{Limit: 100_000})
		return err
	})
	keys, last := map[string]bool{}, ticket.Position("")
	for _, e := range entries {
		if keys[e.Key] || e.Position <= last {
			m.Errorf("journal entry %s at %s is out of order or there twice", e.Key, e.Position)
		}
		keys[e.Key], last = true, e.Position
	}
	return tickets, messages, entries
}

// 1. Each message that a customer wrote is one message of one ticket, with the text in force.
func (m *model) checkMessages(tickets map[ticket.ID]ticket.Ticket, messages map[string]ticket.Message) {
	byID := map[ticket.MessageRef]ticket.Message{}
	for _, msg := range messages {
		if msg.Content.ID == "" {
			continue
		}
		if other, twice := byID[msg.Ref()]; twice {
			m.Errorf("platform message %v is stored as %s and %s", msg.Ref(), msg.Key, other.Key)
		}
		byID[msg.Ref()] = msg
		if t := tickets[msg.Ticket]; t.ID == "" || t.MergedInto != "" {
			m.Errorf("message %s is in ticket %q, which is merged or not there", msg.Key, msg.Ticket)
		}
	}
	for _, p := range m.platform.Posts() {
		if p.ByBrand {
			continue
		}
		msg, ok := byID[ticket.MessageRef{Account: p.Account, ID: p.ID}]
		switch {
		case !ok && !p.Deleted:
			m.Errorf("what %s wrote (%s %q) is in no ticket", p.Customer, p.ID, p.Text)
		case ok && !p.Deleted && msg.Content.Text != p.Text:
			m.Errorf("message %s is stored as %q, the platform shows %q", p.ID, msg.Content.Text, p.Text)
		case ok && p.Deleted == msg.Deleted.IsZero():
			m.Errorf("message %s: deleted is %t on the platform, %t in the store", p.ID, p.Deleted, !msg.Deleted.IsZero())
		}
	}
}

// 2. Each post of ours is on the platform once when it counts as sent, not at all when it counts as failed or cancelled, and at most once while nobody knows. Parts
// of a reply are in order, and none follows one that did not go out.
func (m *model) checkPosts(messages map[string]ticket.Message, entries []ticket.Entry) {
	twice := map[string]bool{}
	for _, e := range entries {
		twice[e.Message] = twice[e.Message] || e.Kind == ticket.ReplyTwice
	}
	out, at, never := map[string]int{}, map[string]int{}, map[string]bool{}
	for i, p := range m.platform.Posts() {
		out[p.Outgoing.Key]++
		at[p.Outgoing.Key] = i
		never[p.Outgoing.Key] = p.Failed
	}
	for _, msg := range messages {
		if msg.Post == nil {
			continue
		}
		n := out[msg.Key]
		switch msg.Post.State {
		case ticket.PostSent, ticket.PostDelivered, ticket.PostRead:
			if n != 1 && !twice[msg.Key] {
				m.Errorf("post %s counts as %s and is on the platform %d times", msg.Key, msg.Post.State, n)
			}
		case ticket.PostUnknown:
			if n > 1 {
				m.Errorf("post %s is unknown and on the platform %d times", msg.Key, n)
			}
		case ticket.PostFailed, ticket.PostCancelled:
			if n != 0 && !never[msg.Key] {
				m.Errorf("post %s counts as %s and is on the platform %d times", msg.Key, msg.Post.State, n)
			}
		default:
			if before := messages[fmt.Sprint(msg.Post.Reply, "/", msg.Post.Out.Part-1)]; before.Post == nil || before.Content.ID != "" {
				m.Errorf("post %s is still %s, though nothing before it is in doubt", msg.Key, msg.Post.State)
			}
		}
		if part := msg.Post.Out.Part; part > 1 && n > 0 {
			before := fmt.Sprint(msg.Post.Reply, "/", part-1)
			if out[before] == 0 || at[before] > at[msg.Key] {
				m.Errorf("part %s went out and %s before it did not", msg.Key, before)
			}
		}
	}
}

// 3. Folding the journal from scratch gives the clocks that are stored.
func (m *model) checkClocks(tickets map[ticket.ID]ticket.Ticket, entries []ticket.Entry) {
	setup := modelCompany()
	policies, err := sla.NewPolicySet(setup.SLA, nil)
	if err != nil {
		m.Fatal(err)
	}
	for _, t := range tickets {
		if t.MergedInto != "" {
			continue
		}
		var events []sla.Event
		for _, e := range entries {
			if e.Clock != nil && (e.Ticket == t.ID || slices.Contains(t.Absorbed, e.Ticket)) {
				events = append(events, *e.Clock)
			}
		}
		folded, err := sla.FoldAll(slices.Values(events), func(time.Time) *sla.PolicySet { return policies })
		if err != nil {
			m.Fatal(err)
		}
		a, b := folded.At(m.now).Clocks, t.Clocks.At(m.now).Clocks
		if !slices.EqualFunc(a, b, sameClock) {
			m.Errorf("ticket %s: folded from the journal %+v, stored %+v", t.ID, a, b)
		}
		if folded.Status != t.Status {
			m.Errorf("ticket %s is %s, its clocks say %s", t.ID, t.Status, folded.Status)
		}
	}
}

func sameClock(a, b sla.Clock) bool {
	return a.Metric == b.Metric && a.Verdict == b.Verdict && a.Started.Equal(b.Started) && a.Due.Equal(b.Due) && a.Stopped.Equal(b.Stopped)
}

// 4. An agent's load is the number of open tickets in hand, never above capacity; nobody waits while somebody of the team has room.
func (m *model) checkAgents(tickets map[ticket.ID]ticket.Ticket) {
	load, waits := map[string]int{}, map[string]int{}
	for _, t := range tickets {
		switch {
		case t.Status.Done() || t.MergedInto != "":
		case t.Agent != "":
			load[t.Agent]++
		default:
			waits[t.Team]++
		}
	}
	m.view(func(r ticket.Reader) error {
		list, err := r.ListAgents(ticket.Page{})
		for _, a := range list.Items {
			if a.Load != load[a.Name] || a.Load > a.Capacity {
				m.Errorf("%s holds %d tickets, the store says %d of %d", a.Name, load[a.Name], a.Load, a.Capacity)
			}
		}
		return err
	})
}

// 5. No task is stuck.
func (m *model) checkTasks() {
	m.view(func(r ticket.Reader) error {
		list, err := r.ListTasks(ticket.TaskQuery{Page: ticket.Page{Limit: 10_000}})
		for _, task := range list.Items {
			switch task.Kind {
			case "send", "sync", "drain":
				m.Errorf("task %s is still there: %d attempts, %s", task.ID, task.Attempts, task.LastError)
			}
		}
		return err
	})
}

// 6. The CRM holds a case for each ticket, as it stands, and each message once.
func (m *model) checkCRM(tickets map[ticket.ID]ticket.Ticket, messages map[string]ticket.Message) {
	held := map[string]crmtest.Case{}
	for _, c := range m.crm.Cases() {
		held[c.Key] = c
	}
	want := map[string]int{}
	for _, msg := range messages {
		if msg.Post == nil || msg.Content.ID != "" {
			want[string(msg.Ticket)]++
		}
	}
	for _, t := range tickets {
		c, ok := held[string(t.ID)]
		if !ok || c.Status != t.Status || c.Agent != t.Agent || c.MergedInto != string(t.MergedInto) {
			m.Errorf("ticket %s is %s with %q, merged into %q; the CRM holds %+v", t.ID, t.Status, t.Agent, t.MergedInto, c.Case)
		}
		if t.MergedInto != "" {
			continue
		}
		n := len(m.crm.Interactions(c.Key)) // what was told before a merge stays with the case that was merged
		for _, id := range t.Absorbed {
			n += len(m.crm.Interactions(string(id)))
		}
		if n != want[c.Key] {
			m.Errorf("ticket %s has %d messages, the CRM %d interactions", t.ID, want[c.Key], n)
		}
	}
}
