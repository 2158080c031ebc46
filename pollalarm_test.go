package socialcrm_test

import (
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestAPollThatIsNotAuthorizedRaisesOneAlarmAndTellsItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	told := func(kind ticket.EntryKind, want int) {
		t.Helper()
		got := w.told(kind)
		if len(got) != want {
			t.Fatalf("the journal tells of %s %+v, want %d", kind, got, want)
		}
		for _, e := range got {
			if e.Old != shop.String() || e.New != "poll" || e.Reason == "" {
				t.Errorf("the journal tells %+v, want the account, what, and why", e)
			}
		}
	}
	w.pass(time.Minute)
	w.platform.Break(channeltest.OnPoll, channeltest.Refuse(remote.Unavailable))
	w.pass(time.Hour)
	told(ticket.AccountAlarm, 0)
	for n := 1; n <= 2; n++ {
		w.platform.Break(channeltest.OnPoll, channeltest.Refuse(remote.Unauthorized))
		w.pass(6 * time.Hour)
		w.restart()
		w.pass(6 * time.Hour)
		told(ticket.AccountAlarm, n)
		w.platform.Break(channeltest.OnPoll, channeltest.Refuse(remote.Unavailable)) // says nothing of the authorization
		w.pass(3 * time.Hour)
		told(ticket.AccountRecovered, n-1)
		w.platform.Mend(channeltest.OnPoll)
		w.pass(2 * time.Hour)
		told(ticket.AccountRecovered, n)
	}
}

func TestWhatWasNotAuthorizedIsPolledAtOnceWhenTheAccountResumes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.platform.Break(channeltest.OnPoll, channeltest.Refuse(remote.Unauthorized))
	w.pass(12 * time.Hour)
	w.platform.Mend(channeltest.OnPoll)
	w.platform.Customer("mia").Post(w.page, "Where is it?")
	w.ok(w.desk.Resume(t.Context(), ana, shop))
	w.pass(time.Second)
	if n := len(w.tickets()); n != 1 {
		t.Errorf("%d tickets a second after Resume, want mia's", n)
	}
}

func TestACRMThatRefusesToTellItsChangesIsAskedOnEverMoreSeldom(t *testing.T) {
	t.Parallel()
	for _, kind := range []remote.Kind{remote.Rejected, remote.PolicyBlocked, remote.Unknown} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			w, tk := asked(t, channeltest.Options{})
			w.crm.QueueFor(crmtest.MethodChanges, refusals(kind, 20)...)
			w.pass(time.Minute)
			w.ok(w.crm.SetStatus("zoe", string(tk.ID), ticket.Pending))
			w.pass(48 * time.Hour)
			if got := w.only(); got.Status != ticket.Pending {
				t.Errorf("what was done in the CRM was never read: the ticket is %s", got.Status)
			}
			if kind == remote.Unknown {
				return // an outage, at first
			}
			failed, read := w.told(ticket.ChangesFailed), w.told(ticket.ChangesRead)
			if len(failed) != 1 || failed[0].Actor.ID != "crm" || failed[0].Reason == "" || len(read) != 1 {
				t.Fatalf("the journal tells %+v and %+v, want one refusal, why, and its end", failed, read)
			}
			if lasted := read[0].Processed.Sub(failed[0].Processed); lasted < 2*time.Hour {
				t.Errorf("20 refusals took %s: it was asked too often", lasted)
			}
		})
	}
}

// refusals are n failures of one kind.
func refusals(kind remote.Kind, n int) []crmtest.Fault {
	faults := make([]crmtest.Fault, n)
	for i := range faults {
		faults[i] = crmtest.Fail(kind)
	}
	return faults
}
