package facebook_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/channel/facebook"
)

// options are those of a Channel on a stand-in behind a server.
func options(server *httptest.Server, now func() time.Time) facebook.Options {
	return facebook.Options{
		Account: channel.Account{AccountID: channel.AccountID{ID: pageID}, Name: "Taps"}, App: app, Base: server.URL, HTTP: server.Client(), Now: now,
		Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: pageToken}),
	}
}

// trouble is how Meta words what the kit lets go wrong.
func trouble(w http.ResponseWriter, tr channeltest.Trouble) bool {
	no := map[channeltest.Trouble]*refusal{
		channeltest.Throttled:    {400, 80001, 0, "There have been too many calls to this Page account."},
		channeltest.Down:         {500, 1200, 0, "Temporary send message failure. Please try again later."},
		channeltest.TokenExpired: {401, 190, 463, "Error validating access token " + pageToken + ": Session has expired"},
		channeltest.Refused:      {400, 100, 0, "(#100) Invalid parameter"},
	}[tr]
	if tr == channeltest.Throttled {
		w.Header().Set("X-Business-Use-Case-Usage", `{"700100":[{"type":"pages","call_count":100,"total_cputime":20,"total_time":20,"estimated_time_to_regain_access":7}]}`)
	}
	no.write(w)
	return true
}

// place is where the customer of the kit writes.
type place string

const (
	onTheWall   place = "posts on the Page"
	belowAnAd   place = "comments below an advert"
	inMessenger place = "messages"
)

func TestChannelPassesTheKit(t *testing.T) {
	t.Parallel()
	for _, where := range []place{onTheWall, belowAnAd, inMessenger} {
		t.Run(string(where), func(t *testing.T) {
			t.Parallel()
			channeltest.Run(t, harness(where))
		})
	}
}

// messengerOnly is a Channel with what it can do in Messenger: messages are neither moderated nor answered in private.
type messengerOnly struct {
	channel.Channel
	channel.Poller
	channel.Finder
	channel.Profiler
	channel.Subscriber
	channel.Controller
}

func harness(where place) channeltest.Harness {
	private := where == inMessenger
	abilities := channeltest.Finds | channeltest.Profiles | channeltest.Subscribes | channeltest.Controls
	if !private {
		abilities |= channeltest.Moderates | channeltest.PrivateReplies
	}
	return channeltest.Harness{
		Features: channeltest.Features{
			Abilities: abilities, Webhook: true, Poll: true, PrivateOnly: private, Edits: true, Deletions: true, Revisions: private, Threads: true, Batches: true,
		},
		New: func(t channeltest.T) channeltest.Fixture { return fixture(t, where) },
	}
}

func fixture(t channeltest.T, where place) channeltest.Fixture {
	s := newStandIn(time.Now)
	s.most = 10 // long threads are tested elsewhere
	flaky := &channeltest.Flaky{Handler: s, Answer: trouble}
	server := httptest.NewServer(flaky)
	t.Cleanup(server.Close)
	locked := func(do func()) {
		s.mu.Lock()
		defer s.mu.Unlock()
		do()
	}
	writes := map[place]func(text string) *written{
		onTheWall: func(text string) *written { return s.post(visitor, text, facebook.Feed) },
		belowAnAd: func(text string) (w *written) {
			ad := s.post(pageID, "Taps, half price", facebook.AdsPosts)
			locked(func() { w = s.comment(visitor, ad.id, text) })
			return w
		},
		inMessenger: func(text string) (w *written) {
			locked(func() { w = s.message(psid, psid, text, "") })
			return w
		},
	}
	customer := visitor
	if where == inMessenger {
		customer = psid
	}
	page := channel.Channel(facebook.New(options(server, nil)))
	if c := facebook.New(options(server, nil)); where == inMessenger {
		page = messengerOnly{c, c, c, c, c, c}
	}
	return channeltest.Fixture{
		Channel: page, Sources: []channel.Source{&facebook.Receiver{App: app}},
		Secrets: []string{pageToken, url.QueryEscape(pageToken), appSecret, proof}, HTTP: flaky, Webhook: s.webhook, RetryAfter: 7 * time.Minute,
		Customer: pageID + ":" + customer,
		Write:    func(text string) string { return writes[where](text).id },
		Reply: func(to, text string) (id string) {
			locked(func() {
				if where == inMessenger {
					id = s.message(psid, psid, text, "").id
				} else {
					id = s.comment(visitor, to, text).id
				}
			})
			return id
		},
		Edit:   func(id, text string) string { locked(func() { s.edit(id, text) }); return id },
		Delete: func(id string) { locked(func() { s.delete(id) }) },
		Posts: func() (texts []string) {
			locked(func() {
				for _, w := range s.ours() {
					texts = append(texts, w.text)
				}
			})
			return texts
		},
		Answers: func(id string) (texts []string) {
			locked(func() {
				for _, w := range s.ours() {
					if w.with != "" || w.parent == id || w.parent == "" && w.post == id {
						texts = append(texts, w.text)
					}
				}
			})
			return texts
		},
		Attached: func(text string) (n int) {
			locked(func() {
				for _, w := range s.ours() {
					if w.text == text {
						n = len(w.attached)
					}
				}
			})
			return n
		},
		Corrupt: func() {
			w := writes[where]("spoiled")
			locked(func() {
				s.corrupt = append(s.corrupt, w.id)
				last := s.told[len(s.told)-1].body
				if value, ok := last["value"].(map[string]any); ok {
					value["message"] = []string{"spoiled"}
				} else {
					last["message"] = "spoiled"
				}
			})
		},
		Challenge: func() (channel.Call, string) {
			return channel.Call{Method: http.MethodGet, Query: url.Values{
				"hub.mode": {"subscribe"}, "hub.verify_token": {"let-me-in"}, "hub.challenge": {"1158201444"},
			}}, "1158201444"
		},
	}
}
