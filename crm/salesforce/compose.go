package salesforce

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// subrequest is one upsert of a composite call.
type subrequest struct {
	ref  string // its referenceId: "contact", "case", or the place of the interaction in the Change: "i0"
	path string
	body []byte
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
// contact whose key the Change does not tell, because refs can be stale.
func compose(c crm.Change) []subrequest {
	all := make([]subrequest, 0, 2+len(c.Interactions))
	if c.Contact != nil {
		all = append(all, upsert(refContact, contactObject, c.Contact.Key, contactRecord(c.Contact)))
	}
	if c.Case == nil {
		return all
	}
	all = append(all, upsert(refCase, caseObject, c.Case.Key, caseRecord(c)))
	for i := range c.Interactions {
		in := &c.Interactions[i]
		all = append(all, upsert("i"+strconv.Itoa(i), interactionObject, in.Key, interactionRecord(in, c.Case.Key)))
	}
	return all
}

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

// composite writes the body of a call. It is all or nothing: a later message is never written before an earlier one.
func composite(now []subrequest) []byte {
	size := 64
	for _, r := range now {
		size += len(r.body) + len(r.path) + 80
	}
	b := append(make([]byte, 0, size), `{"allOrNone":true,"compositeRequest":[`...)
	for i, r := range now {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"method":"PATCH","url":"`...)
		b = append(b, r.path...)
		b = append(b, `","referenceId":"`...)
		b = append(b, r.ref...)
		b = append(b, `","body":`...)
		b = append(b, r.body...)
		b = append(b, '}')
	}
	return append(b, "]}"...)
}

// contactRecord never clears what people in the org know better: of name, e-mail, phone and language only what we know is written.
func contactRecord(c *crm.Contact) []byte {
	var r record
	r.text("LastName", cmp.Or(strings.TrimSpace(clean(c.Name)), profileName(c.Identities), c.Key), maxName) // the one field that a Contact must have
	if i := slices.IndexFunc(c.Emails, looksLikeEmail); i >= 0 {
		r.text("Email", c.Emails[i], maxEmail)
	}
	if len(c.Phones) > 0 {
		r.known("Phone", c.Phones[0], maxPhone)
	}
	r.known("Social_Language__c", c.Language, maxShort)
	r.text("Social_Kind__c", string(c.Kind), maxShort)
	r.text("Social_Profiles__c", profiles(c.Identities), maxProfiles)
	r.text(mergedField, c.MergedInto, maxShort)
	return r.close()
}

// profileName is what to call somebody who gives no name.
func profileName(identities []crm.Identity) string {
	for _, i := range identities {
		if name := cmp.Or(i.Author.Name, i.Author.Handle, i.Author.ID); strings.TrimSpace(clean(name)) != "" {
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

func caseRecord(c crm.Change) []byte {
	var r record
	k := c.Case
	switch {
	case k.Contact != "":
		r.link(contactObject, k.Contact)
	case c.Contact != nil:
		r.link(contactObject, c.Contact.Key)
	case c.Refs.Contact != "":
		r.text("ContactId", c.Refs.Contact, maxShort)
	}
	r.text("Subject", k.Subject, maxSubject)
	r.text("Status", caseStatus(k.Status), maxShort)
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
	r.time("Social_Created_At__c", k.Created)
	r.time("Social_Solved_At__c", k.SolvedAt)
	r.text(parentField, k.Parent, maxShort)
	r.text(mergedField, k.MergedInto, maxShort)
	return r.close()
}

func interactionRecord(in *crm.Interaction, caseKey string) []byte {
	r := make(record, 0, 600+len(in.Text))
	r.link("Social_Case__r", caseKey)
	r.text("Social_Message__c", in.Message, maxShort)
	r.text("Social_Direction__c", string(in.Direction), maxShort)
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
