package remote_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/remote"
)

func TestFetchConnectsToPublicAddressesOnly(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"8.8.8.8": true, "192.0.1.1": true, "172.32.0.1": true, "100.128.0.1": true, "2606:4700::1111": true, "2a00:1450::1": true, "::ffff:8.8.8.8": true,

		"127.0.0.1": false, "127.8.8.8": false, "::1": false, "::ffff:127.0.0.1": false, "0.0.0.0": false, "0.1.2.3": false, "::": false,
		"10.0.0.1": false, "172.16.0.1": false, "192.168.1.1": false, "fd00:ec2::254": false, "::ffff:10.0.0.1": false, "fec0::1": false,
		"169.254.169.254": false, "fe80::1": false, "fe80::1%eth0": false, "100.64.0.1": false, "100.100.100.200": false, "168.63.129.16": false, "192.0.0.192": false,
		"224.0.0.1": false, "239.1.1.1": false, "ff02::1": false, "240.0.0.1": false, "255.255.255.255": false,
		"2002:7f00:1::%lo": false, "2001::1%lo": false, "2001:db8::1%eth0": false, "2606:4700::1111%eth0": false, "2620:4f:8000::1": false,
		"64:ff9b::7f00:1": false, "64:ff9b:1::1": false, "2002:7f00:1::": false, "2001::1": false, "::127.0.0.1": false, "::ffff:0:127.0.0.1": false,
		"192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false, "198.18.0.1": false, "2001:db8::1": false, "3fff::1": false, "5f00::1": false, "100::1": false,
	} {
		if got := remote.IsPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s public: %t, want %t", address, got, want)
		}
	}
	if remote.IsPublic(netip.Addr{}) {
		t.Error("no address is a public address")
	}
}

func loopback(ip netip.Addr) bool { return ip.IsLoopback() }

func TestFetchDownloads(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/photo.png?sig=other", http.StatusFound)
		default:
			w.Header().Set("Content-Type", "image/png")
			fmt.Fprint(w, "png", r.Header["Authorization"], r.Header["Cookie"], r.Header["Referer"], r.Header["Accept-Encoding"])
		}
	}))
	t.Cleanup(server.Close)
	f := remote.Fetcher{Allow: loopback, AnyPort: true}
	for _, path := range []string{"/photo.png", "/moved?sig=secret"} {
		got, err := f.Fetch(t.Context(), server.URL+path)
		if err != nil || string(got.Body) != "png[] [] [] []" || got.Header.Get("Content-Type") != "image/png" {
			t.Errorf("%s: got %+v, %v", path, got, err)
		}
	}
}

func TestFetchRefuses(t *testing.T) {
	t.Parallel()
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
		switch r.URL.Path {
		case "/inside": // 127.0.0.2 is loopback too, but not allowed here
			http.Redirect(w, r, "http://127.0.0.2:"+port+"/admin?key=hush", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		case "/user":
			http.Redirect(w, r, "http://user:hush@127.0.0.1:"+port, http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/large":
			w.Header().Set("Content-Length", "101")
			io.WriteString(w, strings.Repeat("x", 101))
		case "/endless":
			for range 100 {
				if _, err := io.WriteString(w, strings.Repeat("x", 100)); err != nil {
					return
				}
				http.NewResponseController(w).Flush()
			}
		case "/slow":
			http.NewResponseController(w).Flush()
			<-r.Context().Done()
		case "/short":
			w.Header().Set("Content-Length", "50")
			io.WriteString(w, "x")
		case "/busy":
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusTooManyRequests)
		case "/header", "/status":
			answer := map[string]string{"/header": "HTTP/1.1 200 OK\r\nhush\r\n\r\n", "/status": "HTTP/1.1 hush OK\r\n\r\n"}[r.URL.Path]
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			io.WriteString(conn, answer)
			conn.Close()
		case "/nowhere":
			w.Header().Set("Location", "http://h:pw@\x7f/%zz?hush")
			w.WriteHeader(http.StatusFound)
		case "/coding":
			w.Header().Set("Content-Encoding", "hush")
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/expired":
			w.WriteHeader(http.StatusForbidden)
		case "/login":
			w.WriteHeader(http.StatusUnauthorized)
		case "/down":
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	t.Cleanup(server.Close)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake that is broken off
	secure.StartTLS()
	t.Cleanup(secure.Close)
	one := func(ip netip.Addr) bool { return ip == netip.MustParseAddr("127.0.0.1") }
	test := remote.Fetcher{Allow: one, AnyPort: true, MaxBytes: 100, Timeout: time.Minute}
	hurried := test
	hurried.Timeout = 100 * time.Millisecond
	ports := remote.Fetcher{Allow: one}
	noRedirects := test
	noRedirects.MaxRedirects = -1
	for _, c := range []struct {
		name    string
		fetcher *remote.Fetcher
		url     string
		kind    remote.Kind
		text    string
	}{
		{"loopback", new(remote.Fetcher), "http://127.0.0.1/?key=hush", remote.Rejected, "address 127.0.0.1 is not public"},
		{"loopback by name", new(remote.Fetcher), "http://localhost/", remote.Rejected, "is not public"},
		{"metadata", new(remote.Fetcher), "http://169.254.169.254/latest/meta-data/", remote.Rejected, "address 169.254.169.254 is not public"},
		{"metadata, mapped", new(remote.Fetcher), "http://[::ffff:169.254.169.254]/", remote.Rejected, "address 169.254.169.254 is not public"},
		{"NAT64", new(remote.Fetcher), "http://[64:ff9b::7f00:1]/", remote.Rejected, "is not public"},
		{"another scheme", &test, "ftp://127.0.0.1/x", remote.Rejected, `scheme "ftp" is neither http nor https`},
		{"no scheme", &test, "127.0.0.1/x", remote.Rejected, `scheme "" is neither`},
		{"a user name", &test, "http://user:hush@127.0.0.1/", remote.Rejected, "address holds a user name"},
		{"no host", &test, "http:///x", remote.Rejected, "address has no host"},
		{"not a URL", &test, "http://h/%zz?key=hush", remote.Rejected, "address is not a URL"},
		{"a port that is none", &test, "http://h:hush/", remote.Rejected, "address is not a URL"},
		{"a user name that is none", &test, "http://hush%zz@h/", remote.Rejected, "address is not a URL"},
		{"an open bracket", &test, "http://x:hush@[::1/", remote.Rejected, "address is not a URL"},
		{"a zone", &test, "http://[2002:7f00:1::%25lo]/?key=hush", remote.Rejected, "address has a zone"},
		{"a zone that is allowed", &remote.Fetcher{Allow: func(netip.Addr) bool { return true }}, "http://[fe80::1%25lo]/", remote.Rejected, "address has a zone"},
		{"a header that is none", &test, server.URL + "/header", remote.Unavailable, "answer is malformed"},
		{"a status that is none", &test, server.URL + "/status", remote.Unavailable, "answer is malformed"},
		{"a redirect that is none", &test, server.URL + "/nowhere", remote.Unavailable, "answer is malformed"},
		{"a coding not asked for", &test, server.URL + "/coding", remote.Unavailable, "answer is malformed"},
		{"nobody there", &test, "http://127.0.0.1:1/?key=hush", remote.Unavailable, "connection refused"},
		{"no TLS", &test, "https" + strings.TrimPrefix(server.URL, "http") + "/?key=hush", remote.Unavailable, "server gave HTTP response to HTTPS client"},
		{"a certificate of its own", &test, secure.URL + "/?key=hush", remote.Unavailable, "certificate of the server is not valid"},
		{"an odd port", &ports, server.URL + "/?sig=hush", remote.Rejected, "is neither 80 nor 443"},
		{"redirect into the network", &test, server.URL + "/inside", remote.Rejected, "address 127.0.0.2 is not public"},
		{"redirect to a file", &test, server.URL + "/file", remote.Rejected, `scheme "file"`},
		{"redirect with a user name", &test, server.URL + "/user", remote.Rejected, "holds a user name"},
		{"endless redirects", &test, server.URL + "/loop", remote.Rejected, "more than 3 redirects"},
		{"any redirect", &noRedirects, server.URL + "/loop", remote.Rejected, "more than 0 redirects"},
		{"a large body", &test, server.URL + "/large", remote.Rejected, "answer has more than 100 bytes"},
		{"an endless body", &test, server.URL + "/endless", remote.Rejected, "answer has more than 100 bytes"},
		{"a slow body", &hurried, server.URL + "/slow?sig=hush", remote.Unavailable, "no answer within 100ms"},
		{"a body cut short", &test, server.URL + "/short", remote.Unavailable, "unexpected EOF"},
		{"too many", &test, server.URL + "/busy", remote.RateLimited, "status 429"},
		{"gone", &test, server.URL + "/gone", remote.NotFound, "status 410"},
		{"expired", &test, server.URL + "/expired", remote.Rejected, "status 403"},
		{"not for us", &test, server.URL + "/login", remote.Rejected, "status 401"},
		{"down", &test, server.URL + "/down", remote.Unavailable, "status 502"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := c.fetcher.Fetch(t.Context(), c.url)
			if err == nil || remote.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("got %v, want %v and %q", err, c.kind, c.text)
			}
			if strings.Contains(fmt.Sprintf("%v %#v", err, errors.Unwrap(err)), "hush") {
				t.Errorf("%v shows a secret", err)
			}
			if tooLarge := strings.Contains(c.text, "more than 100 bytes"); errors.Is(err, remote.ErrTooLarge) != tooLarge {
				t.Errorf("%v is ErrTooLarge: %t", err, !tooLarge)
			}
			if asError(t, err).Scope != (remote.Scope{}) {
				t.Errorf("%v concerns more than this request", err)
			}
		})
	}
}

func TestFetchNewerAsksOnlyForWhatChanged(t *testing.T) {
	t.Parallel()
	const changed = "Sun, 01 Nov 2026 10:00:00 GMT"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"two"`)
		w.Header().Set("Last-Modified", changed)
		if r.URL.Path == "/always" || r.Header.Get("If-None-Match") == `"two"` && r.Header.Get("If-Modified-Since") == changed {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		io.WriteString(w, "two")
	}))
	t.Cleanup(server.Close)
	fetcher := remote.Fetcher{AnyPort: true, Allow: func(ip netip.Addr) bool { return ip.IsLoopback() }}
	first, err := fetcher.FetchNewer(t.Context(), server.URL, http.Header{"Etag": {`"one"`}})
	if err != nil || string(first.Body) != "two" {
		t.Fatalf("changed: got %+v, %v", first, err)
	}
	second, err := fetcher.FetchNewer(t.Context(), server.URL, first.Header)
	if err != nil || second.Status != http.StatusNotModified || second.Body != nil {
		t.Errorf("as it was: got %+v, %v", second, err)
	}
	if _, err := fetcher.FetchNewer(t.Context(), server.URL+"/always", nil); err == nil {
		t.Error("304 without a condition counts as an answer")
	}
}

func TestFetchUsesNoProxy(t *testing.T) {
	// not parallel: it sets the environment
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") }))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	if _, err := new(remote.Fetcher).Fetch(t.Context(), "http://10.0.0.1/"); remote.KindOf(err) != remote.Rejected {
		t.Errorf("got %v", err)
	}
}
