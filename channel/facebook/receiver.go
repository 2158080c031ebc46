package facebook

import (
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
)

// Receiver takes the webhook calls of one Meta app for all its Pages. The zero value accepts no call. Its methods may be called concurrently; change its
// fields only before the first call.
type Receiver struct {
	// App verifies the calls. With its ID, echoes of our own messages give back Event.SentKey and changes of control are told exactly.
	App meta.App
	// Source is what Name returns, and so the end of the webhook's address. Zero: "facebook". Give each Receiver of a Desk its own.
	Source string
}

var _ channel.Receiver = (*Receiver)(nil)

// Name returns Source, or "facebook".
func (r *Receiver) Name() string {
	if r.Source != "" {
		return r.Source
	}
	return Platform
}

// Verify answers the challenge of a new subscription and checks the signature of every other call; see [meta.App.Verify].
func (r *Receiver) Verify(c channel.Call) (*channel.Response, error) {
	return r.App.Verify(Platform, c)
}

// Decode turns a call into events, in the order of the call: every element of every entry. An element with a field of the wrong type, or without the ID that
// it needs, is a Bad; fields and items of kinds that are not listed in the package comment are counted in Ignored. An error means that the body is not a
// webhook call for Pages at all (another object, for example).
func (r *Receiver) Decode(c channel.Call) (channel.Delivery, error) {
	return meta.Decode(Platform, "page", c.Body, r.item)
}

func (r *Receiver) item(it meta.Item, d *channel.Delivery) error {
	switch {
	case it.List != meta.Changes:
		return r.messaging(it, d)
	case it.Field == "feed", it.Field == "mention":
		return feed(it, d)
	}
	meta.Ignore(d, it.Field)
	return nil
}
