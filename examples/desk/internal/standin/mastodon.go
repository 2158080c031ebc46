package standin

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Mastodon is a server with one brand account, on which people of another server mention it.
type Mastodon struct {
	Account, Domain, Token string

	mu      sync.Mutex
	posts   []*Toot // the oldest first
	streams map[chan []byte]bool
}

// Toot is a post. People's posts mention the account.
type Toot struct {
	ID, From, Text, InReplyTo, Visibility string
	At                                    time.Time
}

// NewMastodon returns a server on which nobody has said anything. The handle is the account's, "acme@social.example".
func NewMastodon(handle, token string) *Mastodon {
	account, domain, _ := strings.Cut(handle, "@")
	return &Mastodon{Account: account, Domain: domain, Token: token, streams: map[chan []byte]bool{}}
}

// Mention lets somebody ("lea@other.example") mention the account in public, and returns the post's ID.
func (m *Mastodon) Mention(from, text string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.post(&Toot{From: from, Text: text, Visibility: "public"}).ID
}

// Answers returns what the account said, the oldest first.
func (m *Mastodon) Answers() (all []Toot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.posts {
		if p.From == m.Account {
			all = append(all, *p)
		}
	}
	return all
}

// post keeps a post, and tells those who listen: of what people say by a notification, of the account's own posts by an update, which often overtakes the answer to whoever
// made them.
func (m *Mastodon) post(p *Toot) *Toot {
	p.ID, p.At = strconv.Itoa(1000001+len(m.posts)), time.Now().UTC()
	m.posts = append(m.posts, p)
	name, told := "notification", m.notification(p)
	if p.From == m.Account {
		name, told = "update", m.status(p)
	}
	data, err := json.Marshal(told)
	if err != nil {
		panic(err) // it is made of texts
	}
	for s := range m.streams {
		s <- fmt.Appendf(nil, "event: %s\ndata: %s\n\n", name, data)
	}
	return p
}

func (m *Mastodon) person(acct string) object {
	name, domain, away := strings.Cut(acct, "@")
	if !away {
		domain = m.Domain
	}
	return object{"id": acct, "username": name, "acct": acct, "display_name": strings.ToUpper(name[:1]) + name[1:], "url": "https://" + domain + "/@" + name}
}

func (m *Mastodon) status(p *Toot) object {
	out := object{
		"id": p.ID, "uri": "https://" + m.Domain + "/statuses/" + p.ID, "url": "https://" + m.Domain + "/@x/" + p.ID, "created_at": p.At.Format("2006-01-02T15:04:05.000Z"), "edited_at": nil,
		"in_reply_to_id": nil, "in_reply_to_account_id": nil, "visibility": p.Visibility, "sensitive": false, "spoiler_text": "", "language": "en",
		"content": "<p>" + html.EscapeString(p.Text) + "</p>", "account": m.person(p.From), "mentions": []object{}, "media_attachments": []object{}, "tags": []object{}, "reblog": nil,
	}
	if p.From != m.Account {
		out["mentions"] = []object{m.person(m.Account)}
	}
	if to := m.find(p.InReplyTo); to != nil {
		out["in_reply_to_id"], out["in_reply_to_account_id"] = to.ID, to.From
	}
	return out
}

func (m *Mastodon) notification(p *Toot) object {
	return object{"id": p.ID, "type": "mention", "created_at": p.At.Format("2006-01-02T15:04:05.000Z"), "account": m.person(p.From), "status": m.status(p)}
}

func (m *Mastodon) find(id string) *Toot {
	for _, p := range m.posts {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// ServeHTTP is the API of a Mastodon 4.
func (m *Mastodon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+m.Token {
		write(w, http.StatusUnauthorized, object{"error": "The access token is invalid"})
		return
	}
	if r.URL.Path == "/api/v1/streaming/user" {
		m.stream(w, r)
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	id, isStatus := strings.CutPrefix(r.URL.Path, "/api/v1/statuses/")
	switch {
	case r.URL.Path == "/api/v2/instance":
		write(w, http.StatusOK, object{"domain": m.Domain, "version": "4.5.0", "api_versions": object{"mastodon": 7}, "configuration": object{
			"urls":     object{"streaming": "ws://" + r.Host},
			"statuses": object{"max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23},
		}})
	case r.URL.Path == "/api/v1/accounts/verify_credentials":
		write(w, http.StatusOK, m.person(m.Account))
	case r.URL.Path == "/api/v1/notifications":
		m.list(w, r, false, m.notification)
	case r.URL.Path == "/api/v1/accounts/"+m.Account+"/statuses":
		m.list(w, r, true, m.status)
	case r.URL.Path == "/api/v1/statuses" && r.Method == http.MethodPost:
		m.publish(w, r)
	case r.URL.Path == "/api/v1/statuses": // those that arrived, read again
		found := []object{}
		for _, id := range r.URL.Query()["id[]"] {
			if p := m.find(id); p != nil {
				found = append(found, m.status(p))
			}
		}
		write(w, http.StatusOK, found)
	case isStatus && m.find(id) != nil:
		write(w, http.StatusOK, m.status(m.find(id)))
	default:
		write(w, http.StatusNotFound, object{"error": "Record not found"})
	}
}

// list answers with what is newer than min_id, by the account itself or by others, the newest first.
func (m *Mastodon) list(w http.ResponseWriter, r *http.Request, own bool, show func(*Toot) object) {
	after, out, newest := r.FormValue("min_id"), []object{}, ""
	for _, p := range m.posts {
		if (p.From == m.Account) == own && (len(after) < len(p.ID) || after < p.ID) {
			out, newest = append([]object{show(p)}, out...), p.ID
		}
	}
	if newest != "" {
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?min_id=%s>; rel="prev"`, r.Host, r.URL.Path, newest))
	}
	write(w, http.StatusOK, out)
}

func (m *Mastodon) publish(w http.ResponseWriter, r *http.Request) {
	var d struct {
		Status     string `json:"status"`
		InReplyTo  string `json:"in_reply_to_id"`
		Visibility string `json:"visibility"`
	}
	if err := json.NewDecoder(r.Body).Decode(&d); err != nil || d.Status == "" || len([]rune(d.Status)) > 500 || m.find(d.InReplyTo) == nil {
		write(w, http.StatusUnprocessableEntity, object{"error": "Validation failed"})
		return
	}
	write(w, http.StatusOK, m.status(m.post(&Toot{From: m.Account, Text: d.Status, InReplyTo: d.InReplyTo, Visibility: d.Visibility})))
}

// stream tells what happens until the client goes.
func (m *Mastodon) stream(w http.ResponseWriter, r *http.Request) {
	events := make(chan []byte, 1000)
	m.mu.Lock()
	m.streams[events] = true
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.streams, events)
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	for say := []byte(":)\n"); ; {
		_, _ = w.Write(say)
		_ = flush.Flush()
		select {
		case <-r.Context().Done():
			return
		case say = <-events:
		}
	}
}
