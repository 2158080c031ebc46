package rt

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// Redact removes what every revision of an interaction says; the transactions stay, with their subjects, which hold a key and a checksum. Only Options.Shred can do it:
// RT changes nothing that was written. Without it the error is PolicyBlocked and names what somebody must shred; asked again after that, Redact is content. Other errors
// as Push; what is not there is none.
func (s *Sink) Redact(ctx context.Context, subject crm.Subject, interaction, ref string) error {
	op := "redact interaction " + interaction + " of " + subject.String()
	where, revisions, err := s.revisions(ctx, op, subject, interaction, ref)
	if err != nil {
		return err
	}
	var records []string
	for _, id := range revisions {
		parts, err := s.parts(ctx, op, strconv.FormatInt(id, 10))
		if err != nil {
			return err
		}
		for _, part := range parts {
			records = append(records, "Attachment,"+part)
		}
	}
	return s.shred(ctx, op, "what was written on ticket "+where, records)
}

// revisions finds the comments of an interaction by its ref, which leads to the ticket, or else by the subject.
func (s *Sink) revisions(ctx context.Context, op string, subject crm.Subject, interaction, ref string) (where string, all []int64, err error) {
	if !isNumber(ref) {
		if subject.Ticket == "" || interaction == "" {
			return "", nil, nil
		}
		t, err := s.find(ctx, op, string(subject.Ticket), "")
		if t == nil || err != nil {
			return "", nil, err
		}
		found, err := s.comments(ctx, op, string(t.ID), interaction)
		return string(t.ID), found[interaction].all, err
	}
	var t struct {
		Object link
		Data   scalar
	}
	if err := s.get(ctx, op, remote.Path("transaction", ref), &t); err != nil {
		if gone(err) {
			err = nil
		}
		return "", nil, err
	}
	words := strings.Fields(string(t.Data))
	if len(words) != 3 || words[0] != mark || !isNumber(string(t.Object.ID)) {
		return "", nil, nil // none of ours
	}
	key, mine := s.ours(words[1])
	if !mine || interaction != "" && key != interaction {
		return "", nil, nil
	}
	found, err := s.comments(ctx, op, string(t.Object.ID), key)
	return string(t.Object.ID), found[key].all, err
}

// shred has records removed for good, or says which remain.
func (s *Sink) shred(ctx context.Context, op, what string, records []string) error {
	if len(records) == 0 {
		return nil
	}
	slices.Sort(records)
	if s.opts.Shred == nil {
		return s.fail(op, remote.PolicyBlocked, crm.Shorten("RT keeps "+what+" until rt-shredder removes "+strings.Join(records, " "), 280))
	}
	if err := s.opts.Shred(ctx, records); err != nil {
		if e, ok := errors.AsType[*remote.Error](err); ok {
			return e
		}
		return &remote.Error{Op: s.opts.Name + ": " + op, Kind: remote.Unavailable, Message: remote.Redact(err.Error(), s.opts.Token)}
	}
	return nil
}

// Erase removes the customer's user and tickets, with all that was said in them, by Options.Shred. Without it, it empties the user and disables it, empties the tickets'
// subjects and deletes them, which only hides them, and returns an error of kind PolicyBlocked that names what somebody must shred; asked again after that, Erase is content.
// What the person said as a party of somebody else's case stays. Other errors as Push.
func (s *Sink) Erase(ctx context.Context, contact, ref string) error {
	op := "erase contact " + contact
	name := s.key(contact)
	if contact == "" {
		if _, mine := s.ours(ref); !mine {
			return nil
		}
		name = ref
	}
	u, found, err := s.user(ctx, op, name)
	if err != nil || !found {
		return err
	}
	if u.Fields.first(keyField) != name && u.Fields.first(keyField) != "" {
		return nil // none of ours
	}
	tickets, err := s.ticketsOf(ctx, op, name)
	if err != nil {
		return err
	}
	records := []string{"User," + string(u.ID)}
	for _, t := range tickets {
		records = append(records, "Ticket,"+string(t.ID))
	}
	if s.opts.Shred == nil {
		if err := s.hide(ctx, op, name, tickets); err != nil {
			return err
		}
	}
	return s.shred(ctx, op, "a person and what was said", records)
}

// ticketsOf returns the customer's tickets that we made, deleted ones too.
func (s *Sink) ticketsOf(ctx context.Context, op, name string) ([]task, error) {
	var all []task
	for n := 1; ; n++ {
		var found page[task]
		query := url.Values{
			"query":  {"Requestor.Name = " + quoted(name) + " AND (Status != 'deleted' OR Status = 'deleted')"},
			"fields": {"Status,Subject,CustomFields"}, "orderby": {"id"}, "per_page": {strconv.Itoa(pageSize)}, "page": {strconv.Itoa(n)},
		}
		if err := s.get(ctx, op, "/tickets?"+query.Encode(), &found); err != nil {
			return nil, err
		}
		tickets, ok := found.list()
		if !ok {
			return nil, s.unreadable(op, errors.New("the answer to the search for tickets is not one"))
		}
		for _, t := range tickets {
			if _, mine := s.ours(t.Fields.first(keyField)); mine && isNumber(string(t.ID)) {
				all = append(all, t)
			}
		}
		if len(tickets) < pageSize {
			return all, nil
		}
	}
}

// hide does what RT lets us do.
func (s *Sink) hide(ctx context.Context, op, name string, tickets []task) error {
	for _, t := range tickets {
		if t.Subject == "" && t.Status == "deleted" {
			continue
		}
		if _, err := s.write(ctx, op, http.MethodPut, remote.Path("ticket", string(t.ID)), map[string]any{"Subject": "", "Status": "deleted"}); err != nil && !gone(err) {
			return err
		}
	}
	none := []string{}
	_, err := s.write(ctx, op, http.MethodPut, remote.Path("user", name), map[string]any{
		"RealName": "", "Disabled": 1, "CustomFields": map[string]any{emailsField: none, phonesField: none, profilesField: none, kindField: ""},
	})
	if gone(err) {
		return nil
	}
	return err
}
