package socialcrm_test

import (
	"context"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// telling is an account whose platform tells on asking who wrote what its webhooks leave out.
type telling struct {
	*channeltest.FakeChannel
	answers []func(m *channel.Message) error // the next ones; then Mia wrote it
	reads   int
}

func (c *telling) Read(_ context.Context, id string) (channel.Message, error) {
	c.reads++
	m := channel.Message{ID: id, Author: channel.Author{ID: "mia", Name: "Mia"}}
	if len(c.answers) == 0 {
		return m, nil
	}
	answer := c.answers[0]
	c.answers = c.answers[1:]
	err := answer(&m)
	return m, err
}

func TestAnAuthorWhomTheWebhookLeftOutIsAskedForByATask(t *testing.T) {
	t.Parallel()
	fails := func(kind remote.Kind) func(*channel.Message) error {
		return func(*channel.Message) error { return &remote.Error{Op: "fakebook: read", Kind: kind} }
	}
	for name, test := range map[string]struct {
		answers []func(*channel.Message) error
		reads   int
		known   bool
	}{
		"told at once":         {nil, 1, true},
		"told later":           {[]func(*channel.Message) error{fails(remote.Unavailable), fails(remote.RateLimited)}, 3, true},
		"withheld here, too":   {[]func(*channel.Message) error{func(m *channel.Message) error { m.Author = channel.Author{}; return nil }}, 1, false},
		"gone":                 {[]func(*channel.Message) error{fails(remote.NotFound)}, 1, false},
		"another message told": {[]func(*channel.Message) error{func(m *channel.Message) error { m.ID = "other"; return nil }}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			page := &telling{FakeChannel: w.page, answers: test.answers}
			w.desk.RemoveChannel(shop)
			w.ok(w.desk.AddChannel(t.Context(), page))
			e := said("1", "", "p", "p", "Where is my parcel?", w.now)
			_, err := w.desk.Ingest(t.Context(), e)
			w.ok(err)
			if tk := w.only(); tk.Contact != "" || page.reads != 0 {
				t.Errorf("before the task: contact %q, %d reads", tk.Contact, page.reads)
			}
			w.pass(24 * time.Hour)
			if tk := w.only(); (tk.Contact != "") != test.known || page.reads != test.reads {
				t.Errorf("contact %q, %d reads; want known %t, %d reads", tk.Contact, page.reads, test.known, test.reads)
			}
			conv := ticket.ConversationKey{Account: shop, Thread: "p", Author: "mia"}
			if got := w.only().Conversations[0]; test.known && got != conv {
				t.Errorf("its conversation is %+v, want %+v", got, conv)
			}
			w.noTasks("profile/" + shop.String())
		})
	}
}

// What was written before the account was added is history, and nobody is asked about it.
func TestNobodyIsAskedForTheAuthorsOfHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := &telling{FakeChannel: w.page}
	w.desk.RemoveChannel(shop)
	w.ok(w.desk.AddChannel(t.Context(), page))
	_, err := w.desk.Ingest(t.Context(), said("1", "", "p", "p", "Where is my parcel?", w.now.Add(-365*24*time.Hour)))
	w.ok(err)
	w.pass(time.Hour)
	if page.reads != 0 {
		t.Errorf("%d reads, want none", page.reads)
	}
}
