package rt

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
)

// FuzzAnswer gives the sink any answer to every call: it may fail, and must not take nonsense for success.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"id":4,"Status":"open","Subject":"x","CustomFields":[{"name":"SocialKey","values":["social-case-1"]}],"_hyperlinks":[{"ref":"comment"}],"Name":"Social","TicketCustomFields":[{"name":"SocialKey"}]}`,
		`{"items":[{"id":"7","Type":"Status","type":"transaction","NewValue":"open","ObjectType":"RT::Ticket","ObjectId":"4","Created":"2026-03-02T09:00:00Z","Creator":{"id":"mara"}}]}`,
		`{"items":[null,{}]}`, `{"items":null}`, `{"id":null,"Name":7}`, `[]`, `{"message":"Not Found"}`, ``, `<html>`,
	} {
		f.Add(200, seed)
		f.Add(404, seed)
	}
	f.Fuzz(func(t *testing.T, status int, answer string) {
		if status < 200 || status > 599 {
			return
		}
		sink := New(Options{Address: "http://rt.example", Token: token, User: us, HTTP: &http.Client{Transport: says(func() *http.Response {
			return &http.Response{StatusCode: status, Header: http.Header{"Location": {"/REST/2.0/ticket/4"}}, Body: io.NopCloser(strings.NewReader(answer))}
		})}})
		c := change(1, "Where is my bag?")
		receipt, err := sink.Push(t.Context(), c)
		if err == nil && !json.Valid([]byte(answer)) {
			t.Errorf("a push that RT answered with %q went well: %+v", answer, receipt)
		}
		batch, err := sink.Changes(t.Context(), "3")
		if err == nil && !isNumber(string(batch.Cursor)) {
			t.Errorf("the cursor is %q", batch.Cursor)
		}
		_, _, _ = sink.Lookup(t.Context(), crm.Lookup{Emails: []string{"zoe@example.org"}, Identities: c.Contact.Identities})
		_ = sink.Redact(t.Context(), c.Subject, "in-1", "7")
		_ = sink.Erase(t.Context(), "contact-1", "")
	})
}

// FuzzTexts gives a look whatever RT may tell of one text that somebody wrote: its transaction, its parts, and who wrote it.
func FuzzTexts(f *testing.F) {
	f.Add("Correspond", `{"_hyperlinks":[{"ref":"attachment","_url":"http://rt.example/REST/2.0/attachment/9"}]}`, `{"ContentType":"text/plain","Content":"SXQgaXMgb24gaXRzIHdheQ==\n"}`, `{"Name":"zoe","Privileged":1}`)
	f.Add("Comment", `{"_hyperlinks":[{"ref":"attachment","_url":"/9"},{"ref":"attachment","_url":"/9"}]}`, `{"ContentType":"text/html","Content":"PGI+YTwvYj4="}`, `{}`)
	f.Add("Correspond", `{"_hyperlinks":{}}`, `{"Content":7}`, `null`)
	f.Add("SetWatcher", ``, ``, `{"Name":"mara"}`)
	f.Fuzz(func(t *testing.T, kind, transaction, part, writer string) {
		name, err := json.Marshal(kind)
		if err != nil {
			return
		}
		asked := 0
		sink := New(Options{Address: "http://rt.example", Token: token, User: us, Mapping: mapping, HTTP: &http.Client{Transport: telling(func(path string) string {
			asked++
			switch {
			case strings.HasSuffix(path, "/transactions"):
				return `{"items":[{"id":"7","Type":` + string(name) + `,"type":"transaction","Field":"Owner","NewValue":"5","ObjectType":"RT::Ticket","ObjectId":"4","Created":"2026-03-02T09:00:00Z","Creator":{"id":"zoe"}}]}`
			case strings.HasSuffix(path, "/tickets"):
				return `{"items":[{"id":4,"CustomFields":[{"name":"SocialKey","values":["case-1"]}]}]}`
			case strings.Contains(path, "/transaction/"):
				return transaction
			case strings.Contains(path, "/attachment/"):
				return part
			}
			return writer
		})}})
		batch, err := sink.Changes(t.Context(), "3")
		switch {
		case asked > 20:
			t.Errorf("%d calls for one text", asked)
		case err != nil && (len(batch.Updates) > 0 || batch.Cursor != ""):
			t.Errorf("%+v beside %v", batch, err)
		}
		for _, u := range batch.Updates {
			if text := u.Reply + u.Note; !utf8.ValidString(text) || strings.ContainsRune(text, 0) || len(text) > 3*len(part)*9 {
				t.Errorf("%q became %q", part, text)
			}
		}
	})
}

// telling is a transport that answers by path.
type telling func(path string) string

func (a telling) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a(r.URL.Path))), Request: r}, nil
}

// says is a transport that always answers the same.
type says func() *http.Response

func (s says) RoundTrip(*http.Request) (*http.Response, error) { return s(), nil }

func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "0", "17", "-1", "1 OR 1=1", "99999999999999999999", "'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		asked := ""
		sink := New(Options{Address: "http://rt.example", Token: token, User: us, HTTP: &http.Client{Transport: asking(func(r *http.Request) { asked = r.URL.Query().Get("query") })}})
		_, err := sink.Changes(t.Context(), channel.Cursor(cursor))
		if cursor != "" && !isNumber(cursor) && (err == nil || asked != "") {
			t.Errorf("cursor %q: error %v, asked %q", cursor, err, asked)
		}
	})
}

// asking is a transport that shows what is asked, and finds nothing.
type asking func(*http.Request)

func (a asking) RoundTrip(r *http.Request) (*http.Response, error) {
	a(r)
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"items":[]}`))}, nil
}

func FuzzPlainText(f *testing.F) {
	for _, seed := range []string{"", "a <b>c</b>", "<p>a<p>b", "<br/>&amp;&lt;b&gt;", "<style>x</style>y", "<!-- <p> -->z", "<", "<a href='x>y'>z</a>", "<script>", "\xff<"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, markup string) {
		text := plainText(crm.Printable(markup))
		if !utf8.ValidString(text) || strings.TrimSpace(text) != text || strings.Contains(text, "\n\n\n") {
			t.Errorf("%q became %q", markup, text)
		}
	})
}

func TestPlainText(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ markup, want string }{
		{"It is <b>on</b> its way.<br />Soon", "It is on its way.\nSoon"},
		{"<p>One</p>\n<p>Two &amp; a half</p>", "One\n\nTwo & a half"},
		{"<ul><li>a</li>\n<li>b</li></ul>after", "- a\n- b\n\nafter"},
		{"<style>p{color:red}</style><div>Dear Zoë,</div><div>hi</div>", "Dear Zoë,\n\nhi"},
		{"3 &lt; 4 <!-- note --> &euro;5", "3 < 4 €5"},
		{"a link <a href=\"https://x.example\">here</a>", "a link here"},
	} {
		if got := plainText(tt.markup); got != tt.want {
			t.Errorf("%s is %q, want %q", tt.markup, got, tt.want)
		}
	}
}
