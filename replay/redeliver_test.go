package replay_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/replay"
)

// happened are events of every kind about a few messages, in no sensible order: answers before what they answer, edits with and without a revision, of messages
// that never were, and some received long after they were written.
func happened(t *rapid.T) []replay.Step {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	message := func(label string) string { return fmt.Sprint("m", rapid.IntRange(0, 9).Draw(t, label)) }
	steps := make([]replay.Step, rapid.IntRange(1, 25).Draw(t, "steps"))
	for i := range steps {
		at := time.Date(2026, 1, 1, 0, rapid.IntRange(0, 200).Draw(t, "minute"), 0, 0, time.UTC)
		e := channel.Event{Account: channel.AccountID{Platform: "p", ID: pick("account", "a", "b")}, Time: at}
		e.Message = channel.Message{ID: message("message"), Time: at, Text: pick("text", "", "x", "y?", fmt.Sprint("text ", i))}
		if rapid.Bool().Draw(t, "late") {
			e.Received = at.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "by")) * time.Minute)
		}
		e.Kind = rapid.SampledFrom([]channel.EventKind{
			channel.MessageReceived, channel.MessageReceived, channel.MessageEchoed, channel.MessageEdited, channel.MessageDeleted, channel.ReactionChanged,
		}).Draw(t, "kind")
		switch m := &e.Message; e.Kind {
		case channel.MessageEdited:
			m.Revision = pick("revision", "", "1", "2")
		case channel.ReactionChanged:
			e.Reaction = channel.Reaction{Name: "like", Author: channel.Author{ID: "u1"}}
		case channel.MessageReceived, channel.MessageEchoed:
			m.Thread, m.Author.ID = pick("thread", "", "t1", "t2"), pick("author", "", "u1", "u2", "u3")
			if rapid.Bool().Draw(t, "answers") {
				m.Parent = message("parent")
			}
			if e.Kind == channel.MessageEchoed {
				m.Author.ID = ""
			}
		}
		steps[i].Event = &e
	}
	return steps
}

func TestRedeliveryChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		steps := happened(rt)
		o := replay.Options{Agents: rapid.SampledFrom([]int{0, 2}).Draw(rt, "agents"), Seed: rapid.Uint64().Draw(rt, "seed")}
		copied := o
		copied.Redeliver = 3
		if once, again := totals(t, run(t, steps, o)), totals(t, run(t, steps, copied)); once != again {
			rt.Fatalf("once:\n%s\nwith copies:\n%s", once, again)
		}
	})
}

func TestCopiesStayWithinTheLastYear(t *testing.T) {
	t.Parallel()
	end := time.Date(9999, 12, 31, 23, 58, 0, 0, time.UTC)
	last := asked("m1", "ann", 0)
	last.Event.Time, last.Event.Message.Time = end, end
	for _, agents := range []int{0, 1} {
		r := run(t, []replay.Step{last}, replay.Options{Redeliver: 50, Agents: agents})
		if r.Duplicates != 50 {
			t.Errorf("with %d agents: %d duplicates, want 50", agents, r.Duplicates)
		}
	}
}
