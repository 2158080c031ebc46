package replay

import (
	"context"
	"strconv"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// quiet is an account whose platform takes every post, knows no limits and sends nothing by itself.
type quiet struct {
	account channel.Account
	posts   int
}

// newQuiet makes the account's past begin before everything, so that nothing is history.
func newQuiet(id channel.AccountID) *quiet {
	return &quiet{account: channel.Account{AccountID: id, Name: id.ID, Since: time.Time{}.Add(1)}}
}

func (q *quiet) Account() channel.Account               { return q.account }
func (*quiet) Traits(channel.Visibility) channel.Traits { return channel.Traits{} }

func (q *quiet) Send(context.Context, channel.Outgoing) (channel.Sent, error) {
	q.posts++
	return channel.Sent{ID: "replay-post-" + strconv.Itoa(q.posts)}, nil
}

// ledger is a CRM that only remembers which records it was given.
type ledger struct {
	contacts, cases, interactions map[string]struct{}
}

func newLedger() *ledger {
	return &ledger{contacts: make(map[string]struct{}), cases: make(map[string]struct{}), interactions: make(map[string]struct{})}
}

func (*ledger) Name() string { return "replay" }

func (l *ledger) Push(_ context.Context, c crm.Change) (crm.Receipt, error) {
	var r crm.Receipt
	if c.Contact != nil {
		l.contacts[c.Contact.Key] = struct{}{}
		r.Contact = c.Contact.Key
	}
	if c.Case != nil {
		l.cases[c.Case.Key] = struct{}{}
		r.Case = c.Case.Key
	}
	if len(c.Interactions) > 0 {
		r.Interactions = make(map[string]string, len(c.Interactions))
	}
	for _, in := range c.Interactions {
		r.Interactions[in.Key] = in.Key
		if in.Direction != ticket.Internal {
			l.interactions[in.Key] = struct{}{}
		}
	}
	return r, nil
}

func (l *ledger) synced() Synced {
	return Synced{Contacts: len(l.contacts), Cases: len(l.cases), Interactions: len(l.interactions)}
}
