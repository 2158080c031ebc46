package sla

import "github.com/socialcrm/socialcrm/rule"

// Facts are what a policy's condition can look at. They are part of the journal, so that clocks can be folded again under other policies.
type Facts struct {
	Account    string   `json:"account,omitempty"` // "platform/id"
	Platform   string   `json:"platform,omitempty"`
	Visibility string   `json:"visibility,omitempty"`
	Language   string   `json:"language,omitempty"`
	Lane       string   `json:"lane,omitempty"`
	Agent      string   `json:"agent,omitempty"`
	Tier       string   `json:"tier,omitempty"` // of the contact
	Tags       []string `json:"tags,omitempty"`
	Priority   Priority `json:"priority,omitzero"`
}

var factNames = [...]string{"account", "platform", "visibility", "language", "lane", "agent", "contact.tier", "tags", "priority"}

// Fact returns the fact of this name: account, platform, visibility, language, lane, agent, contact.tier, tags, priority (as its word).
func (f *Facts) Fact(name string) rule.Value {
	var text string
	switch name {
	case "account":
		text = f.Account
	case "platform":
		text = f.Platform
	case "visibility":
		text = f.Visibility
	case "language":
		text = f.Language
	case "lane":
		text = f.Lane
	case "agent":
		text = f.Agent
	case "contact.tier":
		text = f.Tier
	case "tags":
		if len(f.Tags) == 0 {
			return rule.Value{}
		}
		return rule.Texts(f.Tags...)
	case "priority":
		return rule.Text(f.Priority.String())
	}
	if text == "" {
		return rule.Value{}
	}
	return rule.Text(text)
}

// KnownValues lists what a fact can be that is one of a few words: visibility and priority. Nil: it can be anything.
func KnownValues(fact string) []rule.Value {
	switch fact {
	case "visibility":
		return []rule.Value{rule.Text("public"), rule.Text("private")}
	case "priority":
		return []rule.Value{rule.Text(Low.String()), rule.Text(Normal.String()), rule.Text(High.String()), rule.Text(Urgent.String())}
	}
	return nil
}
