package salesforce

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// Mapping says what an org calls things that the metadata package does not bring along. The zero value suits an org with contacts and the statuses New, Working
// and Closed.
type Mapping struct {
	// PersonAccounts keeps customers as person accounts instead of contacts. The org then needs the metadata of metadata/person-account.
	PersonAccounts bool
	// PersonRecordType is the ID of the record type of person accounts; needed where it is not the default one of the integration user.
	PersonRecordType string

	// Status is Case.Status for our statuses. One that is missing is New (new), Closed (solved, closed) or Working (the others). What people choose in Salesforce is
	// read the other way round; of several statuses with one word the first counts, in the order new, open, pending, on-hold, solved, closed. A word that stands for
	// none is the org's own affair and changes nothing here.
	Status map[ticket.Status]string
	// Owners are the Salesforce users who are the Setup's agents: agent name to user ID. A case of an agent who is not here keeps its owner.
	Owners map[string]string
	// Queue is the ID of the queue or user that owns cases without an agent. Empty: they keep their owner, and who takes one over in Salesforce is not heard of.
	Queue string

	// Reply is the API name of a checkbox on Social_Interaction__c: what people write there goes to the customer if it is ticked. The metadata package has
	// Social_For_Customer__c for it. Empty: all that people write are notes.
	Reply string

	// Handles are text fields of the customer's record with the profile on a platform (its handle, or else its ID), by platform. Push writes them, and Lookup finds
	// people by them. By a platform that is missing nobody is found.
	Handles map[string]string
	// Tier, Segment and Language are fields that Lookup reads for crm.Person; fields of related records too ("Account.Tier__c"). Empty: not read, Language:
	// Social_Language__c.
	Tier, Segment, Language string

	// Contact, Case, Interaction and Lead write further fields, or these in another way: what they write replaces what this package would. They may be called from
	// several goroutines at once. Nil: nothing more.
	Contact     func(*Fields, *crm.Contact)
	Case        func(*Fields, *crm.Case)
	Interaction func(*Fields, *crm.Interaction)
	Lead        func(*Fields, *crm.Lead)
}

// Fields takes what a host's mapping writes into one record. A field that was written once stays so.
type Fields struct{ r record }

// Text writes a text of at most limit UTF-16 units, the length of the field; a longer one is cut and ends in "…". An empty one clears the field.
func (f *Fields) Text(field, value string, limit int) { f.r.text(field, value, limit); f.Omit(field) }

// Flag writes a checkbox.
func (f *Fields) Flag(field string, value bool) { f.r.flag(field, value); f.Omit(field) }

// Time writes a date and time; the zero time clears the field.
func (f *Fields) Time(field string, value time.Time) { f.r.time(field, value); f.Omit(field) }

// Number writes a whole number.
func (f *Fields) Number(field string, value int) {
	if f.r.name(field) {
		f.r.b = strconv.AppendInt(f.r.b, int64(value), 10)
	}
	f.Omit(field)
}

// Omit leaves a field as it is in the org, also one that would be written otherwise.
func (f *Fields) Omit(field string) {
	if !slices.Contains(f.r.host, field) {
		f.r.host = append(f.r.host, field)
	}
}

// recordFor starts a record with what the host writes into it.
func recordFor[T any](write func(*Fields, *T), v *T, room int) record {
	f := Fields{record{b: make([]byte, 0, room)}}
	if write != nil {
		write(&f, v)
	}
	return f.r
}

// words are a Mapping made ready for use.
type words struct {
	Mapping
	customer customer
	status   map[string]ticket.Status // by Case.Status
	agents   map[string]string        // by user ID
}

// customer is the record of a customer in the org.
type customer struct {
	object        string
	relation, ref string // of a case
	email, mobile string
}

var (
	contact       = customer{object: "Contact", relation: "Contact", ref: "ContactId", email: "Email", mobile: "MobilePhone"}
	personAccount = customer{object: "Account", relation: "Account", ref: "AccountId", email: "PersonEmail", mobile: "PersonMobilePhone"}
)

func readWords(m Mapping) *words {
	w := &words{Mapping: m, customer: contact, status: make(map[string]ticket.Status), agents: make(map[string]string)}
	if m.PersonAccounts {
		w.customer = personAccount
	}
	for _, s := range []ticket.Status{ticket.New, ticket.Open, ticket.Pending, ticket.OnHold, ticket.Solved, ticket.Closed} {
		word := w.caseStatus(s)
		if _, taken := w.status[word]; !taken {
			w.status[word] = s
		}
	}
	w.Owners = make(map[string]string, len(m.Owners))
	for _, agent := range slices.Sorted(maps.Keys(m.Owners)) {
		id := longID(m.Owners[agent])
		w.Owners[agent] = id
		if _, taken := w.agents[id]; !taken {
			w.agents[id] = agent
		}
	}
	w.Queue = longID(m.Queue)
	return w
}

// caseStatus is Case.Status for one of ours; Social_Status__c holds our own word.
func (w *words) caseStatus(s ticket.Status) string {
	switch word := w.Mapping.Status[s]; {
	case word != "":
		return word
	case s == ticket.New:
		return "New"
	case s.Done():
		return "Closed"
	}
	return "Working"
}

// owner is who owns the cases of an agent; empty where nobody is named.
func (w *words) owner(agent string) string {
	if agent == "" {
		return w.Queue
	}
	return w.Owners[agent]
}

// agent is whom the owner of a case stands for; "" is the queue.
func (w *words) agent(owner string) (agent string, known bool) {
	if agent, known = w.agents[owner]; known {
		return agent, true
	}
	return "", owner != "" && owner == w.Queue
}

// longID makes an ID of 15 characters one of 18, which it is whatever becomes of its case: the last three tell which letters of each five are capitals. Anything
// else is returned as it is.
func longID(id string) string {
	if len(id) != 15 {
		return id
	}
	suffix := make([]byte, 0, 3)
	for block := 0; block < 15; block += 5 {
		capitals := 0
		for i, c := range []byte(id[block : block+5]) {
			if c >= 'A' && c <= 'Z' {
				capitals |= 1 << i
			}
		}
		suffix = append(suffix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[capitals])
	}
	return id + string(suffix)
}
