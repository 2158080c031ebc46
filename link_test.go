package socialcrm_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/ticket"
)

// linked is a world with a second platform, and a ticket on the first whose customer is given a link to it.
func linked(t *testing.T) (w *world, chat *channeltest.FakeChannel, other *channeltest.Platform, id ticket.ID, token string) {
	w = staffed(t)
	other = channeltest.New(channeltest.Options{Platform: "chatter", Now: func() time.Time { return w.now }})
	chat = other.Account(channel.Account{AccountID: channel.AccountID{ID: "shop-chat"}})
	w.restartAs(t, socialcrm.Config{Channels: []channel.Channel{chat}, LinkKey: []byte("sixteen bytes or more")})
	id = w.asked("mia", "My account is broken!")
	token, err := w.desk.Link(t.Context(), id, ana, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return w, chat, other, id, token
}

func TestALinkBindsAConversationOnAnotherPlatform(t *testing.T) {
	t.Parallel()
	for name, come := range map[string]func(*channeltest.Customer, *channeltest.FakeChannel, string){
		"opened": func(c *channeltest.Customer, page *channeltest.FakeChannel, token string) {
			c.Open(page, token)
			c.Write(page, "It is me")
		},
		"text": func(c *channeltest.Customer, page *channeltest.FakeChannel, token string) {
			c.Write(page, "sc-nothing, "+token+". It is me")
		},
		"payload": func(c *channeltest.Customer, page *channeltest.FakeChannel, token string) {
			c.Send(page, channel.Message{Text: "It is me", Visibility: channel.Private, Payload: token})
		},
		"fact": func(c *channeltest.Customer, page *channeltest.FakeChannel, token string) {
			c.Send(page, channel.Message{Text: "It is me", Visibility: channel.Private, Facts: map[string]string{"ref": "r=" + token}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, chat, other, id, token := linked(t)
			if !regexp.MustCompile(`^[a-z0-9-]{1,64}$`).MatchString(token) {
				t.Errorf("token %q does not fit everywhere", token)
			}
			come(other.Customer("mia-elsewhere"), chat, token)
			w.pass(time.Minute)
			got := w.only()
			if got.ID != id || len(got.Conversations) != 2 || got.Agent != "ana" {
				t.Fatalf("ticket %+v, want the first with both conversations", got)
			}
			if texts := w.said(id); !strings.Contains(texts[len(texts)-1], "It is me") {
				t.Errorf("said %q", texts)
			}
			if e := w.last(id, ticket.TicketMoved); e.New != "chatter/shop-chat private private-shop-chat-mia-elsewhere" {
				t.Errorf("the journal says %+v", e)
			}
			w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "I see you"}))
			w.pass(time.Minute)
			if !slices.Contains(other.Replies(), "I see you") {
				t.Error("the answer does not go where she wrote last")
			}
			contact, err := w.desk.Contact(t.Context(), got.Contact)
			if err != nil || len(contact.Identities) != 1 {
				t.Errorf("identities %v (%v): a link does not prove who somebody is", contact.Identities, err)
			}
		})
	}
}

func TestALinkServesTheFirstAndInTime(t *testing.T) {
	t.Parallel()
	for name, come := range map[string]func(*world, *channeltest.Platform, *channeltest.FakeChannel, string){
		"too late": func(w *world, other *channeltest.Platform, page *channeltest.FakeChannel, token string) {
			w.pass(2 * time.Hour)
			other.Customer("noa").Write(page, token)
		},
		"forged": func(_ *world, other *channeltest.Platform, page *channeltest.FakeChannel, token string) {
			last := token[len(token)-2]
			other.Customer("noa").Write(page, token[:len(token)-2]+string('a'+(last-'a'+1)%26)+token[len(token)-1:])
		},
		"in public": func(_ *world, other *channeltest.Platform, page *channeltest.FakeChannel, token string) {
			other.Customer("noa").Post(page, token)
		},
		"the second": func(w *world, other *channeltest.Platform, page *channeltest.FakeChannel, token string) {
			other.Customer("mia").Write(page, token)
			w.pass(time.Minute)
			other.Customer("noa").Write(page, token)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, chat, other, id, token := linked(t)
			come(w, other, chat, token)
			w.pass(time.Minute)
			all := w.tickets()
			if len(all) != 2 || all[0].ID != id {
				t.Fatalf("%d tickets, want noa's beside mia's", len(all))
			}
			for _, key := range all[0].Conversations {
				if strings.Contains(key.Thread, "noa") {
					t.Errorf("noa's conversation %v is mia's", key)
				}
			}
		})
	}
}

func TestALinkDoesNotTakeAConversationFromAnOpenTicket(t *testing.T) {
	t.Parallel()
	w, chat, other, id, token := linked(t)
	mia := other.Customer("mia")
	mia.Write(chat, "Something else")
	w.pass(time.Minute)
	mia.Write(chat, token)
	w.pass(time.Minute)
	if got := w.ticket(id); len(got.Conversations) != 1 {
		t.Errorf("it took %v", got.Conversations)
	}
	if e := w.last(id, ticket.TicketMoved); !strings.Contains(e.Reason, "is open") {
		t.Errorf("the journal says %+v", e)
	}
}

func TestALinkNeedsAKeyAndATicketThatIsNotClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	_, err := w.desk.Link(t.Context(), id, ana, time.Hour)
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	w.restartAs(t, socialcrm.Config{LinkKey: []byte("sixteen bytes or more")})
	_, err = w.desk.Link(t.Context(), id, ana, 0)
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	w.must(w.desk.Close(t.Context(), id, ana))
	_, err = w.desk.Link(t.Context(), id, ana, time.Hour)
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	_, err = socialcrm.New(socialcrm.Config{LinkKey: []byte("short")})
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
}

func TestALinkOfOneTenantLeadsNowhereInAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asked := said("1", "mia", "p", "p", "Hello?", w.now) // both tenants serve the page, so both have a ticket of this ID
	key := []byte("sixteen bytes or more")
	w.restartAs(t, socialcrm.Config{Tenant: "other", LinkKey: key})
	id := w.ingest(asked)[0].Ticket
	token, err := w.desk.Link(t.Context(), id, ana, time.Hour)
	w.ok(err)
	w.restartAs(t, socialcrm.Config{Tenant: "one", LinkKey: key})
	if own := w.ingest(asked)[0].Ticket; own != id {
		t.Fatalf("the tickets are %s and %s, want one ID", id, own)
	}
	came := said("2", "noa", "talk", "", token, w.now)
	came.Message.Visibility = channel.Private
	if got := w.ingest(came)[0].Ticket; got == id {
		t.Error("the other tenant's link opened the ticket")
	}
}
