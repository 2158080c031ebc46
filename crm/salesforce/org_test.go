package salesforce

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf16"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

const token = "00Dxx!t0ps3cr3t"

// org is a stand-in for a Salesforce org: it takes composite calls and refuses what Salesforce would refuse.
type org struct {
	mu      sync.Mutex
	objects map[string]map[string]map[string]any // object, key, field
	ids     int
	faults  []*crmtest.Fault
	refused map[string]bool
	calls   int
	cut     bool // once left more records were written, the others of that call find theirs locked
	left    int
}

// fields are those of the org, with the length of texts; 0 stands for a date, -1 for a checkbox.
var fields = map[string]map[string]int{
	contactObject: {"LastName": 80, "Email": 80, "Phone": 40, "Social_Language__c": 255, "Social_Kind__c": 255, "Social_Profiles__c": 32768, mergedField: 255},
	caseObject: {
		"ContactId": 18, "Subject": 255, "Status": 255, "Priority": 255, "Origin": 255, "Social_Status__c": 255, "Social_Account__c": 255, "Social_Private__c": -1,
		"Social_Language__c": 255, "Social_Lane__c": 255, "Social_Team__c": 255, "Social_Agent__c": 255, "Social_Tags__c": 255, "Social_Created_At__c": 0,
		"Social_Solved_At__c": 0, parentField: 255, mergedField: 255,
	},
	interactionObject: {
		"Social_Message__c": 255, "Social_Direction__c": 255, "Social_Author__c": 255, "Social_Author_Name__c": 255, "Social_Actor__c": 255,
		"Social_Automated__c": -1, "Social_Private__c": -1, "Social_Text__c": 131072, "Social_Attachments__c": 32768, "Social_URL__c": 255,
		"Social_Sent_At__c": 0, "Social_Order__c": 255, "Social_Edited_At__c": 0, "Social_Deleted_At__c": 0, "Social_State__c": 255,
	},
}

// relations name the object that a relation of an object leads to.
var relations = map[string]map[string]string{caseObject: {"Contact": contactObject}, interactionObject: {"Social_Case__r": caseObject}}

func newOrg() *org {
	o := &org{objects: make(map[string]map[string]map[string]any), refused: make(map[string]bool)}
	for name := range fields {
		o.objects[name] = make(map[string]map[string]any)
	}
	return o
}

type failed struct {
	status        int
	code, message string
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
	refusal := o.refuseCall(r, fault)
	if refusal != nil {
		status, answer = refusal.status, refusal.list()
	} else {
		status, answer = o.composite(body)
	}
	o.mu.Unlock()

	switch {
	case fault != nil && fault.Stall:
		<-r.Context().Done()
		return
	case fault != nil && fault.Lost:
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.Header().Set("Sforce-Limit-Info", "api-usage=18/5000")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
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

func (f failed) list() []map[string]string {
	return []map[string]string{{"errorCode": f.code, "message": f.message}}
}

// refuseCall answers for the whole call. As servers do, it repeats what it was given.
func (o *org) refuseCall(r *http.Request, fault *crmtest.Fault) *failed {
	if r.Header.Get("Authorization") != "Bearer "+token {
		return &failed{401, "INVALID_SESSION_ID", "Session expired or invalid"}
	}
	if r.Method != http.MethodPost || r.URL.Path != compositePath {
		return &failed{404, "NOT_FOUND", "The requested resource does not exist"}
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
		return &failed{403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this org" + about}
	case remote.NotFound:
		return &failed{404, "NOT_FOUND", "The requested resource does not exist" + about}
	case remote.Rejected:
		return &failed{400, "JSON_PARSER_ERROR", "Unexpected character" + about}
	}
	return &failed{503, "SERVER_UNAVAILABLE", "The server is busy" + about}
}

type compositeCall struct {
	AllOrNone bool `json:"allOrNone"`
	Requests  []struct {
		Method, URL string
		Ref         string         `json:"referenceId"`
		Body        map[string]any `json:"body"`
	} `json:"compositeRequest"`
}

type compositeAnswer struct {
	Responses []subAnswer `json:"compositeResponse"`
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
	before := o.snapshot()
	var answer compositeAnswer
	refs := make(map[string]bool)
	bad := false
	for _, sub := range call.Requests {
		if refs[sub.Ref] || sub.Ref == "" {
			return 400, failed{400, "INVALID_INPUT", "referenceId " + sub.Ref + " is missing or not unique"}.list()
		}
		refs[sub.Ref] = true
		id, created, fail := o.upsert(sub.Method, sub.URL, sub.Body)
		switch {
		case fail != nil:
			bad = true
			answer.Responses = append(answer.Responses, subAnswer{Body: fail.list(), Status: fail.status, Ref: sub.Ref})
		default:
			status := 200
			if created {
				status = 201
			}
			answer.Responses = append(answer.Responses, subAnswer{
				Body: map[string]any{"id": id, "success": true, "errors": []string{}, "created": created}, Status: status, Ref: sub.Ref,
			})
		}
	}
	if bad && call.AllOrNone {
		o.objects = before
		first := true
		for i, sub := range answer.Responses {
			if sub.Status >= 300 && first {
				first = false
				continue
			}
			answer.Responses[i] = subAnswer{Status: 400, Ref: sub.Ref, Body: failed{400, "PROCESSING_HALTED", "The transaction was rolled back since another operation in the same transaction failed."}.list()}
		}
	}
	if bad {
		o.cut = false
	}
	return 200, answer
}

func (o *org) snapshot() map[string]map[string]map[string]any {
	objects := make(map[string]map[string]map[string]any)
	for name, records := range o.objects {
		objects[name] = make(map[string]map[string]any)
		for key, record := range records {
			objects[name][key] = maps.Clone(record)
		}
	}
	return objects
}

func (o *org) upsert(method, address string, body map[string]any) (id string, created bool, fail *failed) {
	parts := strings.Split(strings.TrimPrefix(address, apiPath+"/sobjects/"), "/")
	if method != http.MethodPatch || len(parts) != 3 || parts[1] != keyField || fields[parts[0]] == nil {
		return "", false, &failed{404, "NOT_FOUND", "The requested resource does not exist: " + method + " " + address}
	}
	key, err := url.PathUnescape(parts[2])
	if err != nil || key == "" || len(key) > 40 {
		return "", false, &failed{400, "MALFORMED_ID", "malformed key " + parts[2]}
	}
	if o.cut && o.left == 0 {
		return "", false, &failed{400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"}
	}
	if o.refused[key] {
		return "", false, &failed{400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "No swearing in our CRM."}
	}
	record, known := o.objects[parts[0]][key]
	if !known {
		record = make(map[string]any)
	}
	next := maps.Clone(record)
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if fail := o.set(parts[0], next, name, body[name]); fail != nil {
			return "", false, fail
		}
	}
	if parts[0] == contactObject && next["LastName"] == nil {
		return "", false, &failed{400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]"}
	}
	if !known {
		o.ids++
		next["Id"] = fmt.Sprintf("500Qy%013d", o.ids)
	}
	o.objects[parts[0]][key] = next
	o.left--
	return next["Id"].(string), !known, nil
}

func (o *org) set(object string, record map[string]any, name string, value any) *failed {
	if to, ok := relations[object][name]; ok {
		target, _ := value.(map[string]any)
		key, _ := target[keyField].(string)
		if _, there := o.objects[to][key]; !there {
			return &failed{400, "INVALID_FIELD", fmt.Sprintf("Foreign key external ID: %s not found for field %s in entity %s", key, keyField, to)}
		}
		record[name] = key
		return nil
	}
	limit, known := fields[object][name]
	text, isText := value.(string)
	_, isBool := value.(bool)
	switch {
	case !known:
		return &failed{400, "INVALID_FIELD", "No such column '" + name + "' on sobject of type " + object}
	case limit == -1 && isBool:
	case value == nil && limit >= 0:
	case !isText || limit == -1:
		return &failed{400, "JSON_PARSER_ERROR", fmt.Sprintf("%s: cannot be %v", name, value)}
	case limit > 0 && len(utf16.Encode([]rune(text))) > limit:
		return &failed{400, "STRING_TOO_LONG", fmt.Sprintf("%s: data value too large (max length=%d)", name, limit)}
	case limit == 0 && !isTime(text):
		return &failed{400, "JSON_PARSER_ERROR", "Cannot deserialize instance of datetime from " + text}
	case name == "Email" && !strings.Contains(text, "@"):
		return &failed{400, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: " + text}
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return &failed{400, "JSON_PARSER_ERROR", "Illegal character in " + name}
	}
	record[name] = value
	return nil
}

func isTime(s string) bool {
	_, err := time.Parse("2006-01-02T15:04:05.000Z", s)
	return err == nil
}

// text returns a field of a record.
func text(record map[string]any, name string) string {
	s, _ := record[name].(string)
	return s
}

// open starts an org and a sink for it.
func open(t crmtest.T) (*org, *Sink) {
	o := newOrg()
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	return o, New(Options{Instance: server.URL, HTTP: server.Client(), Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})})
}

func (o *org) record(object, key string) (map[string]any, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r, ok := o.objects[object][key]
	return maps.Clone(r), ok
}

func harness() crmtest.Harness {
	return crmtest.Harness{
		Features: crmtest.Features{Owner: true, Links: true, MaxText: maxText, Count: func(s string) int { return len(utf16.Encode([]rune(s))) }},
		Open: func(t crmtest.T) crmtest.Rig {
			o, sink := open(t)
			return crmtest.Rig{
				Sink: sink, Secrets: []string{token},
				Fault: func(f crmtest.Fault) {
					o.mu.Lock()
					defer o.mu.Unlock()
					o.faults = append(o.faults, &f)
				},
				Refuse: func(key string) {
					o.mu.Lock()
					defer o.mu.Unlock()
					o.refused[key] = true
				},
				Contacts: func(key string) []crmtest.HeldContact {
					r, ok := o.record(contactObject, key)
					if !ok {
						return nil
					}
					return []crmtest.HeldContact{{
						Key: key, Ref: text(r, "Id"), Name: text(r, "LastName"), MergedInto: text(r, mergedField),
						Emails: []string{text(r, "Email")}, Phones: []string{text(r, "Phone")}, Identities: profilesOf(text(r, "Social_Profiles__c")),
					}}
				},
				Cases: func(key string) []crmtest.HeldCase {
					r, ok := o.record(caseObject, key)
					if !ok {
						return nil
					}
					var account channel.AccountID
					if err := account.UnmarshalText([]byte(text(r, "Social_Account__c"))); err != nil {
						t.Errorf("case %s: %v", key, err)
					}
					return []crmtest.HeldCase{{
						Key: key, Ref: text(r, "Id"), Contact: text(r, "Contact"), Subject: text(r, "Subject"), Status: ticket.Status(text(r, "Social_Status__c")),
						Agent: text(r, "Social_Agent__c"), Parent: text(r, parentField), MergedInto: text(r, mergedField),
						Priority: priorities[text(r, "Priority")], Account: account, Private: r["Social_Private__c"] == true,
						Lane: text(r, "Social_Lane__c"), Team: text(r, "Social_Team__c"), Tags: strings.Split(text(r, "Social_Tags__c"), ";"),
					}}
				},
				Interactions: o.interactions,
			}
		},
	}
}

var priorities = map[string]ticket.Priority{"Low": ticket.Low, "Medium": ticket.Normal, "High": ticket.High}

// profilesOf reads the lines of Social_Profiles__c: a platform, and the author's address, handle or ID.
func profilesOf(lines string) (all []crm.Identity) {
	for line := range strings.Lines(lines) {
		platform, who, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, crm.Identity{Platform: platform, Author: channel.Author{ID: who, URL: who, Handle: who}})
	}
	return all
}

// attachmentsOf reads the lines of Social_Attachments__c: a type and an address.
func attachmentsOf(lines string) (all []channel.Attachment) {
	for line := range strings.Lines(lines) {
		kind, address, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, channel.Attachment{Type: kind, URL: address})
	}
	return all
}

// interactions are those of a case as a related list sorted by time and order shows them.
func (o *org) interactions(caseKey string) []crmtest.HeldInteraction {
	o.mu.Lock()
	defer o.mu.Unlock()
	records := o.objects[interactionObject]
	place := func(key string) string {
		return text(records[key], "Social_Sent_At__c") + text(records[key], "Social_Order__c")
	}
	var held []crmtest.HeldInteraction
	for key, r := range records {
		if text(r, "Social_Case__r") == caseKey {
			sent, _ := time.Parse(time.RFC3339, text(r, "Social_Sent_At__c"))
			held = append(held, crmtest.HeldInteraction{
				Key: key, Ref: text(r, "Id"), Text: text(r, "Social_Text__c"), Deleted: r["Social_Deleted_At__c"] != nil,
				Direction: ticket.Direction(text(r, "Social_Direction__c")), Time: sent, Private: r["Social_Private__c"] == true,
				Author: channel.Author{ID: text(r, "Social_Author__c"), Name: text(r, "Social_Author_Name__c")}, Actor: ticket.Actor{ID: text(r, "Social_Actor__c")},
				Attachments: attachmentsOf(text(r, "Social_Attachments__c")), State: ticket.PostState(text(r, "Social_State__c")),
			})
		}
	}
	slices.SortFunc(held, func(a, b crmtest.HeldInteraction) int { return strings.Compare(place(a.Key), place(b.Key)) })
	return held
}
