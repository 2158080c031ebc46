package facebook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/facebook"
)

// callCase is one call of a Channel's method: the exchanges with Meta that it must make, all of them, in order, and what comes of it.
type callCase struct {
	Name         string                 `json:"name"`
	Call         string                 `json:"call"`
	Out          channel.Outgoing       `json:"out"`
	Message      channel.Message        `json:"message"`
	Action       channel.ModerateAction `json:"action"`
	ID           string                 `json:"id"`
	App          string                 `json:"app"`
	Now          time.Time              `json:"now"`
	Tried        time.Time              `json:"tried"`
	NoHumanAgent bool                   `json:"no_human_agent"`
	Exchanges    []exchange             `json:"exchanges"`
	Want         json.RawMessage        `json:"want"`
	Error        string                 `json:"error"`
}

// exchange is a request as it must come, and Meta's answer.
type exchange struct {
	Request string          `json:"request"` // "POST /700100/messages?query", without version and proof
	JSON    json.RawMessage `json:"json"`
	Form    string          `json:"form"`
	Status  int             `json:"status"`
	Answer  json.RawMessage `json:"answer"`
}

// TestCalls goes through the cases of testdata/calls.
func TestCalls(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/calls/*.json")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		var cases []callCase
		d := json.NewDecoder(bytes.NewReader(read(t, file)))
		d.DisallowUnknownFields()
		if err := d.Decode(&cases); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range cases {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".json")+"/"+c.Name, func(t *testing.T) {
				t.Parallel()
				c.run(t)
			})
		}
	}
}

func (c *callCase) run(t *testing.T) {
	done := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if done >= len(c.Exchanges) {
			t.Errorf("a request that nobody expects: %s %s", r.Method, r.URL.Path)
			return
		}
		x := c.Exchanges[done]
		done++
		x.check(t, r)
		w.WriteHeader(max(x.Status, 200))
		_, _ = w.Write(x.Answer)
	}))
	defer server.Close()
	if c.Now.IsZero() {
		c.Now = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	}
	o := options(server, func() time.Time { return c.Now })
	o.NoHumanAgent = c.NoHumanAgent
	got, err := c.do(t, facebook.New(o))
	told := ""
	if err != nil {
		told = err.Error()
	}
	if diff := cmp.Diff(c.Error, told); diff != "" {
		t.Errorf("error, want -, got +:\n%s", diff)
	}
	if done < len(c.Exchanges) {
		t.Errorf("%d requests, want %d", done, len(c.Exchanges))
	}
	var want any
	if len(c.Want) > 0 {
		if err := json.Unmarshal(c.Want, &want); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, plain(t, got)); diff != "" && err == nil {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// do calls the method.
func (c *callCase) do(t *testing.T, page *facebook.Channel) (any, error) {
	ctx := t.Context()
	switch c.Call {
	case "Send":
		return result(page.Send(ctx, c.Out))
	case "ReplyPrivately":
		return result(page.ReplyPrivately(ctx, c.Out))
	case "Moderate":
		return nil, page.Moderate(ctx, c.Action, c.Message)
	case "Profile":
		return result(page.Profile(ctx, c.ID))
	case "Read":
		return result(page.Read(ctx, c.ID))
	case "Subscribe":
		return result(page.Subscribe(ctx))
	case "TakeControl":
		return nil, page.TakeControl(ctx, c.ID)
	case "ReleaseControl":
		return nil, page.ReleaseControl(ctx, c.ID, c.App)
	case "Typing":
		return nil, page.Typing(ctx, c.ID, c.App != "off")
	case "Seen":
		return nil, page.Seen(ctx, c.ID)
	case "Find":
		finding, sent, err := page.Find(ctx, c.Out, c.Tried)
		return map[string]any{"finding": finding.String(), "id": sent.ID}, err
	}
	t.Fatalf("no method %q", c.Call)
	return nil, nil
}

func result[V any](v V, err error) (any, error) { return v, err }

// plain is a value as JSON sees it.
func plain(t *testing.T, v any) (out any) {
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// check compares a request with what is expected.
func (x *exchange) check(t *testing.T, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	query := r.URL.Query()
	wantProof, bearer := proof, "Bearer "+pageToken
	if strings.HasSuffix(r.URL.Path, "/debug_token") {
		wantProof, bearer = "", "Bearer 99|"+appSecret
		if query.Get("input_token") != pageToken {
			t.Errorf("it asks about another token")
		}
		query.Del("input_token")
	}
	if got := query.Get("appsecret_proof"); got != wantProof || r.Header.Get("Authorization") != bearer {
		t.Errorf("%s %s: authorization %q, proof %q", r.Method, r.URL.Path, r.Header.Get("Authorization"), got)
	}
	query.Del("appsecret_proof")
	got := r.Method + " " + strings.TrimPrefix(r.URL.EscapedPath(), "/v25.0")
	if len(query) > 0 {
		parts := []string{}
		for name := range query {
			if name != "fields" { // the stand-in of the kit knows them
				parts = append(parts, name+"="+query.Get(name))
			}
		}
		if len(parts) > 0 {
			got += fmt.Sprint("?", strings.Join(slices.Sorted(slices.Values(parts)), "&"))
		}
	}
	if diff := cmp.Diff(x.Request, got); diff != "" {
		t.Errorf("request, want -, got +:\n%s", diff)
	}
	if len(x.JSON) == 0 {
		if string(body) != x.Form {
			t.Errorf("form %q, want %q", body, x.Form)
		}
		return
	}
	if diff := cmp.Diff(plain(t, x.JSON), plain(t, json.RawMessage(body))); diff != "" {
		t.Errorf("body, want -, got +:\n%s", diff)
	}
}
