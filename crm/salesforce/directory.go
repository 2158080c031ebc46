package salesforce

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

const (
	// maxAsked bounds the values in a query, and so the length of its address.
	maxAsked = 20
	// maxFound is how many who fit are compared; more are too many anyway.
	maxFound = 20
)

// Lookup finds the one customer with any of the e-mail addresses, phone numbers or profiles (in the fields that Mapping.Handles names). Whom the company knows by itself
// goes before a contact that was pushed: found is the only one of those, or else the only contact of ours that is not merged. Addresses are compared in any
// case, profiles' IDs as they are, handles in any case and with or without "@". It makes one call. Errors as Push.
func (s *Sink) Lookup(ctx context.Context, q crm.Lookup) (crm.Person, bool, error) {
	const op = "look up a customer"
	soql := s.lookupQuery(q)
	if soql == "" {
		return crm.Person{}, false, nil
	}
	if err := s.begin(op); err != nil {
		return crm.Person{}, false, err
	}
	found, err := s.query(ctx, op, soql)
	if err != nil {
		return crm.Person{}, false, err
	}
	var theirs, ours []row
	for _, r := range found.Rows {
		switch {
		case !s.fits(r, q): // SOQL compares without regard to case, and platforms' IDs differ in nothing else
		case r.text(keyField) == "":
			theirs = append(theirs, r)
		default:
			ours = append(ours, r)
		}
	}
	if len(theirs) == 0 {
		theirs = ours
	}
	if len(theirs) != 1 {
		return crm.Person{}, false, nil
	}
	return s.person(theirs[0]), true, nil
}

// lookupQuery is empty where there is nothing to look for.
func (s *Sink) lookupQuery(q crm.Lookup) string {
	w := s.words
	var conditions []string
	add := func(field string, values []string) {
		if values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" }); len(values) > 0 {
			conditions = append(conditions, in(field, values[:min(len(values), maxAsked)]))
		}
	}
	add(w.customer.email, q.Emails)
	add("Phone", q.Phones)
	add(w.customer.mobile, q.Phones)
	fields := []string{"Id", "Name", keyField, "Social_Kind__c", "OwnerId", w.customer.email, "Phone", w.customer.mobile, w.language()}
	for _, i := range q.Identities {
		if field := w.Handles[i.Platform]; field != "" {
			handle := strings.TrimPrefix(i.Author.Handle, "@")
			values := []string{i.Author.ID, handle}
			if handle != "" {
				values = append(values, "@"+handle)
			}
			add(field, values)
			fields = append(fields, field)
		}
	}
	if len(conditions) == 0 {
		return ""
	}
	for _, field := range []string{w.Tier, w.Segment} {
		if field != "" {
			fields = append(fields, field)
		}
	}
	slices.Sort(fields)
	where := mergedField + "=null AND (" + strings.Join(conditions[:min(len(conditions), maxAsked)], " OR ") + ")"
	if w.PersonAccounts {
		where = "IsPersonAccount=true AND " + where
	}
	return "SELECT " + strings.Join(slices.Compact(fields), ",") + " FROM " + w.customer.object + " WHERE " + where + " ORDER BY " + keyField + " NULLS FIRST LIMIT " + strconv.Itoa(maxFound)
}

func (w *words) language() string { return cmp.Or(w.Language, "Social_Language__c") }

// fits reports whether a row has something of what was looked for.
func (s *Sink) fits(r row, q crm.Lookup) bool {
	w := s.words
	return slices.ContainsFunc(q.Emails, func(email string) bool { return email != "" && strings.EqualFold(email, r.text(w.customer.email)) }) ||
		slices.ContainsFunc(q.Phones, func(phone string) bool {
			return phone != "" && (phone == r.text("Phone") || phone == r.text(w.customer.mobile))
		}) ||
		slices.ContainsFunc(q.Identities, func(i crm.Identity) bool {
			field := w.Handles[i.Platform]
			if field == "" {
				return false
			}
			has, handle := strings.TrimPrefix(r.text(field), "@"), strings.TrimPrefix(i.Author.Handle, "@")
			return has != "" && (has == i.Author.ID || strings.EqualFold(has, handle))
		})
}

func (s *Sink) person(r row) crm.Person {
	w := s.words
	p := crm.Person{
		Ref: r.text("Id"), Name: r.text("Name"), Kind: ticket.ContactKind(r.text("Social_Kind__c")), Language: r.text(w.language()), Owner: w.agents[longID(r.text("OwnerId"))],
	}
	if w.Tier != "" {
		p.Tier = r.text(w.Tier)
	}
	if w.Segment != "" {
		p.Segment = r.text(w.Segment)
	}
	if email := r.text(w.customer.email); email != "" {
		p.Emails = []string{email}
	}
	for _, phone := range []string{r.text("Phone"), r.text(w.customer.mobile)} {
		if phone != "" && !slices.Contains(p.Phones, phone) {
			p.Phones = append(p.Phones, phone)
		}
	}
	return p
}
