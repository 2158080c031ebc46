package socialcrm_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/routing"
)

func TestTicketTakesOfAnAgentsCapacityWhatTheRouterSays(t *testing.T) {
	t.Parallel()
	page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: shop, Since: time.Unix(1, 0)})
	desk, err := socialcrm.New(socialcrm.Config{Setup: company(), Channels: []channel.Channel{page}, Router: routing.RouterFunc(func(context.Context, routing.Query) (routing.Decision, error) {
		return routing.Decision{Lane: "care", Team: "care", Candidates: []string{"ana"}, Weight: 2}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	results, err := desk.Ingest(t.Context(), wrote("1", "Hello?"), wrote("2", "Hello?"))
	if err != nil {
		t.Fatal(err)
	}
	var agents []string
	for _, r := range results {
		tk, err := desk.Ticket(t.Context(), r.Ticket)
		if err != nil {
			t.Fatal(err)
		}
		agents = append(agents, tk.Agent)
	}
	if diff := cmp.Diff([]string{"ana", ""}, agents); diff != "" {
		t.Errorf("agents (-want +got):\n%s", diff)
	}
}

func TestReopenedTicketGoesToItsAgentOnlyWhereThereIsRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.asked("mia", "Where is it?")
	w.must(w.desk.Resolve(t.Context(), first, ana, ""))
	w.asked("noa", "Mine too")
	w.asked("oli", "And mine")
	w.must(w.desk.Reopen(t.Context(), first, ana, "too early"))
	if got := w.ticket(first); got.Agent != "" {
		t.Errorf("the ticket is with %q, who has two of two", got.Agent)
	}
}
