package ical

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/sla"
)

// Feed is a calendar of holidays under a URL, which may change. Its Holidays method makes it a source of holidays for a Desk.
//
// All methods may be called concurrently; the fields must not change after the first call.
type Feed struct {
	// URL is where the calendar is: http, https, or webcal, which is read as https. It often holds a key, and is in no error.
	URL string
	// Options say which holidays are wanted. Zone is needed; Now has no effect here, the Feed has its own.
	Options Options
	// Client fetches it. Nil: a remote.Fetcher that reads at most 2 MiB. A feed within the host's own network needs one whose Allow permits its address, and AnyPort where its port is neither 80 nor 443.
	Client *remote.Fetcher
	// Now tells the time. Nil: time.Now.
	Now func() time.Time

	mu   sync.Mutex
	last *reading
}

// reading is what a Feed last read well.
type reading struct {
	holidays []sla.Holiday
	header   http.Header
	year     int
}

const maxBytes = 2 << 20

// Holidays reads the feed and returns its holidays, as Parse does. A feed that says it has not changed (ETag, Last-Modified) is not read again within a year.
//
// When the feed cannot be fetched or understood, it returns the holidays that it returned last, beside the error; before the first success these are none. The
// error names the host only. It is, or wraps, a *remote.Error when the feed could not be fetched, whose Kind says whether to try again: Unavailable and
// RateLimited pass, Rejected and NotFound want somebody to look. The list belongs to the caller.
func (f *Feed) Holidays(ctx context.Context) ([]sla.Holiday, error) {
	f.mu.Lock()
	last := f.last
	f.mu.Unlock()
	read, err := f.read(ctx, last)
	if err != nil {
		if last != nil {
			return clone(last.holidays), err
		}
		return nil, err
	}
	f.mu.Lock()
	f.last = read
	f.mu.Unlock()
	return clone(read.holidays), nil
}

func (f *Feed) read(ctx context.Context, last *reading) (*reading, error) {
	address, host, err := f.address()
	if err != nil {
		return nil, fmt.Errorf("ical: read feed: %w", err)
	}
	o := f.Options
	o.Now = time.Now()
	if f.Now != nil {
		o.Now = f.Now()
	}
	h, err := o.horizon()
	if err != nil {
		return nil, fmt.Errorf("ical: read feed of %s: %w", host, err)
	}
	client := f.Client
	if client == nil {
		client = &remote.Fetcher{MaxBytes: maxBytes}
	}
	var known http.Header
	if last != nil && last.year == h.last {
		known = last.header
	}
	resp, err := client.FetchNewer(ctx, address, known)
	if err != nil {
		return nil, hostOnly(host, err)
	}
	if resp.Status == http.StatusNotModified {
		return last, nil
	}
	holidays, err := parse(resp.Body, &o)
	if err != nil {
		return nil, fmt.Errorf("ical: read feed of %s: %w", host, err)
	}
	return &reading{holidays, resp.Header, h.last}, nil
}

// address returns the URL to fetch and the host that errors may name.
func (f *Feed) address() (address, host string, err error) {
	u, err := url.Parse(f.URL)
	if err != nil || u.Hostname() == "" {
		return "", "", errors.New("the URL is none") // net/url's error repeats it
	}
	if strings.EqualFold(u.Scheme, "webcal") || strings.EqualFold(u.Scheme, "webcals") {
		u.Scheme = "https"
	}
	return u.String(), u.Hostname(), nil
}

// hostOnly takes the path out of a fetcher's error: there, too, feeds have their keys.
func hostOnly(host string, err error) error {
	if e, ok := errors.AsType[*remote.Error](err); ok {
		named := *e
		named.Op = "ical: read feed of " + host
		return &named
	}
	return fmt.Errorf("ical: read feed of %s: it could not be fetched", host)
}

func clone(holidays []sla.Holiday) []sla.Holiday {
	holidays = slices.Clone(holidays)
	for i := range holidays {
		holidays[i].Closed = slices.Clone(holidays[i].Closed)
	}
	return holidays
}
