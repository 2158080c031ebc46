package salesforce

import (
	"cmp"
	"context"
	"net/http"
	"strconv"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

const (
	// maxComment is what a CaseComment holds, in bytes.
	maxComment = 4000
	// commentsPerCall: a comment takes two subrequests, itself and the link to it.
	commentsPerCall = maxSubrequests / 2
)

// mirrorAll repeats interactions as CaseComments. A CaseComment has no external ID, so one is made only when the answer just said that its interaction is new: after a
// lost answer it is missing, and never there twice. The interaction keeps its ID, by which it follows edits and deletions.
//
// That a comment could not be made is no error of the push; that one could not be changed or deleted is, because it shows what somebody took back.
func (s *Sink) mirrorAll(ctx context.Context, c crm.Change, outcomes []outcome, caseID string) error {
	if !s.mirror {
		return nil
	}
	var fresh []outcome
	var changed []string
	for _, o := range outcomes {
		switch in := interactionOf(c, o.ref); {
		case in == nil || o.failed:
		case o.created && in.Text != "" && o.id != "":
			fresh = append(fresh, o)
		case !o.created && !(in.Edited.IsZero() && in.Deleted.IsZero()):
			changed = append(changed, in.Key)
		}
	}
	if err := s.changeComments(ctx, c, changed); err != nil {
		return err
	}
	for len(fresh) > 0 && caseID != "" {
		n := min(len(fresh), commentsPerCall)
		s.makeComments(ctx, c, fresh[:n], caseID)
		fresh = fresh[n:]
	}
	return nil
}

// makeComments makes comments and links them, all or none.
func (s *Sink) makeComments(ctx context.Context, c crm.Change, fresh []outcome, caseID string) {
	var all []subrequest
	for _, o := range fresh {
		in := interactionOf(c, o.ref)
		var comment, link record
		comment.text("ParentId", caseID, maxShort)
		comment.text("CommentBody", commentBody(in), maxComment)
		comment.flag("IsPublished", false) // publishing may write to the customer
		link.text("Social_Comment__c", "@{comment_"+o.ref+".id}", maxShort)
		all = append(all,
			subrequest{ref: "comment_" + o.ref, method: http.MethodPost, path: apiPath + remote.Path("sobjects", commentObject), body: comment.close()},
			subrequest{ref: "link_" + o.ref, path: apiPath + remote.Path("sobjects", interactionObject, o.id), body: link.close()})
	}
	_, _ = s.client.Do(ctx, remote.Request{
		Op: "comment on " + c.Subject.String(), Method: http.MethodPost, Path: compositePath, Body: composite(all, true), ContentType: "application/json",
	})
}

// changeComments lets comments follow the edits and deletions of their interactions.
func (s *Sink) changeComments(ctx context.Context, c crm.Change, keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	op := "comment on " + c.Subject.String()
	found, err := s.query(ctx, op, "SELECT "+keyField+",Social_Comment__c FROM "+interactionObject+" WHERE "+in(keyField, keys)+" AND Social_Comment__c!=null LIMIT "+
		strconv.Itoa(len(keys)))
	if err != nil {
		return err
	}
	for i := range c.Interactions {
		in := &c.Interactions[i]
		for _, r := range found.Rows {
			comment := longID(r.text("Social_Comment__c"))
			if r.text(keyField) != in.Key || !isID(comment) {
				continue
			}
			method, body := http.MethodDelete, []byte(nil)
			if in.Deleted.IsZero() && in.Text != "" {
				var r record
				r.text("CommentBody", commentBody(in), maxComment)
				method, body = http.MethodPatch, r.close()
			}
			if err := s.change(ctx, op, method, commentObject, comment, body); err != nil {
				return err
			}
		}
	}
	return nil
}

// commentBody is who wrote and what, cut to what a comment holds.
func commentBody(in *crm.Interaction) string {
	who := cmp.Or(in.Actor.Name, in.Actor.ID)
	if in.Direction == ticket.Inbound {
		who = cmp.Or(in.Author.Name, in.Author.Handle)
	}
	if who != "" {
		who += ": "
	}
	return crm.Shorten(crm.Printable(who+in.Text), maxComment)
}
