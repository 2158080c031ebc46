package channeltest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// variants are mistakes that an adapter's author may well make, with the check that must find each.
func variants() []struct {
	name, check string
	spoil       func(b *broken, f *Fixture)
} {
	changed := func(err error, change func(*remote.Error)) error {
		if e, ok := errors.AsType[*remote.Error](err); ok {
			wrong := *e
			change(&wrong)
			return &wrong
		}
		return err
	}
	// failing lets send make what it likes of the error.
	failing := func(b *broken, change func(*remote.Error)) {
		b.send = func(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
			sent, err := b.FakeChannel.Send(ctx, out)
			return sent, changed(err, change)
		}
	}
	// sending changes what is sent, events what is told.
	sending := func(change func(*channel.Outgoing)) func(*broken, *Fixture) {
		return func(b *broken, _ *Fixture) {
			b.send = func(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
				change(&out)
				return b.FakeChannel.Send(ctx, out)
			}
		}
	}
	events := func(change func(*channel.Event)) func(*broken, *Fixture) {
		return func(b *broken, _ *Fixture) { b.event = func(_ string, e *channel.Event) { change(e) } }
	}
	return []struct {
		name, check string
		spoil       func(b *broken, f *Fixture)
	}{
		{"no mistake", "", func(*broken, *Fixture) {}},
		{"the account has no ID", "account", func(b *broken, _ *Fixture) {
			b.account = func() channel.Account { return channel.Account{AccountID: channel.AccountID{Platform: "fakebook"}} }
		}},
		{"the account changes", "account", func(b *broken, _ *Fixture) {
			var n atomic.Int64
			b.account = func() channel.Account {
				a := b.FakeChannel.Account()
				a.Name = strconv.FormatInt(n.Add(1), 10)
				return a
			}
		}},
		{"a longer text counts less", "traits", func(b *broken, _ *Fixture) {
			b.traits = func(t channel.Traits) channel.Traits {
				t.Count = func(s string) int { return len(strings.ReplaceAll(s, "https://example.org", "LINK")) }
				return t
			}
		}},
		{"posts twice", "send/once", func(b *broken, _ *Fixture) {
			b.send = func(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
				if sent, err := b.FakeChannel.Send(ctx, out); err != nil {
					return sent, err
				}
				return b.FakeChannel.Send(ctx, out)
			}
		}},
		{"does not say the ID of the post", "send/once", func(b *broken, _ *Fixture) {
			b.send = func(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
				_, err := b.FakeChannel.Send(ctx, out)
				return channel.Sent{}, err
			}
		}},
		{"posts anew instead of answering", "send/answers", sending(func(out *channel.Outgoing) { out.InReplyTo, out.Thread = "", "" })},
		{"always answers the first question", "send/answers", func(b *broken, f *Fixture) {
			first := ""
			sending(func(out *channel.Outgoing) {
				first = cmp.Or(first, out.InReplyTo)
				out.InReplyTo, out.Thread = first, ""
			})(b, f)
		}},
		{"drops attachments", "send/attachments", sending(func(out *channel.Outgoing) { out.Attachments = nil })},
		{"sends the first attachment only", "send/attachments", sending(func(out *channel.Outgoing) { out.Attachments = out.Attachments[:min(1, len(out.Attachments))] })},
		{"cuts a text that is too long", "send/limit", func(b *broken, _ *Fixture) {
			b.send = func(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
				out.Text = out.Text[:min(len(out.Text), 280)]
				return b.FakeChannel.Send(ctx, out)
			}
		}},
		{"takes less than it says", "send/limit", func(b *broken, _ *Fixture) {
			b.traits = func(t channel.Traits) channel.Traits {
				t.MaxText = 300
				return t
			}
		}},
		{"ignores the context", "send/cancelled", func(b *broken, _ *Fixture) {
			b.send = func(_ context.Context, out channel.Outgoing) (channel.Sent, error) {
				return b.FakeChannel.Send(context.Background(), out)
			}
		}},
		{"mixes up the answers of calls made at once", "send/concurrently", func(b *broken, _ *Fixture) {
			var n atomic.Int64
			b.send = func(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
				sent, err := b.FakeChannel.Send(ctx, out)
				sent.ID = strconv.FormatInt(n.Add(1)/2, 10)
				return sent, err
			}
		}},
		{"repeats what failed", "trouble/down", func(b *broken, _ *Fixture) {
			b.send = func(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
				sent, err := b.FakeChannel.Send(ctx, out)
				if err != nil {
					if _, again := b.FakeChannel.Send(ctx, out); again == nil {
						b.platform.Posts()
					}
				}
				return sent, err
			}
		}},
		{"hides the failure", "trouble/down", func(b *broken, _ *Fixture) {
			b.send = func(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
				sent, _ := b.FakeChannel.Send(ctx, out)
				return sent, nil
			}
		}},
		{"errors of no kind", "trouble/refused", func(b *broken, _ *Fixture) {
			b.send = func(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
				sent, err := b.FakeChannel.Send(ctx, out)
				if err != nil {
					err = errors.New(err.Error())
				}
				return sent, err
			}
		}},
		{"takes a lost answer for one to repeat", "trouble/answer-lost", func(b *broken, _ *Fixture) {
			failing(b, func(e *remote.Error) {
				if e.Kind == remote.Unknown {
					e.Kind = remote.Unavailable
				}
			})
		}},
		{"does not say when to come back", "trouble/throttled", func(b *broken, _ *Fixture) {
			failing(b, func(e *remote.Error) { e.RetryAt = time.Time{} })
		}},
		{"takes seconds for milliseconds", "trouble/throttled", func(b *broken, _ *Fixture) {
			failing(b, func(e *remote.Error) { e.RetryAt = e.RetryAt.Add(60*time.Millisecond - time.Minute) })
		}},
		{"takes seconds for minutes", "trouble/throttled", func(b *broken, _ *Fixture) {
			failing(b, func(e *remote.Error) { e.RetryAt = e.RetryAt.Add(time.Hour - time.Minute) })
		}},
		{"does not say what is throttled", "trouble/throttled", func(b *broken, _ *Fixture) {
			failing(b, func(e *remote.Error) { e.Scope = remote.Scope{} })
		}},
		{"takes an expired token for a wrong request", "trouble/token-expired", func(b *broken, _ *Fixture) {
			failing(b, func(e *remote.Error) {
				if e.Kind == remote.Unauthorized {
					e.Kind = remote.Rejected
				}
			})
		}},
		{"forgets the deadline in the error", "trouble/silent", func(b *broken, _ *Fixture) {
			failing(b, func(e *remote.Error) { e.Err = nil })
		}},
		{"tells a secret", "secrets", func(b *broken, f *Fixture) {
			failing(b, func(e *remote.Error) {
				e.Err = fmt.Errorf("POST https://fakebook.example/posts?access_token=%s: timeout", f.Secrets[0])
			})
		}},
		{"tells a secret further down", "secrets", func(b *broken, f *Fixture) {
			b.poll = func(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
				batch, err := b.FakeChannel.Poll(ctx, after)
				return batch, changed(err, func(e *remote.Error) { e.Err = discreet{errors.New(f.Secrets[0])} })
			}
		}},
		{"tells a secret in an attachment's address", "secrets", func(b *broken, f *Fixture) {
			b.event = func(_ string, e *channel.Event) {
				e.Message.Attachments = []channel.Attachment{{Type: "file", URL: "https://fakebook.example/" + f.Secrets[0] + "/bag.png"}}
			}
		}},
		{"finds what is not there", "finder/request-lost", func(b *broken, _ *Fixture) {
			b.find = func(channel.Outgoing) (channel.Finding, channel.Sent) { return channel.Found, channel.Sent{ID: "1"} }
		}},
		{"does not find what is there", "finder/answer-lost", func(b *broken, _ *Fixture) {
			b.find = func(channel.Outgoing) (channel.Finding, channel.Sent) { return channel.Absent, channel.Sent{} }
		}},
		{"finds another post", "finder/sent", func(b *broken, _ *Fixture) {
			b.find = func(channel.Outgoing) (channel.Finding, channel.Sent) { return channel.Found, channel.Sent{ID: "1"} }
		}},
		{"lacks what it claims", "abilities", func(b *broken, f *Fixture) { f.Channel = b.Only(allAbilities &^ Finds) }},
		{"events of no account", "events/whole", func(b *broken, _ *Fixture) {
			b.event = func(_ string, e *channel.Event) { e.Account = channel.AccountID{} }
		}},
		{"edits without a revision", "events/whole", func(b *broken, _ *Fixture) {
			b.event = func(_ string, e *channel.Event) { e.Message.Revision = "" }
		}},
		{"events of another kind", "events/complete", func(b *broken, _ *Fixture) {
			b.event = func(_ string, e *channel.Event) {
				if e.Kind == channel.MessageDeleted {
					e.Kind = channel.MessageReceived
				}
			}
		}},
		{"leaves the text out", "events/complete", func(b *broken, _ *Fixture) {
			b.event = func(_ string, e *channel.Event) { e.Message.Text = "" }
		}},
		{"edits without their text", "events/complete", events(func(e *channel.Event) {
			if e.Kind == channel.MessageEdited {
				e.Message.Text = ""
			}
		})},
		{"edits with the text before", "events/complete", func(b *broken, f *Fixture) {
			var mu sync.Mutex // the stream is told beside the poll
			before := map[string]string{}
			b.event = func(source string, e *channel.Event) {
				mu.Lock()
				defer mu.Unlock()
				now := e.Message.Text
				if e.Kind == channel.MessageEdited {
					e.Message.Text = before[source+e.Message.ID]
				}
				before[source+e.Message.ID] = now
			}
		}},
		{"leaves the author out", "events/author", events(func(e *channel.Event) { e.Message.Author = channel.Author{} })},
		{"takes everybody for one", "events/author", events(func(e *channel.Event) { e.Message.Author.ID = "everybody" })},
		{"leaves thread and parent out", "events/thread", events(func(e *channel.Event) { e.Message.Thread, e.Message.Parent = "", "" })},
		{"one thread for all", "events/thread", events(func(e *channel.Event) { e.Message.Thread = "wall" })},
		{"an answer's parent is the answer", "events/thread", events(func(e *channel.Event) {
			if e.Message.Parent != "" {
				e.Message.Parent = e.Message.ID
			}
		})},
		{"our own answers as threads of their own", "events/thread", events(func(e *channel.Event) {
			if e.Kind == channel.MessageEchoed {
				e.Message.Thread, e.Message.Parent = e.Message.ID, ""
			}
		})},
		{"its own time for the platform's", "events/time", func(b *broken, _ *Fixture) {
			b.event = func(_ string, e *channel.Event) { e.Time, e.Message.Time = time.Now(), time.Now() }
		}},
		{"edits in a year long gone", "events/time", events(func(e *channel.Event) {
			if e.Kind == channel.MessageEdited {
				e.Time = time.Unix(0, 0)
			}
		})},
		{"keys that differ by source", "events/keys-agree", func(b *broken, _ *Fixture) {
			b.event = func(source string, e *channel.Event) { e.Key = source + e.DedupeKey() }
		}},
		{"our own post as a customer's", "events/echo", func(b *broken, _ *Fixture) {
			b.event = func(_ string, e *channel.Event) {
				if e.Kind == channel.MessageEchoed {
					e.Kind = channel.MessageReceived
				}
			}
		}},
		{"drops our own posts", "events/echo", func(b *broken, _ *Fixture) {
			b.event = func(_ string, e *channel.Event) {
				if e.Kind == channel.MessageEchoed {
					e.Kind = channel.MessageDeleted
				}
			}
		}},
		{"does not look at the signature", "webhook/forged", func(b *broken, _ *Fixture) {
			b.verify = func(channel.Call) (*channel.Response, error) { return nil, nil }
		}},
		{"looks at the signature of a POST only", "webhook/forged", func(b *broken, _ *Fixture) {
			b.verify = func(c channel.Call) (*channel.Response, error) {
				if c.Method != "POST" && c.Method != "GET" {
					return nil, nil
				}
				return b.platform.Verify(c)
			}
		}},
		{"looks at the first of two signatures", "webhook/forged", func(b *broken, _ *Fixture) {
			b.verify = func(c channel.Call) (*channel.Response, error) {
				if all := c.Header[SignatureHeader]; len(all) > 1 {
					c.Header = c.Header.Clone()
					c.Header.Set(SignatureHeader, all[1])
				}
				return b.platform.Verify(c)
			}
		}},
		{"tells the right signature", "webhook/forged", func(b *broken, _ *Fixture) {
			b.verify = func(c channel.Call) (*channel.Response, error) {
				response, err := b.platform.Verify(c)
				return response, changed(err, func(e *remote.Error) { e.Message = "want " + b.platform.signature(c.Body) })
			}
		}},
		{"does not answer the challenge", "webhook/challenge", func(b *broken, _ *Fixture) {
			b.verify = func(c channel.Call) (*channel.Response, error) {
				_, err := b.platform.Verify(c)
				return nil, err
			}
		}},
		{"changes the call", "webhook/pure", func(b *broken, _ *Fixture) {
			b.decode = func(c channel.Call) (channel.Delivery, error) {
				d, err := b.platform.Decode(c)
				c.Header.Del(SignatureHeader)
				return d, err
			}
		}},
		{"decodes differently each time", "webhook/pure", func(b *broken, _ *Fixture) {
			var n atomic.Int64
			b.event = func(_ string, e *channel.Event) { e.Message.Order = strconv.FormatInt(n.Add(1), 10) }
		}},
		{"keys of the time of arrival", "webhook/redelivered", func(b *broken, _ *Fixture) {
			b.decode = func(c channel.Call) (channel.Delivery, error) {
				d, err := b.platform.Decode(c)
				for i := range d.Events {
					d.Events[i].Key = c.Received.String()
				}
				return d, err
			}
		}},
		{"a bad entry costs the whole call", "webhook/bad-entry", func(b *broken, _ *Fixture) {
			b.decode = func(c channel.Call) (channel.Delivery, error) {
				d, err := b.platform.Decode(c)
				if len(d.Bad) > 0 {
					d.Events = nil
				}
				return d, err
			}
		}},
		{"drops a bad entry", "webhook/bad-entry", func(b *broken, _ *Fixture) {
			b.decode = func(c channel.Call) (channel.Delivery, error) {
				d, err := b.platform.Decode(c)
				d.Bad = nil
				return d, err
			}
		}},
		{"reads the first entry only", "webhook/bad-entry", func(b *broken, _ *Fixture) {
			b.decode = func(c channel.Call) (channel.Delivery, error) {
				d, err := b.platform.Decode(c)
				d.Events = d.Events[:min(1, len(d.Events))]
				return d, err
			}
		}},
		{"makes an event of anything", "webhook/garbage", func(b *broken, _ *Fixture) {
			b.decode = func(c channel.Call) (channel.Delivery, error) {
				if d, err := b.platform.Decode(c); json.Valid(c.Body) && len(d.Events) > 0 {
					return d, err
				}
				return channel.Delivery{Events: make([]channel.Event, 1)}, nil
			}
		}},
		{"a poller that remembers", "poll/resumes", func(b *broken, _ *Fixture) {
			var at channel.Cursor
			b.poll = func(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
				batch, err := b.FakeChannel.Poll(ctx, cmp.Or(at, after))
				at = batch.Cursor
				return batch, err
			}
		}},
		{"a page too far", "poll/loses-nothing", func(b *broken, _ *Fixture) {
			b.poll = func(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
				batch, err := b.FakeChannel.Poll(ctx, after)
				batch.Events = batch.Events[:min(2, len(batch.Events))]
				return batch, err
			}
		}},
		{"a failed poll moves on", "poll/fails", func(b *broken, _ *Fixture) {
			b.poll = func(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
				batch, err := b.FakeChannel.Poll(ctx, after)
				if err != nil {
					batch.Cursor = after + "1"
				}
				return batch, err
			}
		}},
		{"keys by the poll", "poll/redelivers", func(b *broken, _ *Fixture) {
			var n atomic.Int64
			b.event = func(_ string, e *channel.Event) { e.Key = strconv.FormatInt(n.Add(1), 10) }
		}},
		{"an empty poll starts afresh", "poll/idle", func(b *broken, _ *Fixture) {
			b.poll = func(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
				batch, err := b.FakeChannel.Poll(ctx, after)
				if len(batch.Events) == 0 {
					batch.Cursor, batch.More = "0", true
				}
				return batch, err
			}
		}},
		{"a poll drops a bad entry", "poll/bad-entry", func(b *broken, _ *Fixture) {
			b.poll = func(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
				batch, err := b.FakeChannel.Poll(ctx, after)
				batch.Bad = nil
				return batch, err
			}
		}},
		{"a bad entry costs the whole page", "poll/bad-entry", func(b *broken, _ *Fixture) {
			b.poll = func(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
				batch, err := b.FakeChannel.Poll(ctx, after)
				if len(batch.Bad) > 0 {
					batch.Events = nil
				}
				return batch, err
			}
		}},
		{"a bad entry fails the poll", "poll/bad-entry", func(b *broken, _ *Fixture) {
			b.poll = func(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
				batch, err := b.FakeChannel.Poll(ctx, after)
				if len(batch.Bad) > 0 {
					return channel.Batch{}, &remote.Error{Op: "poll", Kind: remote.Rejected, Message: batch.Bad[0].Reason}
				}
				return batch, err
			}
		}},
		{"keeps a bad entry without its bytes", "poll/bad-entry", func(b *broken, _ *Fixture) {
			b.poll = func(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
				batch, err := b.FakeChannel.Poll(ctx, after)
				for i := range batch.Bad {
					batch.Bad[i].Raw = nil
				}
				return batch, err
			}
		}},
		{"goes on when the store is full", "stream/deliver-fails", func(b *broken, _ *Fixture) {
			b.stream = func(ctx context.Context, deliver func(channel.Batch) error) error {
				return b.platform.Stream(ctx, func(batch channel.Batch) error {
					_ = deliver(batch)
					return nil
				})
			}
		}},
		{"streams for ever", "stream/context", func(b *broken, _ *Fixture) {
			b.stream = func(ctx context.Context, deliver func(channel.Batch) error) error {
				return b.platform.Stream(context.WithoutCancel(ctx), deliver)
			}
		}},
		{"a harness without a hook", "harness", func(_ *broken, f *Fixture) { f.Delete = nil }},
	}
}

// discreet hides its cause in its own text.
type discreet struct{ error }

func (discreet) Error() string   { return "timeout" }
func (d discreet) Unwrap() error { return d.error }

// Every mistake is found, by the check that is meant to find it; without one all checks pass.
func TestMistakesAreFound(t *testing.T) {
	t.Parallel()
	for _, v := range variants() {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range checks() {
				if v.check != "" && c.name != v.check {
					continue
				}
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					var page *broken
					h := Harness{Features: everything(), New: func(T) Fixture {
						f := fakeFixture(Options{Public: channel.Traits{MaxText: 280, MaxAttachments: -1, Echoes: true}})
						page = &broken{FakeChannel: f.Channel.(*FakeChannel), platform: f.Sources[0].(*Platform)}
						f.Channel, f.Sources = page, []channel.Source{brokenSource{page}}
						v.spoil(page, &f)
						return f
					}}
					failures := record(ctx, c, h)
					if found := len(failures) > 0; found != (v.check != "") {
						t.Errorf("%s reports %q", c.name, failures)
					}
					for _, failure := range failures {
						t.Log(failure)
					}
					cancel()
					page.platform.Break(OnStream, Refuse(remote.Unavailable)) // ends a stream that nothing else ends
					page.platform.Customer("mia").Post(page.FakeChannel, "over")
				})
			}
			if v.check != "" && !known(v.check) {
				t.Errorf("there is no check %q", v.check)
			}
		})
	}
}

func known(name string) bool {
	for _, c := range checks() {
		if c.name == name {
			return true
		}
	}
	return false
}
