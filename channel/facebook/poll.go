package facebook

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
	"github.com/socialcrm/socialcrm/remote"
)

// List is one of the lists that a round of polling reads.
type List string

// The lists, as the Graph API calls them. Of the posts in each, the new comments are read, too.
const (
	Feed          List = "feed"          // what the Page and visitors posted on it
	VisitorPosts  List = "visitor_posts" // what visitors posted on it
	Tagged        List = "tagged"        // posts elsewhere in which the Page is tagged
	AdsPosts      List = "ads_posts"     // adverts, also those that the Page itself does not show; needs pages_manage_ads
	Conversations List = "conversations" // Messenger
)

// AllLists returns all of them.
func AllLists() []List { return []List{Feed, VisitorPosts, Tagged, AdsPosts, Conversations} }

// How many calls a poll makes at most, and how much a call asks for: elements of the list, newest comments or messages inside each, and those of one post or
// conversation alone.
const (
	perPoll   = 12
	perList   = 25
	perBranch = 25
	perPage   = 100
)

// overlap is how far a round looks behind the beginning of the one before: lists lag behind a little, and clocks differ. What is told again has the same key.
const overlap = 10 * time.Minute

// restWhenLimited is how long polling leaves the calls that Meta still allows to answers.
const restWhenLimited = 5 * time.Minute

// round is the cursor: how far a round of polling has come. Between rounds only Since is set.
type round struct {
	// Since is up to when everything was told, Until when this round began.
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"`
	// List is being read, from After on.
	List  List   `json:"list,omitempty"`
	After string `json:"after,omitempty"`
	// Again is set when a place in a list was refused, and the list is read from its beginning.
	Again bool `json:"again,omitempty"`
	// Long is set when the round took more than one poll, Follows in the one that then follows it.
	Long    bool `json:"long,omitempty"`
	Follows bool `json:"follows,omitempty"`
	// Branches have more that is new than the list showed; they come first.
	Branches []branch `json:"branches,omitempty"`
}

// branch is a post with its comments or, where it has a customer, a conversation with its messages.
type branch struct {
	ID       string `json:"id"`
	Customer string `json:"customer,omitempty"`
	After    string `json:"after,omitempty"`
}

// Poll reads what is new in Options.Lists: posts, comments and messages by anybody. A round of that is a call for each list on a quiet Page; a long one takes several
// polls, and another follows it at once for what came meanwhile. What is told has the keys that the webhook gives it, so that only what a webhook missed is new.
// Poll does not find edits and deletions, which are for [Channel.Reread], nor reactions, receipts and who holds a conversation.
//
// A list that Meta does not let this token read is passed over, and Options.Logger hears of it. Every other error is that of the first call and leaves the
// cursor where it was; one of a later call ends the poll early, and the next begins with that call: after a pause where a limit is near, so that answers come first.
func (c *Channel) Poll(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
	now := c.o.Now()
	p := poll{c: c}
	if json.Unmarshal([]byte(after), &p.at) != nil || p.at.Since.IsZero() { // the first time; or not ours, and then what is read again does no harm
		p.at = round{Since: now.Add(-c.o.History)}
	}
	if p.at.Until.IsZero() {
		p.at.Until, p.at.List = now, c.next("")
	}
	p.since = p.at.Since.Add(-overlap)
	for call := range perPoll {
		if p.over() {
			break
		}
		if err := p.read(ctx); err != nil && !p.passOver(err) {
			if call == 0 {
				return channel.Batch{}, err
			}
			p.rest = remote.KindOf(err) == remote.RateLimited
			break
		}
	}
	return p.batch(), nil
}

// read makes one call.
func (p *poll) read(ctx context.Context) error {
	switch {
	case len(p.at.Branches) > 0:
		return p.readBranch(ctx)
	case p.at.List == Conversations:
		return p.readConversations(ctx)
	}
	return p.readPosts(ctx)
}

// over reports whether the round has read everything.
func (p *poll) over() bool { return p.at.List == "" && len(p.at.Branches) == 0 }

// next returns the list after that one; empty when the round is over.
func (c *Channel) next(l List) List {
	i := slices.Index(c.o.Lists, l)
	if l != "" && i < 0 || i+1 >= len(c.o.Lists) {
		return ""
	}
	return c.o.Lists[i+1]
}

// poll is the calls of one Poll.
type poll struct {
	c      *Channel
	at     round
	since  time.Time
	events []channel.Event
	bad    []channel.Bad
	rest   bool // the limit is near: what is left of it is for answers
}

// batch returns what the calls brought, oldest first, and where the next poll goes on.
func (p *poll) batch() channel.Batch {
	slices.SortStableFunc(p.events, func(a, b channel.Event) int { return a.Time.Compare(b.Time) })
	b := channel.Batch{Events: p.events, Bad: p.bad, More: true}
	switch {
	case !p.over():
		p.at.Long = !p.at.Follows
		if p.rest {
			b.More, b.Wait = false, restWhenLimited
		}
	case p.at.Long:
		p.at = round{Since: p.at.Until, Follows: true}
	default:
		p.at, b.More, b.Wait = round{Since: p.at.Until}, false, p.c.o.Every
	}
	cursor, err := json.Marshal(p.at)
	if err != nil {
		panic(err) // texts and times always marshal
	}
	b.Cursor = channel.Cursor(cursor)
	return b
}

// passOver goes on behind what Meta will not let us read, and reports whether it did. A place that it does not know any more is looked for again, once.
func (p *poll) passOver(err error) bool {
	e, ok := errors.AsType[*remote.Error](err)
	if !ok || e.Code == "" || e.Scope != (remote.Scope{}) || e.Kind != remote.PolicyBlocked && e.Kind != remote.Rejected && e.Kind != remote.NotFound {
		return false
	}
	place := &p.at.After
	if len(p.at.Branches) > 0 {
		p.at.Branches = slices.Clone(p.at.Branches)
		place = &p.at.Branches[0].After
	}
	if *place != "" {
		if p.at.Again {
			return false
		}
		*place, p.at.Again = "", true
		return true
	}
	p.c.o.Logger.Warn("passed over while polling", "account", p.c.Name(), "error", err)
	p.done("")
	return true
}

// done goes on to the next page of the branch or list or, where there is none, behind it.
func (p *poll) done(after string) {
	p.at.Again = p.at.Again && after != ""
	switch {
	case len(p.at.Branches) > 0 && after != "":
		p.at.Branches = slices.Clone(p.at.Branches)
		p.at.Branches[0].After = after
	case len(p.at.Branches) > 0:
		p.at.Branches = p.at.Branches[1:]
	case after != "":
		p.at.After = after
	default:
		p.at.List, p.at.After = p.c.next(p.at.List), ""
	}
}

// call reads a page of a list: of posts, of conversations, of comments or of messages.
func (p *poll) call(ctx context.Context, op, path, after string, query url.Values) (meta.Page, error) {
	place, err := url.ParseQuery(after)
	if err == nil {
		for name := range place {
			query.Set(name, place.Get(name))
		}
	}
	var page meta.Page
	_, err = p.c.graph.Do(ctx, remote.Request{Op: op, Path: path, Query: query, Into: &page})
	return page, err
}

// isNew reports whether it happened since the last round.
func (p *poll) isNew(t time.Time) bool { return !t.Before(p.since) }

// spoiled keeps what cannot be decoded, under its ID where it has one, so that it is the same the next time.
func (p *poll) spoiled(where string, raw json.RawMessage, err error) {
	var o struct {
		ID any `json:"id"`
	}
	if _ = json.Unmarshal(raw, &o); o.ID != nil {
		where += ", id " + text(o.ID)
		if slices.ContainsFunc(p.bad, func(b channel.Bad) bool { return b.Where == where }) {
			return // visitors' posts are in the feed, too
		}
	}
	bad := channel.Bad{Account: p.c.o.Account.AccountID, Where: where, Raw: raw}
	field, reason := meta.Explain("", err)
	bad.Reason = strings.TrimSpace(field + " " + reason)
	p.bad = append(p.bad, bad)
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return string(b[:min(len(b), 64)])
}

// readPosts reads a page of a list of posts, with the newest comments under each.
func (p *poll) readPosts(ctx context.Context) error {
	list := p.at.List
	query := url.Values{
		"fields": {postFields + ",comments.filter(stream).order(reverse_chronological).limit(" + strconv.Itoa(perBranch) + "){" + commentFields + "}"},
		"limit":  {strconv.Itoa(perList)}, "since": {strconv.FormatInt(p.at.Until.Add(-max(p.c.o.Watch, p.at.Until.Sub(p.since))).Unix(), 10)},
	}
	if list == AdsPosts {
		query.Set("include_inline_create", "true")
	}
	page, err := p.call(ctx, "poll "+string(list)+" of page "+p.c.o.Account.ID, remote.Path(p.c.o.Account.ID, string(list)), p.at.After, query)
	if err != nil {
		return err
	}
	var branches []branch
	for _, raw := range page.Data {
		var post graphPost
		if err := read(raw, &post); err != nil {
			p.spoiled("posts", raw, err)
			continue
		}
		if p.isNew(post.CreatedTime.Time) {
			p.tell(post.event(p.c.o.Account.AccountID), "posts", raw)
		}
		if after := post.Comments.After(); p.comments(string(post.ID), post.Comments.Data) && after != "" {
			branches = append(branches, branch{ID: string(post.ID), After: after})
		}
	}
	p.done(page.After())
	p.at.Branches = branches
	return nil
}

// tellNew tells what is new on a page, and reports whether there may be more behind it. The newest comes first, though Meta does not promise that for every place.
func (p *poll) tellNew(where string, page []json.RawMessage, event func(json.RawMessage) (channel.Event, error)) (more bool) {
	more = true
	for _, raw := range page {
		switch e, err := event(raw); {
		case err != nil:
			p.spoiled(where, raw, err)
		case !p.isNew(e.Message.Time):
			more = false
		default:
			p.tell(e, where, raw)
		}
	}
	return more
}

// comments tells those below a post that are new, and reports whether there may be more.
func (p *poll) comments(post string, page []json.RawMessage) (more bool) {
	return p.tellNew("comments of "+post, page, func(raw json.RawMessage) (channel.Event, error) {
		var comment graphComment
		err := read(raw, &comment)
		return comment.event(p.c.o.Account.AccountID, post), err
	})
}

// messages is comments for a conversation.
func (p *poll) messages(customer string, page []json.RawMessage) (more bool) {
	return p.tellNew("messages with "+customer, page, func(raw json.RawMessage) (channel.Event, error) {
		var message graphMessage
		err := read(raw, &message)
		return message.event(p.c.o.Account.AccountID, customer), err
	})
}

// readConversations reads a page of conversations, the latest first, with the newest messages of each.
func (p *poll) readConversations(ctx context.Context) error {
	page, err := p.call(ctx, "poll conversations of page "+p.c.o.Account.ID, remote.Path(p.c.o.Account.ID, "conversations"), p.at.After, url.Values{
		"platform": {"messenger"}, "limit": {strconv.Itoa(perList)},
		"fields": {"id,updated_time,participants,messages.limit(" + strconv.Itoa(perBranch) + "){" + messageFields + "}"},
	})
	if err != nil {
		return err
	}
	after, branches := page.After(), []branch(nil)
	for _, raw := range page.Data {
		var conversation graphConversation
		if err := json.Unmarshal(raw, &conversation); err != nil {
			p.spoiled(string(Conversations), raw, err)
			continue
		}
		if t := conversation.UpdatedTime.Time; !t.IsZero() && !p.isNew(t) {
			after = "" // what comes behind is older
			break
		}
		customer := conversation.customer(p.c.o.Account.ID)
		if customer == "" {
			p.spoiled(string(Conversations), raw, meta.Missing("participants"))
			continue
		}
		if more := conversation.Messages.After(); p.messages(customer, conversation.Messages.Data) && more != "" {
			branches = append(branches, branch{ID: string(conversation.ID), Customer: customer, After: more})
		}
	}
	p.done(after)
	p.at.Branches = branches
	return nil
}

// readBranch reads on in a post or conversation of which the list did not show all that is new.
func (p *poll) readBranch(ctx context.Context) error {
	b := p.at.Branches[0]
	op, edge, query := "poll comments of "+b.ID, "comments", url.Values{"limit": {strconv.Itoa(perPage)}}
	if b.Customer != "" {
		op, edge = "poll conversation with "+b.Customer, "messages"
		query.Set("fields", messageFields)
	} else {
		query.Set("fields", commentFields)
		query.Set("filter", "stream")
		query.Set("order", "reverse_chronological")
	}
	page, err := p.call(ctx, op, remote.Path(b.ID, edge), b.After, query)
	if err != nil {
		return err
	}
	more := false
	if b.Customer != "" {
		more = p.messages(b.Customer, page.Data)
	} else {
		more = p.comments(b.ID, page.Data)
	}
	after := page.After()
	if !more {
		after = ""
	}
	p.done(after)
	return nil
}

// tell adds an event, or what is wrong with it.
func (p *poll) tell(e channel.Event, where string, raw json.RawMessage) {
	if err := e.Check(); err != nil {
		p.spoiled(where, raw, err)
		return
	}
	p.events = append(p.events, e)
}
