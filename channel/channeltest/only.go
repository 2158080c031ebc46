package channeltest

import (
	"strings"

	"github.com/socialcrm/socialcrm/channel"
)

// Ability is a set of the optional abilities of a channel.
type Ability uint8

// One optional interface of package channel each.
const (
	PrivateReplies Ability = 1 << iota // channel.PrivateReplier
	Moderates                          // channel.Moderator
	Publishes                          // channel.Publisher
	Finds                              // channel.Finder
	Profiles                           // channel.Profiler
	Subscribes                         // channel.Subscriber
	Controls                           // channel.Controller

	allAbilities = 1<<iota - 1
)

// AbilitiesOf returns which optional interfaces c implements.
func AbilitiesOf(c channel.Channel) Ability {
	var a Ability
	for _, has := range []struct {
		ability Ability
		is      bool
	}{
		{PrivateReplies, is[channel.PrivateReplier](c)},
		{Moderates, is[channel.Moderator](c)},
		{Publishes, is[channel.Publisher](c)},
		{Finds, is[channel.Finder](c)},
		{Profiles, is[channel.Profiler](c)},
		{Subscribes, is[channel.Subscriber](c)},
		{Controls, is[channel.Controller](c)},
	} {
		if has.is {
			a |= has.ability
		}
	}
	return a
}

func is[I any](c channel.Channel) bool {
	_, ok := c.(I)
	return ok
}

// String names the abilities by their interfaces: "Moderator, Finder"; "none" for the zero value.
func (a Ability) String() string {
	var names []string
	for i, name := range [...]string{"PrivateReplier", "Moderator", "Publisher", "Finder", "Profiler", "Subscriber", "Controller"} {
		if a&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}

// PollingChannel is a channel that brings its own events.
type PollingChannel interface {
	channel.Channel
	channel.Poller
}

//go:generate go run only_gen.go

// Only returns the same account with these optional abilities and no others: a type assertion for any other fails.
func (c *FakeChannel) Only(a Ability) PollingChannel { return c.only()[a&allAbilities] }
