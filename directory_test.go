package socialcrm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// golden is a company that serves gold customers by a team of their own, and sooner.
func golden() socialcrm.Setup {
	s := company()
	gold := rule.Condition{Fact: "contact.tier", Equals: rule.Text("gold")}
	s.Lanes = append([]routing.Lane{{Name: "gold", Team: "money", When: gold}}, s.Lanes...)
	s.SLA = append([]sla.Policy{{Name: "gold", When: rule.Condition{Fact: "contact.tier", Equals: rule.Text("gold")}, Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(10 * time.Minute)}}}}, s.SLA...)
	return s
}

func mia(ref string) (crm.Person, crm.Identity) {
	return crm.Person{Ref: ref, Name: "Mia Miller", Kind: ticket.Seller, Tier: "gold", Segment: "shops", Language: "nl", Owner: "ben", Emails: []string{"mia@example.com"}, Phones: []string{"+31 6 1234567"}},
		crm.Identity{Platform: "fakebook", Author: channel.Author{ID: "mia"}}
}

func TestWhatTheCRMKnowsOfAPersonRoutesTheTicketAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.desk.Apply(t.Context(), ana, golden()))
	p, identity := mia("003")
	w.crm.AddPerson(p, identity)
	// The CRM is slow to answer; the ticket does not wait for it.
	w.crm.QueueFor(crmtest.MethodLookup, crmtest.Fail(remote.Unavailable))
	asked := w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Second)
	if got := w.only(); got.Lane != "care" || got.Agent != "ana" {
		t.Fatalf("before the CRM answered the ticket is in %q with %q, want care, ana", got.Lane, got.Agent)
	}
	w.pass(5 * time.Minute)
	got := w.only()
	if got.Lane != "gold" || got.Agent != "ben" || got.Status != ticket.New || got.Language != "nl" {
		t.Errorf("the ticket is in %q with %q, %s, %q; want gold, ben, new, nl", got.Lane, got.Agent, got.Status, got.Language)
	}
	if c, _ := got.Clocks.Clock(sla.FirstResponse); !c.Due.Equal(asked.Time.Add(10 * time.Minute)) {
		t.Errorf("first response is due at %s, want ten minutes after %s", c.Due, asked.Time)
	}
	contact, err := w.desk.Contact(t.Context(), got.Contact)
	w.ok(err)
	want := ticket.Contact{
		ID: got.Contact, Name: "Mia Miller", Kind: ticket.Seller, Tier: "gold", Segment: "shops", Language: "nl", Owner: "ben", Emails: p.Emails, Phones: p.Phones,
		Identities: []ticket.IdentityKey{{Platform: "fakebook", ID: "mia"}},
		Channels:   []ticket.Channel{{Account: channel.AccountID{Platform: "fakebook", ID: "shop"}}},
	}
	if diff := cmp.Diff(want, contact, cmpopts.IgnoreFields(ticket.Contact{}, "Version", "Created", "Updated")); diff != "" {
		t.Errorf("contact (-want +got):\n%s", diff)
	}
	changed := w.told(ticket.ContactChanged)
	if len(changed) != 2 || changed[0].Actor.ID != "crm" || changed[0].New != "name, kind, tier, segment, language, owner, emails, phones" {
		t.Errorf("the journal tells of the contact %+v", changed)
	}
	if held := w.crm.Contacts(); len(held) != 1 || held[0].Name != "Mia Miller" || held[0].Kind != ticket.Seller {
		t.Errorf("the CRM holds %+v", held)
	}
}

func TestTicketThatSomebodyStartedStaysWhereItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.desk.Apply(t.Context(), ana, golden()))
	w.crm.SetDown(true)
	w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Minute)
	_, err := w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "Hi Mia"})
	w.ok(err)
	w.pass(time.Minute)
	w.crm.AddPerson(mia("003"))
	w.crm.SetDown(false)
	w.pass(time.Hour)
	if got := w.only(); got.Lane != "care" || got.Agent != "ana" || got.Clocks.Facts.Tier != "gold" {
		t.Errorf("the ticket is in %q with %q, its clocks see tier %q; want care, ana, gold", got.Lane, got.Agent, got.Clocks.Facts.Tier)
	}
}

func TestPlatformIsAskedWhoAnAuthorIs(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.platform.Customer("mia").Describe(channel.Author{Name: "Mia", Handle: "mia_m", Language: "nl", Followers: 7})
	w.platform.Fail(channeltest.OnProfile, channeltest.Refuse(remote.Unavailable))
	w.ingest(said("1", "mia", "p", "p", "Hello?", at(1)), said("2", "stranger", "q", "q", "Hello?", at(2)))
	w.pass(10 * time.Minute)
	names := map[string]string{}
	for _, tk := range w.tickets() {
		c, err := w.desk.Contact(t.Context(), tk.Contact)
		w.ok(err)
		names[c.Identities[0].ID] = c.Name + " " + c.Language
	}
	if diff := cmp.Diff(map[string]string{"mia": "Mia nl", "stranger": "stranger "}, names); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	if n := w.platform.Calls(channeltest.OnProfile); n != 3 {
		t.Errorf("the platform was asked %d times, want 3", n)
	}
	changed := w.told(ticket.ContactChanged)
	if len(changed) == 0 || changed[0].Actor != (ticket.Actor{Kind: ticket.ByTool, ID: "fakebook"}) {
		t.Errorf("the journal tells %+v", changed)
	}
}

func TestTicketThatSomebodyLooksAfterStaysWhereItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.desk.Apply(t.Context(), ana, golden()))
	w.crm.SetDown(true)
	id := w.asked("mia", "Hello?")
	w.must(w.desk.SetStatus(t.Context(), id, ana, ticket.Open, "I look into it"))
	w.crm.AddPerson(mia("003"))
	w.crm.SetDown(false)
	w.pass(30 * time.Minute)
	if got := w.only(); got.Lane != "care" || got.Agent != "ana" || got.Clocks.Facts.Tier != "gold" {
		t.Errorf("the ticket is in %q with %q, its clocks see tier %q; want care, ana, gold", got.Lane, got.Agent, got.Clocks.Facts.Tier)
	}
}

func TestAProfileDoesNotReplaceTheNameThatTheCRMKnows(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.crm.AddPerson(mia("003"))
	w.platform.Customer("mia").Describe(channel.Author{Name: "xX_mia_Xx"})
	w.platform.Fail(channeltest.OnProfile, channeltest.Refuse(remote.Unavailable)) // so that it comes after what the CRM says
	w.ingest(said("1", "mia", "p", "p", "Hello?", at(1)))
	w.pass(10 * time.Minute)
	if n := w.platform.Calls(channeltest.OnProfile); n != 2 {
		t.Fatalf("the platform was asked %d times, want 2", n)
	}
	if c, err := w.desk.Contact(t.Context(), w.only().Contact); err != nil || c.Name != "Mia Miller" {
		t.Errorf("the contact is called %q (%v), want Mia Miller", c.Name, err)
	}
}

func TestACRMIsAskedByWhateverTheProfileTells(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		profile channel.Author
		person  crm.Person
	}{
		"an e-mail address": {channel.Author{Name: "Mia", Email: "mia@example.com"}, crm.Person{Ref: "003", Tier: "gold", Emails: []string{"mia@example.com"}}},
		"a phone number":    {channel.Author{Name: "Mia", Phone: "+31612345678"}, crm.Person{Ref: "003", Tier: "gold", Phones: []string{"+31612345678", "0031 6 12345678"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, at := later(t)
			w.crm.AddPerson(tt.person)
			w.platform.Customer("mia").Describe(tt.profile)
			w.ingest(said("1", "mia", "p", "p", "Hello?", at(1))) // the message says only her ID
			w.pass(10 * time.Minute)
			c, err := w.desk.Contact(t.Context(), w.only().Contact)
			w.ok(err)
			if c.Tier != "gold" || len(c.Emails)+len(c.Phones) != 1 {
				t.Errorf("the contact is %+v, want gold, reached in one way", c)
			}
		})
	}
}

func TestAProfileThatCannotBeHadIsGivenUp(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.platform.Break(channeltest.OnProfile, channeltest.Refuse(remote.Unavailable))
	w.ingest(said("1", "mia", "p", "p", "Hello?", at(1)))
	w.pass(24 * time.Hour)
	w.noTasks("profile/" + shop.String())
}

func TestATicketThatNobodyHasBegunGoesToTheCustomersOwnAgent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := company()
	s.Agents = append(s.Agents, routing.Agent{Name: "cara", Teams: []string{"care"}, Capacity: 3})
	w.apply(s)
	w.crm.AddPerson(crm.Person{Ref: "003", Owner: "cara"}, crm.Identity{Platform: "fakebook", Author: channel.Author{ID: "mia"}})
	w.crm.QueueFor(crmtest.MethodLookup, crmtest.Fail(remote.Unavailable))
	id := w.ingest(said("1", "mia", "p", "p", "Hello?", w.now))[0].Ticket
	if got := w.ticket(id).Agent; got != "ana" {
		t.Fatalf("at first it is %q's, want ana's: cara is not there", got)
	}
	w.ok(w.desk.SetPresence(t.Context(), ana, "cara", ticket.Available))
	w.pass(10 * time.Minute)
	if got := w.ticket(id).Agent; got != "cara" {
		t.Errorf("it is %q's, want cara's, who looks after the customer", got)
	}
}

func TestATicketThatIsRoutedElsewhereLeavesTheAgentOfItsFormerLane(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := golden()
	s.Agents[1].AlwaysOn = false // nobody is there for gold
	w.apply(s)
	w.ok(w.desk.SetPresence(t.Context(), ana, "ben", ticket.Away))
	w.crm.AddPerson(crm.Person{Ref: "003", Tier: "gold"}, crm.Identity{Platform: "fakebook", Author: channel.Author{ID: "mia"}})
	w.crm.QueueFor(crmtest.MethodLookup, crmtest.Fail(remote.Unavailable))
	id := w.ingest(said("1", "mia", "p", "p", "Hello?", w.now))[0].Ticket
	if got := w.ticket(id); got.Lane != "care" || got.Agent != "ana" {
		t.Fatalf("at first it is in %q with %q", got.Lane, got.Agent)
	}
	w.pass(10 * time.Minute)
	_, load, err := capacity(w, "ana")
	w.ok(err)
	if got := w.ticket(id); got.Lane != "gold" || got.Agent != "" || load != 0 {
		t.Errorf("it is in %q with %q, and ana has %d; want that it waits for gold, and ana is free", got.Lane, got.Agent, load)
	}
}
