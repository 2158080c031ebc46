package salesforce

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

const (
	refCases = "cases"
	refNotes = "notes"

	// casesPerLook and notesPerLook bound an answer; the texts of as many notes fit into what remote.Client reads.
	casesPerLook = 200
	notesPerLook = 20
)

// place is how far a look got in one object: everything up to SystemModstamp and, of that moment, up to the ID.
type place struct {
	At time.Time `json:"at"`
	ID string    `json:"id,omitempty"`
}

// cursor is how far looking got.
type cursor struct {
	Cases place `json:"cases"`
	Notes place `json:"notes"`
}

// Changes returns what people did in the org to our cases: a status or an owner that is no longer what we wrote, and what they wrote as interactions of their own.
// What our own user changed last is left out. A text goes to the customer only if the checkbox that Mapping.Reply names is ticked; ticked later, it goes out
// then. Of several changes of a case between two looks the last is told. It makes one call; the first one ever makes another, to learn who we are.
//
// Where a push and a person change a case between two looks, the push wins: it writes status and owner anew.
//
// Errors by kind: Rejected for a cursor of somebody else or a field that the org does not have; otherwise as Push.
func (s *Sink) Changes(ctx context.Context, after channel.Cursor) (crm.Batch, error) {
	const op = "read changes"
	if err := s.begin(op); err != nil {
		return crm.Batch{}, err
	}
	at, err := readCursor(after)
	if err != nil {
		return crm.Batch{}, &remote.Error{Op: s.name + ": " + op, Kind: remote.Rejected, Err: err}
	}
	if after == "" {
		return s.fromNow(ctx)
	}
	me, err := s.me(ctx)
	if err != nil {
		return crm.Batch{}, err
	}
	answer, err := s.client.Do(ctx, remote.Request{
		Op: op, Method: http.MethodPost, Path: compositePath, ContentType: "application/json", Idempotent: true,
		Body: composite([]subrequest{ask(refCases, s.casesAfter(at.Cases, me)), ask(refNotes, s.notesAfter(at.Notes, me))}, false),
	})
	if err != nil {
		return crm.Batch{}, err
	}
	cases, notes, err := readLook(answer)
	if err != nil {
		return crm.Batch{}, s.unreadable(op, answer, err)
	}
	settled := remote.ServerTime(answer.Header, s.now()).Add(-s.settle)
	batch := crm.Batch{Wait: s.every}
	batch.More = s.take(&batch, &at, cases, notes, settled)
	batch.Cursor = at.encode()
	return batch, nil
}

// fromNow is the first look: what people did before is history.
func (s *Sink) fromNow(ctx context.Context) (crm.Batch, error) {
	_, now, err := s.identify(ctx)
	if err != nil {
		return crm.Batch{}, err
	}
	from := place{At: now.Add(-s.settle)}
	return crm.Batch{Cursor: cursor{from, from}.encode(), Wait: s.every}, nil
}

// me returns the ID of the user whom the token stands for, asked once.
func (s *Sink) me(ctx context.Context) (string, error) {
	s.mu.Lock()
	id := s.user
	s.mu.Unlock()
	if id != "" {
		return id, nil
	}
	id, _, err := s.identify(ctx)
	return id, err
}

// identify asks the org who we are, and what time it is.
func (s *Sink) identify(ctx context.Context) (user string, now time.Time, err error) {
	const op = "read who we are"
	var told struct {
		Identity string `json:"identity"` // an address: .../id/00D.../005...
	}
	answer, err := s.client.Do(ctx, remote.Request{Op: op, Path: apiPath + "/", Into: &told})
	if err != nil {
		return "", time.Time{}, err
	}
	user = longID(told.Identity[strings.LastIndexByte(told.Identity, '/')+1:])
	if !isID(user) {
		return "", time.Time{}, s.unreadable(op, answer, errors.New("the answer does not name our user"))
	}
	s.mu.Lock()
	s.user = user
	s.mu.Unlock()
	return user, remote.ServerTime(answer.Header, s.now()), nil
}

// isID keeps anything else out of queries.
func isID(s string) bool {
	return len(s) == 18 && !strings.ContainsFunc(s, func(r rune) bool { return !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z') })
}

// ask is a query as a subrequest.
func ask(ref, soql string) subrequest {
	return subrequest{ref: ref, method: http.MethodGet, path: queryPath + "?q=" + url.QueryEscape(soql)}
}

func (s *Sink) casesAfter(p place, me string) string {
	return "SELECT Id,SystemModstamp," + keyField + ",Status,Social_Status__c,OwnerId,Social_Agent__c,LastModifiedById,LastModifiedBy.Name FROM Case WHERE " +
		keyField + "!=null AND LastModifiedById!=" + quoted(me) + " AND " + p.after(casesPerLook)
}

func (s *Sink) notesAfter(p place, me string) string {
	fields := "Id,SystemModstamp,Social_Case__r." + keyField + ",Social_Text__c,CreatedById,CreatedBy.Name"
	if reply := s.words.Reply; reply != "" {
		fields += "," + reply
	}
	return "SELECT " + fields + " FROM " + interactionObject + " WHERE " + keyField + "=null AND Social_Case__r." + keyField + "!=null AND CreatedById!=" + quoted(me) +
		" AND " + p.after(notesPerLook)
}

// after is the end of a query for what comes after the place, oldest first.
func (p place) after(limit int) string {
	at := p.At.UTC().Format(stampLayout)
	if p.ID == "" {
		return fmt.Sprintf("SystemModstamp>%s ORDER BY SystemModstamp,Id LIMIT %d", at, limit)
	}
	return fmt.Sprintf("(SystemModstamp>%s OR (SystemModstamp=%s AND Id>%s)) ORDER BY SystemModstamp,Id LIMIT %d", at, at, quoted(p.ID), limit)
}

// readLook reads the two answers of a look.
func readLook(answer *remote.Response) (cases, notes *page, err error) {
	outcomes, err := readAnswer(answer)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range outcomes {
		p := new(page)
		if err := json.Unmarshal(o.body, p); err != nil {
			return nil, nil, fmt.Errorf("the answer about %s is not what was expected: %w", o.ref, err)
		}
		switch {
		case p.Done == nil:
			return nil, nil, fmt.Errorf("the answer about %s has no records", o.ref)
		case o.ref == refCases:
			cases = p
		case o.ref == refNotes:
			notes = p
		}
	}
	if cases == nil || notes == nil {
		return nil, nil, errIncomplete
	}
	return cases, notes, nil
}

// told is an update and where it stands.
type told struct {
	place
	update crm.Update
}

// take turns rows into updates, in the order in which they happened, and moves the cursor past them. Rows that are not settled wait for the next look, and so do those
// after the end of a page that was cut. It reports whether there is more.
func (s *Sink) take(batch *crm.Batch, at *cursor, cases, notes *page, settled time.Time) (more bool) {
	horizon := settled
	for _, p := range []struct {
		*page
		limit int
	}{{cases, casesPerLook}, {notes, notesPerLook}} {
		if n := len(p.Rows); n > 0 && !p.whole(p.limit) {
			if last := p.Rows[n-1].stamp("SystemModstamp"); last.Before(horizon) {
				horizon, more = last, true
			}
		}
	}
	var all []told
	pass := func(p *place, r row, u crm.Update, ok bool) {
		now := place{r.stamp("SystemModstamp"), r.id()}
		if now.At.IsZero() || !isID(now.ID) || now.At.After(horizon) {
			return
		}
		if *p = now; ok {
			u.Time = now.At
			all = append(all, told{now, u})
		}
	}
	for _, r := range cases.Rows {
		u, ok := s.caseUpdate(r)
		pass(&at.Cases, r, u, ok)
	}
	for _, r := range notes.Rows {
		u, ok := s.noteUpdate(r)
		pass(&at.Notes, r, u, ok)
	}
	slices.SortStableFunc(all, func(a, b told) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	for _, t := range all {
		batch.Updates = append(batch.Updates, t.update)
	}
	return more
}

// caseUpdate is what somebody did to a case: where its status and owner are no longer those that go with what we wrote beside them.
func (s *Sink) caseUpdate(r row) (crm.Update, bool) {
	u := crm.Update{
		Key: r.id() + "/" + r.text("SystemModstamp"), Case: r.text(keyField), CaseRef: r.id(),
		Actor: ticket.Actor{Kind: ticket.ByCRM, ID: longID(r.text("LastModifiedById")), Name: r.text("LastModifiedBy.Name")},
	}
	ours := ticket.Status(r.text("Social_Status__c"))
	if status, known := s.words.status[r.text("Status")]; known && r.text("Status") != s.words.caseStatus(ours) {
		u.Status = status
	}
	agent := r.text("Social_Agent__c")
	if wrote, is := s.words.owner(agent), longID(r.text("OwnerId")); wrote != "" && is != wrote {
		if now, known := s.words.agent(is); known && now != agent {
			u.Agent = &now
		}
	}
	return u, u.Status != "" || u.Agent != nil
}

// noteUpdate is what somebody wrote. It is told once as a note, and once as a reply if it is marked as one, whatever becomes of the text.
func (s *Sink) noteUpdate(r row) (crm.Update, bool) {
	u := crm.Update{
		Key: r.id() + "/note", Case: r.text("Social_Case__r." + keyField),
		Actor: ticket.Actor{Kind: ticket.ByCRM, ID: longID(r.text("CreatedById")), Name: r.text("CreatedBy.Name")},
	}
	text := strings.TrimSpace(r.text("Social_Text__c"))
	if s.words.Reply != "" && r.flag(s.words.Reply) {
		u.Key, u.Reply, u.Ref = r.id()+"/reply", text, r.id()
	} else {
		u.Note = text
	}
	return u, text != ""
}

func (c cursor) encode() channel.Cursor {
	data, _ := json.Marshal(c) // times and texts always marshal
	return channel.Cursor(data)
}

func readCursor(after channel.Cursor) (c cursor, err error) {
	if after == "" {
		return c, nil
	}
	if err = json.Unmarshal([]byte(after), &c); err == nil {
		for _, p := range []place{c.Cases, c.Notes} {
			if p.At.IsZero() || p.ID != "" && !isID(p.ID) {
				err = errors.New("it names no place")
			}
		}
	}
	if err != nil {
		return c, fmt.Errorf("cursor %q was not given here: %w", fit(string(after), 100), err)
	}
	return c, nil
}
