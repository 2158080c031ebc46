package salesforce

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// listening is an org with the case of change(1, ...), and where looking at it stands.
type listening struct {
	*org
	staff
	sink  *Sink
	after channel.Cursor
	keys  map[string]bool // of all that was told
	t     *testing.T
}

func listen(t *testing.T, options Options) *listening {
	o, sink := openWith(t, options)
	l := &listening{org: o, staff: o.staff(sink.words), sink: sink, keys: make(map[string]bool), t: t}
	l.push(ticket.Open, "jo")
	l.look()
	return l
}

func (l *listening) push(status ticket.Status, agent string) {
	l.t.Helper()
	c := change(1, "Where is my bag?")
	c.Case.Status, c.Case.Agent = status, agent
	if _, err := l.sink.Push(l.t.Context(), c); err != nil {
		l.t.Fatal(err)
	}
}

// look returns what is new, in short.
func (l *listening) look() (told []string) {
	l.t.Helper()
	for {
		batch, err := l.sink.Changes(l.t.Context(), l.after)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, u := range batch.Updates {
			if l.keys[u.Key] {
				l.t.Errorf("%q is the key of two updates", u.Key)
			}
			l.keys[u.Key] = true
			did := u.Actor.Name
			if u.Status != "" {
				did += " status " + string(u.Status)
			}
			if u.Agent != nil {
				did += fmt.Sprintf(" agent %q", *u.Agent)
			}
			if u.Reply != "" {
				did += " reply " + u.Reply
			}
			if u.Note != "" {
				did += " note " + u.Note
			}
			told = append(told, did)
		}
		l.after = batch.Cursor
		if !batch.More {
			return told
		}
	}
}

func (l *listening) expect(want ...string) {
	l.t.Helper()
	if diff := cmp.Diff(want, l.look()); diff != "" {
		l.t.Errorf("told (-want +got):\n%s", diff)
	}
}

func (l *listening) ok(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func TestChangesTellWhatPeopleDid(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{Mapping: mapping()})
	l.expect()
	l.ok(l.SetStatus("zoe", "case-1", ticket.Pending))
	l.expect("zoe status pending")
	l.push(ticket.Pending, "jo") // the Desk has followed
	l.expect()
	l.ok(l.edit("zoe", "case-1", map[string]any{"Subject": "Bag, green"}))
	l.expect() // not a thing that the Desk knows of
	l.ok(l.edit("zoe", "case-1", map[string]any{"Status": "Escalated"}))
	l.expect() // a word that stands for none of ours
	l.push(ticket.Pending, "jo")
	l.ok(l.Assign("zoe", "case-1", "sam"))
	l.ok(l.SetStatus("zoe", "case-1", ticket.Solved))
	l.expect(`zoe status solved agent "sam"`)
	l.push(ticket.Solved, "sam")
	l.ok(l.Assign("zoe", "case-1", ""))
	l.expect(`zoe agent ""`)
	l.push(ticket.Solved, "")
	l.ok(l.edit("zoe", "case-1", map[string]any{"OwnerId": us}))
	l.expect() // somebody who is no agent
}

func TestWhatOurOwnUserDoesIsNotTold(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{Mapping: mapping()})
	_, r := l.byKey(caseObject, "case-1")
	l.calls++
	// A flow that a push has set off runs as our user.
	if fail := l.update(caseObject, text(r, "Id"), map[string]any{"Status": "Waiting", "OwnerId": "005Qy000000000B"}, us); fail != nil {
		t.Fatal(fail.message)
	}
	l.expect()
}

func TestAnOwnerWhomNobodyNamedIsNoNews(t *testing.T) {
	t.Parallel()
	m := mapping()
	m.Queue = ""
	l := listen(t, Options{Mapping: m})
	for _, agent := range []string{"", "somebody else"} {
		l.push(ticket.Open, agent) // the case stays with jo, who no longer has it
		l.ok(l.edit("zoe", "case-1", map[string]any{"Subject": "Bag, for " + agent}))
		l.expect()
	}
}

func TestAPushBetweenTwoLooksWins(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{Mapping: mapping()})
	l.ok(l.SetStatus("zoe", "case-1", ticket.Pending))
	l.push(ticket.Open, "jo")
	l.expect()
	if r, _ := l.record(caseObject, "case-1"); text(r, "Status") != "Working" {
		t.Errorf("the case is %s, want Working", text(r, "Status"))
	}
}

func TestOnlyWhatIsMarkedForTheCustomerIsAReply(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{Mapping: mapping()})
	l.ok(l.Note("zoe", "case-1", "she called"))
	l.ok(l.Reply("zoe", "case-1", "It is on its way."))
	l.ok(l.Note("zoe", "case-1", " "))
	l.expect("zoe note she called", "zoe reply It is on its way.")
	for id, r := range l.objects[interactionObject] {
		if text(r, "Social_Text__c") == "she called" {
			l.calls++
			l.update(interactionObject, id, map[string]any{"Social_For_Customer__c": true}, l.people["zoe"])
		}
	}
	l.expect("zoe reply she called") // ticked later

	deaf := mapping()
	deaf.Reply = ""
	l = listen(t, Options{Mapping: deaf})
	l.ok(l.Reply("zoe", "case-1", "It is on its way."))
	l.expect("zoe note It is on its way.")
}

func TestNothingIsToldBeforeItHasSettled(t *testing.T) {
	t.Parallel()
	now := loginTime
	l := listen(t, Options{Mapping: mapping(), Settle: 5 * time.Second, Now: func() time.Time { return now }})
	l.clock = func() time.Time { return now }
	now = now.Add(time.Hour)
	l.ok(l.SetStatus("zoe", "case-1", ticket.Pending))
	now = now.Add(4 * time.Second)
	l.expect()
	l.ok(l.SetStatus("zoe", "case-1", ticket.Solved)) // within the same look
	now = now.Add(5 * time.Second)
	l.expect("zoe status solved")
	l.expect()
}

func TestManyChangesComeInPartsAndEachOnce(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{Mapping: mapping()})
	var want []string
	l.clock = func() time.Time { return loginTime.AddDate(0, 0, 1).Add(time.Duration(len(want)/30) * time.Second) } // thirty share a second
	for i := range 70 {
		note := fmt.Sprintf("note %02d", i)
		l.ok(l.Note("zoe", "case-1", note))
		want = append(want, "zoe note "+note)
	}
	l.calls, l.clock = 0, func() time.Time { return loginTime.AddDate(0, 0, 2) }
	l.expect(want...)
	if l.calls != 4 { // the fourth brings the rest
		t.Errorf("%d calls, want 4 of 20 notes each", l.calls)
	}
}

func TestAFullPageIsToldOnlyAsFarAsItHasSettled(t *testing.T) {
	t.Parallel()
	now := loginTime
	l := listen(t, Options{Mapping: mapping(), Settle: 10 * time.Second, Now: func() time.Time { return now }})
	l.clock = func() time.Time { return now }
	now = now.Add(time.Hour)
	var want []string
	for i := range notesPerLook {
		note := fmt.Sprintf("note %02d", i)
		l.ok(l.Note("zoe", "case-1", note))
		want = append(want, "zoe note "+note)
		now = now.Add(time.Second)
	}
	l.expect(want[:notesPerLook-9]...)
	now = now.Add(time.Minute)
	l.expect(want[notesPerLook-9:]...)
}

func TestTheFirstLookTellsNoHistory(t *testing.T) {
	t.Parallel()
	l := listen(t, Options{Mapping: mapping()})
	l.ok(l.Note("zoe", "case-1", "long ago"))
	l.after = ""
	l.expect()
	l.ok(l.Note("zoe", "case-1", "today"))
	l.expect("zoe note today")
}

func TestACursorOfSomebodyElseIsRejected(t *testing.T) {
	t.Parallel()
	_, sink := openWith(t, Options{})
	for _, after := range []channel.Cursor{"7", "{}", "[]", `{"cases":{"at":"2026-03-02T09:00:00Z","id":"' OR Id!=null"},"notes":{"at":"2026-03-02T09:00:00Z"}}`} {
		_, err := sink.Changes(t.Context(), after)
		if remote.KindOf(err) != remote.Rejected || err == nil {
			t.Errorf("cursor %s: error %v, want rejected", after, err)
		}
	}
}

func TestQueriesTakeCustomersTextsAsTexts(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{Mapping: mapping()})
	c := change(0, "")
	if _, err := sink.Push(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	for _, evil := range []string{"' OR Id!=null", `\' OR Id!=null OR Name='`, "x') OR (Id!='", "\n\t'\\", "ada@example.org' LIMIT 1"} {
		q := crm.Lookup{Emails: []string{evil}, Phones: []string{evil}, Identities: []crm.Identity{{Platform: "facebook", Author: channel.Author{ID: evil, Handle: evil}}}}
		if p, found, err := sink.Lookup(t.Context(), q); found || err != nil {
			t.Errorf("%q finds %+v: %v", evil, p, err)
		}
		if err := sink.Erase(t.Context(), evil, ""); err != nil {
			t.Errorf("erase %q: %v", evil, err)
		}
		if err := sink.Redact(t.Context(), c.Subject, evil, ""); err != nil {
			t.Errorf("redact %q: %v", evil, err)
		}
	}
	if len(o.objects["Contact"]) != 1 || len(o.objects[caseObject]) != 1 {
		t.Error("something was erased")
	}
}

func TestIDsOf15And18CharactersAreTheSame(t *testing.T) {
	t.Parallel()
	for short, want := range map[string]string{
		us[:15]: us, "001A0000006Vm9r": "001A0000006Vm9rIAC", "": "", "short": "short", "001A0000006Vm9rIAC": "001A0000006Vm9rIAC", "abcdefghijklmno": "abcdefghijklmnoAAA",
		"ABCDEFGHIJKLMNO": "ABCDEFGHIJKLMNO555",
	} {
		if got := longID(short); got != want {
			t.Errorf("longID(%q) = %q, want %q", short, got, want)
		}
	}
}

// The record in which somebody wrote an answer becomes the answer's interaction, however often it is pushed; where somebody deleted it meanwhile, there is one of our own.
func TestAnAnswerWrittenInTheOrgIsShownOnce(t *testing.T) {
	t.Parallel()
	for _, deleted := range []bool{false, true} {
		l := listen(t, Options{Mapping: mapping()})
		l.ok(l.Reply("zoe", "case-1", "It's on its way"))
		batch, err := l.sink.Changes(t.Context(), l.after)
		if err != nil || len(batch.Updates) != 1 || batch.Updates[0].Ref == "" {
			t.Fatalf("%+v, %v; want the answer, and its record", batch.Updates, err)
		}
		written := batch.Updates[0].Ref
		c := change(2, "Where is my bag?")
		c.Interactions[1] = crm.Interaction{
			Key: "in-answer", Message: "m2", Direction: ticket.Outbound, Actor: ticket.Actor{Kind: ticket.ByCRM, ID: "salesforce", Name: "Zoe"}, Text: "It's on its way. Zoe", Time: c.Case.Created,
		}
		c.Refs.Interactions = map[string]string{"in-answer": written}
		if deleted {
			l.mu.Lock()
			delete(l.objects[interactionObject], written)
			l.mu.Unlock()
		}
		for range 3 {
			receipt, err := l.sink.Push(t.Context(), c)
			if err != nil || len(receipt.Interactions) != 2 || (receipt.Interactions["in-answer"] != written) != deleted {
				t.Fatalf("deleted %t: %+v, %v", deleted, receipt, err)
			}
		}
		if r, there := l.record(interactionObject, "in-answer"); len(l.objects[interactionObject]) != 2 || !there || text(r, "Social_Text__c") != "It's on its way. Zoe" {
			t.Errorf("deleted %t: the org holds %d interactions, and as the answer %v", deleted, len(l.objects[interactionObject]), r)
		}
		l.look()
	}
}

// FuzzLook reads any answer to a look: it ends in an error, or tells nothing that is not settled and moves the cursor to no place that a query could not name.
func FuzzLook(f *testing.F) {
	row := `{"Id":"500Qy0000000001AAA","SystemModstamp":"2026-03-02T09:00:00.000+0000","Social_Key__c":"case-1","Status":"Waiting","Social_Status__c":"open","OwnerId":"005Qy000000000B",` +
		`"Social_Agent__c":"jo","LastModifiedBy":{"Name":"zoe"},"Social_Case__r":{"Social_Key__c":"case-1"},"Social_Text__c":"Hello","Social_For_Customer__c":true}`
	look := func(cases, notes string) []byte {
		return []byte(`{"compositeResponse":[{"httpStatusCode":200,"referenceId":"cases","body":` + cases + `},{"httpStatusCode":200,"referenceId":"notes","body":` + notes + `}]}`)
	}
	f.Add(look(`{"done":true,"records":[`+row+`]}`, `{"done":false,"records":[`+row+`]}`))
	f.Add(look(`{"done":true,"records":[]}`, `{"done":true}`))
	f.Add(look(`{"done":true,"records":[{"Id":7,"SystemModstamp":null,"Social_Case__r":"x"}]}`, `[]`))
	f.Add(look(`{"done":false,"records":[null]}`, `{"done":true,"records":[{"LastModifiedBy":{"Name":{}}}]}`))
	sink := New(Options{Mapping: mapping()})
	f.Fuzz(func(t *testing.T, body []byte) {
		cases, notes, err := readLook(&remote.Response{Status: http.StatusOK, Body: body})
		if err != nil {
			return
		}
		var batch crm.Batch
		from := place{At: loginTime.Add(-time.Hour)}
		at := cursor{from, from}
		sink.take(&batch, &at, cases, notes, loginTime)
		for _, u := range batch.Updates {
			if u.Time.After(loginTime) || u.Key == "" || u.Status == "" && u.Agent == nil && u.Reply == "" && u.Note == "" {
				t.Errorf("told: %+v", u)
			}
		}
		if _, err := readCursor(at.encode()); err != nil {
			t.Errorf("the cursor cannot be read again: %v", err)
		}
		for _, soql := range []string{sink.casesAfter(at.Cases, us), sink.notesAfter(at.Notes, us)} {
			if _, fail := newOrg().query(soql); fail != nil {
				t.Errorf("%s: %s", soql, fail.message)
			}
		}
	})
}

// FuzzLogin reads any answer of the token endpoint: it ends in an error or in a token.
func FuzzLogin(f *testing.F) {
	f.Add(200, []byte(`{"access_token":"a","instance_url":"https://acme.my.salesforce.com","refresh_token":"r"}`))
	f.Add(200, []byte(`{"access_token":7,"instance_url":{}}`))
	f.Add(400, []byte(`{"error":"invalid_grant","error_description":"expired access/refresh token"}`))
	f.Add(404, []byte(`[]`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if e := classifyLogin(&remote.Response{Status: status, Body: body}); e != nil && (status < 400 || status > 499) {
			t.Errorf("status %d: %v", status, e)
		}
		token, err := readToken(body)
		if err == nil && (token == nil || token.Extra("instance_url") == nil) {
			t.Errorf("%s: token %v", body, token)
		}
	})
}

// FuzzRow reads fields out of any record.
func FuzzRow(f *testing.F) {
	f.Add([]byte(`{"Id":"x","Account":{"Tier__c":"gold"}}`), "Account.Tier__c")
	f.Add([]byte(`{"Id":["x"],"Account":7}`), "Account.Tier__c.")
	f.Fuzz(func(t *testing.T, body []byte, name string) {
		var r row
		if json.Unmarshal(body, &r) != nil {
			return
		}
		_ = r.text(name)
		_ = r.flag(name)
		if at := r.stamp(name); !at.IsZero() && at.Location() != time.UTC {
			t.Errorf("%s is in %s", at, at.Location())
		}
		if q := quoted(name); strings.Count(q, "'") < 2 {
			t.Errorf("quoted(%q) = %s", name, q)
		}
	})
}
