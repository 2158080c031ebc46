package standin

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// refusal is an answer in Mastodon's JSON of errors.
type refusal struct {
	status int
	text   string
}

var (
	notFound  = &refusal{http.StatusNotFound, "Record not found"}
	badTokens = &refusal{http.StatusUnauthorized, "The access token is invalid"}
)

func invalid(format string, args ...any) *refusal {
	return &refusal{http.StatusUnprocessableEntity, "Validation failed: " + fmt.Sprintf(format, args...)}
}

// ServeHTTP answers as Mastodon does, and refuses what it would refuse: a wrong token, path, method or type of body, fields that do not exist, a text too long. It also
// refuses parameters that it would only ignore, and a client that does not say who it is.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-RateLimit-Limit", "300")
	w.Header().Set("X-RateLimit-Remaining", "299")
	w.Header().Set("X-RateLimit-Reset", resetAt(300e9))
	if r.Method == http.MethodGet && r.URL.Path == "/api/v1/streaming/user" && r.Header.Get("Authorization") == "Bearer "+Token && named(r) {
		s.serveStream(w, r)
		return
	}
	status, answer, no := s.answer(w, r)
	if no != nil {
		status, answer = no.status, map[string]string{"error": no.text}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) (int, any, *refusal) {
	if !named(r) {
		return 0, nil, &refusal{http.StatusForbidden, "This method requires a User-Agent"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 2 || parts[0] != "api" {
		return 0, nil, notFound
	}
	route := r.Method + " " + strings.Join(parts[1:], "/")
	if strings.HasSuffix(route, "/instance") {
		v2 := route == "GET v2/instance"
		if !v2 && route != "GET v1/instance" || v2 && s.API == 0 {
			return 0, nil, notFound
		}
		return http.StatusOK, s.instance(v2, "http://"+r.Host), nil
	}
	if r.Header.Get("Authorization") != "Bearer "+Token {
		return 0, nil, badTokens
	}
	q := r.URL.Query()
	switch {
	case route == "GET v1/accounts/verify_credentials":
		return http.StatusOK, s.account(Brand), only(q)
	case route == "GET v1/notifications":
		return s.listNotifications(w, r, q)
	case route == "GET v1/accounts/"+accountID(Brand)+"/statuses":
		return s.listOwn(w, r, q)
	case route == "GET v1/accounts/lookup":
		return s.lookUp(q)
	case route == "GET v1/statuses" && s.API > 0:
		found := []any{}
		for _, id := range q["id[]"] {
			if p := s.there(id); p != nil && len(found) < 20 {
				found = append(found, s.entity(p))
			}
		}
		return http.StatusOK, found, only(q, "id[]")
	case route == "POST v1/statuses":
		return s.post(r)
	case route == "POST v2/media":
		return s.upload(r)
	case len(parts) >= 4 && parts[2] == "media" && r.Method == http.MethodGet:
		return s.asked(parts[3])
	case len(parts) >= 4 && parts[2] == "statuses":
		return s.one(r.Method, parts[3], strings.Join(parts[4:], "/"))
	}
	return 0, nil, notFound
}

// named reports whether a client says who it is.
func named(r *http.Request) bool {
	return r.UserAgent() != "" && !strings.HasPrefix(r.UserAgent(), "Go-http-client")
}

// only refuses parameters other than the named ones.
func only(q url.Values, names ...string) *refusal {
	for name := range q {
		if !slices.Contains(names, name) {
			return invalid("unknown parameter %s", name)
		}
	}
	return nil
}

func (s *Server) one(method, id, what string) (int, any, *refusal) {
	p := s.there(id)
	if p == nil {
		return 0, nil, notFound
	}
	switch method + " " + what {
	case "GET ":
		return http.StatusOK, s.entity(p), nil
	case "GET context":
		ancestors := []any{}
		for at := s.there(p.InReplyTo); at != nil; at = s.there(at.InReplyTo) {
			ancestors = append([]any{s.entity(at)}, ancestors...)
		}
		return http.StatusOK, map[string]any{"ancestors": ancestors, "descendants": []any{}}, nil
	case "POST favourite", "POST unfavourite":
		s.favourites[id] = what == "favourite"
		return http.StatusOK, s.entity(p), nil
	}
	return 0, nil, notFound
}

func (s *Server) lookUp(q url.Values) (int, any, *refusal) {
	acct := strings.TrimSuffix(q.Get("acct"), "@"+Domain)
	for _, p := range s.statuses {
		if strings.EqualFold(p.Author, acct) {
			return http.StatusOK, s.account(p.Author), only(q, "acct")
		}
	}
	return 0, nil, notFound
}

// entry is an element of a list that is read in pages.
type entry struct {
	id   string
	json func() json.RawMessage
}

// page cuts the page out of a list, oldest first, that the parameters ask for, and says in the Link header where the next ones are. Newest come first in it.
func (s *Server) page(w http.ResponseWriter, r *http.Request, q url.Values, all []entry, usual, most int) (int, any, *refusal) {
	limit := usual
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, nil, invalid("limit %q", text)
		}
		limit = min(n, most)
	}
	if s.MaxPage > 0 {
		limit = min(limit, s.MaxPage)
	}
	after := func(id, than string) bool { return len(id) > len(than) || len(id) == len(than) && id > than }
	if id := q.Get("max_id"); id != "" {
		all = slices.DeleteFunc(all, func(e entry) bool { return !after(id, e.id) })
	}
	if id := q.Get("min_id"); id != "" {
		all = slices.DeleteFunc(all, func(e entry) bool { return !after(e.id, id) })
		all = all[:min(limit, len(all))]
	}
	all = all[max(0, len(all)-limit):]
	page := make([]json.RawMessage, 0, len(all))
	for _, e := range slices.Backward(all) {
		page = append(page, e.json())
	}
	if len(all) > 0 {
		at := "http://" + r.Host + r.URL.Path
		w.Header().Set("Link", fmt.Sprintf(`<%s?max_id=%s>; rel="next", <%s?min_id=%s>; rel="prev"`, at, all[0].id, at, all[len(all)-1].id))
	}
	return http.StatusOK, page, nil
}

func (s *Server) listNotifications(w http.ResponseWriter, r *http.Request, q url.Values) (int, any, *refusal) {
	var all []entry
	for _, n := range s.notifications {
		if len(q["types[]"]) == 0 || slices.Contains(q["types[]"], n.kind) {
			all = append(all, entry{n.id, func() json.RawMessage { return s.notificationJSON(n) }})
		}
	}
	if no := only(q, "limit", "min_id", "max_id", "types[]", "include_filtered"); no != nil {
		return 0, nil, no
	}
	return s.page(w, r, q, all, 40, 80)
}

func (s *Server) listOwn(w http.ResponseWriter, r *http.Request, q url.Values) (int, any, *refusal) {
	var all []entry
	for _, p := range s.statuses {
		if p.Author == Brand && !p.Deleted {
			all = append(all, entry{p.ID, func() json.RawMessage { return s.json(p) }})
		}
	}
	if no := only(q, "limit", "min_id", "max_id", "exclude_reblogs"); no != nil {
		return 0, nil, no
	}
	return s.page(w, r, q, all, 20, 40)
}

// post makes a status.
func (s *Server) post(r *http.Request) (int, any, *refusal) {
	if r.Header.Get("Content-Type") != "application/json" {
		return 0, nil, &refusal{http.StatusUnsupportedMediaType, "want JSON"}
	}
	var d struct {
		Status      string   `json:"status"`
		InReplyTo   string   `json:"in_reply_to_id"`
		Visibility  string   `json:"visibility"`
		SpoilerText string   `json:"spoiler_text"`
		Sensitive   bool     `json:"sensitive"`
		MediaIDs    []string `json:"media_ids"`
	}
	in := json.NewDecoder(r.Body)
	in.DisallowUnknownFields()
	if err := in.Decode(&d); err != nil {
		return 0, nil, &refusal{http.StatusBadRequest, "not a status"}
	}
	key := r.Header.Get("Idempotency-Key")
	if known := s.keys[key]; key != "" && known != "" && s.API > 0 {
		return http.StatusOK, s.entity(s.find(known)), nil
	}
	p := &Status{Author: Brand, Text: d.Status, InReplyTo: d.InReplyTo, Visibility: d.Visibility, Spoiler: d.SpoilerText, Sensitive: d.Sensitive, Mentions: mentioned(d.Status)}
	switch {
	case strings.TrimSpace(d.Status) == "" && len(d.MediaIDs) == 0:
		return 0, nil, invalid("Text can't be blank")
	case counted(d.SpoilerText+d.Status) > 500:
		return 0, nil, invalid("Text character limit of 500 exceeded")
	case d.Visibility != "" && !slices.Contains([]string{"public", "unlisted", "private", "direct"}, d.Visibility):
		return 0, nil, invalid("Visibility is not included in the list")
	case d.InReplyTo != "" && s.there(d.InReplyTo) == nil:
		return 0, nil, &refusal{http.StatusNotFound, "The post you are trying to reply to does not appear to exist."}
	case len(d.MediaIDs) > 4:
		return 0, nil, invalid("Cannot attach more than 4 files")
	}
	for _, id := range d.MediaIDs {
		switch m := s.media[id]; {
		case m == nil || m.used:
			return 0, nil, invalid("Media %s not found or already attached to another post", id)
		case m.asked > 0:
			return 0, nil, invalid("Cannot attach files that have not finished processing. Try again in a moment!")
		default:
			p.Media = append(p.Media, m.Media)
		}
	}
	for _, id := range d.MediaIDs {
		s.media[id].used = true
	}
	p.HTML = render(d.Status, p.Mentions)
	s.add(p)
	if key != "" {
		s.keys[key] = p.ID
	}
	return http.StatusOK, s.entity(p), nil
}

// counted counts as Mastodon does, but for combined characters.
func counted(text string) int {
	text = linkInText.ReplaceAllString(text, strings.Repeat("x", 23))
	return utf8.RuneCountInString(mentionInText.ReplaceAllString(text, "@$1"))
}

// upload takes a file.
func (s *Server) upload(r *http.Request) (int, any, *refusal) {
	if err := r.ParseMultipartForm(8 << 20); err != nil {
		return 0, nil, &refusal{http.StatusUnsupportedMediaType, "want multipart/form-data"}
	}
	file, header, err := r.FormFile("file")
	if err != nil {
		return 0, nil, invalid("File can't be blank")
	}
	data, err := io.ReadAll(file)
	kind, _, _ := strings.Cut(header.Header.Get("Content-Type"), "/")
	if err != nil || len(data) == 0 || !slices.Contains([]string{"image", "video", "audio"}, kind) {
		return 0, nil, invalid("File content type is invalid")
	}
	id := s.id()
	s.media[id] = &upload{Media: Media{Type: kind, URL: "https://files." + Domain + "/" + header.Filename, Description: r.FormValue("description")}, asked: s.Processing}
	return s.asked(id)
}

// asked tells how far an upload is.
func (s *Server) asked(id string) (int, any, *refusal) {
	m := s.media[id]
	if m == nil {
		return 0, nil, notFound
	}
	e := map[string]any{"id": id, "type": m.Type, "url": m.URL, "description": m.Description}
	if m.asked == 0 {
		return http.StatusOK, e, nil
	}
	e["url"] = nil
	m.asked--
	if m.asked == s.Processing-1 {
		return http.StatusAccepted, e, nil
	}
	return http.StatusPartialContent, e, nil
}

// serveStream sends what happens until the client goes.
func (s *Server) serveStream(w http.ResponseWriter, r *http.Request) {
	events := make(chan []byte, 1000)
	s.mu.Lock()
	s.streams[events] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.streams, events)
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, ":)\n")
	flush := http.NewResponseController(w)
	_ = flush.Flush()
	s.connected <- struct{}{}
	for {
		select {
		case <-r.Context().Done():
			return
		case e := <-events:
			_, _ = w.Write(append([]byte(":thump\n"), e...))
			_ = flush.Flush()
		}
	}
}
