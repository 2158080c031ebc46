package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// Verb is what an agent does.
type Verb string

const (
	Reply    Verb = "reply"    // answer the customer
	Note     Verb = "note"     // add a text for colleagues
	Assign   Verb = "assign"   // give the ticket to an agent, or back to its lane
	Resolve  Verb = "resolve"  // mark the ticket solved
	Reopen   Verb = "reopen"   // put a solved ticket back to open
	Presence Verb = "presence" // come, go, be busy
	Apply    Verb = "apply"    // change the company
)

// Action is one act at the Desk. Which fields it needs follows from its verb; a field that the verb has no use for is an error.
type Action struct {
	// Time is when it is done, Verb what, Agent by whom. An apply needs no agent: it is then the host's.
	Time  time.Time `json:"time"`
	Verb  Verb      `json:"verb"`
	Agent string    `json:"agent,omitempty"`
	// Key makes it idempotent; see socialcrm.By.
	Key string `json:"key,omitempty"`
	// Account and Message, the platform's ID of a message, name the ticket; or Ticket does.
	Account channel.AccountID `json:"account,omitzero"`
	Message string            `json:"message,omitempty"`
	Ticket  ticket.ID         `json:"ticket,omitempty"`
	// Text is what a reply or note says.
	Text string `json:"text,omitempty"`
	// Then and Automated are those of socialcrm.Reply.
	Then      ticket.Status `json:"then,omitempty"`
	Automated bool          `json:"automated,omitempty"`
	// To is whom an assign gives the ticket to; empty: back to its lane.
	To string `json:"to,omitempty"`
	// Reason is why a ticket is resolved or reopened.
	Reason string `json:"reason,omitempty"`
	// Presence is "available", "busy", "away" or "offline".
	Presence string `json:"presence,omitempty"`
	// Setup is the company that an apply brings.
	Setup *socialcrm.Setup `json:"setup,omitempty"`
}

// Acted is what became of an action.
type Acted struct {
	Action Action
	// Ticket is the ticket that it was about; empty when it was about none, or none was found.
	Ticket ticket.ID
	// Err is why the Desk refused it; nil when it was done.
	Err error
}

// errNobodyThere is why actions are not done while simulated agents work.
var errNobodyThere = errors.New("left out: simulated agents work instead")

// Check reports what is wrong with the action, as ReadScenario and Run do.
func (a *Action) Check() error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("action %s: "+format, append([]any{a.Verb}, args...)...)
	}
	allowed := a.Verb.takes()
	if allowed == 0 {
		return fmt.Errorf("action.verb %q: want reply, note, assign, resolve, reopen, presence or apply", string(a.Verb))
	}
	if a.Time.IsZero() {
		return fail("time is missing")
	}
	if a.Agent == "" && a.Verb != Apply {
		return fail("agent is missing")
	}
	for _, f := range a.given() {
		if f.set && allowed&f.field == 0 {
			return fail("%s has no meaning here", f.name)
		}
	}
	if allowed&ofTicket != 0 {
		if account, message := !a.Account.IsZero(), a.Message != ""; account != message || message == (a.Ticket != "") {
			return fail("want either account and message, or ticket")
		}
	}
	switch {
	case allowed&ofText != 0 && a.Text == "":
		return fail("text is missing")
	case a.Verb == Apply && a.Setup == nil:
		return fail("setup is missing")
	}
	if a.Verb == Presence {
		if _, err := a.presence(); err != nil {
			return fail("%w", err)
		}
	}
	return nil
}

// field is a set of fields that some verbs take and others do not.
type field int

const (
	ofTicket field = 1 << iota
	ofKey
	ofText
	ofReply
	ofTo
	ofReason
	ofPresence
	ofSetup
)

// takes says which fields the verb takes; 0 for a verb that is not known.
func (v Verb) takes() field {
	switch v {
	case Reply:
		return ofTicket | ofKey | ofText | ofReply
	case Note:
		return ofTicket | ofKey | ofText
	case Assign:
		return ofTicket | ofKey | ofTo
	case Resolve, Reopen:
		return ofTicket | ofKey | ofReason
	case Presence:
		return ofPresence
	case Apply:
		return ofSetup
	}
	return 0
}

type given struct {
	name  string
	field field
	set   bool
}

func (a *Action) given() []given {
	return []given{
		{"key", ofKey, a.Key != ""},
		{"account", ofTicket, !a.Account.IsZero()},
		{"message", ofTicket, a.Message != ""},
		{"ticket", ofTicket, a.Ticket != ""},
		{"text", ofText, a.Text != ""},
		{"then", ofReply, a.Then != ""},
		{"automated", ofReply, a.Automated},
		{"to", ofTo, a.To != ""},
		{"reason", ofReason, a.Reason != ""},
		{"presence", ofPresence, a.Presence != ""},
		{"setup", ofSetup, a.Setup != nil},
	}
}

func (a *Action) presence() (ticket.Presence, error) {
	switch a.Presence {
	case "offline":
		return ticket.Offline, nil
	case "available", "busy", "away":
		return ticket.Presence(a.Presence), nil
	}
	return "", fmt.Errorf("presence %q: want available, busy, away or offline", a.Presence)
}

// act does the action.
func (r *run) act(ctx context.Context, a *Action) Acted {
	done := Acted{Action: *a}
	by := socialcrm.By{Actor: ticket.Agent(a.Agent), Key: a.Key}
	if a.Agent == "" {
		by.Actor = ticket.Actor{Kind: ticket.ByHost}
	}
	switch a.Verb {
	case Apply:
		done.Err = r.desk.Apply(ctx, by, *a.Setup)
		return done
	case Presence:
		var p ticket.Presence
		if p, done.Err = a.presence(); done.Err == nil {
			done.Err = r.desk.SetPresence(ctx, by, a.Agent, p)
		}
		return done
	}
	var answers string
	if done.Ticket, answers, done.Err = r.about(ctx, a); done.Err != nil {
		return done
	}
	id := done.Ticket
	switch a.Verb {
	case Reply:
		_, done.Err = r.desk.Reply(ctx, id, by, socialcrm.Reply{Text: a.Text, InReplyTo: answers, Then: a.Then, Automated: a.Automated})
	case Note:
		_, done.Err = r.desk.Note(ctx, id, by, a.Text)
	case Assign:
		_, done.Err = r.desk.Assign(ctx, id, by, a.To)
	case Resolve:
		_, done.Err = r.desk.Resolve(ctx, id, by, a.Reason)
	case Reopen:
		_, done.Err = r.desk.Reopen(ctx, id, by, a.Reason)
	}
	return done
}

// about finds the action's ticket and, where it names a customer's message, the key of that message.
func (r *run) about(ctx context.Context, a *Action) (id ticket.ID, answers string, err error) {
	if a.Ticket != "" {
		return a.Ticket, "", nil
	}
	var m ticket.Message
	err = r.store.View(ctx, "", func(rd ticket.Reader) error {
		found, err := rd.MessagesByRef(ticket.MessageRef{Account: a.Account, ID: a.Message})
		if err == nil {
			m = found[0]
		}
		return err
	})
	switch {
	case err != nil:
		return "", "", err
	case m.Key == "":
		return "", "", fmt.Errorf("message %s of %s: %w", a.Message, a.Account, socialcrm.ErrNotFound)
	case m.Ticket == "":
		return "", "", fmt.Errorf("message %s of %s belongs to no ticket: %w", a.Message, a.Account, socialcrm.ErrNotFound)
	}
	if m.Direction == ticket.Inbound {
		answers = m.Key
	}
	return m.Ticket, answers, nil
}
