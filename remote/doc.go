// Package remote is what every adapter shares when it talks to somebody else's HTTP API: one call with a clear outcome, limits that say when to come
// back, tokens that renew themselves, webhook signatures, and a safe way to fetch what a stranger linked to.
//
// Start with a [Client]: give it a Name and a Base, and call [Client.Do].
//
//	client := &remote.Client{
//		Name:   "mastodon",
//		Base:   "https://social.example",
//		Token:  oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}),
//		Scopes: []remote.Scope{{Level: remote.LevelAccount, ID: "mastodon/42"}},
//	}
//	var status struct{ ID string }
//	_, err := client.Do(ctx, remote.Request{
//		Op:   "post reply to 1123",
//		Path: "/api/v1/statuses",
//		JSON: reply,
//		Into: &status,
//	})
//
// Do makes one call and returns. It never waits, retries or paces: whoever called decides what to do next from the [Error], whose [Kind] says what the
// failure means, whose [Scope] says how far it reaches, and whose RetryAt says when to come back. The kind that matters most is [Unknown]: the request may
// have been carried out, and repeating it could say the same thing to a customer twice.
//
// Beside the client stand parts that are useful alone:
//
//   - [Client.Open] reads an answer that goes on, a stream of events for example.
//   - [Limiter] keeps to a rate and remembers what the other side said about coming back; several clients may share one.
//   - [TokenSource] refreshes a token once for many callers and saves a rotated refresh token before the new access token is used.
//   - [Signature] verifies and signs webhook bodies; [SecretMatches] compares shared secrets.
//   - [Fetcher] downloads attachments, and feeds that change, without being led into the host's own network.
//   - [Redact] takes secrets out of text.
//
// No error of this package holds a secret, in its text or in anything it unwraps to.
package remote
