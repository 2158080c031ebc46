package rt

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestSinkPassesTheKit(t *testing.T) {
	t.Parallel()
	crmtest.Run(t, crmtest.Harness{
		Features: features,
		Open: func(t crmtest.T) crmtest.Rig {
			o := Options{Mapping: mapping}
			s := newStandIn()
			o.Shred = func(_ context.Context, records []string) error { return s.shred(records) }
			flaky, sink := s.serve(t, o)
			return s.rig(flaky, sink)
		},
	})
}

// features are what the sink promises. RT has no place for how far a post got, beyond that it did not.
var features = crmtest.Features{
	Abilities: crmtest.Directory | crmtest.Source | crmtest.Eraser, Owner: true, Links: true, Lacks: crmtest.FieldState,
}

var mapping = Mapping{Owners: map[string]string{"jo": "jo", "sam": "sam", "ana": "ana", "ben": "ben"}, Tier: "Tier"}

func (s *standIn) rig(flaky *crmtest.Flaky, sink *Sink) crmtest.Rig {
	return crmtest.Rig{
		Sink: sink, Secrets: []string{token}, Users: staff{s}, Fault: flaky.Fault,
		Now: func() time.Time {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.now()
		},
		Refuse: func(key string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.refused[key] = true
		},
		Contacts: func(key string) []crmtest.HeldContact {
			s.mu.Lock()
			defer s.mu.Unlock()
			u := s.userBy("social-" + key)
			if u == nil {
				return nil
			}
			return []crmtest.HeldContact{heldContact(key, u.realName, u.fields)}
		},
		Cases: func(key string) (all []crmtest.HeldCase) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, t := range s.byKey(key) {
				all = append(all, heldCase("social-", key, strconv.Itoa(t.id), t.subject, t.priority, t.requestors, t.fields))
			}
			return all
		},
		Interactions: s.interactions,
	}
}

func (s *standIn) byKey(key string) (all []*standTicket) {
	for _, t := range s.tickets {
		if slices.Contains(t.fields[keyField], "social-"+key) {
			all = append(all, t)
		}
	}
	return all
}

func (s *standIn) interactions(caseKey string) []crmtest.HeldInteraction {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []written
	for _, t := range s.transactions {
		for _, of := range s.byKey(caseKey) {
			if of.id == t.ticket && t.kind == "Comment" && t.creator == us {
				text := ""
				for _, p := range t.parts {
					text += s.parts[p].content
				}
				all = append(all, written{strconv.Itoa(t.id), t.data, text})
			}
		}
	}
	return heldInteractions("social-", all)
}

// shred is what rt-shredder does.
func (s *standIn) shred(records []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		kind, number, _ := strings.Cut(r, ",")
		id, err := strconv.Atoi(number)
		if err != nil {
			return fmt.Errorf("cannot shred %q", r)
		}
		switch kind {
		case "Attachment":
			delete(s.parts, id)
			for _, t := range s.transactions {
				t.parts = slices.DeleteFunc(t.parts, func(p int) bool { return p == id })
			}
		case "Ticket":
			delete(s.tickets, id)
			s.transactions = slices.DeleteFunc(s.transactions, func(t *standTransaction) bool { return t.ticket == id })
		case "User":
			if u := s.userBy(number); u != nil {
				delete(s.users, u.name)
			}
		}
	}
	return nil
}

func heldContact(key, name string, custom map[string][]string) crmtest.HeldContact {
	return crmtest.HeldContact{
		Key: key, Ref: custom[keyField][0], Name: name, MergedInto: strings.Join(custom[mergedField], ""), Emails: custom[emailsField], Phones: custom[phonesField],
		Identities: profilesOf(custom[profilesField]),
	}
}

func profilesOf(values []string) (all []crm.Identity) {
	for _, v := range values {
		platform, who, _ := strings.Cut(v, " ")
		all = append(all, crm.Identity{Platform: platform, Author: channel.Author{ID: who, Handle: who, URL: who}})
	}
	return all
}

var priorities = map[string]ticket.Priority{"0": ticket.Low, "50": ticket.Normal, "100": ticket.High}

func heldCase(prefix, key, ref, subject, priority string, requestors []string, custom map[string][]string) crmtest.HeldCase {
	of := func(name string) string { return strings.Join(custom[name], "|") }
	var account channel.AccountID
	if err := account.UnmarshalText([]byte(of("SocialAccount"))); err != nil {
		account.ID = err.Error()
	}
	return crmtest.HeldCase{
		Key: key, Ref: ref, Contact: strings.TrimPrefix(strings.Join(requestors, "|"), prefix), Subject: subject, Status: ticket.Status(of("SocialStatus")),
		Agent: of("SocialAgent"), Parent: of("SocialParent"), MergedInto: of(mergedField), Priority: priorities[priority], Account: account, Private: of("SocialVisibility") == "private",
		Lane: of("SocialLane"), Team: of("SocialTeam"), Tags: custom["SocialTags"], Related: custom["SocialRelated"],
	}
}

// written is a comment of ours: its number, subject and body.
type written struct{ id, subject, body string }

// heldInteractions reads comments as people do: each key where it came first, as its latest revision has it.
func heldInteractions(prefix string, all []written) (held []crmtest.HeldInteraction) {
	places := make(map[string]int)
	for _, w := range all {
		words := strings.Fields(w.subject)
		if len(words) != 3 || words[0] != mark {
			continue
		}
		in := heldInteraction(w.body)
		in.Key = strings.TrimPrefix(words[1], prefix)
		if i, again := places[in.Key]; again {
			in.Ref = held[i].Ref
			held[i] = in
			continue
		}
		in.Ref = w.id
		places[in.Key] = len(held)
		held = append(held, in)
	}
	return held
}

func heldInteraction(body string) (in crmtest.HeldInteraction) {
	about, text, _ := strings.Cut(body, "\n\n")
	in.Text = text
	for l := range strings.Lines(about) {
		name, value, _ := strings.Cut(strings.TrimSpace(l), ": ")
		switch name {
		case "Direction":
			in.Direction = ticket.Direction(value)
		case "Time":
			in.Time, _ = time.Parse(time.RFC3339Nano, value)
		case "Visibility":
			in.Private = value == "private"
		case "Author-ID":
			in.Author.ID = value
		case "Actor":
			in.Actor.ID = value
		case "Attachment":
			kind, address, _ := strings.Cut(value, " ")
			in.Attachments = append(in.Attachments, channel.Attachment{Type: kind, URL: address})
		case "Deleted":
			in.Deleted = true
		}
	}
	return in
}

// staff are people who work in RT.
type staff struct{ *standIn }

func (s staff) act(caseKey string, fn func(*standTicket) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, "a person's") // and time goes on
	for _, t := range s.byKey(caseKey) {
		return fn(t)
	}
	return fmt.Errorf("there is no case %s", caseKey)
}

func (s staff) change(who, caseKey string, sent object) error {
	return s.act(caseKey, func(t *standTicket) error {
		_, err := s.changeTicket(t, sent, who)
		return err
	})
}

func (s staff) SetStatus(who, caseKey string, status ticket.Status) error {
	return s.change(who, caseKey, object{"Status": readWords(mapping).word(status)})
}

func (s staff) Assign(who, caseKey, agent string) error {
	return s.change(who, caseKey, object{"Owner": readWords(mapping).owner(agent)})
}

func (s staff) message(who, caseKey, kind, text string) error {
	return s.act(caseKey, func(t *standTicket) error {
		s.write(t.id, who, kind, "", "text/plain", text)
		return nil
	})
}

func (s staff) Reply(who, caseKey, text string) error {
	return s.message(who, caseKey, "Correspond", text)
}
func (s staff) Note(who, caseKey, text string) error { return s.message(who, caseKey, "Comment", text) }
