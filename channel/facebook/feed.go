package facebook

import (
	"slices"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
)

// post is the value of a feed or mention change (Graph API, Webhooks, reference of object page), as far as it is used here.
type post struct {
	Item        string      `json:"item"`
	Verb        string      `json:"verb"`
	CommentID   meta.ID     `json:"comment_id"`
	PostID      meta.ID     `json:"post_id"`
	ParentID    meta.ID     `json:"parent_id"`
	From        meta.Person `json:"from"`
	SenderID    meta.ID     `json:"sender_id"` // mentions, and older versions of feed, say it this way
	SenderName  string      `json:"sender_name"`
	CreatedTime meta.Time   `json:"created_time"`
	Message     string      `json:"message"`
	Photo       string      `json:"photo"`
	Photos      []string    `json:"photos"`
	Video       string      `json:"video"`
	Link        string      `json:"link"`
	Reaction    string      `json:"reaction_type"`
	URL         string      `json:"permalink_url"`
	Post        struct {
		ID        meta.ID `json:"id"`
		URL       string  `json:"permalink_url"`
		Promotion string  `json:"promotion_status"`
	} `json:"post"`
}

// feed decodes a change of field feed or mention.
func feed(it meta.Item, d *channel.Delivery) error {
	var p post
	if err := it.Unmarshal(&p); err != nil {
		return err
	}
	if p.PostID == "" {
		p.PostID = p.Post.ID
	}
	switch p.Item {
	case "comment":
		if p.CommentID == "" {
			return meta.Missing("comment_id")
		}
	case "post", "status", "share", "link":
		if p.PostID == "" {
			return meta.Missing("post_id")
		}
		p.CommentID = ""
	case "photo", "video":
		if p.PostID == "" { // in an album, or only the progress of an upload
			meta.Ignore(d, it.Field, p.Item, p.Verb)
			return nil
		}
		p.CommentID = ""
	case "reaction", "like":
		return p.reaction(it, d)
	default:
		meta.Ignore(d, it.Field, p.Item, p.Verb)
		return nil
	}

	e := channel.Event{Account: it.Account, Time: it.Time}
	switch p.Verb {
	case "add":
		e.Kind, e.Time = channel.MessageReceived, p.CreatedTime.Time
		e.Message = p.message(it)
		if e.Message.Author.ID == it.Account.ID {
			e.Kind = channel.MessageEchoed
		}
		if e.Message.Time.IsZero() {
			e.Message.Time, e.Time = it.Time, it.Time
		}
	case "edited", "edit", "update": // Meta says "edited" of comments, "edit" of visitors' posts
		e.Kind, e.Message = channel.MessageEdited, p.message(it)
	case "remove":
		e.Kind, e.Message, e.Honour = channel.MessageDeleted, p.place(), true
	case "hide":
		e.Kind, e.Message, e.Action = channel.MessageModerated, p.place(), channel.Hide
	case "unhide":
		e.Kind, e.Message, e.Action = channel.MessageModerated, p.place(), channel.Unhide
	default:
		meta.Ignore(d, it.Field, p.Item, p.Verb)
		return nil
	}
	d.Events = append(d.Events, e)
	return nil
}

// place is a message with nothing but where it stands.
func (p *post) place() channel.Message {
	if p.CommentID == "" {
		return channel.Message{ID: string(p.PostID), Thread: string(p.PostID)}
	}
	m := channel.Message{ID: string(p.CommentID), Thread: string(p.PostID)}
	if p.ParentID != p.CommentID {
		m.Parent = string(p.ParentID)
	}
	return m
}

func (p *post) message(it meta.Item) channel.Message {
	m := p.place()
	m.Author = p.author(it.Account)
	m.Text = p.Message
	m.Time = p.CreatedTime.Time
	m.URL = p.URL
	if m.URL == "" {
		m.URL = p.Post.URL
	}
	if p.Post.Promotion != "" {
		m.Facts = map[string]string{"promotion_status": p.Post.Promotion}
	}
	if it.Field == "mention" && m.Author.ID != it.Account.ID {
		m.Mentions = []string{it.Account.ID}
	}
	m.Attachments = p.attachments()
	return m
}

func (p *post) author(page channel.AccountID) channel.Author {
	if p.From.ID == "" && p.SenderID != "" {
		return author(page, p.SenderID, p.SenderName)
	}
	return author(page, p.From.ID, p.From.Name)
}

func (p *post) attachments() []channel.Attachment {
	var list []channel.Attachment
	add := func(kind, url string) {
		if url != "" && !slices.ContainsFunc(list, func(a channel.Attachment) bool { return a.URL == url }) {
			list = append(list, channel.Attachment{Type: kind, URL: url})
		}
	}
	add("image", p.Photo)
	for _, url := range p.Photos {
		add("image", url)
	}
	add("video", p.Video)
	switch p.Item { // the link of a photo or video is the thing itself
	case "photo":
		add("image", p.Link)
	case "video":
		add("video", p.Link)
	default:
		add("link", p.Link)
	}
	return list
}

// reaction decodes a like or another reaction to a post or comment. A change of reaction comes as "edit" and is told as the new one.
func (p *post) reaction(it meta.Item, d *channel.Delivery) error {
	if p.CommentID == "" && p.PostID == "" || p.Verb != "add" && p.Verb != "edit" && p.Verb != "remove" { // the Page itself is liked
		meta.Ignore(d, it.Field, p.Item, p.Verb)
		return nil
	}
	e := channel.Event{
		Kind: channel.ReactionChanged, Account: it.Account, Time: p.CreatedTime.Time, Message: p.place(),
		Reaction: channel.Reaction{Author: p.author(it.Account), Name: p.Reaction, Removed: p.Verb == "remove"},
	}
	if e.Reaction.Name == "" && p.Item == "like" {
		e.Reaction.Name = "like"
	}
	if !it.Time.IsZero() && (e.Time.IsZero() || p.Verb != "add") { // what was created then is the first reaction
		e.Time = it.Time
	}
	d.Events = append(d.Events, e)
	return nil
}
