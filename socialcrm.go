// Package socialcrm does customer service over social networks inside a program of your own: messages come in through channel adapters, become tickets, are
// routed to a lane and an agent, run against service-level clocks, are answered back on the network, and every step lands in the CRM.
//
// Start with [New] and an empty [Config]: that is a working [Desk] in memory. Give it channels (package channel and the adapters below it), the company's lanes,
// agents and promises ([Setup]), a durable Store (package ticket) and sinks (package crm), and call [Desk.Run]. Agents act through the verbs: [Desk.Reply],
// [Desk.Note], [Desk.Assign], [Desk.Resolve], [Desk.Reopen], and those for hand-offs, private answers, drafts, merging, moderation and storms that the README lists.
// [Desk.Feed] tells a host all that happens.
//
// Nothing is acknowledged to a platform before it is stored, and whatever must happen later (a post, a push to a CRM, a deadline) is a task in the same
// transaction: over a Store that outlives the process, a death loses nothing, and nothing that may have been done already is just done again.
package socialcrm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// Errors of the Desk's methods, to be tested with errors.Is. What a platform or CRM answered is a *remote.Error.
var (
	// ErrNotFound: there is no such ticket, message or agent.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the ticket changed meanwhile (By.IfVersion), or the same key was used for something else.
	ErrConflict = errors.New("conflict")
	// ErrInvalid: the call makes no sense: an empty text, nobody as the actor, a ticket that is closed.
	ErrInvalid = errors.New("invalid")
	// ErrCapacity: the agent is not available or has no room for the ticket.
	ErrCapacity = errors.New("no capacity")
	// ErrForbidden: the actor may not do that: the access has ended, the role does not reach so far, or Config.Authorize said no.
	ErrForbidden = errors.New("forbidden")
	// ErrClaimed: somebody else is writing an answer; errors.As with a *ClaimedError tells who and until when.
	ErrClaimed = errors.New("claimed")
	// ErrUnverified: the reply requires a level of verified identity that its receiver does not have; errors.As with an *UnverifiedError tells both levels.
	ErrUnverified = errors.New("unverified")
)

// Config is everything a Desk is made of. The zero value works: an in-memory Store, one lane, no channels.
type Config struct {
	// Store keeps everything. Nil: a new in-memory store, which forgets when the process ends.
	Store ticket.Store
	// Tenant is whose data this Desk serves, where several share one Store.
	Tenant string
	// Setup is the company: lanes, teams, agents, promises. It is applied only where the Store holds none yet; afterwards only Desk.Apply changes it.
	Setup Setup
	// Channels are the brand's accounts. Those that are also sources bring their own events.
	Channels []channel.Channel
	// Sources bring events beside those of the channels: a webhook for many accounts, a stream.
	Sources []channel.Source
	// Sinks are the CRMs that every step goes to.
	Sinks []crm.Sink
	// SinkStarts are the points at which sinks start, by name. Those that it does not name start now.
	SinkStarts map[string]SinkStart
	// Router decides who handles a ticket. Nil: the lanes of the Setup.
	Router routing.Router
	// Predicates are the Go predicates that conditions in the Setup name.
	Predicates rule.Predicates
	// Holidays are feeds that add holidays to calendars of the Setup, by the calendar's name: read at the start and daily. What a feed changes is a new version of
	// the Setup, by which all open tickets are counted anew.
	Holidays map[string]HolidaySource
	// Authorize is the host's own check of who may do what; nil allows all that the Setup allows. It is asked before every verb, outside any transaction, and its error
	// refuses the verb: the caller gets it wrapped in ErrForbidden. It may be called from several goroutines at once, and again when the ticket changes meanwhile.
	// A Reply that solves (Reply.Then) is asked about as VerbReply alone: whom a host forbids VerbResolve can still solve by an answer.
	Authorize func(ctx context.Context, r Request) error
	// LinkKey signs the links that lead a customer to another channel (Desk.Link): at least 16 bytes, the same in all processes of a Store. Empty: no links.
	LinkKey []byte
	// Now is the Desk's only clock. Nil: time.Now. With a clock of its own a Desk is driven by Tick, and Run refuses to start.
	Now func() time.Time
	// Workers is how many tasks Run works on side by side. 0: 4.
	Workers int
	// SendTimeout is how long one request to a platform or CRM may take. 0: 30 seconds. What a process that died had begun is taken over by another after three times
	// that, or after twice that and 30 seconds where that is less. It should be the same in all processes of a Store.
	SendTimeout time.Duration
	// MaxBody is the largest webhook body taken, in bytes. 0: 4 MiB.
	MaxBody int64
	// Logger gets what an operator should know. Nil: nothing is logged. Texts of customers are never logged.
	Logger *slog.Logger
}

// Desk moves messages along: from channels to tickets to agents and back, and on to CRMs. Make one with New. All methods may be called from several goroutines
// at once.
type Desk struct {
	cfg     Config
	store   ticket.Store
	now     func() time.Time
	log     *slog.Logger
	company atomic.Pointer[company]
	group   group
	// overlaps: the Store is ticket.Overlapping.
	overlaps bool
	works    sync.Pool                 // of *work that no transaction uses
	lost     atomic.Pointer[storeLoss] // the Store cannot be written; nil: it can
	stepBack atomic.Int64              // until when other Desks of the Store go first, in nanoseconds since 1970

	mu       sync.RWMutex // guards what follows
	channels map[channel.AccountID]*account
	handles  map[channel.AccountID]channel.AccountID // accounts by platform and handle in lower case
	sources  map[string]channel.Source
	sinks    []crm.Sink
	running  bool
	streams  map[string]context.CancelFunc // that are open, by the source's name
	added    chan string                   // tells a running Desk of new sources, by name
}

// account is a channel and what the Desk knows of its account.
type account struct {
	channel.Channel
	account channel.Account
	since   time.Time
	heard   atomic.Int64 // the hour, since 1970, in which it was last noted that the account is alive
}

// New makes a Desk. It reads the company's Setup from the Store, or applies Config.Setup where the Store holds none. The error names what is wrong in the Config.
func New(cfg Config) (*Desk, error) {
	d := &Desk{cfg: cfg, store: cfg.Store, now: cfg.Now, log: cfg.Logger, channels: make(map[channel.AccountID]*account), handles: make(map[channel.AccountID]channel.AccountID), streams: make(map[string]context.CancelFunc), sources: make(map[string]channel.Source)}
	if d.store == nil {
		d.store = ticket.NewMemory(&ticket.MemoryOptions{Now: cfg.Now})
	}
	if o, ok := d.store.(ticket.Overlapping); ok {
		d.overlaps = o.Overlaps()
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.cfg.Workers <= 0 {
		d.cfg.Workers = 4
	}
	if d.cfg.SendTimeout <= 0 {
		d.cfg.SendTimeout = 30 * time.Second
	}
	if d.cfg.MaxBody <= 0 {
		d.cfg.MaxBody = 4 << 20
	}
	if n := len(cfg.LinkKey); n > 0 && n < 16 {
		return nil, fmt.Errorf("socialcrm: link key: want at least 16 bytes, got %d: %w", n, ErrInvalid)
	}
	d.added = make(chan string, 16)
	ctx := context.Background()
	if err := d.loadSetup(ctx); err != nil {
		return nil, fmt.Errorf("socialcrm: %w", err)
	}
	if err := d.checkHolidays(&d.company.Load().setup); err != nil {
		return nil, fmt.Errorf("socialcrm: %w", err)
	}
	for _, s := range cfg.Sinks {
		if err := d.addSink(ctx, s, cfg.SinkStarts[s.Name()]); err != nil {
			return nil, err
		}
	}
	for name := range cfg.SinkStarts {
		if d.sinkOf(name) == nil {
			return nil, fmt.Errorf("socialcrm: start of sink %s: there is no sink of this name: %w", name, ErrInvalid)
		}
	}
	if err := d.addChannels(ctx, cfg.Channels); err != nil {
		return nil, err
	}
	for _, s := range cfg.Sources {
		if err := d.AddSource(ctx, s); err != nil {
			return nil, err
		}
	}
	if err := d.update(ctx, func(w *work) error { w.readHolidays(); return nil }); err != nil {
		return nil, fmt.Errorf("socialcrm: %w", err)
	}
	return d, nil
}

// AddChannel adds a brand account while the Desk runs, and its events where it is also a source. Adding an account that is there replaces its channel.
func (d *Desk) AddChannel(ctx context.Context, ch channel.Channel) error {
	return d.addChannels(ctx, []channel.Channel{ch})
}

func (d *Desk) addChannels(ctx context.Context, channels []channel.Channel) error {
	if len(channels) == 0 {
		return nil
	}
	added := make([]*account, len(channels))
	keys := make([]ticket.ValueKey, len(channels))
	for i, ch := range channels {
		if ch == nil {
			return fmt.Errorf("socialcrm: add channel %d: it is nil: %w", i, ErrInvalid)
		}
		a := ch.Account()
		if err := checkSound("the account", a); err != nil {
			return fmt.Errorf("socialcrm: add channel %d: %w", i, err)
		}
		if a.Platform == "" || a.ID == "" || strings.Contains(a.Platform, "/") {
			return fmt.Errorf("socialcrm: add channel %q: the account %q has no platform, no ID, or a slash in its platform: %w", a.Name, a.AccountID, ErrInvalid)
		}
		added[i] = &account{Channel: ch, account: a, since: a.Since}
		keys[i] = accountKey(a.AccountID)
	}
	err := d.update(ctx, func(w *work) error {
		known, err := w.tx.Values(keys...)
		if err != nil {
			return err
		}
		expected, err := w.expected(added)
		if err != nil {
			return err
		}
		for i, a := range added {
			if known[i].Data != nil {
				if a.account.Since.IsZero() {
					err = a.since.UnmarshalText(known[i].Data)
				}
			} else {
				if a.since.IsZero() {
					a.since = w.now
					if !expected[i].IsZero() {
						a.since = expected[i]
					}
				}
				var text []byte
				if text, err = a.since.MarshalText(); err == nil {
					w.tx.PutValue(ticket.Value{Key: keys[i], Data: text})
					w.append(ticket.Entry{Kind: ticket.AccountAdded, Key: "account/" + a.account.AccountID.String(), New: a.account.AccountID.String()})
				}
			}
			if err != nil {
				return fmt.Errorf("account %s: %w", a.account.AccountID, err)
			}
			w.lookAfter(a, !expected[i].IsZero())
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("socialcrm: add channels: %w", err)
	}
	d.mu.Lock()
	for _, a := range added {
		d.channels[a.account.AccountID] = a
		if a.account.Handle != "" {
			d.handles[channel.AccountID{Platform: a.account.Platform, ID: strings.ToLower(a.account.Handle)}] = a.account.AccountID
		}
	}
	d.mu.Unlock()
	for _, a := range added {
		if s, ok := a.Channel.(channel.Source); ok {
			if err := d.AddSource(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// accountKey holds from when on an account's messages are work, as it was when the account was added first.
func accountKey(id channel.AccountID) ticket.ValueKey {
	return ticket.ValueKey{Space: "account", Name: id.String()}
}

// since tells from when on an account's messages are work, also of one whose channel is not here.
func (w *work) since(id channel.AccountID) (since time.Time, err error) {
	if acc := w.d.channelOf(id); acc != nil {
		return acc.since, nil
	}
	values, err := w.tx.Values(accountKey(id))
	if err == nil && values[0].Data != nil {
		err = since.UnmarshalText(values[0].Data)
	}
	return since, err
}

// expected tells for each account since when events wait for it in quarantine; the zero time where none do.
func (w *work) expected(added []*account) ([]time.Time, error) {
	keys := make([]ticket.ValueKey, len(added))
	for i, a := range added {
		keys[i] = expectedKey(a.account.AccountID)
	}
	values, err := w.tx.Values(keys...)
	since := make([]time.Time, len(added))
	for i, v := range values {
		if v.Data != nil && err == nil {
			err = since[i].UnmarshalText(v.Data)
		}
	}
	return since, err
}

// lookAfter plans what a newly added account needs: what waited for it, that its webhooks are subscribed to, and that its messages are read again.
func (w *work) lookAfter(a *account, expected bool) {
	if expected {
		w.tx.Schedule(releaseTask(a.account.AccountID, w.now))
	}
	if _, ok := a.Channel.(channel.Subscriber); ok {
		w.tx.Schedule(subscribeTask(a.account.AccountID, w.now))
	}
	if _, ok := a.Channel.(channel.Rereader); ok {
		w.tx.Schedule(rereadTask(a.account.AccountID, w.now))
	}
}

// RemoveChannel takes an account out: its events are quarantined from now on, and its own source goes with it. Its replies wait for it to be added again, or for another Desk
// of the Store that has it; after a day they fail, as those to a platform that is away for so long, and Requeue sends them.
func (d *Desk) RemoveChannel(id channel.AccountID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if a, ok := d.channels[id]; ok {
		if s, ok := a.Channel.(channel.Source); ok {
			delete(d.sources, s.Name())
			if stop := d.streams[s.Name()]; stop != nil {
				stop()
				delete(d.streams, s.Name())
			}
		}
		delete(d.channels, id)
		delete(d.handles, channel.AccountID{Platform: id.Platform, ID: strings.ToLower(a.account.Handle)})
	}
}

// AddSource adds a source of events while the Desk runs. A Poller is polled from where it stopped.
func (d *Desk) AddSource(ctx context.Context, s channel.Source) error {
	name := s.Name()
	if name == "" || !soundText(name) {
		return fmt.Errorf("socialcrm: add source: its name is empty, or no text: %w", ErrInvalid)
	}
	switch s.(type) {
	case channel.Poller, channel.Streamer, channel.Receiver:
	default:
		return fmt.Errorf("socialcrm: add source %s: it is neither a Poller nor a Streamer nor a Receiver: %w", name, ErrInvalid)
	}
	d.mu.Lock()
	d.sources[name] = s
	running := d.running
	d.mu.Unlock()
	if _, ok := s.(channel.Poller); ok {
		err := d.update(ctx, func(w *work) error {
			w.tx.Schedule(pollTask(name, w.now))
			return nil
		})
		if err != nil {
			return fmt.Errorf("socialcrm: add source %s: %w", name, err)
		}
	}
	if running {
		select {
		case d.added <- name:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// AddSink adds a CRM while the Desk runs; it hears of what happens from now on; of a ticket that was there before, it is given the whole once
// something happens to it. AddSinkFrom also brings what happened before. What it can do beside taking pushes is used from now on: people are looked up in
// a crm.Directory, and what they do in a crm.Source acts on the tickets.
func (d *Desk) AddSink(s crm.Sink) error {
	return d.addSink(context.Background(), s, SinkStart{})
}

func (d *Desk) addSink(ctx context.Context, s crm.Sink, start SinkStart) error {
	if !sinkName(s.Name()) {
		return fmt.Errorf("socialcrm: add sink %q: a name is made of a-z, 0-9, '-', '.' and '_': %w", s.Name(), ErrInvalid)
	}
	d.mu.Lock()
	there := slices.ContainsFunc(d.sinks, func(other crm.Sink) bool { return other.Name() == s.Name() })
	if !there {
		// Readers hold the old slice without the lock, so it is never changed in place.
		d.sinks = append(append([]crm.Sink(nil), d.sinks...), s)
	}
	d.mu.Unlock()
	if there {
		return fmt.Errorf("socialcrm: add sink %s: there is one of this name already: %w", s.Name(), ErrInvalid)
	}
	_, tells := s.(crm.Source)
	if !tells && start == (SinkStart{}) {
		return nil
	}
	err := d.update(ctx, func(w *work) error {
		if tells {
			w.tx.Schedule(changesTask(s.Name(), w.now))
		}
		return w.startFrom(s.Name(), start)
	})
	if err != nil {
		d.mu.Lock()
		d.sinks = slices.DeleteFunc(slices.Clone(d.sinks), func(other crm.Sink) bool { return other.Name() == s.Name() })
		d.mu.Unlock()
		return fmt.Errorf("socialcrm: add sink %s: %w", s.Name(), err)
	}
	return nil
}

func sinkName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") == ""
}

func (d *Desk) channelOf(id channel.AccountID) *account {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.channels[id]
}

func (d *Desk) sourceOf(name string) channel.Source {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.sources[name]
}

func (d *Desk) allSinks() []crm.Sink {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.sinks
}
