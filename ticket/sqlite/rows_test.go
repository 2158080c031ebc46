package sqlite

import (
	"fmt"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// newDesk returns a Desk on the Store, with three lanes, a policy and a CRM.
func newDesk(t testing.TB, store ticket.Store) (*socialcrm.Desk, channel.AccountID) {
	t.Helper()
	page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Since: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)})
	desk, err := socialcrm.New(socialcrm.Config{
		Store: store, Channels: []channel.Channel{page},
		Setup: socialcrm.Setup{
			Lanes: []routing.Lane{
				{Name: "billing", Team: "money", When: rule.Condition{Fact: "text", Word: "invoice"}}, {Name: "returns", Team: "care", When: rule.Condition{Fact: "text", Word: "return"}},
				{Name: "care", Team: "care"},
			},
			Teams:  []routing.Team{{Name: "money"}, {Name: "care"}},
			Agents: []routing.Agent{{Name: "ana", Teams: []string{"care", "money"}, Capacity: 2, AlwaysOn: true}},
			SLA:    []sla.Policy{{Name: "promise", Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)}, {Metric: sla.Resolution, Within: sla.Duration(48 * time.Hour)}}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := desk.AddSink(crmtest.New(crmtest.Options{})); err != nil {
		t.Fatal(err)
	}
	return desk, page.Account().AccountID
}

func arrival(account channel.AccountID, n, conversation int) channel.Event {
	return channel.Event{Kind: channel.MessageReceived, Account: account, Message: channel.Message{
		ID: fmt.Sprint("m", n), Thread: fmt.Sprint("t", conversation), Author: channel.Author{ID: fmt.Sprint("a", conversation), Name: "Mia Huber", Handle: "mia"},
		Text: "Where is my parcel? I have been waiting for days, and nobody answers the phone.", Time: time.Date(2026, 3, 2, 9, 0, n, 0, time.UTC),
	}}
}

func TestAMessageInAKnownConversationWritesFewRows(t *testing.T) {
	t.Parallel()
	s := openTest(t, nil)
	desk, account := newDesk(t, s)
	changes := func() int64 {
		w := <-s.writer
		defer func() { s.writer <- w }()
		n, err := w.number("SELECT total_changes()")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for n := range 5 {
		before := changes()
		if results, err := desk.Ingest(t.Context(), arrival(account, n, 1)); err != nil || results[0].Outcome == socialcrm.Quarantined {
			t.Fatal(results, err)
		}
		if rows := changes() - before; n > 0 && rows > 12 {
			t.Errorf("message %d wrote %d rows, want at most 12", n, rows)
		} else if rows == 0 {
			t.Errorf("message %d wrote nothing", n)
		}
	}
}
