package archive

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
)

// tweets reads the format TWCS.
type tweets struct {
	*table
	trees                                      *trees
	id, author, inbound, created, text, parent int
}

func newTweets(w *window, file string, trees *trees) (*tweets, error) {
	t, err := newTable(w, file)
	if err != nil {
		return nil, err
	}
	if err := t.require("tweet_id", "author_id", "inbound", "created_at", "text", "in_response_to_tweet_id"); err != nil {
		return nil, err
	}
	return &tweets{
		table: t, trees: trees,
		id: t.column("tweet_id"), author: t.column("author_id"), inbound: t.column("inbound"), created: t.column("created_at"), text: t.column("text"),
		parent: t.column("in_response_to_tweet_id"),
	}, nil
}

// readTrees reads the IDs of all of s, from where it stands, and goes back there.
func readTrees(s io.ReadSeeker, file string) (*trees, error) {
	start, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return nil, err
	}
	w := newWindow(s)
	if err := w.begin(); err != nil {
		return nil, err
	}
	r, err := newTweets(w, file, nil)
	if err != nil {
		return nil, err
	}
	t := newTrees()
	for {
		err := r.table.next()
		if err == io.EOF {
			break
		}
		if isRowError(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if id := tweetID(r.get(r.id)); id != "" {
			brand := ""
			if inbound, err := r.isInbound(); err == nil && !inbound {
				brand = clean(r.get(r.author))
			}
			t.add(id, tweetID(r.get(r.parent)), brand)
		}
	}
	t.finish()
	_, err = s.Seek(start, io.SeekStart)
	return t, err
}

func (r *tweets) isInbound() (bool, error) {
	switch b := bytes.TrimSpace(r.bytes(r.inbound)); {
	case bytes.EqualFold(b, []byte("true")), string(b) == "1":
		return true, nil
	case bytes.EqualFold(b, []byte("false")), string(b) == "0":
		return false, nil
	}
	return false, fmt.Errorf("is %q; want True or False", shorten(r.get(r.inbound)))
}

// tweetID is an ID as it was before a spreadsheet or data frame took it for a number: "119.0" is 119, and "nan" none.
func tweetID(s string) string {
	s = strings.TrimSuffix(s, ".0")
	if strings.EqualFold(s, "nan") {
		return ""
	}
	return s
}

func (r *tweets) next() (channel.Event, error) {
	if err := r.table.next(); err != nil {
		return channel.Event{}, err
	}
	id := tweetID(r.get(r.id))
	if id == "" {
		return channel.Event{}, r.bad(r.id, "is empty; want the message's ID")
	}
	text := valid(r.bytes(r.text))
	place, known := r.trees.place(id)
	if !known {
		return channel.Event{}, r.bad(r.id, "is new: the file has changed while it was read")
	}
	inbound, err := r.isInbound()
	if err != nil {
		return channel.Event{}, r.bad(r.inbound, err.Error())
	}
	when, err := parseTime(r.get(r.created))
	if err != nil {
		return channel.Event{}, r.bad(r.created, err.Error())
	}
	kind := channel.MessageEchoed
	if inbound {
		kind = channel.MessageReceived
	}
	e := tweet(kind, place.account, id, clean(r.get(r.author)), text, when, r.row)
	e.Message.Thread = place.thread
	if parent := tweetID(r.get(r.parent)); parent != id {
		e.Message.Parent = parent
	}
	for i, m := range e.Message.Mentions {
		e.Message.Mentions[i] = r.trees.spell(m)
	}
	if e.Account.ID == "" {
		e.Account.ID = UnknownAccount
		if len(e.Message.Mentions) > 0 {
			e.Account.ID = e.Message.Mentions[0]
		}
	}
	return e, nil
}
