package facebook_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/facebook"
	"github.com/socialcrm/socialcrm/channel/meta"
)

const (
	pageID    = "700100"
	pageToken = "EAAGpage+t0ken/secret"
	appSecret = "app-secret-of-99"
	visitor   = "81001" // who writes in public
	psid      = "5550"  // who writes in Messenger
)

var app = meta.App{ID: "99", Secrets: []string{appSecret}, VerifyToken: "let-me-in"}

// standIn is Meta's side of one Page: what is written there, the Graph API over it, and the webhook calls that tell of it.
type standIn struct {
	mu      sync.Mutex
	now     func() time.Time
	most    int // elements on a page of a list
	ids     int
	posts   []*written // the oldest first
	below   []*written // comments
	chat    []*written // messages of all conversations
	told    []element  // not yet told by a webhook
	corrupt []string   // IDs of what is spoiled when read
	replied map[string]bool
	fields  []string // subscribed
	holder  string   // app that holds every conversation
	actions []string // sender actions, blocks and moves of control, in order
}

// written is a post, a comment or a message.
type written struct {
	id, post, parent, from, name, with, text, metadata, list string
	at                                                       time.Time
	edits                                                    int
	attached                                                 []string
	hidden, liked, gone                                      bool
	answered                                                 string // the conversation of the answer in private
}

// element is one element of a webhook entry.
type element struct {
	list string
	body map[string]any
}

func newStandIn(now func() time.Time) *standIn {
	return &standIn{now: now, most: 3, replied: map[string]bool{}, holder: app.ID}
}

func (s *standIn) id() string { s.ids++; return strconv.Itoa(9000 + s.ids) }

func (s *standIn) change(value map[string]any) {
	s.told = append(s.told, element{"changes", map[string]any{"field": "feed", "value": value}})
}

func (s *standIn) messaging(from, to string, content map[string]any) {
	body := map[string]any{"sender": map[string]any{"id": from}, "recipient": map[string]any{"id": to}, "timestamp": s.now().UnixMilli()}
	for k, v := range content {
		body[k] = v
	}
	list := "messaging"
	if s.holder != app.ID {
		list = "standby"
	}
	s.told = append(s.told, element{list, body})
}

// post makes a post on the Page, to be found in a list beside the feed.
func (s *standIn) post(from, text string, list facebook.List) *written {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &written{id: pageID + "_" + s.id(), from: from, name: "Ann Lindqvist", text: text, at: s.now(), list: string(list)}
	s.posts = append(s.posts, w)
	s.change(map[string]any{"item": "post", "verb": "add", "post_id": w.id, "from": person(w), "created_time": w.at.Unix(), "message": text})
	return w
}

func person(w *written) map[string]any {
	if w.from == "" {
		return nil
	}
	return map[string]any{"id": w.from, "name": w.name}
}

// comment writes below a post or comment; Facebook hangs what answers an answer under the comment at the top. It returns nil where there is neither.
func (s *standIn) comment(from, to, text string) *written {
	w := &written{from: from, name: "Ann Lindqvist", text: text, at: s.now()}
	if c := s.find(s.below, to); c != nil {
		w.post, w.parent = c.post, c.id
		if c.parent != "" {
			w.parent = c.parent
		}
	} else if p := s.find(s.posts, to); p != nil {
		w.post = p.id
	} else {
		return nil
	}
	_, number, _ := strings.Cut(w.post, "_")
	w.id = number + "_" + s.id()
	s.below = append(s.below, w)
	s.tellComment(w, "add")
	return w
}

func (s *standIn) tellComment(w *written, verb string) {
	parent := w.parent
	if parent == "" {
		parent = w.post
	}
	v := map[string]any{"item": "comment", "verb": verb, "comment_id": w.id, "post_id": w.post, "parent_id": parent, "from": person(w), "created_time": w.at.Unix(), "message": w.text}
	if verb == "remove" {
		delete(v, "message")
		delete(v, "created_time")
	}
	if w.from == "" {
		delete(v, "from")
	}
	s.change(v)
}

// message writes into the conversation with a customer.
func (s *standIn) message(from, with, text, metadata string, attached ...string) *written {
	w := &written{id: "m_" + s.id(), from: from, with: with, text: text, metadata: metadata, at: s.now(), attached: attached}
	s.chat = append(s.chat, w)
	content := map[string]any{"mid": w.id, "text": text}
	to := pageID
	if from == pageID {
		to = with
		content["is_echo"], content["app_id"], content["metadata"] = true, 99, metadata
	}
	for _, url := range attached {
		content["attachments"] = []any{map[string]any{"type": "image", "payload": map[string]any{"url": url}}}
	}
	s.messaging(from, to, map[string]any{"message": content})
	return w
}

func (s *standIn) find(list []*written, id string) *written {
	for _, w := range list {
		if w.id == id && !w.gone {
			return w
		}
	}
	return nil
}

// any returns what has this ID, wherever it is.
func (s *standIn) any(id string) *written {
	for _, list := range [][]*written{s.posts, s.below, s.chat} {
		if w := s.find(list, id); w != nil {
			return w
		}
	}
	return nil
}

// edit changes a text, as its author would.
func (s *standIn) edit(id, text string) {
	w := s.any(id)
	w.text = text
	w.edits++
	switch {
	case w.with != "":
		s.messaging(w.from, pageID, map[string]any{"message_edit": map[string]any{"mid": w.id, "text": text, "num_edit": strconv.Itoa(w.edits)}})
	case w.post != "":
		s.tellComment(w, "edited")
	default:
		s.change(map[string]any{"item": "post", "verb": "edit", "post_id": w.id, "from": person(w), "created_time": w.at.Unix(), "message": text})
	}
}

func (s *standIn) delete(id string) {
	w := s.any(id)
	w.gone = true
	switch {
	case w.with != "":
		s.messaging(w.from, pageID, map[string]any{"message": map[string]any{"mid": w.id, "is_deleted": true}})
	case w.post != "":
		s.tellComment(w, "remove")
	default:
		s.change(map[string]any{"item": "post", "verb": "remove", "post_id": w.id, "from": person(w)})
	}
}

// ours returns what the Page itself wrote as answers.
func (s *standIn) ours() (all []*written) {
	for _, list := range [][]*written{s.below, s.chat} {
		for _, w := range list {
			if w.from == pageID && !w.gone {
				all = append(all, w)
			}
		}
	}
	return all
}

// webhook renders what is untold as one signed call, an entry for each element.
func (s *standIn) webhook() channel.Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := []any{}
	for _, e := range s.told {
		at := s.now().Unix()
		if e.list != "changes" {
			at = s.now().UnixMilli()
		}
		entries = append(entries, map[string]any{"id": pageID, "time": at, e.list: []any{e.body}})
	}
	s.told = nil
	body, err := json.Marshal(map[string]any{"object": "page", "entry": entries})
	if err != nil {
		panic(err)
	}
	return channel.Call{Method: http.MethodPost, Path: "/webhooks/facebook", Body: body, Header: http.Header{
		"X-Hub-Signature-256": {app.Sign(body)}, "Content-Type": {"application/json"},
	}}
}
