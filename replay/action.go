package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	Status   Verb = "status"   // set it pending, on-hold or open
	Close    Verb = "close"    // end it for good
	Priority Verb = "priority" // say how urgent it is
	Tag      Verb = "tag"      // put tags on it
	Untag    Verb = "untag"    // take tags off it
	Transfer Verb = "transfer" // hand it to another lane
	Merge    Verb = "merge"    // bring another ticket into it
	Unmerge  Verb = "unmerge"  // take it out again
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
	// Status, Priority, Tags and Lane are what those verbs set.
	Status   ticket.Status    `json:"status,omitempty"`
	Priority *ticket.Priority `json:"priority,omitempty"`
	Tags     []string         `json:"tags,omitempty"`
	Lane     string           `json:"lane,omitempty"`
	// Other is the platform's ID of a message of the other ticket, on OtherAccount or, where that is not given, on Account; or the other ticket's ID, where Ticket is
	// given.
	Other        string            `json:"other,omitempty"`
	OtherAccount channel.AccountID `json:"other_account,omitzero"`
	// Reason is why a ticket is resolved, reopened, closed, transferred or given a status.
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
		return fmt.Errorf("action.verb %q: want one of %s", string(a.Verb), verbNames())
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
	case allowed&ofStatus != 0 && a.Status == "":
		return fail("status is missing")
	case allowed&ofPriority != 0 && a.Priority == nil:
		return fail("priority is missing")
	case allowed&ofTags != 0 && len(a.Tags) == 0:
		return fail("tags are missing")
	case allowed&ofLane != 0 && a.Lane == "":
		return fail("lane is missing")
	case a.Verb == Transfer && a.Reason == "":
		return fail("reason is missing")
	case allowed&ofOther != 0 && a.Other == "":
		return fail("other is missing")
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
	ofStatus
	ofPriority
	ofTags
	ofLane
	ofOther
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
	case Resolve, Reopen, Close:
		return ofTicket | ofKey | ofReason
	case Status:
		return ofTicket | ofKey | ofStatus | ofReason
	case Priority:
		return ofTicket | ofKey | ofPriority
	case Tag, Untag:
		return ofTicket | ofKey | ofTags
	case Transfer:
		return ofTicket | ofKey | ofLane | ofReason
	case Merge, Unmerge:
		return ofTicket | ofKey | ofOther
	case Presence:
		return ofPresence
	case Apply:
		return ofSetup
	}
	return 0
}

func verbNames() string {
	return "reply, note, assign, resolve, reopen, status, close, priority, tag, untag, transfer, merge, unmerge, presence, apply"
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
		{"status", ofStatus, a.Status != ""},
		{"priority", ofPriority, a.Priority != nil},
		{"tags", ofTags, len(a.Tags) > 0},
		{"lane", ofLane, a.Lane != ""},
		{"other", ofOther, a.Other != ""},
		{"other_account", ofOther, !a.OtherAccount.IsZero()},
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
	case Status:
		_, done.Err = r.desk.SetStatus(ctx, id, by, a.Status, a.Reason)
	case Close:
		if a.Reason != "" {
			_, done.Err = r.desk.CloseWithoutReply(ctx, id, by, a.Reason)
		} else {
			_, done.Err = r.desk.Close(ctx, id, by)
		}
	case Priority:
		_, done.Err = r.desk.SetPriority(ctx, id, by, *a.Priority)
	case Tag:
		_, done.Err = r.desk.Tag(ctx, id, by, a.Tags...)
	case Untag:
		_, done.Err = r.desk.Untag(ctx, id, by, a.Tags...)
	case Transfer:
		_, done.Err = r.desk.Transfer(ctx, id, by, socialcrm.Transfer{Lane: a.Lane, Reason: a.Reason})
	case Merge, Unmerge:
		done.Err = r.join(ctx, id, by, a)
	}
	return done
}

// join merges the action's other ticket into the ticket, or takes it out again.
func (r *run) join(ctx context.Context, id ticket.ID, by socialcrm.By, a *Action) error {
	other := ticket.ID(a.Other)
	if a.Ticket == "" {
		account := a.OtherAccount
		if account.IsZero() {
			account = a.Account
		}
		m, err := r.message(ctx, account, a.Other)
		if err != nil {
			return err
		}
		other = m.Ticket
		if a.Verb == Unmerge {
			if other, err = r.origin(ctx, id, m); err != nil {
				return err
			}
		}
	}
	var err error
	if a.Verb == Merge {
		_, err = r.desk.Merge(ctx, id, by, other)
	} else {
		_, err = r.desk.Unmerge(ctx, id, by, other)
	}
	return err
}

// origin is which of the tickets merged into this one the message's conversation came from.
func (r *run) origin(ctx context.Context, id ticket.ID, m ticket.Message) (ticket.ID, error) {
	t, err := r.desk.Ticket(ctx, id)
	if err != nil {
		return "", err
	}
	for _, absorbed := range t.Absorbed {
		var was []ticket.Ticket
		err := r.store.View(ctx, "", func(rd ticket.Reader) (err error) {
			was, err = rd.Tickets(absorbed)
			return err
		})
		if err != nil {
			return "", err
		}
		if slices.Contains(was[0].Conversations, m.Conversation) {
			return absorbed, nil
		}
	}
	return "", fmt.Errorf("message %s came from no ticket that was merged: %w", m.Key, socialcrm.ErrNotFound)
}

// about finds the action's ticket and, where it names a customer's message, the key of that message.
func (r *run) about(ctx context.Context, a *Action) (id ticket.ID, answers string, err error) {
	if a.Ticket != "" {
		return a.Ticket, "", nil
	}
	m, err := r.message(ctx, a.Account, a.Message)
	if err != nil {
		return "", "", err
	}
	if m.Direction == ticket.Inbound {
		answers = m.Key
	}
	return m.Ticket, answers, nil
}

// message finds a message that belongs to a ticket, by the platform's ID.
func (r *run) message(ctx context.Context, account channel.AccountID, id string) (m ticket.Message, err error) {
	err = r.store.View(ctx, "", func(rd ticket.Reader) error {
		found, err := rd.MessagesByRef(ticket.MessageRef{Account: account, ID: id})
		if err == nil {
			m = found[0]
		}
		return err
	})
	switch {
	case err != nil:
	case m.Key == "":
		err = fmt.Errorf("message %s of %s: %w", id, account, socialcrm.ErrNotFound)
	case m.Ticket == "":
		err = fmt.Errorf("message %s of %s belongs to no ticket: %w", id, account, socialcrm.ErrNotFound)
	}
	return m, err
}
