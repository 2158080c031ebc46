package meta_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
	"github.com/socialcrm/socialcrm/remote"
)

const pageToken = "EAAGpage+t0ken/secret"

var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// account shares its token and app with others, so that every level has an ID of its own.
var account = channel.Account{AccountID: channel.AccountID{Platform: "facebook", ID: "700100"}, Credential: "system-user"}

// graph returns a Graph that gets every answer from a handler.
func graph(t testing.TB, handler http.HandlerFunc) *meta.Graph {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return meta.NewGraph(meta.Access{
		Account: account, App: meta.App{ID: "99", Secrets: []string{"app-secret"}}, Base: server.URL, HTTP: server.Client(),
		Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: pageToken}), Now: func() time.Time { return noon },
	})
}

func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// TestErrorCodes is the table of what Meta's codes mean for a post, and how far they reach.
func TestErrorCodes(t *testing.T) {
	t.Parallel()
	const (
		request    = ""
		person     = "recipient facebook/700100:5550"
		page       = "account facebook/700100"
		credential = "credential system-user"
		app        = "app facebook/99"
	)
	for _, row := range []struct {
		code, subcode int
		kind          remote.Kind
		scope         string
		wait          time.Duration
	}{
		{1, 0, remote.Unknown, request, 0},
		{2, 0, remote.Unknown, request, 0},
		{3, 0, remote.Unauthorized, page, 0},
		{4, 0, remote.RateLimited, app, 5 * time.Minute},
		{4, 2018022, remote.RateLimited, page, 5 * time.Minute},
		{9, 2018352, remote.RateLimited, page, 5 * time.Minute},
		{10, 0, remote.PolicyBlocked, request, 0},
		{10, 1893063, remote.PolicyBlocked, page, 0},
		{10, 2018065, remote.WindowClosed, request, 0},
		{10, 2018108, remote.PolicyBlocked, person, 0},
		{10, 2018278, remote.WindowClosed, request, 0},
		{10, 2018300, remote.NotInControl, request, 0},
		{10, 2534022, remote.WindowClosed, request, 0},
		{17, 0, remote.RateLimited, credential, 5 * time.Minute},
		{32, 0, remote.RateLimited, page, 5 * time.Minute},
		{100, 0, remote.Rejected, request, 0},
		{100, 33, remote.NotFound, request, 0},
		{100, 2018001, remote.NotFound, request, 0},
		{100, 2018034, remote.Rejected, request, 0},
		{100, 2018109, remote.Rejected, request, 0},
		{100, 2534037, remote.NotInControl, request, 0},
		{102, 0, remote.Unauthorized, credential, 0},
		{190, 0, remote.Unauthorized, credential, 0},
		{190, 458, remote.Unauthorized, credential, 0},
		{190, 459, remote.Unauthorized, credential, 0},
		{190, 460, remote.Unauthorized, credential, 0},
		{190, 463, remote.Unauthorized, credential, 0},
		{190, 464, remote.Unauthorized, credential, 0},
		{190, 467, remote.Unauthorized, credential, 0},
		{200, 0, remote.PolicyBlocked, request, 0},
		{200, 1545041, remote.PolicyBlocked, person, 0},
		{200, 2018028, remote.Unauthorized, page, 0},
		{230, 0, remote.Unauthorized, page, 0},
		{299, 0, remote.PolicyBlocked, request, 0},
		{341, 0, remote.RateLimited, app, 5 * time.Minute},
		{368, 0, remote.PolicyBlocked, page, 0},
		{506, 0, remote.Duplicate, request, 0},
		{551, 0, remote.PolicyBlocked, person, 0},
		{551, 1545041, remote.PolicyBlocked, person, 0},
		{613, 0, remote.RateLimited, page, time.Minute},
		{613, 2018338, remote.RateLimited, person, time.Hour},
		{803, 0, remote.NotFound, request, 0},
		{1200, 0, remote.Unavailable, request, 0},
		{10900, 0, remote.Duplicate, request, 0},
		{10903, 0, remote.PolicyBlocked, request, 0},
		{80001, 0, remote.RateLimited, page, 5 * time.Minute},
		{80006, 0, remote.RateLimited, page, 5 * time.Minute},
		{2018300, 0, remote.NotInControl, request, 0},
		{987654, 0, remote.Rejected, request, 0},
	} {
		t.Run(fmt.Sprintf("%d-%d", row.code, row.subcode), func(t *testing.T) {
			t.Parallel()
			g := graph(t, answer(400, fmt.Sprintf(`{"error":{"message":"told by Meta","code":%d,"error_subcode":%d,"fbtrace_id":"AbC"}}`, row.code, row.subcode)))
			e := post(t, g)
			code := fmt.Sprint(row.code)
			if row.subcode != 0 {
				code += "/" + fmt.Sprint(row.subcode)
			}
			want := remote.Error{Op: "facebook: say hello", Kind: row.kind, Status: 400, Code: code, Message: "told by Meta (trace AbC)"}
			if row.wait > 0 {
				want.RetryAt = noon.Add(row.wait)
			}
			scope := ""
			if e.Scope != (remote.Scope{}) {
				scope = e.Scope.String()
			}
			if scope != row.scope {
				t.Errorf("scope %q, want %q", scope, row.scope)
			}
			got := *e
			got.Scope = remote.Scope{}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// post makes a call that may not be repeated, and returns its error.
func post(t testing.TB, g *meta.Graph) *remote.Error {
	t.Helper()
	_, err := g.Do(t.Context(), remote.Request{
		Op: "say hello", Path: "/700100/messages", JSON: map[string]string{"text": "hello"}, Scopes: []remote.Scope{{Level: remote.LevelRecipient, ID: "facebook/700100:5550"}},
	})
	e, ok := errors.AsType[*remote.Error](err)
	if !ok {
		t.Fatalf("error %v, want a *remote.Error", err)
	}
	return e
}

// What went wrong at an unknown point may have been carried out, unless it was only read.
func TestTransientErrorsAreUnknownForPostsOnly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer     http.HandlerFunc
		post, read remote.Kind
	}{
		"code 2":                   {answer(500, `{"error":{"code":2,"message":"An unexpected error has occurred"}}`), remote.Unknown, remote.Unavailable},
		"transient, unknown code":  {answer(400, `{"error":{"code":4711,"is_transient":true}}`), remote.Unknown, remote.Unavailable},
		"unknown code, status 500": {answer(500, `{"error":{"code":4711}}`), remote.Unknown, remote.Unavailable},
		"unknown code, status 400": {answer(400, `{"error":{"code":4711}}`), remote.Rejected, remote.Rejected},
		"code as text":             {answer(400, `{"error":{"code":"10","error_subcode":"2018278"}}`), remote.WindowClosed, remote.WindowClosed},
		"the window in words":      {answer(400, `{"error":{"code":10,"message":"This message is sent outside of allowed window."}}`), remote.WindowClosed, remote.WindowClosed},
		"control in words":         {answer(400, `{"error":{"code":10,"message":"another app is controlling this thread"}}`), remote.NotInControl, remote.NotInControl},
		"an error inside 200":      {answer(200, ` {"error":{"code":190}}`), remote.Unauthorized, remote.Unauthorized},
		"no code":                  {answer(503, `{"error":{"message":"busy"}}`), remote.Unavailable, remote.Unavailable},
		"another error":            {answer(401, `{"error":"unauthorized"}`), remote.Unauthorized, remote.Unauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := graph(t, test.answer)
			if e := post(t, g); e.Kind != test.post {
				t.Errorf("a post: %v, want %s", e, test.post)
			}
			if _, err := g.Do(t.Context(), remote.Request{Op: "read", Path: "/700100"}); err == nil || remote.KindOf(err) != test.read {
				t.Errorf("a read: %v, want %s", err, test.read)
			}
		})
	}
}

func TestRetryAtComesFromTheHeadersFirst(t *testing.T) {
	t.Parallel()
	const limited = `{"error":{"code":80001,"message":"too many calls"}}`
	for name, test := range map[string]struct {
		headers []string
		want    time.Duration
	}{
		"nothing told":           {nil, 5 * time.Minute},
		"Retry-After":            {[]string{"Retry-After", "90"}, 90 * time.Second},
		"time to regain access":  {[]string{"X-Business-Use-Case-Usage", `{"700100":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":17}]}`}, 17 * time.Minute},
		"the longest of several": {[]string{"X-Business-Use-Case-Usage", `{"700100":[{"estimated_time_to_regain_access":2},{"estimated_time_to_regain_access":9}]}`}, 9 * time.Minute},
		"at most a day":          {[]string{"X-Business-Use-Case-Usage", `{"700100":[{"estimated_time_to_regain_access":1e9}]}`}, 24 * time.Hour},
		"the app is spent":       {[]string{"X-App-Usage", `{"call_count":100}`}, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			next := answer(400, limited, test.headers...)
			g := graph(t, func(w http.ResponseWriter, r *http.Request) { calls++; next(w, r) })
			if e := post(t, g); !e.RetryAt.Equal(noon.Add(test.want)) || e.Kind != remote.RateLimited {
				t.Errorf("%v at %s, want in %s", e, e.RetryAt, test.want)
			}
			if e := post(t, g); e.Kind != remote.RateLimited || calls != 1 {
				t.Errorf("the next post: %v after %d calls; want it held back", e, calls)
			}
		})
	}
}

func TestUsageSlowsDownBeforeTheLimit(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		header, value string
		want          time.Duration // how long the next call is held back
		scope         remote.Level
	}{
		"far from it":            {"X-App-Usage", `{"call_count":28,"total_cputime":79,"total_time":80}`, 0, 0},
		"near it":                {"X-App-Usage", `{"call_count":28,"total_cputime":90,"total_time":25}`, 30 * time.Second, remote.LevelApp},
		"very near it":           {"X-Page-Usage", `{"call_count":99,"total_cputime":1,"total_time":1}`, 57 * time.Second, remote.LevelAccount},
		"at it":                  {"X-Page-Usage", `{"call_count":100,"total_cputime":1,"total_time":1}`, 5 * time.Minute, remote.LevelAccount},
		"over it":                {"X-App-Usage", `{"total_time":131.5}`, 5 * time.Minute, remote.LevelApp},
		"business use case":      {"X-Business-Use-Case-Usage", `{"700100":[{"type":"messenger","call_count":85}]}`, 15 * time.Second, remote.LevelAccount},
		"a business's other ID":  {"X-Business-Use-Case-Usage", `{"4711":[{"type":"pages","call_count":1,"estimated_time_to_regain_access":3}]}`, 3 * time.Minute, remote.LevelAccount},
		"no JSON":                {"X-App-Usage", `call_count=100`, 0, 0},
		"another JSON":           {"X-Business-Use-Case-Usage", `{"call_count":100}`, 0, 0},
		"negative":               {"X-App-Usage", `{"call_count":-5}`, 0, 0},
		"regained in the past":   {"X-Business-Use-Case-Usage", `{"700100":[{"estimated_time_to_regain_access":-5}]}`, 0, 0},
		"beyond what can be any": {"X-App-Usage", `{"call_count":1e400}`, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := graph(t, answer(200, `{}`, test.header, test.value))
			read := remote.Request{Op: "read", Path: "/700100"}
			if _, err := g.Do(t.Context(), read); err != nil {
				t.Fatal(err)
			}
			_, err := g.Do(t.Context(), read)
			if test.want == 0 {
				if err != nil {
					t.Errorf("held back: %v", err)
				}
				return
			}
			e, ok := errors.AsType[*remote.Error](err)
			if !ok || e.Kind != remote.RateLimited || !e.RetryAt.Equal(noon.Add(test.want)) || e.Scope.Level != test.scope {
				t.Errorf("got %v, want %s held back for %s", err, test.scope, test.want)
			}
		})
	}
}

func TestEveryCallCarriesTokenAndProof(t *testing.T) {
	t.Parallel()
	// made with another implementation (Python's hmac)
	const proof = "2f791ec4c7bd21ec56d0a0883d01ecd5c2bf3344be92165843811cd9207ae81e"
	g := graph(t, func(w http.ResponseWriter, r *http.Request) {
		got := []string{r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Authorization")}
		want := []string{"GET", "/" + meta.Version + "/me", "appsecret_proof=" + proof + "&fields=id", "Bearer " + pageToken}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		_, _ = w.Write([]byte(`{}`))
	})
	if _, err := g.Do(t.Context(), remote.Request{Path: "/me?fields=id"}); err != nil {
		t.Error(err)
	}
}

func TestCheckToken(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   meta.Token
		ends   time.Time
		err    string
	}{
		"valid": {
			answer(200, `{"data":{"app_id":"99","type":"PAGE","is_valid":true,"expires_at":0,"data_access_expires_at":1790000000,"scopes":["pages_messaging"]}}`),
			meta.Token{App: "99", Type: "PAGE", DataAccess: time.Unix(1790000000, 0).UTC(), Scopes: []string{"pages_messaging"}}, time.Unix(1790000000, 0).UTC(), "",
		},
		"ends before its data access": {
			answer(200, `{"data":{"app_id":99,"is_valid":true,"expires_at":1780000000,"data_access_expires_at":1790000000}}`),
			meta.Token{App: "99", Expires: time.Unix(1780000000, 0).UTC(), DataAccess: time.Unix(1790000000, 0).UTC()}, time.Unix(1780000000, 0).UTC(), "",
		},
		"without end": {answer(200, `{"data":{"is_valid":true}}`), meta.Token{}, time.Time{}, ""},
		"expired":     {answer(200, `{"data":{"is_valid":false,"error":{"code":190,"message":"Session has expired"}}}`), meta.Token{}, time.Time{}, "facebook: check the token: unauthorized: Session has expired"},
		"repeats the token": {
			answer(200, `{"data":{"is_valid":false,"error":{"message":"`+pageToken+` of app-secret is dead"}}}`), meta.Token{}, time.Time{},
			"facebook: check the token: unauthorized: [redacted] of [redacted] is dead",
		},
		"nothing said": {answer(200, `{}`), meta.Token{}, time.Time{}, "facebook: check the token: unauthorized: it is no longer valid"},
		"another app's": {
			answer(200, `{"data":{"app_id":"12","is_valid":true}}`), meta.Token{}, time.Time{}, "facebook: check the token: unauthorized: it belongs to app 12, not to 99",
		},
		"Meta is down": {answer(500, `{"error":{"code":2,"message":"later"}}`), meta.Token{}, time.Time{}, "facebook: check the token: unavailable: status 500: code 2: later"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := graph(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer 99|app-secret" || r.URL.Query().Get("input_token") != pageToken || r.URL.Path != "/"+meta.Version+"/debug_token" {
					t.Errorf("asked %s %s", r.URL, r.Header.Get("Authorization"))
				}
				test.answer(w, r)
			})
			got, err := g.CheckToken(t.Context())
			if test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Errorf("error %v, want %s", err, test.err)
				}
				if e, ok := errors.AsType[*remote.Error](err); ok && e.Kind == remote.Unauthorized && e.Scope.String() != "credential system-user" {
					t.Errorf("scope %s", e.Scope)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || !got.Ends().Equal(test.ends) {
				t.Errorf("ends %s; want -, got +:\n%s", got.Ends(), diff)
			}
			if missing := got.Missing("pages_messaging", "ads_read"); len(missing) != 2-len(test.want.Scopes) {
				t.Errorf("missing %v", missing)
			}
		})
	}
	if _, err := meta.NewGraph(meta.Access{Account: account}).CheckToken(t.Context()); remote.KindOf(err) != remote.Rejected || err == nil {
		t.Errorf("without an app: %v, want rejected", err)
	}
}

func TestPageTellsWhereTheNextBegins(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"data":[]}`: "",
		`{"paging":{"cursors":{"after":"QVFI"}}}`: "",
		`{"paging":{"cursors":{"after":"QVFI"},"next":"https://graph.example/v25.0/1/feed?access_token=S&after=QVFI"}}`:   "after=QVFI",
		`{"paging":{"next":"https://graph.example/v25.0/1/feed?access_token=S&until=17&__paging_token=enc%3D&limit=25"}}`: "__paging_token=enc%3D&until=17",
		`{"paging":{"next":"https://graph.example/v25.0/1/feed?access_token=S&offset=50"}}`:                               "offset=50",
		`{"paging":{"cursors":{"after":"QVFI"},"next":"%zz"}}`:                                                            "after=QVFI",
	} {
		var p meta.Page
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Fatal(err)
		}
		if got := p.After(); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestGraphPrintsNoSecret(t *testing.T) {
	t.Parallel()
	g := graph(t, answer(500, "Bearer "+pageToken+" app-secret"))
	texts := []string{post(t, g).Error()}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		texts = append(texts, fmt.Sprintf(format, g))
	}
	for _, s := range texts {
		if strings.Contains(s, pageToken) || strings.Contains(s, "app-secret") {
			t.Errorf("%s tells a secret", s)
		}
	}
}
