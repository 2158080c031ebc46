package channeltest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
)

func TestPollPages(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{PageSize: 2})
	other := p.Account(channel.Account{AccountID: channel.AccountID{ID: "other"}})
	for _, text := range []string{"a", "b", "c", "d"} {
		mia.Post(page, text)
		mia.Post(other, "not for shop")
	}
	var got []string
	var after channel.Cursor
	for range 3 {
		b, err := page.Poll(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range b.Events {
			got = append(got, e.Message.Text)
		}
		if b.More != (len(got) < 4) {
			t.Errorf("after %q, More is %t", got, b.More)
		}
		after = b.Cursor
	}
	same(t, []string{"a", "b", "c", "d"}, got)
	for _, cursor := range []channel.Cursor{"-1", "9999", "x"} {
		if _, err := page.Poll(t.Context(), cursor); remote.KindOf(err) != remote.Rejected {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

func TestTheThreeSourcesTellTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, page, mia := open(channeltest.Options{Public: channel.Traits{Echoes: true}})
		ctx, cancel := context.WithCancel(t.Context())
		var streamed []channel.Event
		ended := make(chan error)
		go func() {
			ended <- p.Stream(ctx, func(b channel.Batch) error {
				streamed = append(streamed, b.Events...)
				return nil
			})
		}()
		if err := p.AwaitStream(ctx); err != nil {
			t.Fatal(err)
		}
		m := mia.Post(page, "hello")
		mia.Edit(m, "hello!")
		mia.React(m, "like")
		page.Answer(m, "hi", "tool")
		mia.Delete(m)
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the stream ended with %v", err)
		}
		d, err := p.Decode(p.Webhook())
		if err != nil {
			t.Fatal(err)
		}
		polled := poll(t, page)
		if len(polled) != 5 {
			t.Errorf("polled %d events", len(polled))
		}
		same(t, polled, streamed)
		same(t, polled, d.Events)
	})
}

func TestAFaultEndsTheStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, page, mia := open(channeltest.Options{})
		n := 0
		ended := make(chan error, 1)
		go func() { ended <- p.Stream(t.Context(), func(channel.Batch) error { n++; return nil }) }()
		synctest.Wait()
		mia.Post(page, "a")
		synctest.Wait()
		p.Fail(channeltest.OnStream, channeltest.Refuse(remote.Unavailable))
		mia.Post(page, "lost to the stream")
		if err := <-ended; remote.KindOf(err) != remote.Unavailable || n != 1 {
			t.Errorf("after %d batches: %v", n, err)
		}
		p.Fail(channeltest.OnStream, channeltest.Refuse(remote.Unauthorized))
		if err := p.Stream(t.Context(), nil); remote.KindOf(err) != remote.Unauthorized {
			t.Errorf("connecting gave %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.AwaitStream(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("waiting for a stream gave %v", err)
		}
	})
}

func TestALostSubscriptionSilencesTheWebhook(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{})
	page.LoseSubscription()
	mia.Post(page, "unheard")
	if d, _ := p.Decode(p.Webhook()); len(d.Events) != 0 {
		t.Errorf("got %+v", d.Events)
	}
	for _, want := range []bool{true, false} {
		if lost, err := page.Subscribe(t.Context()); lost != want || err != nil {
			t.Errorf("lost %t, %v; want %t", lost, err, want)
		}
	}
	mia.Post(page, "heard")
	if d, _ := p.Decode(p.Webhook()); len(d.Events) != 1 || d.Events[0].Message.Text != "heard" {
		t.Errorf("got %+v", d.Events)
	}
	same(t, 2, len(poll(t, page))) // the gap can be polled
}

func TestNewRequestIsTheCall(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{Secret: "s3cret"})
	mia.Post(page, "hello")
	call := p.Webhook()
	r := channeltest.NewRequest("http://desk.example", call)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := channel.Call{Method: r.Method, Path: r.URL.Path, Header: r.Header, Body: body}
	if response, err := p.Verify(got); response != nil || err != nil {
		t.Errorf("Verify: %v, %v", response, err)
	}
	challenge, want := p.Challenge()
	r = channeltest.NewRequest("http://desk.example", challenge)
	response, err := p.Verify(channel.Call{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query()})
	if err != nil || string(response.Body) != want {
		t.Errorf("the challenge gives %v, %v", response, err)
	}
	if _, err := channeltest.New(channeltest.Options{}).Verify(call); remote.KindOf(err) != remote.Unauthorized {
		t.Errorf("another platform's secret: %v", err)
	}
}

func TestDeliverAgainWhatTheHostRefused(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{})
	mia.Post(page, "hello")
	var got []string
	status := http.StatusInternalServerError
	host := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		call := channel.Call{Method: r.Method, Path: r.URL.Path, Header: r.Header, Body: body}
		if _, err := p.Verify(call); err != nil {
			t.Error(err)
		}
		d, _ := p.Decode(call)
		for _, e := range d.Events {
			got = append(got, e.Message.Text)
		}
		w.WriteHeader(status)
	})
	if code := p.Deliver(host); code != http.StatusInternalServerError {
		t.Errorf("the host answered %d", code)
	}
	status = http.StatusOK
	mia.Post(page, "still there?")
	p.Deliver(host)
	p.Deliver(host)
	same(t, []string{"hello", "hello", "still there?"}, got)
}

func TestCallForRendersTheTestsOwnEvents(t *testing.T) {
	t.Parallel()
	p, page, _ := open(channeltest.Options{})
	want := channel.Event{Kind: channel.SubscriptionLost, Account: page.Account().AccountID, Key: "k"}
	call := p.CallFor(want)
	if _, err := p.Verify(call); err != nil {
		t.Error(err)
	}
	d, err := p.Decode(call)
	if err != nil {
		t.Fatal(err)
	}
	same(t, []channel.Event{want}, d.Events)
}

func FuzzDecode(f *testing.F) {
	p, page, mia := open(channeltest.Options{})
	mia.Post(page, "hello")
	p.Corrupt(page)
	f.Add(p.Webhook().Body)
	f.Add([]byte(`{"entries":[null,{},[],{"kind":"deleted","account":"fakebook/shop","message":{"id":"1"}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := p.Decode(channel.Call{Body: body})
		if err != nil {
			return
		}
		for i := range d.Events {
			if err := d.Events[i].Check(); err != nil {
				t.Error(err)
			}
		}
		for _, bad := range d.Bad {
			if again, err := p.Decode(channel.Call{Body: bad.Raw}); err != nil || len(again.Bad) != 1 || len(again.Events) != 0 {
				t.Errorf("the bad entry %q decodes again to %+v, %v", bad.Raw, again, err)
			}
		}
	})
}
