package socialcrm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/ticket"
)

func storm(t *testing.T, n int, traits channel.Traits) (*world, socialcrm.Selection) {
	w := newWorldOn(t, channeltest.Options{Public: traits})
	for i := range n {
		w.platform.Customer(fmt.Sprintf("customer-%02d", i)).Post(w.page, "My flight is cancelled!")
	}
	w.pass(time.Minute)
	if got := len(w.tickets()); got != n {
		t.Fatalf("%d tickets, want %d", got, n)
	}
	return w, socialcrm.Selection{Query: ticket.TicketQuery{Statuses: []ticket.Status{ticket.New, ticket.Open}, Page: ticket.Page{Limit: 3}}}
}

func keyed(key string) socialcrm.By {
	b := ana
	b.Key = key
	return b
}

// sends are the times of the brand's posts.
func (w *world) sends() (at []time.Time, texts []string) {
	for _, p := range w.platform.Posts() {
		if p.ByBrand {
			at, texts = append(at, p.Time), append(texts, p.Text)
		}
	}
	return at, texts
}

func TestBulkReplyIsPacedAndVaried(t *testing.T) {
	t.Parallel()
	w, which := storm(t, 7, channel.Traits{RefusesDuplicates: true})
	ctx := t.Context()
	_, err := w.desk.BulkReply(ctx, keyed("storm"), which, socialcrm.BulkReply{Texts: []string{"We are on it."}})
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	reply := socialcrm.BulkReply{Texts: []string{"We are on it.", "We look into it."}, Every: 20 * time.Second, Reply: socialcrm.Reply{Then: ticket.Pending}}
	each, err := w.desk.BulkReply(ctx, keyed("storm 2"), which, reply)
	if err != nil || len(each) != 7 {
		t.Fatalf("%d outcomes, %v", len(each), err)
	}
	w.pass(10 * time.Minute)
	at, texts := w.sends()
	for i := 1; i < len(at); i++ {
		if at[i].Sub(at[i-1]) < reply.Every || texts[i] == texts[i-1] {
			t.Errorf("%q %s after %q", texts[i], at[i].Sub(at[i-1]), texts[i-1])
		}
	}
	if len(at) != 7 {
		t.Errorf("%d replies, want 7", len(at))
	}
	for _, got := range w.tickets() {
		if got.Status != ticket.Pending {
			t.Errorf("ticket %s is %s", got.ID, got.Status)
		}
	}
	_, err = w.desk.BulkReply(ctx, keyed("storm 2"), which, socialcrm.BulkReply{Texts: []string{"Other", "text"}})
	w.refused(socialcrm.ErrConflict, socialcrm.Receipt{}, err)
}

// TestBulkReplyGoesOnAfterACrash stops after each number of tickets in turn, throws the Desk away, waits, and calls again.
func TestBulkReplyGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	for stop := range 6 {
		for _, wait := range []time.Duration{0, 25 * time.Second, time.Hour} {
			t.Run(fmt.Sprintf("after %d, %s later", stop, wait), func(t *testing.T) {
				t.Parallel()
				w, which := storm(t, 6, channel.Traits{})
				reply := socialcrm.BulkReply{Texts: []string{"A", "B", "C"}, Every: 20 * time.Second, Reply: socialcrm.Reply{Then: ticket.Solved}}
				ctx, cancel := context.WithCancel(t.Context())
				allowed := 0
				w.restartAs(t, socialcrm.Config{Authorize: func(context.Context, socialcrm.Request) error {
					if allowed++; allowed > stop {
						cancel()
						return errors.New("the process dies")
					}
					return nil
				}})
				first, err := w.desk.BulkReply(ctx, keyed("storm"), which, reply)
				if !errors.Is(err, context.Canceled) && stop < 5 {
					t.Fatalf("%d outcomes, %v; want that it was cancelled", len(first), err)
				}
				w.restart()
				w.pass(wait)
				each, err := w.desk.BulkReply(t.Context(), keyed("storm"), which, reply)
				if err != nil || len(each) != 6 {
					t.Fatalf("%d outcomes, %v", len(each), err)
				}
				if diff := cmp.Diff(first[:stop], each[:stop]); diff != "" {
					t.Errorf("the receipts differ (-first +again):\n%s", diff)
				}
				w.pass(2 * time.Hour)
				at, texts := w.sends()
				for i := 1; i < len(at); i++ {
					if at[i].Sub(at[i-1]) < reply.Every {
						t.Errorf("reply %d came %s after the one before", i, at[i].Sub(at[i-1]))
					}
				}
				if !slices.Equal(texts, []string{"A", "B", "C", "A", "B", "C"}) {
					t.Errorf("sent %q", texts)
				}
			})
		}
	}
}

func TestBulkHasAnOutcomeForEachTicket(t *testing.T) {
	t.Parallel()
	w, which := storm(t, 4, channel.Traits{})
	ctx := t.Context()
	closed := w.tickets()[1].ID
	w.must(w.desk.Close(ctx, closed, ana))
	which = socialcrm.Selection{Tickets: []ticket.ID{"no such ticket"}}
	for _, got := range w.tickets() {
		which.Tickets = append(which.Tickets, got.ID, got.ID)
	}
	urgent := func(ctx context.Context, id ticket.ID, by socialcrm.By) (socialcrm.Receipt, error) {
		return w.desk.SetPriority(ctx, id, by, ticket.Urgent)
	}
	each, err := w.desk.Bulk(ctx, keyed("urgent"), which, urgent)
	if err != nil || len(each) != 5 {
		t.Fatalf("%d outcomes, %v", len(each), err)
	}
	for _, e := range each {
		switch e.Ticket {
		case "no such ticket":
			w.refused(socialcrm.ErrNotFound, e.Receipt, e.Err)
		case closed:
			w.refused(socialcrm.ErrInvalid, e.Receipt, e.Err)
		default:
			if e.Err != nil || w.ticket(e.Ticket).Priority != ticket.Urgent || e.Receipt.Ticket != e.Ticket {
				t.Errorf("outcome %+v", e)
			}
		}
	}
	_, err = w.desk.Bulk(ctx, ana, which, urgent)
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	for name, nothing := range map[string]ticket.TicketQuery{
		"what nobody has": {Tag: "nobody has it"}, "no condition": {}, "an order alone": {Newest: true}, "a page alone": {Page: ticket.Page{Limit: 3}}, "no status": {Statuses: []ticket.Status{}},
	} {
		each, err := w.desk.Bulk(ctx, keyed(name), socialcrm.Selection{Tickets: []ticket.ID{}, Query: nothing}, urgent)
		if w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err); len(each) != 0 {
			t.Errorf("%s: %d tickets", name, len(each))
		}
	}
}

func TestAPacedReplyHoldsUpNothingAndKeepsItsPace(t *testing.T) {
	t.Parallel()
	w, which := storm(t, 3, channel.Traits{MaxText: 60})
	ctx := t.Context()
	long := "We are on it. It will take some days, and we are sorry that it does."
	_, err := w.desk.BulkReply(ctx, keyed("storm"), which, socialcrm.BulkReply{Texts: []string{long}, Every: time.Hour})
	w.ok(err)
	last := w.tickets()[2].ID // its turn is in two hours
	w.must(w.desk.Reply(ctx, last, ana, socialcrm.Reply{Text: "Take the train, now!"}))
	w.pass(time.Minute)
	w.pass(3 * time.Hour)
	var said []string
	var when []time.Duration
	at, texts := w.sends()
	for i := range texts {
		said, when = append(said, texts[i]), append(when, at[i].Sub(at[0]).Round(time.Hour))
	}
	first, second := "(1/2) We are on it.", "(2/2) It will take some days"
	for i, want := range []string{first, second, "Take the train", first, second, first, second} {
		if i >= len(said) || !strings.Contains(said[i], want) {
			t.Fatalf("sent %q, want %q as number %d", said, want, i)
		}
	}
	if diff := cmp.Diff([]time.Duration{0, 0, 0, time.Hour, time.Hour, 2 * time.Hour, 2 * time.Hour}, when); diff != "" {
		t.Errorf("times (-want +got):\n%s", diff)
	}
}

func TestADraftKeepsThePaceOfABulkReply(t *testing.T) {
	t.Parallel()
	w, which := storm(t, 2, channel.Traits{})
	s := company()
	s.Approval = true
	w.apply(s)
	each, err := w.desk.BulkReply(t.Context(), keyed("storm"), which, socialcrm.BulkReply{Texts: []string{"We are on it."}, Every: time.Hour})
	w.ok(err)
	for _, e := range each {
		w.must(w.desk.Approve(t.Context(), e.Ticket, socialcrm.By{Actor: ticket.Actor{Kind: ticket.ByHost, ID: "lead"}}, e.Receipt.Draft, ""))
	}
	w.pass(59 * time.Minute)
	if at, _ := w.sends(); len(at) != 1 {
		t.Errorf("%d replies went out before their time, want 1", len(at))
	}
	w.pass(2 * time.Minute)
	if at, _ := w.sends(); len(at) != 2 {
		t.Errorf("%d replies went out, want 2", len(at))
	}
}

func TestABulkActActsOnTicketsOfAnyVersion(t *testing.T) {
	t.Parallel()
	w, which := storm(t, 3, channel.Traits{})
	w.must(w.desk.Note(t.Context(), w.tickets()[1].ID, ana, "She is a pilot."))
	by := keyed("close")
	by.IfVersion = w.tickets()[0].Version
	each, err := w.desk.Bulk(t.Context(), by, which, func(ctx context.Context, id ticket.ID, by socialcrm.By) (socialcrm.Receipt, error) {
		return w.desk.Close(ctx, id, by)
	})
	w.ok(err)
	for _, e := range each {
		w.ok(e.Err)
	}
}

func TestEachAccountHasABulkReplysPaceOfItsOwn(t *testing.T) {
	t.Parallel()
	w, which := storm(t, 2, channel.Traits{})
	outlet := w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "outlet"}})
	w.ok(w.desk.AddChannel(t.Context(), outlet))
	for _, name := range []string{"mia", "noa"} {
		w.platform.Customer(name).Post(outlet, "My flight is cancelled!")
	}
	w.pass(time.Minute)
	begin := w.now
	_, err := w.desk.BulkReply(t.Context(), keyed("storm"), which, socialcrm.BulkReply{Texts: []string{"We are on it."}, Every: time.Minute})
	w.ok(err)
	w.pass(time.Hour)
	at, _ := w.sends()
	var after []time.Duration
	for _, a := range at {
		after = append(after, a.Sub(begin).Truncate(time.Minute))
	}
	if diff := cmp.Diff([]time.Duration{0, 0, time.Minute, time.Minute}, after); diff != "" {
		t.Errorf("replies came after (-want +got):\n%s", diff)
	}
}
