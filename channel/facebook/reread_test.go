package facebook_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/facebook"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// told returns kind, ID and text of each event.
func told(events []channel.Event) (lines []string) {
	for _, e := range events {
		lines = append(lines, strings.TrimSpace(string(e.Kind)+" "+e.Message.ID+" "+e.Message.Text))
	}
	return lines
}

// known are messages as a round of polling tells them, by ID, each once.
func (p *polled) known() (all []channel.Message) {
	p.Helper()
	b, _ := p.round("")
	for _, e := range b.Events {
		all = append(all, e.Message)
	}
	slices.SortFunc(all, func(a, b channel.Message) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(all, func(a, b channel.Message) bool { return a.ID == b.ID })
}

func (p *polled) edits(w *written, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.edit(w.id, text)
}

func (p *polled) deletes(w *written) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delete(w.id)
}

func TestReadingAgainFindsWhatWebhooksMissed(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil)
	post := p.post(visitor, "Do you open on Sunday?", facebook.Feed)
	edited, removed := p.write(visitor, post.id, "Helo?"), p.write(visitor, post.id, "My password is hunter2")
	p.chatWith(psid, psid, "In Messenger")
	known := p.known()
	p.edits(edited, "Hello?")
	p.deletes(removed)
	p.at = p.at.Add(time.Minute)
	p.asked = nil
	events, err := p.page.Reread(t.Context(), known)
	want := []string{"edited " + edited.id + " Hello?", "deleted " + removed.id}
	if diff := cmp.Diff(want, told(events)); diff != "" || err != nil {
		t.Errorf("%v; want -, got +:\n%s", err, diff)
	}
	for _, e := range events {
		if !e.Time.Equal(p.at) || e.Message.Thread != post.id || e.Honour {
			t.Errorf("%+v; want the time of the look, the thread, and a text that stays", e)
		}
	}
	if len(p.asked) != 3 {
		t.Errorf("asked for %v; want what is public, once each", p.asked)
	}
}

// A token that may no longer read comments is told the same as one that asks for what is gone: then nothing is taken for deleted.
func TestWhatTheTokenMayNotSeeIsNotDeleted(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil)
	post := p.post(visitor, "Do you open on Sunday?", facebook.Feed)
	p.write(visitor, post.id, "Hello?")
	known := p.known()
	p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		gone(strings.TrimPrefix(r.URL.Path, "/v25.0/")).write(w)
		return true
	}
	if events, err := p.page.Reread(t.Context(), known); len(events) > 0 || err != nil {
		t.Errorf("%v, %v; want nothing", told(events), err)
	}
}

// What one comment meets costs the others nothing, unless it concerns them all.
func TestTroubleWhileReadingAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code, calls, events int
		kind                remote.Kind
	}{
		"a comment that fails":  {code: 1, calls: 3, events: 1, kind: remote.Unavailable},
		"one that is forbidden": {code: 200, calls: 3, events: 1, kind: remote.PolicyBlocked},
		"a limit":               {code: 32, calls: 1, kind: remote.RateLimited},
		"a dead token":          {code: 190, calls: 1, kind: remote.Unauthorized},
	} {
		p := newPolled(t, nil)
		post := p.post(pageID, "Taps", facebook.Feed)
		first := p.write(visitor, post.id, "One")
		p.write(visitor, post.id, "Two")
		last := p.write(visitor, post.id, "Thre")
		var known []channel.Message
		for _, m := range p.known() {
			if m.Author.ID != pageID {
				known = append(known, m)
			}
		}
		p.edits(last, "Three")
		p.refuse = refusing("/"+first.id, test.code)
		p.asked = nil
		events, err := p.page.Reread(t.Context(), known)
		if len(events) != test.events || len(p.asked) != test.calls || remote.KindOf(err) != test.kind || err == nil {
			t.Errorf("%s: %v after %d calls, %v; want %d events, %d calls, %s", name, told(events), len(p.asked), err, test.events, test.calls, test.kind)
		}
	}
}

// An edit and a removal of which no webhook told are found by the Desk, because their tickets are open; what it then hears of them from a late webhook is not told twice.
func TestTheDeskFindsEditsThatNoWebhookTold(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil)
	receiver := &facebook.Receiver{App: app}
	desk, err := socialcrm.New(socialcrm.Config{
		Channels: []channel.Channel{p.page}, Sources: []channel.Source{receiver}, Now: func() time.Time { return p.at },
	})
	if err != nil {
		t.Fatal(err)
	}
	post := p.post(pageID, "Taps, half price", facebook.AdsPosts)
	question := p.write(visitor, post.id, "Stil no tap!")
	slip := p.write(visitor, post.id, "My password is hunter2")
	if status, body := deliverTo(desk, p.webhook()); status != http.StatusOK {
		t.Fatalf("webhook: %d %s", status, body)
	}
	p.edits(question, "Still no tap!")
	p.deletes(slip)
	missed := p.webhook()
	read := func() ticket.List[ticket.Message] {
		t.Helper()
		for range 5 {
			if _, err := desk.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.at = p.at.Add(time.Minute)
		}
		tickets, err := desk.Tickets(t.Context(), ticket.TicketQuery{})
		if err != nil || len(tickets.Items) != 1 {
			t.Fatalf("%d tickets, %v", len(tickets.Items), err)
		}
		said, err := desk.Messages(t.Context(), ticket.MessageQuery{Ticket: tickets.Items[0].ID})
		if err != nil || len(said.Items) != 2 {
			t.Fatalf("%d messages, %v", len(said.Items), err)
		}
		return said
	}
	said := read()
	if m := said.Items[0]; m.Content.Text != "Still no tap!" || len(m.Versions) != 1 || m.Edited.IsZero() {
		t.Errorf("the edit: %+v", m)
	}
	if m := said.Items[1]; m.Deleted.IsZero() || m.Content.Text == "" {
		t.Errorf("the removal: %+v", m)
	}
	if status, body := deliverTo(desk, missed); status != http.StatusOK {
		t.Fatalf("webhook: %d %s", status, body)
	}
	said = read()
	if m := said.Items[0]; m.Content.Text != "Still no tap!" || len(m.Versions) != 1 {
		t.Errorf("after the webhook, the edit: %+v", m)
	}
	if m := said.Items[1]; m.Content.Text != "" {
		t.Errorf("after the webhook, which asks for that, the text is still there: %+v", m)
	}
}

// FuzzReread: whatever the Graph API answers, what is told is an edit or a deletion of what was asked for, and whole.
func FuzzReread(f *testing.F) {
	f.Add(200, []byte(`{"id":"9001_5","created_time":"2026-09-01T11:59:00+0000","from":{"id":"81001"},"message":"a","attachment":{"type":"photo"}}`))
	f.Add(200, []byte(`{"id":9001,"created_time":1788263940}`))
	f.Add(400, []byte(`{"error":{"code":100,"error_subcode":33}}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		status = 200 + (status&0x7fff)%400
		page := facebook.New(facebook.Options{
			Account: channel.Account{AccountID: channel.AccountID{ID: pageID}}, Now: func() time.Time { return time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC) },
			HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
			})},
		})
		known := []channel.Message{{ID: "9001_5", Thread: pageID + "_9001"}, {ID: pageID + "_9001", Thread: pageID + "_9001"}}
		events, err := page.Reread(t.Context(), known)
		if err != nil && remote.KindOf(err) == remote.Unknown {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Check() != nil || e.Message.ID != known[0].ID && e.Message.ID != known[1].ID || e.Kind != channel.MessageEdited && e.Kind != channel.MessageDeleted {
				t.Fatalf("%v: %+v", e.Check(), e)
			}
		}
	})
}
