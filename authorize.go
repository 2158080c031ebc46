package socialcrm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// Verb names what somebody wants to do, as it stands in errors: "reply to ticket 5".
type Verb string

// The verbs that Config.Authorize is asked about; other methods that take a By name theirs in the same way.
const (
	VerbReply        Verb = "reply to"
	VerbNote         Verb = "note on"
	VerbAssign       Verb = "assign"
	VerbResolve      Verb = "resolve"
	VerbReopen       Verb = "reopen"
	VerbSetStatus    Verb = "set the status of"
	VerbMerge        Verb = "merge"
	VerbUnmerge      Verb = "unmerge"
	VerbTransfer     Verb = "transfer"
	VerbEscalate     Verb = "escalate"
	VerbTakeOver     Verb = "take over"
	VerbConsult      Verb = "consult on"
	VerbAnswer       Verb = "answer a consult on"
	VerbMovePrivate  Verb = "answer in private"
	VerbLink         Verb = "make a link to"
	VerbModerate     Verb = "moderate"
	VerbSpam         Verb = "mark as spam"
	VerbBlock        Verb = "block the customer of"
	VerbUnblock      Verb = "unblock the customer of"
	VerbSetPriority  Verb = "set the priority of"
	VerbTag          Verb = "tag"
	VerbUntag        Verb = "untag"
	VerbCloseWithout Verb = "close without reply"
	VerbClose        Verb = "close"
	VerbElsewhere    Verb = "mark as answered elsewhere"
	VerbApprove      Verb = "approve a draft on"
	VerbReject       Verb = "reject a draft on"
	VerbClaim        Verb = "claim"
	VerbUnclaim      Verb = "unclaim"
	VerbSetPresence  Verb = "set presence of" // these concern no ticket
	VerbNext         Verb = "give the next ticket to"
	VerbResume       Verb = "resume"
	VerbApply        Verb = "apply"
	VerbReapply      Verb = "apply the promises again"
)

// Request is somebody who wants to do something, for Config.Authorize.
type Request struct {
	Verb  Verb
	Actor ticket.Actor
	// Ticket is a copy of the ticket concerned as it stands; the zero Ticket where none is.
	Ticket ticket.Ticket
}

// authorizeTries is how often a verb asks again, because the ticket changed between the answer and the act.
const authorizeTries = 8

var errMoved = errors.New("the ticket changed since it was authorized")

// authorized runs act once the host allows the verb on the ticket as act finds it: act gets the version allowed, and returns errMoved when it finds another. The host
// is asked outside any transaction, so it may take its time and read from the Desk.
func (d *Desk) authorized(ctx context.Context, verb Verb, id ticket.ID, by By, act func(version int64) error) error {
	if d.cfg.Authorize == nil {
		return act(anyVersion)
	}
	for range authorizeTries {
		t, err := d.current(ctx, id)
		if err != nil {
			return err
		}
		if err := d.ask(ctx, Request{Verb: verb, Actor: by.Actor, Ticket: t}); err != nil {
			return err
		}
		if err := act(t.Version); err != errMoved {
			return err
		}
	}
	return fmt.Errorf("%w: it changes all the time: %w", errMoved, ErrConflict)
}

const anyVersion = -1

// current reads a ticket, following merges.
func (d *Desk) current(ctx context.Context, id ticket.ID) (t ticket.Ticket, err error) {
	err = d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) error {
		for at := id; at != ""; at = t.MergedInto {
			found, err := r.Tickets(at)
			if err != nil {
				return err
			}
			if t = found[0]; t.ID == "" {
				return ErrNotFound
			}
		}
		return nil
	})
	return t, err
}

// ask asks the host.
func (d *Desk) ask(ctx context.Context, r Request) error {
	if d.cfg.Authorize == nil {
		return nil
	}
	if err := d.cfg.Authorize(ctx, r); err != nil {
		return fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	return nil
}

var errNobody = fmt.Errorf("By.Actor says nobody: %w", ErrInvalid)

// nobody reports whether no one is named, also where an agent is named by an empty text: whoever is not signed in.
func nobody(a ticket.Actor) bool { return a.IsZero() || a.Kind == ticket.ByAgent && a.ID == "" }

// permit checks a verb that concerns no ticket.
func (d *Desk) permit(ctx context.Context, verb Verb, by By) error {
	if nobody(by.Actor) {
		return errNobody
	}
	if err := checkSound("By", by); err != nil {
		return err
	}
	if err := d.company.Load().access(by.Actor, d.now()); err != nil {
		return err
	}
	return d.ask(ctx, Request{Verb: verb, Actor: by.Actor})
}

// agent returns an agent of the Setup; nil when there is none of this name.
func (c *company) agent(name string) *routing.Agent {
	for i := range c.setup.Agents {
		if c.setup.Agents[i].Name == name {
			return &c.setup.Agents[i]
		}
	}
	return nil
}

// lane returns a lane of the Setup; nil when there is none of this name.
func (c *company) lane(name string) *routing.Lane {
	for i := range c.setup.Lanes {
		if c.setup.Lanes[i].Name == name {
			return &c.setup.Lanes[i]
		}
	}
	return nil
}

// access refuses an agent whose access has ended. Actors that the Setup does not name are the host's affair.
func (c *company) access(a ticket.Actor, now time.Time) error {
	if a.Kind != ticket.ByAgent {
		return nil
	}
	if agent := c.agent(a.ID); agent != nil && ended(agent, now) {
		return fmt.Errorf("the access of agent %q ended at %s: %w", a.ID, agent.Until.UTC().Format(time.RFC3339), ErrForbidden)
	}
	return nil
}

func ended(a *routing.Agent, now time.Time) bool { return !a.Until.IsZero() && !now.Before(a.Until) }

// role returns what an actor may do alone. The host's program and the Desk itself are not supervised; an agent whom the Setup does not name is an agent.
func (c *company) role(a ticket.Actor) routing.Role {
	switch a.Kind {
	case ticket.ByHost, ticket.BySystem:
		return routing.RoleLead
	case ticket.ByAgent:
		if agent := c.agent(a.ID); agent != nil && agent.Role != "" {
			return agent.Role
		}
	}
	return routing.RoleAgent
}
