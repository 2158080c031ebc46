package rt

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// task is a ticket of RT.
type task struct {
	ID         scalar `json:"id"`
	Subject    scalar
	Status     scalar
	Priority   scalar
	Owner      link
	Requestors []link `json:"Requestor"`
	Fields     fields `json:"CustomFields"`
	Links      []struct {
		Ref string `json:"ref"`
	} `json:"_hyperlinks"`

	fresh bool // made by this very Push
}

// commentable reports whether our user may comment: RT links to what one may do.
func (t *task) commentable() bool {
	for _, l := range t.Links {
		if l.Ref == "comment" {
			return true
		}
	}
	return false
}

var ticketLists = []string{"SocialTags", "SocialRelated"}

func (s *Sink) ticketFields(c *crm.Case) map[string][]string {
	visibility := "public"
	if c.Private {
		visibility = "private"
	}
	return map[string][]string{
		keyField: {s.key(c.Key)}, "SocialStatus": one(string(c.Status)), "SocialAgent": one(c.Agent), "SocialAccount": one(c.Account.String()), "SocialVisibility": one(visibility),
		"SocialLane": one(c.Lane), "SocialTeam": one(c.Team), "SocialLanguage": one(c.Language), "SocialTags": lines(c.Tags), "SocialParent": one(c.Parent), mergedField: one(c.MergedInto),
		"SocialRelated": lines(c.Related),
	}
}

// putCase makes the ticket, or changes what is different, and returns it as RT then has it.
func (s *Sink) putCase(ctx context.Context, op string, c *crm.Change, receipt *crm.Receipt) (*task, error) {
	if _, err := s.has(ctx, op); err != nil {
		return nil, err
	}
	t, err := s.find(ctx, op, c.Case.Key, c.Refs.Case)
	if err != nil {
		return nil, err
	}
	if t == nil {
		if t, err = s.create(ctx, op, c, receipt); err != nil {
			return nil, err
		}
	}
	receipt.Case = string(t.ID)
	if t.Fields.first(keyField) != s.key(c.Case.Key) {
		receipt.Case = c.Refs.Case
		return t, nil // people merged it into another, whose fields are not ours to write
	}
	change, err := s.ticketChange(ctx, op, t, c)
	if err != nil || len(change) == 0 {
		return t, err
	}
	answer, err := s.write(ctx, op, http.MethodPut, remote.Path("ticket", string(t.ID)), change)
	if err != nil {
		return nil, err
	}
	fresh := t.fresh
	if t, err = s.ticket(ctx, op, string(t.ID)); err != nil {
		return nil, err
	}
	t.fresh = fresh
	if change, err = s.ticketChange(ctx, op, t, c); err == nil && len(change) > 0 {
		err = s.fail(op, remote.Rejected, "RT did not change ticket "+string(t.ID)+" as it was asked"+said(answer.Body))
	}
	return t, err
}

// find returns the case's ticket, nil where there is none. A ref that leads elsewhere is not believed, unless people merged its ticket into another.
func (s *Sink) find(ctx context.Context, op, key, ref string) (*task, error) {
	if isNumber(ref) {
		t, err := s.ticket(ctx, op, ref)
		switch {
		case gone(err):
		case err != nil:
			return nil, err
		case t.Status == "deleted":
		case t.Fields.first(keyField) == s.key(key) || string(t.ID) != ref:
			return t, nil
		}
	}
	var found page[task]
	query := url.Values{"query": {"'CF.{" + keyField + "}' = " + quoted(s.key(key))}, "orderby": {"id"}, "per_page": {"2"}}
	if err := s.get(ctx, op, "/tickets?"+query.Encode(), &found); err != nil {
		return nil, err
	}
	tickets, ok := found.list()
	if !ok {
		return nil, s.unreadable(op, errors.New("the answer to the search for the ticket is not one"))
	}
	for _, hit := range tickets {
		t, err := s.ticket(ctx, op, string(hit.ID))
		if err != nil {
			return nil, err
		}
		if t.Fields.first(keyField) == s.key(key) {
			return t, nil
		}
	}
	return nil, nil
}

// ticket reads a ticket. RT answers with the one that a merged ticket went into.
func (s *Sink) ticket(ctx context.Context, op, id string) (*task, error) {
	t := new(task)
	if err := s.get(ctx, op, remote.Path("ticket", id), t); err != nil {
		return nil, err
	}
	if t.ID == "" || t.Status == "" {
		return nil, s.unreadable(op, errors.New("the answer about the ticket is none"))
	}
	return t, nil
}

// create makes the ticket, and tells the Receipt as soon as there is one.
func (s *Sink) create(ctx context.Context, op string, c *crm.Change, receipt *crm.Receipt) (*task, error) {
	body := map[string]any{
		"Queue": s.opts.Queue, "Subject": line(c.Case.Subject, maxSubject), "Status": s.words.word(c.Case.Status), "Priority": s.words.priority(c.Case.Priority),
		"CustomFields": asWritten(s.ticketFields(c.Case), ticketLists),
	}
	if owner := s.words.owner(c.Case.Agent); owner != "" {
		body["Owner"] = owner
	}
	if c.Case.Contact != "" {
		if err := s.known(ctx, op, c); err != nil {
			return nil, err
		}
		body["Requestor"] = s.key(c.Case.Contact)
	}
	answer, err := s.write(ctx, op, http.MethodPost, "/ticket", body)
	if err != nil {
		return nil, err
	}
	id := idOf(answer, "ticket")
	if id == "" {
		return nil, &remote.Error{Op: s.opts.Name + ": " + op, Kind: remote.Unknown, Status: answer.Status, Message: "RT does not say which ticket it made"}
	}
	receipt.Case = id
	t, err := s.ticket(ctx, op, id)
	if err != nil {
		return nil, err
	}
	t.fresh = true
	if t.Fields.first(keyField) != s.key(c.Case.Key) {
		// Without its key it would be made anew each time.
		return nil, s.fail(op, remote.Rejected, "RT did not keep "+keyField+" of ticket "+id+": our user needs the right ModifyCustomField; delete that ticket")
	}
	return t, nil
}

// known reports an error unless RT has the case's contact: RT would fail half way on a requestor that it does not know, or make one.
func (s *Sink) known(ctx context.Context, op string, c *crm.Change) error {
	if c.Contact != nil && c.Contact.Key == c.Case.Contact {
		return nil // just written
	}
	if _, found, err := s.user(ctx, op, s.key(c.Case.Contact)); err != nil || found {
		return err
	}
	return s.fail(op, remote.NotFound, "contact "+c.Case.Contact+" of the case is not in RT")
}

// ticketChange is what is to be changed, empty if nothing is.
func (s *Sink) ticketChange(ctx context.Context, op string, t *task, c *crm.Change) (map[string]any, error) {
	change := make(map[string]any)
	if subject := line(c.Case.Subject, maxSubject); string(t.Subject) != subject {
		change["Subject"] = subject
	}
	if !s.words.means(string(t.Status), c.Case.Status) {
		change["Status"] = s.words.word(c.Case.Status)
	}
	if priority := s.words.priority(c.Case.Priority); string(t.Priority) != priority {
		change["Priority"] = priority
	}
	if owner := s.words.owner(c.Case.Agent); owner != "" && !strings.EqualFold(string(t.Owner.ID), owner) {
		change["Owner"] = owner
	}
	if custom := t.Fields.differing(s.ticketFields(c.Case), ticketLists...); len(custom) > 0 {
		change["CustomFields"] = custom
	}
	if c.Case.Contact == "" {
		return change, nil
	}
	// Further requestors are people's own affair.
	requestors, is := []string{s.key(c.Case.Contact)}, false
	stray := false
	for _, r := range t.Requestors {
		switch _, mine := s.ours(string(r.ID)); {
		case string(r.ID) == requestors[0]:
			is = true
		case mine:
			stray = true
		default:
			requestors = append(requestors, string(r.ID))
		}
	}
	if !is || stray {
		if err := s.known(ctx, op, c); err != nil {
			return nil, err
		}
		change["Requestor"] = requestors
	}
	return change, nil
}

// idOf returns the number of what was made, from where RT says that it is.
func idOf(answer *remote.Response, kind string) string {
	_, id, _ := strings.Cut(answer.Header.Get("Location"), "/"+kind+"/")
	if !isNumber(id) {
		return ""
	}
	return id
}

// isNumber keeps anything else out of paths and queries.
func isNumber(s string) bool {
	return s != "" && len(s) < 19 && !slices.ContainsFunc([]byte(s), func(c byte) bool { return c < '0' || c > '9' })
}

// quoted is a text as a literal of TicketSQL and TransactionSQL.
func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(crm.Printable(s)) + "'"
}
