package channel

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Source is how events arrive. It is also a Poller, a Streamer or a Receiver, or several of these. One source may bring events of many accounts (all
// Pages of an app share one webhook), so every Event names its account. A Channel that is also a Source brings its own events.
type Source interface {
	// Name is unique among a Desk's sources, never changes (cursors are kept under it) and is fit for a URL path: lower-case letters, digits, '-', '.', '_', '/'.
	Name() string
}

// Cursor is where a Poller has got to. It is opaque to everybody but the source that made it; "" is the beginning.
type Cursor string

// Batch is what a poll or a stream brought.
type Batch struct {
	// Events in the platform's order, oldest first.
	Events []Event
	// Bad are entries that could not be decoded; they cost the others nothing.
	Bad []Bad
	// Cursor is where the next poll goes on. It is stored in the same transaction as the events. Streams leave it empty.
	Cursor Cursor
	// More says that the next poll would bring more at once.
	More bool
	// Wait is how long to wait before the next poll. 0: the Desk's default.
	Wait time.Duration
}

// Bad is an entry of a call or batch that could not be decoded. It is quarantined with the reason and can be decoded again later.
type Bad struct {
	// Account is whose entry it was, as far as known.
	Account AccountID `json:"account,omitzero"`
	// Where names the place in the call: "entry[2].changes[0].value.from".
	Where string `json:"where,omitempty"`
	// Reason says what was wrong.
	Reason string `json:"reason"`
	// Raw is the entry as it came, without secrets. From a Receiver it is a whole body: Decode of a Call that has only this Body tries the entry again.
	Raw []byte `json:"raw,omitempty"`
}

// Poller fetches what is new. The Desk calls it again and again, never twice at once for one source. A source that is also a Receiver is polled all the same: where the
// platform has only one of the two at a time, make it two sources and give the Desk one.
type Poller interface {
	Source
	// Poll returns what came after the cursor, in one call or a few, without waiting; its context ends after Config.SendTimeout. An API that polls long is asked
	// with a wait of nothing or few seconds, well below that. Where a poll confirms what came before its cursor, confirm nothing beyond after: what is returned
	// is stored only then. An error is a *remote.Error and leaves the cursor where it was.
	Poll(ctx context.Context, after Cursor) (Batch, error)
}

// Streamer holds a connection over which events arrive. Only polls move the cursor, so a Streamer that can miss events is also a Poller.
type Streamer interface {
	Source
	// Stream delivers until ctx ends or the connection is lost, and returns why. deliver returns once the batch is safely stored; when it fails, Stream returns
	// its error. The Desk reconnects with backoff, and polls after each reconnect.
	Stream(ctx context.Context, deliver func(Batch) error) error
}

// Receiver takes webhooks. Verify comes first, over the raw bytes; Decode is called only for what is authentic, and again for what was quarantined.
type Receiver interface {
	Source
	// Verify checks that the call is authentic and returns a *remote.Error with Kind Unauthorized otherwise; that error never says what would have been right. A
	// non-nil Response answers the call at once and ends it (a challenge).
	Verify(c Call) (*Response, error)
	// Decode turns an authentic call into events. It is pure: the same call gives the same Delivery. An error means that nothing in the body made
	// sense; the Desk quarantines the whole call.
	Decode(c Call) (Delivery, error)
}

// Call is an HTTP request as a value, so that it can be verified, decoded, kept and decoded again.
type Call struct {
	Method string      `json:"method"`
	Path   string      `json:"path"`
	Query  url.Values  `json:"query,omitempty"`
	Header http.Header `json:"header,omitempty"`
	Body   []byte      `json:"body,omitempty"`
	// Received is when it reached us.
	Received time.Time `json:"received,omitzero"`
}

// Delivery is what a webhook call brought.
type Delivery struct {
	// Events in the order of the call.
	Events []Event
	// Bad are the entries that could not be decoded; they are quarantined, the others go on.
	Bad []Bad
	// Ignored counts the entries that were understood and are of no use here, by what the platform calls them ("ratings", "feed/album/add"). Nil: none.
	Ignored map[string]int
	// Response is what to answer once everything is stored. Nil: 200 with an empty body.
	Response *Response
}

// Response is an HTTP answer as a value. The zero value is 200 with an empty body.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}
