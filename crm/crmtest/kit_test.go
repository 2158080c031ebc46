package crmtest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestFakePassesTheKit(t *testing.T) {
	t.Parallel()
	Run(t, FakeHarness())
}

func TestABareSinkPassesTheKit(t *testing.T) {
	t.Parallel()
	h := FakeHarness()
	h.Features.Abilities = 0
	open := h.Open
	h.Open = func(t T) Rig {
		r := open(t)
		r.Sink = Only(r.Sink, 0)
		return r
	}
	Run(t, h)
}

func TestTheKitFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	tests := []struct {
		broken string
		check  string // the beginning of the name of the check that must fail
		with   func(f *Fake, r *Rig)
	}{
		{"keys are not used: every push writes anew", "repeating a push", func() func(*Fake, *Rig) {
			var mu sync.Mutex
			n := 0
			return altering(func(c *crm.Change) {
				mu.Lock()
				defer mu.Unlock()
				n++
				for i := range c.Interactions {
					c.Interactions[i].Key = fmt.Sprintf("%d-%s", n, c.Interactions[i].Key)
				}
			})
		}()},
		{"interactions are written backwards", "many interactions keep", altering(func(c *crm.Change) { slices.Reverse(c.Interactions) })},
		{"an interaction is skipped", "no interaction is written before", pushing(func(f *Fake, ctx context.Context, c crm.Change) (crm.Receipt, error) {
			c = cloneChange(c)
			if len(c.Interactions) > 2 && len(f.Cases()) == 0 {
				c.Interactions = slices.Delete(c.Interactions, 0, 1)
			}
			return f.Push(ctx, c)
		})},
		{"the receipt forgets interactions", "a push is held once", spoiling(func(r *crm.Receipt, _ *error) { r.Interactions = nil })},
		{"the progress is not told beside an error", "the receipt beside an error", spoiling(func(r *crm.Receipt, err *error) {
			if *err != nil {
				*r = crm.Receipt{}
			}
		})},
		{"more is told than was done", "the receipt beside an error", spoiling(func(r *crm.Receipt, err *error) {
			if *err != nil {
				r.Case = "case-1"
			}
		})},
		{"what was cut is not taken up again", "a push cut anywhere is completed by pushing the rest", altering(func(c *crm.Change) {
			if !c.Refs.IsZero() {
				c.Interactions = nil
			}
		})},
		{"a cut push is repeated under new keys", "a push cut anywhere is completed by repeating it", pushing(func(f *Fake, ctx context.Context, c crm.Change) (crm.Receipt, error) {
			if len(f.Interactions("case-a")) > 0 {
				c = cloneChange(c)
				c.Interactions[0].Key += "-again"
			}
			return f.Push(ctx, c)
		})},
		{"after a lost answer it writes once more", "a push whose answer was lost", pushing(func(f *Fake, ctx context.Context, c crm.Change) (crm.Receipt, error) {
			if f.Calls(MethodPush) > 0 {
				c = cloneChange(c)
				c.Interactions[0].Key += "-again"
			}
			return f.Push(ctx, c)
		})},
		{"a stale ref is believed", "refs that are", pushing(func(f *Fake, ctx context.Context, c crm.Change) (crm.Receipt, error) {
			receipt, err := f.Push(ctx, c)
			if c.Refs.Case != "" {
				receipt.Case = c.Refs.Case
			}
			return receipt, err
		})},
		{"the change is changed", "push leaves the change", pushing(func(f *Fake, ctx context.Context, c crm.Change) (crm.Receipt, error) {
			c.Case.Subject = strings.ToUpper(c.Case.Subject)
			return f.Push(ctx, c)
		})},
		{"the last subject is forgotten while others are pushed", "different subjects", altering(func(c *crm.Change) {
			if c.Subject.Ticket == "T-7" {
				c.Interactions = nil
			}
		})},
		{"a refused interaction fails the push", "a refused interaction", spoiling(func(r *crm.Receipt, err *error) {
			if len(r.Refused) > 0 {
				*err = &remote.Error{Kind: remote.Rejected}
			}
		})},
		{"only the first status is written", "status, subject and owner", altering(func(c *crm.Change) { c.Case.Status = "open" })},
		{"edits are not written", "an edited or deleted", altering(func(c *crm.Change) {
			c.Interactions = slices.DeleteFunc(c.Interactions, func(in crm.Interaction) bool { return !in.Edited.IsZero() })
		})},
		{"a contact alone is not written", "a contact alone", pushing(func(f *Fake, ctx context.Context, c crm.Change) (crm.Receipt, error) {
			if c.Case == nil {
				return crm.Receipt{}, nil
			}
			return f.Push(ctx, c)
		})},
		{"the case loses its contact", "a case of a contact", pushing(func(f *Fake, ctx context.Context, c crm.Change) (crm.Receipt, error) {
			if c.Case != nil && c.Contact == nil {
				c = cloneChange(c)
				c.Case.Contact, c.Refs = "", crm.Refs{}
			}
			return f.Push(ctx, c)
		})},
		{"merges are not written", "merges and follow-ups", altering(func(c *crm.Change) {
			if c.Case != nil {
				c.Case.MergedInto = ""
			}
		})},
		{"emoji are lost", "odd text", altering(func(c *crm.Change) {
			for i := range c.Interactions {
				c.Interactions[i].Text = strings.ReplaceAll(c.Interactions[i].Text, "👍", "?")
			}
		})},
		{"a long text is cut without a sign", "a long text", altering(func(c *crm.Change) {
			for i, in := range c.Interactions {
				c.Interactions[i].Text = in.Text[:min(len(in.Text), 32_000)]
			}
		})},
		{"nobody says when to come back", "a throttled push", spoiling(func(_ *crm.Receipt, err *error) {
			respoil(err, func(e *remote.Error) { e.RetryAt = time.Time{} })
		})},
		{"a dead token looks like an outage", "an expired token", spoiling(func(_ *crm.Receipt, err *error) {
			respoil(err, func(e *remote.Error) {
				if e.Kind == remote.Unauthorized {
					e.Kind = remote.Unavailable
				}
			})
		})},
		{"errors have no kind", "a CRM that is down", spoiling(func(_ *crm.Receipt, err *error) {
			if *err != nil {
				*err = fmt.Errorf("it did not work: %v", *err)
			}
		})},
		{"what is rejected is tried for ever", "what will never be accepted", spoiling(func(_ *crm.Receipt, err *error) {
			respoil(err, func(e *remote.Error) {
				if e.Kind == remote.Rejected {
					e.Kind = remote.Unavailable
				}
			})
		})},
		{"push tries again by itself", "push makes one attempt", pushing(func(f *Fake, ctx context.Context, c crm.Change) (crm.Receipt, error) {
			receipt, err := f.Push(ctx, c)
			if err != nil {
				return f.Push(ctx, c)
			}
			return receipt, nil
		})},
		{"the context is not looked at", "a context that has ended", pushing(func(f *Fake, ctx context.Context, c crm.Change) (crm.Receipt, error) {
			return f.Push(context.WithoutCancel(ctx), c)
		})},
		{"a timeout is hidden", "a push ends with its context", spoiling(func(_ *crm.Receipt, err *error) {
			respoil(err, func(e *remote.Error) { e.Err = nil })
		})},
		{"the token stands in the error", "no error shows a secret", spoiling(func(_ *crm.Receipt, err *error) {
			respoil(err, func(e *remote.Error) { e.Message = "token s3cr3t-of-the-fake was refused" })
		})},
		{"the name has a space", "the name is a fit name", func(f *Fake, r *Rig) {
			r.Sink = &broken{Fake: f, name: func() string { return "my CRM" }}
		}},
		{"an ability is claimed and not there", "the sink has the abilities", func(f *Fake, r *Rig) { r.Sink = Only(f, Directory|Source|Eraser) }},
		{"the first of several people is taken", "lookup finds the one person", func(f *Fake, r *Rig) {
			r.Sink = &broken{Fake: f, lookup: func(ctx context.Context, q crm.Lookup) (crm.Person, bool, error) {
				for _, c := range f.Contacts() {
					if fits(q, c.Emails, nil, c.Identities) {
						return crm.Person{Ref: c.Ref}, true, nil
					}
				}
				return crm.Person{}, false, nil
			}}
		}},
		{"the cursor is ignored", "what the CRM's users did", func(f *Fake, r *Rig) {
			r.Sink = &broken{Fake: f, change: func(ctx context.Context, _ channel.Cursor) (crm.Batch, error) { return f.Changes(ctx, "") }}
		}},
		{"the wall clock is read in another zone", "what the CRM's users did", func(f *Fake, r *Rig) {
			r.Sink = &broken{Fake: f, change: func(ctx context.Context, after channel.Cursor) (crm.Batch, error) {
				b, err := f.Changes(ctx, after)
				for i := range b.Updates {
					b.Updates[i].Time = b.Updates[i].Time.Add(5 * time.Hour)
				}
				return b, err
			}}
		}},
		{"own writes come back as changes", "our own writes", func(f *Fake, r *Rig) {
			r.Sink = &broken{Fake: f, push: func(ctx context.Context, c crm.Change) (crm.Receipt, error) {
				receipt, err := f.Push(ctx, c)
				return receipt, or2(err, f.SetStatus("integration", c.Case.Key, c.Case.Status))
			}}
		}},
		{"a case is never reopened", "a case is reopened", func(f *Fake, r *Rig) {
			done := make(map[string]ticket.Status)
			remember := altering(func(c *crm.Change) {
				if status := done[c.Case.Key]; status != "" {
					c.Case.Status = status
				} else if c.Case.Status.Done() {
					done[c.Case.Key] = c.Case.Status
				}
			})
			remember(f, r)
		}},
		{"an agent who was taken off stays", "a case is reopened", func(f *Fake, r *Rig) {
			was := make(map[string]string)
			remember := altering(func(c *crm.Change) {
				c.Case.Agent = or(c.Case.Agent, was[c.Case.Key])
				was[c.Case.Key] = c.Case.Agent
			})
			remember(f, r)
		}},
		{"what moves is written anew", "an interaction that moves", func(f *Fake, r *Rig) {
			held := r.Interactions
			r.Interactions = func(caseKey string) []HeldInteraction {
				all := held(caseKey)
				if caseKey == "case-a" && len(all) == 2 {
					all = append(all, HeldInteraction{Key: "in-a-3"})
				}
				return all
			}
		}},
		{"profiles are lost", "a contact keeps", altering(func(c *crm.Change) { c.Contact.Identities = nil })},
		{"only the first profile is kept", "a contact keeps", altering(func(c *crm.Change) { c.Contact.Identities = c.Contact.Identities[:1] })},
		{"e-mail addresses are lost", "a contact keeps", altering(func(c *crm.Change) { c.Contact.Emails = nil })},
		{"phones are lost", "a contact keeps", altering(func(c *crm.Change) { c.Contact.Phones = nil })},
		{"the priority is lost", "a case keeps", altering(func(c *crm.Change) { c.Case.Priority = ticket.Normal })},
		{"the account is lost", "a case keeps", altering(func(c *crm.Change) { c.Case.Account = channel.AccountID{} })},
		{"the lane is lost", "a case keeps", altering(func(c *crm.Change) { c.Case.Lane = "" })},
		{"the team is lost", "a case keeps", altering(func(c *crm.Change) { c.Case.Team = "" })},
		{"related cases are lost", "a case keeps", altering(func(c *crm.Change) { c.Case.Related = nil })},
		{"the tags are lost", "a case keeps", altering(func(c *crm.Change) { c.Case.Tags = nil })},
		{"a private case is public", "a case keeps", altering(func(c *crm.Change) { c.Case.Private = false })},
		{"every interaction is the customer's", "an interaction keeps", changing(func(in *crm.Interaction) { in.Direction = ticket.Inbound })},
		{"what is private becomes public", "an interaction keeps", changing(func(in *crm.Interaction) { in.Private = false })},
		{"everything happened just now", "an interaction keeps", changing(func(in *crm.Interaction) { in.Time = time.Now() })},
		{"authors are lost", "an interaction keeps", changing(func(in *crm.Interaction) { in.Author = channel.Author{} })},
		{"actors are lost", "an interaction keeps", changing(func(in *crm.Interaction) { in.Actor = ticket.Actor{} })},
		{"attachments are lost", "an interaction keeps", changing(func(in *crm.Interaction) { in.Attachments = nil })},
		{"the state is lost", "an interaction keeps", changing(func(in *crm.Interaction) { in.State = "" })},
		{"nothing is redacted", "redacting takes", func(f *Fake, r *Rig) { r.Sink = &broken{Fake: f, redact: func() error { return nil }} }},
		{"nobody is erased", "erasing removes", func(f *Fake, r *Rig) { r.Sink = &broken{Fake: f, erase: func() error { return nil }} }},
		{"every lead is new", "a lead pushed twice", func(f *Fake, r *Rig) {
			r.Sink = &broken{Fake: f, lead: func(ctx context.Context, l crm.Lead) (string, error) {
				l.Key += fmt.Sprint(f.Calls(MethodPushLead))
				return f.PushLead(ctx, l)
			}}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.broken, func(t *testing.T) {
			t.Parallel()
			h := FakeHarness()
			h.Open = func(T) Rig {
				f := New(Options{})
				r := f.rig()
				tt.with(f, &r)
				return r
			}
			if got := record(t, named(t, tt.check), h); len(got) == 0 {
				t.Errorf("the check %q did not notice", tt.check)
			}
		})
	}
	for _, c := range Checks() {
		shown := false
		for _, tt := range tests {
			shown = shown || strings.HasPrefix(c.Name, tt.check)
		}
		if !shown {
			t.Errorf("no broken sink shows that the check %q can fail", c.Name)
		}
	}
}

func or2(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// named returns the one check whose name begins so.
func named(t *testing.T, begin string) Check {
	t.Helper()
	var found []Check
	for _, c := range Checks() {
		if strings.HasPrefix(c.Name, begin) {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d checks begin with %q, want 1", len(found), begin)
	}
	return found[0]
}

// recorder is a T that notes failures instead of failing.
type recorder struct {
	*testing.T
	mu       sync.Mutex
	failures []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// record runs a check and returns its failures.
func record(t *testing.T, c Check, h Harness) []string {
	t.Helper()
	r := &recorder{T: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(r, h)
	}()
	<-done
	return r.failures
}
