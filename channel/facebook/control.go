package facebook

import (
	"context"

	"github.com/socialcrm/socialcrm/remote"
)

// TakeControl makes our app the holder of a Messenger conversation (conversation routing); thread is the customer's ID. PolicyBlocked or NotInControl: another
// app holds it and ours may not take it.
func (c *Channel) TakeControl(ctx context.Context, thread string) error {
	return c.control(ctx, "take control of "+thread, "take_thread_control", thread, "")
}

// ReleaseControl passes a Messenger conversation to the app with that ID, or back to the Page's routing when app is empty.
func (c *Channel) ReleaseControl(ctx context.Context, thread, app string) error {
	if app == "" {
		return c.control(ctx, "release control of "+thread, "release_thread_control", thread, "")
	}
	return c.control(ctx, "pass control of "+thread+" to app "+app, "pass_thread_control", thread, app)
}

func (c *Channel) control(ctx context.Context, op, edge, thread, app string) error {
	type person struct {
		ID string `json:"id"`
	}
	_, err := c.graph.Do(ctx, remote.Request{
		Op: op, Path: remote.Path(c.o.Account.ID, edge), Idempotent: true,
		JSON: struct {
			Recipient person `json:"recipient"`
			App       string `json:"target_app_id,omitempty"`
		}{person{thread}, app},
	})
	return err
}

// Typing shows the customer of a Messenger conversation that somebody is writing, or ends that; Meta ends it by itself after about 20 seconds. The Desk does not
// call it; hosts may, while an agent types.
func (c *Channel) Typing(ctx context.Context, thread string, on bool) error {
	if on {
		return c.act(ctx, thread, "TYPING_ON")
	}
	return c.act(ctx, thread, "TYPING_OFF")
}

// Seen marks what the customer of a Messenger conversation wrote as seen. The Desk does not call it; hosts may, when an agent opens the ticket.
func (c *Channel) Seen(ctx context.Context, thread string) error {
	return c.act(ctx, thread, "MARK_SEEN")
}

func (c *Channel) act(ctx context.Context, thread, action string) error {
	s := sending{Action: action}
	s.Recipient.ID = thread
	_, err := c.graph.Do(ctx, remote.Request{
		Op: "tell " + thread + " " + action, Path: remote.Path(c.o.Account.ID, "messages"), JSON: s, Idempotent: true,
		Scopes: []remote.Scope{{Level: remote.LevelRecipient, ID: Platform + "/" + c.o.Account.ID + ":" + thread}},
	})
	return err
}
