package socialcrm

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// ClaimedError is why a verb was refused: somebody else is writing an answer. It is an ErrClaimed.
type ClaimedError struct {
	// By is who writes, Until when the claim ends by itself.
	By    ticket.Actor `json:"by"`
	Until time.Time    `json:"until"`
}

func (e *ClaimedError) Error() string {
	return fmt.Sprintf("%s is writing until %s", e.By.ID, e.Until.UTC().Format(time.RFC3339))
}

// Is makes it an ErrClaimed.
func (e *ClaimedError) Is(target error) bool { return target == ErrClaimed }

const (
	claimFor  = 2 * time.Minute
	longClaim = time.Hour
)

// Claim says "I am writing": until d has passed no other agent can reply to the ticket, unless By.Anyway is set. Claiming again begins anew; a reply of one's own ends
// it, as does Unclaim. 0: two minutes; the longest is an hour. ErrClaimed (a *ClaimedError) when somebody else writes already. The journal tells of it, for the time that agents take; the ticket itself
// stays as it was.
func (d *Desk) Claim(ctx context.Context, id ticket.ID, by By, howLong time.Duration) (Receipt, error) {
	return d.verb(ctx, VerbClaim, id, by, howLong, func(w *work, c *change) (Receipt, error) {
		if howLong == 0 {
			howLong = claimFor
		}
		if howLong < 0 || howLong > longClaim {
			return Receipt{}, fmt.Errorf("for %s: want an hour at most: %w", howLong, ErrInvalid)
		}
		if c.Status == ticket.Closed {
			return Receipt{}, errClosed
		}
		if err := w.unclaimed(c, by); err != nil {
			return Receipt{}, err
		}
		claim := ClaimedError{By: by.Actor, Until: w.now.Add(howLong)}
		data, err := json.Marshal(claim)
		if err != nil {
			return Receipt{}, err
		}
		w.tx.PutValue(ticket.Value{Key: claimKey(c.ID), Data: data, Expires: claim.Until.Add(longClaim)})
		return Receipt{}, w.tellClaim(ticket.Entry{Kind: ticket.TicketClaimed, Ticket: c.ID, Actor: by.Actor, New: claim.Until.UTC().Format(time.RFC3339Nano)})
	})
}

// Unclaim ends one's own claim. Without one it does nothing.
func (d *Desk) Unclaim(ctx context.Context, id ticket.ID, by By) (Receipt, error) {
	return d.verb(ctx, VerbUnclaim, id, by, nil, func(w *work, c *change) (Receipt, error) {
		return Receipt{}, w.unclaim(c.ID, by.Actor)
	})
}

func claimKey(id ticket.ID) ticket.ValueKey {
	return ticket.ValueKey{Space: "claim", Name: string(id)}
}

// claim returns who writes an answer; nil when nobody does.
func (w *work) claim(id ticket.ID) (*ClaimedError, error) {
	values, err := w.tx.Values(claimKey(id))
	if err != nil || values[0].Data == nil {
		return nil, err
	}
	claim := new(ClaimedError)
	if err := json.Unmarshal(values[0].Data, claim); err != nil || !w.now.Before(claim.Until) {
		return nil, err
	}
	return claim, nil
}

// unclaimed refuses an agent while another is writing.
func (w *work) unclaimed(c *change, by By) error {
	if by.Anyway || by.Actor.Kind != ticket.ByAgent {
		return nil
	}
	claim, err := w.claim(c.ID)
	if err != nil || claim == nil || same(claim.By, by.Actor) {
		return err
	}
	return claim
}

// unclaim ends the actor's own claim.
func (w *work) unclaim(id ticket.ID, actor ticket.Actor) error {
	claim, err := w.claim(id)
	if err != nil || claim == nil || !same(claim.By, actor) {
		return err
	}
	w.tx.DeleteValue(claimKey(id))
	return w.tellClaim(ticket.Entry{Kind: ticket.TicketUnclaimed, Ticket: id, Actor: actor})
}

// tellClaim journals a claim beside the ticket, whose version it leaves alone.
func (w *work) tellClaim(e ticket.Entry) (err error) {
	if e.Key, err = w.entryKey("claim"); err == nil {
		w.append(e)
	}
	return err
}
