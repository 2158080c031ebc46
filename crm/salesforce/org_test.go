package salesforce

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
)

const (
	token = "00Dxx!t0ps3cr3t"
	us    = "005Qy0000000001IAA" // our integration user
)

// org is a stand-in for a Salesforce org: it takes the calls that the sink makes and refuses what Salesforce would refuse. Its custom fields are those of the
// directory metadata, and those that a host is supposed to have.
type org struct {
	mu        sync.Mutex
	objects   map[string]map[string]entry // object, ID
	used      map[string]bool             // "Object.Field" that were written or read
	people    map[string]string           // IDs by name
	clock     func() time.Time            // nil: a second passes with each call
	ids       int
	faults    []*crmtest.Fault
	refused   map[string]bool
	calls     int
	failAt    int    // the call that finds the server busy
	usage     string // Sforce-Limit-Info
	converted bool   // sales has converted every lead
	cut       bool   // once left more records were written, the others of that call find theirs locked
	left      int
}

// entry is a record: its fields, and under a relation's name the ID of the record that it leads to.
type entry map[string]any

// relations name the object that a relation of an object leads to, and the field with its ID.
var relations = map[string]map[string][2]string{
	caseObject:        {"Contact": {"Contact", "ContactId"}, "Account": {"Account", "AccountId"}},
	interactionObject: {"Social_Case__r": {caseObject, "Social_Case__c"}},
	commentObject:     {"Parent": {caseObject, "ParentId"}},
}

func newOrg() *org {
	o := &org{objects: make(map[string]map[string]entry), used: make(map[string]bool), refused: make(map[string]bool), people: make(map[string]string), usage: "api-usage=18/5000"}
	for object := range schema() {
		o.objects[object] = make(map[string]entry)
	}
	return o
}

// open starts an org and a sink for it.
func open(t crmtest.T) (*org, *Sink) { return openWith(t, Options{}) }

func openWith(t crmtest.T, options Options) (*org, *Sink) {
	o := newOrg()
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	options.Settle = cmp.Or(options.Settle, 1)
	options.Instance, options.HTTP = server.URL, server.Client()
	options.Token = oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
	return o, New(options)
}

func (o *org) now() time.Time {
	if o.clock != nil {
		return o.clock().UTC().Truncate(time.Second)
	}
	return time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC).Add(time.Duration(o.calls) * time.Second)
}

type failed struct {
	status        int
	code, message string
}

func (f failed) list() []map[string]string {
	return []map[string]string{{"errorCode": f.code, "message": f.message}}
}

func (o *org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	o.mu.Lock()
	o.calls++
	fault := o.nextFault()
	var status int
	var answer any
	if refusal := o.refuseCall(r, fault); refusal != nil {
		status, answer = refusal.status, refusal.list()
	} else {
		status, answer = o.call(r, body)
	}
	date, usage := o.now(), o.usage
	o.mu.Unlock()

	switch {
	case fault != nil && fault.Stall:
		<-r.Context().Done()
		return
	case fault != nil && fault.Lost:
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Sforce-Limit-Info", usage)
	w.Header().Set("Date", date.Format(http.TimeFormat))
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// nextFault returns the fault that this call meets. One that cuts goes on over the following calls until enough was written.
func (o *org) nextFault() *crmtest.Fault {
	if len(o.faults) == 0 {
		return nil
	}
	f := o.faults[0]
	o.faults = o.faults[1:]
	if f.Kind == remote.Unavailable && f.After > 0 {
		o.cut, o.left = true, f.After
		return nil
	}
	return f
}

// refuseCall answers for the whole call. As servers do, it repeats what it was given.
func (o *org) refuseCall(r *http.Request, fault *crmtest.Fault) *failed {
	if r.Header.Get("Authorization") != "Bearer "+token {
		return &failed{401, "INVALID_SESSION_ID", "Session expired or invalid"}
	}
	if o.calls == o.failAt {
		return &failed{503, "SERVER_UNAVAILABLE", "The server is busy"}
	}
	if fault == nil || fault.Lost || fault.Stall {
		return nil
	}
	about := " (" + r.Header.Get("Authorization") + ")"
	switch fault.Kind {
	case remote.RateLimited:
		return &failed{403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded." + about}
	case remote.Exhausted:
		return &failed{403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded." + about}
	case remote.Unauthorized:
		return &failed{401, "INVALID_SESSION_ID", "Session expired or invalid" + about}
	case remote.PolicyBlocked:
		return &failed{403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id" + about}
	case remote.NotFound:
		return &failed{404, "NOT_FOUND", "The requested resource does not exist" + about}
	case remote.Rejected:
		return &failed{400, "JSON_PARSER_ERROR", "Unexpected character" + about}
	}
	return &failed{503, "SERVER_UNAVAILABLE", "The server is busy" + about}
}

// call is one call of the API.
func (o *org) call(r *http.Request, body []byte) (int, any) {
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), apiPath)
	switch {
	case !ok:
	case path == "/" && r.Method == http.MethodGet:
		return 200, map[string]string{"identity": "https://login.salesforce.com/id/00DQy0000000001/" + us[:15], "sobjects": apiPath + "/sobjects"}
	case path == "/composite" && r.Method == http.MethodPost:
		return o.composite(body)
	case path == "/composite/sobjects" && r.Method == http.MethodDelete:
		return o.collection(strings.Split(r.URL.Query().Get("ids"), ","), func(id string) *failed { return o.remove(o.objectOf(id), id) })
	case path == "/composite/sobjects" && r.Method == http.MethodPatch:
		return o.updateAll(body)
	default:
		var fields map[string]any
		if len(body) > 0 && json.Unmarshal(body, &fields) != nil {
			return 400, failed{400, "JSON_PARSER_ERROR", "Unexpected character"}.list()
		}
		return o.one(r.Method, path+"?"+r.URL.RawQuery, fields)
	}
	return 404, failed{404, "NOT_FOUND", "The requested resource does not exist: " + r.Method + " " + path}.list()
}

// one is a call about one record, or a query: alone, or as a part of a composite call.
func (o *org) one(method, address string, fields map[string]any) (int, any) {
	path, query, _ := strings.Cut(address, "?")
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range parts {
		part, err := url.PathUnescape(parts[i])
		if err != nil {
			return 400, failed{400, "MALFORMED_ID", "malformed address " + path}.list()
		}
		parts[i] = part
	}
	var id string
	var created bool
	var fail *failed
	status := http.StatusNoContent
	switch {
	case method == http.MethodGet && path == "/query":
		values, _ := url.ParseQuery(query)
		rows, fail := o.query(values.Get("q"))
		if fail != nil {
			return fail.status, fail.list()
		}
		return 200, map[string]any{"totalSize": len(rows), "done": true, "records": rows}
	case parts[0] != "sobjects" || len(parts) < 2 || o.objects[parts[1]] == nil:
		fail = &failed{404, "NOT_FOUND", "The requested resource does not exist: " + method + " " + path}
	case method == http.MethodPatch && len(parts) == 4 && parts[2] == keyField:
		status = 200
		if id, created, fail = o.upsert(parts[1], parts[3], fields); created {
			status = 201
		}
	case method == http.MethodPost && len(parts) == 2:
		status, created = 201, true
		id, fail = o.create(parts[1], fields, us)
	case method == http.MethodPatch && len(parts) == 3:
		fail = o.update(parts[1], parts[2], fields, us)
	case method == http.MethodDelete && len(parts) == 3:
		fail = o.remove(parts[1], parts[2])
	default:
		fail = &failed{405, "METHOD_NOT_ALLOWED", "HTTP Method '" + method + "' not allowed"}
	}
	switch {
	case fail != nil:
		return fail.status, fail.list()
	case status == http.StatusNoContent:
		return status, nil
	}
	return status, map[string]any{"id": id, "success": true, "errors": []string{}, "created": created}
}

type compositeCall struct {
	AllOrNone bool `json:"allOrNone"`
	Requests  []struct {
		Method, URL string
		Ref         string            `json:"referenceId"`
		Headers     map[string]string `json:"httpHeaders"`
		Body        map[string]any    `json:"body"`
	} `json:"compositeRequest"`
}

type subAnswer struct {
	Body   any               `json:"body"`
	Header map[string]string `json:"httpHeaders"`
	Status int               `json:"httpStatusCode"`
	Ref    string            `json:"referenceId"`
}

func (o *org) composite(body []byte) (int, any) {
	var call compositeCall
	if err := json.Unmarshal(body, &call); err != nil {
		return 400, failed{400, "JSON_PARSER_ERROR", err.Error()}.list()
	}
	if n := len(call.Requests); n == 0 || n > 25 {
		return 400, failed{400, "LIMIT_EXCEEDED", fmt.Sprintf("%d subrequests, the limit is 25", n)}.list()
	}
	var before map[string]map[string]entry
	if call.AllOrNone {
		before = o.snapshot()
	}
	var answers []subAnswer
	ids := make(map[string]string)
	bad := false
	for _, sub := range call.Requests {
		if _, twice := ids[sub.Ref]; twice || sub.Ref == "" || strings.ContainsFunc(sub.Ref, func(c rune) bool { return !isWordRune(c) }) {
			return 400, failed{400, "INVALID_INPUT", "referenceId " + sub.Ref + " is missing, not unique or not made of letters, digits and underscores"}.list()
		}
		path, ok := strings.CutPrefix(sub.URL, apiPath)
		if !ok {
			return 400, failed{400, "INVALID_INPUT", "url " + sub.URL + " is of another version"}.list()
		}
		for name, value := range sub.Body {
			if text, _ := value.(string); strings.HasPrefix(text, "@{") && strings.HasSuffix(text, ".id}") {
				sub.Body[name] = ids[text[2:len(text)-len(".id}")]]
			}
		}
		status, answer := o.one(sub.Method, path, sub.Body)
		if made, ok := answer.(map[string]any); ok {
			ids[sub.Ref], _ = made["id"].(string)
		} else {
			ids[sub.Ref] = ""
		}
		bad = bad || status >= 300
		answers = append(answers, subAnswer{Body: answer, Status: status, Ref: sub.Ref})
	}
	if bad && call.AllOrNone {
		o.objects = before
		first := true
		for i, sub := range answers {
			if sub.Status >= 300 && first {
				first = false
				continue
			}
			answers[i] = subAnswer{Status: 400, Ref: sub.Ref, Body: failed{400, "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed."}.list()}
		}
	}
	if bad {
		o.cut = false
	}
	return 200, map[string]any{"compositeResponse": answers}
}

// collection does the same to many records, each for itself.
func (o *org) collection(ids []string, do func(id string) *failed) (int, any) {
	if len(ids) > 200 {
		return 400, failed{400, "LIMIT_EXCEEDED", "the limit is 200 records"}.list()
	}
	results := []map[string]any{}
	for _, id := range ids {
		result := map[string]any{"id": id, "success": true, "errors": []any{}}
		if fail := do(id); fail != nil {
			result["success"], result["errors"] = false, []map[string]any{{"statusCode": fail.code, "message": fail.message, "fields": []string{}}}
		}
		results = append(results, result)
	}
	return 200, results
}

func (o *org) updateAll(body []byte) (int, any) {
	var call struct{ Records []map[string]any }
	if err := json.Unmarshal(body, &call); err != nil {
		return 400, failed{400, "JSON_PARSER_ERROR", err.Error()}.list()
	}
	byID := make(map[string]map[string]any)
	var ids []string
	for _, fields := range call.Records {
		attributes, _ := fields["attributes"].(map[string]any)
		id, _ := fields["id"].(string)
		if attributes["type"] != o.objectOf(id) {
			return 400, failed{400, "INVALID_TYPE", "a record has no type"}.list()
		}
		delete(fields, "attributes")
		delete(fields, "id")
		byID[id], ids = fields, append(ids, id)
	}
	return o.collection(ids, func(id string) *failed { return o.update(o.objectOf(id), id, byID[id], us) })
}

func (o *org) snapshot() map[string]map[string]entry {
	objects := make(map[string]map[string]entry)
	for name, records := range o.objects {
		objects[name] = make(map[string]entry)
		for id, record := range records {
			objects[name][id] = maps.Clone(record)
		}
	}
	return objects
}

// objectOf tells the object of an ID; for an unknown one, as from its first three characters, that of interactions.
func (o *org) objectOf(id string) string {
	for name, records := range o.objects {
		if _, ok := records[id]; ok {
			return name
		}
	}
	return interactionObject
}
