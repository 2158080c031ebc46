package channeltest

import (
	"errors"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

func abilityChecks() []check {
	able := func(a Ability, more ...Trouble) func(Features) bool {
		return func(f Features) bool {
			for _, tr := range more {
				if !f.has(tr) {
					return false
				}
			}
			return f.Abilities&a != 0
		}
	}
	return []check{
		{name: "abilities", run: checkAbilities},
		{name: "finder/sent", applies: able(Finds), run: checkFindSent},
		{name: "finder/answer-lost", applies: able(Finds, AnswerLost), run: checkFindAnswerLost},
		{name: "finder/request-lost", applies: able(Finds, RequestLost), run: checkFindRequestLost},
		{name: "profiler", applies: able(Profiles), run: checkProfile},
		{name: "reader", applies: arrives, run: checkRead},
		{name: "rereader", applies: func(f Features) bool { return arrives(f) && f.Edits && f.Deletions }, run: checkReread},
		{name: "moderator", applies: able(Moderates), run: checkModerate},
		{name: "publisher", applies: able(Publishes), run: checkPublish},
		{name: "private-replier", applies: able(PrivateReplies), run: checkReplyPrivately},
		{name: "subscriber", applies: able(Subscribes), run: checkSubscribe},
		{name: "controller", applies: able(Controls), run: checkControl},
	}
}

func checkAbilities(b *bench) {
	is, claimed := AbilitiesOf(b.Channel), b.features.Abilities
	if hidden := is &^ claimed; hidden != 0 {
		b.Errorf("the channel implements what Features.Abilities does not list: %s", hidden)
	}
	if missing := claimed &^ is; missing != 0 {
		b.Errorf("Features.Abilities lists what the channel does not implement: %s", missing)
	}
}

// ability returns the channel as I; that it is one is told by the check "abilities" and repeated here so that nothing panics.
func ability[I any](b *bench) I {
	b.Helper()
	i, ok := b.Channel.(I)
	if !ok {
		b.Fatalf("the channel is no %T", &i)
	}
	return i
}

func (b *bench) find(out channel.Outgoing) (channel.Finding, channel.Sent) {
	b.Helper()
	finding, sent, err := ability[channel.Finder](b).Find(b.context(), out, b.Now())
	if e, ok := errors.AsType[*remote.Error](err); ok && e.Kind == remote.Unavailable && e.RetryAt.After(b.Now()) {
		return channel.CannotTell, channel.Sent{} // too early to say
	}
	if err != nil {
		b.Fatalf("Find: %v", err)
	}
	return finding, sent
}

func checkFindSent(b *bench) {
	out := b.answer()
	sent, err := b.Channel.Send(b.context(), out)
	if err != nil {
		b.Fatalf("Send: %v", err)
	}
	if finding, found := b.find(out); finding != channel.Found || found.ID != sent.ID {
		b.Errorf("a post that went out as %q: Find says %q, as %q", sent.ID, finding, found.ID)
	}
}

func checkFindAnswerLost(b *bench) {
	out := b.answer()
	if _, err := b.sendIn(AnswerLost, out); err == nil {
		b.Fatalf("Send: no error though the answer was lost")
	}
	if finding, found := b.find(out); finding != channel.Found || found.ID == "" {
		b.Errorf("a post that went out, with the answer lost: Find says %q, as %q; want found, with its ID", finding, found.ID)
	}
}

func checkFindRequestLost(b *bench) {
	other, out := b.answer(), b.answer()
	if _, err := b.Channel.Send(b.context(), other); err != nil {
		b.Fatalf("Send: %v", err)
	}
	if _, err := b.sendIn(RequestLost, out); err == nil {
		b.Fatalf("Send: no error though the request was lost")
	}
	if finding, found := b.find(out); finding == channel.Found {
		b.Errorf("a post that never went out: Find says found, as %q", found.ID)
	}
}

func checkProfile(b *bench) {
	p, out := ability[channel.Profiler](b), b.answer()
	if out.To.ID == "" {
		return // the platform does not say who wrote
	}
	author, err := p.Profile(b.context(), out.To.ID)
	if err != nil || author.ID != out.To.ID {
		b.Errorf("Profile of %q: ID %q, error %v", out.To.ID, author.ID, err)
	}
	if author, err := p.Profile(b.context(), "nobody-has-this-id"); err == nil {
		b.Errorf("Profile of somebody who does not exist: %+v", author)
	} else if e := b.failure("Profile", err); e.Kind != remote.NotFound && e.Kind != remote.Rejected {
		b.Errorf("Profile of somebody who does not exist: the kind is %q, want %q: %v", e.Kind, remote.NotFound, err)
	}
}

func checkRead(b *bench) {
	r, able := b.Channel.(channel.Reader)
	if !able {
		return
	}
	id := b.Write("Is anybody there?")
	m, err := r.Read(b.context(), id)
	if err != nil || m.ID != id || !strings.Contains(m.Text, "Is anybody there?") || m.Author.ID != b.Customer && !b.features.HidesAuthors {
		b.Errorf("Read of message %s: %+v, error %v", id, m, err)
	}
	if m, err := r.Read(b.context(), "no-message-has-this-id"); err == nil {
		b.Errorf("Read of a message that does not exist: %+v", m)
	} else if e := b.failure("Read", err); e.Kind != remote.NotFound && e.Kind != remote.Rejected {
		b.Errorf("Read of a message that does not exist: the kind is %q, want %q: %v", e.Kind, remote.NotFound, err)
	}
}

// checkReread lets a message be edited, another deleted and a third stay, and reads all again: once as they arrived, and once as they are known after that.
func checkReread(b *bench) {
	r, able := b.Channel.(channel.Rereader)
	if !able {
		return
	}
	if atOnce, wait := r.RereadPace(); atOnce < 1 || wait <= 0 {
		b.Errorf("RereadPace is %d messages every %s, want one at least, and a pause", atOnce, wait)
	}
	edited, stays, deleted := b.Write("red"), b.Write("It stays."), b.Write("to be deleted")
	var known []channel.Message
	events := b.hear() // perhaps twice
	for _, id := range []string{edited, stays, deleted} {
		if e := find(events, channel.MessageReceived, id); e != nil {
			known = append(known, e.Message)
		}
	}
	if b.Edit(edited, "blue") != edited {
		return // edits that change the ID are told otherwise
	}
	b.Delete(deleted)
	events, err := r.Reread(b.context(), known)
	if b.features.PrivateOnly && len(events) == 0 && err == nil {
		return // what is private some platforms show only once
	}
	edit := find(events, channel.MessageEdited, edited)
	if err != nil || len(events) != 2 || edit == nil || !strings.Contains(edit.Message.Text, "blue") || find(events, channel.MessageDeleted, deleted) == nil {
		b.Fatalf("Reread of an edited, a deleted and another message: %+v, error %v; want the edit and the deletion", events, err)
	}
	for _, e := range events {
		if err := e.Check(); err != nil {
			b.Errorf("Reread: %v", err)
		}
	}
	for i := range known {
		if known[i].ID == edited {
			known[i] = edit.Message
		}
	}
	if events, err := r.Reread(b.context(), known); err != nil || find(events, channel.MessageEdited, edited) != nil {
		b.Errorf("Reread of what is known already: %+v, error %v", events, err)
	}
}

func checkModerate(b *bench) {
	m, out := ability[channel.Moderator](b), b.answer()
	message := channel.Message{ID: out.InReplyTo, Thread: out.Thread, Visibility: out.Visibility, Author: out.To}
	if m.CanModerate("no such action") {
		b.Errorf("CanModerate is true for an action that does not exist")
	}
	any := false
	for _, action := range []channel.ModerateAction{channel.Hide, channel.Unhide, channel.Like, channel.Unlike, channel.Remove} {
		if !m.CanModerate(action) {
			continue
		}
		any = true
		for _, time := range []string{"first", "second"} {
			if err := m.Moderate(b.context(), action, message); err != nil {
				b.Errorf("Moderate, %s, for the %s time: %v", action, time, err)
			}
		}
	}
	if !any && !m.CanModerate(channel.Block) {
		b.Errorf("the channel is a Moderator that can do nothing")
	}
}

func checkPublish(b *bench) {
	out := b.answer()
	out.InReplyTo, out.Thread, out.To = "", "", channel.Author{}
	sent, err := ability[channel.Publisher](b).Publish(b.context(), out)
	if n := b.posted(out.Text); err != nil || sent.ID == "" || n != 1 {
		b.Errorf("Publish: ID %q, error %v, posted %d times; want an ID, none, once", sent.ID, err, n)
	}
}

func checkReplyPrivately(b *bench) {
	out := b.answer()
	reply, err := ability[channel.PrivateReplier](b).ReplyPrivately(b.context(), out)
	if n := b.posted(out.Text); err != nil || reply.ID == "" || n != 1 {
		b.Errorf("ReplyPrivately: ID %q, error %v, posted %d times; want an ID, none, once", reply.ID, err, n)
	}
}

func checkSubscribe(b *bench) {
	s := ability[channel.Subscriber](b)
	for _, time := range []string{"first", "second"} {
		if lost, err := s.Subscribe(b.context()); err != nil || lost && time == "second" {
			b.Errorf("Subscribe for the %s time: lost %t, error %v", time, lost, err)
		}
	}
}

func checkControl(b *bench) {
	c, out := ability[channel.Controller](b), b.answer()
	if err := c.TakeControl(b.context(), out.Thread); err != nil {
		b.Errorf("TakeControl: %v", err)
	}
	if err := c.ReleaseControl(b.context(), out.Thread, ""); err != nil {
		b.Errorf("ReleaseControl: %v", err)
	}
}
