package meta_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
	"github.com/socialcrm/socialcrm/remote"
)

// FuzzVerify alters an authentic call and its key in any way: nothing but the call itself passes, and no refusal tells what would have been right.
func FuzzVerify(f *testing.F) {
	f.Add([]byte(signedBody), byCurrent, "current-secret", "", true)
	f.Add([]byte(signedBody), "sha1="+byCurrent[7:], "current-secret", "", true)
	f.Add([]byte(signedBody), "sha256="+sha1Mac, "current-secret", byCurrent, true)
	f.Add([]byte(signedBody), byEmpty, "", "", true)
	f.Add([]byte(""), byCurrent[:40], "old-secret", "", false)
	f.Fuzz(func(t *testing.T, body []byte, signature, key, second string, inPlace bool) {
		app := meta.App{Secrets: []string{key}, VerifyToken: key}
		header := http.Header{}
		if inPlace {
			header["X-Hub-Signature-256"] = []string{signature}
		} else {
			header["X-Hub-Signature"] = []string{signature}
		}
		if second != "" {
			header["X-Hub-Signature-256"] = append(header["X-Hub-Signature-256"], second)
		}
		resp, err := app.Verify("facebook", channel.Call{Method: "POST", Header: header, Body: body})
		right := app.Sign(body)
		values := header["X-Hub-Signature-256"]
		authentic := key != "" && len(values) == 1 && strings.HasPrefix(values[0], "sha256=") && strings.EqualFold(values[0], right)
		switch {
		case resp != nil:
			t.Fatalf("a POST is answered with %+v", resp)
		case authentic != (err == nil):
			t.Fatalf("authentic %t, error %v", authentic, err)
		case err == nil:
			return
		case remote.KindOf(err) != remote.Unauthorized || !errors.Is(err, remote.ErrSignature):
			t.Fatalf("refused with %v", err)
		}
		if right != "" && strings.Contains(err.Error(), right[7:]) || len(key) > 8 && strings.Contains(err.Error(), key) {
			t.Fatalf("%v tells what would have been right", err)
		}
	})
}

// FuzzAnswer: whatever the Graph API answers, an error of its own is a whole remote.Error, and nothing is held back for longer than a day.
func FuzzAnswer(f *testing.F) {
	f.Add(400, []byte(`{"error":{"code":190,"error_subcode":463,"message":"expired"}}`), `{"call_count":90}`, "")
	f.Add(200, []byte(`{"error":{"code":"4"}}`), "", `{"700100":[{"type":"pages","estimated_time_to_regain_access":1e300}]}`)
	f.Add(500, []byte(`{"error":{"code":99999999999999999999}}`), `{"total_time":1e308}`, `[]`)
	f.Fuzz(func(t *testing.T, status int, body []byte, appUsage, caseUsage string) {
		status = 200 + (status&0x7fff)%400
		g := meta.NewGraph(meta.Access{Account: account, Now: func() time.Time { return noon }, HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			h := http.Header{"X-App-Usage": {appUsage}, "X-Business-Use-Case-Usage": {caseUsage}}
			return &http.Response{StatusCode: status, Header: h, Body: nopCloser{bytes.NewReader(body)}, Request: r}, nil
		})}})
		for range 2 { // the second time under what the first has told
			_, err := g.Do(t.Context(), remote.Request{Op: "post", Path: "/1/comments", JSON: 1})
			if err == nil {
				continue
			}
			e, ok := errors.AsType[*remote.Error](err)
			if !ok || e.Op == "" || e.RetryAt.After(noon.Add(24*time.Hour)) || e.Kind == remote.RateLimited && e.Scope == (remote.Scope{}) {
				t.Fatalf("%d %q: %#v", status, body, e)
			}
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

// FuzzPage: a page of a list never leads anywhere but to the same list, and never with the token.
func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"data":[{}],"paging":{"cursors":{"after":"QVFI"},"next":"https://graph.example/v25.0/1/feed?access_token=S&after=QVFI"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var p meta.Page
		if json.Unmarshal(body, &p) != nil {
			return
		}
		for part := range strings.SplitSeq(p.After(), "&") {
			name, _, _ := strings.Cut(part, "=")
			switch name {
			case "", "after", "until", "offset", "__paging_token":
			default:
				t.Fatalf("%s leads to %q", body, p.After())
			}
		}
	})
}
