package desktest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/ticket"
)

// Killing says how to kill.
type Killing struct {
	// Open opens the Store at an address of the test's own making: a path, a DSN. now is the clock to use for leases, where the Store lets it be chosen.
	Open func(address string, now func() time.Time) (ticket.Store, error)
	// Address is of an empty Store.
	Address string
	// Rounds is how often the process is killed. 0: 10, or what the environment variable SOCIALCRM_KILLS says.
	Rounds int
}

const (
	perRound = 25              // messages that become due with each round
	ahead    = 5 * time.Minute // how far each process's clock is ahead of the one before, so that leases of the killed one have ended
)

// Kill runs a Desk in a process of its own, the test's binary executed once more, and kills it again and again with SIGKILL at random moments while it takes
// in signed webhooks from senders that redeliver what was not acknowledged, answers every message, and pushes to a CRM. The platform and the CRM live here and
// survive. In the end every message is one message of one ticket, each answer is on the platform exactly once, the CRM holds each interaction once, no
// task is stuck, and the Invariants hold.
//
// The test that calls it must be a top-level one, and call nothing else: in the other process it is executed too.
func Kill(t *testing.T, k Killing) {
	t.Helper()
	if os.Getenv(parentVariable) != "" {
		k.child(t)
		return
	}
	if k.Rounds == 0 {
		k.Rounds = 10
		if n, err := strconv.Atoi(os.Getenv("SOCIALCRM_KILLS")); err == nil && n > 0 {
			k.Rounds = n
		}
	}
	now := func() time.Time { return time.Now().Add(skew(k.Rounds)) }
	p := newParent(t, 1, func() (ticket.Store, error) { return k.Open(k.Address, now) })
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(p.send)
	}
	start := func(round int) *running {
		return p.start(0, addressVariable+"="+k.Address, skewVariable+"="+skew(round).String())
	}
	for round := range k.Rounds {
		p.due.Add(perRound)
		process := start(round)
		time.Sleep(time.Duration(rand.IntN(int(800 * time.Millisecond))))
		process.kill(t)
	}
	p.last.Store(true)
	process := start(k.Rounds)
	senders.Wait()
	p.rest(longest+time.Duration(k.Rounds)*perKill, process)
	t.Logf("%d kills; %d messages, sent %d times; %d posts looked for", k.Rounds, k.Rounds*perRound, p.calls.Load(), p.platform.Calls(channeltest.OnFind))
	p.check(now())
}

const (
	longest = 3 * time.Minute // for the last process to come to rest: leases of the killed ones may have to end first
	perKill = 6 * time.Second // and for each kill, as messages pile up meanwhile
)

func skew(round int) time.Duration { return time.Duration(round) * ahead }
