package socialcrm

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// Consult is a question to another team or agent, inside a ticket.
type Consult struct {
	// Team or Agent is who is asked: one of the two, of the Setup.
	Team  string `json:"team,omitempty"`
	Agent string `json:"agent,omitempty"`
	// Question is what is asked, as a note.
	Question string `json:"question"`
	// Within is how long they have. It must be more than 0.
	Within time.Duration `json:"within"`
	// Hold puts the ticket on hold until the answer is there, or the customer writes again. Where it is on hold for another question already it waits for both. One that a
	// person put on hold for another reason stays on hold when the answer is there.
	Hold bool `json:"hold,omitempty"`
}

// Consult asks another team or agent inside the ticket: finance, legal, a workshop. Lane, agent and clocks stay; the question has a deadline of its own, which the
// journal tells when it passes without an answer. Solving or closing the ticket ends its questions. Receipt.Messages names the question, for Answer. Errors: ErrInvalid (nobody or two are asked, no question, no time,
// a ticket that is solved or closed), ErrNotFound (no such team or agent).
func (d *Desk) Consult(ctx context.Context, id ticket.ID, by By, q Consult) (Receipt, error) {
	return d.verb(ctx, VerbConsult, id, by, q, func(w *work, c *change) (Receipt, error) {
		if err := w.askable(c, q); err != nil {
			return Receipt{}, err
		}
		asked := ticket.Consult{Team: q.Team, Agent: q.Agent, By: by.Actor, Due: w.now.Add(q.Within)}
		asked.Key = w.note(c, "consult", by.Actor, q.Question, ticket.Entry{Kind: ticket.ConsultAsked, New: cmp.Or(q.Team, q.Agent)})
		switch {
		case q.Hold && c.Status == ticket.OnHold:
			asked.Hold = slices.ContainsFunc(c.Consults, func(q ticket.Consult) bool { return q.Hold }) // else somebody put it on hold for another reason
		case q.Hold && (c.Status == ticket.New || c.Status == ticket.Open):
			asked.Hold = true
			if err := c.setStatus(ticket.OnHold, w.now, "", c.newKey("consult"), by.Actor, "waiting for "+cmp.Or(q.Team, q.Agent)); err != nil {
				return Receipt{}, err
			}
		}
		c.Consults = append(slices.Clone(c.Consults), asked)
		task, err := consultTask(c.ID, asked)
		w.tx.Schedule(task)
		return Receipt{Messages: []string{asked.Key}}, err
	})
}

func (w *work) askable(c *change, q Consult) error {
	switch {
	case strings.TrimSpace(q.Question) == "":
		return fmt.Errorf("there is no question: %w", ErrInvalid)
	case (q.Team == "") == (q.Agent == ""):
		return fmt.Errorf("team %q, agent %q: want one of the two: %w", q.Team, q.Agent, ErrInvalid)
	case q.Within <= 0:
		return fmt.Errorf("within %s: want more than 0: %w", q.Within, ErrInvalid)
	case c.Status.Done():
		return fmt.Errorf("it is %s: %w", c.Status, ErrInvalid)
	case q.Agent != "" && w.company.agent(q.Agent) == nil:
		return fmt.Errorf("agent %q: %w", q.Agent, ErrNotFound)
	case q.Team != "" && !slices.ContainsFunc(w.company.setup.Teams, func(t routing.Team) bool { return t.Name == q.Team }):
		return fmt.Errorf("team %q: %w", q.Team, ErrNotFound)
	}
	return nil
}

// Answer answers a Consult, by its key; the answer is a note. Once the last question for which the ticket was put on hold is answered, the ticket is open again.
// Errors: ErrInvalid (no text), ErrNotFound (no such question, it was answered, or the ticket was solved since).
func (d *Desk) Answer(ctx context.Context, id ticket.ID, by By, consult, text string) (Receipt, error) {
	return d.verb(ctx, VerbAnswer, id, by, []string{consult, text}, func(w *work, c *change) (Receipt, error) {
		if strings.TrimSpace(text) == "" {
			return Receipt{}, fmt.Errorf("the text is empty: %w", ErrInvalid)
		}
		i := slices.IndexFunc(c.Consults, func(q ticket.Consult) bool { return q.Key == consult })
		if i < 0 {
			return Receipt{}, fmt.Errorf("question %q: %w", consult, ErrNotFound)
		}
		held := c.Consults[i].Hold
		c.Consults = slices.Delete(slices.Clone(c.Consults), i, i+1)
		w.tx.Cancel(consultTaskID(consult))
		key := w.note(c, "answer", by.Actor, text, ticket.Entry{Kind: ticket.ConsultAnswered, Old: consult})
		held = held && !slices.ContainsFunc(c.Consults, func(q ticket.Consult) bool { return q.Hold })
		if held && c.Status == ticket.OnHold {
			if err := c.setStatus(ticket.Open, w.now, "", c.newKey("answer"), by.Actor, "the answer is there"); err != nil {
				return Receipt{}, err
			}
		}
		return Receipt{Messages: []string{key}}, nil
	})
}

// endHold notes that a ticket which goes on waits for no answer any more before it does.
func (c *change) endHold() {
	c.Consults = slices.Clone(c.Consults)
	for i := range c.Consults {
		c.Consults[i].Hold = false
	}
}

// endConsults ends the questions about a ticket that is done: nobody waits for an answer any more.
func (c *change) endConsults() {
	for _, q := range c.Consults {
		c.w.tx.Cancel(consultTaskID(q.Key))
	}
	c.Consults = nil
}

// takeConsults takes the questions that were asked in a ticket out of the one that it was part of.
func (c *change) takeConsults(from *change) error {
	keys := make([]string, len(from.Consults))
	for i, q := range from.Consults {
		keys[i] = q.Key
	}
	notes, err := c.w.tx.Messages(keys...)
	if err != nil {
		return err
	}
	stay := make([]ticket.Consult, 0, len(from.Consults))
	for i, q := range from.Consults {
		if notes[i].Ticket != c.ID {
			stay = append(stay, q)
			continue
		}
		task, err := consultTask(c.ID, q)
		if err != nil {
			return err
		}
		if c.Consults = append(c.Consults, q); !q.Overdue {
			c.w.tx.Schedule(task)
		}
	}
	from.Consults = stay
	return nil
}

const consultKind = "consult"

func consultTaskID(key string) string { return "consult/" + key }

// overdueConsult is what a consult's task looks at.
type overdueConsult struct {
	Ticket ticket.ID `json:"ticket"`
	Key    string    `json:"key"`
}

// consultTask looks whether a question was answered, once its deadline has passed: an answer at the deadline itself is in time.
func consultTask(id ticket.ID, q ticket.Consult) (ticket.Task, error) {
	payload, err := json.Marshal(overdueConsult{id, q.Key})
	return ticket.Task{ID: consultTaskID(q.Key), Kind: consultKind, Queue: consultKind, Due: q.Due.Add(1), Payload: payload}, err
}

// overdue journals that a question's deadline passed.
func (w *work) overdue(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	var late overdueConsult
	if err := json.Unmarshal(lease.Payload, &late); err != nil {
		return err
	}
	c, err := w.load(late.Ticket)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(c.Consults, func(q ticket.Consult) bool { return q.Key == late.Key })
	if i < 0 || c.Status.Done() {
		return nil
	}
	c.Consults = slices.Clone(c.Consults)
	q := &c.Consults[i]
	q.Overdue = true
	c.journal(ticket.Entry{
		Kind: ticket.ConsultOverdue, Message: q.Key, Actor: ticket.Actor{Kind: ticket.BySystem}, Happened: q.Due, New: cmp.Or(q.Team, q.Agent),
	})
	c.finish()
	return nil
}
