package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// Fetcher downloads what a stranger linked to, attachments above all, without being led into the host's own network.
//
// It connects to public addresses only. The address is checked when the connection is made, after names were resolved, so neither a redirect nor a changed
// DNS answer gets round it; an address with a zone (fe80::1%eth0) names one of the host's own networks and is refused always. It uses no proxy, whatever the environment says, sends no credentials, cookies or referrer, and keeps no connection open.
//
// The zero value is ready. All methods may be called concurrently; the fields must not change after the first call.
type Fetcher struct {
	// MaxBytes bounds a body; 0 means 25 MiB.
	MaxBytes int64
	// MaxRedirects bounds the redirects followed; 0 means 3, below 0 none. From https none leads to http.
	MaxRedirects int
	// AnyPort also permits ports other than 80 and 443.
	AnyPort bool
	// Timeout bounds a whole download; 0 means 30 seconds.
	Timeout time.Duration
	// UserAgent is sent with every request; empty means "socialcrm".
	UserAgent string
	// Allow permits an address that would be refused, for tests on loopback and for media servers of the host's own. It is asked only about those; nil
	// permits none.
	Allow func(netip.Addr) bool
}

// Fetch downloads a URL with GET and returns a 2xx answer, its body whole.
//
// The error is an *Error, and never holds the URL's query, which is often a key, nor text that the other side wrote. Kinds: Rejected for an address, scheme, port or redirect that is not
// allowed, a body over MaxBytes (ErrTooLarge), and 4xx; NotFound for 404 and 410; RateLimited for 429; Unavailable for the rest. It concerns this request
// only, never an account.
func (f *Fetcher) Fetch(ctx context.Context, address string) (*Response, error) {
	return f.fetch(ctx, address, nil)
}

// FetchNewer downloads a URL as Fetch does, unless the other side says that it is as it was: then the Response has the Status 304 and no Body. known is the
// Header of an earlier Response from the same URL, of which ETag and Last-Modified count (RFC 9110, section 13); with neither it is Fetch.
func (f *Fetcher) FetchNewer(ctx context.Context, address string, known http.Header) (*Response, error) {
	ask := make(http.Header)
	for condition, validator := range map[string]string{"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"} {
		if v := known.Get(validator); v != "" {
			ask.Set(condition, v)
		}
	}
	return f.fetch(ctx, address, ask)
}

// fetch downloads a URL; with conditions, "as it was" is an answer.
func (f *Fetcher) fetch(ctx context.Context, address string, conditions http.Header) (*Response, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, f.fail("fetch", &Error{Kind: Rejected, Err: errNotURL})
	}
	op := "fetch " + (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
	if err := f.check(u); err != nil {
		return nil, f.fail(op, &Error{Kind: Rejected, Err: err})
	}
	timeout := f.Timeout
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	call, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(call, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, f.fail(op, &Error{Kind: Rejected, Err: errNotURL})
	}
	maps.Copy(req.Header, conditions)
	req.Header.Set("User-Agent", "socialcrm")
	if f.UserAgent != "" {
		req.Header.Set("User-Agent", f.UserAgent)
	}
	resp, err := f.client().Do(req)
	if err != nil {
		return nil, f.fail(op, f.noAnswer(ctx, call, timeout, err))
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified && len(conditions) > 0 {
		return &Response{Status: resp.StatusCode, Header: resp.Header}, nil
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, f.fail(op, refusedFetch(resp))
	}
	limit := f.maxBytes()
	if resp.ContentLength > limit {
		return nil, f.fail(op, &Error{Kind: Rejected, Status: resp.StatusCode, Err: tooLarge("answer", limit)})
	}
	body, err := readBody(resp, limit)
	if err != nil {
		e := f.noAnswer(ctx, call, timeout, err)
		e.Status = resp.StatusCode
		return nil, f.fail(op, e)
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// errForbidden marks what is refused for good among the errors of a transport.
type errForbidden string

func (e errForbidden) Error() string { return string(e) }

// errNotURL stands for every error of net/url: those repeat parts of the address, among them what was meant as a password.
const errNotURL = errForbidden("address is not a URL")

// check refuses a URL by its looks; where it leads is seen when the connection is made.
func (f *Fetcher) check(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return errForbidden(fmt.Sprintf("scheme %q is neither http nor https", u.Scheme))
	case u.User != nil:
		return errForbidden("address holds a user name")
	case u.Hostname() == "":
		return errForbidden("address has no host")
	}
	if port := u.Port(); !f.AnyPort && port != "" && port != "80" && port != "443" {
		return errForbidden("port " + port + " is neither 80 nor 443")
	}
	return nil
}

// client is made for one download, so that no connection outlives it.
func (f *Fetcher) client() *http.Client {
	dialer := &net.Dialer{
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error { return f.checkDial(address) },
	}
	redirects := f.MaxRedirects
	if redirects == 0 {
		redirects = 3
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			switch {
			case len(via) > max(redirects, 0):
				return errForbidden(fmt.Sprintf("more than %d redirects", max(redirects, 0)))
			case next.URL.Scheme == "http" && via[len(via)-1].URL.Scheme == "https":
				return errForbidden("redirect leads from https to http")
			}
			next.Header.Del("Referer")
			return f.check(next.URL)
		},
	}
}

// checkDial refuses the address that a connection is about to be made to.
func (f *Fetcher) checkDial(address string) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return errForbidden("address to connect to is not an IP address")
	}
	ip := target.Addr().Unmap()
	if ip.Zone() != "" { // no netip.Prefix contains it, neither ours below nor one that Allow might ask
		return errForbidden("address has a zone")
	}
	if isPublic(ip) || f.Allow != nil && f.Allow(ip) {
		return nil
	}
	return errForbidden("address " + ip.String() + " is not public")
}

// notPublic are the special-purpose blocks of the IANA registries (RFC 6890 and its successors) that netip does not know by name, and those that carry an
// IPv4 address inside an IPv6 one, which would lead round the check.
var notPublic = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),         // this network
	netip.MustParsePrefix("100.64.0.0/10"),     // carrier-grade NAT; Alibaba's metadata
	netip.MustParsePrefix("168.63.129.16/32"),  // Azure's platform address
	netip.MustParsePrefix("192.0.0.0/24"),      // protocol assignments; Oracle's metadata
	netip.MustParsePrefix("192.0.2.0/24"),      // documentation
	netip.MustParsePrefix("192.31.196.0/24"),   // AS112
	netip.MustParsePrefix("192.52.193.0/24"),   // AMT
	netip.MustParsePrefix("192.88.99.0/24"),    // 6to4 relays
	netip.MustParsePrefix("192.175.48.0/24"),   // AS112
	netip.MustParsePrefix("198.18.0.0/15"),     // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"),   // documentation
	netip.MustParsePrefix("203.0.113.0/24"),    // documentation
	netip.MustParsePrefix("240.0.0.0/4"),       // reserved, broadcast
	netip.MustParsePrefix("2001::/23"),         // protocol assignments; Teredo carries IPv4
	netip.MustParsePrefix("2001:db8::/32"),     // documentation
	netip.MustParsePrefix("2002::/16"),         // 6to4 carries IPv4
	netip.MustParsePrefix("2620:4f:8000::/48"), // AS112
	netip.MustParsePrefix("3fff::/20"),         // documentation
}

// isPublic reports whether ip is an address on the open Internet. Of IPv6 only 2000::/3 is: that leaves out loopback, link-local and unique local
// addresses, multicast, IPv4-compatible ones and NAT64.
func isPublic(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsValid() || ip.Zone() != "" || !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	if ip.Is6() && ip.As16()[0]>>5 != 1 {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// noAnswer gives the error of a broken download its kind.
func (f *Fetcher) noAnswer(ctx, call context.Context, timeout time.Duration, err error) *Error {
	if forbidden, ok := errors.AsType[errForbidden](err); ok {
		return &Error{Kind: Rejected, Err: forbidden}
	}
	kind := Unavailable
	if errors.Is(err, ErrTooLarge) {
		kind = Rejected
	} else if call.Err() == context.DeadlineExceeded && ctx.Err() == nil {
		return &Error{Kind: kind, Err: noAnswerWithin(timeout)}
	}
	return &Error{Kind: kind, Err: networkError(err)}
}

// networkError returns the part of a transport's error whose text comes from this machine. The rest repeats what the other side sent, such as a header that is
// none, or a redirect with its query: a fixed text stands for it.
func networkError(err error) error {
	for _, known := range [...]error{ErrTooLarge, context.Canceled, context.DeadlineExceeded, http.ErrSchemeMismatch, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, known) {
			if own, ok := errors.AsType[*redacted](err); ok {
				return own
			}
			return known
		}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return errors.New("certificate of the server is not valid")
	}
	return errors.New("answer is malformed")
}

// refusedFetch gives a status its kind. What a stranger's server says about permissions does not concern our accounts.
func refusedFetch(resp *http.Response) *Error {
	e := &Error{Kind: KindOfStatus(resp.StatusCode, true), Status: resp.StatusCode}
	switch e.Kind {
	case Unauthorized, PolicyBlocked, Exhausted:
		e.Kind = Rejected
	}
	if e.Kind.Temporary() {
		e.RetryAt, _ = RetryAfter(resp.Header, time.Now())
	}
	return e
}

func (f *Fetcher) fail(op string, e *Error) *Error {
	e.Op = op
	e.redact(nil)
	return e
}

func (f *Fetcher) maxBytes() int64 {
	if f.MaxBytes > 0 {
		return f.MaxBytes
	}
	return 25 << 20
}
