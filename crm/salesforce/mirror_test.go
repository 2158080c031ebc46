package salesforce

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// comments returns what the comments of the org say, in order.
func (o *org) comments() (all []string) {
	for _, r := range o.objects[commentObject] {
		all = append(all, text(r, "CommentBody"))
	}
	slices.Sort(all)
	return all
}

func TestCommentsFollowInteractions(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{MirrorComments: true})
	expect := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, o.comments()); diff != "" {
			t.Errorf("comments (-want +got):\n%s", diff)
		}
	}
	c := change(3, "")
	in := c.Interactions
	in[0].Author, in[0].Text = channel.Author{Name: "Ada"}, "a: Where is my bag?"
	in[1].Direction, in[1].Actor, in[1].Text = ticket.Outbound, ticket.Actor{Kind: ticket.ByAgent, ID: "jo", Name: "Jo"}, "b: On its way."
	in[2].Text = "c: Thanks!"
	for range 2 { // again is no news
		pushed(t, sink, c)
		expect("Ada: a: Where is my bag?", "Jo: b: On its way.", "c: Thanks!")
	}
	in[0].Edited, in[0].Text = loginTime, "a: Where is my green bag?"
	in[2].Deleted = loginTime
	for range 2 {
		pushed(t, sink, c)
		expect("Ada: a: Where is my green bag?", "Jo: b: On its way.")
	}
	for _, r := range o.objects[commentObject] {
		if r["IsPublished"] != false {
			t.Error("a comment is published, and may be sent to the customer")
		}
	}
}

func TestACommentIsNeverThereTwice(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{MirrorComments: true})
	lose := crmtest.Lose()
	o.faults = []*crmtest.Fault{&lose}
	c := change(2, "Where is my bag?")
	if _, err := sink.Push(t.Context(), c); err == nil {
		t.Fatal("the answer was lost, and there is no error")
	}
	pushed(t, sink, c)
	pushed(t, sink, c)
	if n := len(o.objects[commentObject]); n != 0 {
		t.Errorf("%d comments: whether interactions are new was lost with the answer", n)
	}
}

func TestMoreCommentsThanACallTakes(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{MirrorComments: true})
	pushed(t, sink, change(40, "Where is my bag?"))
	if n := len(o.objects[commentObject]); n != 40 || o.calls != 2+4 {
		t.Errorf("%d comments in %d calls, want 40 in 6", n, o.calls)
	}
}

func TestAnEditThatDoesNotReachTheCommentIsTriedAgain(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{MirrorComments: true})
	c := change(1, "Where is my bag?")
	pushed(t, sink, c)
	c.Interactions[0].Deleted, c.Interactions[0].Text = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), ""
	o.failAt = o.calls + 3 // the push, the query, the deletion
	if _, err := sink.Push(t.Context(), c); remote.KindOf(err) != remote.Unavailable || err == nil {
		t.Fatalf("error %v, want unavailable", err)
	}
	pushed(t, sink, c)
	if n := len(o.objects[commentObject]); n != 0 {
		t.Errorf("%d comments show what the customer has deleted", n)
	}
}

func TestCommentsAreCutBetweenRunes(t *testing.T) {
	t.Parallel()
	for _, body := range []string{strings.Repeat("ö", 2500), strings.Repeat("👍", 1200), strings.Repeat("a", 4001), strings.Repeat("a", 4000)} {
		got := commentBody(&crm.Interaction{Text: body})
		kept, cut := strings.CutSuffix(got, "…")
		if len(got) > maxComment || len(got) < maxComment-4 || !utf8.ValidString(got) || !strings.HasPrefix(body, kept) || cut != (len(body) > maxComment) {
			t.Errorf("%d bytes become %d", len(body), len(got))
		}
	}
}
