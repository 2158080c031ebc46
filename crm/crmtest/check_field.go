package crmtest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// fields are the checks that what we know of people, tickets and messages is in the CRM, as far as it has a place for it.
func fields() []Check {
	return []Check{
		{Name: "a contact keeps its profiles and how to reach it", Run: checkContactFields},
		{Name: "a case keeps what the desk decided, also when that changes", Run: checkCaseFields},
		{Name: "an interaction keeps who wrote it, which way, when, and who may read it", Run: checkInteractionFields},
	}
}

func checkContactFields(t T, h Harness) {
	r := h.Open(t)
	contact := sampleContact("a")
	contact.Phones = []string{"+49 30 1234567"}
	c := crm.Change{Subject: crm.Subject{Contact: "C-a"}, Contact: &contact}
	c.Refs = r.pushOK(t, c).Refs
	h.expectContactFields(t, r, contact)
	contact.Identities = append(contact.Identities, crm.Identity{Platform: "mastodon", Author: channel.Author{ID: "77", Handle: "ada@social.example"}})
	contact.Emails = []string{"ada@example.net"}
	r.pushOK(t, c)
	h.expectContactFields(t, r, contact)
}

func (h Harness) expectContactFields(t T, r Rig, want crm.Contact) {
	t.Helper()
	held := r.contact(t, want.Key)
	if h.Features.keeps(FieldEmails) && !slices.Contains(held.Emails, want.Emails[0]) {
		t.Errorf("contact %s has e-mail addresses %q, want %q", want.Key, held.Emails, want.Emails[0])
	}
	if h.Features.keeps(FieldPhones) && !slices.Contains(held.Phones, want.Phones[0]) {
		t.Errorf("contact %s has phones %q, want %q", want.Key, held.Phones, want.Phones[0])
	}
	if !h.Features.keeps(FieldIdentities) {
		return
	}
	for _, i := range want.Identities {
		if !slices.ContainsFunc(held.Identities, func(has crm.Identity) bool { return has.Platform == i.Platform && sameAuthor(has.Author, i.Author) }) {
			t.Errorf("contact %s has the profiles %+v, want %+v among them", want.Key, held.Identities, i)
		}
	}
}

// sameAuthor compares what a CRM kept of an author with the whole.
func sameAuthor(held, want channel.Author) bool {
	return held.ID != "" && held.ID == want.ID || held.URL != "" && held.URL == want.URL || held.Handle != "" && held.Handle == want.Handle
}

func checkCaseFields(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 1)
	c.Case.Private, c.Case.Related = true, []string{"case-b"} // which the CRM does not know
	c.Refs = r.pushOK(t, c).Refs
	h.expectCaseFields(t, r, *c.Case)

	c.Contact, c.Interactions = nil, nil
	for _, priority := range []ticket.Priority{ticket.Low, ticket.Normal, ticket.High} {
		c.Case.Priority, c.Case.Lane, c.Case.Team, c.Case.Tags = priority, "refunds", "office", []string{"refund", priority.String()}
		c.Case.Related = append(c.Case.Related, "case-"+priority.String())
		r.pushOK(t, c)
		h.expectCaseFields(t, r, *c.Case)
	}
	c.Case.Lane, c.Case.Team, c.Case.Tags, c.Case.Related = "", "", nil, nil
	r.pushOK(t, c)
	h.expectCaseFields(t, r, *c.Case)
}

func (h Harness) expectCaseFields(t T, r Rig, want crm.Case) {
	t.Helper()
	held := r.theCase(t, want.Key)
	for _, f := range []struct {
		field     Field
		name      string
		got, want string
	}{
		{FieldPriority, "priority", held.Priority.String(), want.Priority.String()},
		{FieldAccount, "account", held.Account.String(), want.Account.String()},
		{FieldLane, "lane", held.Lane, want.Lane},
		{FieldTeam, "team", held.Team, want.Team},
		{FieldTags, "tags", strings.Join(held.Tags, " "), strings.Join(want.Tags, " ")},
		{FieldRelated, "related", strings.Join(slices.Sorted(slices.Values(held.Related)), " "), strings.Join(slices.Sorted(slices.Values(want.Related)), " ")},
		{FieldPrivate, "private", fmt.Sprint(held.Private), fmt.Sprint(want.Private)},
	} {
		if h.Features.keeps(f.field) && f.got != f.want {
			t.Errorf("case %s: %s is %q, want %q", want.Key, f.name, f.got, f.want)
		}
	}
}

// checkInteractionFields pushes what a customer wrote in public and in private, an answer, and a note among agents.
func checkInteractionFields(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 4)
	asked, answer, note, private := &c.Interactions[0], &c.Interactions[1], &c.Interactions[2], &c.Interactions[3]
	asked.Attachments = []channel.Attachment{{Type: "image", URL: "https://media.example/1.jpg"}, {Type: "video", URL: "https://media.example/2.mp4"}}
	answer.State = ticket.PostSending
	note.Direction, note.Message, note.Author, note.Actor = ticket.Internal, "", channel.Author{}, ticket.Agent("sam")
	private.Direction, private.Author, private.Actor, private.State, private.Private = ticket.Inbound, sampleAuthor("a"), ticket.Actor{}, "", true
	c.Refs = r.pushOK(t, c).Refs
	h.expectInteractionFields(t, r, c)
	answer.State = ticket.PostRead
	c.Interactions = c.Interactions[1:2]
	r.pushOK(t, c)
	h.expectInteractionFields(t, r, c)
}

func (h Harness) expectInteractionFields(t T, r Rig, c crm.Change) {
	t.Helper()
	all := r.Interactions(c.Case.Key)
	for _, want := range c.Interactions {
		i := slices.IndexFunc(all, func(held HeldInteraction) bool { return held.Key == want.Key })
		if i < 0 {
			t.Errorf("the CRM does not hold interaction %s", want.Key)
			continue
		}
		held := all[i]
		if held.Direction != want.Direction {
			t.Errorf("%s: the direction is %q, want %q", want.Key, held.Direction, want.Direction)
		}
		if d := held.Time.Sub(want.Time).Abs(); d >= time.Second {
			t.Errorf("%s: the time is %v, want %v", want.Key, held.Time, want.Time)
		}
		if h.Features.keeps(FieldPrivate) && held.Private != want.Private {
			t.Errorf("%s: private is %v, want %v", want.Key, held.Private, want.Private)
		}
		if h.Features.keeps(FieldAuthor) && want.Author.ID != "" && !sameAuthor(held.Author, want.Author) {
			t.Errorf("%s: the author is %+v, want %+v", want.Key, held.Author, want.Author)
		}
		if h.Features.keeps(FieldActor) && held.Actor.ID != want.Actor.ID {
			t.Errorf("%s: the actor is %q, want %q", want.Key, held.Actor.ID, want.Actor.ID)
		}
		if h.Features.keeps(FieldState) && held.State != want.State {
			t.Errorf("%s: the state is %q, want %q", want.Key, held.State, want.State)
		}
		if got, want2 := addresses(held.Attachments), addresses(want.Attachments); h.Features.keeps(FieldAttachments) && got != want2 {
			t.Errorf("%s: the attachments are %q, want %q", want.Key, got, want2)
		}
	}
}

func addresses(all []channel.Attachment) string {
	var urls []string
	for _, a := range all {
		urls = append(urls, a.URL)
	}
	return strings.Join(urls, " ")
}
