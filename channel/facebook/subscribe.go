package facebook

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel/meta"
	"github.com/socialcrm/socialcrm/remote"
)

// Fields returns the webhook fields that the package reads, for the app dashboard.
func Fields() []string {
	return []string{
		"feed", "mention", "messages", "message_edits", "message_echoes", "message_deliveries", "message_reads", "message_reactions", "messaging_postbacks",
		"messaging_referrals", "messaging_handovers", "standby",
	}
}

// permissions are those that a token needs for everything here.
var permissions = [...]string{"pages_manage_metadata", "pages_read_engagement", "pages_manage_engagement", "pages_messaging"}

// tokenNotice is how long before a token ends the Logger hears of it, daily.
const tokenNotice = 14 * 24 * time.Hour

// Subscribe makes sure that the app is installed on the Page for all Fields; lost says that it was not, which without App.ID nobody can tell. Where App has an ID and a secret it checks the token first: one
// that is no longer valid is Unauthorized; Options.Logger hears of one that ends within two weeks or lacks permissions.
//
// That the app itself is subscribed to the webhooks of Pages, in the dashboard, cannot be seen with a Page's token.
func (c *Channel) Subscribe(ctx context.Context) (lost bool, err error) {
	if c.graph.CanCheckToken() {
		if err := c.checkToken(ctx); err != nil {
			return false, err
		}
	}
	installed, err := c.installed(ctx)
	if err == nil && !installed {
		_, err = c.graph.Do(ctx, remote.Request{
			Op: "subscribe to page " + c.o.Account.ID, Path: remote.Path(c.o.Account.ID, "subscribed_apps"), Idempotent: true,
			Form: url.Values{"subscribed_fields": {strings.Join(Fields(), ",")}},
		})
	}
	return err == nil && !installed && c.o.App.ID != "", err
}

// installed reports whether our app hears of all Fields of the Page. Without the app's ID it reports false, so that the subscription is made again, which does no
// harm.
func (c *Channel) installed(ctx context.Context) (bool, error) {
	if c.o.App.ID == "" {
		return false, nil
	}
	var apps struct {
		Data []struct {
			ID     meta.ID  `json:"id"`
			Fields []string `json:"subscribed_fields"`
		} `json:"data"`
	}
	_, err := c.graph.Do(ctx, remote.Request{
		Op: "read subscriptions of page " + c.o.Account.ID, Path: remote.Path(c.o.Account.ID, "subscribed_apps"),
		Query: url.Values{"fields": {"id,subscribed_fields"}}, Into: &apps,
	})
	if err != nil {
		return false, err
	}
	for _, app := range apps.Data {
		if string(app.ID) == c.o.App.ID {
			return !slices.ContainsFunc(Fields(), func(f string) bool { return !slices.Contains(app.Fields, f) }), nil
		}
	}
	return false, nil
}

// checkToken returns an error only when the token is dead: that the check itself failed means nothing.
func (c *Channel) checkToken(ctx context.Context) error {
	log := c.o.Logger.With(slog.String("account", c.Name()))
	token, err := c.CheckToken(ctx)
	switch {
	case remote.KindOf(err) == remote.Unauthorized && err != nil:
		return err
	case err != nil:
		log.Info("token not checked", "error", err)
		return nil
	}
	if ends := token.Ends(); !ends.IsZero() && ends.Before(c.o.Now().Add(tokenNotice)) {
		log.Warn("token ends soon: connect the account again", "ends", ends)
	}
	if missing := token.Missing(permissions[:]...); len(missing) > 0 {
		log.Warn("token lacks permissions", "missing", missing)
	}
	return nil
}

// CheckToken asks Meta about the Page's token: until when it is valid and what it may do; see [meta.Graph.CheckToken]. Subscribe does so daily.
func (c *Channel) CheckToken(ctx context.Context) (meta.Token, error) { return c.graph.CheckToken(ctx) }
