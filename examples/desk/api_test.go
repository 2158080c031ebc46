package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// opened is the sample's desk with a ticket in it, in a Store in memory. Nothing runs behind the API.
type opened struct {
	*service
	stage *stage
	id    ticket.ID
}

func newOpened(t *testing.T) opened {
	t.Helper()
	st, err := newStage()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.close)
	st.Setup.Agents[1].Until = time.Now().Add(-time.Hour) // Ben has left
	s, err := open(t.Context(), st.Config, st.getenv, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.store.Close() })
	if err := s.desk.SetPresence(t.Context(), socialcrm.By{Actor: ticket.Agent("ana")}, "ana", ticket.Available); err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"object": "page", "entry": [{"id": "700100", "time": 1, "changes": [{"field": "feed", "value": {"item": "comment", "verb": "add", "comment_id": "1_1", "post_id": "700100_1",
		"parent_id": "700100_1", "from": {"id": "81001", "name": "Mia"}, "created_time": %d, "message": "The brake squeaks."}}]}]}`, time.Now().Unix())
	r := httptest.NewRequest(http.MethodPost, "/webhooks/facebook", strings.NewReader(body))
	r.Header.Set("X-Hub-Signature-256", st.facebook.App.Sign([]byte(body)))
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	list, err := s.desk.Tickets(t.Context(), ticket.TicketQuery{})
	if w.Code != http.StatusOK || err != nil || len(list.Items) != 1 {
		t.Fatalf("webhook: %d, %d tickets, %v", w.Code, len(list.Items), err)
	}
	return opened{s, st, list.Items[0].ID}
}

// ask makes a call; header holds names and values.
func (o opened) ask(method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, strings.ReplaceAll(path, "ID", string(o.id)), strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+o.stage.secrets["DESK_TOKEN_ANA"])
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	o.handler.ServeHTTP(w, r)
	return w
}

func TestTheAPIRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	o := newOpened(t)
	tests := []struct {
		name, method, path, body string
		header                   []string
		status                   int
		says                     string
	}{
		{"no token", "GET", "/api/tickets", "", []string{"Authorization", ""}, 401, "not that of an agent"},
		{"a wrong token", "GET", "/api/tickets", "", []string{"Authorization", "Bearer the-token-of-ana-in-the-dem"}, 401, "not that of an agent"},
		{"another scheme", "GET", "/api/tickets", "", []string{"Authorization", "Basic " + o.stage.secrets["DESK_TOKEN_ANA"]}, 401, "not that of an agent"},
		{"an agent who has left", "GET", "/api/tickets", "", []string{"Authorization", "Bearer " + o.stage.secrets["DESK_TOKEN_BEN"]}, 403, "ended"},
		{"counts without a token", "GET", "/debug/vars", "", []string{"Authorization", ""}, 401, "not that of an agent"},
		{"no such address", "GET", "/api/nothing", "", nil, 404, "nothing at this address"},
		{"no such ticket", "GET", "/api/tickets/none", "", nil, 404, "not found"},
		{"no such ticket to answer", "POST", "/api/tickets/none/reply", `{"text": "Hello"}`, nil, 404, "not found"},
		{"no such filter", "GET", "/api/tickets?statsu=new", "", nil, 400, "statsu"},
		{"no such status", "GET", "/api/tickets?status=new,sloved", "", nil, 400, "sloved"},
		{"too long a page", "GET", "/api/tickets?limit=1000", "", nil, 400, "limit: want 1 to 200"},
		{"a place that no list gave", "GET", "/api/tickets?after=behind", "", nil, 400, "after"},
		{"a place in a ticket that no list gave", "GET", "/api/tickets/ID?after=behind", "", nil, 400, "after"},
		{"an ID that is no text", "GET", "/api/tickets/%00", "", nil, 400, "no text"},
		{"a filter that is no text", "GET", "/api/tickets?lane=%ff", "", nil, 400, "no text"},
		{"a query that cannot be read", "GET", "/api/tickets?lane=a;agent=b", "", nil, 400, "no text"},
		{"a note that is no text", "POST", "/api/tickets/ID/note", `{"text": "a\u0000b"}`, nil, 422, "zero byte"},
		{"a key that is no text", "POST", "/api/tickets/ID/note", `{"text": "x"}`, []string{"Idempotency-Key", "\xff"}, 422, "UTF-8"},
		{"no JSON", "POST", "/api/tickets/ID/reply", `Hello`, nil, 400, "line 1"},
		{"an unknown field", "POST", "/api/tickets/ID/reply", `{"txt": "Hello"}`, nil, 400, "txt: unknown field"},
		{"an empty answer", "POST", "/api/tickets/ID/reply", `{"text": " "}`, nil, 422, "nothing to send"},
		{"an empty note", "POST", "/api/tickets/ID/note", `{}`, nil, 422, "empty"},
		{"a status that does not exist", "POST", "/api/tickets/ID/reply", `{"text": "Hello", "then": "sloved"}`, nil, 400, "sloved"},
		{"a colleague who does not exist", "POST", "/api/tickets/ID/assign", `{"agent": "eve"}`, nil, 404, "eve"},
		{"too long a body", "POST", "/api/tickets/ID/reply", `{"text": "` + strings.Repeat("x", largestBody) + `"}`, nil, 413, "larger than 65536 bytes"},
		{"too long a key", "POST", "/api/tickets/ID/note", `{"text": "x"}`, []string{"Idempotency-Key", strings.Repeat("x", 201)}, 400, "longer than 200"},
		{"no presence", "PUT", "/api/agents/me/presence", `{}`, nil, 400, "available, busy, away or offline"},
		{"a presence that does not exist", "PUT", "/api/agents/me/presence", `{"presence": "asleep"}`, nil, 422, "asleep"},
		{"somebody else's presence", "PUT", "/api/agents/ben/presence", `{"presence": "available"}`, nil, 404, "nothing at this address"},
		{"nothing waits", "POST", "/api/next", "", nil, 404, "nothing waits"},
		{"no version", "POST", "/api/tickets/ID/note", `{"text": "x"}`, []string{"If-Match", "latest"}, 400, "version"},
		{"an old version", "POST", "/api/tickets/ID/note", `{"text": "x"}`, []string{"If-Match", `"99"`}, 409, "conflict"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := o.ask(test.method, test.path, test.body, test.header...)
			var told struct{ Error string }
			if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || w.Code != test.status || !strings.Contains(told.Error, test.says) {
				t.Errorf("%d %s, want %d and an error with %q", w.Code, w.Body, test.status, test.says)
			}
		})
	}
	if said, err := o.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: o.id}); err != nil || len(said.Items) != 1 {
		t.Errorf("the ticket has %d messages, %v; want the customer's only", len(said.Items), err)
	}
}

func TestAKeyMakesASecondCallHarmless(t *testing.T) {
	t.Parallel()
	o := newOpened(t)
	note := func(text, key string) *httptest.ResponseRecorder {
		return o.ask("POST", "/api/tickets/ID/note", `{"text": "`+text+`"}`, "Idempotency-Key", key)
	}
	first, again, other := note("Known fault.", "1"), note("Known fault.", "1"), note("Another text.", "1")
	if first.Code != http.StatusOK || again.Body.String() != first.Body.String() || other.Code != http.StatusConflict {
		t.Errorf("the first call: %d %s; the second: %d %s; with another text: %d %s", first.Code, first.Body, again.Code, again.Body, other.Code, other.Body)
	}
	w := o.ask("GET", "/api/tickets/ID", "")
	if n := strings.Count(w.Body.String(), "Known fault."); n != 1 {
		t.Errorf("the note is there %d times", n)
	}
	tag := w.Header().Get("ETag")
	if w := o.ask("POST", "/api/tickets/ID/assign", `{"agent": ""}`, "If-Match", tag); w.Code != http.StatusOK {
		t.Errorf("with the version %s that the ticket has: %d %s", tag, w.Code, w.Body)
	}
	if w := o.ask("POST", "/api/tickets/ID/assign", `{"agent": "ana"}`, "If-Match", tag); w.Code != http.StatusConflict {
		t.Errorf("with the version %s that the ticket had: %d %s", tag, w.Code, w.Body)
	}
}

// Agents say themselves that they are there: work comes to who is available, and who is not cannot take the next ticket.
func TestAgentsSayWhetherTheyAreThere(t *testing.T) {
	t.Parallel()
	o := newOpened(t)
	wait := func() (waiting []string) {
		var got page[ticket.Ticket]
		if err := json.Unmarshal(o.ask("GET", "/api/tickets?status=new,open", "").Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		for _, tk := range got.Items {
			if tk.Agent == "" {
				waiting = append(waiting, string(tk.ID))
			}
		}
		return waiting
	}
	is := func(presence string) *httptest.ResponseRecorder {
		return o.ask("PUT", "/api/agents/me/presence", `{"presence": "`+presence+`"}`)
	}
	comment := func(id string) {
		t.Helper()
		e := channel.Event{
			Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "facebook", ID: "700100"},
			Message: channel.Message{ID: id, Thread: id, Author: channel.Author{ID: "700100:" + id}, Text: "My brake is broken", Time: time.Now()},
		}
		if results, err := o.desk.Ingest(t.Context(), e); err != nil || results[0].Outcome != socialcrm.Created {
			t.Fatalf("%+v, %v", results, err)
		}
	}
	if w := is("away"); w.Code != http.StatusOK || w.Body.String() != `{"name":"ana","presence":"away","load":1,"capacity":20}`+"\n" {
		t.Errorf("away: %d %s", w.Code, w.Body)
	}
	comment("1")
	if len(wait()) != 1 {
		t.Errorf("while nobody is there %v wait, want one", wait())
	}
	if w := o.ask("POST", "/api/next", ""); w.Code != http.StatusConflict {
		t.Errorf("next for who is away: %d %s", w.Code, w.Body)
	}
	if w := is("available"); w.Code != http.StatusOK || len(wait()) != 0 {
		t.Errorf("available: %d %s, and %v wait", w.Code, w.Body, wait())
	}
	if w := is("offline"); !strings.Contains(w.Body.String(), `"presence":"offline","load":2`) || w.Body.String() != o.ask("GET", "/api/agents/me", "").Body.String() {
		t.Errorf("offline: %d %s", w.Code, w.Body)
	}
}

// Of a lane that hands out nothing, agents take the next ticket; with the same key they get the same one.
func TestAgentsTakeTheNextTicket(t *testing.T) {
	t.Parallel()
	o := newOpened(t)
	setup, _ := o.desk.Setup()
	setup.Lanes[0].Pull = true // repairs
	if err := o.desk.Apply(t.Context(), socialcrm.By{Actor: ticket.Actor{Kind: ticket.ByHost, ID: "test"}}, setup); err != nil {
		t.Fatal(err)
	}
	e := channel.Event{
		Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "facebook", ID: "700100"},
		Message: channel.Message{ID: "1", Thread: "1", Author: channel.Author{ID: "700100:1"}, Text: "My brake is broken", Time: time.Now()},
	}
	results, err := o.desk.Ingest(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	first, again := o.ask("POST", "/api/next", "", "Idempotency-Key", "1"), o.ask("POST", "/api/next", "", "Idempotency-Key", "1")
	if first.Code != http.StatusOK || !strings.Contains(first.Body.String(), string(results[0].Ticket)) || again.Body.String() != first.Body.String() {
		t.Errorf("the first: %d %s; the same again: %d %s; want ticket %s", first.Code, first.Body, again.Code, again.Body, results[0].Ticket)
	}
	if w := o.ask("POST", "/api/next", ""); w.Code != http.StatusNotFound {
		t.Errorf("when nothing waits: %d %s", w.Code, w.Body)
	}
}

func TestTicketsAreListedByWhatIsAsked(t *testing.T) {
	t.Parallel()
	o := newOpened(t)
	for query, want := range map[string]int{"": 1, "status=new,open": 1, "status=solved": 0, "agent=ana&lane=repairs": 1, "agent=ben": 0, "lane=questions": 0, "tag=gold": 0, "limit=1": 1} {
		var got page[ticket.Ticket]
		w := o.ask("GET", "/api/tickets?"+query, "")
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Items) != want {
			t.Errorf("?%s: %d tickets, %v; want %d: %s", query, len(got.Items), err, want, w.Body)
		}
	}
}

func TestProbesTellTheStoreFromTheProcess(t *testing.T) {
	t.Parallel()
	o := newOpened(t)
	probe := func(path string) int { return o.ask("GET", path, "", "Authorization", "").Code }
	if live, ready := probe("/healthz"), probe("/readyz"); live != 200 || ready != 503 {
		t.Errorf("before the desk runs: healthz %d, readyz %d", live, ready)
	}
	o.running.Store(true)
	if ready := probe("/readyz"); ready != 200 {
		t.Errorf("while it runs: readyz %d", ready)
	}
	if vars := o.ask("GET", "/debug/vars", "").Body.String(); !strings.Contains(vars, `"webhooks": {"200": 1}`) || !strings.Contains(vars, `"tasks_dead": 0`) || !json.Valid([]byte(vars)) {
		t.Errorf("counts: %s", vars)
	}
	if err := o.store.Close(); err != nil {
		t.Fatal(err)
	}
	if live, ready := probe("/healthz"), probe("/readyz"); live != 200 || ready != 503 {
		t.Errorf("without a Store: healthz %d, readyz %d", live, ready)
	}
	if w := o.ask("GET", "/api/tickets/ID", ""); w.Code != 503 || strings.Contains(w.Body.String(), "closed") || w.Header().Get("Retry-After") == "" {
		t.Errorf("without a Store an agent hears: %d %s", w.Code, w.Body)
	}
}

func TestWhoComesWhenItIsFullComesAgain(t *testing.T) {
	t.Parallel()
	inside, leave := make(chan bool), make(chan bool)
	h := atMost(1, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside <- true; <-leave }))
	ask := func() int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		return w.Code
	}
	first := make(chan int)
	go func() { first <- ask() }()
	<-inside
	if code := ask(); code != http.StatusServiceUnavailable {
		t.Errorf("the second at once: %d", code)
	}
	leave <- true
	if code := <-first; code != http.StatusOK {
		t.Errorf("the first: %d", code)
	}
}

// TestTheDemoTellsItsStory plays what -demo plays, without the pauses.
func TestTheDemoTellsItsStory(t *testing.T) {
	t.Parallel()
	st, err := newStage()
	if err != nil {
		t.Fatal(err)
	}
	defer st.close()
	server := httptest.NewUnstartedServer(nil)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- openAndServe(ctx, st.Config, st.getenv, slog.New(slog.DiscardHandler), server.Listener)
	}()
	address := "http://" + server.Listener.Addr().String()
	st.facebook.Subscribe(address + "/webhooks/facebook")
	go st.facebook.Deliver(ctx)
	var out strings.Builder
	if err := st.play(ctx, address, &out, 0); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if want := "Salesforce holds 3 contacts, 3 cases and 10 interactions."; !strings.Contains(out.String(), want) {
		t.Errorf("the story does not end with %q:\n%s", want, &out)
	}
	if n := len(st.mastodon.Answers()); n != 1 { // its echo came by the stream, before the answer to the post or after it
		t.Errorf("Mastodon has %d answers, want one", n)
	}
}

func TestWrongFlagsAreTold(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"-demo", "-config", "x"}, {"-nothing"}, {"-demo", "more"}, {"-config", "nowhere.json"}} {
		if code := run(t.Context(), args, func(string) string { return "" }, io.Discard, io.Discard); code != 2 {
			t.Errorf("%q: exit code %d, want 2", args, code)
		}
	}
}
