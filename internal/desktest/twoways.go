package desktest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// OtherSide is a CRM in which people work while a Desk pushes into it.
type OtherSide struct {
	Sink   crm.Sink
	People interface {
		crmtest.Users
		Assign(who, caseKey, agent string) error
	}
	// Mishap makes the next call go wrong in one of several ways.
	Mishap func(*rand.Rand)
	// Cases is how many there are. Differs says where the case of a ticket is otherwise than the ticket; empty: nowhere.
	Cases   func() int
	Differs func(ticket.Ticket) string
	// Interactions are those of a case that we pushed.
	Interactions func(caseKey string) []crmtest.HeldInteraction
	// WrittenThere reports whether people wrote the text as a record of their own.
	WrittenThere func(text string) bool
	// Check looks for what only this CRM can do wrong: held is how many interactions it holds, replies are the texts that went out. Nil: nothing.
	Check func(held int, replies []string)
	// Snapshot is all that the CRM holds, to be compared.
	Snapshot func() any
}

// TwoWays lets agents, customers and the people of a CRM change things at random, 200 times for each seed, while calls get lost and refused. In the end both sides hold the
// same, every text went out and was kept once, and then nothing moves any more.
func TwoWays(t *testing.T, seeds uint64, open func(t *testing.T, now func() time.Time) OtherSide) {
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := newTwoWays(t, open)
			w.live(rand.New(rand.NewPCG(seed, 7)))
			w.agree()
			entries, before := w.entries(), w.other.Snapshot()
			w.pass(3 * time.Hour)
			if n := w.entries() - entries; n != 0 {
				t.Errorf("%d entries in the journal of hours in which nobody did anything", n)
			}
			if diff := gocmp.Diff(before, w.other.Snapshot()); diff != "" {
				t.Errorf("the CRM changed in hours in which nobody did anything:\n%s", diff)
			}
		})
	}
}

// twoWays is a Desk between a platform and a CRM, with a clock that the test moves.
type twoWays struct {
	t        *testing.T
	mu       sync.Mutex // a call whose answer was lost may still read the clock
	now      time.Time
	platform *channeltest.Platform
	page     *channeltest.FakeChannel
	other    OtherSide
	desk     *socialcrm.Desk
	replies  []string // that were written, here and there
	notes    []string
}

func newTwoWays(t *testing.T, open func(t *testing.T, now func() time.Time) OtherSide) *twoWays {
	w := &twoWays{t: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.now
	}
	w.platform = channeltest.New(channeltest.Options{Now: now, Public: channel.Traits{Echoes: true}, Private: channel.Traits{Echoes: true}})
	w.page = w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Name: "Shop"})
	w.other = open(t, now)
	desk, err := socialcrm.New(socialcrm.Config{
		Store: ticket.NewMemory(&ticket.MemoryOptions{Now: now}), Channels: []channel.Channel{w.page}, Now: now,
		Setup: socialcrm.Setup{
			Lanes: []routing.Lane{{Name: "care", Team: "care"}}, Teams: []routing.Team{{Name: "care"}},
			Agents: []routing.Agent{{Name: "ana", Teams: []string{"care"}, AlwaysOn: true}, {Name: "ben", Teams: []string{"care"}, AlwaysOn: true}},
		},
	})
	w.ok(err)
	w.ok(desk.AddSink(w.other.Sink))
	w.desk = desk
	return w
}

func (w *twoWays) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// pass lets time pass, and the Desk do all that becomes due meanwhile, at its time.
func (w *twoWays) pass(d time.Duration) {
	w.t.Helper()
	for end := w.now.Add(d); ; {
		next, err := w.desk.Tick(w.t.Context())
		w.ok(err)
		if next.IsZero() || next.After(end) {
			w.set(end)
			return
		}
		if next.After(w.now) {
			w.set(next)
		}
	}
}

func (w *twoWays) set(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = now
}

func (w *twoWays) tickets() []ticket.Ticket {
	w.t.Helper()
	list, err := w.desk.Tickets(w.t.Context(), ticket.TicketQuery{})
	w.ok(err)
	slices.SortFunc(list.Items, func(a, b ticket.Ticket) int { return cmp.Compare(a.ID, b.ID) })
	return list.Items
}

func (w *twoWays) entries() (n int) {
	w.t.Helper()
	for q := (ticket.JournalQuery{}); ; {
		list, err := w.desk.Journal(w.t.Context(), q)
		w.ok(err)
		if len(list) == 0 {
			return n
		}
		n, q.After = n+len(list), list[len(list)-1].Position
	}
}

// live is an afternoon.
func (w *twoWays) live(random *rand.Rand) {
	w.t.Helper()
	const customers = 3
	for i := range customers {
		w.platform.Customer(fmt.Sprint("customer ", i)).Write(w.page, "Hello?")
	}
	w.pass(2 * time.Minute)
	statuses := []ticket.Status{ticket.Open, ticket.Pending, ticket.OnHold, ticket.Solved}
	agents := []string{"ana", "ben", ""}
	for i := range 200 {
		tk := w.tickets()[random.IntN(customers)]
		by, caseKey := socialcrm.By{Actor: ticket.Agent("ana")}, string(tk.ID)
		text := fmt.Sprintf("text %03d", i)
		switch random.IntN(10) {
		case 0:
			_, _ = w.desk.Assign(w.t.Context(), tk.ID, by, agents[random.IntN(3)]) // some of this makes no sense, and is refused
		case 1:
			_, _ = w.desk.SetStatus(w.t.Context(), tk.ID, by, statuses[random.IntN(4)], "")
		case 2:
			if _, err := w.desk.Reply(w.t.Context(), tk.ID, by, socialcrm.Reply{Text: text}); err == nil {
				w.replies = append(w.replies, text)
			}
		case 3:
			_, err := w.desk.Note(w.t.Context(), tk.ID, by, text)
			w.ok(err)
			w.notes = append(w.notes, text)
		case 4:
			w.platform.Customer(fmt.Sprint("customer ", random.IntN(customers))).Write(w.page, text)
		case 5, 6:
			w.ok(w.other.People.SetStatus("zoe", caseKey, statuses[random.IntN(4)]))
		case 7:
			w.ok(w.other.People.Assign("zoe", caseKey, agents[random.IntN(3)]))
		case 8:
			w.ok(w.other.People.Reply("zoe", caseKey, text))
			w.replies = append(w.replies, text)
		case 9:
			w.ok(w.other.People.Note("zoe", caseKey, text))
			w.notes = append(w.notes, text)
		}
		if random.IntN(12) == 0 {
			w.other.Mishap(random)
		}
		if random.IntN(3) == 0 {
			w.pass(time.Duration(random.IntN(90)) * time.Second)
		}
	}
	w.pass(2 * time.Hour)
}

// agree compares the tickets here with those there, and what was written with what is held.
func (w *twoWays) agree() {
	w.t.Helper()
	tickets := w.tickets()
	if n := w.other.Cases(); n != len(tickets) {
		w.t.Errorf("the CRM has %d cases, want %d", n, len(tickets))
	}
	var held, said []string
	for _, tk := range tickets {
		if diff := w.other.Differs(tk); diff != "" {
			w.t.Errorf("ticket %s: %s", tk.ID, diff)
		}
		messages, err := w.desk.Messages(w.t.Context(), ticket.MessageQuery{Ticket: tk.ID, Page: ticket.Page{Limit: everyone}})
		w.ok(err)
		for _, m := range messages.Items {
			said = append(said, string(m.Direction)+" "+m.Content.Text)
		}
		for _, in := range w.other.Interactions(string(tk.ID)) {
			held = append(held, string(in.Direction)+" "+in.Text)
		}
	}
	var ours []string // what people wrote there as notes is there already
	for _, s := range said {
		if note, ok := strings.CutPrefix(s, "note "); !ok || !w.other.WrittenThere(note) {
			ours = append(ours, s)
		}
	}
	slices.Sort(held)
	slices.Sort(ours)
	if diff := gocmp.Diff(ours, held); diff != "" {
		w.t.Errorf("interactions (-said +held):\n%s", diff)
	}
	posts := slices.Sorted(slices.Values(w.platform.Replies()))
	slices.Sort(w.replies)
	if diff := gocmp.Diff(w.replies, posts); diff != "" {
		w.t.Errorf("posts (-written +sent):\n%s", diff)
	}
	for _, note := range w.notes {
		if n := len(slices.DeleteFunc(slices.Clone(said), func(s string) bool { return s != "note "+note })); n != 1 {
			w.t.Errorf("the tickets hold the note %q %d times, want once", note, n)
		}
	}
	if w.other.Check != nil {
		w.other.Check(len(held), w.replies)
	}
}
