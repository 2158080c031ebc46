package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/facebook"
	"github.com/socialcrm/socialcrm/channel/mastodon"
	"github.com/socialcrm/socialcrm/channel/meta"
	"github.com/socialcrm/socialcrm/crm/rt"
	"github.com/socialcrm/socialcrm/crm/salesforce"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
	"github.com/socialcrm/socialcrm/ticket/postgres"
	"github.com/socialcrm/socialcrm/ticket/sqlite"
)

// connect makes channels and sinks out of the Config; it makes no call. Another adapter is a few lines here and a type in config.go.
func connect(c Config, read *secrets, log *slog.Logger) (d socialcrm.Config, err error) {
	d = socialcrm.Config{Setup: c.Setup, Logger: log}
	if f := c.Facebook; f != nil {
		app := meta.App{
			ID: f.App, Secrets: []string{read.read("facebook.app_secret", f.AppSecret)}, VerifyToken: read.read("facebook.verify_token", f.VerifyToken),
		}
		d.Sources = append(d.Sources, &facebook.Receiver{App: app})
		limiter := new(remote.Limiter) // one for all Pages of the app
		for i, p := range f.Pages {
			d.Channels = append(d.Channels, facebook.New(facebook.Options{
				Account: channel.Account{AccountID: channel.AccountID{ID: p.ID}, Name: p.Name, Since: p.Since}, App: app, Base: f.Base, Limiter: limiter, Logger: log,
				Token: fixed(read.read(fmt.Sprintf("facebook.pages[%d].token", i), p.Token)),
			}))
		}
	}
	for i, m := range c.Mastodon {
		at := fmt.Sprintf("mastodon[%d]", i)
		account, err := mastodon.New(mastodon.Options{Server: m.Server, Handle: m.Handle, Token: fixed(read.read(at+".token", m.Token))})
		if err != nil {
			return d, fmt.Errorf("%s: %w", at, err)
		}
		d.Channels = append(d.Channels, account)
	}
	if s := c.Salesforce; s != nil {
		login := salesforce.Login{Host: s.Instance, ClientID: s.ClientID, ClientSecret: read.read("salesforce.client_secret", s.ClientSecret)}
		d.Sinks = append(d.Sinks, salesforce.New(salesforce.Options{
			Instance: s.Instance, Token: salesforce.ClientCredentials(login), Every: time.Duration(s.Every),
			Mapping: salesforce.Mapping{Owners: s.Owners, Queue: s.Queue, Reply: "Social_For_Customer__c"},
		}))
	}
	if r := c.RT; r != nil {
		d.Sinks = append(d.Sinks, rt.New(rt.Options{
			Address: r.Address, Token: read.read("rt.token", r.Token), User: r.User, Queue: r.Queue, Every: time.Duration(r.Every), Mapping: rt.Mapping{Owners: r.Owners},
		}))
	}
	return d, read.err
}

// fixed is a token that does not expire.
func fixed(token string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
}

// openStore opens what keeps the tickets.
func openStore(ctx context.Context, c Config, read *secrets) (ticket.Store, error) {
	kind, place, err := c.store()
	if err != nil {
		return nil, err
	}
	switch kind {
	case "sqlite":
		return sqlite.Open(place, nil)
	case "postgres":
		dsn := read.read("store", Secret{Env: place})
		if read.err != nil {
			return nil, read.err
		}
		return postgres.Open(ctx, dsn, nil)
	}
	return ticket.NewMemory(nil), nil
}
