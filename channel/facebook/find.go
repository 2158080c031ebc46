package facebook

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
	"github.com/socialcrm/socialcrm/remote"
)

const (
	// settles is after how long a post that no list shows will never appear: until then the request may still be under way, or the list lag behind.
	settles = 2 * time.Minute
	// skew is how far Meta's clock and ours may be apart; Meta tells whole seconds.
	skew = 5 * time.Second
)

// Find looks for a post among what the Page wrote since it was tried: in public among the comments of the thread, in private among the messages of the conversation,
// or those that answer the comment in private. It is found by its text and, in public, by what it answers; CannotTell when one with the same text answers something
// else, or there is too much to look through. Until two minutes after the attempt it does not say Absent but returns Unavailable with RetryAt.
//
// Messages carry the post's key, too, which comes back with their echo (Event.SentKey).
func (c *Channel) Find(ctx context.Context, out channel.Outgoing, tried time.Time) (channel.Finding, channel.Sent, error) {
	l := lookFor{out: out, from: tried.Add(-skew).Truncate(time.Second), page: c.o.Account.ID}
	var err error
	switch {
	case out.Visibility == channel.Public:
		err = c.findComment(ctx, &l)
	case out.Thread == "" && out.InReplyTo != "":
		err = c.findPrivateReply(ctx, &l)
	default:
		err = c.findMessage(ctx, &l)
	}
	switch settled := tried.Add(settles); {
	case err != nil:
		return channel.CannotTell, channel.Sent{}, err
	case l.found.ID != "":
		return channel.Found, l.found, nil
	case l.unsure:
		return channel.CannotTell, channel.Sent{}, nil
	case c.o.Now().Before(settled):
		return channel.CannotTell, channel.Sent{}, &remote.Error{
			Op: Platform + ": find the answer to " + out.InReplyTo, Kind: remote.Unavailable, RetryAt: settled, Message: "it is not there, and may still appear",
		}
	}
	return channel.Absent, channel.Sent{}, nil
}

// lookFor is what Find looks for, and what came of it.
type lookFor struct {
	out    channel.Outgoing
	page   string
	from   time.Time
	found  channel.Sent
	unsure bool
}

// is reports whether an event may be the post.
func (l *lookFor) is(e *channel.Event) bool {
	m := &e.Message
	if e.Kind != channel.MessageEchoed || m.Time.Before(l.from) || strings.TrimSpace(m.Text) != strings.TrimSpace(l.out.Text) {
		return false
	}
	return (len(m.Attachments) > 0) == (len(l.out.Attachments) > 0) || m.Text != ""
}

func (c *Channel) findComment(ctx context.Context, l *lookFor) error {
	post := cmp.Or(l.out.Thread, l.out.InReplyTo)
	var page meta.Page
	_, err := c.graph.Do(ctx, remote.Request{Op: "find the answer to " + l.out.InReplyTo, Path: remote.Path(post, "comments"), Into: &page, Query: url.Values{
		"fields": {commentFields}, "filter": {"stream"}, "order": {"reverse_chronological"}, "limit": {"100"},
	}})
	if err != nil {
		return err
	}
	older := false
	for _, raw := range page.Data {
		var comment graphComment
		if read(raw, &comment) != nil {
			l.unsure = true
			continue
		}
		e := comment.event(c.o.Account.AccountID, post)
		switch older = older || e.Time.Before(l.from); {
		case !l.is(&e):
		case e.Message.Parent == cmp.Or(l.out.InReplyTo, post):
			l.found = channel.Sent{ID: e.Message.ID, Thread: l.out.Thread, Time: e.Time, URL: e.Message.URL}
		default:
			l.unsure = true // Meta hangs an answer to an answer under the comment at the top
		}
	}
	l.unsure = l.unsure || !older && page.After() != ""
	return nil
}

func (c *Channel) findMessage(ctx context.Context, l *lookFor) error {
	customer := cmp.Or(l.out.Thread, c.person(l.out.To.ID))
	var conversations meta.Page
	_, err := c.graph.Do(ctx, remote.Request{
		Op: "find the message to " + customer, Path: remote.Path(c.o.Account.ID, "conversations"), Into: &conversations, Query: url.Values{
			"platform": {"messenger"}, "user_id": {customer}, "fields": {"id,participants,messages.limit(50){" + messageFields + "}"},
		},
	})
	if err != nil {
		return err
	}
	for _, raw := range conversations.Data {
		l.searchConversation(c, raw, customer)
	}
	return nil
}

// findPrivateReply looks into the conversation that an answer in private opened.
func (c *Channel) findPrivateReply(ctx context.Context, l *lookFor) error {
	if c.isPost(l.out.InReplyTo) { // only comments tell
		l.unsure = true
		return nil
	}
	var comment struct {
		Conversation json.RawMessage `json:"private_reply_conversation"`
	}
	_, err := c.graph.Do(ctx, remote.Request{
		Op: "find the answer in private to " + l.out.InReplyTo, Path: remote.Path(l.out.InReplyTo), Into: &comment,
		Query: url.Values{"fields": {"private_reply_conversation{id,participants,messages.limit(50){" + messageFields + "}}"}},
	})
	if err == nil && len(comment.Conversation) > 0 {
		l.searchConversation(c, comment.Conversation, "")
	}
	return err
}

// searchConversation looks through the newest messages of a conversation.
func (l *lookFor) searchConversation(c *Channel, raw json.RawMessage, customer string) {
	var conversation graphConversation
	if json.Unmarshal(raw, &conversation) != nil {
		l.unsure = true
		return
	}
	customer = cmp.Or(customer, conversation.customer(l.page))
	older := false
	for _, raw := range conversation.Messages.Data {
		var message graphMessage
		if read(raw, &message) != nil {
			l.unsure = true
			continue
		}
		e := message.event(c.o.Account.AccountID, customer)
		if older = older || e.Time.Before(l.from); l.is(&e) {
			l.found = channel.Sent{ID: e.Message.ID, Thread: customer, Time: e.Time}
		}
	}
	l.unsure = l.unsure || !older && conversation.Messages.After() != ""
}
