package desktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
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
	longest  = 3 * time.Minute // for the last process to come to rest: leases of the killed ones may have to end first
	perKill  = 6 * time.Second // and for each kill, as messages pile up meanwhile
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
	p := newParent(t, k)
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(p.send)
	}
	for round := range k.Rounds {
		p.due.Add(perRound)
		process := p.start(round)
		time.Sleep(time.Duration(rand.IntN(int(800 * time.Millisecond))))
		if err := process.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := process.Wait(); !killed(err) {
			t.Fatalf("round %d: the process ended by itself: %v\n%s", round, err, p.output)
		}
	}
	process := p.start(k.Rounds)
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	senders.Wait()
	p.rest(ended)
	t.Logf("%d kills; %d messages, sent %d times; %d posts looked for", k.Rounds, k.Rounds*perRound, p.calls.Load(), p.platform.Calls(channeltest.OnFind))
	p.check()
}

func killed(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	return ok && exit.ExitCode() == -1
}

// parent is the world around the process: platform, CRM and senders.
type parent struct {
	t        *testing.T
	k        Killing
	platform *channeltest.Platform
	page     *channeltest.FakeChannel
	crm      *crmtest.Fake
	server   *httptest.Server
	output   *bytes.Buffer // of the process that runs

	due, next atomic.Int64 // messages: how many may be sent by now, and which is sent next
	calls     atomic.Int64
	address   atomic.Value // string: where the process takes webhooks
}

func newParent(t *testing.T, k Killing) *parent {
	p := &parent{t: t, k: k, platform: channeltest.New(channeltest.Options{}), crm: crmtest.New(crmtest.Options{})}
	p.page = p.platform.Account(shop)
	p.address.Store("")
	mux := http.NewServeMux()
	mux.HandleFunc("POST /hello", func(_ http.ResponseWriter, r *http.Request) { p.address.Store(r.URL.Query().Get("address")) })
	mux.HandleFunc("POST /send", serve(func(in outgoing) (sent, error) {
		s, err := p.page.Send(t.Context(), in.Out) // to the end, also when who asked has died meanwhile
		return sent{Sent: s}, err
	}))
	mux.HandleFunc("POST /find", serve(func(in outgoing) (sent, error) {
		finding, s, err := p.page.Find(t.Context(), in.Out, in.Tried)
		return sent{finding, s}, err
	}))
	mux.HandleFunc("POST /push", serve(func(in pushed) (pushed, error) {
		receipt, err := p.crm.Push(t.Context(), in.Change)
		return pushed{Receipt: receipt}, err
	}))
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

// start starts the process.
func (p *parent) start(round int) *exec.Cmd {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	process := exec.CommandContext(p.t.Context(), self, "-test.run=^"+p.t.Name()+"$", "-test.count=1")
	process.Env = append(os.Environ(), parentVariable+"="+p.server.URL, addressVariable+"="+p.k.Address, skewVariable+"="+skew(round).String())
	p.output = new(bytes.Buffer)
	process.Stdout, process.Stderr = p.output, p.output
	if err := process.Start(); err != nil {
		p.t.Fatal(err)
	}
	return process
}

func skew(round int) time.Duration { return time.Duration(round) * ahead }

// send sends messages that are due, each until it is acknowledged.
func (p *parent) send() {
	for {
		n := p.next.Add(1)
		for n > p.due.Load() {
			if n > int64(p.k.Rounds*perRound) || p.t.Context().Err() != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
		customer := p.platform.Customer(fmt.Sprint("customer", n%17))
		var m channel.Message
		if text := fmt.Sprint("Message number ", n); n%3 == 0 {
			m = customer.Post(p.page, text)
		} else {
			m = customer.Write(p.page, text)
		}
		call := p.platform.CallFor(channel.Event{Kind: channel.MessageReceived, Account: p.page.Account().AccountID, Message: m})
		for !p.acknowledged(call) && p.t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}
}

func (p *parent) acknowledged(call channel.Call) bool {
	address := p.address.Load().(string)
	if address == "" {
		return false
	}
	p.calls.Add(1)
	r, err := http.NewRequestWithContext(p.t.Context(), call.Method, address+call.Path, bytes.NewReader(call.Body))
	if err != nil {
		return false
	}
	r.Header = call.Header
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// rest waits until nothing is left to do, and lets the process end.
func (p *parent) rest(ended <-chan error) {
	p.t.Helper()
	deadline := time.Now().Add(longest + time.Duration(p.k.Rounds)*perKill)
	for quiet := 0; quiet < 5; time.Sleep(20 * time.Millisecond) {
		left := -1
		if answer, err := http.Get(p.address.Load().(string) + "/left"); err == nil {
			if json.NewDecoder(answer.Body).Decode(&left) != nil {
				left = -1
			}
			answer.Body.Close()
		}
		if quiet++; left != 0 || len(p.platform.Replies()) < p.k.Rounds*perRound {
			quiet = 0
		}
		select {
		case err := <-ended:
			p.t.Fatalf("the last process ended by itself: %v\n%s", err, p.output)
		default:
		}
		if time.Now().After(deadline) {
			p.t.Errorf("after %v there are %d answers to %d messages, and %d tasks are left", longest+time.Duration(p.k.Rounds)*perKill, len(p.platform.Replies()), p.k.Rounds*perRound, left)
			break
		}
	}
	answer, err := http.Post(p.address.Load().(string)+"/stop", "", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	answer.Body.Close()
	if err := <-ended; err != nil {
		p.t.Fatalf("the last process: %v\n%s", err, p.output)
	}
}

// check looks at what is stored, what is on the platform and what the CRM holds.
func (p *parent) check() {
	p.t.Helper()
	now := func() time.Time { return time.Now().Add(skew(p.k.Rounds)) }
	store, err := p.k.Open(p.k.Address, now)
	if err != nil {
		p.t.Fatal(err)
	}
	defer store.Close()
	answers := make(map[string]int)
	for _, post := range p.platform.Posts() {
		if post.ByBrand {
			answers[post.Outgoing.InReplyTo]++
		}
	}
	wrong := 0
	for _, post := range p.platform.Posts() {
		if n := answers[post.ID]; !post.ByBrand && n != 1 {
			if wrong++; wrong <= 10 {
				p.t.Errorf("%q was answered %d times", post.Text, n)
			}
		}
	}
	if wrong > 10 {
		p.t.Errorf("%d messages in all were not answered once", wrong)
	}
	(&Invariants{Reporter: p.t, Now: now(), Platform: p.platform, CRM: p.crm, Store: store}).Check()
}
