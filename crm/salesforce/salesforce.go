// Package salesforce is a [crm.Sink] that keeps contacts, cases and every message of a conversation in a Salesforce org, and listens to the people who work there.
//
// [New] makes one from the org's address and a token source: [JWTBearer], [ClientCredentials] or [RefreshToken]. The org needs the fields that the packages in the
// directory metadata declare: a unique external ID on Contact (or Account), Case and Lead, and a custom object for interactions, because neither CaseComment nor
// FeedItem can be upserted and both would show a message twice after a lost answer. docs/crm/salesforce.md says what to set up, step by step.
//
// A Change goes out as composite requests, each all or nothing: contact, case and the first interactions in one call, further interactions in further calls, in
// order. Records find each other by external ID, so that no look-up and no ID of Salesforce is needed to write.
//
// The sink is also a [crm.Directory], a [crm.Source], a [crm.Eraser] and a [crm.LeadSink]. A host that wants less hides the rest: struct{ crm.Sink }{sink}.
package salesforce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// Options say which org to write into.
type Options struct {
	// Name is the sink's name; empty means "salesforce".
	Name string
	// Instance is the org's address: "https://acme.my.salesforce.com". Calls go to the instance_url that the token's answer names, and here where it names none, which
	// is so of tokens that were kept in a remote.TokenStore.
	Instance string
	// Token gives access tokens. Salesforce tells no expiry: use a remote.TokenSource, which renews a token that was refused.
	Token oauth2.TokenSource
	// Mapping says what this org calls things.
	Mapping Mapping
	// MirrorComments also writes each interaction as a CaseComment, for people who look at nothing else. A comment may be missing after a lost answer, and is never
	// there twice.
	MirrorComments bool
	// Every is how often to look what people did in Salesforce; 0 means a minute. Each look is one API call.
	Every time.Duration
	// Settle is how old a change by people must be before it is told. Salesforce dates a record when it is saved, not when it is committed, so that one with an
	// earlier date can appear later; 0 means 5 seconds.
	Settle time.Duration
	// HTTP makes the calls; nil means one with default settings.
	HTTP *http.Client
	// Limiter remembers when the org is closed to calls; sinks and other users of the same org share one. Nil: one of its own.
	Limiter *remote.Limiter
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Sink writes into one org. It is safe for concurrent use.
type Sink struct {
	name          string
	words         *words
	client        *remote.Client
	org           remote.Scope // limits are the org's
	mirror        bool
	every, settle time.Duration
	now           func() time.Time

	mu    sync.Mutex
	user  string    // whom the token stands for, once known
	pause time.Time // begin nothing before, so that the rest of the quota lasts
}

var (
	_ crm.Sink      = (*Sink)(nil)
	_ crm.Directory = (*Sink)(nil)
	_ crm.Source    = (*Sink)(nil)
	_ crm.Eraser    = (*Sink)(nil)
	_ crm.LeadSink  = (*Sink)(nil)
)

// New returns a sink for the org. It makes no call; a wrong Instance shows at the first Push.
func New(o Options) *Sink {
	o.Name = cmp.Or(o.Name, "salesforce")
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limiter == nil {
		o.Limiter = &remote.Limiter{}
	}
	s := &Sink{
		name: o.Name, words: readWords(o.Mapping), mirror: o.MirrorComments, now: o.Now,
		every: cmp.Or(o.Every, time.Minute), settle: cmp.Or(o.Settle, 5*time.Second),
		org: remote.Scope{Level: remote.LevelApp, ID: "salesforce/" + cmp.Or(o.Instance, o.Name)},
	}
	s.client = &remote.Client{
		Name: o.Name, Base: cmp.Or(o.Instance, noInstance), Token: o.Token, HTTP: o.HTTP, Limiter: o.Limiter, Now: o.Now,
		Scopes:    []remote.Scope{s.org, {Level: remote.LevelCredential, ID: o.Name}},
		Authorize: func(r *http.Request, token *oauth2.Token) error { return authorize(r, token, o.Instance) },
		Usage:     s.usage,
		Classify:  func(r *remote.Response) *remote.Error { return classify(r, s.org, o.Now()) },
	}
	return s
}

// noInstance stands where the address of the org is to be, until a token names it.
const noInstance = "https://login.salesforce.com"

// authorize puts the token into a request and sends it to the instance that the token's answer named.
func authorize(r *http.Request, token *oauth2.Token, instance string) error {
	if token == nil {
		return &remote.Error{Kind: remote.Unauthorized, Message: "there is no token"}
	}
	switch told, _ := token.Extra("instance_url").(string); {
	case told != "":
		u, err := url.Parse(told)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != r.URL.Scheme {
			return &remote.Error{Kind: remote.Unauthorized, Message: fmt.Sprintf("the token names the instance %q, which is no https address", told)}
		}
		r.URL.Scheme, r.URL.Host, r.Host = u.Scheme, u.Host, u.Host
	case instance == "":
		return &remote.Error{Kind: remote.Unauthorized, Message: "neither the token nor Options.Instance names the org's address"}
	}
	r.Header.Set("Authorization", "Bearer "+token.AccessToken)
	return nil
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
//   - Duplicate: a field of the host's own that is unique has this value in another record
//   - Unavailable: anything that may pass, a locked record among it; a lost answer too, since everything is an upsert
//
// From nine tenths of the org's calls on, it asks for pauses between pushes (RateLimited with RetryAt), so that the rest lasts.
func (s *Sink) Push(ctx context.Context, c crm.Change) (crm.Receipt, error) {
	var receipt crm.Receipt
	op := "push " + c.Subject.String()
	if err := s.begin(op); err != nil {
		return receipt, err
	}
	todo := s.words.compose(c, s.name)
	for len(todo) > 0 {
		now := todo[:fill(todo)]
		answer, err := s.client.Do(ctx, remote.Request{
			Op: op, Method: http.MethodPost, Path: compositePath, Body: composite(now, true), ContentType: "application/json", Idempotent: true,
		})
		outcomes, unreadable := readAnswer(answer)
		if err == nil && unreadable == nil && !complete(now, outcomes) {
			unreadable = errIncomplete
		}
		refused := receive(&receipt, c, outcomes)
		switch {
		case takeOtherwise(now, outcomes): // nothing of the call was done
		case err != nil:
			return receipt, err
		case unreadable != nil:
			return receipt, s.unreadable(op, answer, unreadable)
		case len(refused) == 0:
			if err := s.mirrorAll(ctx, c, outcomes, orKnown(receipt.Case, c.Refs.Case)); err != nil {
				return receipt, err
			}
			todo = todo[len(now):]
		default:
			todo = without(todo, refused) // fewer each time, so this ends
		}
	}
	return receipt, nil
}

// unreadable is the error of a 2xx answer that is not what Salesforce says it sends.
func (s *Sink) unreadable(op string, answer *remote.Response, err error) error {
	return &remote.Error{Op: s.name + ": " + op, Kind: remote.Unavailable, Status: answer.Status, Err: err}
}

// usage learns from the headers of every answer. A spent quota closes the org; little of it left only keeps the next operation waiting, not the next call: a push that
// needs several would otherwise never get to its end.
func (s *Sink) usage(h http.Header, now time.Time) []remote.Hold {
	used, limit, ok := readUsage(h)
	switch {
	case !ok:
		return nil
	case used >= limit:
		return []remote.Hold{{Scope: s.org, Until: now.Add(pauseWhenSpent)}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pause = now.Add(pauseFor(used, limit))
	return nil
}

// begin opens every operation: it says no while the org's calls are to be saved.
func (s *Sink) begin(op string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pause.After(s.now()) {
		return &remote.Error{Op: s.name + ": " + op, Kind: remote.RateLimited, Scope: s.org, RetryAt: s.pause, Message: "few of the org's API calls are left"}
	}
	return nil
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
