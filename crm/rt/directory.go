package rt

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// maxAsked bounds the calls of a look-up: each value but RT's own e-mail addresses takes one.
const maxAsked = 12

// Lookup finds the one customer with any of the e-mail addresses (RT's own and SocialEmails), phone numbers (SocialPhones) or profiles (SocialProfiles). A user whom people
// made goes before one of ours: found is the only one of those, or else the only one of ours that is not merged. E-mail addresses are compared in any case. Person.Ref
// is the user's name. It makes one call for the addresses and one for each further value. Errors as Push.
func (s *Sink) Lookup(ctx context.Context, q crm.Lookup) (crm.Person, bool, error) {
	const op = "look up a customer"
	var searches [][]condition
	var mail []condition
	add := func(field, value string) {
		if value = line(value, maxValue); value != "" {
			searches = append(searches, []condition{{"CustomField.{" + field + "}", "=", value, ""}})
		}
	}
	for _, e := range q.Emails {
		if e = line(e, maxValue); e != "" {
			mail = append(mail, condition{"EmailAddress", "=", e, "OR"})
			add(emailsField, e)
		}
	}
	for _, p := range q.Phones {
		add(phonesField, p)
	}
	for _, i := range q.Identities {
		add(profilesField, profile(i))
	}
	searches = searches[:min(len(searches), maxAsked)]
	if len(mail) > 0 {
		searches = append([][]condition{mail[:min(len(mail), maxAsked)]}, searches...)
	}
	var theirs, own []user
	for _, conditions := range searches {
		var found page[user]
		if err := s.search(ctx, op, "/users?fields=Name,RealName,EmailAddress,Lang,CustomFields&per_page=20", conditions, &found); err != nil {
			return crm.Person{}, false, err
		}
		users, ok := found.list()
		if !ok {
			return crm.Person{}, false, s.unreadable(op, errors.New("the answer to the search for users is not one"))
		}
		for _, u := range users {
			same := func(v user) bool { return v.Name == u.Name }
			key, mine := s.ours(string(u.Name))
			switch {
			case !fits(&u, q): // RT ignores a condition that it does not know, and compares more loosely than we do
			case u.Fields.first(keyField) == "":
				if !slices.ContainsFunc(theirs, same) {
					theirs = append(theirs, u)
				}
			case mine && u.Fields.first(keyField) == s.key(key) && u.Fields.first(mergedField) == "" && !slices.ContainsFunc(own, same):
				own = append(own, u)
			}
		}
	}
	if len(theirs) == 0 {
		theirs = own
	}
	if len(theirs) != 1 {
		return crm.Person{}, false, nil
	}
	return s.person(&theirs[0]), true, nil
}

// fits reports whether a user has something of what was looked for.
func fits(u *user, q crm.Lookup) bool {
	has := func(field, value string) bool {
		values, _ := u.Fields.values(field)
		return value != "" && slices.Contains(values, line(value, maxValue))
	}
	emails, _ := u.Fields.values(emailsField)
	emails = append(emails, string(u.Email))
	return slices.ContainsFunc(q.Emails, func(want string) bool {
		return want != "" && slices.ContainsFunc(emails, func(e string) bool { return strings.EqualFold(e, line(want, maxValue)) })
	}) || slices.ContainsFunc(q.Phones, func(want string) bool { return has(phonesField, want) }) ||
		slices.ContainsFunc(q.Identities, func(i crm.Identity) bool { return has(profilesField, profile(i)) })
}

func (s *Sink) person(u *user) crm.Person {
	p := crm.Person{Ref: string(u.Name), Name: string(u.RealName), Language: string(u.Lang), Kind: ticket.ContactKind(u.Fields.first(kindField))}
	if m := s.words.Tier; m != "" {
		p.Tier = u.Fields.first(m)
	}
	if m := s.words.Segment; m != "" {
		p.Segment = u.Fields.first(m)
	}
	emails, _ := u.Fields.values(emailsField)
	if u.Email != "" {
		emails = slices.DeleteFunc(emails, func(e string) bool { return strings.EqualFold(e, string(u.Email)) })
		emails = slices.Insert(emails, 0, string(u.Email))
	}
	p.Emails = emails
	p.Phones, _ = u.Fields.values(phonesField)
	return p
}
