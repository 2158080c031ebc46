package standin

import (
	"encoding/json"
	"hash/fnv"
	"strconv"
	"strings"
	"time"
)

const stamp = "2006-01-02T15:04:05.000Z"

// accountID returns the ID of an account on this server.
func accountID(acct string) string {
	if acct == Brand {
		return "14715"
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(acct))
	return strconv.FormatUint(uint64(h.Sum32())+100000, 10)
}

func (s *Server) account(acct string) map[string]any {
	name, domain, remote := strings.Cut(acct, "@")
	if !remote {
		domain = Domain
	}
	return map[string]any{
		"id": accountID(acct), "username": name, "acct": acct, "display_name": strings.ToUpper(name[:1]) + name[1:], "locked": false, "bot": strings.HasSuffix(name, "bot"),
		"url": "https://" + domain + "/@" + name, "uri": "https://" + domain + "/users/" + name, "followers_count": 12, "note": "", "created_at": "2024-01-01T00:00:00.000Z",
	}
}

func (s *Server) entity(p *Status) map[string]any {
	mentions, media := []any{}, []any{}
	for _, acct := range p.Mentions {
		name, _, _ := strings.Cut(acct, "@")
		mentions = append(mentions, map[string]any{"id": accountID(acct), "username": name, "acct": acct, "url": "https://" + Domain + "/@" + acct})
	}
	for i, m := range p.Media {
		media = append(media, map[string]any{"id": p.ID + strconv.Itoa(i), "type": m.Type, "url": m.URL, "preview_url": nil, "remote_url": nil, "description": m.Description})
	}
	e := map[string]any{
		"id": p.ID, "uri": "https://" + Domain + "/statuses/" + p.ID, "url": "https://" + Domain + "/@x/" + p.ID, "created_at": p.Created.Format(stamp), "edited_at": nil,
		"in_reply_to_id": nil, "in_reply_to_account_id": nil, "visibility": p.Visibility, "sensitive": p.Sensitive, "spoiler_text": p.Spoiler, "language": "en",
		"content": p.HTML, "reblog": nil, "account": s.account(p.Author), "mentions": mentions, "media_attachments": media, "tags": []any{}, "emojis": []any{},
		"replies_count": 0, "reblogs_count": 0, "favourites_count": 0, "poll": nil, "card": nil,
	}
	if !p.Edited.IsZero() {
		e["edited_at"] = p.Edited.Format(stamp)
	}
	if p.InReplyTo != "" {
		if parent := s.find(p.InReplyTo); parent != nil {
			e["in_reply_to_id"], e["in_reply_to_account_id"] = parent.ID, accountID(parent.Author)
		}
	}
	return e
}

func (s *Server) json(p *Status) []byte {
	data, err := json.Marshal(s.entity(p))
	if err != nil {
		panic(err)
	}
	return data
}

func (s *Server) notificationJSON(n notification) json.RawMessage {
	if n.raw != nil {
		return n.raw
	}
	e := map[string]any{"id": n.id, "type": n.kind, "created_at": n.created.Format(stamp), "group_key": "ungrouped-" + n.id, "account": s.account(n.author)}
	if p := s.find(n.status); p != nil {
		e["status"] = s.entity(p)
	}
	data, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return data
}

func (s *Server) instance(v2 bool, self string) map[string]any {
	conf := map[string]any{
		"statuses":          map[string]any{"max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23},
		"media_attachments": map[string]any{"image_size_limit": 1 << 20, "video_size_limit": 4 << 20, "description_limit": 1500, "supported_mime_types": []string{"image/png"}},
	}
	streaming := strings.Replace(self, "http", "ws", 1)
	if !v2 {
		return map[string]any{"uri": Domain, "version": "3.5.3", "configuration": conf, "urls": map[string]any{"streaming_api": streaming}}
	}
	conf["urls"] = map[string]any{"streaming": streaming}
	return map[string]any{"domain": Domain, "version": "4.5.0", "configuration": conf, "api_versions": map[string]any{"mastodon": s.API}}
}

func resetAt(d time.Duration) string {
	return time.Now().Add(d).UTC().Format("2006-01-02T15:04:05.000000Z")
}
