package mastodon

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
)

// account is the API's JSON of an account, as far as it matters here.
type account struct {
	ID          string `json:"id"`
	Username    string `json:"username"`
	Acct        string `json:"acct"`
	DisplayName string `json:"display_name"`
	URL         string `json:"url"`
	Bot         bool   `json:"bot"`
	Followers   int64  `json:"followers_count"`
}

// status is the API's JSON of a post.
type status struct {
	ID               string          `json:"id"`
	URI              string          `json:"uri"`
	URL              string          `json:"url"`
	CreatedAt        moment          `json:"created_at"`
	EditedAt         moment          `json:"edited_at"`
	InReplyTo        string          `json:"in_reply_to_id"`
	InReplyToAccount string          `json:"in_reply_to_account_id"`
	Visibility       string          `json:"visibility"`
	Sensitive        bool            `json:"sensitive"`
	SpoilerText      string          `json:"spoiler_text"`
	Language         string          `json:"language"`
	Content          string          `json:"content"`
	Account          account         `json:"account"`
	Mentions         []account       `json:"mentions"`
	Media            []media         `json:"media_attachments"`
	Tags             []tag           `json:"tags"`
	Reblog           json.RawMessage `json:"reblog"`
}

type tag struct {
	Name string `json:"name"`
}

// media is the API's JSON of an attachment.
type media struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	URL         string `json:"url"`
	RemoteURL   string `json:"remote_url"`
	Description string `json:"description"`
}

// moment is a time in ISO 8601; null and "" are none.
type moment struct{ time.Time }

func (m *moment) UnmarshalJSON(data []byte) error {
	var text *string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	if text == nil || *text == "" {
		m.Time = time.Time{}
		return nil
	}
	t, err := time.Parse(time.RFC3339, *text)
	if y := t.UTC().Year(); err != nil || y < 1 || y > 9999 {
		return fmt.Errorf("%.40q is no time", *text)
	}
	m.Time = t.UTC()
	return nil
}

// direct is the visibility of posts that only those see whom they mention.
const direct = "direct"

// parseStatus reads a post and says what it lacks.
func parseStatus(raw []byte) (*status, error) {
	var s status
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	return &s, s.check()
}

func (s *status) check() error {
	switch {
	case s.ID == "":
		return errors.New("the status has no id")
	case s.Account.Acct == "":
		return errors.New("the status has no account.acct")
	case s.CreatedAt.IsZero():
		return errors.New("the status has no created_at")
	case s.Visibility == "":
		return errors.New("the status has no visibility")
	}
	return nil
}

// private reports whether only those see the post whom it mentions. An audience that is not known is taken for the narrowest, in what arrives and in what answers it.
func (s *status) private() bool { return narrower(s.Visibility, "") == direct }

// boost reports whether the post only repeats another one.
func (s *status) boost() bool { return len(s.Reblog) > 0 && string(s.Reblog) != "null" }

// handle returns the whole handle of an acct, which has no domain where the account is on our own server.
func (c *Channel) handle(acct string) string {
	acct = strings.TrimPrefix(acct, "@")
	if acct != "" && !strings.Contains(acct, "@") {
		acct += "@" + c.domain
	}
	return acct
}

// id is the Author.ID of an acct.
func (c *Channel) id(acct string) string { return strings.ToLower(c.handle(acct)) }

// ours reports whether an account is the brand's.
func (c *Channel) ours(a account) bool { return c.id(a.Acct) == c.account.ID }

func (c *Channel) author(a account) channel.Author {
	name := strings.TrimSpace(a.DisplayName)
	if name == "" {
		name = a.Username
	}
	return channel.Author{ID: c.id(a.Acct), Handle: c.handle(a.Acct), Name: name, URL: a.URL, Followers: max(a.Followers, 0), Bot: a.Bot}
}

// others returns the IDs of those who take part in a post, its author and whom it mentions, without ours: sorted, each once.
func (c *Channel) others(s *status) []string {
	ids := []string{c.id(s.Account.Acct)}
	for _, m := range s.Mentions {
		ids = append(ids, c.id(m.Acct))
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return slices.DeleteFunc(ids, func(id string) bool { return id == c.account.ID || id == "" })
}

// thread names the thread of a post, as far as the post itself tells.
func (c *Channel) thread(s *status) string {
	switch {
	case s.private():
		if others := c.others(s); len(others) > 0 {
			return strings.Join(others, ",")
		}
		return s.ID // a note to ourselves
	case s.InReplyTo == "":
		return s.ID
	}
	return ""
}

// message turns a post into a Message.
func (c *Channel) message(s *status) channel.Message {
	m := channel.Message{
		ID: s.ID, Thread: c.thread(s), Parent: s.InReplyTo, Author: c.author(s.Account), Text: plainText(s.Content), Subject: strings.TrimSpace(s.SpoilerText),
		Language: s.Language, URL: s.URL, Time: s.CreatedAt.Time, Order: order(s.ID), Revision: revision(s.EditedAt.Time), Automated: s.Account.Bot,
		Facts: map[string]string{"audience": s.Visibility},
	}
	if s.private() {
		m.Visibility = channel.Private
	}
	if m.URL == "" {
		m.URL = s.URI
	}
	if s.Sensitive {
		m.Facts["sensitive"] = "true"
	}
	for _, mentioned := range s.Mentions {
		if id := c.id(mentioned.Acct); id != "" {
			m.Mentions = append(m.Mentions, id)
		}
	}
	for _, t := range s.Tags {
		m.Tags = append(m.Tags, t.Name)
	}
	for _, a := range s.Media {
		m.Attachments = append(m.Attachments, a.attachment())
	}
	return m
}

func (a media) attachment() channel.Attachment {
	out := channel.Attachment{Type: a.Type, URL: a.URL, Description: a.Description}
	switch a.Type {
	case "gifv":
		out.Type = "video"
	case "unknown", "":
		out.Type = "file"
	}
	if out.URL == "" {
		out.URL = a.RemoteURL // the server has not fetched it, or not yet
	}
	return out
}

// revision names a version of an edited post; names of later ones are greater.
func revision(edited time.Time) string {
	if edited.IsZero() {
		return ""
	}
	return edited.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// order makes the IDs of Mastodon, which are numbers that grow, comparable as text.
func order(id string) string {
	const digits = 20
	if len(id) >= digits || strings.Trim(id, "0123456789") != "" {
		return id
	}
	return strings.Repeat("0", digits-len(id)) + id
}

// arrived is the event of a post of somebody else's, or the echo of one of ours.
func (c *Channel) arrived(s *status) channel.Event {
	e := channel.Event{Kind: channel.MessageReceived, Account: c.account.AccountID, Time: s.CreatedAt.Time, Message: c.message(s)}
	if c.ours(s.Account) {
		e.Kind = channel.MessageEchoed
	}
	return e
}

// edited is the event of a post that was edited. The time is that of the edit.
func (c *Channel) edited(s *status) channel.Event {
	return channel.Event{Kind: channel.MessageEdited, Account: c.account.AccountID, Time: s.EditedAt.Time, Message: c.message(s)}
}

// deleted is the event of a post that is gone. Mastodon does not say since when.
func (c *Channel) deleted(id string) channel.Event {
	return channel.Event{Kind: channel.MessageDeleted, Account: c.account.AccountID, Message: channel.Message{ID: id}}
}
