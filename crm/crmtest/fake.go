package crmtest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// Options say how to make a Fake. The zero value serves.
type Options struct {
	// Name is the sink's name; empty means "crm".
	Name string
	// Now is the clock, for RetryAt and for what the CRM's own users do; nil means time.Now.
	Now func() time.Time
	// Page is how many updates one call of Changes returns; 0 means 100.
	Page int
}

// Fake is a CRM in memory. It is a crm.Sink with every ability; [Only] hides some. It upserts by Key, refuses what no CRM should be given (a malformed key, an
// interaction without a case), and numbers its refs in the order of writing: "contact-1", "case-1", "interaction-1". Make one with New. All
// methods may be called from several goroutines at once.
type Fake struct {
	name string
	now  func() time.Time
	page int

	mu           sync.Mutex
	down         bool
	faults       map[Method][]Fault
	refused      map[string]string
	calls        map[Method]int
	pushes       []crm.Change
	contacts     map[string]*Contact
	cases        map[string]*Case
	interactions map[string]*Interaction
	leads        map[string]*Lead
	people       []crm.Person
	identities   map[string][]crm.Identity // of people, by Person.Ref
	updates      []crm.Update
	refs         map[string]int // how many were given, by kind
}

// New returns an empty CRM.
func New(o Options) *Fake {
	f := &Fake{
		name: o.Name, now: o.Now, page: o.Page,
		faults: make(map[Method][]Fault), refused: make(map[string]string), calls: make(map[Method]int),
		contacts: make(map[string]*Contact), cases: make(map[string]*Case), interactions: make(map[string]*Interaction), leads: make(map[string]*Lead),
		identities: make(map[string][]crm.Identity), refs: make(map[string]int),
	}
	if f.name == "" {
		f.name = "crm"
	}
	if f.now == nil {
		f.now = time.Now
	}
	if f.page <= 0 {
		f.page = 100
	}
	return f
}

var (
	_ crm.Sink      = (*Fake)(nil)
	_ crm.Directory = (*Fake)(nil)
	_ crm.Source    = (*Fake)(nil)
	_ crm.Eraser    = (*Fake)(nil)
	_ crm.LeadSink  = (*Fake)(nil)
)

// Name returns Options.Name.
func (f *Fake) Name() string { return f.name }

// Push upserts the contact, the case and the interactions by their keys. It fails as the next Fault for MethodPush says. A Change that makes no sense is
// Rejected; a case whose contact is neither in the Change nor here is NotFound.
func (f *Fake) Push(ctx context.Context, c crm.Change) (crm.Receipt, error) {
	op := "push " + c.Subject.String()
	fault, err := f.begin(ctx, MethodPush, op)
	if err != nil {
		return crm.Receipt{}, err
	}
	f.mu.Lock()
	f.pushes = append(f.pushes, cloneChange(c))
	receipt, err := f.push(c, op, fault)
	f.mu.Unlock()
	switch {
	case err != nil:
		return receipt, err
	case fault.loses():
		return crm.Receipt{}, f.lose(ctx, op, fault)
	}
	return receipt, nil
}

func (f *Fake) push(c crm.Change, op string, fault Fault) (crm.Receipt, error) {
	if reason := f.nonsense(c); reason != "" {
		return crm.Receipt{}, &remote.Error{Op: f.name + ": " + op, Kind: remote.Rejected, Message: reason}
	}
	var receipt crm.Receipt
	left := len(c.Interactions) + 2 // more than there is to write
	if fault.cuts() {
		left = fault.After
	}
	cut := func() bool {
		left--
		return left < 0
	}
	if c.Contact != nil {
		if cut() {
			return receipt, f.fail(op, fault)
		}
		receipt.Contact = f.putContact(*c.Contact)
	}
	if c.Case != nil {
		if cut() {
			return receipt, f.fail(op, fault)
		}
		contact, ok := f.contactOf(c)
		if !ok {
			return receipt, &remote.Error{Op: f.name + ": " + op, Kind: remote.NotFound, Message: fmt.Sprintf("contact %q of the case is not here", contact)}
		}
		receipt.Case = f.putCase(*c.Case, contact)
	}
	for _, in := range c.Interactions {
		if reason, ok := f.refused[in.Key]; ok {
			if receipt.Refused == nil {
				receipt.Refused = make(map[string]string)
			}
			receipt.Refused[in.Key] = reason
			continue
		}
		if cut() {
			return receipt, f.fail(op, fault)
		}
		if receipt.Interactions == nil {
			receipt.Interactions = make(map[string]string, len(c.Interactions))
		}
		receipt.Interactions[in.Key] = f.putInteraction(in, c.Case.Key)
	}
	if fault.cuts() {
		return receipt, f.fail(op, fault) // cut behind the last write: all was done, and told
	}
	return receipt, nil
}

// nonsense says what is wrong with a Change, empty if nothing is.
func (f *Fake) nonsense(c crm.Change) string {
	switch {
	case (c.Subject.Ticket == "") == (c.Subject.Contact == ""):
		return "want a subject with either a ticket or a contact"
	case c.Subject.Ticket != "" && c.Case == nil:
		return "the subject is a ticket, but there is no case"
	case c.Subject.Contact != "" && c.Case != nil:
		return "the subject is a contact, but there is a case"
	case c.Subject.Contact != "" && c.Contact == nil:
		return "the subject is a contact, but there is none"
	case c.Case == nil && len(c.Interactions) > 0:
		return "there are interactions without a case"
	}
	keys := make(map[string]string)
	if c.Contact != nil {
		keys["contact"], keys["contact.merged_into"] = c.Contact.Key, or(c.Contact.MergedInto, c.Contact.Key)
	}
	if c.Case != nil {
		keys["case"], keys["case.contact"] = c.Case.Key, or(c.Case.Contact, c.Case.Key)
		keys["case.parent"], keys["case.merged_into"] = or(c.Case.Parent, c.Case.Key), or(c.Case.MergedInto, c.Case.Key)
	}
	if c.Case != nil {
		for i, p := range c.Case.Parties {
			keys[fmt.Sprintf("case.parties[%d]", i)] = p.Contact
		}
		for i, key := range c.Case.Related {
			keys[fmt.Sprintf("case.related[%d]", i)] = key
		}
	}
	for i, in := range c.Interactions {
		if in.Party != "" {
			keys[fmt.Sprintf("interactions[%d].party", i)] = in.Party
		}
		keys[fmt.Sprintf("interactions[%d]", i)] = in.Key
	}
	for _, where := range sortedKeys(keys) {
		if !validKey(keys[where]) {
			return fmt.Sprintf("%s: key %q: want 1 to 40 characters of a-z, 0-9 and '-'", where, keys[where])
		}
	}
	return ""
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func validKey(key string) bool {
	for _, c := range []byte(key) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
			return false
		}
	}
	return 0 < len(key) && len(key) <= 40
}

// contactOf returns the key of the case's contact, empty where it has none, and whether that contact is here.
func (f *Fake) contactOf(c crm.Change) (string, bool) {
	switch {
	case c.Contact != nil:
		return c.Contact.Key, true
	case c.Case.Contact != "":
		_, ok := f.contacts[c.Case.Contact]
		return c.Case.Contact, ok
	case c.Refs.Contact != "":
		for key, contact := range f.contacts {
			if contact.Ref == c.Refs.Contact {
				return key, true
			}
		}
		return c.Refs.Contact, false
	}
	return "", true
}

// ref gives the next ref of a kind; what was erased gives none back.
func (f *Fake) ref(kind string) string {
	f.refs[kind]++
	return fmt.Sprintf("%s-%d", kind, f.refs[kind])
}

func (f *Fake) putContact(c crm.Contact) string {
	held := f.contacts[c.Key]
	if held == nil {
		held = &Contact{Ref: f.ref("contact")}
		f.contacts[c.Key] = held
	}
	held.Contact = cloneContact(c)
	held.Writes++
	return held.Ref
}

func (f *Fake) putCase(c crm.Case, contact string) string {
	held := f.cases[c.Key]
	if held == nil {
		held = &Case{Ref: f.ref("case")}
		f.cases[c.Key] = held
	}
	if contact == "" {
		contact = held.Contact
	}
	held.Case = cloneCase(c)
	held.Contact = contact
	held.Writes++
	return held.Ref
}

func (f *Fake) putInteraction(in crm.Interaction, caseKey string) string {
	held := f.interactions[in.Key]
	if held == nil {
		held = &Interaction{Ref: f.ref("interaction"), place: f.refs["interaction"]}
		f.interactions[in.Key] = held
	}
	held.Interaction = cloneInteraction(in)
	held.Case = caseKey
	held.Redacted = false
	held.Writes++
	return held.Ref
}
