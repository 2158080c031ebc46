package mastodon

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/remote"
)

// server is what a server says about itself.
type server struct {
	asked      time.Time
	maxText    int
	perURL     int
	maxMedia   int
	imageBytes int64
	videoBytes int64
	maxAlt     int    // of a description, in characters
	streaming  string // the address of its streams
	api        int    // the version of Mastodon's API that it speaks; 0: before 4.3, or other software
}

// usual are the limits of a Mastodon as it is installed.
var usual = server{maxText: 500, perURL: 23, maxMedia: 4, imageBytes: 16 << 20, videoBytes: 99 << 20, maxAlt: 1500}

// limits returns what is known of the server.
func (c *Channel) limits() *server {
	if s := c.server.Load(); s != nil {
		return s
	}
	return &usual
}

// keepsKeys reports whether the server is known to honour an Idempotency-Key: Mastodon itself is.
func (s *server) keepsKeys() bool { return s.api > 0 }

// instance is the answer of /api/v2/instance, and of /api/v1/instance where it differs.
type instance struct {
	Configuration struct {
		URLs struct {
			Streaming string `json:"streaming"`
		} `json:"urls"`
		Statuses struct {
			MaxCharacters int `json:"max_characters"`
			MaxMedia      int `json:"max_media_attachments"`
			PerURL        int `json:"characters_reserved_per_url"`
		} `json:"statuses"`
		Media struct {
			ImageSize   int64 `json:"image_size_limit"`
			VideoSize   int64 `json:"video_size_limit"`
			Description int   `json:"description_limit"`
		} `json:"media_attachments"`
	} `json:"configuration"`
	APIVersions struct {
		Mastodon int `json:"mastodon"`
	} `json:"api_versions"`

	// Of the first version only; max_toot_chars is Pleroma's.
	URLs struct {
		Streaming string `json:"streaming_api"`
	} `json:"urls"`
	MaxTootChars int `json:"max_toot_chars"`
}

// refreshed is how long the server's word on itself counts, and askAgain how much longer where it could not be had anew.
const (
	refreshed = 24 * time.Hour
	askAgain  = time.Hour
)

// know asks the server for its limits and for our account's ID, where that was not done lately. Limits known before stay in force where the server does not answer.
func (c *Channel) know(ctx context.Context) error {
	if err := c.identify(ctx); err != nil {
		return err
	}
	known := c.server.Load()
	if known != nil && c.now().Sub(known.asked) < refreshed {
		return nil
	}
	var in instance
	_, err := c.client.Do(ctx, remote.Request{Op: "read the server's limits", Path: "/api/v2/instance", Into: &in})
	if kind := remote.KindOf(err); err != nil && (kind == remote.NotFound || kind == remote.Rejected) { // before Mastodon 4.0
		in = instance{}
		_, err = c.client.Do(ctx, remote.Request{Op: "read the server's limits", Path: "/api/v1/instance", Into: &in})
	}
	if err != nil && known == nil {
		return err
	}
	if err != nil {
		again := *known
		again.asked = c.now().Add(askAgain - refreshed)
		c.server.Store(&again)
		return nil
	}
	s := in.server(c.client.Base)
	s.asked = c.now()
	c.server.Store(s)
	return nil
}

// server takes what makes sense of the answer, and the usual limits for the rest.
func (in *instance) server(base string) *server {
	s := usual
	conf := &in.Configuration
	s.api = in.APIVersions.Mastodon
	set(&s.maxText, cmp.Or(conf.Statuses.MaxCharacters, in.MaxTootChars))
	set(&s.perURL, conf.Statuses.PerURL)
	set(&s.maxMedia, conf.Statuses.MaxMedia)
	set(&s.imageBytes, conf.Media.ImageSize)
	set(&s.videoBytes, conf.Media.VideoSize)
	set(&s.maxAlt, conf.Media.Description)
	s.maxText = max(s.maxText, 2*mentionRoom)
	s.streaming = streamingBase(cmp.Or(conf.URLs.Streaming, in.URLs.Streaming), base)
	return &s
}

// set takes a limit that makes sense.
func set[N int | int64](to *N, told N) {
	if told > 0 {
		*to = told
	}
}

// streamingBase returns the address for server-sent events of the one that a server names for its WebSocket. A token that came over https goes nowhere else.
func streamingBase(told, base string) string {
	u, err := url.Parse(told)
	if err != nil || u.Host == "" {
		return base
	}
	switch u.Scheme {
	case "wss", "https":
		u.Scheme = "https"
	case "ws", "http":
		u.Scheme = "http"
	default:
		return base
	}
	if u.Scheme == "http" && !strings.HasPrefix(base, "http://") {
		return base
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()
}

// identify learns our account's ID on the server, once, and whether the token is this account's.
func (c *Channel) identify(ctx context.Context) error {
	if c.self.Load() != nil {
		return nil
	}
	var own account
	if _, err := c.client.Do(ctx, remote.Request{Op: "verify the token", Path: "/api/v1/accounts/verify_credentials", Into: &own}); err != nil {
		return err
	}
	if got := c.id(own.Acct); own.ID == "" || got != c.account.ID {
		return &remote.Error{
			Op: Platform + ": verify the token", Kind: remote.Unauthorized, Status: http.StatusOK, Scope: c.client.Scopes[0],
			Message: "the token is that of " + got + ", not of " + c.account.ID,
		}
	}
	c.self.Store(&own.ID)
	return nil
}
