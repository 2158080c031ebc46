package archive

import (
	"context"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// Channel returns an account of an archive as a Desk knows accounts. It can be read and not written to: Send makes no post and returns a *remote.Error of kind
// Rejected, so that an answer given on the Desk is journalled as failed and never tried again. A Desk quarantines the events of accounts that it does not have,
// so give it one of these for each of [Accounts]; a zero Account.Since would make the whole archive history.
func Channel(a channel.Account) channel.Channel { return recorded{a} }

// recorded is an account whose platform is a file.
type recorded struct{ account channel.Account }

func (r recorded) Account() channel.Account { return r.account }

// Traits knows no limits: what was recorded is within them, and nothing else is posted.
func (recorded) Traits(channel.Visibility) channel.Traits { return channel.Traits{} }

func (r recorded) Send(_ context.Context, out channel.Outgoing) (channel.Sent, error) {
	return channel.Sent{}, &remote.Error{
		Op: "archive: post reply to " + out.InReplyTo + " as " + r.account.AccountID.String(), Kind: remote.Rejected, Message: "an archive can only be read",
	}
}
