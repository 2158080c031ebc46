package crmtest

import "github.com/socialcrm/socialcrm/crm"

// Ability is a set of the optional interfaces that a sink implements.
type Ability uint8

const (
	Directory Ability = 1 << iota // crm.Directory
	Source                        // crm.Source
	Eraser                        // crm.Eraser
	LeadSink                      // crm.LeadSink
)

// AbilitiesOf returns what a sink implements.
func AbilitiesOf(s crm.Sink) Ability {
	var a Ability
	if _, ok := s.(crm.Directory); ok {
		a |= Directory
	}
	if _, ok := s.(crm.Source); ok {
		a |= Source
	}
	if _, ok := s.(crm.Eraser); ok {
		a |= Eraser
	}
	if _, ok := s.(crm.LeadSink); ok {
		a |= LeadSink
	}
	return a
}

// Only returns the sink with no other abilities than those of keep that it has: type assertions for the rest fail. Only(s, 0) is a bare crm.Sink.
func Only(s crm.Sink, keep Ability) crm.Sink {
	d, _ := s.(crm.Directory)
	c, _ := s.(crm.Source)
	e, _ := s.(crm.Eraser)
	l, _ := s.(crm.LeadSink)
	switch keep & AbilitiesOf(s) {
	case Directory:
		return struct {
			crm.Sink
			crm.Directory
		}{s, d}
	case Source:
		return struct {
			crm.Sink
			crm.Source
		}{s, c}
	case Eraser:
		return struct {
			crm.Sink
			crm.Eraser
		}{s, e}
	case LeadSink:
		return struct {
			crm.Sink
			crm.LeadSink
		}{s, l}
	case Directory | Source:
		return struct {
			crm.Sink
			crm.Directory
			crm.Source
		}{s, d, c}
	case Directory | Eraser:
		return struct {
			crm.Sink
			crm.Directory
			crm.Eraser
		}{s, d, e}
	case Directory | LeadSink:
		return struct {
			crm.Sink
			crm.Directory
			crm.LeadSink
		}{s, d, l}
	case Source | Eraser:
		return struct {
			crm.Sink
			crm.Source
			crm.Eraser
		}{s, c, e}
	case Source | LeadSink:
		return struct {
			crm.Sink
			crm.Source
			crm.LeadSink
		}{s, c, l}
	case Eraser | LeadSink:
		return struct {
			crm.Sink
			crm.Eraser
			crm.LeadSink
		}{s, e, l}
	case Directory | Source | Eraser:
		return struct {
			crm.Sink
			crm.Directory
			crm.Source
			crm.Eraser
		}{s, d, c, e}
	case Directory | Source | LeadSink:
		return struct {
			crm.Sink
			crm.Directory
			crm.Source
			crm.LeadSink
		}{s, d, c, l}
	case Directory | Eraser | LeadSink:
		return struct {
			crm.Sink
			crm.Directory
			crm.Eraser
			crm.LeadSink
		}{s, d, e, l}
	case Source | Eraser | LeadSink:
		return struct {
			crm.Sink
			crm.Source
			crm.Eraser
			crm.LeadSink
		}{s, c, e, l}
	case Directory | Source | Eraser | LeadSink:
		return s
	}
	return struct{ crm.Sink }{s}
}
