package rt

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// user is a user of RT, who may be a customer, a colleague or a program.
type user struct {
	ID         scalar `json:"id"` // a number; their name where a search tells of them
	Name       scalar
	RealName   scalar
	Email      scalar `json:"EmailAddress"`
	Lang       scalar
	Privileged scalar
	Fields     fields `json:"CustomFields"`
}

// userLists are the custom fields of users that hold several values.
var userLists = []string{emailsField, phonesField, profilesField}

// profile is how an identity is written: by the ID on the platform, or else the handle or address.
func profile(i crm.Identity) string {
	who := i.Author.ID
	for _, other := range []string{i.Author.Handle, i.Author.URL} {
		if who == "" {
			who = other
		}
	}
	if who == "" {
		return ""
	}
	return i.Platform + " " + who
}

func (s *Sink) userFields(c *crm.Contact) map[string][]string {
	var profiles []string
	for _, i := range c.Identities {
		profiles = append(profiles, profile(i))
	}
	return map[string][]string{
		keyField: {s.key(c.Key)}, emailsField: lines(c.Emails), phonesField: lines(c.Phones), profilesField: lines(profiles), kindField: one(string(c.Kind)),
		mergedField: one(c.MergedInto),
	}
}

// putContact makes the customer's user, or changes what is different. It returns the user's name as soon as there is one.
func (s *Sink) putContact(ctx context.Context, op string, c *crm.Contact) (string, error) {
	name := s.key(c.Key)
	u, found, err := s.user(ctx, op, name)
	if err != nil {
		return "", err
	}
	want := s.userFields(c)
	if !found {
		body := map[string]any{"Name": name, "RealName": line(c.Name, maxName), "Privileged": 0, "CustomFields": asWritten(want, userLists)}
		if c.Language != "" {
			body["Lang"] = line(c.Language, 16)
		}
		answer, err := s.write(ctx, op, http.MethodPost, "/user", body)
		if err != nil {
			if refuses(err) {
				if _, found, look := s.user(ctx, op, name); look == nil && found {
					return "", s.fail(op, remote.Unavailable, "somebody else made user "+name+" at the same moment")
				}
			}
			return "", err
		}
		if idOf(answer, "user") == "" {
			return "", &remote.Error{Op: s.opts.Name + ": " + op, Kind: remote.Unknown, Status: answer.Status, Message: "RT does not say which user it made"}
		}
		if u, found, err = s.user(ctx, op, name); err != nil {
			return name, err
		}
		if !found {
			return name, s.fail(op, remote.Unknown, "RT does not show user "+name+", whom it has just made")
		}
	}
	change := s.userChange(u, c, want)
	if len(change) == 0 {
		return name, nil
	}
	answer, err := s.write(ctx, op, http.MethodPut, remote.Path("user", name), change)
	if err != nil {
		return name, err
	}
	if u, found, err = s.user(ctx, op, name); err != nil || found && len(s.userChange(u, c, want)) == 0 {
		return name, err
	}
	return name, s.fail(op, remote.Rejected, "RT did not change user "+name+" as it was asked"+said(answer.Body))
}

// userChange is what is to be changed, empty if nothing is.
func (s *Sink) userChange(u user, c *crm.Contact, want map[string][]string) map[string]any {
	change := make(map[string]any)
	if name := line(c.Name, maxName); string(u.RealName) != name {
		change["RealName"] = name
	}
	if lang := line(c.Language, 16); lang != "" && string(u.Lang) != lang {
		change["Lang"] = lang
	}
	if custom := u.Fields.differing(want, userLists...); len(custom) > 0 {
		change["CustomFields"] = custom
	}
	return change
}

// user reads a user by name.
func (s *Sink) user(ctx context.Context, op, name string) (u user, found bool, err error) {
	err = s.get(ctx, op, remote.Path("user", name), &u)
	switch {
	case gone(err):
		return u, false, nil
	case err == nil && u.Name == "" && u.Privileged != "":
		err = s.fail(op, remote.PolicyBlocked, "RT shows our user no more than a summary of others: it needs the right AdminUsers")
	case err == nil && u.Name == "":
		err = s.unreadable(op, errors.New("the answer about the user is none"))
	}
	return u, err == nil, err
}

// asWritten are custom fields of a record that is to be made. RT ignores those that it does not have.
func asWritten(want map[string][]string, several []string) map[string]any {
	out := make(map[string]any)
	for name, values := range want {
		switch {
		case len(values) == 0:
		case slices.Contains(several, name):
			out[name] = values
		default:
			out[name] = values[0]
		}
	}
	return out
}
