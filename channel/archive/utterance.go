package archive

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// utterance is a message of a dialogue as it is in the file. With a reason it is a bad one.
type utterance struct {
	id, author, text string
	agent            bool
	label            bool // agentURL, which is no message
	when             time.Time
	field, reason    string
}

func parseUtterance(raw json.RawMessage) (u utterance) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return utterance{reason: "is no JSON object"}
	}
	if _, label := fields["agentURL"]; label && len(fields) == 1 {
		return utterance{label: true}
	}
	roles := sortedRoles(fields)
	if len(roles) == 0 {
		return utterance{reason: "has no author; want client, client1, ... or agent"}
	}
	u.author = clean(scalar(fields[roles[0]]))
	u.agent = strings.HasPrefix(roles[0], "agent")
	u.id = scalar(fields["tweet_ID"])
	if len(roles) > 1 {
		u.reason = "has several authors: " + strings.Join(roles, ", ")
		return u
	}
	var err error
	if u.when, err = parseTime(scalar(fields["datetime"])); err != nil {
		u.field, u.reason = "datetime", err.Error()
		return u
	}
	if u.id == "" {
		u.field, u.reason = "tweet_ID", "is empty; want the message's ID"
		return u
	}
	if message, ok := fields["message"]; ok {
		if err := json.Unmarshal(message, &u.text); err != nil {
			u.field, u.reason = "message", "is no text"
		}
	}
	return u
}

// scalar is a JSON string's text, a number's digits, and empty for anything else.
func scalar(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return strings.TrimSpace(s)
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// isRole reports whether the key names the author of a message: "client", "client1", "agent" and so on.
func isRole(key string) bool {
	number, ok := strings.CutPrefix(key, "client")
	if !ok {
		number, ok = strings.CutPrefix(key, "agent")
	}
	return ok && strings.Trim(number, "0123456789") == ""
}

// sortedRoles returns the keys that name an author, those with a name first.
func sortedRoles(fields map[string]json.RawMessage) []string {
	var named, empty []string
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		switch {
		case !isRole(key):
		case scalar(fields[key]) != "":
			named = append(named, key)
		default:
			empty = append(empty, key)
		}
	}
	if len(named) > 0 {
		return named
	}
	return empty
}
