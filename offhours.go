package socialcrm

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// OffHours is the automated acknowledgement: what a customer is told at once who writes while nobody is there. It is sent for messages that want an answer,
// where the platform permits automated posts; never twice to the same person within Again, never to a bot or an account of the Desk's own, never in answer to an
// automated message, and never once a person has answered. It meets acknowledgement, and is no response. One that has to wait until it can go out is looked at
// again then, and cancelled when it is pointless by now. Whose acknowledgement is cancelled, or fails, counts as not told.
type OffHours struct {
	// Calendar names the calendar that says when somebody is there. Empty: that of the ticket's lane, which without one has its team's; where neither has one, nobody is ever away.
	Calendar string `json:"calendar,omitempty"`
	// When limits it to some messages, over the facts that ticket.Facts names; for example to private ones. Zero: all.
	When rule.Condition `json:"when,omitzero"`
	// Again is for how long the same person is not told again. 0: 24 hours.
	Again sla.Duration `json:"again,omitzero"`
	// Texts are what is said; the first that is for the message's language and platform is taken, and where there is none nothing is said.
	Texts []OffHoursText `json:"texts"`
}

// OffHoursText is the acknowledgement in one language. Its three parts are sent as one text, in this order, with a space between them.
type OffHoursText struct {
	// Language is the BCP 47 tag that the message, or else its author, must have; "pt" is also for "pt-BR". Empty: any, and those whose language is not known.
	Language string `json:"language,omitempty"`
	// Platform limits the text to a platform. Empty: all.
	Platform string `json:"platform,omitempty"`
	// Automated says that no person wrote this: "This is an automated message."
	Automated string `json:"automated"`
	// Back says when somebody will be there: "We are back on {weekday} at {time}." It names {time}, and {weekday} or {date}, by the clock of the calendar's zone. Where that
	// is seven days off or more and there is no {date} in it, the date follows the weekday, which alone would be understood as the next one.
	Back string `json:"back"`
	// Emergency says where else to turn: "In an emergency call +33 1 23 45 67 89."
	Emergency string `json:"emergency"`
	// Weekdays are the words for {weekday}, from Monday to Sunday. None: English.
	Weekdays []string `json:"weekdays,omitempty"`
	// Dates is how {date} is written, as a layout of package time. Empty: 2006-01-02.
	Dates string `json:"dates,omitempty"`
}

// offHours is an OffHours that is checked and compiled.
type offHours struct {
	OffHours
	when *rule.Rule
}

// compile makes it ready, and tells all that is wrong with it.
func (o *OffHours) compile(predicates rule.Predicates, calendars map[string]sla.Hours) (*offHours, error) {
	if o == nil {
		return nil, nil
	}
	var wrong []error
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if _, known := calendars[o.Calendar]; o.Calendar == sla.AroundTheClock {
		add("off_hours.calendar %q is never closed", o.Calendar)
	} else if o.Calendar != "" && !known {
		add("off_hours.calendar %q is not known", o.Calendar)
	}
	if o.Again < 0 {
		add("off_hours.again: want more than 0, got %s", time.Duration(o.Again))
	}
	if len(o.Texts) == 0 {
		add("off_hours.texts: there are none")
	}
	for i, t := range o.Texts {
		wrong = append(wrong, rule.FaultsAt(fmt.Sprintf("off_hours.texts[%d].", i), t.check()))
		for j, before := range o.Texts[:i] {
			if before.takes(&t) {
				add("off_hours.texts[%d]: nobody is ever told it, because texts[%d], %s, is taken before it", i, j, before.whom())
				break
			}
		}
	}
	when, err := rule.Compile(o.When, predicates)
	if err == nil {
		err = ticket.CheckFacts(when)
	}
	return &offHours{*o, when}, rule.Faults(append(wrong, rule.FaultsAt("off_hours.when: ", err))...)
}

func (t *OffHoursText) check() error {
	var wrong []error
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	for _, part := range []struct{ name, text, says string }{
		{"automated", t.Automated, "that no person wrote it"}, {"back", t.Back, "when somebody will be there"}, {"emergency", t.Emergency, "where to turn in an emergency"},
	} {
		if strings.TrimSpace(part.text) == "" {
			add("%s is missing: customers must be told %s", part.name, part.says)
		}
	}
	if back := strings.TrimSpace(t.Back); back != "" && (!strings.Contains(back, "{time}") || !strings.Contains(back, "{weekday}") && !strings.Contains(back, "{date}")) {
		add("back %q: want {time}, and {weekday} or {date}, in it", t.Back)
	}
	if t.Language != "" && !languageTag(t.Language) {
		add("language %q: %s", t.Language, wantLanguage)
	}
	if strings.ContainsFunc(t.Platform, func(r rune) bool { return r == '/' || unicode.IsUpper(r) || unicode.IsSpace(r) }) {
		add(`platform %q: want the short name of a network, in lower case and without an account, such as "facebook"`, t.Platform)
	}
	if n := len(t.Weekdays); n != 0 && n != 7 {
		add("weekdays: want seven, from Monday to Sunday, got %d", n)
	}
	for i, word := range t.Weekdays {
		if strings.TrimSpace(word) == "" {
			add("weekdays[%d]: is empty", i)
		}
	}
	if one, other := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 14, 0, 0, 0, 0, time.UTC); t.Dates != "" && one.Format(t.Dates) == other.Format(t.Dates) {
		add(`dates %q: says the same of every day; want how 2 January 2006 is written, such as "02/01"`, t.Dates)
	}
	return rule.Faults(append(wrong, t.checkNames())...)
}

// checkNames finds what stands in braces and would be sent as it stands.
func (t *OffHoursText) checkNames() error {
	var wrong []error
	for _, part := range []struct {
		name, text string
		known      []string
	}{{"automated", t.Automated, nil}, {"back", t.Back, []string{"weekday", "date", "time"}}, {"emergency", t.Emergency, nil}} {
		for rest := part.text; ; {
			_, behind, opened := strings.Cut(rest, "{")
			name, after, closed := strings.Cut(behind, "}")
			if !opened || !closed {
				break
			}
			if !slices.Contains(part.known, name) {
				wrong = append(wrong, fmt.Errorf("%s: {%s} is not replaced there; back knows {weekday}, {date} and {time}", part.name, name))
			}
			rest = after
		}
	}
	return rule.Faults(wrong...)
}

// takes reports whether the text is for everybody whom another one is for.
func (t *OffHoursText) takes(other *OffHoursText) bool {
	return (t.Platform == "" || t.Platform == other.Platform) && (t.Language == "" || speaks(other.Language, t.Language))
}

// whom says whom the text is for.
func (t *OffHoursText) whom() string {
	return "for " + cmp.Or(t.Language, "any language") + " on " + cmp.Or(t.Platform, "any platform")
}

// text writes the acknowledgement of a message of now, for somebody who will be there at opens.
func (t *OffHoursText) text(now, opens time.Time) string {
	weekday, date := opens.Weekday().String(), opens.Format(cmp.Or(t.Dates, time.DateOnly))
	if len(t.Weekdays) > 0 {
		weekday = t.Weekdays[(opens.Weekday()+6)%7]
	}
	now = now.In(opens.Location())
	if week := time.Date(now.Year(), now.Month(), now.Day()+7, 0, 0, 0, 0, now.Location()); !opens.Before(week) && !strings.Contains(t.Back, "{date}") {
		weekday += ", " + date
	}
	back := strings.NewReplacer("{weekday}", weekday, "{date}", date, "{time}", opens.Format("15:04")).Replace(t.Back)
	return t.Automated + " " + back + " " + t.Emergency
}

// choose returns the first text for the message; nil when there is none.
func (o *offHours) choose(platform string, m *channel.Message) *OffHoursText {
	language := cmp.Or(m.Language, m.Author.Language)
	i := slices.IndexFunc(o.Texts, func(t OffHoursText) bool {
		return (t.Platform == "" || t.Platform == platform) && (t.Language == "" || speaks(language, t.Language))
	})
	if i < 0 {
		return nil
	}
	return &o.Texts[i]
}

// speaks reports whether a language is the one that is named, or a kind of it: "pt-BR" is "pt".
func speaks(language, named string) bool {
	if len(language) < len(named) || !strings.EqualFold(language[:len(named)], named) {
		return false
	}
	return len(language) == len(named) || language[len(named)] == '-' || language[len(named)] == '_'
}

// acknowledge tells a customer that nobody is there now. What forbids it loses nothing: the message waits for a person as always.
func (w *work) acknowledge(c *change, e *channel.Event, key string) error {
	off := w.company.offHours
	m := &e.Message
	if off == nil || m.Author.Bot || m.Automated || c.contact == nil || c.Answered.After(e.Time) {
		return nil
	}
	if w.d.channelOf(channel.AccountID{Platform: e.Account.Platform, ID: m.Author.ID}) != nil {
		return nil // one of our accounts: the two would answer each other for ever
	}
	calendar, _ := w.company.policies.Calendar(off.Calendar, c.Lane)
	opens, ok := calendar.NextOpen(w.now)
	if !ok || !opens.After(w.now) {
		return nil
	}
	facts := ticket.Facts{Ticket: &c.Ticket, Contact: c.contact, Message: m}
	if _, ok := off.when.Match(&facts); !ok && !off.When.IsZero() {
		return nil
	}
	text := off.choose(e.Account.Platform, m)
	if text == nil {
		return nil
	}
	told := toldKeys(c.contact)
	values, err := w.tx.Values(told...)
	if err != nil {
		return err
	}
	for _, v := range values {
		until, _, _ := strings.Cut(string(v.Data), " ")
		if until, err := time.Parse(time.RFC3339Nano, until); err == nil && w.now.Before(until) {
			return nil
		}
	}
	receipt, err := w.reply(c, ticket.Actor{Kind: ticket.BySystem}, Reply{InReplyTo: key, Automated: true, Text: text.text(w.now, opens.In(calendar.Zone())), back: opens})
	if _, forbidden := errors.AsType[*remote.Error](err); forbidden || errors.Is(err, ErrInvalid) {
		w.d.log.Debug("no automated acknowledgement", "ticket", string(c.ID), "reason", err)
		return nil
	}
	if err != nil {
		return err
	}
	until := w.now.Add(cmp.Or(time.Duration(off.Again), 24*time.Hour))
	data := until.Format(time.RFC3339Nano) + " " + strings.TrimSuffix(receipt.Messages[0], "/1")
	for _, key := range told {
		w.tx.PutValue(ticket.Value{Key: key, Data: []byte(data), Expires: until})
	}
	return nil
}

// notTold forgets that a customer was told, where an acknowledgement that failed or was cancelled is what told it.
func (c *change) notTold(m *ticket.Message) error {
	if m.Post == nil || m.Post.Back.IsZero() || c.contact == nil {
		return nil
	}
	told := toldKeys(c.contact)
	values, err := c.w.tx.Values(told...)
	for i, v := range values {
		if _, reply, _ := strings.Cut(string(v.Data), " "); reply == m.Post.Reply {
			c.w.tx.DeleteValue(told[i])
		}
	}
	return err
}

// toldKeys are where it is remembered until when a person need not be told again: under each identity, so that it goes with them where contacts are merged and taken apart.
func toldKeys(contact *ticket.Contact) []ticket.ValueKey {
	keys := make([]ticket.ValueKey, len(contact.Identities))
	for i, identity := range contact.Identities {
		keys[i] = toldKey(identity)
	}
	return keys
}

func toldKey(identity ticket.IdentityKey) ticket.ValueKey {
	return ticket.ValueKey{Space: "off hours", Name: identity.Platform + "/" + identity.ID}
}

// cancelPointless cancels an acknowledgement that waited to go out until there was no point in it any more. Its customer was not told.
func (w *work) cancelPointless(m *ticket.Message) (bool, error) {
	c, err := w.load(m.Ticket)
	if err != nil {
		return false, err
	}
	reason, err := w.pointless(c, m)
	if err != nil || reason == "" {
		return false, err
	}
	if err := c.cancelQueued(ticket.Actor{Kind: ticket.BySystem}, reason, func(p *ticket.Message) bool { return p.Post.Reply == m.Post.Reply }); err != nil {
		return false, err
	}
	c.finish()
	return true, nil
}

// pointless says why an acknowledgement must not go out any more; empty when it may.
func (w *work) pointless(c *change, m *ticket.Message) (reason string, err error) {
	off := w.company.offHours
	found, err := w.byRef(ticket.MessageRef{Account: m.Conversation.Account, ID: m.Post.Out.InReplyTo})
	if err != nil {
		return "", err
	}
	question := &found[0]
	switch {
	case off == nil:
		return "nobody is told any more that nobody is there", nil
	case c.Status.Done() || c.Answered.After(question.Content.Time):
		return "a person was faster", nil
	case c.contact != nil && c.contact.Blocked:
		return "the customer is blocked", nil
	case !question.Deleted.IsZero():
		return "what it answers was deleted", nil
	}
	calendar, _ := w.company.policies.Calendar(off.Calendar, c.Lane)
	if opens, ok := calendar.NextOpen(w.now); !ok || !opens.Equal(m.Post.Back) {
		return "it says when somebody is there, and that is not so any more", nil
	}
	return "", nil
}
