package replay

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Report is what a replay came to. Its JSON is the totals, and ByTicket; what is by account, by time and by action is for programs and for String.
type Report struct {
	// Messages and Echoes count customers' messages and the brand's own posts that came in, each once; Duplicates the events that were here before.
	Messages   int `json:"messages"`
	Duplicates int `json:"duplicates"`
	Echoes     int `json:"echoes"`
	// Tickets counts all; Reopened how often one was reopened; FollowUps those that continue an older one.
	Tickets   int `json:"tickets"`
	Reopened  int `json:"reopened"`
	FollowUps int `json:"followups"`
	// Contacts counts the distinct authors of customers' messages, by platform.
	Contacts int `json:"contacts"`
	// Journal counts the entries of the journal.
	Journal int `json:"journal"`
	// FirstResponse is over all tickets that had one, in elapsed time.
	FirstResponse Spread `json:"first_response"`
	// SLA counts the clocks of each metric as they stand at the end. All metrics are there, those that nothing was promised for with zeros.
	SLA map[sla.Metric]Judged `json:"sla"`
	// Synced counts the distinct records that a CRM was given.
	Synced Synced `json:"synced"`
	// Staffing says how simulated agents were kept busy, and who waited for them; nil without them.
	Staffing *Staffing `json:"staffing,omitempty"`
	// WallMS is how long the replay really took, in milliseconds; MessagesPerSecond is Messages by that.
	WallMS            int64   `json:"wall_ms"`
	MessagesPerSecond float64 `json:"messages_per_s"`

	// ByTicket are all tickets with their clocks, oldest first, where Options.Clocks asks for them.
	ByTicket []TicketReport `json:"by_ticket,omitempty"`
	// Explained says why the clocks of the ticket that Options.Explain names stand as they do.
	Explained []sla.Explanation `json:"-"`
	// End is the instant at which clocks were judged.
	End time.Time `json:"-"`
	// Accounts, those with the most messages first.
	Accounts []AccountReport `json:"-"`
	// Actions are what became of the scenario's actions, in the order in which they were done.
	Actions []Acted `json:"-"`
	// Quarantined counts events that the Desk could not take in, copies not counted.
	Quarantined int `json:"-"`
	// Unaddressed counts the echoes that belong to no ticket at the end: posts to all, and answers to somebody whose message is not there.
	Unaddressed int `json:"-"`

	arrivals []time.Time // of customers' messages, in order
}

// Spread is a number of durations and where they lie, in seconds, by nearest rank.
type Spread struct {
	Count  int     `json:"count"`
	Median float64 `json:"median_s"`
	P90    float64 `json:"p90_s"`
}

// Judged counts clocks by how they stand. Breached are also those that nothing stopped until the end. Clocks that ended without either verdict are in none.
type Judged struct {
	Met      int `json:"met"`
	Breached int `json:"breached"`
	Running  int `json:"running"`
}

func (j *Judged) add(v sla.Verdict) {
	switch v {
	case sla.Met:
		j.Met++
	case sla.Breached:
		j.Breached++
	case sla.Running:
		j.Running++
	}
}

// Synced counts records in a CRM: interactions are messages and posts, without notes.
type Synced struct {
	Contacts     int `json:"contacts"`
	Cases        int `json:"cases"`
	Interactions int `json:"interactions"`
}

// AccountReport is one account's part.
type AccountReport struct {
	Account       channel.AccountID
	Messages      int
	Tickets       int
	FirstResponse Spread
	SLA           map[sla.Metric]Judged
}

func (r *Report) took(d time.Duration) {
	r.WallMS = d.Milliseconds()
	if d > 0 {
		r.MessagesPerSecond = float64(r.Messages) / d.Seconds()
	}
}

// tally collects what a Report tells.
type tally struct {
	Report
	authors   map[ticket.IdentityKey]struct{}
	accounts  map[channel.AccountID]*accountTally
	responses []time.Duration
	staff     *staffing // nil without simulated agents
	stray     []string  // keys of echoes that found no ticket when they came
}

type accountTally struct {
	AccountReport
	responses []time.Duration
}

func newTally() *tally {
	return &tally{
		Report:  Report{SLA: allMetrics()},
		authors: make(map[ticket.IdentityKey]struct{}), accounts: make(map[channel.AccountID]*accountTally),
	}
}

func allMetrics() map[sla.Metric]Judged {
	all := make(map[sla.Metric]Judged)
	for _, m := range sla.Metrics() {
		all[m] = Judged{}
	}
	return all
}

func (t *tally) account(id channel.AccountID) *accountTally {
	a := t.accounts[id]
	if a == nil {
		a = &accountTally{AccountReport: AccountReport{Account: id, SLA: allMetrics()}}
		t.accounts[id] = a
	}
	return a
}

// arrived counts an event and what became of it. A copy can only be a duplicate, or be refused as the first one was.
func (t *tally) arrived(e *channel.Event, r socialcrm.Result, copied bool) {
	switch {
	case r.Outcome == socialcrm.Duplicate:
		t.Duplicates++
	case r.Outcome == socialcrm.Quarantined:
		if !copied {
			t.Quarantined++
		}
	case e.Kind == channel.MessageEchoed:
		t.Echoes++
		if r.Ticket == "" && r.Message != "" {
			t.stray = append(t.stray, r.Message)
		}
	case e.Kind == channel.MessageReceived:
		t.Messages++
		t.arrivals = append(t.arrivals, e.Received)
		t.account(e.Account).Messages++
		if id := e.Message.Author.ID; id != "" {
			t.authors[ticket.IdentityKey{Platform: e.Account.Platform, ID: id}] = struct{}{}
		}
	}
}

func (t *tally) entry(e *ticket.Entry) {
	t.Journal++
	t.staff.entry(e)
	if e.Kind == ticket.TicketReopened {
		t.Reopened++
	}
}

func (t *tally) ticket(tk *ticket.Ticket, clocks []sla.Clock) {
	a := t.account(tk.Account)
	t.Tickets++
	a.Tickets++
	if tk.FollowUpOf != "" {
		t.FollowUps++
	}
	if stand := &tk.Clocks; !stand.Asked.IsZero() && !stand.Responded.IsZero() {
		took := stand.Responded.Sub(stand.Asked)
		t.responses = append(t.responses, took)
		a.responses = append(a.responses, took)
	}
	for _, c := range clocks {
		for _, counts := range []map[sla.Metric]Judged{t.SLA, a.SLA} {
			j := counts[c.Metric]
			j.add(c.Verdict)
			counts[c.Metric] = j
		}
	}
}

func (t *tally) report() *Report {
	r := t.Report
	r.Contacts = len(t.authors)
	r.FirstResponse = spread(t.responses)
	for _, a := range t.accounts {
		a.FirstResponse = spread(a.responses)
		r.Accounts = append(r.Accounts, a.AccountReport)
	}
	slices.SortFunc(r.Accounts, func(a, b AccountReport) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), strings.Compare(a.Account.String(), b.Account.String()))
	})
	return &r
}

// spread sorts what it is given.
func spread(d []time.Duration) Spread {
	if len(d) == 0 {
		return Spread{}
	}
	slices.Sort(d)
	rank := func(percent int) float64 { return d[(len(d)*percent+99)/100-1].Seconds() }
	return Spread{Count: len(d), Median: rank(50), P90: rank(90)}
}
