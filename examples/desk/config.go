package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

// Config is the file that says what this desk is. It holds no secret: a Secret names where one is.
type Config struct {
	// Listen is the address that webhooks, agents and probes reach: "127.0.0.1:8080" behind a server that speaks TLS.
	Listen string `json:"listen"`
	// Store is "sqlite:FILE", "postgres:NAME" where NAME is the environment variable with the DSN, or "memory". Empty: sqlite:desk.db.
	Store string `json:"store,omitempty"`
	// Drain is how long requests that are under way may take when the desk stops. 0: 20 seconds.
	Drain sla.Duration `json:"drain,omitzero"`
	// Agents gives agents of the Setup, by name, the tokens with which they use the API.
	Agents map[string]Secret `json:"agents,omitempty"`

	Facebook   *Facebook       `json:"facebook,omitempty"`
	Mastodon   []Mastodon      `json:"mastodon,omitempty"`
	Salesforce *Salesforce     `json:"salesforce,omitempty"`
	RT         *RT             `json:"rt,omitempty"`
	Setup      socialcrm.Setup `json:"setup"`
}

// Facebook is an app at Meta and the Pages that it serves; docs/channels/facebook.md says how to make one.
type Facebook struct {
	App string `json:"app"`
	// Base is the address of the Graph API. Empty: Meta's.
	Base        string         `json:"base,omitempty"`
	AppSecret   Secret         `json:"app_secret"`
	VerifyToken Secret         `json:"verify_token"`
	Pages       []FacebookPage `json:"pages"`
}

// FacebookPage is one Page.
type FacebookPage struct {
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"`
	Token Secret `json:"token"`
	// Since is where work begins: what was written before is kept, and nobody has to answer it. Zero: when the Page was first connected.
	Since time.Time `json:"since,omitzero"`
}

// Mastodon is an account on any server; docs/channels/mastodon.md says how to get its token.
type Mastodon struct {
	Server string `json:"server"`
	Handle string `json:"handle"`
	Token  Secret `json:"token"`
}

// Salesforce is an org in which an app logs in by client credentials; docs/crm/salesforce.md says how to set it up.
type Salesforce struct {
	Instance     string `json:"instance"` // the org's My Domain
	ClientID     string `json:"client_id"`
	ClientSecret Secret `json:"client_secret"`
	// Owners leads from agents to Salesforce users; Queue owns what nobody has. Both may be empty.
	Owners map[string]string `json:"owners,omitempty"`
	Queue  string            `json:"queue,omitempty"`
	// Every is how often to look what people did in the org. 0: a minute.
	Every sla.Duration `json:"every,omitzero"`
}

// RT is a Request Tracker 5; docs/crm/rt.md says how to set it up.
type RT struct {
	Address string            `json:"address"`
	Token   Secret            `json:"token"`
	User    string            `json:"user"`
	Queue   string            `json:"queue,omitempty"` // empty: Social
	Owners  map[string]string `json:"owners,omitempty"`
	Every   sla.Duration      `json:"every,omitzero"`
}

// ParseConfig reads a configuration file: strict JSON. The error names the field and its line.
func ParseConfig(data []byte) (Config, error) {
	var c Config
	if err := rule.DecodeStrict(data, &c); err != nil {
		return c, err
	}
	return c, c.check()
}

// check names the first field that is missing or makes no sense; what the adapters check themselves is left to them.
func (c *Config) check() error {
	if c.Listen == "" {
		return missing("listen")
	}
	if c.Drain < 0 {
		return errors.New("drain: want more than 0")
	}
	if c.Store != "" {
		if _, _, err := c.store(); err != nil {
			return err
		}
	}
	for name, s := range c.Agents {
		if !slices.ContainsFunc(c.agentNames(), func(known string) bool { return known == name }) {
			return fmt.Errorf("agents.%s: setup.agents names nobody of that name", name)
		}
		if err := s.check("agents." + name); err != nil {
			return err
		}
	}
	if f := c.Facebook; f != nil {
		if err := errors.Join(needs("facebook.app", f.App), f.AppSecret.check("facebook.app_secret"), f.VerifyToken.check("facebook.verify_token")); err != nil {
			return err
		}
		if len(f.Pages) == 0 {
			return missing("facebook.pages")
		}
		for i, p := range f.Pages {
			at := fmt.Sprintf("facebook.pages[%d].", i)
			if err := errors.Join(needs(at+"id", p.ID), p.Token.check(at+"token")); err != nil {
				return err
			}
		}
	}
	for i, m := range c.Mastodon {
		at := fmt.Sprintf("mastodon[%d].", i)
		if err := errors.Join(needs(at+"server", m.Server), needs(at+"handle", m.Handle), m.Token.check(at+"token")); err != nil {
			return err
		}
	}
	if s := c.Salesforce; s != nil {
		if err := errors.Join(needs("salesforce.instance", s.Instance), needs("salesforce.client_id", s.ClientID), s.ClientSecret.check("salesforce.client_secret")); err != nil {
			return err
		}
	}
	if r := c.RT; r != nil {
		if err := errors.Join(needs("rt.address", r.Address), needs("rt.user", r.User), r.Token.check("rt.token")); err != nil {
			return err
		}
	}
	if err := c.Setup.Check(nil); err != nil {
		return fmt.Errorf("setup: %w", err)
	}
	return nil
}

// store splits Store into its kind and its place.
func (c *Config) store() (kind, place string, err error) {
	if c.Store == "" {
		return "sqlite", "desk.db", nil
	}
	kind, place, _ = strings.Cut(c.Store, ":")
	if (kind == "sqlite" || kind == "postgres") && place != "" || c.Store == "memory" {
		return kind, place, nil
	}
	return "", "", errors.New(`store: want "sqlite:FILE", "postgres:NAME" with the name of the environment variable that holds the DSN, or "memory"`)
}

func (c *Config) agentNames() []string {
	var names []string
	for _, a := range c.Setup.Agents {
		names = append(names, a.Name)
	}
	return names
}

func needs(field, value string) error {
	if value == "" {
		return missing(field)
	}
	return nil
}

func missing(field string) error { return fmt.Errorf("%s: is missing", field) }
