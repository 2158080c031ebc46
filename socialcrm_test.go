package socialcrm_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
)

func TestConfigThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	sink := func(name string) []crm.Sink { return []crm.Sink{named{crmtest.New(crmtest.Options{}), name}} }
	ofAccount := func(platform, id string) []channel.Channel {
		return []channel.Channel{onAccount{id: channel.AccountID{Platform: platform, ID: id}}}
	}
	for _, test := range []struct {
		name, want string
		cfg        socialcrm.Config
	}{
		{"nil channel", "channel 0", socialcrm.Config{Channels: []channel.Channel{nil}}},
		{"platform with a slash", `"fake/book/shop"`, socialcrm.Config{Channels: ofAccount("fake/book", "shop")}},
		{"no platform", "no platform", socialcrm.Config{Channels: ofAccount("", "shop")}},
		{"no account", "no ID", socialcrm.Config{Channels: ofAccount("fakebook", "")}},
		{"sink without a name", `""`, socialcrm.Config{Sinks: sink("")}},
		{"sink with a slash", `"a/b"`, socialcrm.Config{Sinks: sink("a/b")}},
		{"sink with a space", `"a b"`, socialcrm.Config{Sinks: sink("a b")}},
		{"sink with a capital", `"CRM"`, socialcrm.Config{Sinks: sink("CRM")}},
		{"two sinks of a name", "crm", socialcrm.Config{Sinks: append(sink("crm"), sink("crm")...)}},
		{"start of a sink that is not there", "crm2", socialcrm.Config{Sinks: sink("crm"), SinkStarts: map[string]socialcrm.SinkStart{"crm2": {Past: true}}}},
		{"start at a position of another Store", "start after", socialcrm.Config{Sinks: sink("crm"), SinkStarts: map[string]socialcrm.SinkStart{"crm": {After: "7"}}}},
		{"short link key", "16 bytes", socialcrm.Config{LinkKey: []byte("short")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := socialcrm.New(test.cfg); !errors.Is(err, socialcrm.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want ErrInvalid with %s", err, test.want)
			}
		})
	}
	if _, err := socialcrm.New(socialcrm.Config{Sinks: sink("crm-2.eu_west")}); err != nil {
		t.Error(err)
	}
}

// named is a sink under another name.
type named struct {
	crm.Sink
	name string
}

func (n named) Name() string { return n.name }
