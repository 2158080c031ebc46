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

// parent is the world around processes that are killed or stopped: platform, CRM and senders.
type parent struct {
	t        *testing.T
	open     func() (ticket.Store, error)
	platform *channeltest.Platform
	page     *channeltest.FakeChannel
	crm      *crmtest.Fake
	server   *httptest.Server
	client   http.Client // the senders'

	mu      sync.Mutex
	answers map[string]int // that the platform has taken, by the message that they answer
	halting

	due, next atomic.Int64 // messages: how many may be sent by now, and which is sent next
	last      atomic.Bool  // no more become due
	calls     atomic.Int64
	addresses []atomic.Value // string: where each process takes webhooks
}

func newParent(t *testing.T, processes int, open func() (ticket.Store, error)) *parent {
	p := &parent{t: t, open: open, platform: channeltest.New(channeltest.Options{}), crm: crmtest.New(crmtest.Options{}), addresses: make([]atomic.Value, processes), answers: make(map[string]int)}
	p.page = p.platform.Account(shop)
	for i := range p.addresses {
		p.addresses[i].Store("")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{process}/hello", func(_ http.ResponseWriter, r *http.Request) {
		p.addresses[number(r)].Store(r.URL.Query().Get("address"))
	})
	mux.HandleFunc("POST /{process}/at", func(_ http.ResponseWriter, r *http.Request) {
		p.stand(number(r), r.URL.Query().Get("place"), r.URL.Query().Get("for"))
	})
	mux.HandleFunc("POST /{process}/send", serve(func(r *http.Request, in outgoing) (sent, error) {
		if !in.Until.IsZero() && time.Now().After(in.Until) {
			return sent{}, errors.New("the request has ended") // nobody waits for it any more
		}
		s, err := p.page.Send(t.Context(), in.Out) // to the end, also when who asked has died meanwhile
		p.note(in.Out.InReplyTo, err)
		p.stand(number(r), afterWrite+" "+aPost, in.Out.InReplyTo)
		return sent{Sent: s}, err
	}))
	mux.HandleFunc("POST /{process}/find", serve(func(_ *http.Request, in outgoing) (sent, error) {
		finding, s, err := p.page.Find(t.Context(), in.Out, in.Tried)
		return sent{finding, s}, err
	}))
	mux.HandleFunc("POST /{process}/push", serve(func(r *http.Request, in pushed) (pushed, error) {
		receipt, err := p.crm.Push(t.Context(), in.Change)
		p.stand(number(r), afterWrite+" "+aPush, "")
		return pushed{Receipt: receipt}, err
	}))
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

// number is that of the process that calls.
func number(r *http.Request) int {
	n, _ := strconv.Atoi(r.PathValue("process"))
	return n
}

// running is a process that was started.
type running struct {
	number  int
	process *os.Process
	output  *bytes.Buffer
	ended   chan error
}

// start starts a process: the test's binary, executed once more.
func (p *parent) start(number int, environment ...string) *running {
	p.t.Helper()
	self, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	c := exec.CommandContext(p.t.Context(), self, "-test.run=^"+p.t.Name()+"$", "-test.count=1")
	c.Env = append(append(os.Environ(), parentVariable+"="+p.server.URL+"/"+strconv.Itoa(number)), environment...)
	r := &running{number: number, output: new(bytes.Buffer), ended: make(chan error, 1)}
	c.Stdout, c.Stderr = r.output, r.output
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	r.process = c.Process
	go func() { r.ended <- c.Wait() }()
	return r
}

// kill kills the process and waits until it is gone.
func (r *running) kill(t *testing.T) {
	t.Helper()
	if err := r.process.Kill(); err != nil {
		t.Fatal(err)
	}
	err := <-r.ended
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != -1 {
		t.Fatalf("the process ended by itself: %v\n%s", err, r.output)
	}
}

// send sends messages that are due, each until it is acknowledged.
func (p *parent) send() {
	for {
		n := p.next.Add(1)
		for n > p.due.Load() {
			if p.last.Load() && n > p.due.Load() || p.t.Context().Err() != nil {
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

// acknowledged makes a call to one of the processes.
func (p *parent) acknowledged(call channel.Call) bool {
	address := p.addresses[rand.IntN(len(p.addresses))].Load().(string)
	if address == "" {
		return false
	}
	p.calls.Add(1)
	r, err := http.NewRequestWithContext(p.t.Context(), call.Method, address+call.Path, bytes.NewReader(call.Body))
	if err != nil {
		return false
	}
	r.Header = call.Header
	answer, err := p.client.Do(r)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// tell posts to a process.
func (p *parent) tell(r *running, path string) {
	p.t.Helper()
	answer, err := http.Post(p.addresses[r.number].Load().(string)+path, "", nil)
	if err != nil {
		p.t.Fatalf("%v\n%s", err, r.output)
	}
	answer.Body.Close()
}

// left is how much the process says is still to do; -1: nobody knows.
func (p *parent) left(r *running) int {
	left := -1
	if answer, err := http.Get(p.addresses[r.number].Load().(string) + "/left"); err == nil {
		if json.NewDecoder(answer.Body).Decode(&left) != nil {
			left = -1
		}
		answer.Body.Close()
	}
	return left
}

// answered is how many messages have an answer.
func (p *parent) answered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.answers)
}

// note notes that the platform has taken the answer to a message.
func (p *parent) note(message string, err error) {
	if err == nil {
		p.mu.Lock()
		p.answers[message]++
		p.mu.Unlock()
	}
}

// rest waits until nothing is left to do, and lets the processes end.
func (p *parent) rest(within time.Duration, processes ...*running) {
	p.t.Helper()
	deadline := time.Now().Add(within)
	for quiet := 0; quiet < 5; time.Sleep(20 * time.Millisecond) {
		left := p.left(processes[0])
		if quiet++; left != 0 || p.answered() < int(p.due.Load()) {
			quiet = 0
		}
		for _, r := range processes {
			select {
			case err := <-r.ended:
				p.t.Fatalf("a process ended by itself: %v\n%s", err, r.output)
			default:
			}
		}
		if time.Now().After(deadline) {
			p.t.Errorf("after %v there are %d answers to %d messages, and %d tasks are left", within, p.answered(), p.due.Load(), left)
			break
		}
	}
	for _, r := range processes {
		p.tell(r, "/stop")
		if err := <-r.ended; err != nil {
			p.t.Fatalf("a process did not end well: %v\n%s", err, r.output)
		}
	}
}

// check looks at what is stored, what is on the platform and what the CRM holds.
func (p *parent) check(now time.Time) {
	p.t.Helper()
	store, err := p.open()
	if err != nil {
		p.t.Fatal(err)
	}
	defer store.Close()
	wrong := 0
	for _, post := range p.platform.Posts() {
		n := p.answers[post.ID]
		if post.ByBrand || n == 1 || n == 2 && p.mayBeTwice(post.ID) { // then the Invariants want it to be in the journal
			continue
		}
		if wrong++; wrong <= 10 {
			p.t.Errorf("%q was answered %d times", post.Text, n)
		}
	}
	if wrong > 10 {
		p.t.Errorf("%d messages in all were not answered once", wrong)
	}
	(&Invariants{Reporter: p.t, Now: now, Platform: p.platform, CRM: p.crm, Store: store}).Check()
}
