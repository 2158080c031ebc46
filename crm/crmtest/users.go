package crmtest

import (
	"context"
	"fmt"
	"strconv"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// SetStatus is the CRM's user who changing the status of a case.
func (f *Fake) SetStatus(who, caseKey string, s ticket.Status) error {
	return f.edit(who, caseKey, func(c *Case, u *crm.Update) { c.Status, u.Status = s, s })
}

// Assign is the CRM's user who giving a case to an agent, as the Setup names agents; "" takes it from everybody.
func (f *Fake) Assign(who, caseKey, agent string) error {
	return f.edit(who, caseKey, func(c *Case, u *crm.Update) { c.Agent, u.Agent = agent, &agent })
}

// Reply is the CRM's user who writing a text that is marked for the customer.
func (f *Fake) Reply(who, caseKey, text string) error {
	return f.edit(who, caseKey, func(_ *Case, u *crm.Update) { u.Reply = text })
}

// Note is the CRM's user who writing a text for colleagues.
func (f *Fake) Note(who, caseKey, text string) error {
	return f.edit(who, caseKey, func(_ *Case, u *crm.Update) { u.Note = text })
}

// edit changes a case as one of the CRM's own users does. The error says that there is no such case.
func (f *Fake) edit(who, caseKey string, change func(*Case, *crm.Update)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.cases[caseKey]
	if c == nil {
		return fmt.Errorf("%s: edit case %q: there is none", f.name, caseKey)
	}
	u := crm.Update{
		Key:  fmt.Sprintf("%s-update-%d", f.name, len(f.updates)+1),
		Case: caseKey, CaseRef: c.Ref, Actor: ticket.Actor{Kind: ticket.ByCRM, ID: who}, Time: f.now(),
	}
	change(c, &u)
	f.updates = append(f.updates, u)
	return nil
}

// Changes returns what the CRM's own users did after the cursor, up to Options.Page of it. A cursor that it did not give is Rejected.
func (f *Fake) Changes(ctx context.Context, after channel.Cursor) (crm.Batch, error) {
	op := "read changes"
	fault, err := f.beginSimple(ctx, MethodChanges, op)
	if err != nil {
		return crm.Batch{}, err
	}
	if err := f.lose(ctx, op, fault); err != nil {
		return crm.Batch{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	from := 0
	if after != "" {
		if from, err = strconv.Atoi(string(after)); err != nil || from < 0 || from > len(f.updates) {
			return crm.Batch{}, &remote.Error{Op: f.name + ": " + op, Kind: remote.Rejected, Message: fmt.Sprintf("cursor %q was not given here", after)}
		}
	}
	to := min(from+f.page, len(f.updates))
	batch := crm.Batch{Cursor: channel.Cursor(strconv.Itoa(to)), More: to < len(f.updates)}
	for _, u := range f.updates[from:to] {
		if u.Case == "" && u.CaseRef == "" {
			continue // its person was erased
		}
		if u.Agent != nil {
			agent := *u.Agent
			u.Agent = &agent
		}
		batch.Updates = append(batch.Updates, u)
	}
	return batch, nil
}
