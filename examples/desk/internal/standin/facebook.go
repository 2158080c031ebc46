package standin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/channel/meta"
)

// Facebook is a Page with one post, and Meta's side of it: the Graph API, and an app's webhook.
type Facebook struct {
	App   meta.App
	Page  string // its ID
	Token string // of the Page

	mu     sync.Mutex
	ids    int
	fields []string // that the app is subscribed to
	said   []*Said
	calls  chan []byte // of the webhook, waiting
	at     string      // the webhook's address
}

// Said is a comment or a Messenger message.
type Said struct {
	ID, Text string
	From     string // the person's ID, or the Page's
	Parent   string // what a comment stands under
	With     string // whom a message was exchanged with; empty: it is a comment
	Name     string
	At       time.Time
	Answers  string // the comment that a private message answers
}

// NewFacebook returns a Page on which nobody has said anything.
func NewFacebook(app meta.App, page, token string) *Facebook {
	return &Facebook{App: app, Page: page, Token: token, calls: make(chan []byte, 1000)}
}

// Post is the ID of the Page's post under which people comment.
func (f *Facebook) Post() string { return f.Page + "_1" }

// Comment lets somebody comment on the post, and returns the comment's ID.
func (f *Facebook) Comment(person, name, text string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.comment(&Said{From: person, Name: name, Text: text, Parent: f.Post()}).ID
}

// Message lets somebody write to the Page in Messenger.
func (f *Facebook) Message(person, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.message(&Said{From: person, With: person, Text: text}, "")
}

// Answers returns what the Page itself said, the oldest first.
func (f *Facebook) Answers() (all []Said) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.said {
		if s.From == f.Page {
			all = append(all, *s)
		}
	}
	return all
}

func (f *Facebook) comment(s *Said) *Said {
	f.ids++
	s.ID, s.At = fmt.Sprintf("1_%d", f.ids), time.Now()
	f.said = append(f.said, s)
	f.tell(object{"changes": []object{{"field": "feed", "value": object{
		"item": "comment", "verb": "add", "comment_id": s.ID, "post_id": f.Post(), "parent_id": s.Parent, "from": object{"id": s.From, "name": s.Name},
		"created_time": s.At.Unix(), "message": s.Text,
	}}}})
	return s
}

func (f *Facebook) message(s *Said, metadata string) *Said {
	f.ids++
	s.ID, s.At = fmt.Sprintf("m_%d", f.ids), time.Now()
	f.said = append(f.said, s)
	to, content := f.Page, object{"mid": s.ID, "text": s.Text}
	if s.From == f.Page {
		to, content["is_echo"], content["app_id"], content["metadata"] = s.With, true, json.Number(f.App.ID), metadata
	}
	f.tell(object{"messaging": []object{{"sender": object{"id": s.From}, "recipient": object{"id": to}, "timestamp": s.At.UnixMilli(), "message": content}}})
	return s
}

// tell puts an entry into the webhook's queue.
func (f *Facebook) tell(entry object) {
	entry["id"], entry["time"] = f.Page, time.Now().UnixMilli()
	body, err := json.Marshal(object{"object": "page", "entry": []object{entry}})
	if err != nil {
		panic(err) // it is made of texts and numbers
	}
	f.calls <- body
}

// Subscribe says where the webhook is, from now on.
func (f *Facebook) Subscribe(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = address
}

func (f *Facebook) webhook() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at
}

// Deliver makes the signed webhook calls until ctx ends, in order; like Meta it makes one again that was not answered 200. It makes every one twice, as Meta may.
func (f *Facebook) Deliver(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case body := <-f.calls:
			for taken := 0; taken < 2; {
				if status, err := Call(ctx, f.App, f.webhook(), body); err == nil && status == http.StatusOK {
					taken++
					continue
				}
				select {
				case <-ctx.Done():
					return
				case <-time.After(50 * time.Millisecond):
				}
			}
		}
	}
}

// Call makes one webhook call, signed by the app, and returns the status of the answer.
func Call(ctx context.Context, app meta.App, address string, body []byte) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Hub-Signature-256", app.Sign(body))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

// ServeHTTP is the Graph API.
func (f *Facebook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, versioned := strings.CutPrefix(r.URL.Path, "/"+meta.Version+"/")
	id, edge, _ := strings.Cut(path, "/")
	f.mu.Lock()
	defer f.mu.Unlock()
	no := func(code, subcode int, message string) {
		write(w, http.StatusBadRequest, object{"error": object{"message": message, "type": "OAuthException", "code": code, "error_subcode": subcode}})
	}
	switch {
	case !versioned:
		no(2500, 0, "Unknown path components")
	case path == "debug_token" && r.Header.Get("Authorization") == "Bearer "+f.App.ID+"|"+f.App.Secrets[0]:
		write(w, http.StatusOK, object{"data": object{"app_id": f.App.ID, "type": "PAGE", "is_valid": r.FormValue("input_token") == f.Token, "scopes": []string{
			"pages_manage_metadata", "pages_read_engagement", "pages_manage_engagement", "pages_messaging"}}})
	case r.Header.Get("Authorization") != "Bearer "+f.Token || r.URL.Query().Get("appsecret_proof") == "":
		no(190, 463, "Error validating access token")
	case r.Method == http.MethodPost && id == f.Page && edge == "subscribed_apps":
		f.fields = strings.Split(r.FormValue("subscribed_fields"), ",")
		write(w, http.StatusOK, object{"success": true})
	case r.Method == http.MethodPost && edge == "comments" && f.knows(id):
		s := f.comment(&Said{From: f.Page, Name: "the Page", Text: r.FormValue("message"), Parent: id})
		write(w, http.StatusOK, object{"id": s.ID})
	case r.Method == http.MethodPost && id == f.Page && edge == "messages":
		f.send(w, r, no)
	case r.Method != http.MethodGet:
		no(100, 33, "Unsupported request")
	case edge == "subscribed_apps":
		data := []object{}
		if f.fields != nil {
			data = append(data, object{"id": f.App.ID, "subscribed_fields": f.fields})
		}
		write(w, http.StatusOK, object{"data": data})
	case edge == "comments":
		write(w, http.StatusOK, object{"data": f.show(func(s *Said) bool { return s.With == "" && (id == f.Post() || s.Parent == id) })})
	case edge == "conversations":
		write(w, http.StatusOK, object{"data": f.conversations(r.FormValue("user_id"))})
	case edge != "":
		write(w, http.StatusOK, object{"data": []object{}}) // the lists of posts: all that is new comes by webhook
	case strings.Contains(r.FormValue("fields"), "private_reply_conversation"):
		out := object{"id": id}
		for _, s := range f.said {
			if s.Answers == id {
				out["private_reply_conversation"] = f.conversation(s.With)
			}
		}
		write(w, http.StatusOK, out)
	default:
		f.one(w, id, no)
	}
}

// one shows a comment, or what somebody is called.
func (f *Facebook) one(w http.ResponseWriter, id string, no func(code, subcode int, message string)) {
	for _, s := range f.said {
		switch {
		case s.ID == id:
			write(w, http.StatusOK, entity(s))
			return
		case s.From == id && s.Name != "":
			write(w, http.StatusOK, object{"id": id, "name": s.Name})
			return
		}
	}
	no(100, 33, "Object with ID '"+id+"' does not exist")
}

// send is the Send API: an answer to who wrote in Messenger, or the one answer in private that a comment may have.
func (f *Facebook) send(w http.ResponseWriter, r *http.Request, no func(code, subcode int, message string)) {
	var c struct {
		Recipient struct {
			ID      string `json:"id"`
			Comment string `json:"comment_id"`
		} `json:"recipient"`
		Message struct {
			Text     string `json:"text"`
			Metadata string `json:"metadata"`
		} `json:"message"`
	}
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil || c.Message.Text == "" {
		no(100, 2018034, "Message cannot be empty")
		return
	}
	to := c.Recipient.ID
	wrote := slices.ContainsFunc(f.said, func(s *Said) bool { return s.From == to && s.With != "" })
	if c.Recipient.Comment != "" {
		i := slices.IndexFunc(f.said, func(s *Said) bool { return s.ID == c.Recipient.Comment })
		if i < 0 || slices.ContainsFunc(f.said, func(s *Said) bool { return s.Answers == c.Recipient.Comment }) {
			no(10900, 0, "Activity already replied to")
			return
		}
		to, wrote = f.said[i].From, true
	}
	if !wrote {
		no(10, 2018278, "This message is sent outside of allowed window.")
		return
	}
	s := f.message(&Said{From: f.Page, With: to, Text: c.Message.Text, Answers: c.Recipient.Comment}, c.Message.Metadata)
	write(w, http.StatusOK, object{"recipient_id": to, "message_id": s.ID})
}

func (f *Facebook) knows(id string) bool {
	return id == f.Post() || slices.ContainsFunc(f.said, func(s *Said) bool { return s.ID == id && s.With == "" })
}

// show renders what fits, the newest first.
func (f *Facebook) show(fits func(*Said) bool) []object {
	out := []object{}
	for _, s := range slices.Backward(f.said) {
		if fits(s) {
			out = append(out, entity(s))
		}
	}
	return out
}

func (f *Facebook) conversations(with string) []object {
	out, seen := []object{}, map[string]bool{}
	for _, s := range slices.Backward(f.said) {
		if s.With != "" && !seen[s.With] && s.With == cmp.Or(with, s.With) {
			seen[s.With] = true
			out = append(out, f.conversation(s.With))
		}
	}
	return out
}

func (f *Facebook) conversation(with string) object {
	messages := f.show(func(s *Said) bool { return s.With == with })
	return object{
		"id": "t_" + with, "updated_time": messages[0]["created_time"], "messages": object{"data": messages},
		"participants": object{"data": []object{{"id": with}, {"id": f.Page}}},
	}
}

func entity(s *Said) object {
	out := object{"id": s.ID, "message": s.Text, "created_time": s.At.UTC().Format("2006-01-02T15:04:05-0700"), "from": object{"id": s.From, "name": s.Name}}
	if s.Parent != "" {
		out["parent"] = object{"id": s.Parent}
	}
	return out
}
