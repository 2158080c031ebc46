// Package standin is a Mastodon server in memory, for the tests of package mastodon: strict where Mastodon is, with one brand account and any number of people who
// write to it. [New] makes one; it is an http.Handler.
package standin

import (
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The brand's account on the stand-in, its server's domain, and the customer who writes where none is named.
const (
	Domain   = "social.example"
	Brand    = "acme"
	Handle   = Brand + "@" + Domain
	Token    = "standin-access-token"
	Customer = "mia@other.example"
)

// Server is the stand-in. Set its fields before it serves.
type Server struct {
	// API is the version of Mastodon's API; 0 is an old server: no /api/v2/instance, no reading of several statuses, no idempotency keys.
	API int
	// MaxPage bounds a page, whatever is asked for. 0: what Mastodon has.
	MaxPage int
	// Processing is how often an upload is asked for before it is ready.
	Processing int

	mu            sync.Mutex
	last          int64
	clock         time.Time
	statuses      []*Status
	notifications []notification
	keys          map[string]string // Idempotency-Key to status ID
	media         map[string]*upload
	streams       map[chan []byte]bool
	connected     chan struct{}
	favourites    map[string]bool
}

// Status is a post.
type Status struct {
	ID, Author, Text, HTML, InReplyTo, Visibility, Spoiler string
	Mentions                                               []string
	Media                                                  []Media
	Created, Edited                                        time.Time
	Deleted, Sensitive                                     bool
}

// Media is an attachment of a post.
type Media struct{ Type, URL, Description string }

type upload struct {
	Media
	asked int // how often it must still be asked for
	used  bool
}

type notification struct {
	id, kind, author, status string
	created                  time.Time
	raw                      json.RawMessage
}

// New returns a server of Mastodon 4.5.
func New() *Server {
	return &Server{
		API: 7, last: 110000000000000000, keys: map[string]string{}, media: map[string]*upload{}, streams: map[chan []byte]bool{},
		connected: make(chan struct{}, 100), favourites: map[string]bool{},
	}
}

// id returns the next ID.
func (s *Server) id() string {
	s.last += 65536
	return strconv.FormatInt(s.last, 10)
}

// now returns a time that is later than every one before, in milliseconds as Mastodon has it.
func (s *Server) now() time.Time {
	now := time.Now().UTC().Truncate(time.Millisecond)
	if !now.After(s.clock) {
		now = s.clock.Add(time.Millisecond)
	}
	s.clock = now
	return now
}

// Post lets somebody post. Empty fields: Author is Customer, Visibility public, HTML made of Text with a mention of the brand, which Mentions then names.
func (s *Server) Post(p Status) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Author == "" {
		p.Author = Customer
	}
	if p.Mentions == nil && p.Author != Brand {
		p.Mentions = []string{Brand}
	}
	if p.HTML == "" {
		p.HTML = render(p.Text, p.Mentions)
	}
	return s.add(&p).ID
}

// Write posts a text of Customer's that mentions the brand.
func (s *Server) Write(text string) string { return s.Post(Status{Text: text}) }

// Reply answers a post in Customer's name, for the eyes that the post was for.
func (s *Server) Reply(to, text string) string {
	return s.Post(Status{Text: text, InReplyTo: to, Visibility: s.Status(to).Visibility})
}

// add stores a post, notifies the brand and streams. The lock is held.
func (s *Server) add(p *Status) *Status {
	p.ID, p.Created = s.id(), s.now()
	if p.Visibility == "" {
		p.Visibility = "public"
	}
	s.statuses = append(s.statuses, p)
	if p.Author == Brand {
		s.stream("update", s.json(p))
	} else if slices.Contains(p.Mentions, Brand) {
		s.notify("mention", p.Author, p)
	}
	return p
}

func (s *Server) notify(kind, author string, p *Status) {
	n := notification{id: s.id(), kind: kind, author: author, status: p.ID, created: s.now()}
	s.notifications = append(s.notifications, n)
	s.stream("notification", s.notificationJSON(n))
}

// Notify makes a notification about a post of any type.
func (s *Server) Notify(kind, author, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notify(kind, author, s.find(status))
}

// Edit changes a post's text.
func (s *Server) Edit(id, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(id)
	p.Text, p.HTML, p.Edited = text, render(text, p.Mentions), s.now()
	s.stream("status.update", s.json(p))
}

// Delete deletes a post.
func (s *Server) Delete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find(id).Deleted = true
	s.notifications = slices.DeleteFunc(s.notifications, func(n notification) bool { return n.status == id })
	s.stream("delete", []byte(id))
}

// Corrupt puts a notification that nobody can decode among the others.
func (s *Server) Corrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.id()
	raw := fmt.Appendf(nil, `{"id":%q,"type":"mention","created_at":"2026-07-01T07:49:02.064Z","account":{"id":"9","acct":"mia@other.example"},"status":{"id":5}}`, id)
	s.notifications = append(s.notifications, notification{id: id, kind: "mention", raw: raw})
	s.stream("notification", raw)
}

// Stream sends an event over the open streams as it is.
func (s *Server) Stream(event, data string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stream(event, []byte(data))
}

func (s *Server) stream(event string, data []byte) {
	for c := range s.streams {
		c <- fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, data)
	}
}

// Connected tells of each stream that was opened.
func (s *Server) Connected() <-chan struct{} { return s.connected }

// Status returns a copy of a post.
func (s *Server) Status(id string) Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.find(id); p != nil {
		return *p
	}
	return Status{}
}

// Posts returns what the brand has posted, in order.
func (s *Server) Posts() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	var own []Status
	for _, p := range s.statuses {
		if p.Author == Brand && !p.Deleted {
			own = append(own, *p)
		}
	}
	return own
}

// Uploads returns how many attachments were uploaded.
func (s *Server) Uploads() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.media)
}

// Favourite reports whether the brand likes a post.
func (s *Server) Favourite(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.favourites[id]
}

// find returns a post, deleted ones too; nil where there is none.
func (s *Server) find(id string) *Status {
	for _, p := range s.statuses {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// there returns a post that is not deleted.
func (s *Server) there(id string) *Status {
	if p := s.find(id); p != nil && !p.Deleted {
		return p
	}
	return nil
}

var (
	mentionInText = regexp.MustCompile(`@([A-Za-z0-9_]+)(@[A-Za-z0-9.-]+[A-Za-z0-9])?`)
	linkInText    = regexp.MustCompile(`https?://[^\s<>"]+`)
)

// mentioned returns whom a text mentions, as accts of this server.
func mentioned(text string) (accts []string) {
	for _, m := range mentionInText.FindAllString(text, -1) {
		acct := strings.TrimSuffix(m[1:], "@"+Domain)
		if !slices.Contains(accts, acct) {
			accts = append(accts, acct)
		}
	}
	return accts
}

// render makes the HTML of a text as Mastodon does: paragraphs, line breaks, mentions and shortened links.
func render(text string, mentions []string) string {
	var b strings.Builder
	b.WriteString("<p>")
	for _, acct := range mentions {
		if !strings.Contains(text, "@"+acct) {
			b.WriteString(mentionHTML(acct) + " ")
		}
	}
	body := html.EscapeString(text)
	body = linkInText.ReplaceAllStringFunc(body, func(link string) string {
		scheme, rest, _ := strings.Cut(link, "://")
		seen, tail := rest[:min(30, len(rest))], rest[min(30, len(rest)):]
		return fmt.Sprintf(`<a href="%s" rel="nofollow noopener" translate="no" target="_blank"><span class="invisible">%s://</span><span class="ellipsis">%s</span><span class="invisible">%s</span></a>`,
			link, scheme, seen, tail)
	})
	body = mentionInText.ReplaceAllStringFunc(body, func(m string) string { return mentionHTML(m[1:]) })
	body = strings.ReplaceAll(body, "\n\n", "</p><p>")
	b.WriteString(strings.ReplaceAll(body, "\n", "<br />") + "</p>")
	return b.String()
}

func mentionHTML(acct string) string {
	name, domain, ok := strings.Cut(acct, "@")
	if !ok {
		domain = Domain
	}
	return fmt.Sprintf(`<span class="h-card" translate="no"><a href="https://%s/@%s" class="u-url mention">@<span>%s</span></a></span>`, domain, name, name)
}
