package socialcrm_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// strictStore takes no text that a database would refuse, neither to write nor to look up by.
type strictStore struct {
	ticket.Store
	t *testing.T
}

func (s strictStore) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	return s.Store.Update(ctx, tenant, func(tx ticket.Tx) error { return fn(strictTx{tx, s.t}) })
}

type strictTx struct {
	ticket.Tx
	t *testing.T
}

// check reports the first text in v that is not sound.
func (x strictTx) check(what string, v any) {
	x.t.Helper()
	eachText(reflect.ValueOf(v), what, func(path string, text reflect.Value) {
		if s := text.String(); !utf8.ValidString(s) || strings.Contains(s, "\x00") {
			x.t.Errorf("%s holds %q", path, s)
		}
	})
}

func (x strictTx) PutTicket(v ticket.Ticket) { x.check("ticket", v); x.Tx.PutTicket(v) }
func (x strictTx) PutConversation(v ticket.Conversation) {
	x.check("conversation", v)
	x.Tx.PutConversation(v)
}
func (x strictTx) PutMessage(v ticket.Message)    { x.check("message", v); x.Tx.PutMessage(v) }
func (x strictTx) PutContact(v ticket.Contact)    { x.check("contact", v); x.Tx.PutContact(v) }
func (x strictTx) PutIdentity(v ticket.Identity)  { x.check("identity", v); x.Tx.PutIdentity(v) }
func (x strictTx) PutValue(v ticket.Value)        { x.check("value", v.Key); x.Tx.PutValue(v) }
func (x strictTx) MarkSeen(v ...ticket.EventKey)  { x.check("event keys", v); x.Tx.MarkSeen(v...) }
func (x strictTx) Append(v ...ticket.Entry)       { x.check("entries", v); x.Tx.Append(v...) }
func (x strictTx) Ensure(v ...ticket.Task)        { x.check("tasks", v); x.Tx.Ensure(v...) }
func (x strictTx) Schedule(v ...ticket.Task)      { x.check("tasks", v); x.Tx.Schedule(v...) }
func (x strictTx) PauseQueue(v ticket.QueuePause) { x.check("pause", v); x.Tx.PauseQueue(v) }
func (x strictTx) Bury(l ticket.Lease, reason string) error {
	x.check("bury", reason)
	return x.Tx.Bury(l, reason)
}
func (x strictTx) Postpone(l ticket.Lease, due time.Time, reason string) error {
	x.check("postpone", reason)
	return x.Tx.Postpone(l, due, reason)
}
func (x strictTx) Values(v ...ticket.ValueKey) ([]ticket.Value, error) {
	x.check("value keys", v)
	return x.Tx.Values(v...)
}
func (x strictTx) MessagesByRef(v ...ticket.MessageRef) ([]ticket.Message, error) {
	x.check("refs", v)
	return x.Tx.MessagesByRef(v...)
}
func (x strictTx) Tickets(v ...ticket.ID) ([]ticket.Ticket, error) {
	x.check("ticket IDs", v)
	return x.Tx.Tickets(v...)
}
func (x strictTx) Try(fn func(ticket.Tx) error) error {
	return x.Tx.Try(func(tx ticket.Tx) error { return fn(strictTx{tx, x.t}) })
}

// eachText walks over every text in v; maps are left to the caller.
func eachText(v reflect.Value, path string, visit func(path string, text reflect.Value)) {
	switch {
	case !v.IsValid() || v.Type() == reflect.TypeFor[time.Time]():
		return
	case v.Kind() == reflect.String:
		visit(path, v)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			eachText(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		for i := range v.Len() {
			eachText(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case v.Kind() == reflect.Map:
		for key, value := range v.Seq2() {
			eachText(key, path+" key", visit)
			eachText(value, path+"["+key.String()+"]", visit)
		}
	case v.Kind() == reflect.Pointer && !v.IsNil():
		eachText(v.Elem(), path, visit)
	}
}

// dirt is what no database takes: a zero byte, and a byte that is no UTF-8.
const dirt = "\x00\xff"

// wholeEvent is an event with something in every field that a message can have.
func wholeEvent(kind channel.EventKind, account channel.AccountID, id string) channel.Event {
	return channel.Event{
		Kind: kind, Account: account, Key: "key-" + id, FormerID: "former-" + id, App: "app", SentKey: "sent", Action: channel.Hide,
		Message: channel.Message{
			ID: id, Thread: "thread", Parent: "parent", Text: "text", Subject: "subject", Language: "en", URL: "u", Order: "1", Revision: "1", Payload: "p", Automated: true,
			Author:      channel.Author{ID: "author", Handle: "handle", Name: "name", URL: "u", Language: "en", Email: "a@example.com", Phone: "+49 30 123456"},
			Attachments: []channel.Attachment{{Type: "image", URL: "u", Name: "n", Description: "d", MediaType: "m"}},
			Mentions:    []string{"mention"}, Tags: []string{"tag"}, Facts: map[string]string{"fact": "value"},
		},
		Receipt:  channel.Receipt{State: channel.ReceiptRead, Messages: []string{"m"}, Thread: "t", Code: "c", Reason: "r"},
		Reaction: channel.Reaction{Name: "like", Author: channel.Author{ID: "other", Name: "name"}},
	}
}

func TestNoTextFromOutsideIsOneThatADatabaseRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store = strictStore{w.store, t}
	w.restart()
	kinds := []channel.EventKind{
		channel.MessageReceived, channel.MessageEdited, channel.MessageDeleted, channel.MessageEchoed, channel.ReceiptArrived, channel.ReactionChanged,
		channel.AuthorizationLost, channel.SubscriptionLost, channel.ControlChanged, channel.MessageModerated, channel.ConversationOpened,
	}
	account, fed := w.page.Account().AccountID, 0
	for _, kind := range kinds {
		for _, visibility := range []channel.Visibility{channel.Public, channel.Private} {
			var fields int
			e := wholeEvent(kind, account, "")
			eachText(reflect.ValueOf(&e), "", func(string, reflect.Value) { fields++ })
			for field := range fields {
				e := wholeEvent(kind, account, fmt.Sprint(kind, visibility, field))
				e.Message.Visibility = visibility
				i := 0
				eachText(reflect.ValueOf(&e), "", func(_ string, text reflect.Value) {
					if i++; i-1 != field {
						return
					}
					if text.CanSet() {
						text.SetString(text.String() + dirt)
					} else {
						e.Message.Facts = map[string]string{"fact" + dirt: "value" + dirt}
					}
				})
				given := e.Message
				if _, err := w.desk.Ingest(t.Context(), e); err != nil {
					t.Fatalf("event %s: %v", kind, err)
				}
				if given.Text != e.Message.Text {
					t.Errorf("the caller's own event was changed")
				}
				fed++
			}
		}
	}
	if fed < 500 {
		t.Errorf("only %d events were fed: the walk misses fields", fed)
	}
	w.pass(time.Hour)
	e := wholeEvent(channel.MessageReceived, account, "shown")
	e.Message.Thread, e.Message.Parent, e.Message.Text = "", "", "Wo ist\x00 mein Pak\xe4t?"
	results, err := w.desk.Ingest(t.Context(), e)
	w.ok(err)
	list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: results[0].Ticket})
	w.ok(err)
	texts := make([]string, len(list.Items))
	for i, m := range list.Items {
		texts[i] = m.Content.Text
	}
	if !slices.Contains(texts, "Wo ist\uFFFD mein Pak\uFFFDt?") {
		t.Errorf("stored are %q", texts)
	}
}

// dirtyPage is an account whose platform answers with texts that nobody can store.
type dirtyPage struct{ *channeltest.FakeChannel }

func (p dirtyPage) Send(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	sent, err := p.FakeChannel.Send(ctx, out)
	if err != nil {
		return sent, &remote.Error{Op: "send" + dirt, Kind: remote.KindOf(err), Message: "no" + dirt, Scope: remote.Scope{Level: remote.LevelAccount, ID: dirt}}
	}
	sent.ID, sent.URL, sent.Thread = sent.ID+dirt, sent.URL+dirt, sent.Thread+dirt
	return sent, nil
}

func (p dirtyPage) Profile(context.Context, string) (channel.Author, error) {
	return channel.Author{Name: "Mia" + dirt, Handle: dirt, Email: "mia@example.com" + dirt}, nil
}

// dirtyCRM does the like.
type dirtyCRM struct{ *crmtest.Fake }

func (c dirtyCRM) Push(ctx context.Context, change crm.Change) (crm.Receipt, error) {
	receipt, err := c.Fake.Push(ctx, change)
	receipt.Case += dirt
	receipt.Contact += dirt
	receipt.Refused = map[string]string{"k" + dirt: "why" + dirt}
	return receipt, err
}

func (c dirtyCRM) Lookup(context.Context, crm.Lookup) (crm.Person, bool, error) {
	return crm.Person{Ref: dirt, Name: "Mia" + dirt, Tier: "gold" + dirt, Emails: []string{"m@example.com" + dirt}}, true, nil
}

func (c dirtyCRM) Changes(ctx context.Context, after channel.Cursor) (crm.Batch, error) {
	batch, err := c.Fake.Changes(ctx, after)
	for i := range batch.Updates {
		batch.Updates[i].Key += dirt
		batch.Updates[i].Note += dirt
	}
	return batch, err
}

func TestWhatAdaptersAnswerIsCleanedToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store = strictStore{w.store, t}
	w.restartAs(t, socialcrm.Config{Sinks: []crm.Sink{dirtyCRM{w.crm}}})
	w.ok(w.desk.AddChannel(t.Context(), dirtyPage{w.page}))
	w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Minute)
	w.platform.Fail(channeltest.OnSend, channeltest.Throttle(remote.LevelAccount, time.Minute))
	w.must(w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "Hi"}))
	w.pass(time.Hour)
	w.ok(w.crm.Note("lea", string(w.only().ID), "a note"))
	w.pass(time.Hour)
	w.platform.Fail(channeltest.OnSend, channeltest.Refuse(remote.Rejected))
	w.must(w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "Hi again"}))
	w.pass(time.Hour)
	if got := w.told(ticket.ReplyFailed); len(got) != 1 || !strings.Contains(got[0].Reason, "no\uFFFD") {
		t.Errorf("the journal says %+v, want the platform's words", got)
	}
}

func TestVerbsRefuseTextsThatNobodyCanStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Minute)
	id, bad := w.only().ID, ana
	bad.Key = "key" + dirt
	_, reply := w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi" + dirt})
	_, note := w.desk.Note(t.Context(), id, bad, "a note")
	_, tag := w.desk.Tag(t.Context(), id, ana, "fine", "not"+dirt)
	merge := w.desk.MergeContacts(t.Context(), ana, "a"+dirt, "b")
	for name, err := range map[string]error{"reply": reply, "note": note, "tag": tag, "merge contacts": merge} {
		if !errors.Is(err, socialcrm.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

func TestCleaningReachesTheKeysOfMapsAndLeavesTheCallersOwn(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	e := said("1", "mia", "p", "p", "Hello?", at(1))
	e.Message.Facts = map[string]string{"re\x00f": "spring"}
	w.ingest(e)
	e = said("2", "mia", "p", "p", "Hello?", at(2))
	e.Message.Mentions = []string{"sh\x00op"}
	w.ingest(e)
	if e.Message.Mentions[0] != "sh\x00op" {
		t.Errorf("the caller's own list was changed to %q", e.Message.Mentions)
	}
	list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: w.only().ID})
	w.ok(err)
	if diff := cmp.Diff(map[string]string{"re\ufffdf": "spring"}, list.Items[0].Content.Facts); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sh\ufffdop"}, list.Items[1].Content.Mentions); diff != "" {
		t.Errorf("mentions (-want +got):\n%s", diff)
	}
}
