package salesforce

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// subrequest is one upsert of a composite call.
type subrequest struct {
	ref     string // its referenceId: "contact", "case", or the place of the interaction in the Change: "i0"
	method  string // empty: PATCH
	path    string
	headers string // a JSON object; empty: none
	body    []byte // nil: none
	// otherwise takes its place when the record that it names by its ID is gone.
	otherwise *subrequest
}

const (
	refContact = "contact"
	refCase    = "case"

	// maxSubrequests is what one composite call takes.
	maxSubrequests = 25
	// maxBody keeps a call with several long texts below what remote.Client sends.
	maxBody = 768 << 10
)

// compose turns a Change into upserts, in the order in which to do them. Keys find everything; a ref is used only for a
// contact whose key the Change does not tell, because refs can be stale, and for the record in which somebody wrote an answer in this org: that becomes the answer's
// interaction, and gets its key.
func (w *words) compose(c crm.Change, sink string) []subrequest {
	all := make([]subrequest, 0, 2+len(c.Interactions))
	if c.Contact != nil {
		r := upsert(refContact, w.customer.object, c.Contact.Key, w.contactRecord(c.Contact))
		r.headers = saveHeaders
		all = append(all, r)
	}
	if c.Case == nil {
		return all
	}
	r := upsert(refCase, caseObject, c.Case.Key, w.caseRecord(c))
	r.headers = saveHeaders
	all = append(all, r)
	for i := range c.Interactions {
		in := &c.Interactions[i]
		byKey := upsert("i"+strconv.Itoa(i), interactionObject, in.Key, w.interactionRecord(in, c.Case.Key, ""))
		if id := c.Refs.Interactions[in.Key]; isID(id) && in.Actor.Kind == ticket.ByCRM && in.Actor.ID == sink {
			all = append(all, subrequest{
				ref: byKey.ref, path: apiPath + remote.Path("sobjects", interactionObject, id), body: w.interactionRecord(in, c.Case.Key, in.Key), otherwise: &byKey,
			})
			continue
		}
		all = append(all, byKey)
	}
	return all
}

// takeOtherwise writes by their keys what was to become of records that are gone, and reports whether there were any.
func takeOtherwise(now []subrequest, outcomes []outcome) bool {
	any := false
	for _, o := range outcomes {
		i := slices.IndexFunc(now, func(r subrequest) bool { return r.ref == o.ref })
		if i >= 0 && now[i].otherwise != nil && o.failed && judge(o.code, o.text).kind == remote.NotFound {
			now[i], any = *now[i].otherwise, true
		}
	}
	return any
}

// saveHeaders keep the org's rules from undoing what the Desk decided: an alert about a possible duplicate does not refuse the customer, who is found by key, and assignment
// rules do not give the case to somebody else at every push.
const saveHeaders = `{"Sforce-Duplicate-Rule-Header":"allowSave=true","Sforce-Auto-Assign":"FALSE"}`

func upsert(ref, object, key string, body []byte) subrequest {
	return subrequest{ref: ref, path: apiPath + remote.Path("sobjects", object, keyField, key), body: body}
}

// fill returns how many of the subrequests, at least one, go into the next call.
func fill(todo []subrequest) int {
	size := 0
	for n, r := range todo[:min(len(todo), maxSubrequests)] {
		if size += len(r.body); size > maxBody && n > 0 {
			return n
		}
	}
	return min(len(todo), maxSubrequests)
}

// composite writes the body of a call. Pushes are all or nothing: a later message is never written before an earlier one.
func composite(now []subrequest, allOrNone bool) []byte {
	size := 64
	for _, r := range now {
		size += len(r.body) + len(r.path) + len(r.headers) + 100
	}
	b := append(make([]byte, 0, size), `{"allOrNone":`...)
	b = append(strconv.AppendBool(b, allOrNone), `,"compositeRequest":[`...)
	for i, r := range now {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"method":"`...), cmp.Or(r.method, "PATCH")...)
		b = append(append(b, `","url":"`...), r.path...)
		b = append(append(b, `","referenceId":"`...), r.ref...)
		b = append(b, '"')
		if r.headers != "" {
			b = append(append(b, `,"httpHeaders":`...), r.headers...)
		}
		if r.body != nil {
			b = append(append(b, `,"body":`...), r.body...)
		}
		b = append(b, '}')
	}
	return append(b, "]}"...)
}

// contactRecord never clears what people in the org know better: of name, e-mail, phone and language only what we know is written.
func (w *words) contactRecord(c *crm.Contact) []byte {
	r := recordFor(w.Contact, c, 400)
	r.text("LastName", lastName(c), maxName) // the one field that a Contact must have
	if w.PersonAccounts && w.PersonRecordType != "" {
		r.text("RecordTypeId", w.PersonRecordType, maxShort)
	}
	r.known(w.customer.email, email(c), maxEmail)
	if len(c.Phones) > 0 {
		r.known("Phone", c.Phones[0], maxPhone)
	}
	for _, platform := range slices.Sorted(maps.Keys(w.Handles)) {
		if i := slices.IndexFunc(c.Identities, func(i crm.Identity) bool { return i.Platform == platform }); i >= 0 {
			r.known(w.Handles[platform], cmp.Or(c.Identities[i].Author.Handle, c.Identities[i].Author.ID), maxShort)
		}
	}
	r.known("Social_Language__c", c.Language, maxShort)
	r.text("Social_Kind__c", string(c.Kind), maxShort)
	r.text("Social_Profiles__c", profiles(c.Identities), maxProfiles)
	r.text("Social_Verified__c", verified(c), maxShort)
	r.time("Social_Verified_Until__c", c.VerifiedUntil)
	r.text(mergedField, c.MergedInto, maxShort)
	return r.close()
}

// lastName is never empty: both a Contact and a Lead must have one.
func lastName(c *crm.Contact) string {
	return cmp.Or(strings.TrimSpace(crm.Printable(c.Name)), profileName(c.Identities), c.Key)
}

// email returns the first address that Salesforce would take.
func email(c *crm.Contact) string {
	if i := slices.IndexFunc(c.Emails, looksLikeEmail); i >= 0 {
		return c.Emails[i]
	}
	return ""
}

// verified is how sure it is who this is; empty as long as nobody has looked.
func verified(c *crm.Contact) string {
	if c.Verified == ticket.Unverified {
		return ""
	}
	return c.Verified.String()
}

// profileName is what to call somebody who gives no name.
func profileName(identities []crm.Identity) string {
	for _, i := range identities {
		if name := cmp.Or(i.Author.Name, i.Author.Handle, i.Author.ID); strings.TrimSpace(crm.Printable(name)) != "" {
			return name
		}
	}
	return ""
}

// profiles lists the contact's profiles, one a line.
func profiles(identities []crm.Identity) string {
	var b strings.Builder
	for _, i := range identities {
		b.WriteString(i.Platform)
		b.WriteByte(' ')
		b.WriteString(cmp.Or(i.Author.URL, i.Author.Handle, i.Author.ID))
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// looksLikeEmail leaves out what would make Salesforce refuse the whole contact.
func looksLikeEmail(s string) bool {
	name, domain, ok := strings.Cut(s, "@")
	return ok && name != "" && len(s) <= maxEmail && strings.Contains(strings.Trim(domain, "."), ".") && !strings.ContainsAny(s, " \t\r\n,;<>()\"") &&
		!strings.Contains(domain, "@")
}

// contactKey is the key of a case's customer; empty while nobody is known.
func contactKey(c crm.Change) string {
	if c.Case.Contact == "" && c.Contact != nil {
		return c.Contact.Key
	}
	return c.Case.Contact
}

func (w *words) caseRecord(c crm.Change) []byte {
	k := c.Case
	r := recordFor(w.Case, k, 600)
	switch key := contactKey(c); {
	case key != "":
		r.link(w.customer.relation, key)
	case c.Refs.Contact != "":
		r.text(w.customer.ref, c.Refs.Contact, maxShort)
	}
	r.known("Social_Contact__c", contactKey(c), maxKey)
	r.known("OwnerId", w.owner(k.Agent), maxShort)
	r.text("Subject", k.Subject, maxSubject)
	r.text("Status", w.caseStatus(k.Status), maxShort)
	r.text("Priority", casePriority(k.Priority), maxShort)
	r.text("Origin", k.Account.Platform, maxShort)
	r.text("Social_Status__c", string(k.Status), maxShort)
	r.text("Social_Account__c", k.Account.String(), maxShort)
	r.flag("Social_Private__c", k.Private)
	r.text("Social_Language__c", k.Language, maxShort)
	r.text("Social_Lane__c", k.Lane, maxShort)
	r.text("Social_Team__c", k.Team, maxShort)
	r.text("Social_Agent__c", k.Agent, maxShort)
	r.text("Social_Tags__c", strings.Join(k.Tags, ";"), maxShort)
	r.text("Social_Parties__c", parties(k.Parties), maxProfiles)
	r.text("Social_Related__c", strings.Join(k.Related, "\n"), maxProfiles)
	r.time("Social_Created_At__c", k.Created)
	r.time("Social_Solved_At__c", k.SolvedAt)
	r.text(parentField, k.Parent, maxShort)
	r.text(mergedField, k.MergedInto, maxShort)
	return r.close()
}

// parties lists those beside the customer, one a line: what they are, and the key of their contact.
func parties(all []crm.Party) string {
	var lines []string
	for _, p := range all {
		lines = append(lines, string(p.Role)+" "+p.Contact)
	}
	return strings.Join(lines, "\n")
}

// interactionRecord has the key only where the record is not written by it.
func (w *words) interactionRecord(in *crm.Interaction, caseKey, key string) []byte {
	r := recordFor(w.Interaction, in, 600+len(in.Text))
	r.known(keyField, key, maxKey)
	r.link("Social_Case__r", caseKey)
	r.text("Social_Message__c", in.Message, maxShort)
	r.text("Social_Direction__c", string(in.Direction), maxShort)
	r.text("Social_Party__c", in.Party, maxKey)
	r.text("Social_Author__c", in.Author.ID, maxShort)
	r.text("Social_Author_Name__c", cmp.Or(in.Author.Name, in.Author.Handle), maxShort)
	r.text("Social_Actor__c", cmp.Or(in.Actor.ID, string(in.Actor.Kind)), maxShort)
	r.flag("Social_Automated__c", in.Automated)
	r.flag("Social_Private__c", in.Private)
	r.text("Social_Text__c", in.Text, maxText)
	r.text("Social_Attachments__c", attachments(in.Attachments), maxProfiles)
	r.text("Social_URL__c", in.URL, maxShort)
	r.time("Social_Sent_At__c", in.Time)
	r.text("Social_Order__c", in.Order, maxShort)
	r.time("Social_Edited_At__c", in.Edited)
	r.time("Social_Deleted_At__c", in.Deleted)
	r.text("Social_State__c", string(in.State), maxShort)
	return r.close()
}

// attachments lists what a message carries, one a line. The files stay where they are.
func attachments(all []channel.Attachment) string {
	var lines []string
	for _, a := range all {
		lines = append(lines, strings.TrimSpace(a.Type+" "+cmp.Or(a.URL, a.Name)))
	}
	return strings.Join(lines, "\n")
}
