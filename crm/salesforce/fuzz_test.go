package salesforce

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// answers is a transport that always answers the same.
type answers func(*http.Request) *http.Response

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a(r), nil }

// FuzzAnswers gives the sink any answer to every call, of whatever method: it is whole or an error, no nonsense is taken for success, and nothing is asked without end.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		`{"compositeResponse":[{"httpStatusCode":201,"referenceId":"contact","body":{"id":"003Qy0000000001AAA","created":true}},{"httpStatusCode":204,"referenceId":"case","body":null},` +
			`{"httpStatusCode":400,"referenceId":"i0","body":[{"errorCode":"STRING_TOO_LONG","message":"x"}]}]}`,
		`{"totalSize":2,"done":true,"records":[{"Id":"003Qy0000000001AAA","Name":"Zoe","Email":"zoe@example.org","Social_Key__c":"contact-1"},{"Id":7}]}`,
		`{"totalSize":1,"done":false,"nextRecordsUrl":"https://evil.example/","records":[{"Id":"a01Qy0000000001AAA"}]}`,
		`[{"id":"a01Qy0000000001AAA","success":false,"errors":[{"statusCode":"ENTITY_IS_DELETED","message":"gone"}]}]`,
		`[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]`, `{"identity":"https://login.salesforce.com/id/00D/005Qy0000000001"}`,
		`{"id":"00QQy0000000001AAA","success":true,"created":true}`, `["/services/data/v60.0/a","/b"]`, `[]`, `{}`, `null`, ``, `<html>`,
	} {
		f.Add(0, seed, "api-usage=18/5000")
		f.Add(200, seed, "api-usage=4999/5000, per-app-api-usage=1/2(appName=x)")
	}
	f.Fuzz(func(t *testing.T, status int, answer, usage string) {
		calls, now := 0, loginTime
		sink := New(Options{
			Instance: "https://acme.example", Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}), Mapping: mapping(), MirrorComments: true, Now: func() time.Time { return now },
			HTTP: &http.Client{Transport: answers(func(r *http.Request) *http.Response {
				if calls++; calls > 200 {
					t.Fatalf("%q is asked for without end", answer)
				}
				return &http.Response{
					StatusCode: 200 + (status&0x7fff)%400, Header: http.Header{"Sforce-Limit-Info": {usage}}, Body: io.NopCloser(strings.NewReader(answer)), Request: r,
				}
			})},
		})
		c := change(2, "Where is my bag?")
		for name, call := range map[string]func(context.Context) error{
			"push": func(ctx context.Context) error {
				receipt, err := sink.Push(ctx, c)
				if err == nil && len(receipt.Interactions)+len(receipt.Refused) < len(c.Interactions) {
					t.Errorf("a push that was answered with %q went well: %+v", answer, receipt)
				}
				return err
			},
			"changes": func(ctx context.Context) error {
				batch, err := sink.Changes(ctx, "")
				if err == nil {
					if _, e := readCursor(batch.Cursor); e != nil {
						t.Errorf("%q leads to %v", answer, e)
					}
				}
				return err
			},
			"lookup": func(ctx context.Context) error {
				p, found, err := sink.Lookup(ctx, crm.Lookup{Emails: []string{"zoe@example.org"}, Identities: c.Contact.Identities})
				if found && (p.Ref == "" || err != nil) {
					t.Errorf("%q is %+v, %v", answer, p, err)
				}
				return err
			},
			"redact": func(ctx context.Context) error { return sink.Redact(ctx, c.Subject, "in-1", "") },
			"erase":  func(ctx context.Context) error { return sink.Erase(ctx, "contact-1", "") },
			"lead": func(ctx context.Context) error {
				_, err := sink.PushLead(ctx, crm.Lead{Key: "lead-1", Contact: *c.Contact})
				return err
			},
		} {
			calls, now = 0, now.Add(25*time.Hour) // whatever one of them learned, the next begins afresh
			err := call(t.Context())
			if e, ok := errors.AsType[*remote.Error](err); err != nil && (!ok || e.Op == "" || strings.Contains(err.Error(), token)) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
