package openapitest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/mastodon"
	"github.com/socialcrm/socialcrm/channel/mastodon/internal/standin"
	"github.com/socialcrm/socialcrm/remote"
)

// file is the description. The second is where the checkout lies in its place, with what several projects share beside it.
func file() string {
	if named := os.Getenv("MASTODON_OPENAPI"); named != "" {
		return named
	}
	return "../../../../shared/specs/mastodon.openapi.json"
}

// load reads the description and mends what it says otherwise than the documentation that it was made from.
func load(t *testing.T) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(file())
	if errors.Is(err, os.ErrNotExist) {
		if os.Getenv("SOCIALCRM_REQUIRE") != "" {
			t.Fatalf("no test may be skipped here, but there is no description: %v", err)
		}
		t.Skipf("no description: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = nil // any host
	post := doc.Paths.Find("/api/v1/statuses").Post
	// A text beside attachments is allowed in so many words, but the description wants exactly one of its three kinds of post.
	body := post.RequestBody.Value.Content.Get("application/json").Schema.Value
	for _, kind := range body.OneOf {
		if !strings.HasSuffix(kind.Ref, "/MediaStatus") {
			kind.Value = &openapi3.Schema{AllOf: openapi3.SchemaRefs{{Ref: kind.Ref, Value: kind.Value}}, Not: (&openapi3.Schema{Required: []string{"media_ids"}}).NewRef()}
			kind.Ref = ""
		}
	}
	// A header is a text.
	for _, p := range post.Parameters {
		if p.Value.Name == "Idempotency-Key" {
			p.Value.Schema = openapi3.NewStringSchema().NewRef()
		}
	}
	// Lists are written name[]=; the description leaves out the brackets.
	for _, path := range doc.Paths.Map() {
		if path.Get == nil {
			continue
		}
		for _, p := range path.Get.Parameters {
			if s := p.Value.Schema; p.Value.In == "query" && s != nil && s.Value != nil && s.Value.Type.Is("array") {
				p.Value.Name += "[]"
			}
		}
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// checker is a server that holds each request against the description before the stand-in answers it.
type checker struct {
	t      *testing.T
	router routers.Router
	next   http.Handler

	mu   sync.Mutex
	seen map[string]bool
}

func (c *checker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		c.t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.check(r)
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.next.ServeHTTP(w, r)
}

func (c *checker) check(r *http.Request) {
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		c.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		return
	}
	c.mu.Lock()
	c.seen[r.Method+" "+route.Path] = true
	c.mu.Unlock()
	err = openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: c.authenticated(r), MultiError: true},
	})
	if err != nil {
		c.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	for name := range r.URL.Query() {
		if !slices.ContainsFunc(route.Operation.Parameters, func(p *openapi3.ParameterRef) bool { return p.Value.In == "query" && p.Value.Name == name }) {
			c.t.Errorf("%s %s: the description has no parameter %s", r.Method, r.URL.Path, name)
		}
	}
}

// authenticated sees that a call that needs a token has one, and that the adapter asks for the scopes that the call needs.
func (c *checker) authenticated(r *http.Request) openapi3filter.AuthenticationFunc {
	return func(_ context.Context, in *openapi3filter.AuthenticationInput) error {
		if r.Header.Get("Authorization") != "Bearer "+standin.Token {
			return errors.New("there is no token")
		}
		for _, scope := range in.Scopes {
			if scope != "profile" && !slices.Contains(mastodon.Scopes[:], scope) {
				return errors.New("the scope " + scope + " is not asked for")
			}
		}
		return nil
	}
}

func TestRequestsAreValid(t *testing.T) {
	t.Parallel()
	network := standin.New()
	network.Processing = 1
	c := &checker{t: t, router: load(t), seen: map[string]bool{}}
	c.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/oauth/"):
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"access_token":"`+standin.Token+`","token_type":"Bearer","scope":"read write"}`)
		case r.URL.Path == "/api/v1/apps":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"id":"1","client_id":"app-1","client_secret":"app-secret"}`)
		default:
			network.ServeHTTP(w, r)
		}
	})
	server := httptest.NewServer(c)
	defer server.Close()
	picture := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.WriteString(w, "\x89PNG\r\n\x1a\n")
	}))
	defer picture.Close()

	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	app, err := mastodon.Register(ctx, mastodon.Registration{Server: server.URL, Name: "Acme service", Website: "https://acme.example", HTTP: server.Client()})
	must(err)
	login := app.Login()
	authorize, err := http.NewRequest(http.MethodGet, login.URL, nil)
	must(err)
	c.check(authorize)
	token, err := app.Token(ctx, login, "code-1")
	must(err)

	m, err := mastodon.New(mastodon.Options{
		Server: server.URL, Handle: standin.Handle, Token: oauth2.StaticTokenSource(token), HTTP: server.Client(), Favourites: true,
		Fetcher: &remote.Fetcher{AnyPort: true, Allow: netip.Addr.IsLoopback},
	})
	must(err)
	first := network.Write("Where is my parcel?")
	network.Post(standin.Status{Author: "lea@other.example", Text: "Mine, too", InReplyTo: first, Spoiler: "parcels"})
	private := network.Post(standin.Status{Text: "My order is 17", Visibility: "direct"})
	batch, err := m.Poll(ctx, "")
	must(err)
	_, err = m.Poll(ctx, batch.Cursor)
	must(err)
	_, err = m.Reread(ctx, []channel.Message{batch.Events[0].Message, batch.Events[1].Message})
	must(err)
	for _, out := range []channel.Outgoing{
		{Key: "1", InReplyTo: first, Text: "On its way.", Attachments: []channel.Attachment{{Type: "image", URL: picture.URL + "/a.png", Description: "a bag"}}},
		{Key: "2", InReplyTo: private, Visibility: channel.Private, Text: "Thank you."},
	} {
		out.To = channel.Author{ID: standin.Customer, Handle: standin.Customer}
		_, err = m.Send(ctx, out)
		if len(out.Attachments) > 0 && remote.KindOf(err) == remote.Unavailable {
			_, err = m.Send(ctx, out)
		}
		must(err)
		_, _, err = m.Find(ctx, out, batch.Events[0].Time)
		must(err)
	}
	_, err = m.Profile(ctx, standin.Customer)
	must(err)
	must(m.Moderate(ctx, channel.Like, channel.Message{ID: first}))
	must(m.Moderate(ctx, channel.Unlike, channel.Message{ID: first}))
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		<-network.Connected()
		cancel()
	}()
	if err := m.Stream(ctx, func(channel.Batch) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	must(app.Revoke(t.Context(), token.AccessToken))

	for _, call := range []string{
		"GET /api/v1/accounts/lookup", "GET /api/v1/accounts/verify_credentials", "GET /api/v1/accounts/{id}/statuses", "GET /api/v1/media/{id}", "GET /api/v1/notifications",
		"GET /api/v1/statuses", "GET /api/v1/statuses/{id}", "GET /api/v1/statuses/{id}/context", "GET /api/v1/streaming/user", "GET /api/v2/instance", "GET /oauth/authorize",
		"POST /api/v1/apps", "POST /api/v1/statuses", "POST /api/v1/statuses/{id}/favourite", "POST /api/v1/statuses/{id}/unfavourite", "POST /api/v2/media", "POST /oauth/revoke",
		"POST /oauth/token",
	} {
		if !c.seen[call] {
			t.Errorf("%s was never called", call)
		}
		delete(c.seen, call)
	}
	for call := range c.seen {
		t.Errorf("%s is called, but no expectation here", call)
	}
}
