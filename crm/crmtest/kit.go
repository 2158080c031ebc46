package crmtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// T is the part of testing.TB that checks use.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
	Context() context.Context
}

// Harness tells the kit how to open a sink and what it promises.
type Harness struct {
	// Open returns a sink in front of an empty CRM: a stand-in that refuses what the real one would refuse, or an account made for tests. It is called at
	// least once for each check; t.Cleanup closes what it opens.
	Open     func(t T) Rig
	Features Features
}

// Features are what a sink promises beyond crm.Sink.
type Features struct {
	// Abilities that the sink has, no more and no fewer.
	Abilities Ability
	// Owner says that a case keeps its agent.
	Owner bool
	// Links says that contacts and cases keep MergedInto and Parent, also where those are not in the CRM.
	Links bool
	// Lacks names what the CRM has no place for; the rest it holds, and the Rig tells of it. Zero: it holds everything.
	Lacks Field
	// MaxText is how long a text the CRM keeps, 0 for 100 kB and more. Longer ones are cut between two characters and end in "…".
	MaxText int
	// Count measures a text for MaxText; nil counts bytes.
	Count func(string) int
	// Cannot lists kinds of error that the CRM has no cause for, as a database in the house is never RateLimited; what is promised of them is not checked. A
	// CRM can always be Unavailable.
	Cannot []remote.Kind
}

// has reports whether the CRM can answer so.
func (f Features) has(kind remote.Kind) bool { return !slices.Contains(f.Cannot, kind) }

// Rig is an open sink and the CRM behind it, as the kit needs to look at it. Everything in it is called from one goroutine, Sink excepted.
type Rig struct {
	Sink crm.Sink
	// Fault makes the next call of the sink's Push fail; faults that are given while another waits come after it. A CRM that writes several things at once may
	// carry out fewer than Fault.After says. A stand-in over HTTP puts a Flaky in front of itself and gives its Fault.
	Fault func(Fault)
	// Refuse makes the CRM refuse this interaction for good. Nil: it has no way to.
	Refuse func(interaction string)
	// Contacts, Cases and Interactions return what the CRM holds under a key, doubles included; Interactions in the order in which the CRM shows them.
	Contacts     func(key string) []HeldContact
	Cases        func(key string) []HeldCase
	Interactions func(caseKey string) []HeldInteraction
	// Leads returns the refs of the leads that it holds under a key; needed with LeadSink.
	Leads func(key string) []string
	// Users are people who work in the CRM; needed with Source.
	Users Users
	// Now is the CRM's clock, by which what Users do has its time. Nil: time.Now.
	Now func() time.Time
	// Secrets are what no error may show: tokens, passwords. A stand-in repeats them in its error answers.
	Secrets []string
}

// Users are people who work in the CRM. A Fake is one.
type Users interface {
	SetStatus(who, caseKey string, s ticket.Status) error
	Reply(who, caseKey, text string) error
	Note(who, caseKey, text string) error
}

// HeldContact is a contact in a CRM, in our words.
type HeldContact struct {
	Key, Ref       string
	Name           string
	MergedInto     string
	Emails, Phones []string
	Identities     []crm.Identity
}

// HeldCase is a case in a CRM, in our words.
type HeldCase struct {
	Key, Ref           string
	Contact            string // the contact's key
	Subject            string
	Status             ticket.Status
	Agent              string
	Parent, MergedInto string
	Priority           ticket.Priority
	Account            channel.AccountID
	Private            bool
	Lane, Team         string
	Tags, Related      []string
}

// HeldInteraction is an interaction in a CRM, in our words.
type HeldInteraction struct {
	Key, Ref    string
	Text        string
	Deleted     bool
	Direction   ticket.Direction
	Time        time.Time
	Private     bool
	Author      channel.Author
	Actor       ticket.Actor
	Attachments []channel.Attachment
	State       ticket.PostState
}

// Check is one thing that every sink does.
type Check struct {
	// Name says what holds, in words.
	Name string
	// Needs are the abilities without which it does not apply.
	Needs Ability
	// Run checks it.
	Run func(t T, h Harness)
}

// Checks returns all checks, in the order in which to read them.
func Checks() []Check {
	var all []Check
	for _, part := range [][]Check{repeating(), updating(), fields(), texts(), failing(), abilities()} {
		all = append(all, part...)
	}
	return all
}

// Run runs every check that applies as a parallel subtest.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) {
			if c.Needs&^h.Features.Abilities != 0 {
				t.Skip("the sink does not have this ability")
			}
			t.Parallel()
			c.Run(t, h)
		})
	}
}

// FakeHarness is the harness of the Fake itself: an example, and what a host uses that wraps it.
func FakeHarness() Harness {
	return Harness{
		Features: Features{Abilities: Directory | Source | Eraser | LeadSink, Owner: true, Links: true},
		Open:     func(T) Rig { return New(Options{}).rig() },
	}
}

func (f *Fake) rig() Rig {
	return Rig{
		Sink: f, Users: f, Now: f.now,
		Fault:  func(fault Fault) { f.Queue(fault) },
		Refuse: func(interaction string) { f.Refuse(interaction, "no longer wanted") },
		Contacts: func(key string) (held []HeldContact) {
			for _, c := range f.Contacts() {
				if c.Key == key {
					held = append(held, HeldContact{
						Key: c.Key, Ref: c.Ref, Name: c.Name, MergedInto: c.MergedInto, Emails: c.Emails, Phones: c.Phones, Identities: c.Identities,
					})
				}
			}
			return held
		},
		Cases: func(key string) (held []HeldCase) {
			for _, c := range f.Cases() {
				if c.Key == key {
					held = append(held, HeldCase{
						Key: c.Key, Ref: c.Ref, Contact: c.Contact, Subject: c.Subject, Status: c.Status, Agent: c.Agent, Parent: c.Parent, MergedInto: c.MergedInto,
						Priority: c.Priority, Account: c.Account, Private: c.Private, Lane: c.Lane, Team: c.Team, Tags: c.Tags, Related: c.Related,
					})
				}
			}
			return held
		},
		Interactions: func(caseKey string) (held []HeldInteraction) {
			for _, in := range f.Interactions(caseKey) {
				held = append(held, HeldInteraction{
					Key: in.Key, Ref: in.Ref, Text: in.Text, Deleted: !in.Deleted.IsZero(), Direction: in.Direction, Time: in.Time, Private: in.Private,
					Author: in.Author, Actor: in.Actor, Attachments: in.Attachments, State: in.State,
				})
			}
			return held
		},
		Leads: func(key string) (refs []string) {
			for _, l := range f.Leads() {
				if l.Key == key {
					refs = append(refs, l.Ref)
				}
			}
			return refs
		},
		Secrets: []string{"s3cr3t-of-the-fake"},
	}
}
