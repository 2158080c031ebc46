package socialcrm

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"time"

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
	// Calendars are business hours, by the names that lanes, teams, agents' shifts and SLA policies refer to.
	Calendars map[string]sla.Hours `json:"calendars,omitempty"`
	// NationalHolidays names, for calendars by their names, the regions whose public holidays close them: "FR", "DE-BY"; package holidays lists those that it knows.
	NationalHolidays map[string][]string `json:"national_holidays,omitempty"`
	// Words are word lists by the names that conditions of lanes, weights and noise refer to with "list".
	Words rule.Lists `json:"words,omitempty"`
	// SLA is what is promised to whom; the first matching policy wins. Its steps may name lanes and agents of this Setup, and tell agents, teams and lanes of it; a
	// name with a colon, such as "mailto:lead@shop.example", is the host's to understand.
	SLA []sla.Policy `json:"sla,omitempty"`
	// ReplyWindow is what happens before a platform's window for an answer closes. Nil: a warning an hour before.
	ReplyWindow *ReplyWindow `json:"reply_window,omitempty"`
	// Approval asks of the whole company that another approves what agents write before it goes out: for a crisis. A RoleLead's replies go out at once.
	Approval bool `json:"approval,omitempty"`
	// OffHours is what customers are told at once who write while nobody is there. Nil: nothing.
	OffHours *OffHours `json:"off_hours,omitempty"`
	// Reopen says for how long after a ticket was solved a customer's message reopens it; later it is a follow-up.
	Reopen Reopen `json:"reopen,omitzero"`
	// Together says which public posts of one author are one ticket. The zero value: those that follow each other within 10 minutes.
	Together Together `json:"together,omitzero"`
	// Related says what tickets are to each other that one customer has on several channels at about the same time. The zero value: related, within an hour.
	Related Related `json:"related,omitzero"`
	// Campaigns says when many people who write nearly the same are one ticket. The zero value: never.
	Campaigns Campaigns `json:"campaigns,omitzero"`
	// Noise says which messages are no work: thanks, a lone emoji. They are kept, but make no ticket, reopen none and start no clock. A message with a question
	// mark is never noise.
	Noise []Noise `json:"noise,omitempty"`
	// Private says which public messages should leave the public wall; the first that matches counts.
	Private []PrivateRule `json:"private,omitempty"`
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

// ReadSetup reads a desk file, and checks it as Check does; predicates are those that conditions may name. Each line of the error names the file, and where in it something is wrong: the
// line where it cannot be read, what it is about (lane "care": when) where it cannot be used.
func ReadSetup(path string, predicates rule.Predicates) (Setup, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Setup{}, fmt.Errorf("desk file: %w", err)
	}
	var s Setup
	if err = rule.DecodeStrict(data, &s); err == nil {
		err = s.Check(predicates)
	}
	if err != nil {
		return Setup{}, rule.FaultsAt("desk file "+path+": ", err)
	}
	return s, nil
}

// Check reports all that is wrong in the Setup, as Apply would, a line each, and of very much the first twenty; predicates are those that conditions may name. It looks at no clock: what has passed already, such as an
// agent's Until, is not wrong.
func (s Setup) Check(predicates rule.Predicates) error {
	if where := unsound(reflect.ValueOf(s), ""); where != "" {
		return fmt.Errorf("%s: the text is no UTF-8, or holds a zero byte", where)
	}
	_, err := (storedSetup{Setup: s}).compile(predicates, nil)
	return rule.Faults(err, s.checkMeaning(rule.FaultsOf(err)))
}

// Router returns the lanes of the Setup as they route, for trying it out. The error names what keeps the Setup from being used; Check finds more.
func (s Setup) Router(predicates rule.Predicates) (*routing.Lanes, error) {
	c, err := storedSetup{Setup: s}.compile(predicates, nil)
	if err != nil {
		return nil, err
	}
	return c.lanes, nil
}

func (s Setup) org() routing.Org {
	return routing.Org{Lanes: s.Lanes, Teams: s.Teams, Agents: s.Agents, Weights: s.Weights, Calendars: s.Calendars, Words: s.Words}
}

// company is a Setup that is checked and compiled.
type company struct {
	version   int64
	setup     Setup
	fed       map[string][]sla.Holiday // from the feeds of Config.Holidays, by the calendar's name
	lanes     *routing.Lanes
	roster    *routing.Roster
	hours     map[string]businessHours
	policies  *sla.PolicySet
	queues    queues      // what lanes do with who waits
	escalates bool        // some policy has steps
	noises    *rule.Set   // of setup.Noise
	wall      *rule.Set   // of setup.Private
	offHours  *offHours   // nil: none
	oneMatter *rule.Set   // of setup.Related.Merge; nil: none
	since     time.Time   // when this version came into force
	before    *company    // the version before, whose promises older events were made under
	timeline  sla.InForce // what was promised when
}

// compile checks a version and makes it ready for work; before is the version before it, if any. The error tells all that is wrong, each part by itself.
func (v storedSetup) compile(predicates rule.Predicates, before *company) (*company, error) {
	s := v.Setup
	org := s.org()
	var wrong []error
	check := func(err error) { wrong = append(wrong, err) }
	var err error
	org.Calendars, err = v.hours()
	check(err)
	lanes, err := routing.New(org, predicates)
	check(err)
	var calendars sla.Calendars // none while lanes cannot be: policies are only checked then
	if lanes != nil {
		calendars = lanes.Calendars()
	}
	hours := businessHoursOf(org, calendars, before)
	policies, err := s.promises(hours, predicates)
	check(err)
	noises, err := s.compileNoise(predicates)
	check(err)
	wall, err := s.compileWall(predicates)
	check(err)
	offHours, err := s.OffHours.compile(predicates, s.Calendars)
	check(err)
	for _, id := range slices.Sorted(maps.Keys(s.Apps)) {
		if app := s.Apps[id]; app != PersonApp && app != ToolApp {
			check(fmt.Errorf("apps[%q] %q: want %q or %q", id, app, PersonApp, ToolApp))
		}
	}
	check(s.checkReplyWindow())
	check(s.Together.check())
	check(s.checkCampaigns())
	oneMatter, err := s.Related.compile(predicates, s.Words)
	check(err)
	if s.RedactWithin < 0 {
		check(fmt.Errorf("redact_within: want more than 0, got %s", time.Duration(s.RedactWithin)))
	}
	if err := rule.Faults(wrong...); err != nil {
		return nil, err
	}
	c := &company{
		version: v.Version, setup: s, fed: v.Holidays, lanes: lanes, roster: routing.NewRoster(s.Agents), hours: hours, policies: policies, noises: noises,
		wall: wall, offHours: offHours, oneMatter: oneMatter, since: v.Since, before: before,
	}
	c.timeline = c.inForce
	c.queues = queuesOf(org, lanes)
	c.escalates = slices.ContainsFunc(s.SLA, func(p sla.Policy) bool { return len(p.Steps) > 0 })
	return c, nil
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
	// Holidays are those that feeds gave, by the calendar's name, beside the Setup's own.
	Holidays map[string][]sla.Holiday `json:"holidays,omitempty"`
}

// Setup returns the company as it now is, and its version.
func (d *Desk) Setup() (Setup, int64) {
	c := d.company.Load()
	return c.setup, c.version
}

// Apply changes the company while it runs: all at once or, when anything is wrong in the Setup, not at all; the error then names it. Every process of the
// same Store follows. The journal's entries name the version that was in force, and versions are kept. What it changes of promises (sla, calendars, holidays) reaches a
// ticket's running clocks, deadlines and steps with the next thing that happens to the ticket; Reapply reaches all at once.
func (d *Desk) Apply(ctx context.Context, by By, s Setup) error {
	if err := d.permit(ctx, VerbApply, by); err != nil {
		return fmt.Errorf("socialcrm: apply: %w", err)
	}
	if err := s.Check(d.cfg.Predicates); err != nil {
		return fmt.Errorf("socialcrm: apply: %w: %w", err, ErrInvalid)
	}
	if err := d.checkHolidays(&s); err != nil {
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
	_, _, err = d.refreshRoster(ctx, c)
	return err
}

// readSetup reads all versions, so that events of the past are judged by what was promised then. Versions that are known already are not compiled again.
func (d *Desk) readSetup(ctx context.Context) (*company, error) {
	known := make(map[string]*company)
	for c := d.company.Load(); c != nil; c = c.before {
		known[setupKey(c.version).Name] = c
	}
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
				if k := known[v.Key.Name]; k != nil && k.before == c {
					c = k
				} else if c, err = d.compileStored(v, string(current[0].Data), c); err != nil {
					return err
				}
			}
			if page.After = list.Next; page.After == "" {
				return nil
			}
		}
	})
	return c, err
}

// compileStored makes a stored version ready for work, or returns the one before it where an old version cannot be read any more.
func (d *Desk) compileStored(v ticket.Value, current string, before *company) (*company, error) {
	var stored storedSetup
	if err := json.Unmarshal(v.Data, &stored); err != nil {
		return nil, fmt.Errorf("setup %s in the store: %w", v.Key.Name, err)
	}
	c, err := stored.compile(d.cfg.Predicates, before)
	switch {
	case err == nil:
		return c, nil
	case strconv.FormatInt(stored.Version, 10) == current:
		return nil, fmt.Errorf("setup version %d in the store: %w", stored.Version, err)
	}
	// It names a predicate which is gone: what it promised goes by the versions around it.
	d.log.Warn("an old setup cannot be read any more", "version", stored.Version, "error", err)
	return before, nil
}

// apply stores the Setup as the next version. With onlyFirst it does nothing where there is a version already.
func (d *Desk) apply(ctx context.Context, by By, s Setup, onlyFirst bool) error {
	return d.update(ctx, func(w *work) error {
		current, err := w.storedSetup()
		if err != nil || onlyFirst && current.Version > 0 {
			return err
		}
		fed := make(map[string][]sla.Holiday)
		for name, holidays := range current.Holidays {
			if _, there := s.Calendars[name]; there {
				fed[name] = holidays
			}
		}
		w.readHolidays()
		return w.putSetup(storedSetup{Version: current.Version + 1, Since: w.now, Setup: s, Holidays: fed}, by.Actor, "")
	})
}

// storedSetup reads the version in force; the zero one where there is none.
func (w *work) storedSetup() (stored storedSetup, err error) {
	current, err := w.tx.Values(currentSetup)
	if err != nil || current[0].Data == nil {
		return stored, err
	}
	version, err := strconv.ParseInt(string(current[0].Data), 10, 64)
	if err != nil {
		return stored, fmt.Errorf("setup's version in the store: %w", err)
	}
	values, err := w.tx.Values(setupKey(version))
	if err != nil {
		return stored, err
	}
	if err := json.Unmarshal(values[0].Data, &stored); err != nil {
		return stored, fmt.Errorf("setup version %d in the store: %w", version, err)
	}
	return stored, nil
}

// putSetup brings a version into force.
func (w *work) putSetup(next storedSetup, actor ticket.Actor, reason string) error {
	data, err := json.Marshal(next)
	if err != nil {
		return err
	}
	var again storedSetup // what is stored must be usable, also where Go values hold what JSON cannot
	if err := json.Unmarshal(data, &again); err != nil {
		return fmt.Errorf("%w: %w", err, ErrInvalid)
	}
	if _, err := again.compile(w.d.cfg.Predicates, nil); err != nil {
		return fmt.Errorf("%w: %w", err, ErrInvalid)
	}
	version := strconv.FormatInt(next.Version, 10)
	w.tx.PutValue(ticket.Value{Key: setupKey(next.Version), Data: data})
	w.tx.PutValue(ticket.Value{Key: currentSetup, Data: []byte(version)})
	if err := w.staff(next.Setup.Agents); err != nil {
		return err
	}
	w.tx.Schedule(rerouteTask(w.now, ""))
	w.append(ticket.Entry{Kind: ticket.SetupApplied, Key: "setup/" + version, Actor: actor, New: version, Reason: reason, Setup: next.Version})
	return nil
}
