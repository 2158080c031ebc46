package rt

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// textsPerLook bounds the calls of a look: each text takes a few.
const textsPerLook = 20

// transaction is one thing that was done, as a search tells of it.
type transaction struct {
	ID         scalar `json:"id"`
	Type       scalar `json:"Type"`
	What       scalar `json:"type"` // "transaction"; encoding/json would take it for Type
	Field      scalar
	NewValue   scalar
	ObjectType scalar
	ObjectID   scalar `json:"ObjectId"`
	Created    time.Time
	Creator    link
}

// Changes returns what people did in RT to our tickets since: a status, an owner who is in Mapping.Owners (or Nobody), what they wrote. Correspondence of a colleague is
// a reply to the customer; a comment never is, nor is correspondence of RT itself or of somebody without privileges, such as a customer who wrote a mail to RT: those are
// notes. What our own user did is left out. A text in HTML is told as plain text; attachments are not told. The cursor is a transaction's number.
//
// It looks at Options.Queue and Options.Listen, where our user must have the rights ShowTicket and ShowTicketComments: RT hides what one may not see, and a whole page of
// that would look like the end. A look takes two calls, and up to four more for each text.
//
// Errors by kind: Rejected for a cursor of somebody else and where Options.User is empty; otherwise as Push.
func (s *Sink) Changes(ctx context.Context, after channel.Cursor) (crm.Batch, error) {
	const op = "read changes"
	switch {
	case s.opts.User == "":
		return crm.Batch{}, s.fail(op, remote.Rejected, "Options.User does not name our user in RT")
	case after == "":
		return s.fromNow(ctx, op)
	case !isNumber(string(after)):
		return crm.Batch{}, s.fail(op, remote.Rejected, "cursor "+strconv.Quote(crm.Shorten(string(after), 100))+" was not given here")
	}
	var found page[transaction]
	answer, err := s.transactions(ctx, op, "id > "+string(after), "ASC", pageSize, &found)
	if err != nil {
		return crm.Batch{}, err
	}
	all, ok := found.list()
	if !ok {
		return crm.Batch{}, s.unreadable(op, errors.New("the answer to the search for transactions is not one"))
	}
	batch := crm.Batch{Cursor: after, Wait: s.opts.Every, More: len(all) >= pageSize}
	settled := remote.ServerTime(answer.Header, s.opts.Now()).Add(time.Second - s.opts.Settle)
	if i := slices.IndexFunc(all, func(t transaction) bool { return !t.Created.Before(settled) }); i >= 0 {
		all, batch.More = all[:i], false
	}
	l := look{sink: s, op: op, users: make(map[scalar]user)}
	if l.cases, err = s.casesOf(ctx, op, all); err != nil {
		return crm.Batch{}, err
	}
	for i := range all {
		t := &all[i]
		if !isNumber(string(t.ID)) {
			continue // null, for what our user may not see
		}
		if l.texts == textsPerLook {
			batch.More = true
			break
		}
		u, told, err := l.update(ctx, t)
		if err != nil {
			return crm.Batch{}, err
		}
		if told {
			batch.Updates = append(batch.Updates, u)
		}
		batch.Cursor = channel.Cursor(t.ID)
	}
	return batch, nil
}

// transactions asks for what others did to tickets in the queues that we listen to. Each page is asked for by where the last one ended.
func (s *Sink) transactions(ctx context.Context, op, where, order string, limit int, found *page[transaction]) (*remote.Response, error) {
	var queues []string
	for _, q := range append([]string{s.opts.Queue}, s.opts.Listen...) {
		queues = append(queues, "TicketQueue = "+quoted(q))
	}
	query := url.Values{
		"query": {"ObjectType = 'RT::Ticket' AND (" + strings.Join(queues, " OR ") + ") AND Creator != " + quoted(s.opts.User) +
			" AND (Type = 'Status' OR Type = 'SetWatcher' OR Type = 'Correspond' OR Type = 'Comment') AND " + where},
		"fields": {"Type,Field,NewValue,ObjectType,ObjectId,Created,Creator"}, "fields[Creator]": {"RealName"},
		"orderby": {"id"}, "order": {order}, "per_page": {strconv.Itoa(limit)},
	}
	return s.client.Do(ctx, remote.Request{Op: op, Path: "/transactions?" + query.Encode(), Into: found})
}

// fromNow is the first look: what people did before is history.
func (s *Sink) fromNow(ctx context.Context, op string) (crm.Batch, error) {
	var found page[transaction]
	if _, err := s.transactions(ctx, op, "id > 0", "DESC", 1, &found); err != nil {
		return crm.Batch{}, err
	}
	last, ok := found.list()
	if !ok {
		return crm.Batch{}, s.unreadable(op, errors.New("the answer to the search for transactions is not one"))
	}
	batch := crm.Batch{Cursor: "0", Wait: s.opts.Every}
	if len(last) > 0 && isNumber(string(last[0].ID)) {
		batch.Cursor = channel.Cursor(last[0].ID)
	}
	return batch, nil
}

// casesOf returns our keys of the tickets that the transactions are about.
func (s *Sink) casesOf(ctx context.Context, op string, all []transaction) (map[scalar]string, error) {
	var conditions []string
	for _, t := range all {
		if c := "id = " + string(t.ObjectID); isNumber(string(t.ObjectID)) && !slices.Contains(conditions, c) {
			conditions = append(conditions, c)
		}
	}
	cases := make(map[scalar]string)
	if len(conditions) == 0 {
		return cases, nil
	}
	var found page[task]
	query := url.Values{"query": {strings.Join(conditions, " OR ")}, "fields": {"CustomFields"}, "per_page": {strconv.Itoa(pageSize)}}
	if err := s.get(ctx, op, "/tickets?"+query.Encode(), &found); err != nil {
		return nil, err
	}
	tickets, ok := found.list()
	if !ok {
		return nil, s.unreadable(op, errors.New("the answer to the search for tickets is not one"))
	}
	for _, t := range tickets {
		if key, mine := s.ours(t.Fields.first(keyField)); mine {
			cases[t.ID] = key
		}
	}
	return cases, nil
}

// look is one call of Changes on its way.
type look struct {
	sink  *Sink
	op    string
	cases map[scalar]string // our keys by ticket
	users map[scalar]user   // by number and by name
	texts int
}

// update is what a transaction means to us, if it means anything.
func (l *look) update(ctx context.Context, t *transaction) (crm.Update, bool, error) {
	key, mine := l.cases[t.ObjectID]
	if !mine || t.ObjectType != "RT::Ticket" || strings.EqualFold(string(t.Creator.ID), l.sink.opts.User) {
		return crm.Update{}, false, nil
	}
	u := crm.Update{
		Key: string(t.ID), Case: key, CaseRef: string(t.ObjectID), Time: t.Created.UTC(),
		Actor: ticket.Actor{Kind: ticket.ByCRM, ID: string(t.Creator.ID), Name: string(t.Creator.RealName)},
	}
	switch {
	case t.Type == "Status":
		status, known := l.sink.words.status[string(t.NewValue)]
		u.Status = status
		return u, known, nil
	case t.Type == "SetWatcher" && t.Field == "Owner":
		owner, err := l.user(ctx, t.NewValue)
		if agent, known := l.sink.words.agents[string(owner.Name)]; known {
			u.Agent = &agent
		}
		return u, u.Agent != nil, err
	case t.Type == "Correspond":
		text, err := l.text(ctx, t.ID)
		if err != nil {
			return u, false, err
		}
		writer, err := l.user(ctx, t.Creator.ID)
		if writer.Privileged == "1" && t.Creator.ID != "RT_System" {
			u.Reply = text
		} else {
			u.Note = text
		}
		return u, text != "", err
	case t.Type == "Comment":
		text, err := l.text(ctx, t.ID)
		u.Note = text
		return u, text != "", err
	}
	return u, false, nil
}

// user reads a user by number or name, once a look. One who is gone is nobody in particular.
func (l *look) user(ctx context.Context, id scalar) (user, error) {
	if u, ok := l.users[id]; ok || id == "" {
		return u, nil
	}
	u, _, err := l.sink.user(ctx, l.op, string(id))
	if err == nil {
		l.users[id] = u
	}
	return u, err
}

// attachment is a part of a message; the text is one.
type attachment struct {
	ContentType scalar
	Filename    scalar
	Content     string
}

// text reads what was written: the plain text, or else the HTML as plain text.
func (l *look) text(ctx context.Context, id scalar) (string, error) {
	l.texts++
	parts, err := l.sink.parts(ctx, l.op, string(id))
	if err != nil {
		return "", err
	}
	markup := ""
	for _, part := range parts[:min(len(parts), 8)] {
		var a attachment
		if err := l.sink.get(ctx, l.op, remote.Path("attachment", part), &a); err != nil {
			if gone(err) {
				continue
			}
			return "", err
		}
		content, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(a.Content, "\n", ""))
		switch {
		case err != nil:
			return "", l.sink.unreadable(l.op, errors.New("an attachment is not in base64"))
		case a.Filename != "":
		case strings.HasPrefix(string(a.ContentType), "text/plain"):
			return strings.TrimSpace(crm.Printable(string(content))), nil
		case strings.HasPrefix(string(a.ContentType), "text/html"):
			markup = string(content)
		}
	}
	return plainText(crm.Printable(markup)), nil
}

// parts returns the numbers of a transaction's attachments; none where it is gone.
func (s *Sink) parts(ctx context.Context, op, transaction string) ([]string, error) {
	var t struct {
		Links []struct {
			Ref string `json:"ref"`
			URL string `json:"_url"`
		} `json:"_hyperlinks"`
	}
	if err := s.get(ctx, op, remote.Path("transaction", transaction), &t); err != nil {
		if gone(err) {
			return nil, nil
		}
		return nil, err
	}
	var parts []string
	for _, l := range t.Links {
		if id := l.URL[strings.LastIndexByte(l.URL, '/')+1:]; l.Ref == "attachment" && isNumber(id) {
			parts = append(parts, id)
		}
	}
	return parts, nil
}
