package socialcrm

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// Selection says which tickets a bulk act is about. It is made once, when the act's key is first used; tickets that come later are not among them.
type Selection struct {
	// Tickets names them. Empty: those that Query finds, all pages of it.
	Tickets []ticket.ID `json:"tickets,omitempty"`
	// Query finds them, where Tickets names none. It must have a condition, so that a list in which nobody ticked anything is not every ticket that there is; who means all
	// names all statuses.
	Query ticket.TicketQuery `json:"query,omitzero"`
}

// Each is what became of one ticket in a bulk act.
type Each struct {
	Ticket  ticket.ID
	Receipt Receipt
	// Err is why nothing was done; the others are not touched by it.
	Err error
}

// Bulk does the same with many tickets, one after the other: do calls a verb with the By it is given. By.Key is required: given again with the same key, after a crash
// or because ctx ended, Bulk goes on where it stopped, with the same tickets, and returns the first receipt for those that are done. The result has an outcome for each
// ticket in the order of the selection; the error is ctx's, the Store's, ErrInvalid (no key, nothing selected) or ErrConflict (the key was used for something else), and
// what was done until then is in the result.
func (d *Desk) Bulk(ctx context.Context, by By, which Selection, do func(ctx context.Context, id ticket.ID, by By) (Receipt, error)) ([]Each, error) {
	plan, err := d.plan(ctx, by, which, "")
	if err != nil {
		return nil, fmt.Errorf("socialcrm: bulk %q: %w", by.Key, err)
	}
	return d.bulk(ctx, by, plan, func(step bulkStep, by By) (Receipt, error) { return do(ctx, step.Ticket, by) })
}

// BulkReply is a reply to many tickets, for a storm.
type BulkReply struct {
	// Reply is what is sent; its Text and NotBefore are not used.
	Reply Reply `json:"reply"`
	// Texts are used in turn on each account. Where the platform refuses a text that it has just seen, there must be at least two for several tickets.
	Texts []string `json:"texts"`
	// Every is the time between two replies of one account. 0: 10 seconds.
	Every time.Duration `json:"every,omitempty"`
}

// BulkReply answers many tickets: paced, so that it posts no more often than Every on an account, and in turn with each of the texts. Key, outcomes and errors are those of Bulk;
// ErrInvalid also when no text is given, or one text for several tickets of an account whose platform refuses duplicates: nothing is sent then. Each reply can fail
// and be drafted as a Reply does.
func (d *Desk) BulkReply(ctx context.Context, by By, which Selection, b BulkReply) ([]Each, error) {
	fail := func(err error) ([]Each, error) {
		return nil, fmt.Errorf("socialcrm: bulk reply %q: %w", by.Key, err)
	}
	if b.Every <= 0 {
		b.Every = 10 * time.Second
	}
	if len(b.Texts) == 0 || slices.ContainsFunc(b.Texts, func(s string) bool { return strings.TrimSpace(s) == "" }) {
		return fail(fmt.Errorf("a text is missing: %w", ErrInvalid))
	}
	b.Reply.Text, b.Reply.NotBefore = "", time.Time{}
	content, err := json.Marshal(b)
	if err != nil {
		return fail(err)
	}
	plan, err := d.plan(ctx, by, which, string(content))
	if err != nil {
		return fail(err)
	}
	if err := d.varied(plan, len(b.Texts)); err != nil {
		return fail(err)
	}
	// An account's n-th reply has its time by the plan; where the plan was interrupted, what is left keeps its distance from now on too.
	turns, behind := make(map[channel.AccountID]int), make(map[channel.AccountID]int)
	begin := d.now()
	return d.bulk(ctx, by, plan, func(step bulkStep, by By) (Receipt, error) {
		turn := turns[step.Account]
		turns[step.Account]++
		r := b.Reply
		r.Text = b.Texts[turn%len(b.Texts)]
		r.NotBefore = plan.Begun.Add(time.Duration(turn) * b.Every)
		if later := begin.Add(time.Duration(behind[step.Account]) * b.Every); later.After(r.NotBefore) {
			r.NotBefore = later
		}
		done, err := d.used(ctx, by.Key)
		if err != nil {
			return Receipt{}, err
		}
		if !done {
			behind[step.Account]++
		}
		return d.Reply(ctx, step.Ticket, by, r)
	})
}

// bulkPlan is what a bulk act is about, as it was when its key was first used.
type bulkPlan struct {
	Content string     `json:"content"`
	Begun   time.Time  `json:"begun"`
	Steps   []bulkStep `json:"steps"`
}

type bulkStep struct {
	Ticket     ticket.ID          `json:"ticket"`
	Account    channel.AccountID  `json:"account"`
	Visibility channel.Visibility `json:"visibility,omitzero"`
}

// plan returns the plan of a bulk act, and makes it when the key is new.
func (d *Desk) plan(ctx context.Context, by By, which Selection, content string) (plan bulkPlan, err error) {
	if by.Key == "" {
		return plan, fmt.Errorf("it has no key: %w", ErrInvalid)
	}
	if err := d.company.Load().access(by.Actor, d.now()); err != nil {
		return plan, err
	}
	if err := checkSound("what is given", struct{ By, Which any }{by, which}); err != nil {
		return plan, err
	}
	asked, err := json.Marshal(which)
	if err != nil {
		return plan, err
	}
	content = hashID("bulk", string(asked), content)
	err = d.update(ctx, func(w *work) error {
		plan = bulkPlan{Content: content, Begun: w.now}
		key := ticket.ValueKey{Space: "bulk", Name: by.Key}
		values, err := w.tx.Values(key)
		if err != nil {
			return err
		}
		if values[0].Data != nil {
			if err := json.Unmarshal(values[0].Data, &plan); err != nil {
				return err
			}
			if plan.Content != content {
				return fmt.Errorf("the key was used for something else: %w", ErrConflict)
			}
			return nil
		}
		if plan.Steps, err = w.selected(which); err != nil {
			return err
		}
		data, err := json.Marshal(plan)
		if err == nil {
			w.tx.PutValue(ticket.Value{Key: key, Data: data, Expires: w.now.Add(keysKeptFor)})
		}
		return err
	})
	return plan, err
}

func (w *work) selected(which Selection) (steps []bulkStep, err error) {
	add := func(id ticket.ID, t *ticket.Ticket) {
		steps = append(steps, bulkStep{id, t.Account, t.Visibility})
	}
	if len(which.Tickets) > 0 {
		found, err := w.tx.Tickets(which.Tickets...)
		for i := range found {
			if !slices.Contains(which.Tickets[:i], which.Tickets[i]) {
				add(which.Tickets[i], &found[i])
			}
		}
		return steps, err
	}
	q := which.Query
	if len(q.Statuses) == 0 && reflect.DeepEqual(q, ticket.TicketQuery{Statuses: q.Statuses, Newest: q.Newest, Page: q.Page}) {
		return nil, fmt.Errorf("no ticket is named, and the query has no condition: %w", ErrInvalid)
	}
	for {
		list, err := w.tx.ListTickets(q)
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			add(list.Items[i].ID, &list.Items[i])
		}
		if q.After = list.Next; q.After == "" {
			break
		}
	}
	if len(steps) == 0 {
		return nil, fmt.Errorf("no ticket is selected: %w", ErrInvalid)
	}
	return steps, nil
}

// varied refuses the same text for several tickets where a platform would.
func (d *Desk) varied(plan bulkPlan, texts int) error {
	count := make(map[channel.AccountID]int)
	for _, step := range plan.Steps {
		acc := d.channelOf(step.Account)
		if acc == nil || !acc.Traits(step.Visibility).RefusesDuplicates {
			continue
		}
		if count[step.Account]++; count[step.Account] > 1 && texts < 2 {
			return fmt.Errorf("account %s takes no text twice, so several tickets want several texts: %w", step.Account, ErrInvalid)
		}
	}
	return nil
}

// used reports whether a verb's key was used.
func (d *Desk) used(ctx context.Context, key string) (used bool, err error) {
	err = d.view(ctx, "read key "+key, func(r ticket.Reader) error {
		values, err := r.Values(ticket.ValueKey{Space: "by", Name: key})
		used = err == nil && values[0].Data != nil
		return err
	})
	return used, err
}

// bulk works through a plan. Each ticket has a key of its own, so that no ticket is acted on twice.
func (d *Desk) bulk(ctx context.Context, by By, plan bulkPlan, do func(bulkStep, By) (Receipt, error)) ([]Each, error) {
	outcomes := make([]Each, 0, len(plan.Steps))
	for _, step := range plan.Steps {
		if err := ctx.Err(); err != nil {
			return outcomes, fmt.Errorf("socialcrm: bulk %q: after %d of %d tickets: %w", by.Key, len(outcomes), len(plan.Steps), err)
		}
		own := by
		own.Key, own.IfVersion = by.Key+"/"+string(step.Ticket), 0
		receipt, err := do(step, own)
		outcomes = append(outcomes, Each{step.Ticket, receipt, err})
	}
	return outcomes, nil
}
