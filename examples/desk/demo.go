package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel/meta"
	"github.com/socialcrm/socialcrm/examples/desk/internal/standin"
	"github.com/socialcrm/socialcrm/ticket"
)

//go:embed desk.json
var sample []byte

// stage is the sample desk.json with stand-ins in place of the platforms that it names.
type stage struct {
	Config
	facebook *standin.Facebook
	mastodon *standin.Mastodon
	org      *standin.Org
	secrets  map[string]string
	tear     []func()
}

// newStage starts the stand-ins. Their secrets are invented, and good for nothing else.
func newStage() (*stage, error) {
	c, err := ParseConfig(sample)
	if err != nil {
		return nil, err
	}
	st := &stage{Config: c, secrets: map[string]string{
		"DESK_TOKEN_ANA": "the-token-of-ana-in-the-demo", "DESK_TOKEN_BEN": "the-token-of-ben-in-the-demo", "FACEBOOK_APP_SECRET": "demo-app-secret", "FACEBOOK_VERIFY_TOKEN": "demo-word",
		"FACEBOOK_PAGE_TOKEN": "demo-page-token", "MASTODON_TOKEN": "demo-mastodon-token", "SALESFORCE_CLIENT_SECRET": "demo-client-secret",
	}}
	st.Store, st.RT = "memory", nil                           // README.md says why
	st.Facebook.Pages[0].Since = time.Now().Add(-time.Minute) // Facebook tells whole seconds
	st.Agents["ben"] = Secret{Env: "DESK_TOKEN_BEN"}
	app := meta.App{ID: c.Facebook.App, Secrets: []string{st.getenv("FACEBOOK_APP_SECRET")}, VerifyToken: st.getenv("FACEBOOK_VERIFY_TOKEN")}
	st.facebook = standin.NewFacebook(app, c.Facebook.Pages[0].ID, st.getenv("FACEBOOK_PAGE_TOKEN"))
	st.org = standin.NewOrg(c.Salesforce.ClientID, st.getenv("SALESFORCE_CLIENT_SECRET"))
	st.mastodon = standin.NewMastodon(c.Mastodon[0].Handle, st.getenv("MASTODON_TOKEN"))
	for _, platform := range []struct {
		handler http.Handler
		address *string
	}{{st.facebook, &st.Facebook.Base}, {st.mastodon, &st.Config.Mastodon[0].Server}, {st.org, &st.Salesforce.Instance}} {
		address, stop, err := standin.Serve(platform.handler)
		if err != nil {
			st.close()
			return nil, err
		}
		*platform.address, st.tear = address, append(st.tear, stop)
	}
	return st, nil
}

func (st *stage) getenv(name string) string { return st.secrets[name] }

func (st *stage) close() {
	for _, stop := range st.tear {
		stop()
	}
}

// agent is the program of an agent of the sample.
func (st *stage) agent(address, name string) client {
	return client{address, st.secrets[st.Agents[name].Env]}
}

// runDemo plays the story and leaves the desk open until ctx ends.
func runDemo(ctx context.Context, out io.Writer, log *slog.Logger) error {
	st, err := newStage()
	if err != nil {
		return err
	}
	defer st.close()
	l, err := net.Listen("tcp", st.Listen)
	if err != nil { // somebody else is there
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- openAndServe(ctx, st.Config, st.getenv, log, l)
		stop() // a story without a desk would wait for ever
	}()
	address := "http://" + l.Addr().String()
	st.facebook.Subscribe(address + "/webhooks/facebook")
	go st.facebook.Deliver(ctx)
	err = st.play(ctx, address, out, time.Second)
	if err == nil {
		fmt.Fprintf(out, "\nThe desk stays open. Look around, then stop it with Ctrl-C:\n\n\tcurl -H 'Authorization: Bearer %s' %s/api/tickets\n", st.agent(address, "ana").token, address)
		<-ctx.Done()
	}
	stop()
	return errors.Join(err, <-ended)
}

// play is a morning at Harbour Bikes. pace is how long people think.
func (st *stage) play(ctx context.Context, address string, out io.Writer, pace time.Duration) error {
	s := &story{ctx: ctx, out: out, pace: pace, stage: st, ana: st.agent(address, "ana"), ben: st.agent(address, "ben")}
	const mia, jon = "81001", "81002"

	s.come(s.ana, "Ana")
	s.come(s.ben, "Ben")
	s.tell("Mia comments on Facebook: The brake of my new bike squeaks.")
	comment := st.facebook.Comment(mia, "Mia Weber", "The brake of my new bike squeaks.")
	brake := s.find(comment)
	s.act(s.ana, brake, "reply", "text", "Sorry to hear that, Mia. We will have a look.", "then", "pending")
	s.act(s.ana, brake, "private", "text", "Which frame number is it?", "then", "pending")

	s.tell("Jon comments on Facebook: Are you open on Sunday?")
	sunday := s.take(s.ben, "Ben", st.facebook.Comment(jon, "Jon Blake", "Are you open on Sunday?"))
	s.act(s.ben, sunday, "reply", "text", "From ten to four, Jon.", "then", "solved")

	s.await("the answer in private", func() bool {
		return slices.ContainsFunc(st.facebook.Answers(), func(a standin.Said) bool { return a.With == mia })
	})
	s.tell("Mia writes in Messenger: HB-1042")
	st.facebook.Message(mia, "HB-1042")
	s.await("what Mia wrote", func() bool { return s.said(brake, "HB-1042") })
	s.act(s.ana, brake, "note", "text", "Known fault of that series: pads are under the counter.")
	s.act(s.ana, brake, "reply", "text", "Come by whenever you like: new pads are waiting for you.")
	s.act(s.ana, brake, "resolve", "reason", "new pads")

	s.tell("Lea mentions the shop on Mastodon: Do you repair e-bikes, too?")
	ebikes := s.find(st.mastodon.Mention("lea@other.example", "Do you repair e-bikes, too?"))
	s.act(s.ana, ebikes, "reply", "text", "We do, Lea: bring it along.", "then", "solved")

	s.await("the CRM", func() bool {
		solved := 0
		for _, c := range st.org.Records("Case") {
			solved += strings.Count(c.Text("Social_Status__c"), "solved")
		}
		return solved == 3 && len(st.org.Records("Social_Interaction__c")) >= 10
	})
	s.tell(fmt.Sprintf("\nSalesforce holds %d contacts, %d cases and %d interactions.", len(st.org.Records("Contact")), len(st.org.Records("Case")), len(st.org.Records("Social_Interaction__c"))))
	return s.err
}

// story is how far the demo is. After an error nothing more happens.
type story struct {
	*stage
	ctx      context.Context
	out      io.Writer
	pace     time.Duration
	ana, ben client
	steps    int
	err      error
}

func (s *story) tell(line string) {
	if s.err == nil {
		fmt.Fprintln(s.out, line)
	}
}

// await asks until it is so.
func (s *story) await(what string, so func() bool) {
	for began := time.Now(); s.err == nil && !so(); {
		if time.Since(began) > 30*time.Second {
			s.err = fmt.Errorf("%s did not come", what)
		}
		select {
		case <-s.ctx.Done():
			s.err = s.ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// come lets an agent say that work may come.
func (s *story) come(who client, name string) {
	s.await(name, func() bool { return who.is(s.ctx, "available") == nil })
	s.tell(name + " is there.")
}

// find waits for the ticket of a message, which its lane hands out.
func (s *story) find(message string) (found ticket.Ticket) {
	s.await("the ticket", func() bool {
		found = s.of(message)
		return found.Agent != ""
	})
	s.tell(fmt.Sprintf("  ticket %s: lane %s, %s has it", found.ID, found.Lane, found.Agent))
	return found
}

// take waits for the ticket of a message and lets an agent take the next of those that wait, which it is.
func (s *story) take(who client, name, message string) (found ticket.Ticket) {
	s.await("the ticket", func() bool {
		found = s.of(message)
		return found.ID != ""
	})
	if s.err != nil {
		return found
	}
	s.steps++
	id, err := who.next(s.ctx, fmt.Sprint("step-", s.steps))
	if s.err = err; err == nil && id != found.ID {
		s.err = fmt.Errorf("%s got ticket %s, want %s", name, id, found.ID)
	}
	s.tell(fmt.Sprintf("  ticket %s: lane %s, %s took it", found.ID, found.Lane, name))
	return found
}

// of is the ticket that a message began; the zero one while there is none.
func (s *story) of(message string) (found ticket.Ticket) {
	list, _ := s.ana.tickets(s.ctx, "status=new,open")
	for _, t := range list {
		said, _ := s.ana.messages(s.ctx, t.ID)
		if len(said) > 0 && said[0].Content.ID == message {
			found = t
		}
	}
	return found
}

// act lets an agent do something, once.
func (s *story) act(who client, t ticket.Ticket, verb string, fields ...string) {
	if s.err != nil {
		return
	}
	select {
	case <-s.ctx.Done():
	case <-time.After(s.pace):
	}
	body := map[string]string{}
	for i := 0; i < len(fields); i += 2 {
		body[fields[i]] = fields[i+1]
	}
	s.steps++
	if _, s.err = who.do(s.ctx, t.ID, verb, fmt.Sprint("step-", s.steps), body); s.err == nil {
		s.tell(fmt.Sprintf("  %s: %s", verb, fields[1]))
	}
}

// said reports whether a text is in the ticket.
func (s *story) said(t ticket.Ticket, text string) bool {
	messages, _ := s.ana.messages(s.ctx, t.ID)
	for _, m := range messages {
		if m.Content.Text == text {
			return true
		}
	}
	return false
}
