package meta_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
	"github.com/socialcrm/socialcrm/remote"
)

// Signatures of signedBody, made with another implementation (Python's hmac).
const (
	signedBody = `{"object":"page","entry":[{"id":"700100","note":"caf\u00e9"}]}`
	byCurrent  = "sha256=24e7c5c10c149add588a66e13c721e71a0c43f32b8cac20f209cb878483e6bee"
	byOld      = "sha256=e2beba0bee9dedb2dc76653ca766a48e0d9510cddfae29754006e55c26903ba5"
	byEmpty    = "sha256=9581d96d3b263b3bbd98cc38da3e40c22b6f850ebf0f021d3a94b76b399f60a7"
	sha1Mac    = "9ef44a69185613476815c27ecb09b309f3a9dc83"
)

func TestVerifySignature(t *testing.T) {
	t.Parallel()
	header := func(values ...string) http.Header { return http.Header{"X-Hub-Signature-256": values} }
	current := []string{"current-secret"}
	for name, tc := range map[string]struct {
		secrets []string
		header  http.Header
		body    string
		want    string // what the error says, "" when the call is Meta's
	}{
		"signed":                      {current, header(byCurrent), signedBody, ""},
		"signed with the older key":   {[]string{"current-secret", "old-secret"}, header(byOld), signedBody, ""},
		"key after an empty one":      {[]string{"", "current-secret"}, header(byCurrent), signedBody, ""},
		"upper-case hex":              {current, header("sha256=" + strings.ToUpper(byCurrent[7:])), signedBody, ""},
		"body altered":                {current, header(byCurrent), strings.Replace(signedBody, "700100", "700101", 1), "does not match"},
		"body reformatted":            {current, header(byCurrent), strings.Replace(signedBody, `\u00e9`, "é", 1), "does not match"},
		"body with newline added":     {current, header(byCurrent), signedBody + "\n", "does not match"},
		"body emptied":                {current, header(byCurrent), "", "does not match"},
		"header altered":              {current, header(byCurrent[:len(byCurrent)-1] + "x"), signedBody, "not written in hex"},
		"last digit altered":          {current, header(flip(byCurrent)), signedBody, "does not match"},
		"header truncated":            {current, header(byCurrent[:len(byCurrent)-2]), signedBody, "does not match"},
		"prefix alone":                {current, header("sha256="), signedBody, "does not match"},
		"header empty":                {current, header(""), signedBody, "does not begin"},
		"header missing":              {current, nil, signedBody, "missing"},
		"header twice, both right":    {current, header(byCurrent, byCurrent), signedBody, "2 times"},
		"header twice, one right":     {current, header("sha256=00", byCurrent), signedBody, "2 times"},
		"two signatures in one":       {current, header(byCurrent + "," + byCurrent), signedBody, "not written in hex"},
		"prefix missing":              {current, header(byCurrent[7:]), signedBody, "does not begin"},
		"prefix of SHA-1 on SHA-256":  {current, header("sha1=" + byCurrent[7:]), signedBody, "does not begin"},
		"SHA-1 under SHA-256's name":  {current, header("sha256=" + sha1Mac), signedBody, "does not match"},
		"SHA-1 as SHA-1":              {current, header("sha1=" + sha1Mac), signedBody, "does not begin"},
		"SHA-1 in its own header":     {current, http.Header{"X-Hub-Signature": {"sha1=" + sha1Mac}}, signedBody, "missing"},
		"other key":                   {[]string{"somebody-else"}, header(byCurrent), signedBody, "does not match"},
		"no key":                      {nil, header(byCurrent), signedBody, "no key"},
		"signed with the empty key":   {[]string{""}, header(byEmpty), signedBody, "no key"},
		"empty key beside a real one": {[]string{"", "current-secret"}, header(byEmpty), signedBody, "does not match"},
		"base64 in place of hex":      {current, header("sha256=q83vEg=="), signedBody, "not written in hex"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, err := meta.App{Secrets: tc.secrets}.Verify("facebook", channel.Call{Method: "POST", Header: tc.header, Body: []byte(tc.body)})
			if resp != nil {
				t.Errorf("a POST is answered with %+v", resp)
			}
			if tc.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || remote.KindOf(err) != remote.Unauthorized || !errors.Is(err, remote.ErrSignature) || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want unauthorized: ...%s", err, tc.want)
			}
			for _, secret := range append(tc.secrets, byCurrent[7:], byOld[7:]) {
				if secret != "" && strings.Contains(err.Error(), secret) {
					t.Errorf("%v tells %q", err, secret)
				}
			}
		})
	}
}

// flip changes the last hexadecimal digit.
func flip(s string) string {
	last := "0"
	if strings.HasSuffix(s, "0") {
		last = "1"
	}
	return s[:len(s)-1] + last
}

func TestVerifyChallenge(t *testing.T) {
	t.Parallel()
	query := func(change ...string) url.Values {
		q := url.Values{"hub.mode": {"subscribe"}, "hub.verify_token": {"let-me-in"}, "hub.challenge": {"1158201444"}}
		for i := 0; i+1 < len(change); i += 2 {
			q.Add(change[i], change[i+1])
		}
		return q
	}
	with := func(key string, values ...string) url.Values {
		q := query()
		q[key] = values
		return q
	}
	for name, tc := range map[string]struct {
		query url.Values
		token string
		want  string
	}{
		"right":               {query(), "let-me-in", ""},
		"more parameters":     {query("utm", "x"), "let-me-in", ""},
		"wrong token":         {with("hub.verify_token", "let-me-out"), "let-me-in", "does not match"},
		"beginning of token":  {with("hub.verify_token", "let-me"), "let-me-in", "does not match"},
		"no token set":        {query(), "", "does not match"},
		"both tokens empty":   {with("hub.verify_token", ""), "", "does not match"},
		"token missing":       {with("hub.verify_token"), "let-me-in", "0 times"},
		"token twice":         {query("hub.verify_token", "let-me-in"), "let-me-in", "2 times"},
		"challenge twice":     {query("hub.challenge", "1"), "let-me-in", "2 times"},
		"challenge empty":     {with("hub.challenge", ""), "let-me-in", "0 bytes"},
		"challenge too long":  {with("hub.challenge", strings.Repeat("1", 257)), "let-me-in", "257 bytes"},
		"unsubscribe":         {with("hub.mode", "unsubscribe"), "let-me-in", "not subscribe"},
		"parameters by _":     {url.Values{"hub_mode": {"subscribe"}}, "let-me-in", "hub.mode is there 0 times"},
		"somebody looking in": {nil, "let-me-in", "0 times"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, err := meta.App{VerifyToken: tc.token}.Verify("facebook", channel.Call{Method: "GET", Query: tc.query})
			if tc.want != "" {
				if resp != nil || remote.KindOf(err) != remote.Unauthorized || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "let-me") {
					t.Errorf("got %v, %v, want unauthorized: ...%s", resp, err, tc.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := &channel.Response{
				Status: 200,
				Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "X-Content-Type-Options": {"nosniff"}},
				Body:   []byte("1158201444"),
			}
			if diff := cmp.Diff(want, resp); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A challenge that was overheard opens no other door: it is answered only together with the token, and only by what it says itself.
func TestVerifyReplayedChallenge(t *testing.T) {
	t.Parallel()
	app := meta.App{Secrets: []string{"current-secret"}, VerifyToken: "let-me-in"}
	overheard := url.Values{"hub.mode": {"subscribe"}, "hub.verify_token": {"let-me-in"}, "hub.challenge": {"1158201444"}}
	for name, call := range map[string]channel.Call{
		"as a POST":               {Method: "POST", Query: overheard, Body: []byte(signedBody)},
		"as a POST, without body": {Method: "POST", Query: overheard},
		"its body as the token":   {Method: "GET", Query: url.Values{"hub.mode": {"subscribe"}, "hub.verify_token": {"1158201444"}, "hub.challenge": {"1158201444"}}},
		"in the body":             {Method: "GET", Body: []byte(overheard.Encode())},
		"at another app":          {Method: "GET", Query: url.Values{"hub.mode": {"subscribe"}, "hub.verify_token": {"let-us-in"}, "hub.challenge": {"1158201444"}}},
		"with HEAD":               {Method: "HEAD", Query: overheard},
	} {
		resp, err := app.Verify("facebook", call)
		if resp != nil || err == nil || remote.KindOf(err) != remote.Unauthorized || strings.Contains(err.Error(), "let-me-in") || strings.Contains(err.Error(), "current-secret") {
			t.Errorf("%s: %v, %v; want it refused", name, resp, err)
		}
	}
}

func TestVerifyRefusesOtherMethods(t *testing.T) {
	t.Parallel()
	app := meta.App{Secrets: []string{"current-secret"}, VerifyToken: "let-me-in"}
	for _, method := range []string{"", "HEAD", "PUT", "get", "OPTIONS"} {
		call := channel.Call{Method: method, Header: http.Header{"X-Hub-Signature-256": {byCurrent}}, Body: []byte(signedBody)}
		if resp, err := app.Verify("facebook", call); resp != nil || remote.KindOf(err) != remote.Unauthorized || err == nil {
			t.Errorf("%q: %v, %v", method, resp, err)
		}
	}
}

func TestSignMakesWhatVerifyAccepts(t *testing.T) {
	t.Parallel()
	if got := (meta.App{Secrets: []string{"", "current-secret", "old-secret"}}).Sign([]byte(signedBody)); got != byCurrent {
		t.Errorf("got %s", got)
	}
	if got := (meta.App{}).Sign([]byte(signedBody)); got != "" {
		t.Errorf("without a secret: %s", got)
	}
}

func TestAppPrintsNoSecret(t *testing.T) {
	t.Parallel()
	app := meta.App{ID: "99", Secrets: []string{"current-secret"}, VerifyToken: "let-me-in"}
	holder := struct{ App meta.App }{app}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{app, &app, holder, &holder} {
			if s := fmt.Sprintf(format, v); strings.Contains(s, "secret") || strings.Contains(s, "let-me-in") || !strings.Contains(s, "99") {
				t.Errorf("%s of %T: %s", format, v, s)
			}
		}
	}
}
