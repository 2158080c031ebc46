package facebook_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/channel/facebook"
	"github.com/socialcrm/socialcrm/remote"
)

func TestSubscribeTellsOfATokenThatEndsSoonAndLacksPermissions(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil) // the stand-in's token ends in nine days
	if lost, err := p.page.Subscribe(t.Context()); !lost || err != nil {
		t.Errorf("the first time: lost %t, %v", lost, err)
	}
	log := p.log.String()
	for _, want := range []string{"token ends soon", "2026-09-10", "pages_manage_engagement", "account=facebook/700100"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not tell %s: %s", want, log)
		}
	}
	for _, secret := range []string{pageToken, appSecret, proof} {
		if strings.Contains(log, secret) {
			t.Errorf("the log tells a secret: %s", log)
		}
	}
	token, err := p.page.CheckToken(t.Context())
	if err != nil || !token.Ends().Equal(p.at.Add(9*24*time.Hour)) {
		t.Errorf("CheckToken: %+v, %v", token, err)
	}
}

func TestSubscribeWithADeadTokenIsUnauthorized(t *testing.T) {
	t.Parallel()
	p := newPolled(t, func(o *facebook.Options) {
		o.Token = oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "EAAGrevoked"})
	})
	lost, err := p.page.Subscribe(t.Context())
	if lost || err == nil || remote.KindOf(err) != remote.Unauthorized || strings.Contains(err.Error(), "EAAGrevoked") {
		t.Errorf("lost %t, %v; want unauthorized, without the token", lost, err)
	}
}

// Without the app's ID nobody can tell our subscription from others', so it is made again, and never reported as lost.
func TestSubscribeWithoutAppID(t *testing.T) {
	t.Parallel()
	p := newPolled(t, func(o *facebook.Options) { o.App.ID = "" })
	for range 2 {
		if lost, err := p.page.Subscribe(t.Context()); lost || err != nil {
			t.Errorf("lost %t, %v", lost, err)
		}
	}
	if len(p.fields) != len(facebook.Fields()) || strings.Join(p.asked, " ") != "700100/subscribed_apps 700100/subscribed_apps" {
		t.Errorf("asked %v, subscribed to %v", p.asked, p.fields)
	}
}
