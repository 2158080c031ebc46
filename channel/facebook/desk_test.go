package facebook_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/facebook"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// deliverTo posts a webhook call to the Desk and returns the status and body of the answer.
func deliverTo(desk *socialcrm.Desk, call channel.Call) (int, string) {
	r := httptest.NewRequest(call.Method, "https://desk.example"+call.Path, strings.NewReader(string(call.Body)))
	r.Header = call.Header
	w := httptest.NewRecorder()
	desk.Webhooks().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// TestDeskAnswersAPage goes the whole way: a comment by webhook, an answer below it, a second one in private whose answer from Meta is lost, what the customer then
// writes in Messenger, and polls beside all of it. Everything is one ticket, and each text is on the Page once.
func TestDeskAnswersAPage(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil)
	receiver := &facebook.Receiver{App: app}
	desk, err := socialcrm.New(socialcrm.Config{
		Channels: []channel.Channel{p.page}, Sources: []channel.Source{receiver}, Now: func() time.Time { return p.at },
	})
	if err != nil {
		t.Fatal(err)
	}
	ana := socialcrm.By{Actor: ticket.Agent("ana")}
	tick := func() {
		t.Helper()
		if _, err := desk.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.at = p.at.Add(time.Second)
	}
	hear := func() {
		t.Helper()
		if status, body := deliverTo(desk, p.webhook()); status != http.StatusOK {
			t.Fatalf("webhook: %d %s", status, body)
		}
		tick()
	}
	only := func() ticket.Ticket {
		t.Helper()
		list, err := desk.Tickets(t.Context(), ticket.TicketQuery{})
		if err != nil || len(list.Items) != 1 {
			t.Fatalf("%d tickets, %v; want one", len(list.Items), err)
		}
		return list.Items[0]
	}
	tick() // subscribes, and polls what is there: nothing

	comment := p.write(visitor, p.post(pageID, "Taps, half price", facebook.AdsPosts).id, "Still no tap!")
	forged := p.webhook()
	right := forged.Header.Get("X-Hub-Signature-256")
	body := forged.Body
	forged.Body = []byte(strings.Replace(string(body), "Still no tap!", "Send me money", 1))
	if status, answer := deliverTo(desk, forged); status != http.StatusUnauthorized || strings.Contains(answer, right[7:]) || strings.Contains(answer, appSecret) {
		t.Fatalf("a forged call: %d %s", status, answer)
	}
	forged.Body = body
	for range 2 { // Meta may deliver twice
		if status, answer := deliverTo(desk, forged); status != http.StatusOK {
			t.Fatalf("webhook: %d %s", status, answer)
		}
	}
	tick()
	if _, err := desk.Reply(t.Context(), only().ID, ana, socialcrm.Reply{Text: "We are sorry, Ann."}); err != nil {
		t.Fatal(err)
	}
	tick()
	hear() // the echo

	p.refuse = func(w http.ResponseWriter, r *http.Request) bool { // carried out, but nobody hears of it
		if !strings.HasSuffix(r.URL.Path, "/messages") || r.Method != http.MethodPost {
			return false
		}
		p.refuse = nil
		p.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	if _, err := desk.MovePrivate(t.Context(), only().ID, ana, socialcrm.Reply{Text: "What is your order number?"}); err != nil {
		t.Fatal(err)
	}
	tick()
	hear()
	p.chatWith(psid, psid, "It is 17")
	hear()
	tk := only()
	if _, err := desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "On its way.", Then: ticket.Solved, Attachments: []channel.Attachment{{Type: "image", URL: "https://cdn.example/map.png"}}}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		tick()
		hear()
	}
	p.at = p.at.Add(time.Hour)
	tick() // polls all of it once more
	if tk := only(); tk.Status != ticket.Solved {
		t.Errorf("the ticket is %s", tk.Status)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var said []string
	for _, w := range p.ours() {
		said = append(said, w.text)
	}
	if got, want := strings.Join(said, "|"), "We are sorry, Ann.|What is your order number?|On its way.|"; got != want || p.ours()[0].parent != comment.id {
		t.Errorf("the Page says %q, want %q", got, want)
	}
	messages, err := desk.Messages(t.Context(), ticket.MessageQuery{Ticket: tk.ID})
	if err != nil || len(messages.Items) != 6 {
		t.Errorf("the ticket has %d messages, %v; want 2 of the customer's and 4 of ours", len(messages.Items), err)
	}
}

// A comment that shows a card is answered in Messenger by the Desk itself, once, and waits for a person as before.
func TestDeskLeadsWhoShowsACardIntoMessenger(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil)
	desk, err := socialcrm.New(socialcrm.Config{
		Channels: []channel.Channel{p.page}, Sources: []channel.Source{&facebook.Receiver{App: app}}, Now: func() time.Time { return p.at },
		Setup: socialcrm.Setup{Private: []socialcrm.PrivateRule{{
			Name: "cards", When: rule.Condition{Fact: "shows", Equals: rule.Text("card")}, Text: "Please write such data only here. (Automated message)", Move: true,
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	hear := func() {
		t.Helper()
		if status, body := deliverTo(desk, p.webhook()); status != http.StatusOK {
			t.Fatalf("webhook: %d %s", status, body)
		}
		if _, err := desk.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.at = p.at.Add(time.Second)
	}
	post := p.post(pageID, "Taps, half price", facebook.AdsPosts).id
	for _, text := range []string{"My card is 4111 1111 1111 1111", "I said 4111 1111 1111 1111"} {
		p.write(visitor, post, text)
		hear()
	}
	hear() // the echo
	p.mu.Lock()
	var said []string
	for _, w := range p.ours() {
		said = append(said, w.text)
	}
	p.mu.Unlock()
	if got, want := strings.Join(said, "|"), "Please write such data only here. (Automated message)|"; strings.TrimPrefix(got, "Taps, half price|")+"|" != want {
		t.Errorf("the Page says %q, want %q", got, want)
	}
	list, err := desk.Tickets(t.Context(), ticket.TicketQuery{})
	if err != nil || len(list.Items) != 1 || list.Items[0].Unanswered() != 2 {
		t.Errorf("tickets %+v, %v; want one, in which two messages wait for a person", list.Items, err)
	}
}
