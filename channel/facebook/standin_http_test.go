package facebook_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/socialcrm/socialcrm/channel/facebook"
)

// refusal is one of Meta's errors.
type refusal struct {
	status, code, subcode int
	message               string
}

func (r *refusal) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"message": r.message, "type": "OAuthException", "code": r.code, "error_subcode": r.subcode, "fbtrace_id": "AbCdEf",
	}})
}

func invalid(format string, args ...any) *refusal {
	return &refusal{400, 100, 0, "(#100) " + fmt.Sprintf(format, args...)}
}

func gone(id string) *refusal {
	return &refusal{400, 100, 33, "Unsupported request. Object with ID '" + id + "' does not exist, or cannot be loaded due to missing permissions"}
}

// proof is the appsecret_proof of pageToken, made with another implementation (Python's hmac).
const proof = "249ca10a6292267b0d97c39e77e08342f506e9578758182dd085ac0e49ed21c6"

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer, no := s.answer(r, body)
	if no != nil {
		no.write(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-App-Usage", `{"call_count":3,"total_cputime":1,"total_time":2}`)
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *standIn) answer(r *http.Request, body []byte) (any, *refusal) {
	path, ok := strings.CutPrefix(r.URL.Path, "/v25.0/")
	if !ok {
		return nil, invalid("the version is missing: %s", r.URL.Path)
	}
	query := r.URL.Query()
	if strings.Contains(r.URL.RawQuery, "access_token") {
		return nil, invalid("the token is in the address")
	}
	if path == "debug_token" {
		return s.debugToken(r, query)
	}
	if r.Header.Get("Authorization") != "Bearer "+pageToken {
		return nil, &refusal{401, 190, 463, "Error validating access token: Session has expired"}
	}
	if query.Get("appsecret_proof") != proof {
		return nil, invalid("Invalid appsecret_proof provided in the API argument")
	}
	query.Del("appsecret_proof")
	id, edge, _ := strings.Cut(path, "/")
	switch r.Method {
	case http.MethodGet:
		if no := known(query.Get("fields")); no != nil {
			return nil, no
		}
		return s.get(id, edge, query)
	case http.MethodPost:
		if len(query) > 0 {
			return nil, invalid("unexpected query %v", query)
		}
		return s.doPost(id, edge, r.Header.Get("Content-Type"), body)
	case http.MethodDelete:
		return s.doDelete(id, edge)
	}
	return nil, invalid("method %s", r.Method)
}

func (s *standIn) debugToken(r *http.Request, query url.Values) (any, *refusal) {
	if r.Header.Get("Authorization") != "Bearer 99|"+appSecret || r.Method != http.MethodGet {
		return nil, &refusal{400, 190, 0, "Invalid OAuth access token"}
	}
	d := map[string]any{"app_id": "99", "type": "PAGE", "is_valid": true, "expires_at": 0, "data_access_expires_at": s.now().Add(9 * 24 * time.Hour).Unix(), "scopes": []string{"pages_messaging"}}
	if query.Get("input_token") != pageToken {
		d = map[string]any{"is_valid": false, "error": map[string]any{"code": 190, "message": "Session of " + query.Get("input_token") + " has expired"}}
	}
	return map[string]any{"data": d}, nil
}

var word = regexp.MustCompile(`[a-z_]+`)

// known refuses fields that no object has.
func known(fields string) *refusal {
	const all = `id from name parent message created_time permalink_url attachment attachments media_type title url media comments filter stream order
		reverse_chronological limit updated_time participants messages to sticker size mime_type file_url image_data video_data shares link subscribed_fields
		first_name last_name private_reply_conversation`
	for _, f := range word.FindAllString(fields, -1) {
		if !slices.Contains(strings.Fields(all), f) {
			return invalid("Tried accessing nonexisting field (%s)", f)
		}
	}
	return nil
}

// allow refuses parameters that an edge does not have.
func allow(values url.Values, names ...string) *refusal {
	for name, v := range values {
		if !slices.Contains(names, name) || len(v) != 1 {
			return invalid("Param %s is not one of %v, or there %d times", name, names, len(v))
		}
	}
	return nil
}

func (s *standIn) get(id, edge string, query url.Values) (any, *refusal) {
	paging := []string{"fields", "limit", "after"}
	switch {
	case id == pageID && edge == "subscribed_apps":
		data := []any{map[string]any{"id": 12, "subscribed_fields": []string{"feed"}}}
		if s.fields != nil {
			data = append(data, map[string]any{"id": app.ID, "subscribed_fields": s.fields})
		}
		return map[string]any{"data": data}, allow(query, "fields")
	case id == pageID && edge == "conversations":
		if query.Get("platform") != "messenger" {
			return nil, invalid("platform")
		}
		return s.conversations(query), allow(query, append(paging, "platform", "user_id")...)
	case id == pageID && slices.Contains(facebook.AllLists(), facebook.List(edge)):
		return s.list(edge, query), allow(query, append(paging, "since", "include_inline_create")...)
	case edge == "comments":
		if s.any(id) == nil {
			return nil, gone(id)
		}
		return s.page(s.comments(id), query, 100), allow(query, append(paging, "filter", "order")...)
	case edge == "messages":
		return s.page(s.messages(strings.TrimPrefix(id, "t_")), query, 100), allow(query, paging...)
	case edge != "":
		return nil, invalid("edge %s", edge)
	case id == psid || id == visitor:
		return map[string]any{"id": id, "first_name": "Ann", "last_name": "Lindqvist"}, allow(query, "fields")
	}
	w := s.any(id)
	if w == nil {
		return nil, gone(id)
	}
	out := s.show(w)
	if w.answered != "" && strings.Contains(query.Get("fields"), "private_reply_conversation") {
		out["private_reply_conversation"] = s.conversation(w.answered)
	}
	return out, allow(query, "fields")
}

// show is what the Graph API says of a post, comment or message.
func (s *standIn) show(w *written) map[string]any {
	out := map[string]any{"id": w.id, "message": w.text, "created_time": w.at.UTC().Format("2006-01-02T15:04:05-0700")}
	if w.from != "" {
		out["from"] = person(w)
	}
	if w.parent != "" {
		out["parent"] = map[string]any{"id": w.parent}
	}
	for _, u := range w.attached {
		image := map[string]any{"src": u}
		switch {
		case w.with != "":
			out["attachments"] = map[string]any{"data": []any{map[string]any{"mime_type": "image/png", "image_data": map[string]any{"url": u}}}}
		case w.post != "":
			out["attachment"] = map[string]any{"type": "photo", "url": "https://www.example/photo", "media": map[string]any{"image": image}}
		default:
			out["attachments"] = map[string]any{"data": []any{map[string]any{"media_type": "photo", "media": map[string]any{"image": image}}}}
		}
	}
	if slices.Contains(s.corrupt, w.id) {
		out["message"] = map[string]any{"was": "text"}
	}
	return out
}

// page renders a page of a list, the newest first, with an address of the next that repeats the token.
func (s *standIn) page(list []map[string]any, query url.Values, limit int) map[string]any {
	if n, err := strconv.Atoi(query.Get("limit")); err == nil {
		limit = n
	}
	from, _ := strconv.Atoi(strings.TrimPrefix(query.Get("after"), "c"))
	to := min(from+min(limit, s.most), len(list))
	out := map[string]any{"data": list[min(from, to):to]}
	paging := map[string]any{"cursors": map[string]any{"after": fmt.Sprintf("c%d", to)}}
	if to < len(list) {
		paging["next"] = fmt.Sprintf("https://graph.example/v25.0/x?access_token=%s&limit=%d&after=c%d", url.QueryEscape(pageToken), limit, to)
	}
	out["paging"] = paging
	return out
}

// newest shows those that fit, the newest first.
func (s *standIn) newest(list []*written, fits func(*written) bool) []map[string]any {
	out := []map[string]any{}
	for _, w := range slices.Backward(list) {
		if !w.gone && fits(w) {
			out = append(out, s.show(w))
		}
	}
	return out
}

func (s *standIn) comments(of string) []map[string]any {
	return s.newest(s.below, func(w *written) bool { return w.post == of || w.parent == of })
}

func (s *standIn) messages(with string) []map[string]any {
	return s.newest(s.chat, func(w *written) bool { return w.with == with })
}

func (s *standIn) list(name string, query url.Values) map[string]any {
	posts := s.newest(s.posts, func(w *written) bool {
		return w.list == name || name == "visitor_posts" && w.list == "feed" && w.from != pageID
	})
	for _, p := range posts {
		p["comments"] = s.page(s.comments(p["id"].(string)), url.Values{}, 25)
	}
	return s.page(posts, query, 25)
}

func (s *standIn) conversation(with string) map[string]any {
	messages := s.messages(with)
	return map[string]any{
		"id": "t_" + with, "messages": s.page(messages, url.Values{}, 25), "updated_time": messages[0]["created_time"],
		"participants": map[string]any{"data": []any{map[string]any{"id": with, "name": "Ann Lindqvist"}, map[string]any{"id": pageID, "name": "Taps"}}},
	}
}

func (s *standIn) conversations(query url.Values) map[string]any {
	out, seen := []map[string]any{}, map[string]bool{}
	for _, w := range slices.Backward(s.chat) {
		if !seen[w.with] && (query.Get("user_id") == "" || query.Get("user_id") == w.with) && len(s.messages(w.with)) > 0 {
			seen[w.with] = true
			out = append(out, s.conversation(w.with))
		}
	}
	return s.page(out, query, 25)
}

func (s *standIn) doPost(id, edge, contentType string, body []byte) (any, *refusal) {
	success := map[string]any{"success": true}
	switch {
	case id == pageID && edge == "messages":
		return s.send(contentType, body)
	case id == pageID && strings.HasSuffix(edge, "_thread_control"):
		return success, s.control(edge, body)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || contentType != "application/x-www-form-urlencoded" && len(body) > 0 {
		return nil, invalid("the body is %s", contentType)
	}
	switch {
	case id == pageID && edge == "subscribed_apps":
		s.fields = strings.Split(form.Get("subscribed_fields"), ",")
		return success, allow(form, "subscribed_fields")
	case id == pageID && edge == "blocked":
		s.actions = append(s.actions, "block "+form.Encode())
		return success, allow(form, "asid", "psid")
	}
	w := s.any(id)
	switch {
	case w == nil || w.with != "":
		return nil, gone(id)
	case edge == "comments":
		return s.doComment(id, form)
	case edge == "likes":
		w.liked = true
		return success, allow(form)
	case edge == "" && (form.Get("is_hidden") == "true" || form.Get("is_hidden") == "false"):
		w.hidden = form.Get("is_hidden") == "true"
		return success, allow(form, "is_hidden")
	}
	return nil, invalid("POST %s %v", edge, form)
}

func (s *standIn) doComment(to string, form url.Values) (any, *refusal) {
	text, picture := form.Get("message"), form.Get("attachment_url")
	switch no := allow(form, "message", "attachment_url"); {
	case no != nil:
		return nil, no
	case text == "" && picture == "":
		return nil, invalid("A comment needs a message or an attachment")
	case len(utf16.Encode([]rune(text))) > 8000:
		return nil, invalid("The comment is too long")
	case picture != "" && !strings.HasPrefix(picture, "https://"):
		return nil, invalid("attachment_url")
	}
	w := s.comment(pageID, to, text)
	if picture != "" {
		w.attached = []string{picture}
	}
	return map[string]any{"id": w.id}, nil
}

func (s *standIn) doDelete(id, edge string) (any, *refusal) {
	w := s.any(id)
	switch {
	case w == nil:
		return nil, gone(id)
	case edge == "likes":
		w.liked = false
	case edge == "":
		s.delete(id)
	default:
		return nil, invalid("DELETE %s", edge)
	}
	return map[string]any{"success": true}, nil
}
