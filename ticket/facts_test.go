package ticket

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/channel"
	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

func TestFactsOfATicketItsContactAndItsMessage(t *testing.T) {
	t.Parallel()
	f := &Facts{
		Ticket: &Ticket{
			Account: channel.AccountID{Platform: "facebook", ID: "12/34"}, Visibility: channel.Private, Language: "de", Status: OnHold, Priority: High, Lane: "returns",
			Team: "north", Agent: "ann", Tags: []string{"a", "b"}, Subject: "Where?", FollowUpOf: "T-0", Late: true,
		},
		Contact: &Contact{Kind: Seller, Tier: "gold", Segment: "home", Language: "nl", Owner: "bob"},
		Message: &channel.Message{
			Text: "Hello", Mentions: []string{"ao"}, Tags: []string{"fail"}, Attachments: make([]channel.Attachment, 2), Payload: "YES",
			Author: channel.Author{ID: "7", Handle: "erika", Name: "Erika", Followers: 12, Bot: true, Language: "fr"}, Facts: map[string]string{"rating": "2"},
		},
	}
	for name, want := range map[string]rule.Value{
		"account": rule.Text("facebook/12/34"), "platform": rule.Text("facebook"), "visibility": rule.Text("private"), "language": rule.Text("de"),
		"status": rule.Text("on-hold"), "priority": rule.Text("high"), "lane": rule.Text("returns"), "team": rule.Text("north"), "agent": rule.Text("ann"),
		"tags": rule.Texts("a", "b"), "subject": rule.Text("Where?"), "follow_up": rule.Bool(true), "late": rule.Bool(true),
		"contact.kind": rule.Text("seller"), "contact.tier": rule.Text("gold"), "contact.segment": rule.Text("home"), "contact.language": rule.Text("nl"),
		"contact.owner": rule.Text("bob"),
		"text":          rule.Text("Hello"), "mentions": rule.Texts("ao"), "hashtags": rule.Texts("fail"), "attachments": rule.Number(2), "payload": rule.Text("YES"),
		"author": rule.Text("7"), "author.handle": rule.Text("erika"), "author.name": rule.Text("Erika"), "author.followers": rule.Number(12),
		"author.bot": rule.Bool(true), "author.language": rule.Text("fr"), "message.rating": rule.Text("2"),
		"message.other": {}, "no such fact": {}, "": {},
	} {
		if got := f.Fact(name); !got.Equal(want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestFactsThatAreNotKnownAreMissing(t *testing.T) {
	t.Parallel()
	empty := &Facts{Ticket: &Ticket{}, Contact: &Contact{}, Message: &channel.Message{}}
	for name, want := range map[string]rule.Value{
		"platform": {}, "visibility": rule.Text("public"), "language": {}, "status": {}, "priority": rule.Text("normal"), "lane": {}, "tags": {},
		"follow_up": rule.Bool(false), "late": rule.Bool(false), "contact.kind": rule.Text("customer"), "contact.tier": {}, "text": {}, "mentions": {},
		"attachments": rule.Number(0), "author": {}, "author.followers": {}, "author.bot": rule.Bool(false), "message.": {},
	} {
		if got := empty.Fact(name); !got.Equal(want) {
			t.Errorf("%s of what is empty: got %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"account", "status", "late", "contact.kind", "text", "author.bot", "attachments", "message.rating"} {
		if got := (&Facts{}).Fact(name); !got.Missing() {
			t.Errorf("%s of nothing: got %v, want none", name, got)
		}
	}
}

func TestClockFacts(t *testing.T) {
	t.Parallel()
	c := &Ticket{
		Account: channel.AccountID{Platform: "x", ID: "1"}, Visibility: channel.Private, Language: "de", Lane: "returns", Agent: "ann", Tags: []string{"a"}, Priority: Urgent,
	}
	want := sla.Facts{
		Account: "x/1", Platform: "x", Visibility: "private", Language: "de", Lane: "returns", Agent: "ann", Tags: []string{"a"}, Priority: Urgent,
	}
	if diff := cmp.Diff(want, c.ClockFacts(nil)); diff != "" {
		t.Errorf("without a contact (-want +got):\n%s", diff)
	}
	want.Tier = "gold"
	if diff := cmp.Diff(want, c.ClockFacts(&Contact{Tier: "gold"})); diff != "" {
		t.Errorf("with a contact (-want +got):\n%s", diff)
	}
}

func TestComparePromiseHandsOutTheNearestPromiseFirst(t *testing.T) {
	t.Parallel()
	at := func(minutes int) time.Time { return modelTime.Add(time.Duration(minutes) * time.Minute) }
	due := func(minutes int, v sla.Verdict) sla.Clock { return sla.Clock{Due: at(minutes), Verdict: v} }
	clocks := func(c ...sla.Clock) sla.State { return sla.State{Clocks: c} }
	owed := func(minutes int) sla.Clock { c := due(minutes, sla.Breached); c.Since = at(-60); return c }
	answered := func(minutes int) sla.Clock { c := owed(minutes); c.Since, c.Stopped = time.Time{}, at(0); return c }
	inOrder := []Ticket{
		{ID: "broken longest ago, and another can be kept", Clocks: clocks(due(1, sla.Running), owed(-20))},
		{ID: "broken, and the window closes later", Clocks: clocks(owed(-10)), ReplyBy: at(30)},
		{ID: "broken, urgent", Clocks: clocks(owed(-5)), Priority: Urgent},
		{ID: "broken and answered too late; another was broken later", Clocks: clocks(answered(-30), owed(-5))},
		{ID: "the nearest of two promises counts", Clocks: clocks(due(90, sla.Running), due(1, sla.Running))},
		{ID: "a met promise no longer counts", Clocks: clocks(due(0, sla.Met), due(5, sla.Running))},
		{ID: "urgent", Clocks: clocks(due(7, sla.Running)), Priority: Urgent, Created: at(3)},
		{ID: "a", Clocks: clocks(due(7, sla.Running)), Created: at(1)},
		{ID: "b", Clocks: clocks(due(7, sla.Running)), Created: at(1).In(time.FixedZone("elsewhere", 3600))},
		{ID: "created later", Clocks: clocks(due(7, sla.Running)), Created: at(2)},
		{ID: "low", Clocks: clocks(due(7, sla.Running)), Priority: Low},
		{ID: "no promise, urgent", Priority: Urgent},
		{ID: "no promise", Clocks: clocks(answered(-9))},
		{ID: "no promise that does not stand still", Clocks: clocks(due(-9, sla.Breached))},
	}
	for i := range inOrder {
		for j := range inOrder {
			if got, want := ComparePromise(&inOrder[i], &inOrder[j]), i-j; got < 0 != (want < 0) || got > 0 != (want > 0) {
				t.Errorf("%q and %q compare as %d", inOrder[i].ID, inOrder[j].ID, got)
			}
		}
	}
}

func TestComparePromiseIsATotalOrder(t *testing.T) {
	t.Parallel()
	tickets := rapid.Custom(func(t *rapid.T) Ticket {
		minute := func(what string) time.Time {
			return modelTime.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, what)) * time.Minute)
		}
		c := Ticket{ID: ID(rapid.StringMatching("[ab]{0,2}").Draw(t, "id")), Priority: Priority(rapid.IntRange(-1, 2).Draw(t, "priority")), Created: minute("created")}
		for range rapid.IntRange(0, 2).Draw(t, "clocks") {
			c.Clocks.Clocks = append(c.Clocks.Clocks, sla.Clock{
				Due: minute("due"), Since: modelTime, Verdict: rapid.SampledFrom([]sla.Verdict{sla.Running, sla.Met, sla.Breached}).Draw(t, "verdict"),
			})
		}
		return c
	})
	sign := func(n int) int { return min(max(n, -1), 1) }
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := tickets.Draw(t, "a"), tickets.Draw(t, "b"), tickets.Draw(t, "c")
		ab, bc, ac := sign(ComparePromise(&a, &b)), sign(ComparePromise(&b, &c)), sign(ComparePromise(&a, &c))
		if ComparePromise(&a, &a) != 0 {
			t.Error("a ticket does not equal itself")
		}
		if ba := sign(ComparePromise(&b, &a)); ba != -ab {
			t.Errorf("one way it is %d, the other way %d", ab, ba)
		}
		if ab == bc && ac != ab {
			t.Errorf("a to b and b to c are %d, but a to c is %d", ab, ac)
		}
		if ab == 0 && (a.ID != b.ID || bc != ac) {
			t.Errorf("two tickets are equal and are not alike")
		}
		// Memory keeps the order with other means.
		index := func(c Ticket) *memoryTicket {
			var p packer
			p.ticket(&c)
			m := new(memoryTicket)
			m.read(string(p.buf), false)
			return m
		}
		if got := sign(compareWaiting(index(a), index(b))); got != ab {
			t.Errorf("ComparePromise says %d, Memory's index %d", ab, got)
		}
	})
}

func TestCloneSharesNothing(t *testing.T) {
	t.Parallel()
	original := filled[Ticket](func() string { return "text" })
	want := filled[Ticket](func() string { return "text" })
	c := original.Clone()
	if diff := cmp.Diff(want, c); diff != "" {
		t.Fatalf("a clone differs (-want +got):\n%s", diff)
	}
	c.Tags[0], c.Conversations[0].Thread, c.Clocks.Clocks[0].Policy, c.Clocks.Facts.Tags[0] = "x", "x", "x", "x"
	slices.Reverse(c.Tags)
	if diff := cmp.Diff(want, original); diff != "" {
		t.Errorf("changing a clone changes the original (-want +got):\n%s", diff)
	}
}

func TestAConditionThatHoldsForNoTicketIsFoundWithItsPlace(t *testing.T) {
	t.Parallel()
	c := rule.Condition{All: []rule.Condition{{Fact: "text", Word: "#delay"}, {Not: &rule.Condition{Fact: "hashtags", In: []rule.Value{rule.Text("late"), rule.Text("#delay")}}}}}
	if err := CheckCondition(&c, nil); err == nil || err.Error() != `all[1].not.in[1]: is "#delay"; hashtags have no #, so want "delay"` {
		t.Errorf("got %v", err)
	}
	c.All[1].Not.In = c.All[1].Not.In[:1]
	if err := CheckCondition(&c, nil); err != nil {
		t.Errorf("got %v, want no error", err)
	}
}
