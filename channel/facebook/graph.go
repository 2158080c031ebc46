package facebook

import (
	"encoding/json"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
)

// What is read of posts, comments, conversations and messages (Graph API reference). Webhooks tell the same things in another shape, under the same IDs.
const (
	commentFields = "id,from{id,name},parent{id},message,created_time,permalink_url,attachment"
	messageFields = "id,created_time,from,to,message,sticker,attachments{name,size,mime_type,file_url,image_data,video_data},shares{link,name}"
	postFields    = "id,from{id,name},message,created_time,permalink_url,attachments{media_type,title,url,media}"
)

// object is what every object has.
type object struct {
	ID          meta.ID   `json:"id"`
	CreatedTime meta.Time `json:"created_time"`
}

type graphPost struct {
	object
	From        meta.Person `json:"from"`
	Message     string      `json:"message"`
	URL         string      `json:"permalink_url"`
	Attachments struct {
		Data []graphMedia `json:"data"`
	} `json:"attachments"`
	Comments meta.Page `json:"comments"`
}

type graphComment struct {
	object
	From   meta.Person `json:"from"`
	Parent struct {
		ID meta.ID `json:"id"`
	} `json:"parent"`
	Message    string      `json:"message"`
	URL        string      `json:"permalink_url"`
	Attachment *graphMedia `json:"attachment"`
}

// graphMedia hangs on a post (media_type) or comment (type).
type graphMedia struct {
	MediaType string `json:"media_type"`
	Type      string `json:"type"`
	Title     string `json:"title"`
	URL       string `json:"url"`
	Media     struct {
		Image struct {
			Source string `json:"src"`
		} `json:"image"`
		Source string `json:"source"`
	} `json:"media"`
}

type graphConversation struct {
	ID           meta.ID   `json:"id"`
	UpdatedTime  meta.Time `json:"updated_time"`
	Participants struct {
		Data []meta.Person `json:"data"`
	} `json:"participants"`
	Messages meta.Page `json:"messages"`
}

type graphMessage struct {
	object
	From        meta.Person `json:"from"`
	Message     string      `json:"message"`
	Sticker     string      `json:"sticker"`
	Attachments struct {
		Data []struct {
			Name      string `json:"name"`
			Size      int64  `json:"size"`
			MediaType string `json:"mime_type"`
			File      string `json:"file_url"`
			Image     struct {
				URL string `json:"url"`
			} `json:"image_data"`
			Video struct {
				URL string `json:"url"`
			} `json:"video_data"`
		} `json:"data"`
	} `json:"attachments"`
	Shares struct {
		Data []struct {
			Link string `json:"link"`
			Name string `json:"name"`
		} `json:"data"`
	} `json:"shares"`
}

// check reports what an object lacks to be told of.
func (o *object) check() error {
	switch {
	case o.ID == "":
		return meta.Missing("id")
	case o.CreatedTime.IsZero():
		return meta.Missing("created_time")
	}
	return nil
}

// read decodes an object.
func read(raw json.RawMessage, v interface{ check() error }) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return err
	}
	return v.check()
}

// wrote makes of what the Page or somebody else wrote an event.
func wrote(page channel.AccountID, m channel.Message) channel.Event {
	e := channel.Event{Kind: channel.MessageReceived, Account: page, Time: m.Time, Message: m}
	if m.Author.ID == page.ID {
		e.Kind = channel.MessageEchoed
	}
	return e
}

func (p *graphPost) event(page channel.AccountID) channel.Event {
	m := channel.Message{
		ID: string(p.ID), Thread: string(p.ID), Author: author(page, p.From.ID, p.From.Name), Text: p.Message, Time: p.CreatedTime.Time, URL: p.URL,
	}
	for i := range p.Attachments.Data {
		m.Attachments = append(m.Attachments, p.Attachments.Data[i].attachment())
	}
	return wrote(page, m)
}

func (c *graphComment) event(page channel.AccountID, post string) channel.Event {
	m := channel.Message{
		ID: string(c.ID), Thread: post, Parent: string(c.Parent.ID), Author: author(page, c.From.ID, c.From.Name), Text: c.Message, Time: c.CreatedTime.Time,
		URL: c.URL,
	}
	if m.Parent == "" { // at the top, as webhooks say it, too
		m.Parent = post
	}
	if c.Attachment != nil {
		m.Attachments = []channel.Attachment{c.Attachment.attachment()}
	}
	return wrote(page, m)
}

func (a *graphMedia) attachment() channel.Attachment {
	kind := a.MediaType
	if kind == "" {
		kind = a.Type
	}
	out := channel.Attachment{Type: "link", URL: a.URL, Name: a.Title}
	switch kind {
	case "photo", "sticker", "animated_image_share", "animated_image_autoplay", "animated_image_video":
		out.Type = "image"
		if kind == "sticker" {
			out.Type = "sticker"
		}
		if a.Media.Image.Source != "" {
			out.URL = a.Media.Image.Source
		}
	case "video", "video_inline", "video_autoplay":
		out.Type = "video"
		if a.Media.Source != "" {
			out.URL = a.Media.Source
		}
	}
	return out
}

// event makes a message of the conversation with a customer an event.
func (m *graphMessage) event(page channel.AccountID, customer string) channel.Event {
	out := channel.Message{
		ID: string(m.ID), Thread: customer, Visibility: channel.Private, Author: author(page, m.From.ID, m.From.Name), Text: m.Message, Time: m.CreatedTime.Time,
	}
	for _, a := range m.Attachments.Data {
		one := channel.Attachment{Type: "file", URL: a.File, Name: a.Name, Size: max(a.Size, 0), MediaType: a.MediaType}
		switch {
		case a.Image.URL != "":
			one.Type, one.URL = "image", a.Image.URL
		case a.Video.URL != "":
			one.Type, one.URL = "video", a.Video.URL
		case strings.HasPrefix(a.MediaType, "audio/"):
			one.Type = "audio"
		}
		out.Attachments = append(out.Attachments, one)
	}
	if m.Sticker != "" {
		out.Attachments = append(out.Attachments, channel.Attachment{Type: "sticker", URL: m.Sticker})
	}
	for _, s := range m.Shares.Data {
		if s.Link != "" {
			out.Attachments = append(out.Attachments, channel.Attachment{Type: "link", URL: s.Link, Name: s.Name})
		}
	}
	return wrote(page, out)
}

// customer returns the participant that is not the Page; empty when nobody says.
func (c *graphConversation) customer(page string) string {
	for _, p := range c.Participants.Data {
		if string(p.ID) != page {
			return string(p.ID)
		}
	}
	return ""
}
