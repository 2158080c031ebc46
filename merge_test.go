package socialcrm_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestOlderOfTwoTicketsThatTurnOutToBeOneSurvives(t *testing.T) {
	t.Parallel()
	for _, minutes := range [][2]int{{1, 10}, {10, 1}} {
		w, at := later(t)
		known, nameless := said("1", "mia", "p", "p", "Where is it?", at(minutes[0])), said("2", "", "p", "p", "And mine?", at(minutes[1]))
		older := w.ingest(known, nameless)[min(minutes[0], 2)/2].Ticket
		nameless.Message.Author.ID = "mia"
		w.ingest(nameless)
		if got := w.ticket(older); got.MergedInto != "" {
			t.Errorf("minutes %v: the older ticket is merged into the younger", minutes)
		}
	}
}

func TestAuthorKnownInTheSameCallJoinsTheConversation(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	nameless := said("2", "", "p", "p", "And mine?", at(10))
	known := nameless
	known.Message.Author.ID = "mia"
	first := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), nameless, known)[0].Ticket
	if diff := cmp.Diff([]string{"Where is it?", "And mine?"}, w.said(first)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestMergingGivesTheAgentRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.asked("mia", "Where is it?"), w.asked("mia", "Hello?")
	w.must(w.desk.Merge(t.Context(), first, ana, second))
	if got := w.ticket(w.asked("noa", "Mine too")); got.Agent != "ana" {
		t.Errorf("the next ticket is with %q, want ana, who has one of two", got.Agent)
	}
}

func TestSolvedTicketThatTakesInAnOpenOneIsOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.asked("mia", "Where is it?"), w.asked("mia", "Hello?")
	w.must(w.desk.Resolve(t.Context(), first, ana, ""))
	w.must(w.desk.Merge(t.Context(), first, ana, second))
	if got := w.ticket(first); got.Status != ticket.Open || got.Agent != "ana" {
		t.Errorf("the ticket is %s with %q, want open with ana", got.Status, got.Agent)
	}
}

// clockOn returns the newest clock of a metric on a line of the ticket.
func clockOn(t ticket.Ticket, m sla.Metric, line string) (found sla.Clock) {
	for _, c := range t.Clocks.Clocks {
		if c.Metric == m && c.Line == line {
			found = c
		}
	}
	return found
}

func TestMergedMessagesWaitEachForTheirOwnAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wall := w.asked("mia", "Where is it?")
	w.pass(10 * time.Minute)
	w.platform.Customer("mia").Write(w.page, "Hello? Where is it?")
	w.pass(time.Minute)
	inbox := w.tickets()[1].ID
	w.must(w.desk.Merge(t.Context(), wall, ana, inbox))
	said, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: wall})
	w.ok(err)
	stops := func() [2]bool {
		got := w.ticket(wall)
		return [2]bool{clockOn(got, sla.FirstResponse, "").Stopped.IsZero(), clockOn(got, sla.FirstResponse, string(inbox)).Stopped.IsZero()}
	}
	w.must(w.desk.Reply(t.Context(), wall, ana, socialcrm.Reply{Text: "We write to you, Mia", InReplyTo: said.Items[0].Key}))
	w.pass(time.Second)
	if got := stops(); got != [2]bool{false, true} {
		t.Errorf("after the answer on the wall the clocks run: wall %t, inbox %t", got[0], got[1])
	}
	w.must(w.desk.Reply(t.Context(), wall, ana, socialcrm.Reply{Text: "It is on the van", InReplyTo: said.Items[1].Key}))
	w.pass(time.Second)
	if got := stops(); got != [2]bool{false, false} {
		t.Errorf("after both answers the clocks run: wall %t, inbox %t", got[0], got[1])
	}
}

func TestMergingKeepsWhatWasJudged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.asked("mia", "Where is it?")
	second := w.asked("noa", "And mine?")
	w.pass(2 * time.Hour) // both are breached
	w.must(w.desk.Merge(t.Context(), first, ana, second))
	w.must(w.desk.Unmerge(t.Context(), first, ana, second))
	for _, id := range []ticket.ID{first, second} {
		breached, others := 0, 0
		for _, kind := range w.kinds(id) {
			switch kind {
			case ticket.ClockBreached:
				breached++
			case ticket.ClockWithdrawn, ticket.ClockMoved, ticket.ClockMet, ticket.ClockEnded:
				others++
			}
		}
		if breached != 2 || others != 0 { // acknowledgement and first response
			t.Errorf("the journal of %s tells %d breaches and %d other things of its clocks, want 2 and none", id, breached, others)
		}
	}
}

func TestMergingLeavesAnAnswerInTimeWhereTheSurvivorIsMoreUrgent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := company()
	s.Agents[0].Capacity = 10
	for i := range s.SLA {
		s.SLA[i].Targets = append(s.SLA[i].Targets, sla.Target{Metric: sla.Acknowledgement, Within: sla.Duration(time.Minute), Priority: new(sla.Urgent)},
			sla.Target{Metric: sla.FirstResponse, Within: sla.Duration(time.Minute), Priority: new(sla.Urgent)})
	}
	w.apply(s)
	urgent, calm := w.asked("mia", "Where is it?"), w.asked("noa", "And mine?")
	w.must(w.desk.SetPriority(t.Context(), urgent, ana, ticket.Urgent))
	w.pass(10 * time.Minute)
	w.must(w.desk.Reply(t.Context(), calm, ana, socialcrm.Reply{Text: "On the van"}))
	w.pass(time.Minute)
	before := clockOn(w.ticket(calm), sla.FirstResponse, "")
	w.must(w.desk.Merge(t.Context(), urgent, ana, calm))
	after := clockOn(w.ticket(urgent), sla.FirstResponse, string(calm))
	if before.Line = string(calm); before.Verdict != sla.Met {
		t.Fatalf("before the merge it is %+v, want met", before)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("merging judges anew (-before +after):\n%s", diff)
	}
	w.must(w.desk.Unmerge(t.Context(), urgent, ana, calm))
	before.Line = ""
	if diff := cmp.Diff(before, clockOn(w.ticket(calm), sla.FirstResponse, "")); diff != "" {
		t.Errorf("taken apart it is judged anew (-before +after):\n%s", diff)
	}
}

func TestPartOfAMergedTicketGoesWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := company()
	s.Agents[0].Capacity = 10
	w.apply(s)
	a, b, c := w.asked("mia", "Where is it?"), w.asked("noa", "And mine?"), w.asked("oli", "Hello?")
	w.must(w.desk.Merge(t.Context(), b, ana, c))
	w.must(w.desk.Merge(t.Context(), a, ana, b))
	if got := w.ticket(a); len(got.Absorbed) != 2 || len(got.Clocks.Lines) != 2 {
		t.Errorf("the survivor took in %v and has lines %+v, want two each", got.Absorbed, got.Clocks.Lines)
	}
	w.must(w.desk.Unmerge(t.Context(), a, ana, b))
	one, two := w.ticket(a), w.ticket(b)
	if len(one.Absorbed) != 0 || len(one.Clocks.Lines) != 0 || len(two.Absorbed) != 1 || len(two.Clocks.Lines) != 1 {
		t.Errorf("taken apart the tickets hold %v with lines %+v, and %v with lines %+v; want nothing, and %s", one.Absorbed, one.Clocks.Lines, two.Absorbed, two.Clocks.Lines, c)
	}
	if got := clockOn(two, sla.FirstResponse, string(c)); got.Started.IsZero() {
		t.Error("nobody waits for an answer to what was asked in the last ticket")
	}
}

func TestConversationsThatTurnOutToBeOneHaveOneSetOfClocks(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	known, nameless := said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "", "p", "p", "And mine?", at(10))
	older := w.ingest(known, nameless)[0].Ticket
	nameless.Message.Author.ID = "mia"
	w.ingest(nameless, posted("3", "p", "2", "Both are on the van", at(30)))
	got := w.ticket(older)
	if c := clockOn(got, sla.FirstResponse, ""); !c.Stopped.Equal(at(30)) || len(got.Clocks.Lines) != 0 {
		t.Errorf("first response %+v, want stopped at %s; lines %+v", c, at(30), got.Clocks.Lines)
	}
}

// What comes while a ticket is part of another one is told to the CRM with the other's case, or is about to be.
func TestWhatCameInTheMeantimeGoesWithATicketThatLeaves(t *testing.T) {
	t.Parallel()
	for name, pushed := range map[string]bool{"pushed": true, "not pushed yet": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id, noa := w.asked("mia", "Hello?"), w.platform.Customer("noa")
			asked := noa.Post(w.page, "Hello too?")
			w.pass(time.Minute)
			other := w.tickets()[1].ID
			w.must(w.desk.Merge(t.Context(), id, ana, other))
			w.pass(time.Minute)
			noa.Comment(asked, "Still there?")
			noa.Edit(asked, "Hello, too?")
			if w.pass(time.Second); !pushed {
				w.crm.SetDown(true)
			}
			noa.Comment(asked, "Anybody?")
			w.pass(time.Minute)
			w.must(w.desk.Unmerge(t.Context(), id, ana, other))
			w.ok(w.desk.EraseContact(t.Context(), ana, w.ticket(id).Contact))
			w.crm.SetDown(false)
			w.pass(time.Hour)
			var held []string
			for _, in := range w.crm.Interactions(string(other)) {
				held = append(held, in.Text)
			}
			if diff := cmp.Diff(w.said(other), held); diff != "" || len(held) != 3 {
				t.Errorf("the ticket that left (-here +in the CRM):\n%s", diff)
			}
			if cases := w.crm.Cases(); len(cases) != 1 {
				t.Errorf("the CRM holds %+v", cases)
			}
		})
	}
}

func TestTicketsThatBecameOneComeApartInAnyOrder(t *testing.T) {
	t.Parallel()
	for name, outer := range map[string]bool{"the outer first": true, "the inner first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a, b, c := w.asked("mia", "A?"), w.asked("noa", "B?"), w.asked("oli", "C?")
			w.must(w.desk.Merge(t.Context(), b, ana, c))
			w.must(w.desk.Merge(t.Context(), a, ana, b))
			if outer {
				w.must(w.desk.Unmerge(t.Context(), a, ana, b))
				if diff := cmp.Diff([]string{"B?", "C?"}, w.said(b)); diff != "" {
					t.Errorf("what left (-want +got):\n%s", diff)
				}
				w.must(w.desk.Unmerge(t.Context(), b, ana, c))
			} else {
				w.must(w.desk.Unmerge(t.Context(), a, ana, c))
				w.must(w.desk.Unmerge(t.Context(), a, ana, b))
			}
			w.pass(time.Minute)
			for id, text := range map[ticket.ID]string{a: "A?", b: "B?", c: "C?"} {
				tk := w.ticket(id)
				if diff := cmp.Diff([]string{text}, w.said(id)); diff != "" || len(tk.Absorbed) != 0 || tk.MergedInto != "" {
					t.Errorf("ticket %s: %+v (-want +got):\n%s", id, tk, diff)
				}
				if n := len(w.crm.Interactions(string(id))); n != 1 {
					t.Errorf("ticket %s has %d interactions in the CRM, want 1", id, n)
				}
			}
		})
	}
}

func TestATicketThatComesApartBelongsToWhoeverItsCustomerIsByNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, other := w.asked("mia", "Hello?"), w.asked("noa", "Hello too?")
	mia, noa := w.ticket(id).Contact, w.ticket(other).Contact
	w.must(w.desk.Merge(t.Context(), id, ana, other))
	w.ok(w.desk.MergeContacts(t.Context(), ana, mia, noa))
	w.must(w.desk.Unmerge(t.Context(), id, ana, other))
	if got := w.ticket(other).Contact; got != mia {
		t.Errorf("it belongs to %s, want %s", got, mia)
	}
	w.must(w.desk.Merge(t.Context(), id, ana, other))
	w.ok(w.desk.UnmergeContacts(t.Context(), ana, mia, noa))
	w.must(w.desk.Unmerge(t.Context(), id, ana, other))
	if got := w.ticket(other).Contact; got != noa {
		t.Errorf("it belongs to %s, want %s", got, noa)
	}
}

func TestWhatIsErasedDoesNotComeApart(t *testing.T) {
	t.Parallel()
	for name, survivor := range map[string]bool{"the survivor": true, "the part": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id, other := w.asked("mia", "Hello?"), w.asked("noa", "Hello too?")
			w.must(w.desk.Merge(t.Context(), id, ana, other))
			gone := other
			if survivor {
				gone = id
			}
			w.ok(w.desk.EraseContact(t.Context(), ana, w.ticket(gone).Contact))
			if _, err := w.desk.Unmerge(t.Context(), id, ana, other); !errors.Is(err, socialcrm.ErrInvalid) {
				t.Errorf("taken apart: %v, want ErrInvalid", err)
			}
		})
	}
}

func TestTakenApartAfterASolveTheJournalSaysThatTheCustomerWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.asked("mia", "Hello?"), w.asked("noa", "Hello!")
	w.pass(10 * time.Minute)
	w.must(w.desk.Merge(t.Context(), a, ana, b))
	w.pass(time.Minute)
	w.must(w.desk.Resolve(t.Context(), a, ana, ""))
	w.pass(3 * time.Hour)
	w.must(w.desk.Unmerge(t.Context(), a, ana, b))
	var told []string
	for _, e := range w.journal(ticket.JournalQuery{Ticket: b}) {
		if e.New == sla.FirstResponse.String() {
			told = append(told, string(e.Kind))
		}
	}
	if diff := cmp.Diff([]string{string(ticket.ClockWithdrawn), string(ticket.ClockBreached)}, told); diff != "" {
		t.Errorf("what the journal tells (-want +got):\n%s", diff)
	}
	if c := clockOn(w.ticket(b), sla.FirstResponse, ""); c.Verdict != sla.Breached || !c.Stopped.IsZero() {
		t.Errorf("the first response is %+v, want breached and awaited", c)
	}
}

func TestStepOfAClockThatStandsStillHappensOnceThoughItsTicketIsMerged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := escalating()
	s.SLA[0].Steps = s.SLA[0].Steps[:1]
	s.SLA[0].Targets[0].Pause = []sla.Status{sla.Pending}
	w.apply(s)
	first, second := w.asked("mia", "Hello?"), w.asked("noa", "Hello!")
	w.pass(50 * time.Minute)
	for _, id := range []ticket.ID{first, second} {
		w.must(w.desk.SetStatus(t.Context(), id, ana, ticket.Pending, ""))
	}
	w.pass(time.Minute)
	w.must(w.desk.Merge(t.Context(), first, ana, second))
	w.pass(time.Minute)
	w.must(w.desk.SetStatus(t.Context(), first, ana, ticket.Open, ""))
	w.pass(time.Minute)
	if got := []int{len(w.steps(first)), len(w.steps(second))}; !cmp.Equal(got, []int{1, 1}) {
		t.Errorf("the tickets took %v steps, want one each", got)
	}
}

func TestTheSurvivorHasWhatTheOtherHadAndItLacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	nameless := w.ingest(said("nameless", "", "p", "p", "Hello?", w.now))[0].Ticket
	w.pass(time.Minute)
	other := w.asked("mia", "Hello again?")
	w.must(w.desk.Tag(ctx, nameless, ana, "refund"))
	w.must(w.desk.Tag(ctx, other, ana, "angry"))
	w.must(w.desk.SetPriority(ctx, other, ana, ticket.Urgent))
	w.must(w.desk.Merge(ctx, nameless, ana, other))
	got := w.ticket(nameless)
	if diff := cmp.Diff([]string{"angry", "refund"}, got.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if got.Priority != ticket.Urgent || got.Contact != w.contactOf("mia") {
		t.Errorf("it is %s, of contact %q; want urgent, and mia's", got.Priority, got.Contact)
	}
}

func TestWhoIsPartOfAPartWaitsForAnAnswerOfTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, c := w.asked("mia", "A?"), w.asked("noa", "B?"), w.asked("oli", "C?")
	question := w.newest(c).Key
	w.pass(2 * time.Hour) // all are breached
	w.must(w.desk.Merge(t.Context(), b, ana, c))
	w.must(w.desk.Merge(t.Context(), a, ana, b))
	if n := len(w.told(ticket.ClockBreached)); n != 6 {
		t.Errorf("the journal tells %d breaches, want acknowledgement and first response of each, once", n)
	}
	w.must(w.desk.Reply(t.Context(), a, ana, socialcrm.Reply{Text: "Hi Oli", InReplyTo: question}))
	w.pass(time.Minute)
	got := w.ticket(a)
	for line, answered := range map[ticket.ID]bool{"": false, b: false, c: true} {
		if clock := clockOn(got, sla.FirstResponse, string(line)); clock.Started.IsZero() || clock.Stopped.IsZero() == answered {
			t.Errorf("line %q: %+v, want answered: %t", line, clock, answered)
		}
	}
}

func TestAFollowUpOfAMergedTicketHasALineOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	noa := w.platform.Customer("noa")
	root := noa.Post(w.page, "B?")
	w.pass(time.Minute)
	b := w.only().ID
	a := w.asked("mia", "A?")
	w.must(w.desk.Merge(ctx, a, ana, b))
	w.must(w.desk.Resolve(ctx, a, ana, ""))
	w.now = w.now.Add(8 * 24 * time.Hour)
	noa.Reply(root, "Once more")
	w.pass(time.Minute)
	all := w.tickets()
	again := all[len(all)-1].ID
	question := w.newest(again).Key
	into := w.asked("oli", "C?")
	w.must(w.desk.Merge(ctx, into, ana, again))
	w.must(w.desk.Reply(ctx, into, ana, socialcrm.Reply{Text: "Hi Noa", InReplyTo: question}))
	w.pass(time.Minute)
	got := w.ticket(into)
	if own, line := clockOn(got, sla.FirstResponse, "").Verdict, clockOn(got, sla.FirstResponse, string(again)).Verdict; own != sla.Running || line != sla.Met {
		t.Errorf("after the answer to the follow-up the survivor's first response is %q, the follow-up's %q; want running, and met", own, line)
	}
}

func TestTheSurvivorWasAnsweredWhenTheOtherWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.asked("mia", "A?"), w.asked("noa", "B?")
	w.answer(b, "Hi Noa")
	want := w.ticket(b).Answered
	w.must(w.desk.Merge(t.Context(), a, ana, b))
	if got := w.ticket(a).Answered; want.IsZero() || !got.Equal(want) {
		t.Errorf("answered %s, want %s", got, want)
	}
}

func TestAPartThatGoesAlongIsAnsweredOnItsOwnLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, c := w.asked("mia", "A?"), w.asked("noa", "B?"), w.asked("oli", "C?")
	question := w.newest(c).Key
	w.must(w.desk.Merge(t.Context(), b, ana, c))
	w.must(w.desk.Merge(t.Context(), a, ana, b))
	w.must(w.desk.Unmerge(t.Context(), a, ana, b))
	w.must(w.desk.Reply(t.Context(), b, ana, socialcrm.Reply{Text: "Hi Oli", InReplyTo: question}))
	w.pass(time.Minute)
	got := w.ticket(b)
	if own, line := clockOn(got, sla.FirstResponse, "").Verdict, clockOn(got, sla.FirstResponse, string(c)).Verdict; own != sla.Running || line != sla.Met {
		t.Errorf("the first response is %q, that of the part %q; want running, and met", own, line)
	}
}

func TestAnAnswerToATicketThatWasMergedReachesWhoWroteInIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mia, jon := w.asked("mia", "Where is it?"), w.asked("jon", "My bill is wrong")
	lea, noa := w.asked("lea", "And mine?"), w.asked("noa", "Hello?")
	w.must(w.desk.Merge(t.Context(), jon, ana, lea))
	w.must(w.desk.Merge(t.Context(), mia, ana, jon))
	w.must(w.desk.Merge(t.Context(), mia, ana, noa))
	for id, want := range map[ticket.ID]string{mia: "noa", jon: "lea", lea: "lea", noa: "noa"} {
		receipt := w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Soon"}))
		var stored []ticket.Message
		w.ok(w.store.View(t.Context(), "", func(r ticket.Reader) (err error) {
			stored, err = r.Messages(receipt.Messages...)
			return err
		}))
		if got := stored[0].Post.Out.To.ID; got != want {
			t.Errorf("the answer goes to %s, want %s, whose ticket it is or who wrote there last", got, want)
		}
	}
}

func TestAMergeThatRaisesThePriorityTellsSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	into, from := w.asked("mia", "Where is my parcel?"), w.asked("noa", "My mother's parcel")
	w.must(w.desk.SetPriority(t.Context(), from, ana, ticket.Urgent))
	w.must(w.desk.Merge(t.Context(), into, ana, from))
	if got := w.ticket(into).Priority; got != ticket.Urgent {
		t.Errorf("it is of %s priority, want the higher of both", got)
	}
	if e := w.last(into, ticket.TicketPriority); e.Old != "normal" || e.New != "urgent" {
		t.Errorf("the journal tells %+v", e)
	}
}
