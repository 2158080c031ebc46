package facebook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
)

// messaging is an element of messaging or standby (Messenger Platform, webhook events), as far as it is used here.
type messaging struct {
	Sender    meta.Person `json:"sender"`
	Recipient meta.Person `json:"recipient"`
	Timestamp meta.Time   `json:"timestamp"`
	Message   *message    `json:"message"`
	Edit      *edit       `json:"message_edit"`
	Delivery  *receipt    `json:"delivery"`
	Read      *receipt    `json:"read"`
	Postback  *postback   `json:"postback"`
	Referral  *referral   `json:"referral"`
	Reaction  *reaction   `json:"reaction"`
	Pass      *handover   `json:"pass_thread_control"`
	Take      *handover   `json:"take_thread_control"`
	page      channel.AccountID
	standby   bool
}

type message struct {
	MID         meta.ID      `json:"mid"`
	Text        string       `json:"text"`
	Attachments []attachment `json:"attachments"`
	ReplyTo     struct {
		MID meta.ID `json:"mid"`
	} `json:"reply_to"`
	QuickReply struct {
		Payload string `json:"payload"`
	} `json:"quick_reply"`
	Referral    *referral `json:"referral"`
	Echo        bool      `json:"is_echo"`
	Deleted     bool      `json:"is_deleted"`
	Unsupported bool      `json:"is_unsupported"`
	App         meta.ID   `json:"app_id"`
	Metadata    string    `json:"metadata"`
}

type edit struct {
	MID   meta.ID `json:"mid"`
	Text  string  `json:"text"`
	Count meta.ID `json:"num_edit"`
}

type receipt struct {
	MIDs      []meta.ID `json:"mids"`
	Watermark meta.Time `json:"watermark"`
}

type postback struct {
	MID      meta.ID   `json:"mid"`
	Title    string    `json:"title"`
	Payload  string    `json:"payload"`
	Referral *referral `json:"referral"`
}

type referral struct {
	Ref    string  `json:"ref"`
	Source string  `json:"source"`
	Type   string  `json:"type"`
	Ad     meta.ID `json:"ad_id"`
}

type reaction struct {
	MID    meta.ID `json:"mid"`
	Action string  `json:"action"`
	Name   string  `json:"reaction"`
	Emoji  string  `json:"emoji"`
}

type handover struct {
	To meta.ID `json:"new_owner_app_id"`
}

// messaging decodes an element of messaging or standby.
func (r *Receiver) messaging(it meta.Item, d *channel.Delivery) error {
	m := messaging{page: it.Account, standby: it.List == meta.Standby}
	if err := it.Unmarshal(&m); err != nil {
		return err
	}
	if m.Timestamp.IsZero() {
		m.Timestamp.Time = it.Time
	}
	var e channel.Event
	var err error
	switch {
	case m.Message != nil:
		e, err = m.message(r.App.ID)
	case m.Edit != nil:
		e, err = m.edited()
	case m.Postback != nil:
		e = m.postback()
	case m.Reaction != nil:
		e, err = m.reaction()
	case m.Delivery != nil:
		e = m.receipt(channel.ReceiptDelivered, m.Delivery)
	case m.Read != nil:
		e = m.receipt(channel.ReceiptRead, m.Read)
	case m.Pass != nil:
		e = m.control(m.Pass.To, r.App.ID != "" && m.Pass.To != "" && string(m.Pass.To) != r.App.ID)
	case m.Take != nil:
		e = m.control(m.Take.To, r.App.ID == "" || string(m.Take.To) != r.App.ID)
	case m.Referral != nil:
		e = m.opened()
	default:
		meta.Ignore(d, string(it.List), kindOf(it.Value))
		return nil
	}
	if err != nil {
		return err
	}
	d.Events = append(d.Events, e)
	return nil
}

// event is what all events of a conversation have. The thread is the customer, whoever wrote.
func (m *messaging) event(kind channel.EventKind, id meta.ID) channel.Event {
	customer := m.Sender.ID
	if string(m.Sender.ID) == m.page.ID || kind == channel.MessageEchoed {
		customer = m.Recipient.ID
	}
	return channel.Event{
		Kind: kind, Account: m.page, Time: m.Timestamp.Time, Standby: m.standby,
		Message: channel.Message{ID: string(id), Thread: string(customer), Visibility: channel.Private},
	}
}

func (m *messaging) message(app string) (channel.Event, error) {
	in := m.Message
	if in.MID == "" {
		return channel.Event{}, meta.Missing("message.mid")
	}
	kind := channel.MessageReceived
	if in.Echo || string(m.Sender.ID) == m.page.ID {
		kind = channel.MessageEchoed
	}
	e := m.event(kind, in.MID)
	if in.Deleted {
		e.Kind, e.Honour = channel.MessageDeleted, true
		return e, nil
	}
	out := &e.Message
	out.Author = author(m.page, m.Sender.ID, m.Sender.Name)
	out.Time = m.Timestamp.Time
	out.Text = in.Text
	out.Parent = string(in.ReplyTo.MID)
	out.Payload = in.QuickReply.Payload
	out.Attachments = attachments(in.Attachments)
	out.Facts = in.Referral.facts()
	if in.Unsupported {
		out.Facts = fact(out.Facts, "unsupported", "true")
	}
	if kind == channel.MessageEchoed {
		out.Author = channel.Author{ID: m.page.ID, Name: m.Sender.Name}
		e.App = string(in.App)
		if app != "" && e.App == app {
			e.SentKey = in.Metadata
		}
	}
	return e, nil
}

func (m *messaging) edited() (channel.Event, error) {
	if m.Edit.MID == "" {
		return channel.Event{}, meta.Missing("message_edit.mid")
	}
	e := m.event(channel.MessageEdited, m.Edit.MID)
	e.Message.Author = author(m.page, m.Sender.ID, m.Sender.Name)
	e.Message.Text = m.Edit.Text
	if m.Edit.Count != "" {
		n, err := strconv.ParseUint(string(m.Edit.Count), 10, 32)
		if err != nil {
			return channel.Event{}, meta.Wrong("message_edit.num_edit", "is not a count")
		}
		e.Message.Revision = fmt.Sprintf("%010d", n) // padded, for revisions are compared as text
	}
	return e, nil
}

func (m *messaging) postback() channel.Event {
	id := m.Postback.MID
	if id == "" {
		id = meta.ID("postback:" + m.fingerprint(m.Postback.Payload))
	}
	e := m.event(channel.MessageReceived, id)
	e.Message.Author = author(m.page, m.Sender.ID, m.Sender.Name)
	e.Message.Time = m.Timestamp.Time
	e.Message.Text = m.Postback.Title
	e.Message.Payload = m.Postback.Payload
	e.Message.Facts = m.Postback.Referral.facts()
	return e
}

func (m *messaging) opened() channel.Event {
	e := m.event(channel.ConversationOpened, "")
	e.Key = "opened/" + m.fingerprint(m.Referral.Source+"\x00"+m.Referral.Ref+"\x00"+string(m.Referral.Ad))
	e.Message.Author = author(m.page, m.Sender.ID, m.Sender.Name)
	e.Message.Time = m.Timestamp.Time
	e.Message.Facts = m.Referral.facts()
	return e
}

func (m *messaging) reaction() (channel.Event, error) {
	if m.Reaction.MID == "" {
		return channel.Event{}, meta.Missing("reaction.mid")
	}
	e := m.event(channel.ReactionChanged, m.Reaction.MID)
	e.Reaction = channel.Reaction{Author: author(m.page, m.Sender.ID, m.Sender.Name), Name: m.Reaction.Name, Removed: m.Reaction.Action == "unreact"}
	if e.Reaction.Name == "" || e.Reaction.Name == "other" {
		e.Reaction.Name = m.Reaction.Emoji
	}
	return e, nil
}

func (m *messaging) receipt(state channel.ReceiptState, r *receipt) channel.Event {
	e := m.event(channel.ReceiptArrived, "")
	e.Receipt = channel.Receipt{State: state, Thread: e.Message.Thread, Watermark: r.Watermark.Time}
	for _, mid := range r.MIDs {
		if mid != "" {
			e.Receipt.Messages = append(e.Receipt.Messages, string(mid))
		}
	}
	return e
}

func (m *messaging) control(to meta.ID, away bool) channel.Event {
	e := m.event(channel.ControlChanged, "")
	e.App, e.Standby = string(to), away
	e.Key = "control/" + m.fingerprint(string(to))
	return e
}

// fingerprint names what has no ID: by sender, time and content.
func (m *messaging) fingerprint(content string) string {
	at := int64(0)
	if !m.Timestamp.IsZero() {
		at = m.Timestamp.UnixMilli()
	}
	sum := sha256.Sum256([]byte(content))
	return string(m.Sender.ID) + "/" + strconv.FormatInt(at, 10) + "/" + hex.EncodeToString(sum[:8])
}

// facts tells rules from where somebody came: message.referral_source and so on.
func (r *referral) facts() map[string]string {
	if r == nil {
		return nil
	}
	var f map[string]string
	for _, pair := range [...][2]string{
		{"referral_source", r.Source}, {"referral_type", r.Type}, {"referral_ref", r.Ref}, {"referral_ad", string(r.Ad)},
	} {
		if pair[1] != "" {
			f = fact(f, pair[0], pair[1])
		}
	}
	return f
}

func fact(f map[string]string, name, value string) map[string]string {
	if f == nil {
		f = make(map[string]string)
	}
	f[name] = value
	return f
}

// kindOf names an element of a kind that is not used, by the one key that is not common to all.
func kindOf(value json.RawMessage) string {
	var keys map[string]json.RawMessage
	if json.Unmarshal(value, &keys) != nil {
		return "?"
	}
	names := make([]string, 0, len(keys))
	for name := range keys {
		switch name {
		case "sender", "recipient", "timestamp":
		default:
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "empty"
	}
	return slices.Min(names)
}
