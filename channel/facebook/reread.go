package facebook

import (
	"context"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// How many comments are read again at once, and how long Meta is then left alone: most of the calls that it allows are for answers.
const (
	rereadAtOnce = 10
	rereadWait   = 2 * time.Minute
)

// RereadPace is ten messages every two minutes; those of Messenger cost no call.
func (c *Channel) RereadPace() (atOnce int, wait time.Duration) { return rereadAtOnce, rereadWait }

// Reread reads comments and visitors' posts again, each by a call, and tells of those that have another text and of those that are gone. Meta says the same of what is
// gone and of what this token may not see: so only where it still shows another one at the same time is one that it does not show taken for deleted, without Event.Honour.
//
// Of Messenger's messages Meta tells nothing here: neither that one was edited or taken back, nor that it was delivered or read.
func (c *Channel) Reread(ctx context.Context, known []channel.Message) (events []channel.Event, trouble error) {
	began := c.o.Now()
	var gone []channel.Event
	shown := false
	for i := range known {
		m := &known[i]
		if m.Visibility == channel.Private {
			continue
		}
		now, err := c.Read(ctx, m.ID)
		e := channel.Event{Account: c.o.Account.AccountID, Time: began, Message: channel.Message{ID: m.ID, Thread: m.Thread}}
		switch kind := remote.KindOf(err); {
		case err == nil && now.ID == m.ID:
			shown = true
			if strings.TrimSpace(now.Text) != strings.TrimSpace(m.Text) {
				e.Kind, e.Message = channel.MessageEdited, now
				e.Message.Thread, e.Message.Author = m.Thread, m.Author
				events = append(events, e)
			}
		case kind == remote.NotFound:
			e.Kind = channel.MessageDeleted
			gone = append(gone, e)
		case kind == remote.RateLimited || kind == remote.Unauthorized || ctx.Err() != nil:
			return events, err
		case err != nil:
			trouble = err // that of one comment, perhaps
		}
	}
	if shown {
		events = append(events, gone...)
	}
	return events, trouble
}
