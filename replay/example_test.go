package replay_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/replay"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// A host's test plays a case through the host's own company and reads in the journal what came of it.
func Example() {
	steps, err := replay.ReadScenario(strings.NewReader(`
{"event":{"kind":"received","account":"mastodon/acme","time":"2026-03-02T09:00:00Z","message":{"id":"m1","author":{"id":"ann"},"text":"Where is my parcel?"}}}
{"action":{"time":"2026-03-02T09:50:00Z","verb":"reply","agent":"kim","account":"mastodon/acme","message":"m1","text":"It arrives today.","then":"solved"}}
`))
	if err != nil {
		log.Fatal(err)
	}
	setup := replay.DefaultSetup()
	setup.SLA[0].Targets = []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(30 * time.Minute)}}
	report, err := replay.Run(context.Background(), steps, replay.Options{
		Setup: &setup,
		Entry: func(e ticket.Entry) {
			if e.Kind == ticket.ClockBreached || e.Kind == ticket.ReplySent {
				fmt.Printf("%s %s of ticket %s\n", e.Happened.Format("15:04"), e.Kind, e.Ticket)
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d ticket, answered after %.0f seconds, %d breached\n", report.Tickets, report.FirstResponse.Median, report.SLA[sla.FirstResponse].Breached)
	// Output:
	// 09:30 clock.breached of ticket 4n5mbdugsss5h
	// 09:50 reply.sent of ticket 4n5mbdugsss5h
	// 1 ticket, answered after 3000 seconds, 1 breached
}
