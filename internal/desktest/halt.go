package desktest

import (
	"net/url"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/ticket"
)

// Halting says how to halt one of several processes.
type Halting struct {
	// Open opens the Store at an address of the test's own making.
	Open func(address string) (ticket.Store, error)
	// Address is of an empty Store.
	Address string
}

// Places at which a process is halted, each followed by what it is about.
const (
	beforeCommit = "before the commit of"
	beforeWrite  = "before the request of"
	afterWrite   = "after the request of" // what was asked for is done, the answer is not here
	beforeRecord = "before the record of" // the answer is here

	aPost     = "a post"
	aPush     = "a push" // to the CRM
	aClaim    = "a claim"
	anArrival = "an arrival"
	anOutcome = "an outcome" // of a post
)

// Every place, the four of a post first.
var everyPlace = []string{
	beforeCommit + " " + aPost, beforeWrite + " " + aPost, afterWrite + " " + aPost, beforeRecord + " " + aPost,
	beforeWrite + " " + aPush, afterWrite + " " + aPush, beforeRecord + " " + aPush,
	beforeCommit + " " + aPush, beforeCommit + " " + aClaim, beforeCommit + " " + anArrival, beforeCommit + " " + anOutcome,
}

const (
	requestTime = 800 * time.Millisecond // Config.SendTimeout of the processes
	leaseTime   = 3 * requestTime        // how long their claims last
	standing    = 10 * leaseTime         // the others must have gone on by then
)

// Halt runs Desks in several processes on one Store, each the test's binary executed once more, under the load of Kill. One after the other is halted at a
// named place of its work: killed, and replaced; or stopped, and continued after a time in which its leases have ended and the others have done its work. In the
// end all is as after Kill. Only where a process stood before the request of a post, which then goes out all the same, may there be two answers, and then the
// journal tells.
//
// There are 2 processes, or what the environment variable SOCIALCRM_PROCESSES says, and each is halted once at each of the places of a post. With SOCIALCRM_HALTS
// it is so often, and at all places.
//
// The test that calls it must be a top-level one, and call nothing else: in the other processes it is executed too.
func Halt(t *testing.T, h Halting) {
	t.Helper()
	if os.Getenv(parentVariable) != "" {
		h.child(t)
		return
	}
	processes, times, at := 2, 1, everyPlace[:4]
	if n, err := strconv.Atoi(os.Getenv("SOCIALCRM_PROCESSES")); err == nil && n > 1 {
		processes = n
	}
	if n, err := strconv.Atoi(os.Getenv("SOCIALCRM_HALTS")); err == nil && n > 0 {
		times, at = n, everyPlace
	}
	p := newParent(t, processes, func() (ticket.Store, error) { return h.Open(h.Address) })
	p.client.Timeout = requestTime
	p.twice = make(map[string]bool)
	var all []*running
	start := func(n int) *running { return p.start(n, addressVariable+"="+h.Address) }
	for n := range processes {
		all = append(all, start(n))
	}
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(p.send)
	}
	rounds := 0
	for range times {
		for _, place := range at {
			victim := all[rounds%processes]
			p.halt(victim, place, false)
			all[victim.number] = start(victim.number)
			p.halt(all[rounds%processes], place, true)
			rounds++
		}
	}
	p.last.Store(true)
	senders.Wait()
	p.rest(longest, all...)
	t.Logf("%d processes, each of %d places %d times; %d messages, sent %d times; %d posts looked for, %d sent twice", processes, len(at), times, p.due.Load(), p.calls.Load(), p.platform.Calls(channeltest.OnFind), p.sentTwice())
	p.check(time.Now())
	if t.Failed() {
		for _, r := range all {
			t.Logf("process %d:\n%s", r.number, r.output)
		}
	}
}

// halting is the place at which a process is to be halted next, if any, and what that may lead to.
type halting struct {
	armed *stand
	twice map[string]bool // messages of whose answer a request stood still
}

// stand is a process that stands, or will stand, at a place.
type stand struct {
	process *running
	place   string
	reached chan struct{} // closed when it stands there
	goOn    chan struct{} // closed when it may go on
}

// halt halts a process when it next comes to the place.
func (p *parent) halt(r *running, place string, stop bool) {
	p.t.Helper()
	s := &stand{r, place, make(chan struct{}), make(chan struct{})}
	defer close(s.goOn)
	for p.addresses[r.number].Load() == "" {
		time.Sleep(time.Millisecond)
	}
	p.mu.Lock()
	p.armed = s
	p.mu.Unlock()
	p.tell(r, "/halt?at="+url.QueryEscape(place))
	for tries := 0; ; tries++ {
		p.due.Add(2) // so that it comes there
		select {
		case <-s.reached:
		case err := <-r.ended:
			p.t.Fatalf("process %d ended by itself: %v\n%s", r.number, err, r.output)
		case <-time.After(50 * time.Millisecond):
			if tries > 600 {
				p.t.Fatalf("process %d never came to where it is %s\n%s", r.number, place, r.output)
			}
			continue
		}
		break
	}
	if !stop {
		p.addresses[r.number].Store("")
		r.kill(p.t)
		return
	}
	if err := r.process.Signal(syscall.SIGSTOP); err != nil {
		p.t.Fatal(err)
	}
	stopped := time.Now()
	for time.Since(stopped) < leaseTime*5/4 || p.answered() < int(p.due.Load()) {
		if time.Since(stopped) > standing {
			p.t.Errorf("while a process stands %s the others do not go on: %d answers to %d messages after %v", place, p.answered(), p.due.Load(), standing)
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := r.process.Signal(syscall.SIGCONT); err != nil {
		p.t.Fatal(err)
	}
}

// stand keeps a process at the place that it has come to, if it is to be halted there.
func (p *parent) stand(number int, place, message string) {
	p.mu.Lock()
	s := p.armed
	if s == nil || s.process.number != number || s.place != place {
		p.mu.Unlock()
		return
	}
	p.armed = nil
	if place == beforeWrite+" "+aPost {
		p.twice[message] = true
	}
	p.mu.Unlock()
	close(s.reached)
	<-s.goOn
}

// mayBeTwice reports whether the answer to a message may be there twice.
func (p *parent) mayBeTwice(message string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.twice[message]
}

// sentTwice counts the messages that were answered twice.
func (p *parent) sentTwice() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, answers := range p.answers {
		n += answers - 1
	}
	return n
}
