package socialcrm_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestAReplyAnswersAMessageOfItsOwnTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, other := w.asked("mia", "Hello?"), w.asked("noa", "And mine?")
	_, err := w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Your number is 4711, Mia.", InReplyTo: w.newest(other).Key})
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, err)
	w.pass(time.Minute)
	if told := w.told(ticket.ReplyQueued); len(told) > 0 {
		t.Errorf("the journal tells %+v", told)
	}
}

func TestReplyAnswersTheLastOfTwoMessagesOfOneInstant(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "mia", "p", "p", "My parcel, I mean.", at(1)))
	sent := w.must(w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "In Lyon."}))
	w.ok(w.store.View(t.Context(), "", func(r ticket.Reader) error {
		m, err := r.Messages(sent.Messages...)
		if err == nil && m[0].Content.Parent != "2" {
			t.Errorf("it answers %q, want 2", m[0].Content.Parent)
		}
		return err
	}))
}

func TestReplyFollowsTheConversationToItsThread(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	id := w.ingest(said("2", "mia", "", "1", "Mine too", at(2)))[0].Ticket
	own := w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "One moment"})).Messages[0]
	w.pass(time.Minute)
	w.ingest(said("1", "noa", "p", "p", "Mine is late", at(1)))
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "In Lyon.", InReplyTo: own}))
	if got := w.sentTo(id).Thread; got != "p" {
		t.Errorf("the answer goes to thread %q, want p", got)
	}
}

func TestReplyWindowIncludesItsEnd(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{Private: channel.Traits{ReplyWindow: time.Hour}})
	w.now = tk.CustomerWrote.Add(time.Hour)
	w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "Hi"}))
	w.now = w.now.Add(1)
	if _, err := w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "Hi"}); remote.KindOf(err) != remote.WindowClosed {
		t.Errorf("an instant later: %v, want window closed", err)
	}
}

func TestAttachmentsGoWithTheFirstPartOrAlone(t *testing.T) {
	t.Parallel()
	const text = "Your parcel is in Lyon. It will be with you on Tuesday."
	for name, test := range map[string]struct {
		alone bool
		text  string
		want  []int
	}{
		"with the first part": {false, text, []int{1, 0}},
		"behind the text":     {true, text, []int{0, 0, 1}},
		"without a text":      {true, "", []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, tk := asked(t, channeltest.Options{Private: channel.Traits{MaxText: 40, MaxAttachments: 1, AttachmentsAlone: test.alone}})
			w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: test.text, Attachments: []channel.Attachment{{Type: "image/png", URL: "https://shop.example/map.png"}}}))
			list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: tk.ID})
			w.ok(err)
			var attached []int
			for _, m := range list.Items {
				if m.Post != nil {
					attached = append(attached, len(m.Post.Out.Attachments))
				}
			}
			if diff := cmp.Diff(test.want, attached); diff != "" {
				t.Errorf("attachments of the parts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGroupConversationHasOneCustomer(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	for i, author := range []string{"mia", "noa"} {
		e := said(fmt.Sprint(i), author, "group", "", "Where is it?", at(i))
		e.Message.Visibility = channel.Private
		w.ingest(e)
	}
	w.must(w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "In Lyon."}))
	if to := w.sentTo(w.only().ID).To.ID; to != "mia" {
		t.Errorf("the answer is for %q, want mia, who opened it", to)
	}
}

// sentTo is the latest post to the platform of a ticket.
func (w *world) sentTo(id ticket.ID) (out channel.Outgoing) {
	w.t.Helper()
	list, err := w.desk.Messages(w.t.Context(), ticket.MessageQuery{Ticket: id})
	w.ok(err)
	for _, m := range list.Items {
		if m.Post != nil {
			out = m.Post.Out
		}
	}
	return out
}

func TestOfMessagesOfOneInstantThePlatformsOrderSaysWhichIsTheLatest(t *testing.T) {
	t.Parallel()
	for _, ids := range [][]string{{"1", "2"}, {"2", "1"}} { // in the order of arrival
		w, at := later(t)
		for _, id := range ids {
			e := said(id, "mia", "p", "p", "Message "+id, at(1))
			e.Message.Order = map[string]string{"1": "0002", "2": "0001"}[id] // whatever their IDs
			w.ingest(e)
		}
		r, err := w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "Hello"})
		if err != nil {
			t.Fatal(err)
		}
		list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: r.Ticket})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list.Items {
			if m.Key == r.Messages[0] && m.Content.Parent != "1" {
				t.Errorf("arrived %q: the reply answers %q, want 1", ids, m.Content.Parent)
			}
		}
	}
}

func TestAttachmentsThatThePlatformWouldRefuseAreRefusedAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, channeltest.Options{Public: channel.Traits{MaxAttachments: 2, MaxAttachmentBytes: 1000, AttachmentTypes: []string{"image"}}})
	w.platform.Customer("mia").Post(w.page, "Where is it?")
	w.pass(time.Minute)
	image := channel.Attachment{Type: "image", URL: "https://shop.example/a.png", Size: 1000}
	big, film := image, image
	big.Size, film.Type = 1001, "video"
	for _, test := range []struct {
		name string
		with []channel.Attachment
		want error
	}{
		{"as allowed", []channel.Attachment{image, image}, nil},
		{"one too many", []channel.Attachment{image, image, image}, socialcrm.ErrInvalid},
		{"too big", []channel.Attachment{image, big}, socialcrm.ErrInvalid},
		{"of another type", []channel.Attachment{film}, socialcrm.ErrInvalid},
	} {
		if _, err := w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "Here", Attachments: test.with}); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

func TestOnlyPeopleAnswerInTheWindowForPeople(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{Private: channel.Traits{ReplyWindow: time.Hour, HumanWindow: 24 * time.Hour}})
	w.now = tk.CustomerWrote.Add(2 * time.Hour)
	if _, err := w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "Hi", Automated: true}); remote.KindOf(err) != remote.WindowClosed {
		t.Errorf("an automated reply: %v, want window closed", err)
	}
	w.must(w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "Hi"}))
}
