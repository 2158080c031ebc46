package facebook_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
)

// call is what the Send API takes.
type call struct {
	Recipient struct {
		ID      string `json:"id"`
		Comment string `json:"comment_id"`
		Post    string `json:"post_id"`
	} `json:"recipient"`
	Type    string `json:"messaging_type"`
	Tag     string `json:"tag"`
	Action  string `json:"sender_action"`
	Message *struct {
		Text       string `json:"text"`
		Metadata   string `json:"metadata"`
		Attachment *struct {
			Type    string `json:"type"`
			Payload struct {
				URL      string `json:"url"`
				Reusable bool   `json:"is_reusable"`
			} `json:"payload"`
		} `json:"attachment"`
	} `json:"message"`
}

func strictly(body []byte, v any) *refusal {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return invalid("%v", err)
	}
	return nil
}

func (s *standIn) send(contentType string, body []byte) (any, *refusal) {
	var c call
	if no := strictly(body, &c); no != nil || contentType != "application/json" {
		return nil, cmp.Or(no, invalid("the body is %s", contentType))
	}
	to := c.Recipient.ID
	if c.Action != "" {
		if c.Message != nil || !slices.Contains([]string{"TYPING_ON", "TYPING_OFF", "MARK_SEEN"}, c.Action) {
			return nil, &refusal{400, 100, 2018014, "Cannot send both message and state at the same time."}
		}
		s.actions = append(s.actions, c.Action+" "+to)
		return map[string]any{"recipient_id": to}, nil
	}
	public := cmp.Or(c.Recipient.Comment, c.Recipient.Post)
	switch {
	case c.Message == nil, c.Message.Text == "" && c.Message.Attachment == nil:
		return nil, &refusal{400, 100, 2018034, "Message cannot be empty"}
	case c.Message.Text != "" && c.Message.Attachment != nil:
		return nil, invalid("Only one of text and attachment may be set")
	case len(utf16.Encode([]rune(c.Message.Text))) > 2000:
		return nil, invalid("Length of param message[text] must be less than or equal to 2000")
	case s.holder != app.ID:
		return nil, &refusal{400, 10, 2018300, "(#10) Message failed to send because another app is controlling this thread now."}
	case public != "":
		return s.sendPrivately(&c, public)
	}
	if no := s.window(&c); no != nil {
		return nil, no
	}
	var attached []string
	if a := c.Message.Attachment; a != nil {
		attached = []string{a.Payload.URL}
	}
	w := s.message(pageID, to, c.Message.Text, c.Message.Metadata, attached...)
	return map[string]any{"recipient_id": to, "message_id": w.id}, nil
}

// window refuses what comes too late, or as the wrong type.
func (s *standIn) window(c *call) *refusal {
	var wrote time.Time
	for _, w := range s.chat {
		if w.with == c.Recipient.ID && w.from != pageID {
			wrote = w.at
		}
	}
	passed := s.now().Sub(wrote)
	switch {
	case wrote.IsZero():
		return &refusal{400, 100, 2018001, "No matching user found"}
	case c.Type == "RESPONSE" && c.Tag == "" && passed <= 24*time.Hour:
	case c.Type == "MESSAGE_TAG" && c.Tag == "HUMAN_AGENT" && passed <= 7*24*time.Hour:
	case c.Type != "RESPONSE" && c.Type != "MESSAGE_TAG":
		return invalid("messaging_type %q", c.Type)
	default:
		return &refusal{400, 10, 2018278, "(#10) This message is sent outside of allowed window."}
	}
	return nil
}

func (s *standIn) sendPrivately(c *call, public string) (any, *refusal) {
	w := s.any(public)
	switch {
	case w == nil:
		return nil, gone(public)
	case (w.post == "") != (c.Recipient.Post != "") || c.Recipient.ID != "" || c.Type != "RESPONSE" || c.Message.Attachment != nil:
		return nil, invalid("the recipient is no such thing, or the type is %q", c.Type)
	case w.from == pageID:
		return nil, &refusal{400, 10903, 0, "(#10903) This user can't reply to this activity"}
	case s.replied[public]:
		return nil, &refusal{400, 10900, 0, "(#10900) Activity already replied to"}
	case s.now().Sub(w.at) > 7*24*time.Hour:
		return nil, &refusal{400, 10, 2018278, "(#10) This message is sent outside of allowed window."}
	}
	s.replied[public], w.answered = true, psid
	m := s.message(pageID, psid, c.Message.Text, c.Message.Metadata)
	return map[string]any{"recipient_id": psid, "message_id": m.id}, nil
}

func (s *standIn) control(edge string, body []byte) *refusal {
	var c struct {
		Recipient struct {
			ID string `json:"id"`
		} `json:"recipient"`
		App string `json:"target_app_id"`
	}
	if no := strictly(body, &c); no != nil {
		return no
	}
	if (edge == "pass_thread_control") != (c.App != "") || c.Recipient.ID == "" {
		return invalid("%s of %q to %q", edge, c.Recipient.ID, c.App)
	}
	s.actions = append(s.actions, strings.TrimSpace(edge+" "+c.Recipient.ID+" "+c.App))
	s.holder = app.ID
	if edge != "take_thread_control" {
		s.holder = cmp.Or(c.App, "inbox")
	}
	return nil
}
