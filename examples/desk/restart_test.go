package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/examples/desk/internal/standin"
)

// asDesk makes this test binary the command, so that a test can kill it and start it again.
const asDesk = "DESK_TEST_CONFIG"

func TestMain(m *testing.M) {
	if file := os.Getenv(asDesk); file != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := run(ctx, []string{"-config", file}, os.Getenv, os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// TestNothingIsLostOrDoneTwiceWhenTheProcessIsKilled goes the whole way: a comment comes in by a signed webhook, is answered by the HTTP API, moved to private and resolved. In
// the middle the process is killed, and another one goes on with the same SQLite file.
func TestNothingIsLostOrDoneTwiceWhenTheProcessIsKilled(t *testing.T) {
	t.Parallel()
	st, err := newStage()
	if err != nil {
		t.Fatal(err)
	}
	defer st.close()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	st.Listen, st.Store = "127.0.0.1:0", "sqlite:"+filepath.Join(t.TempDir(), "desk.db")
	file := filepath.Join(t.TempDir(), "desk.json")
	data, err := json.Marshal(st.Config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	go st.facebook.Deliver(ctx)

	first := start(t, st, file)
	s := &story{ctx: ctx, out: io.Discard, stage: st, ana: st.agent(first.address, "ana")}
	ok := func() {
		t.Helper()
		if s.err != nil {
			t.Fatalf("%v\n%s", s.err, first.log)
		}
	}
	forged := st.facebook.App
	forged.Secrets = []string{"another"}
	if status, err := standin.Call(ctx, forged, first.address+"/webhooks/facebook", []byte(`{"object":"page","entry":[]}`)); status != http.StatusUnauthorized {
		t.Fatalf("a forged webhook call: %d, %v", status, err)
	}
	s.come(s.ana, "Ana")
	tk := s.find(st.facebook.Comment("81001", "Mia Weber", "The brake of my new bike squeaks."))
	ok()
	answer := map[string]string{"text": "Sorry to hear that, Mia.", "then": "pending"}
	receipt, err := s.ana.do(ctx, tk.ID, "reply", "first-answer", answer)
	if err != nil {
		t.Fatal(err)
	}
	s.await("the answer in Salesforce", func() bool { return slices.Contains(texts(st.org), answer["text"]) })
	s.await("quiet", func() bool { return first.due(ctx, s.ana) == 0 })
	ok()
	first.kill()
	st.facebook.Comment("81001", "Mia Weber", "And it is loud.") // while nobody is there

	second := start(t, st, file)
	s.ana.address = second.address
	again, err := s.ana.do(ctx, tk.ID, "reply", "first-answer", answer) // the agent's program never saw the receipt
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(receipt, again); d != "" {
		t.Errorf("the same key after the restart (-first +second):\n%s", d)
	}
	s.await("what Mia wrote meanwhile", func() bool { return s.said(tk, "And it is loud.") })
	s.act(s.ana, tk, "private", "text", "Which frame number is it?", "then", "pending")
	s.await("the answer in private", func() bool { return len(st.facebook.Answers()) == 2 })
	st.facebook.Message("81001", "HB-1042")
	s.await("what Mia wrote in private", func() bool { return s.said(tk, "HB-1042") })
	s.act(s.ana, tk, "resolve", "reason", "Mia comes by")
	s.await("a solved case", func() bool {
		return slices.ContainsFunc(st.org.Records("Case"), func(c standin.Record) bool { return c.Text("Social_Status__c") == "solved" })
	})
	s.await("all of it in Salesforce", func() bool { return len(texts(st.org)) >= 5 })
	s.await("quiet", func() bool { return second.due(ctx, s.ana) == 0 })
	ok()
	if err := second.stop(); err != nil {
		t.Errorf("stopped by a signal: %v\n%s", err, second.log)
	}

	var said []string
	for _, a := range st.facebook.Answers() {
		said = append(said, a.Text)
	}
	if d := cmp.Diff([]string{answer["text"], "Which frame number is it?"}, said); d != "" {
		t.Errorf("the Page said (-want +got):\n%s", d)
	}
	want := []string{"And it is loud.", "HB-1042", "Sorry to hear that, Mia.", "The brake of my new bike squeaks.", "Which frame number is it?"}
	if d := cmp.Diff(want, slices.Sorted(slices.Values(texts(st.org)))); d != "" {
		t.Errorf("Salesforce holds (-want +got):\n%s", d)
	}
	if contacts, cases := st.org.Records("Contact"), st.org.Records("Case"); len(contacts) != 1 || len(cases) != 1 || contacts[0].Text("LastName") != "Mia Weber" || cases[0].Text("Status") != "Closed" {
		t.Errorf("Salesforce holds the contacts %v and the cases %v, want one of each", contacts, cases)
	}
	for name, secret := range st.secrets {
		if log := first.log.String() + second.log.String(); strings.Contains(log, secret) {
			t.Errorf("%s is in the log:\n%s", name, log)
		}
	}
}

// texts returns what the interactions in the org say.
func texts(o *standin.Org) (all []string) {
	for _, r := range o.Records("Social_Interaction__c") {
		all = append(all, r.Text("Social_Text__c"))
	}
	return all
}

// process is a desk in a process of its own.
type process struct {
	*exec.Cmd
	address string
	log     *logged
}

// start starts a desk and waits until it is open; Facebook's webhook goes there from then on.
func start(t *testing.T, st *stage, file string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0]), log: &logged{open: make(chan string, 1)}}
	p.Env = append(os.Environ(), asDesk+"="+file)
	for name, secret := range st.secrets {
		p.Env = append(p.Env, name+"="+secret)
	}
	p.Stderr = p.log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() }) // where the test ended early
	select {
	case address := <-p.log.open:
		p.address = "http://" + address
	case <-time.After(30 * time.Second):
		t.Fatalf("the desk did not open:\n%s", p.log)
	}
	st.facebook.Subscribe(p.address + "/webhooks/facebook")
	return p
}

func (p *process) kill() {
	_ = p.Process.Kill()
	_ = p.Wait() // it was killed, and says so
}

func (p *process) stop() error {
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.Wait()
}

// due tells how many tasks should have been done by now.
func (p *process) due(ctx context.Context, c client) int {
	var vars struct {
		Due int `json:"tasks_due"`
	}
	if err := c.call(ctx, http.MethodGet, "/debug/vars", "", nil, &vars); err != nil {
		return -1
	}
	return vars.Due
}

// logged keeps a log and finds the address in it.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
	open chan string
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(p)
	lines := bufio.NewScanner(bytes.NewReader(p))
	for lines.Scan() {
		if _, address, ok := strings.Cut(lines.Text(), `msg="desk is open" address=`); ok {
			l.open <- address
		}
	}
	return len(p), nil
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
