package socialcrm_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestErasureReachesWhatBelongsToNoTicket(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	help := channel.AccountID{Platform: "fakebook", ID: "help"}
	w.ok(w.desk.AddChannel(t.Context(), w.platform.Account(channel.Account{AccountID: help})))
	s, _ := w.desk.Setup()
	s.Noise = []socialcrm.Noise{{Name: "thanks", When: rule.Condition{Fact: "text", Word: "thanks"}}}
	w.apply(s)
	w.now = w.now.Add(time.Hour)
	at := w.now.Add(-time.Minute)
	by := func(id, author, text string) channel.Event {
		e := said(id, author, id, "", text, at)
		e.Message.Author.Name = author + " of xyzzy"
		return e
	}
	id := w.ingest(by("kept", "mia", "Where is it? xyzzy"))[0].Ticket
	noas := w.ingest(by("noa's", "noa", "Where is mine?"))[0].Ticket
	deleted, early := by("deleted", "mia", "xyzzy, no longer"), by("deleted", "mia", "")
	early.Kind = channel.MessageDeleted
	copied := by("copied", "mia", "@shop @help xyzzy?")
	copied.Message.Mentions = []string{"shop", "help"}
	again := copied
	again.Account = help
	unnamed := by("unnamed", "", "thanks, xyzzy")
	reaction := channel.Event{Kind: channel.ReactionChanged, Account: shop, Time: at, Message: channel.Message{ID: "noa's"}, Reaction: channel.Reaction{Author: channel.Author{ID: "mia"}, Name: "xyzzy"}}
	other := reaction
	other.Reaction = channel.Reaction{Author: channel.Author{ID: "noa"}, Name: "heart"}
	w.ingest(by("noise", "mia", "thanks, xyzzy"), early, deleted, copied, again, unnamed, reaction, other)
	w.ingest(by("unnamed", "mia", "thanks, xyzzy"))
	spam := w.ingest(by("spam", "mia", "buy xyzzy"))[0].Ticket
	w.must(w.desk.Spam(t.Context(), spam, ana))
	w.ingest(said("more spam", "mia", "spam", "spam", "buy more xyzzy", at))
	w.pass(time.Minute)
	all := func() string {
		messages := w.messages("kept", "noise", "deleted", "copied", "unnamed", "spam", "more spam", "noa's")
		w.ok(w.store.View(t.Context(), "", func(r ticket.Reader) error {
			found, err := r.MessagesByRef(ticket.MessageRef{Account: help, ID: "copied"})
			messages = append(messages, found...)
			return err
		}))
		entries, err := w.desk.Journal(t.Context(), ticket.JournalQuery{Limit: 1000})
		w.ok(err)
		data, err := json.Marshal(struct {
			Messages []ticket.Message
			Journal  []ticket.Entry
		}{messages, entries})
		w.ok(err)
		return string(data)
	}
	noa, text := w.ticket(noas).Contact, all()
	for _, id := range []string{"noise", "deleted", "copied", "unnamed", "more spam"} {
		if m := w.messages(id)[0]; m.Content.Text == "" && id != "copied" || id != "copied" && m.Ticket != "" {
			t.Fatalf("message %s: %+v, want one with a text and without a ticket", id, m)
		}
	}
	if n := strings.Count(text, `"name":"xyzzy"`); n != 1 {
		t.Errorf("the reaction is there %d times, want once, outside of the journal", n)
	}
	w.ok(w.desk.EraseContact(t.Context(), ana, w.ticket(id).Contact))
	w.pass(time.Minute)
	if found := all(); strings.Count(found, "xyzzy") != 1 || !strings.Contains(found, "noa of xyzzy") {
		t.Errorf("there is still something of her in %s", found)
	}
	if m := w.messages("noa's")[0]; len(m.Reactions) != 1 || m.Reactions[0].Name != "heart" || m.Content.Text == "" {
		t.Errorf("noa's message: %+v", m)
	}
	if r := w.ingest(reaction, by("noise", "mia", "thanks, xyzzy")); r[0].Outcome == socialcrm.Joined || strings.Count(all(), "xyzzy") != 1 {
		t.Errorf("it came back: %+v", r)
	}
	reaction.Key = "told otherwise"
	if r := w.ingest(reaction); r[0].Outcome != socialcrm.Dropped {
		t.Errorf("her reaction is %s", r[0].Outcome)
	}
	w.ok(w.desk.EraseContact(t.Context(), ana, noa))
	if found := all(); strings.Contains(found, "xyzzy") || strings.Contains(found, "heart") {
		t.Errorf("there is still something of noa in %s", found)
	}
}

func TestReactionsOfAMessageAreThoseThatStand(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(said("1", "mia", "p", "p", "Look", at(1)))
	react := func(minute int, who, name string, removed bool) {
		w.ingest(channel.Event{Kind: channel.ReactionChanged, Account: shop, Time: at(minute), Message: channel.Message{ID: "1"},
			Reaction: channel.Reaction{Author: channel.Author{ID: who}, Name: name, Removed: removed}})
	}
	react(2, "noa", "like", false)
	react(3, "noa", "heart", false)
	react(4, "tim", "like", false)
	react(5, "noa", "like", true)
	react(6, "tim", "", true)
	if got := w.messages("1")[0].Reactions; len(got) != 1 || got[0] != (ticket.Reaction{Author: "noa", Name: "heart", Time: at(3)}) {
		t.Errorf("reactions: %+v, want noa's heart", got)
	}
	for i := range 100 {
		react(7, string(rune('а'+i)), "like", false)
	}
	if got := w.messages("1")[0].Reactions; len(got) != 64 {
		t.Errorf("%d reactions are kept, want 64", len(got))
	}
}
