package archive_test

import (
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/archive"
	"github.com/socialcrm/socialcrm/remote"
)

func TestAnAccountOfAnArchiveTakesNoPosts(t *testing.T) {
	t.Parallel()
	account := channel.Account{AccountID: channel.AccountID{Platform: archive.Platform, ID: "AcmeHelp"}, Since: time.Date(2020, 4, 1, 10, 0, 0, 0, time.UTC)}
	ch := archive.Channel(account)
	if ch.Account() != account {
		t.Errorf("the account is %+v, want %+v", ch.Account(), account)
	}
	sent, err := ch.Send(t.Context(), channel.Outgoing{InReplyTo: "7", Text: "Hello"})
	if remote.KindOf(err) != remote.Rejected || sent != (channel.Sent{}) {
		t.Errorf("a post is answered by %+v and %v, want an error of kind rejected", sent, err)
	}
	if want := "archive: post reply to 7 as twitter/AcmeHelp: rejected: an archive can only be read"; err.Error() != want {
		t.Errorf("the error is %q, want %q", err, want)
	}
}
