package salesforce

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// office is a Desk between a platform and the org, and a clock that the test moves.
type office struct {
	t        *testing.T
	now      time.Time
	platform *channeltest.Platform
	page     *channeltest.FakeChannel
	org      *org
	staff    staff
	desk     *socialcrm.Desk
}

func newOffice(t *testing.T) *office {
	w := &office{t: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return w.now }
	w.platform = channeltest.New(channeltest.Options{Now: now, Public: channel.Traits{Echoes: true}, Private: channel.Traits{Echoes: true}})
	w.page = w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Name: "Shop"})
	m := mapping()
	m.Owners = map[string]string{"ana": "005Qy000000000A", "ben": "005Qy000000000B"}
	o := newOrg()
	o.clock = now
	sink := New(Options{
		Instance: "https://acme.example", HTTP: &http.Client{Transport: direct{o}}, Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}), Mapping: m, Now: now,
	})
	w.org, w.staff = o, o.staff(sink.words)
	desk, err := socialcrm.New(socialcrm.Config{
		Store: ticket.NewMemory(&ticket.MemoryOptions{Now: now}), Channels: []channel.Channel{w.page}, Now: now,
		Setup: socialcrm.Setup{
			Lanes: []routing.Lane{{Name: "care", Team: "care"}}, Teams: []routing.Team{{Name: "care"}},
			Agents: []routing.Agent{{Name: "ana", Teams: []string{"care"}, AlwaysOn: true}, {Name: "ben", Teams: []string{"care"}, AlwaysOn: true}},
		},
	})
	if err == nil {
		err = desk.AddSink(sink)
	}
	w.desk = desk
	w.ok(err)
	return w
}

// direct calls a handler without a network, so that time stands still meanwhile.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	defer func() {
		if told := recover(); told != nil {
			answer, err = nil, fmt.Errorf("the connection broke: %v", told)
		}
	}()
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

func (w *office) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// pass lets time pass, and the Desk do all that becomes due meanwhile, at its time.
func (w *office) pass(d time.Duration) {
	w.t.Helper()
	for end := w.now.Add(d); ; {
		next, err := w.desk.Tick(w.t.Context())
		w.ok(err)
		if next.IsZero() || next.After(end) {
			w.now = end
			return
		}
		if next.After(w.now) {
			w.now = next
		}
	}
}

func (w *office) tickets() []ticket.Ticket {
	w.t.Helper()
	list, err := w.desk.Tickets(w.t.Context(), ticket.TicketQuery{})
	w.ok(err)
	slices.SortFunc(list.Items, func(a, b ticket.Ticket) int { return cmp.Compare(a.ID, b.ID) })
	return list.Items
}

func (w *office) entries() int {
	w.t.Helper()
	n, q := 0, ticket.JournalQuery{}
	for {
		list, err := w.desk.Journal(w.t.Context(), q)
		w.ok(err)
		if len(list) == 0 {
			return n
		}
		n, q.After = n+len(list), list[len(list)-1].Position
	}
}

// TestTwoWaysAgree lets agents, customers and the people of the org change things at random, while calls get lost and refused; in the end both sides hold the same, every text
// went out and was kept once, and then nothing moves any more.
func TestTwoWaysAgree(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 7))
			w := newOffice(t)
			for i := range 3 {
				w.platform.Customer(fmt.Sprint("customer ", i)).Write(w.page, "Hello?")
			}
			w.pass(2 * time.Minute)
			statuses := []ticket.Status{ticket.Open, ticket.Pending, ticket.OnHold, ticket.Solved}
			agents := []string{"ana", "ben", ""}
			var replies, notes []string
			for i := range 200 {
				tk := w.tickets()[random.IntN(3)]
				by, caseKey := socialcrm.By{Actor: ticket.Agent("ana")}, string(tk.ID)
				text := fmt.Sprintf("text %03d", i)
				switch random.IntN(10) {
				case 0:
					_, _ = w.desk.Assign(t.Context(), tk.ID, by, agents[random.IntN(3)]) // some of this makes no sense, and is refused
				case 1:
					_, _ = w.desk.SetStatus(t.Context(), tk.ID, by, statuses[random.IntN(4)], "")
				case 2:
					if _, err := w.desk.Reply(t.Context(), tk.ID, by, socialcrm.Reply{Text: text}); err == nil {
						replies = append(replies, text)
					}
				case 3:
					_, err := w.desk.Note(t.Context(), tk.ID, by, text)
					w.ok(err)
					notes = append(notes, text)
				case 4:
					w.platform.Customer(fmt.Sprint("customer ", random.IntN(3))).Write(w.page, text)
				case 5, 6:
					w.ok(w.staff.SetStatus("zoe", caseKey, statuses[random.IntN(4)]))
				case 7:
					w.ok(w.staff.Assign("zoe", caseKey, agents[random.IntN(3)]))
				case 8:
					w.ok(w.staff.Reply("zoe", caseKey, text))
					replies = append(replies, text)
				case 9:
					w.ok(w.staff.Note("zoe", caseKey, text))
					notes = append(notes, text)
				}
				if random.IntN(12) == 0 {
					w.org.mu.Lock()
					fault := faults[random.IntN(len(faults))]
					w.org.faults = append(w.org.faults, &fault)
					w.org.mu.Unlock()
				}
				if random.IntN(3) == 0 {
					w.pass(time.Duration(random.IntN(90)) * time.Second)
				}
			}
			w.pass(2 * time.Hour)
			w.agree(replies, notes)

			entries, before := w.entries(), w.org.snapshot()
			w.pass(3 * time.Hour)
			if n := w.entries() - entries; n != 0 {
				t.Errorf("%d entries in the journal of hours in which nobody did anything", n)
			}
			if diff := gocmp.Diff(before, w.org.snapshot()); diff != "" {
				t.Errorf("the org changed in hours in which nobody did anything:\n%s", diff)
			}
		})
	}
}

// agree compares the tickets with the cases, and what was written with what is held.
func (w *office) agree(replies, notes []string) {
	w.t.Helper()
	tickets := w.tickets()
	if n := len(w.org.objects[caseObject]); n != len(tickets) {
		w.t.Errorf("the org has %d cases, want %d", n, len(tickets))
	}
	var held, said []string
	for _, tk := range tickets {
		r, _ := w.org.record(caseObject, string(tk.ID))
		words := w.staff.words
		want := [4]string{string(tk.Status), words.caseStatus(tk.Status), tk.Agent, words.owner(tk.Agent)}
		if got := [4]string{text(r, "Social_Status__c"), text(r, "Status"), text(r, "Social_Agent__c"), longID(text(r, "OwnerId"))}; got != want {
			w.t.Errorf("case %s holds %q, want %q", tk.ID, got, want)
		}
		messages, err := w.desk.Messages(w.t.Context(), ticket.MessageQuery{Ticket: tk.ID, Page: ticket.Page{Limit: 1000}})
		w.ok(err)
		for _, m := range messages.Items {
			said = append(said, string(m.Direction)+" "+m.Content.Text)
		}
		for _, in := range w.org.interactions(string(tk.ID)) {
			held = append(held, string(in.Direction)+" "+in.Text)
		}
	}
	var ours []string // what the org's people wrote as notes is there already
	for _, s := range said {
		if note, ok := strings.CutPrefix(s, "note "); !ok || !w.writtenThere(note) {
			ours = append(ours, s)
		}
	}
	slices.Sort(held)
	slices.Sort(ours)
	if diff := gocmp.Diff(ours, held); diff != "" {
		w.t.Errorf("interactions (-said +held):\n%s", diff)
	}
	there := make(map[string]int) // records of each text, by whomever
	for r := range maps.Values(w.org.objects[interactionObject]) {
		there[text(r, "Social_Text__c")]++
	}
	for _, reply := range replies {
		if there[reply] != 1 {
			w.t.Errorf("the org shows the answer %q %d times, want once", reply, there[reply])
		}
	}
	posts := slices.Sorted(slices.Values(w.platform.Replies()))
	slices.Sort(replies)
	if diff := gocmp.Diff(replies, posts); diff != "" {
		w.t.Errorf("posts (-written +sent):\n%s", diff)
	}
	for _, note := range notes {
		if n := len(slices.DeleteFunc(slices.Clone(said), func(s string) bool { return s != "note "+note })); n != 1 {
			w.t.Errorf("the tickets hold the note %q %d times, want once", note, n)
		}
	}
}

// writtenThere reports whether the org's people wrote the text as a record of their own.
func (w *office) writtenThere(s string) bool {
	for r := range maps.Values(w.org.objects[interactionObject]) {
		if text(r, keyField) == "" && text(r, "Social_Text__c") == s {
			return true
		}
	}
	return false
}

// faults are what a call meets now and then.
var faults = []crmtest.Fault{crmtest.Fail(remote.Unavailable), crmtest.Fail(remote.RateLimited), crmtest.Lose(), crmtest.Cut(1), crmtest.Cut(2)}
