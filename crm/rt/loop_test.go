package rt

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/internal/desktest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// mishaps are what a call meets now and then.
var mishaps = []crmtest.Fault{crmtest.Fail(remote.Unavailable), crmtest.Fail(remote.RateLimited), crmtest.Lose(), crmtest.Cut(1), crmtest.Cut(2)}

func TestTwoWaysAgree(t *testing.T) {
	t.Parallel()
	desktest.TwoWays(t, 4, func(t *testing.T, now func() time.Time) desktest.OtherSide {
		s, flaky, sink := open(t, Options{Mapping: mapping, Now: now, Settle: 5 * time.Second})
		s.mu.Lock()
		s.clock = now
		s.mu.Unlock()
		return desktest.OtherSide{
			Sink: sink, People: staff{s}, Interactions: s.interactions, WrittenThere: s.writtenThere,
			Mishap:   func(random *rand.Rand) { flaky.Fault(mishaps[random.IntN(len(mishaps))]) },
			Cases:    func() int { return len(s.tickets) },
			Snapshot: func() any { return s.snapshot() },
			Differs: func(tk ticket.Ticket) string {
				for _, r := range s.byKey(string(tk.ID)) {
					want := [4]string{string(tk.Status), sink.words.word(tk.Status), tk.Agent, sink.words.owner(tk.Agent)}
					if got := [4]string{strings.Join(r.fields["SocialStatus"], ""), r.status, strings.Join(r.fields["SocialAgent"], ""), r.owner}; got != want {
						return fmt.Sprintf("RT holds %q, want %q", got, want)
					}
				}
				return ""
			},
			Check: func(held int, _ []string) {
				n := 0 // of our comments: none is there twice
				for _, tr := range s.transactions {
					if tr.creator == us && tr.kind == "Comment" {
						n++
					}
				}
				if n != held {
					t.Errorf("RT holds %d comments of ours for %d interactions", n, held)
				}
			},
		}
	})
}

// snapshot is all that RT holds, as text.
func (s *standIn) snapshot() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, u := range s.users {
		all = append(all, fmt.Sprintf("%+v", *u))
	}
	for _, t := range s.tickets {
		all = append(all, fmt.Sprintf("%+v", *t))
	}
	for _, t := range s.transactions {
		all = append(all, fmt.Sprintf("%+v", *t))
	}
	slices.Sort(all)
	return all
}

// writtenThere reports whether RT's people wrote the text as a comment of their own.
func (s *standIn) writtenThere(text string) bool {
	for _, t := range s.transactions {
		if t.creator != us && t.kind == "Comment" && s.parts[t.parts[0]].content == text {
			return true
		}
	}
	return false
}
