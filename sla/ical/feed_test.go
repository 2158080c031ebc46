package ical_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/sla/ical"
)

// The Desk asks for holidays so.
var _ interface {
	Holidays(ctx context.Context) ([]sla.Holiday, error)
} = (*ical.Feed)(nil)

// publisher serves a calendar that can be changed.
type publisher struct {
	*httptest.Server
	status         atomic.Int64
	body           atomic.Value
	full, asBefore atomic.Int64
}

func newPublisher(t *testing.T) *publisher {
	p := new(publisher)
	p.status.Store(http.StatusOK)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := p.body.Load().(string)
		tag := fmt.Sprintf(`"%x"`, body)
		w.Header().Set("ETag", tag)
		switch status := int(p.status.Load()); {
		case status != http.StatusOK:
			w.WriteHeader(status)
			io.WriteString(w, body)
		case r.Header.Get("If-None-Match") == tag:
			p.asBefore.Add(1)
			w.WriteHeader(http.StatusNotModified)
		default:
			p.full.Add(1)
			io.WriteString(w, body)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) publish(dates ...string) {
	var events []string
	for _, d := range dates {
		events = append(events, event("DTSTART:"+d))
	}
	p.body.Store(string(calendar(events...)))
}

func (p *publisher) feed() *ical.Feed {
	return &ical.Feed{
		URL:     p.URL + "/private-hush/basic.ics?key=hush",
		Options: ical.Options{Zone: "Europe/Berlin"},
		Client:  &remote.Fetcher{AnyPort: true, MaxBytes: 10_000, Allow: func(ip netip.Addr) bool { return ip.IsLoopback() }},
		Now:     func() time.Time { return summer2026 },
	}
}

func holidaysOf(t *testing.T, f *ical.Feed) []string {
	t.Helper()
	holidays, err := f.Holidays(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return lines(holidays)
}

func TestAnUnchangedFeedIsNotReadAgain(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	p.publish("20260501")
	f := p.feed()
	for range 3 {
		if diff := cmp.Diff([]string{"2026-05-01"}, holidaysOf(t, f)); diff != "" {
			t.Error(diff)
		}
	}
	if p.full.Load() != 1 || p.asBefore.Load() != 2 {
		t.Errorf("it was sent %d times, and %d times not", p.full.Load(), p.asBefore.Load())
	}
	p.publish("20260501", "20260514")
	if diff := cmp.Diff([]string{"2026-05-01", "2026-05-14"}, holidaysOf(t, f)); diff != "" {
		t.Error(diff)
	}
}

func TestAFeedMayBeReadByMany(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	p.publish("20260501")
	f := p.feed()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if holidays, err := f.Holidays(t.Context()); err != nil || len(holidays) != 1 {
				t.Errorf("got %v, %v", holidays, err)
			}
		})
	}
	all.Wait()
}

func TestANewYearReadsTheFeedAnew(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	p.publish("20260501", "20320501")
	f := p.feed()
	now := summer2026
	f.Now = func() time.Time { return now }
	if diff := cmp.Diff([]string{"2026-05-01"}, holidaysOf(t, f)); diff != "" {
		t.Error(diff)
	}
	now = now.AddDate(1, 0, 0)
	if diff := cmp.Diff([]string{"2026-05-01", "2032-05-01"}, holidaysOf(t, f)); diff != "" {
		t.Error(diff)
	}
}

func TestAFailedRefreshKeepsTheLastGoodSetAndSaysSo(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	for _, c := range []struct {
		name   string
		status int
		body   string
		kind   remote.Kind
		want   string
	}{
		{"away", http.StatusBadGateway, "", remote.Unavailable, "status 502"},
		{"gone", http.StatusGone, "", remote.NotFound, "status 410"},
		{"a page", http.StatusOK, "<html></html>", 0, "line 1 is no property"},
		{"broken off", http.StatusOK, "BEGIN:VCALENDAR\nBEGIN:VEVENT", 0, "breaks off"},
		{"large", http.StatusOK, strings.Repeat("x", 10_001), remote.Rejected, "more than 10000 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) { // one after the other: they share the publisher
			p.status.Store(http.StatusOK)
			p.publish("20260501")
			f := p.feed()
			holidaysOf(t, f)
			p.status.Store(int64(c.status))
			p.body.Store(c.body)
			holidays, err := f.Holidays(t.Context())
			if diff := cmp.Diff([]string{"2026-05-01"}, lines(holidays)); diff != "" {
				t.Error(diff)
			}
			if err == nil || !strings.HasPrefix(err.Error(), "ical: read feed of 127.0.0.1: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if c.kind != 0 && remote.KindOf(err) != c.kind {
				t.Errorf("got kind %v, want %v", remote.KindOf(err), c.kind)
			}
			if strings.Contains(fmt.Sprintf("%v %#v", err, err), "hush") {
				t.Errorf("%v shows a secret", err)
			}
			p.status.Store(http.StatusOK)
			p.publish("20260514")
			if diff := cmp.Diff([]string{"2026-05-14"}, holidaysOf(t, f)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAFeedInsideTheOwnNetworkIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		feed *ical.Feed
		want string
	}{
		{&ical.Feed{URL: "webcal://127.0.0.1/hush.ics", Options: ical.Options{Zone: "UTC"}}, "address 127.0.0.1 is not public"},
		{&ical.Feed{URL: "http://169.254.169.254/hush", Options: ical.Options{Zone: "UTC"}}, "is not public"},
		{&ical.Feed{URL: "http://hush%zz@h/", Options: ical.Options{Zone: "UTC"}}, "the URL is none"},
		{&ical.Feed{URL: "file:///etc/hush", Options: ical.Options{Zone: "UTC"}}, "the URL is none"},
		{&ical.Feed{URL: "http://example.org/hush"}, "zone"},
	} {
		holidays, err := c.feed.Holidays(t.Context())
		if err == nil || holidays != nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: got %v, %v", c.feed.URL, holidays, err)
		}
	}
}

func TestTheListBelongsToTheCaller(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	p.publish("20260501T080000")
	p.body.Store(strings.Replace(p.body.Load().(string), "END:VEVENT", "DURATION:PT1H\r\nEND:VEVENT", 1))
	f := p.feed()
	holidays, err := f.Holidays(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	holidays[0].Name, holidays[0].Closed[0].From = "mine", 0
	if diff := cmp.Diff([]string{"2026-05-01 08:00-09:00"}, holidaysOf(t, f)); diff != "" {
		t.Error(diff)
	}
}
