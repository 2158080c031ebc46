// Package salesforce is a [crm.Sink] that keeps contacts, cases and every message of a conversation in a Salesforce org.
//
// [New] makes one from the org's instance address and a token source. The org needs the fields named in object.go: a unique external ID on Contact and Case, and
// a custom object for interactions, because neither CaseComment nor FeedItem can be upserted and both would show a message twice after a lost answer.
//
// A Change goes out as composite requests, each all or nothing: contact, case and the first interactions in one call, further interactions in further calls, in
// order. Records find each other by external ID, so that no look-up and no ID of Salesforce is needed to write.
package salesforce

import (
	"context"
	"errors"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// Options say which org to write into.
type Options struct {
	// Name is the sink's name; empty means "salesforce".
	Name string
	// Instance is the org's address, the instance_url of the token answer: "https://acme.my.salesforce.com".
	Instance string
	// Token gives access tokens. Salesforce tells no expiry: use a remote.TokenSource, which renews a token that was refused.
	Token oauth2.TokenSource
	// HTTP makes the calls; nil means one with default settings.
	HTTP *http.Client
	// Limiter remembers when the org is closed to calls; sinks and other users of the same org share one. Nil: one of its own.
	Limiter *remote.Limiter
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Sink writes into one org. It is safe for concurrent use.
type Sink struct {
	name   string
	client *remote.Client
}

var _ crm.Sink = (*Sink)(nil)

// New returns a sink for the org. It makes no call; a wrong Instance shows at the first Push.
func New(o Options) *Sink {
	if o.Name == "" {
		o.Name = "salesforce"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limiter == nil {
		o.Limiter = &remote.Limiter{}
	}
	org := remote.Scope{Level: remote.LevelApp, ID: "salesforce/" + o.Instance} // limits are the org's
	return &Sink{name: o.Name, client: &remote.Client{
		Name: o.Name, Base: o.Instance, Token: o.Token, HTTP: o.HTTP, Limiter: o.Limiter, Now: o.Now,
		Scopes: []remote.Scope{org, {Level: remote.LevelCredential, ID: o.Name}},
		Usage: func(h http.Header, now time.Time) []remote.Hold {
			if !spent(h) {
				return nil
			}
			return []remote.Hold{{Scope: org, Until: now.Add(pauseWhenSpent)}}
		},
		Classify: func(r *remote.Response) *remote.Error { return classify(r, org, o.Now()) },
	}}
}

// Name returns Options.Name.
func (s *Sink) Name() string { return s.name }

// Push upserts the contact, the case and the interactions by their keys.
//
// An interaction that the org will never take (a validation rule, a value too long) is told in Receipt.Refused and its call made again without it, since the call had
// changed nothing. Errors by kind:
//
//   - NotFound: the case's contact is not in the org; push again with Contact
//   - RateLimited, Exhausted: the org's limit for calls at once, for calls in 24 hours, or its storage
//   - Unauthorized: the session has ended, or the user may no longer use the API
//   - PolicyBlocked: a duplicate rule or a missing permission of the user; Rejected: a field or object that the org does not have, or a value it refuses
//   - Unavailable: anything that may pass; a lost answer too, since everything is an upsert
func (s *Sink) Push(ctx context.Context, c crm.Change) (crm.Receipt, error) {
	var receipt crm.Receipt
	todo := compose(c)
	for len(todo) > 0 {
		now := todo[:fill(todo)]
		answer, err := s.client.Do(ctx, remote.Request{
			Op: "push " + c.Subject.String(), Method: http.MethodPost, Path: compositePath, Body: composite(now), ContentType: "application/json", Idempotent: true,
		})
		outcomes, unreadable := readAnswer(answer)
		if err == nil && unreadable == nil && !complete(now, outcomes) {
			unreadable = errIncomplete
		}
		refused := receive(&receipt, c, outcomes)
		switch {
		case err != nil:
			return receipt, err
		case unreadable != nil:
			return receipt, &remote.Error{Op: s.name + ": push " + c.Subject.String(), Kind: remote.Unavailable, Status: answer.Status, Err: unreadable}
		case len(refused) == 0:
			todo = todo[len(now):]
		default:
			todo = without(todo, refused) // fewer each time, so this ends
		}
	}
	return receipt, nil
}

// without returns the subrequests that were not refused; those of them that went out with a refused one were undone and go again.
func without(todo []subrequest, refused map[string]bool) []subrequest {
	left := make([]subrequest, 0, len(todo))
	for _, r := range todo {
		if !refused[r.ref] {
			left = append(left, r)
		}
	}
	return left
}

var errIncomplete = errors.New("the answer does not tell of every subrequest")
