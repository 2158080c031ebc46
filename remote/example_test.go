package remote_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/remote"
)

func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var post struct{ Text string }
		json.NewDecoder(r.Body).Decode(&post)
		fmt.Fprintf(w, `{"id":"1123","text":%q}`, post.Text)
	}))
	defer server.Close()

	client := &remote.Client{
		Name:   "mastodon",
		Base:   server.URL + "/api/v1",
		Token:  oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "from your configuration"}),
		Scopes: []remote.Scope{{Level: remote.LevelAccount, ID: "mastodon/42"}},
	}
	var status struct{ ID, Text string }
	_, err := client.Do(context.Background(), remote.Request{
		Op:   "post reply to 1122",
		Path: "/statuses",
		JSON: map[string]string{"text": "It is on its way."},
		Into: &status,
	})
	fmt.Println(status.ID, status.Text, err)
	// Output: 1123 It is on its way. <nil>
}

// What to do after a failure is in the error: what it means, how far it reaches, when to come back.
func ExampleError() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	client := &remote.Client{
		Name: "mastodon", Base: server.URL,
		Scopes: []remote.Scope{{Level: remote.LevelAccount, ID: "mastodon/42"}},
		Now:    func() time.Time { return time.Date(2026, 11, 3, 14, 2, 50, 0, time.UTC) },
	}
	_, err := client.Do(context.Background(), remote.Request{Op: "post reply to 1122", Path: "/statuses", JSON: "hello"})
	fmt.Println(err)
	if e, ok := errors.AsType[*remote.Error](err); ok && e.Kind.Temporary() {
		fmt.Println("pause", e.Scope, "until", e.RetryAt.Format(time.TimeOnly))
	}
	// Output:
	// mastodon: post reply to 1122: rate limited until 14:03:20Z: status 429
	// pause account mastodon/42 until 14:03:20
}

// A platform's own error table is a function of the answer.
func ExampleClient_classify() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":{"message":"outside the allowed window","code":10}}`)
	}))
	defer server.Close()
	client := &remote.Client{
		Name: "facebook",
		Base: server.URL,
		Classify: func(r *remote.Response) *remote.Error {
			var body struct{ Error struct{ Code int } }
			if json.Unmarshal(r.Body, &body) == nil && body.Error.Code == 10 {
				return &remote.Error{Kind: remote.WindowClosed, Code: "10"}
			}
			return nil // let the status decide
		},
	}
	_, err := client.Do(context.Background(), remote.Request{Op: "send message to 77", Path: "/me/messages", JSON: "hello"})
	fmt.Println(err)
	// Output: facebook: send message to 77: window closed: status 400: code 10: outside the allowed window
}

func ExampleLimiter() {
	limiter := &remote.Limiter{Rates: map[remote.Level]remote.Rate{
		remote.LevelRecipient: {Every: time.Second}, // one message a second to each person
	}}
	now := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	jane := remote.Scope{Level: remote.LevelRecipient, ID: "jane"}
	for range 2 {
		until, by, ok := limiter.Reserve(now, jane)
		if ok {
			fmt.Println("send")
		} else {
			fmt.Println("come back at", until.Format(time.TimeOnly), "because of", by)
		}
	}
	// Output:
	// send
	// come back at 12:00:01 because of recipient jane
}

// Wrap the refresh of golang.org/x/oauth2, so that rotated refresh tokens are saved before they are needed.
func ExampleTokenSource() {
	config := &oauth2.Config{ClientID: "id", ClientSecret: "secret", Endpoint: oauth2.Endpoint{TokenURL: "https://social.example/token"}}
	source := &remote.TokenSource{
		Name:  "social",
		Store: &memory{token: &oauth2.Token{AccessToken: "still good", Expiry: time.Now().Add(time.Hour)}},
		Refresh: func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error) {
			if old == nil {
				return nil, &remote.Error{Kind: remote.Unauthorized, Message: "nobody has connected the account yet"}
			}
			return config.TokenSource(ctx, &oauth2.Token{RefreshToken: old.RefreshToken}).Token()
		},
	}
	token, err := source.Token()
	fmt.Println(token.AccessToken, err)
	// Output: still good <nil>
}

func ExampleSignature() {
	webhook := remote.Signature{
		Header: "X-Hub-Signature-256",
		Prefix: "sha256=",
		Keys:   [][]byte{[]byte("the new app secret"), []byte("the old app secret")},
	}
	body := []byte(`{"object":"page"}`)
	signed, _ := webhook.Sign(body)
	header := http.Header{"X-Hub-Signature-256": {signed}}

	fmt.Println(webhook.Verify(header, body))
	fmt.Println(webhook.Verify(header, []byte(`{"object":"user"}`)))
	// Output:
	// <nil>
	// signature refused: header X-Hub-Signature-256 does not match
}

func ExampleFetcher() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "a photo") }))
	defer server.Close()

	_, err := new(remote.Fetcher).Fetch(context.Background(), "http://169.254.169.254/latest/meta-data/")
	fmt.Println(err)

	test := remote.Fetcher{AnyPort: true, Allow: func(ip netip.Addr) bool { return ip.IsLoopback() }}
	photo, err := test.Fetch(context.Background(), server.URL)
	fmt.Printf("%s %v\n", photo.Body, err)
	// Output:
	// fetch http://169.254.169.254/latest/meta-data/: rejected: address 169.254.169.254 is not public
	// a photo <nil>
}

func ExampleRedact() {
	fmt.Println(remote.Redact(`Get "https://social.example/me?access_token=EAAB1&fields=id": my-secret refused`, "my-secret"))
	// Output: Get "https://social.example/me?access_token=[redacted]&fields=id": [redacted] refused
}
