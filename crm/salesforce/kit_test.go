package salesforce

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestSinkPassesTheKit(t *testing.T) {
	t.Parallel()
	crmtest.Run(t, harness(Options{Mapping: mapping()}))
}

func TestSinkPassesTheKitWithPersonAccounts(t *testing.T) {
	t.Parallel()
	m := mapping()
	m.PersonAccounts, m.PersonRecordType = true, "012Qy0000000001AAA"
	crmtest.Run(t, harness(Options{Mapping: m, MirrorComments: true}))
}

// mapping is how the stand-in's people have set up their org.
func mapping() Mapping {
	return Mapping{
		Status: map[ticket.Status]string{ticket.Pending: "Waiting", ticket.OnHold: "On Hold"},
		Owners: map[string]string{"jo": "005Qy000000000A", "sam": "005Qy000000000B"}, Queue: "00GQy000000000C",
		Reply:   "Social_For_Customer__c",
		Handles: map[string]string{"facebook": "Facebook_Profile__c", "mastodon": "Mastodon_Profile__c"},
		Tier:    "Tier__c", Segment: "Segment__c",
	}
}

func harness(options Options) crmtest.Harness {
	return crmtest.Harness{
		Features: crmtest.Features{
			Abilities: crmtest.Directory | crmtest.Source | crmtest.Eraser | crmtest.LeadSink,
			Owner:     true, Links: true, MaxText: maxText, Count: func(s string) int { return len(utf16.Encode([]rune(s))) },
		},
		Open: func(t crmtest.T) crmtest.Rig {
			o, sink := openWith(t, options)
			return o.rig(t, sink)
		},
	}
}

func (o *org) rig(t crmtest.T, sink *Sink) crmtest.Rig {
	w := sink.words
	return crmtest.Rig{
		Sink: sink, Secrets: []string{token}, Users: o.staff(w), Now: func() time.Time {
			o.mu.Lock()
			defer o.mu.Unlock()
			return o.now()
		},
		Fault: func(f crmtest.Fault) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.faults = append(o.faults, &f)
		},
		Refuse: func(key string) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.refused[key] = true
		},
		Contacts: func(key string) []crmtest.HeldContact {
			r, ok := o.record(w.customer.object, key)
			if !ok {
				return nil
			}
			return []crmtest.HeldContact{{
				Key: key, Ref: text(r, "Id"), Name: text(r, "LastName"), MergedInto: text(r, mergedField),
				Emails: []string{text(r, w.customer.email)}, Phones: []string{text(r, "Phone")}, Identities: profilesOf(text(r, "Social_Profiles__c")),
			}}
		},
		Cases: func(key string) []crmtest.HeldCase {
			r, ok := o.record(caseObject, key)
			if !ok {
				return nil
			}
			var account channel.AccountID
			if err := account.UnmarshalText([]byte(text(r, "Social_Account__c"))); err != nil {
				t.Errorf("case %s: %v", key, err)
			}
			return []crmtest.HeldCase{{
				Key: key, Ref: text(r, "Id"), Contact: text(r, w.customer.relation), Subject: text(r, "Subject"), Status: ticket.Status(text(r, "Social_Status__c")),
				Agent: text(r, "Social_Agent__c"), Parent: text(r, parentField), MergedInto: text(r, mergedField),
				Priority: priorities[text(r, "Priority")], Account: account, Private: r["Social_Private__c"] == true,
				Lane: text(r, "Social_Lane__c"), Team: text(r, "Social_Team__c"), Tags: strings.Split(text(r, "Social_Tags__c"), ";"), Related: strings.Fields(text(r, "Social_Related__c")),
			}}
		},
		Interactions: o.interactions,
		Leads: func(key string) []string {
			r, ok := o.record(leadObject, key)
			if !ok {
				return nil
			}
			return []string{text(r, "Id")}
		},
	}
}

// staff are people who work in the org.
type staff struct {
	*org
	words *words
}

func (o *org) staff(w *words) staff { return staff{o, w} }

// as returns the ID of somebody, who is made where there is none, and that of a case.
func (s staff) as(who, caseKey string) (user, id string, err error) {
	if s.people[who] == "" {
		s.people[who] = longID(fmt.Sprintf("005Zz%010d", len(s.people)))
	}
	id, r := s.byKey(caseObject, caseKey)
	if r == nil {
		return "", "", fmt.Errorf("there is no case %s", caseKey)
	}
	s.calls++ // and time goes on
	return s.people[who], id, nil
}

func (s staff) edit(who, caseKey string, fields map[string]any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, id, err := s.as(who, caseKey)
	if err != nil {
		return err
	}
	if fail := s.update(caseObject, id, fields, user); fail != nil {
		return fmt.Errorf("%s: %s", fail.code, fail.message)
	}
	return nil
}

func (s staff) write(who, caseKey, text string, reply bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, id, err := s.as(who, caseKey)
	if err != nil {
		return err
	}
	fields := map[string]any{"Social_Case__c": id, "Social_Text__c": text, "Social_For_Customer__c": reply}
	if _, fail := s.create(interactionObject, fields, user); fail != nil {
		return fmt.Errorf("%s: %s", fail.code, fail.message)
	}
	return nil
}

func (s staff) SetStatus(who, caseKey string, status ticket.Status) error {
	return s.edit(who, caseKey, map[string]any{"Status": s.words.caseStatus(status)})
}

func (s staff) Assign(who, caseKey, agent string) error {
	return s.edit(who, caseKey, map[string]any{"OwnerId": s.words.owner(agent)})
}

func (s staff) Reply(who, caseKey, text string) error { return s.write(who, caseKey, text, true) }
func (s staff) Note(who, caseKey, text string) error  { return s.write(who, caseKey, text, false) }

var priorities = map[string]ticket.Priority{"Low": ticket.Low, "Medium": ticket.Normal, "High": ticket.High}

// profilesOf reads the lines of Social_Profiles__c: a platform, and the author's address, handle or ID.
func profilesOf(lines string) (all []crm.Identity) {
	for line := range strings.Lines(lines) {
		platform, who, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, crm.Identity{Platform: platform, Author: channel.Author{ID: who, URL: who, Handle: who}})
	}
	return all
}

// attachmentsOf reads the lines of Social_Attachments__c: a type and an address.
func attachmentsOf(lines string) (all []channel.Attachment) {
	for line := range strings.Lines(lines) {
		kind, address, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, channel.Attachment{Type: kind, URL: address})
	}
	return all
}

// interactions are those of ours of a case, as a related list sorted by time and order shows them.
func (o *org) interactions(caseKey string) []crmtest.HeldInteraction {
	o.mu.Lock()
	defer o.mu.Unlock()
	id, _ := o.byKey(caseObject, caseKey)
	var found []entry
	for _, r := range o.objects[interactionObject] {
		if id != "" && text(r, "Social_Case__r") == id && text(r, keyField) != "" {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b entry) int {
		return strings.Compare(text(a, "Social_Sent_At__c")+text(a, "Social_Order__c"), text(b, "Social_Sent_At__c")+text(b, "Social_Order__c"))
	})
	var held []crmtest.HeldInteraction
	for _, r := range found {
		sent, _ := time.Parse(time.RFC3339, text(r, "Social_Sent_At__c"))
		held = append(held, crmtest.HeldInteraction{
			Key: text(r, keyField), Ref: text(r, "Id"), Text: text(r, "Social_Text__c"), Deleted: r["Social_Deleted_At__c"] != nil,
			Direction: ticket.Direction(text(r, "Social_Direction__c")), Time: sent, Private: r["Social_Private__c"] == true,
			Author: channel.Author{ID: text(r, "Social_Author__c"), Name: text(r, "Social_Author_Name__c")}, Actor: ticket.Actor{ID: text(r, "Social_Actor__c")},
			Attachments: attachmentsOf(text(r, "Social_Attachments__c")), State: ticket.PostState(text(r, "Social_State__c")),
		})
	}
	return held
}
