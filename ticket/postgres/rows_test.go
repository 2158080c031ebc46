package postgres

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// counter counts what goes over the wire: round trips, statements, and rows written.
type counter struct{ trips, statements, rows atomic.Int64 }

func (c *counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.trips.Add(1)
	return ctx
}

func (c *counter) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	c.statements.Add(1)
	if !strings.HasPrefix(q.CommandTag.String(), "SELECT") {
		c.rows.Add(q.CommandTag.RowsAffected())
	}
}

func (c *counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (c *counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// newDesk returns a Desk on the Store, with three lanes, a policy and a CRM.
func newDesk(t testing.TB, store ticket.Store) (*socialcrm.Desk, channel.AccountID) {
	t.Helper()
	page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Since: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)})
	word := func(name, team, word string) routing.Lane {
		return routing.Lane{Name: name, Team: team, When: rule.Condition{Fact: "text", Word: word}}
	}
	desk, err := socialcrm.New(socialcrm.Config{Store: store, Channels: []channel.Channel{page}, Setup: socialcrm.Setup{
		Lanes:  []routing.Lane{word("billing", "money", "invoice"), word("returns", "care", "return"), {Name: "care", Team: "care"}},
		Teams:  []routing.Team{{Name: "money"}, {Name: "care"}},
		Agents: []routing.Agent{{Name: "ana", Teams: []string{"care", "money"}, Capacity: 2, AlwaysOn: true}},
		SLA: []sla.Policy{{Name: "promise", Targets: []sla.Target{
			{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)}, {Metric: sla.Resolution, Within: sla.Duration(48 * time.Hour)},
		}}},
	}})
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

func TestAMessageInAKnownConversationWritesFewRowsInFewRoundTrips(t *testing.T) {
	t.Parallel()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	count := new(counter)
	config.ConnConfig.Tracer = count
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	desk, account := newDesk(t, open(t, pool, newSchema()))
	ingest := func(events ...channel.Event) (trips, rows int64) {
		t.Helper()
		beforeTrips, beforeRows := count.trips.Load(), count.rows.Load()
		if _, err := desk.Ingest(t.Context(), events...); err != nil {
			t.Fatal(err)
		}
		return count.trips.Load() - beforeTrips, count.rows.Load() - beforeRows
	}
	for i := range 5 {
		ingest(arrival(account, i, 1))
	}
	trips, rows := ingest(arrival(account, 50, 2))
	t.Logf("the first message of a customer: %d rows, %d round trips", rows, trips)
	trips, rows = ingest(arrival(account, 6, 1))
	t.Logf("one message: %d rows, %d round trips", rows, trips)
	if rows > 12 {
		t.Errorf("a message in a known conversation writes %d rows, want 12 at most", rows)
	}
	var batch []channel.Event
	for i := range 64 {
		batch = append(batch, arrival(account, 100+i, 1))
	}
	trips, rows = ingest(batch...)
	t.Logf("64 messages: %d rows, %d round trips", rows, trips)
}
