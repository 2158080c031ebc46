package rt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// mark opens the subject of each of our comments: mark, key, revision. RT writes the subject beside the transaction in one go, unlike a custom field of the transaction.
const mark = "socialcrm"

// perSearch is how many interactions are looked for in one call, pageSize the most that RT answers with.
const (
	perSearch = 40
	pageSize  = 100
)

// body is what stands in RT of an interaction: a few lines about it, an empty one, and the text.
func body(in *crm.Interaction) string {
	var b strings.Builder
	about := func(name, value string) {
		if value = line(value, 1000); value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	at := func(name string, t time.Time) {
		if !t.IsZero() {
			about(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	about("Direction", string(in.Direction))
	at("Time", in.Time)
	visibility := "public"
	if in.Private {
		visibility = "private"
	}
	about("Visibility", visibility)
	about("Author", in.Author.Name)
	about("Author-ID", in.Author.ID)
	about("Profile", in.Author.URL)
	about("Party", in.Party)
	about("Actor", in.Actor.ID)
	about("Actor-Kind", string(in.Actor.Kind))
	if in.Automated {
		about("Automated", "yes")
	}
	about("Message", in.Message)
	about("Address", in.URL)
	switch in.State {
	case ticket.PostFailed, ticket.PostUnknown, ticket.PostCancelled: // that a post arrived would be a comment more for each
		about("State", string(in.State))
	}
	for _, a := range in.Attachments {
		about("Attachment", a.Type+" "+a.URL)
	}
	at("Edited", in.Edited)
	at("Deleted", in.Deleted)
	b.WriteString("\n")
	if in.Deleted.IsZero() {
		b.WriteString(crm.Shorten(crm.Printable(in.Text), maxText))
	}
	return b.String()
}

// revision tells two states of one interaction apart.
func revision(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:8])
}

// subject is that of the comment for an interaction.
func (s *Sink) subject(key, revision string) string { return s.subjects(key) + revision }

// subjects is how those of all revisions begin.
func (s *Sink) subjects(key string) string { return mark + " " + s.key(key) + " " }

// comment is one of ours in RT, as a search tells of it.
type comment struct {
	ID         scalar `json:"id"`
	Type       scalar `json:"Type"`
	What       scalar `json:"type"` // "transaction"; encoding/json would take it for Type
	ObjectType scalar
	ObjectID   scalar `json:"ObjectId"`
	Subject    scalar `json:"Data"`
	Creator    link
}

// held is what RT has of an interaction.
type held struct {
	first, latest int64 // transactions; the first is its ref
	revision      string
	all           []int64
}

// putInteractions writes those that RT does not hold as they are, in order.
func (s *Sink) putInteractions(ctx context.Context, op string, t *task, c *crm.Change, receipt *crm.Receipt) error {
	if len(c.Interactions) == 0 {
		return nil
	}
	if !t.commentable() {
		return s.fail(op, remote.PolicyBlocked, "our user may not comment on ticket "+string(t.ID)+": it needs the right CommentOnTicket")
	}
	known := make(map[string]held)
	if !t.fresh {
		keys := make([]string, len(c.Interactions))
		for i := range c.Interactions {
			keys[i] = c.Interactions[i].Key
		}
		var err error
		if known, err = s.comments(ctx, op, string(t.ID), keys...); err != nil {
			return err
		}
	}
	for i := range c.Interactions {
		in := &c.Interactions[i]
		where, has, err := string(t.ID), known[in.Key], error(nil)
		if ref := c.Refs.Interactions[in.Key]; has.first == 0 && isNumber(ref) {
			if where, has, err = s.elsewhere(ctx, op, where, in.Key, ref); err != nil {
				return err
			}
		}
		text := body(in)
		if has.revision != revision(text) {
			err := s.comment(ctx, op, where, in.Key, text, &has)
			switch {
			case err != nil && refuses(err):
				refuse(receipt, in.Key, err)
				continue
			case err != nil:
				return err
			}
		}
		if receipt.Interactions == nil {
			receipt.Interactions = make(map[string]string, len(c.Interactions))
		}
		receipt.Interactions[in.Key] = strconv.FormatInt(has.first, 10)
	}
	return nil
}

func refuse(receipt *crm.Receipt, key string, err error) {
	if receipt.Refused == nil {
		receipt.Refused = make(map[string]string)
	}
	receipt.Refused[key] = err.Error()
}

// comment writes an interaction, or a new revision of it.
func (s *Sink) comment(ctx context.Context, op, where, key, text string, has *held) error {
	answer, err := s.write(ctx, op, http.MethodPost, remote.Path("ticket", where, "comment"), map[string]string{
		"Subject": s.subject(key, revision(text)), "Content": text, "ContentType": "text/plain",
	})
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(idOf(answer, "transaction"), 10, 64)
	if err != nil {
		return &remote.Error{Op: s.opts.Name + ": " + op, Kind: remote.Unknown, Status: answer.Status, Message: "RT does not say which transaction it made"}
	}
	if has.first == 0 {
		has.first = id
	}
	return nil
}

// comments looks for our comments on a ticket, by the keys of their interactions.
func (s *Sink) comments(ctx context.Context, op, where string, keys ...string) (map[string]held, error) {
	all := make(map[string]held)
	for part := range slices.Chunk(keys, perSearch) {
		conditions := []condition{{"ObjectType", "=", "RT::Ticket", ""}, {"ObjectId", "=", where, ""}, {"Type", "=", "Comment", ""}}
		for _, key := range part {
			conditions = append(conditions, condition{"Data", "STARTSWITH", s.subjects(key), "OR"})
		}
		for n := 1; ; n++ {
			var found page[comment]
			path := "/transactions?fields=Data,Type,ObjectType,ObjectId,Creator&orderby=id&per_page=" + strconv.Itoa(pageSize) + "&page=" + strconv.Itoa(n)
			if err := s.search(ctx, op, path, conditions, &found); err != nil {
				return nil, err
			}
			list, ok := found.list()
			if !ok {
				return nil, s.unreadable(op, errors.New("the answer to the search for comments is not one"))
			}
			for _, t := range list {
				s.note(all, where, &t)
			}
			if len(list) < pageSize {
				break
			}
		}
	}
	return all, nil
}

// note takes a comment into account that is ours, and of that ticket.
func (s *Sink) note(all map[string]held, where string, t *comment) {
	words := strings.Fields(string(t.Subject))
	if t.Type != "Comment" || t.ObjectType != "RT::Ticket" || string(t.ObjectID) != where || len(words) != 3 || words[0] != mark {
		return
	}
	key, mine := s.ours(words[1])
	id, err := strconv.ParseInt(string(t.ID), 10, 64)
	if !mine || err != nil || s.opts.User != "" && t.Creator.ID != "" && !strings.EqualFold(string(t.Creator.ID), s.opts.User) {
		return
	}
	h := all[key]
	h.all = append(h.all, id)
	if h.first == 0 || id < h.first {
		h.first = id
	}
	if id > h.latest {
		h.latest, h.revision = id, words[2]
	}
	all[key] = h
}

// elsewhere follows the ref of an interaction that is not on its ticket: it may have moved here from another case, and stays there, or be gone.
func (s *Sink) elsewhere(ctx context.Context, op, here, key, ref string) (where string, has held, err error) {
	var t struct{ Object link }
	err = s.get(ctx, op, remote.Path("transaction", ref), &t)
	switch {
	case gone(err):
		return here, held{}, nil
	case err != nil:
		return here, held{}, err
	case string(t.Object.ID) == here || !isNumber(string(t.Object.ID)):
		return here, held{}, nil
	}
	there, err := s.comments(ctx, op, string(t.Object.ID), key)
	if has, ok := there[key]; err == nil && ok {
		return string(t.Object.ID), has, nil
	}
	return here, held{}, err
}
