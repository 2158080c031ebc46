package archive_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/archive"
	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"pgregory.net/rapid"
)

// anyTime is a moment that JSON can hold, in some zone.
func anyTime(t *rapid.T) time.Time {
	if rapid.Bool().Draw(t, "no time") {
		return time.Time{}
	}
	zone := time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(t, "zone"))
	return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).In(zone)
}

var anyAuthor = rapid.Custom(func(t *rapid.T) channel.Author {
	s := rapid.String()
	return channel.Author{
		ID: s.Draw(t, "id"), Handle: s.Draw(t, "handle"), Name: s.Draw(t, "name"), URL: s.Draw(t, "url"), Language: s.Draw(t, "language"),
		Followers: rapid.Int64().Draw(t, "followers"), Bot: rapid.Bool().Draw(t, "bot"), Email: s.Draw(t, "email"), Phone: s.Draw(t, "phone"),
	}
})

// anyEvent is an event with every field drawn.
var anyEvent = rapid.Custom(func(t *rapid.T) channel.Event {
	s, some := rapid.String(), rapid.StringN(1, -1, -1)
	return channel.Event{
		Kind: rapid.SampledFrom([]channel.EventKind{
			channel.MessageReceived, channel.MessageEdited, channel.MessageDeleted, channel.MessageEchoed, channel.ReceiptArrived, channel.ReactionChanged,
			channel.AuthorizationLost, channel.SubscriptionLost, channel.ControlChanged, channel.MessageModerated, channel.ConversationOpened,
		}).Draw(t, "kind"),
		Account: channel.AccountID{Platform: rapid.StringMatching(`[^/]{1,9}`).Draw(t, "platform"), ID: some.Draw(t, "account")},
		Key:     some.Draw(t, "key"), Time: anyTime(t), Received: anyTime(t),
		Message: channel.Message{
			ID: some.Draw(t, "message"), Thread: s.Draw(t, "thread"), Parent: s.Draw(t, "parent"),
			Visibility: rapid.SampledFrom([]channel.Visibility{channel.Public, channel.Private}).Draw(t, "visibility"),
			Author:     anyAuthor.Draw(t, "author"), Text: s.Draw(t, "text"), Subject: s.Draw(t, "subject"),
			Attachments: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) channel.Attachment {
				return channel.Attachment{
					Type: s.Draw(t, "type"), URL: s.Draw(t, "url"), Name: s.Draw(t, "name"), Description: s.Draw(t, "description"),
					Size: rapid.Int64().Draw(t, "size"), MediaType: s.Draw(t, "media type"),
				}
			}), 0, 2).Draw(t, "attachments"),
			Mentions: rapid.SliceOf(s).Draw(t, "mentions"), Tags: rapid.SliceOf(s).Draw(t, "tags"),
			Language: s.Draw(t, "language"), URL: s.Draw(t, "url"), Time: anyTime(t), Order: s.Draw(t, "order"), Revision: s.Draw(t, "revision"),
			Payload: s.Draw(t, "payload"), Facts: rapid.MapOf(s, s).Draw(t, "facts"),
		},
		FormerID: s.Draw(t, "former"), App: s.Draw(t, "app"), SentKey: s.Draw(t, "sent key"), Standby: rapid.Bool().Draw(t, "standby"),
		Honour: rapid.Bool().Draw(t, "honour"),
		Receipt: channel.Receipt{
			State: channel.ReceiptState(some.Draw(t, "state")), Messages: rapid.SliceOfN(s, 1, 3).Draw(t, "messages"), Thread: s.Draw(t, "thread"),
			Watermark: anyTime(t), Code: s.Draw(t, "code"), Reason: s.Draw(t, "reason"),
		},
		Reaction: channel.Reaction{Author: anyAuthor.Draw(t, "reacted"), Name: some.Draw(t, "reaction"), Removed: rapid.Bool().Draw(t, "removed")},
		Action:   channel.ModerateAction(some.Draw(t, "action")),
	}
})

func TestWhatIsWrittenIsReadBackEqual(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(anyEvent, 0, 3).Draw(t, "events")
		var b bytes.Buffer
		w := archive.NewWriter(&b)
		for _, e := range events {
			if err := w.Write(e); err != nil {
				t.Fatal(err)
			}
		}
		var got []channel.Event
		for e, err := range archive.Read(&b, archive.JSONLines) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		if diff := cmp.Diff(events, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-written +read)\n%s", diff)
		}
	})
}

func TestWriterRefusesWhatCouldNotBeReadBack(t *testing.T) {
	t.Parallel()
	good := channel.Event{Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "p", ID: "a"}, Message: channel.Message{ID: "1"}}
	tests := []struct {
		name   string
		change func(*channel.Event)
		want   string
	}{
		{"no message ID", func(e *channel.Event) { e.Message.ID = "" }, "archive: write: event received on p/a: message.id is missing"},
		{"a platform with a slash", func(e *channel.Event) { e.Account.Platform = "p/q" },
			"archive: write: event on p/q/a: account: a platform has no slash in its name"},
		{"too long", func(e *channel.Event) { e.Message.Text = strings.Repeat("x", 1<<20) },
			"archive: write event message/1 of p/a: is longer than 1 MiB"},
		{"a year that JSON cannot hold", func(e *channel.Event) { e.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
			"archive: write: event received on p/a: time: the year 10000 is none"},
		{"a time zone that JSON cannot hold", func(e *channel.Event) { e.Time = time.Unix(0, 0).In(time.FixedZone("", 25*3600)) },
			"archive: write: event received on p/a: time: an offset of 25 hours is none"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := good
			test.change(&e)
			var b bytes.Buffer
			err := archive.NewWriter(&b).Write(e)
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if b.Len() > 0 {
				t.Errorf("wrote %d bytes all the same", b.Len())
			}
		})
	}
	t.Run("no place to write", func(t *testing.T) {
		t.Parallel()
		r, w := io.Pipe()
		r.Close()
		if err := archive.NewWriter(w).Write(good); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v, want %v", err, io.ErrClosedPipe)
		}
	})
}

func TestLinesOfJSON(t *testing.T) {
	t.Parallel()
	const event = `{"event":{"kind":"received","account":"p/a","message":{"id":"1"}}}`
	const read = `received a 1 in  after "" by ""`
	tests := []struct {
		name, in string
		want     []string
	}{
		{"an empty file", "", nil},
		{"byte order mark, CRLF, empty lines, no end", "\ufeff" + event + "\r\n\r\n \n" + event, []string{read, read}},
		{"the longest line", event + strings.Repeat(" ", 1<<20-len(event)) + "\n" + event, []string{read, read}},
		{"a line too long", event + "\n" + event + strings.Repeat(" ", 1<<20) + "\n" + event,
			[]string{read, "archive: line 2 (row 2): is longer than 1 MiB", read}},
		{"a last line too long", event + "\n" + strings.Repeat("x", 5<<20), []string{read, "archive: line 2 (row 2): is longer than 1 MiB"}},
		{"two on one line", event + event, []string{"archive: line 1 (row 1): "}},
		{"a field given twice", `{"event":{"kind":"received","kind":"echoed"}}`, []string{"archive: line 1 (row 1): event.kind: "}},
		{"a name in another case", `{"Event":{}}`, []string{"archive: line 1 (row 1): Event: unknown field"}},
		{"a wrong type", "\n" + `{"event":{"kind":7}}`, []string{"archive: line 2 (row 1): event.kind: is the number 7, want a string"}},
		{"an account without a platform", `{"event":{"kind":"received","account":"acme"}}`, []string{"archive: line 1 (row 1): event.account: "}},
		{"an event and an action", `{"event":{"kind":"received","account":"p/a","message":{"id":"1"}},"action":"reply"}`,
			[]string{"archive: line 1 (row 1): action: is not for an archive"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := told(archive.Read(strings.NewReader(test.in), archive.JSONLines))
			for i := range min(len(got), len(test.want)) {
				if !strings.HasPrefix(got[i], test.want[i]) {
					t.Errorf("entry %d: got %s, want %s", i, got[i], test.want[i])
				}
			}
			if len(got) != len(test.want) {
				t.Errorf("got %d entries, want %d: %q", len(got), len(test.want), got)
			}
		})
	}
}
