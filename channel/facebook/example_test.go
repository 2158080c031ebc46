package facebook_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/facebook"
	"github.com/socialcrm/socialcrm/channel/meta"
)

// A signed call with a comment and a private message is verified and decoded. The Desk does this with every call to the receiver's address.
func Example() {
	r := &facebook.Receiver{App: meta.App{ID: "99", Secrets: []string{"app-secret"}, VerifyToken: "let-me-in"}}

	body := []byte(`{"object":"page","entry":[
		{"id":"700100","time":1788000005,"changes":[{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"9001_51",
			"post_id":"700100_9001","parent_id":"700100_9001","from":{"id":"81001","name":"Ann"},"created_time":1788000000,"message":"Still no tap!"}}]},
		{"id":"700100","time":1788000060500,"messaging":[{"sender":{"id":"5550"},"recipient":{"id":"700100"},"timestamp":1788000060250,
			"message":{"mid":"m_1","text":"My order is 17"}}]}]}`)
	call := channel.Call{Method: "POST", Body: body, Header: http.Header{}}
	call.Header.Set("X-Hub-Signature-256", r.App.Sign(body)) // Meta does this

	if _, err := r.Verify(call); err != nil {
		fmt.Println(err)
		return
	}
	delivery, err := r.Decode(call)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range delivery.Events {
		fmt.Println(e.Account, e.Kind, e.Message.Visibility, e.Message.Author.ID, e.Message.Text)
	}

	call.Body = append(call.Body, ' ')
	_, err = r.Verify(call)
	fmt.Println(err)
	// Output:
	// facebook/700100 received public 700100:81001 Still no tap!
	// facebook/700100 received private 700100:5550 My order is 17
	// facebook: verify webhook call: unauthorized: signature refused: header X-Hub-Signature-256 does not match
}

// When the webhook is subscribed in the app dashboard, Meta asks whether the address is yours.
func ExampleReceiver_Verify_challenge() {
	r := &facebook.Receiver{App: meta.App{VerifyToken: "let-me-in"}}
	resp, err := r.Verify(channel.Call{Method: "GET", Query: map[string][]string{
		"hub.mode": {"subscribe"}, "hub.verify_token": {"let-me-in"}, "hub.challenge": {"1158201444"},
	}})
	fmt.Println(resp.Status, string(resp.Body), err)
	// Output: 200 1158201444 <nil>
}

// A Page answers a comment; server stands for https://graph.facebook.com, which is used where Base is empty.
func ExampleChannel_Send() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path, r.FormValue("message"))
		fmt.Fprint(w, `{"id":"9001_60"}`)
	}))
	defer server.Close()
	page := facebook.New(facebook.Options{
		Account: channel.Account{AccountID: channel.AccountID{ID: "700100"}}, App: meta.App{ID: "99", Secrets: []string{"app-secret"}},
		Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "page-token"}), Base: server.URL,
	})
	sent, err := page.Send(context.Background(), channel.Outgoing{InReplyTo: "9001_51", Thread: "700100_9001", Text: "On its way, Ann."})
	fmt.Println(sent.ID, err)
	// Output:
	// POST /v25.0/9001_51/comments On its way, Ann.
	// 9001_60 <nil>
}
