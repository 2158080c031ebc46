package channeltest_test

import (
	"testing"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
)

func TestRedeliverTellsAgainUnderTheSameKeys(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{})
	mia.Post(page, "a")
	mia.Post(page, "b")
	p.Redeliver(1)
	d, err := p.Decode(p.Webhook())
	if err != nil || len(d.Events) != 3 || d.Events[1].DedupeKey() != d.Events[2].DedupeKey() {
		t.Errorf("one call brings %+v, %v", d.Events, err)
	}
	p.Redeliver(9) // no more than there is
	if d, _ := p.Decode(p.Webhook()); len(d.Events) != 3 {
		t.Errorf("redelivered are %d", len(d.Events))
	}
}

func TestHoldAndRelease(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{Public: channel.Traits{Echoes: true}})
	p.Hold(channel.MessageEchoed)
	m := mia.Post(page, "a")
	page.Answer(m, "late echo", "")
	mia.Post(page, "b")
	same(t, []string{"received fakebook-0001 a", "received fakebook-0003 b"}, told(t, page))
	p.Release()
	p.Hold()
	mia.Post(page, "c")
	mia.Post(page, "d")
	p.ReleaseReversed()
	mia.Post(page, "e")
	same(t, []string{"received fakebook-0001 a", "received fakebook-0003 b", "echoed fakebook-0002 late echo",
		"received fakebook-0005 d", "received fakebook-0004 c", "received fakebook-0006 e"}, told(t, page))
}

func TestHiddenAuthorsCanBeToldLater(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{})
	p.HideAuthors(true)
	mia.Post(page, "who am I?")
	p.HideAuthors(false)
	p.Redeliver(1)
	events := poll(t, page)
	if len(events) != 2 || events[0].Message.Author.ID != "" || events[1].Message.Author.ID != "mia" || events[0].DedupeKey() != events[1].DedupeKey() {
		t.Errorf("got %+v", events)
	}
}

func TestACorruptEntryIsBadInEverySource(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{})
	mia.Post(page, "a")
	p.Corrupt(page)
	mia.Post(page, "b")
	b, err := page.Poll(t.Context(), "")
	if err != nil || len(b.Events) != 2 || len(b.Bad) != 1 || b.Bad[0].Where != "entries[1]" {
		t.Errorf("poll: %+v, %v", b, err)
	}
	d, err := p.Decode(p.Webhook())
	if err != nil || len(d.Events) != 2 || len(d.Bad) != 1 || d.Bad[0].Account != page.Account().AccountID {
		t.Errorf("webhook: %+v, %v", d, err)
	}
}
