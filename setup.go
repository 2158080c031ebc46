package socialcrm

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Setup is the company: who handles what, and by when. It is a value, built in Go or read from a desk file with ParseSetup. The zero Setup has one lane
// without a team and promises nothing.
type Setup struct {
	// Lanes in the order in which they are asked; the first match wins. None: everything goes to routing.DefaultLane.
	Lanes []routing.Lane `json:"lanes,omitempty"`
	// Teams that handle lanes, and the agents in them.
	Teams  []routing.Team  `json:"teams,omitempty"`
	Agents []routing.Agent `json:"agents,omitempty"`
	// Weights say what tickets take of an agent's capacity; the first that matches wins. None does: 1.
	Weights []routing.Weight `json:"weights,omitempty"`
	// Calendars by the names that lanes, agents' shifts and SLA policies refer to.
	Calendars map[string]sla.Hours `json:"calendars,omitempty"`
	// Words are word lists by the names that conditions of lanes, weights and noise refer to with "list".
	Words rule.Lists `json:"words,omitempty"`
	// SLA is what is promised to whom; the first matching policy wins.
	SLA []sla.Policy `json:"sla,omitempty"`
	// Approval asks of the whole company that another approves what agents write before it goes out: for a crisis. A RoleLead's replies go out at once.
	Approval bool `json:"approval,omitempty"`
	// OffHours is what customers are told at once who write while nobody is there. Nil: nothing.
	OffHours *OffHours `json:"off_hours,omitempty"`
	// Reopen says for how long after a ticket was solved a customer's message reopens it; later it is a follow-up.
	Reopen Reopen `json:"reopen,omitzero"`
	// Noise says which messages are no work: thanks, a lone emoji. They are kept, but make no ticket, reopen none and start no clock. A message with a question
	// mark is never noise.
	Noise []Noise `json:"noise,omitempty"`
	// Apps tells what the apps are that post for the brand beside the Desk, by the platform's ID of the app. Unknown apps are tools.
	Apps map[string]App `json:"apps,omitempty"`
	// RedactWithin is how long CRMs have to honour a deletion that must be honoured; later it is reported. 0: 24 hours.
	RedactWithin sla.Duration `json:"redact_within,omitzero"`
}

// Reopen is the window in which a message reopens a solved ticket.
type Reopen struct {
	// Public and Private are windows; 0: 7 days in public, 30 days in private; negative: never.
	Public  sla.Duration `json:"public,omitzero"`
	Private sla.Duration `json:"private,omitzero"`
}

// Noise is a kind of message that wants no answer.
type Noise struct {
	// Name stands in the journal.
	Name string `json:"name"`
	// When says what it is, over the facts of the message that ticket.Facts names. It must not be empty.
	When rule.Condition `json:"when"`
}

// App says what posts through an app are.
type App string

const (
	// PersonApp: people write in it, so its posts are agents' answers.
	PersonApp App = "person"
	// ToolApp: it posts by itself, so its posts are automated.
	ToolApp App = "tool"
)

// ParseSetup reads a desk file: a Setup as strict JSON. The error names the field that is wrong and its line.
func ParseSetup(data []byte) (Setup, error) {
	var s Setup
	if err := rule.DecodeStrict(data, &s); err != nil {
		return Setup{}, fmt.Errorf("desk file: %w", err)
	}
	return s, nil
}

// Check reports what is wrong in the Setup, as Apply would; predicates are those that conditions may name.
func (s Setup) Check(predicates rule.Predicates) error {
	_, err := s.compile(0, time.Time{}, predicates, nil)
	return err
}

func (s Setup) org() routing.Org {
	return routing.Org{Lanes: s.Lanes, Teams: s.Teams, Agents: s.Agents, Weights: s.Weights, Calendars: s.Calendars, Words: s.Words}
}

// company is a Setup that is checked and compiled.
type company struct {
	version  int64
	setup    Setup
	lanes    routing.Router
	roster   *routing.Roster
	policies *sla.PolicySet
	noises   *rule.Set // of setup.Noise
	offHours *offHours // nil: none
	since    time.Time // when this version came into force
	before   *company  // the version before, whose promises older events were made under
}

func (s Setup) compile(version int64, since time.Time, predicates rule.Predicates, before *company) (*company, error) {
	lanes, err := routing.New(s.org(), predicates)
	if err != nil {
		return nil, err
	}
	policies, err := sla.NewPolicySet(s.SLA, lanes.Calendars(), predicates)
	if err != nil {
		return nil, err
	}
	noises := rule.Builder{Predicates: predicates, Lists: s.Words}
	for i, n := range s.Noise {
		if n.Name == "" {
			return nil, fmt.Errorf("noise[%d]: name is missing", i)
		}
		if n.When.IsZero() {
			return nil, fmt.Errorf("noise %q: when is empty, so that every message would be noise", n.Name)
		}
		if _, err = noises.Add(n.When); err != nil {
			return nil, fmt.Errorf("noise %q: when: %w", n.Name, err)
		}
	}
	noiseRules := noises.Set()
	for i, n := range s.Noise {
		for _, name := range noiseRules.Rule(i).Facts() {
			if !ticket.KnownMessageFact(name) {
				return nil, fmt.Errorf("noise %q: when: fact %q is not known of a message; ticket.Facts lists those that are", n.Name, name)
			}
		}
	}
	offHours, err := s.OffHours.compile(predicates, policies)
	if err != nil {
		return nil, err
	}
	for id, app := range s.Apps {
		if app != PersonApp && app != ToolApp {
			return nil, fmt.Errorf("apps[%q] %q: want %q or %q", id, app, PersonApp, ToolApp)
		}
	}
	if s.RedactWithin < 0 {
		return nil, fmt.Errorf("redact_within: want more than 0, got %s", time.Duration(s.RedactWithin))
	}
	return &company{version: version, setup: s, lanes: lanes, roster: routing.NewRoster(s.Agents), policies: policies, noises: noiseRules, offHours: offHours, since: since, before: before}, nil
}

// noise returns the name of the kind of noise that a message is; empty when it wants an answer.
func (c *company) noise(m *channel.Message) string {
	if len(c.setup.Noise) == 0 || strings.ContainsAny(m.Text, "?？؟") {
		return ""
	}
	asked := c.noises.Ask(&ticket.Facts{Message: m})
	for i, n := range c.setup.Noise {
		if _, ok := asked.Match(i); ok {
			return n.Name
		}
	}
	return ""
}

// inForce returns the promises that held at t.
func (c *company) inForce(t time.Time) *sla.PolicySet {
	for c.before != nil && t.Before(c.since) {
		c = c.before
	}
	return c.policies
}

// reopenWindow returns how long a solved ticket can be reopened, and whether at all.
func (c *company) reopenWindow(private bool) (time.Duration, bool) {
	window, standard := c.setup.Reopen.Public, 7*24*time.Hour
	if private {
		window, standard = c.setup.Reopen.Private, 30*24*time.Hour
	}
	if window == 0 {
		return standard, true
	}
	return time.Duration(window), window > 0
}

const setupSpace = "setup"

var currentSetup = ticket.ValueKey{Space: setupSpace, Name: "current"}

func setupKey(version int64) ticket.ValueKey {
	return ticket.ValueKey{Space: setupSpace, Name: fmt.Sprintf("v%012d", version)}
}

// storedSetup is a version as the Store keeps it.
type storedSetup struct {
	Version int64     `json:"version"`
	Since   time.Time `json:"since"`
	Setup   Setup     `json:"setup"`
}

// Setup returns the company as it now is, and its version.
func (d *Desk) Setup() (Setup, int64) {
	c := d.company.Load()
	return c.setup, c.version
}

// Apply changes the company while it runs: all at once or, when anything is wrong in the Setup, not at all; the error then names it. Every process of the
// same Store follows. The journal's entries name the version that was in force, and versions are kept.
func (d *Desk) Apply(ctx context.Context, by By, s Setup) error {
	if err := d.permit(ctx, VerbApply, by); err != nil {
		return fmt.Errorf("socialcrm: apply: %w", err)
	}
	if err := s.Check(d.cfg.Predicates); err != nil {
		return fmt.Errorf("socialcrm: apply: %w: %w", err, ErrInvalid)
	}
	if err := checkSound("setup", s); err != nil {
		return fmt.Errorf("socialcrm: apply: %w", err)
	}
	if err := d.apply(ctx, by, s, false); err != nil {
		return fmt.Errorf("socialcrm: apply: %w", err)
	}
	return d.loadSetup(ctx)
}

// loadSetup brings the Desk to the Store's current version, and applies Config.Setup where there is none.
func (d *Desk) loadSetup(ctx context.Context) error {
	c, err := d.readSetup(ctx)
	if err != nil {
		return err
	}
	if c == nil {
		if err := d.cfg.Setup.Check(d.cfg.Predicates); err != nil {
			return fmt.Errorf("setup: %w", err)
		}
		if err := d.apply(ctx, By{Actor: ticket.Actor{Kind: ticket.ByHost}}, d.cfg.Setup, true); err != nil {
			return fmt.Errorf("setup: %w", err)
		}
		if c, err = d.readSetup(ctx); err != nil {
			return err
		}
	}
	d.company.Store(c)
	return d.refreshRoster(ctx, c)
}

func (d *Desk) readSetup(ctx context.Context) (*company, error) {
	var c *company
	err := d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) error {
		c = nil
		current, err := r.Values(currentSetup)
		if err != nil || current[0].Data == nil {
			return err
		}
		page := ticket.Page{}
		for {
			list, err := r.ListValues(setupSpace, page)
			if err != nil {
				return err
			}
			for _, v := range list.Items {
				if v.Key == currentSetup {
					continue
				}
				var stored storedSetup
				if err := json.Unmarshal(v.Data, &stored); err != nil {
					return fmt.Errorf("setup %s in the store: %w", v.Key.Name, err)
				}
				version, err := stored.Setup.compile(stored.Version, stored.Since, d.cfg.Predicates, c)
				switch {
				case err == nil:
					c = version
				case strconv.FormatInt(stored.Version, 10) == string(current[0].Data):
					return fmt.Errorf("setup version %d in the store: %w", stored.Version, err)
				default: // a version of the past that names a predicate which is gone: what it promised goes by the versions around it
					d.log.Warn("an old setup cannot be read any more", "version", stored.Version, "error", err)
				}
			}
			if page.After = list.Next; page.After == "" {
				return nil
			}
		}
	})
	return c, err
}

// apply stores the Setup as the next version. With onlyFirst it does nothing where there is a version already.
func (d *Desk) apply(ctx context.Context, by By, s Setup, onlyFirst bool) error {
	return d.update(ctx, func(w *work) error {
		current, err := w.tx.Values(currentSetup)
		if err != nil {
			return err
		}
		version := int64(0)
		if current[0].Data != nil {
			if onlyFirst {
				return nil
			}
			if version, err = strconv.ParseInt(string(current[0].Data), 10, 64); err != nil {
				return fmt.Errorf("setup's version in the store: %w", err)
			}
		}
		version++
		data, err := json.Marshal(storedSetup{Version: version, Since: w.now, Setup: s})
		if err != nil {
			return err
		}
		var again storedSetup // what is stored must be usable, also where Go values hold what JSON cannot
		if err := json.Unmarshal(data, &again); err != nil {
			return fmt.Errorf("%w: %w", err, ErrInvalid)
		}
		if err := again.Setup.Check(w.d.cfg.Predicates); err != nil {
			return fmt.Errorf("%w: %w", err, ErrInvalid)
		}
		w.tx.PutValue(ticket.Value{Key: setupKey(version), Data: data})
		w.tx.PutValue(ticket.Value{Key: currentSetup, Data: strconv.AppendInt(nil, version, 10)})
		if err := w.staff(s.Agents); err != nil {
			return err
		}
		for _, lane := range s.Lanes {
			w.tx.Schedule(drainTask(lane.Name, w.now))
		}
		w.append(ticket.Entry{Kind: ticket.SetupApplied, Key: "setup/" + strconv.FormatInt(version, 10), Actor: by.Actor, New: strconv.FormatInt(version, 10), Setup: version})
		return nil
	})
}

// staff brings the agents' states in line with the Setup: capacities, those who are always on, and those who are gone.
func (w *work) staff(agents []routing.Agent) error {
	named := make(map[string]bool, len(agents))
	for _, a := range agents {
		named[a.Name] = true
		known, err := w.tx.Agents(a.Name)
		if err != nil {
			return err
		}
		if !a.Until.IsZero() {
			w.tx.Schedule(leaveTask(a.Name, a.Until))
		}
		state := a.State()
		if was := known[0]; was.Name != "" && !a.AlwaysOn {
			state.Presence, state.Since = was.Presence, was.Since
		} else {
			state.Since = w.now
		}
		if ended(&a, w.now) {
			state.Presence = ticket.Offline
		}
		w.tx.PutAgent(state)
	}
	page := ticket.Page{}
	for {
		list, err := w.tx.ListAgents(page)
		if err != nil {
			return err
		}
		for _, a := range list.Items {
			if !named[a.Name] {
				w.tx.PutAgent(ticket.AgentState{Name: a.Name, Since: w.now})
			}
		}
		if page.After = list.Next; page.After == "" {
			return nil
		}
	}
}

// refreshRoster reads the state of every agent.
func (d *Desk) refreshRoster(ctx context.Context, c *company) error {
	return d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) error {
		page := ticket.Page{}
		for {
			list, err := r.ListAgents(page)
			if err != nil {
				return err
			}
			c.roster.Set(list.Items...)
			if page.After = list.Next; page.After == "" {
				return nil
			}
		}
	})
}
