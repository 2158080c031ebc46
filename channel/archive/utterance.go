package archive

import (
	"encoding/json"
	"strings"
	"time"
)

// utterance is a message of a dialogue as it is in the file. With a reason it is a bad one.
type utterance struct {
	id, author, text string
	agent            bool
	when             time.Time
	field, reason    string
}

func parseUtterance(raw json.RawMessage) (u utterance) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return utterance{reason: "is no JSON object"}
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
