package socialcrm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

const petition = "Dear Acme, please stop selling fur in your shops, animals suffer for it every single day"

// campaigned is a company for which three people who write nearly the same are a campaign, with a lane and a promise of its own.
func campaigned() socialcrm.Setup {
	s := company()
	s.Campaigns = socialcrm.Campaigns{Authors: 3, Notify: []string{"press"}}
	s.Lanes = append([]routing.Lane{{Name: "press", When: rule.Condition{Fact: "campaign", Exists: new(true)}}}, s.Lanes...)
	s.SLA = append([]sla.Policy{{Name: "campaign", When: rule.Condition{Fact: "tags", Equals: rule.Text("campaign")}, Targets: []sla.Target{
		{Metric: sla.FirstResponse, Within: sla.Duration(24 * time.Hour)},
	}}}, s.SLA...)
	return s
}

// copies are posts of so many people with nearly one text, a minute after the other.
func copies(n int, at func(int) time.Time) (events []channel.Event) {
	for i := range n {
		text := []string{petition, petition + " @acme https://pet.example/" + fmt.Sprint(i), "DEAR ACME! " + petition[len("Dear Acme, "):], petition + " please"}[i%4]
		events = append(events, said(fmt.Sprint("c", i), fmt.Sprint("author", i), "", "", text, at(i+1)))
	}
	return events
}

// campaign is the only campaign there is.
func (w *world) campaign() ticket.Ticket {
	w.t.Helper()
	found := slices.DeleteFunc(w.unmerged(), func(t ticket.Ticket) bool { return t.Campaign == 0 })
	if len(found) != 1 {
		w.t.Fatalf("%d campaigns, want 1; tickets: %+v", len(found), w.unmerged())
	}
	return found[0]
}

func TestACampaignKeepsThePriorityOfItsLaneWhenEarlierTicketsBecomePartOfIt(t *testing.T) {
	t.Parallel()
	s := campaigned()
	s.Lanes[0].Priority = new(ticket.Low)
	w, at := laterWith(t, s)
	w.ingest(copies(4, at)...)
	w.pass(time.Minute)
	if got := w.campaign(); got.Priority != ticket.Low || got.Campaign != 4 {
		t.Errorf("with %d messages it is of %s priority, want low with 4", got.Campaign, got.Priority)
	}
}

func TestManyWhoWriteNearlyTheSameAreOneTicketWithItsOwnLaneAndPromise(t *testing.T) {
	t.Parallel()
	w, at := laterWith(t, campaigned())
	w.ingest(copies(2, at)...)
	if n := len(w.unmerged()); n != 2 {
		t.Fatalf("two people are %d tickets, want 2", n)
	}
	w.ingest(copies(10, at)[2:]...)
	w.pass(time.Minute)
	got := w.campaign()
	if len(w.unmerged()) != 1 || got.Lane != "press" || got.Campaign != 10 || got.Contact != "" || got.Clocks.Policy != "campaign" || !slices.Contains(got.Tags, "campaign") {
		t.Errorf("%d tickets, the campaign is in %q with %d messages, contact %q, policy %q, tags %v", len(w.unmerged()), got.Lane, got.Campaign, got.Contact, got.Clocks.Policy, got.Tags)
	}
	if n := len(w.said(got.ID)); n != 10 {
		t.Errorf("%d messages are listed, want 10", n)
	}
	if len(got.Conversations) > 3 {
		t.Errorf("the ticket names %d conversations: it grows with its campaign", len(got.Conversations))
	}
	running := 0
	for _, c := range got.Clocks.Clocks {
		if c.Metric == sla.FirstResponse && c.Verdict == sla.Running {
			running++
		}
	}
	if running != 1 {
		t.Errorf("%d first responses run, want one for all: %+v", running, got.Clocks.Clocks)
	}
	entries, err := w.desk.Journal(t.Context(), ticket.JournalQuery{Ticket: got.ID})
	w.ok(err)
	told := 0
	for _, e := range entries {
		if e.Kind == ticket.CampaignFound {
			if told++; e.New != "3" || string(e.Detail) == "" {
				t.Errorf("the lead is told %+v", e)
			}
		}
	}
	if told != 1 {
		t.Errorf("the lead is told %d times, want once", told)
	}
	for _, state := range []string{"ana", "ben"} {
		if load := w.load(state); load != 0 {
			t.Errorf("%s still holds %d", state, load)
		}
	}
}

// load is what an agent holds.
func (w *world) load(name string) (load int) {
	w.t.Helper()
	w.ok(w.store.View(w.t.Context(), "", func(r ticket.Reader) error {
		states, err := r.Agents(name)
		if err == nil {
			load = states[0].Load
		}
		return err
	}))
	return load
}

func TestWhoTakesPartAndWritesSomethingElseIsACustomerAgain(t *testing.T) {
	t.Parallel()
	w, at := laterWith(t, campaigned())
	w.ingest(copies(5, at)...)
	w.pass(time.Minute)
	campaign := w.campaign()
	other := w.ingest(said("else", "author4", "c4", "c4", "By the way, where is my parcel?", at(20)))[0]
	if other.Outcome != socialcrm.Created || other.Ticket == campaign.ID {
		t.Fatalf("the message %s ticket %s", other.Outcome, other.Ticket)
	}
	got := w.ticket(other.Ticket)
	if got.Contact == "" || got.Lane != "care" || got.Clocks.Waiting != 1 {
		t.Errorf("the ticket of the customer is %+v", got)
	}
	again := w.ingest(said("more", "author4", "c4", "else", "Hello?", at(21)))[0]
	if again.Ticket != other.Ticket {
		t.Errorf("what follows is in ticket %s, want %s", again.Ticket, other.Ticket)
	}
	if got := w.campaign(); got.Campaign != 5 {
		t.Errorf("%d take part, want 5", got.Campaign)
	}
}

func TestNobodyIsTakenForPartOfACampaign(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		text func(i int) string
		who  func(i int) string
		gap  int // minutes
	}{
		{"what anybody says", func(int) string { return "Where is my parcel, please?" }, func(i int) string { return fmt.Sprint("a", i) }, 1},
		{"one person again and again", func(int) string { return petition }, func(int) string { return "mia" }, 1},
		{"over days", func(int) string { return petition }, func(i int) string { return fmt.Sprint("a", i) }, 59},
		{"each something else", func(i int) string {
			return []string{
				"I have been waiting for my parcel for two weeks now and nobody tells me anything",
				"Your driver left my parcel in the rain and everything in it is broken, thank you",
				"The lamp that I ordered last month has the wrong colour, how can I send it back",
				"Can you tell me whether the shop in Lyon is open on the first of May this year",
			}[i]
		}, func(i int) string { return fmt.Sprint("a", i) }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, at := laterWith(t, campaigned())
			w.now = at(600)
			for i := range 4 {
				w.ingest(said(fmt.Sprint("m", i), test.who(i), "", "", test.text(i), at(1+i*test.gap)))
			}
			w.pass(time.Minute)
			if got := len(w.unmerged()); got != 4 {
				t.Errorf("%d tickets, want 4", got)
			}
		})
	}
}

func TestWhatSomebodyHasBegunOnStaysATicketWhenTheCampaignIsRecognised(t *testing.T) {
	t.Parallel()
	w, at := laterWith(t, campaigned())
	early := w.ingest(copies(2, at)...)
	w.must(w.desk.Note(t.Context(), early[0].Ticket, ana, "I know her"))
	w.ingest(copies(3, at)[2])
	w.pass(time.Minute)
	if got := w.ticket(early[0].Ticket); got.MergedInto != "" {
		t.Error("the ticket with a note became part of the campaign")
	}
	campaign := w.campaign()
	if got := w.ticket(early[1].Ticket); got.MergedInto != campaign.ID || campaign.Campaign != 2 {
		t.Errorf("the other is merged into %q, and %d take part", got.MergedInto, campaign.Campaign)
	}
	w.must(w.desk.Unmerge(t.Context(), campaign.ID, ana, early[1].Ticket))
	if got := w.ticket(early[1].Ticket); got.MergedInto != "" || got.Contact == "" || got.Status != ticket.Open || w.campaign().Campaign != 1 {
		t.Errorf("taken out it is %+v, and %d take part", got, w.campaign().Campaign)
	}
}

func TestWhoTakesPartCanBeAnsweredOneByOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(campaigned())
	var posts []channel.Message
	for i := range 5 {
		posts = append(posts, w.platform.Customer(fmt.Sprint("author", i)).Post(w.page, petition))
		w.pass(time.Minute)
	}
	id := w.campaign().ID
	if _, err := w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "To all"}); !errors.Is(err, socialcrm.ErrInvalid) {
		t.Errorf("an answer to nobody: %v, want ErrInvalid", err)
	}
	list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: id})
	w.ok(err)
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "We stopped in May", InReplyTo: list.Items[4].Key}))
	w.pass(time.Minute)
	if sees := w.platform.Customer("author4").Sees(); !slices.Contains(sees, "We stopped in May") {
		t.Errorf("author4 sees %q", sees)
	}
	list, err = w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: id})
	w.ok(err)
	if n := len(list.Items); n != 6 || list.Items[5].Content.Parent != posts[4].ID {
		t.Errorf("%d messages, the last answers %s; want 6, %s", n, list.Items[n-1].Content.Parent, posts[4].ID)
	}
	if c, _ := w.campaign().Clocks.Clock(sla.FirstResponse); c.Verdict != sla.Met {
		t.Errorf("the first response of the campaign is %q, want met", c.Verdict)
	}
}

func TestACampaignOutlivesARestartAndEndsAfterItsTime(t *testing.T) {
	t.Parallel()
	w, at := laterWith(t, campaigned())
	w.ingest(copies(2, at)...)
	w.restart()
	w.ingest(copies(4, at)[2:]...)
	w.restart()
	w.pass(time.Minute)
	id := w.campaign().ID
	w.must(w.desk.Close(t.Context(), id, ana))
	w.now = at(64) // the last was written in minute 4
	if got := w.ingest(said("late", "zoe", "", "", petition, at(64)))[0]; got.Ticket != id {
		t.Errorf("within the hour a copy is in ticket %s, want the campaign, though that is closed", got.Ticket)
	}
	w.now = at(130)
	if got := w.ingest(said("later", "yan", "", "", petition, at(130)))[0]; got.Ticket == id || got.Outcome != socialcrm.Created {
		t.Errorf("after the hour a copy is in ticket %s, want one of its own", got.Ticket)
	}
}

func TestOrderOfArrivalDecidesNothingAboutACampaign(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w, at := laterWith(t, campaigned())
		events := append(copies(6, at), said("x", "zoe", "", "", "Where is my parcel?", at(3)))
		events = rapid.Permutation(events).Draw(r, "order")
		if rapid.Bool().Draw(r, "batch") {
			w.ingest(events...)
		} else {
			for _, e := range events {
				w.ingest(e)
			}
		}
		w.pass(time.Second)
		got := w.campaign()
		messages := w.said(got.ID)
		if len(w.unmerged()) != 2 || got.Campaign != 6 || len(messages) != 6 || !got.Clocks.Asked.Equal(at(1)) {
			r.Fatalf("%d tickets; %d take part, with %q, asked at %s", len(w.unmerged()), got.Campaign, messages, got.Clocks.Asked)
		}
	})
}

func TestWhoTookPartCanBeErased(t *testing.T) {
	t.Parallel()
	w, at := laterWith(t, campaigned())
	w.ingest(copies(5, at)...)
	w.pass(time.Minute)
	id := w.campaign().ID
	for _, author := range []string{"author0", "author4"} {
		var contact ticket.ContactID
		w.ok(w.store.View(t.Context(), "", func(r ticket.Reader) error {
			found, err := r.Identities(ticket.IdentityKey{Platform: "fakebook", ID: author})
			contact = found[0].Contact
			return err
		}))
		w.ok(w.desk.EraseContact(t.Context(), ana, contact))
		w.pass(time.Minute)
	}
	texts := w.said(id)
	empty := 0
	for _, text := range texts {
		if text == "" {
			empty++
		}
	}
	if len(texts) != 5 || empty != 2 {
		t.Errorf("of 5 messages %d are empty after two erasures: %q", empty, texts)
	}
	w.ok(w.store.View(t.Context(), "", func(r ticket.Reader) error {
		convs, err := r.Conversations(ticket.ConversationKey{Account: shop, Thread: "c4", Author: "author4"})
		if err == nil && (convs[0].Author.ID != "" || convs[0].Ticket != "") {
			t.Errorf("the conversation still knows %+v", convs[0])
		}
		return err
	}))
}

func TestACampaignCostsAFixedNumberOfStoreCalls(t *testing.T) {
	t.Parallel()
	w := newCounted(t, 10)
	s := campaigned()
	s.Campaigns.Authors = 200
	if err := w.desk.Apply(t.Context(), ana, s); err != nil {
		t.Fatal(err)
	}
	post := func(i int) channel.Event {
		e := w.message(fmt.Sprint("post", i), "")
		e.Message.Author.ID, e.Message.Text = fmt.Sprint("author", i), petition
		return e
	}
	first := w.calls(post(0))
	if first["Values"] != 2 || first["PutValue"] != 4 {
		t.Errorf("the first message of a text takes %v", first)
	}
	counted := map[string]int{"Values": 3, "PutValue": 1}
	for i := range 198 {
		calls := w.calls(post(i + 1))
		got := map[string]int{"Values": calls["Values"], "PutValue": calls["PutValue"]}
		if diff := cmp.Diff(counted, got); diff != "" {
			t.Fatalf("message %d of a text (-want +got):\n%s", i+2, diff)
		}
	}
	w.calls(post(199)) // now it is a campaign
	want := map[string]int{
		"Update": 1, "Try": 1, "Seen": 1, "Values": 3, "Conversations": 1, "Identities": 1, "Tickets": 1,
		"MarkSeen": 1, "PutContact": 1, "PutIdentity": 1, "PutMessage": 1, "PutConversation": 1, "PutTicket": 1, "PutValue": 2, "Append": 2, "Schedule": 1, "Ensure": 1,
	}
	for i := range 3 {
		if diff := cmp.Diff(want, w.calls(post(200+i))); diff != "" {
			t.Errorf("a further one (-want +got):\n%s", diff)
		}
	}
}

func TestAnOwnPostToWhoTookPartInACampaignThatWasMergedIsInTheWhole(t *testing.T) {
	t.Parallel()
	w, at := laterWith(t, campaigned())
	r := w.ingest(copies(4, at)...)
	whole := w.ingest(said("w", "zed", "z", "z", "Is it open?", at(1)))[0].Ticket
	w.must(w.desk.Merge(t.Context(), whole, ana, r[3].Ticket))
	echo := w.ingest(posted("b", "", "c3", "We hear you.", at(20)))[0]
	if echo.Ticket != whole {
		t.Errorf("it is in %s, want the whole, %s", echo.Ticket, whole)
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second) // a push of what is in a part would be made again for ever
	defer stop()
	if _, err := w.desk.Tick(ctx); err != nil || ctx.Err() != nil {
		t.Errorf("Tick: %v, %v", err, ctx.Err())
	}
	if said := w.said(whole); !slices.Contains(said, "We hear you.") {
		t.Errorf("it holds %q", said)
	}
}
