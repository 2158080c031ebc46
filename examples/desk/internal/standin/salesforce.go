package standin

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// Org is a Salesforce org in which nobody works: an app logs in by client credentials and upserts records.
type Org struct {
	ClientID, ClientSecret string

	mu      sync.Mutex
	records map[string]map[string]Record // by object, and by the external ID
	order   map[string][]string          // keys in the order in which they were made
}

// Record is a record's fields.
type Record map[string]any

const (
	apiPath    = "/services/data/v60.0"
	session    = "00Dsession"
	keyField   = "Social_Key__c"
	contactObj = "Contact"
)

// linked are the objects whose records need another to be there: the relation, and the object it leads to.
var linked = map[string][2]string{"Case": {"Contact", contactObj}, "Social_Interaction__c": {"Social_Case__r", "Case"}}

// NewOrg returns an org without records.
func NewOrg(clientID, clientSecret string) *Org {
	return &Org{ClientID: clientID, ClientSecret: clientSecret, records: map[string]map[string]Record{}, order: map[string][]string{}}
}

// Records returns the records of an object ("Contact", "Case", "Social_Interaction__c"), the oldest first.
func (o *Org) Records(name string) (all []Record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, key := range o.order[name] {
		all = append(all, maps.Clone(o.records[name][key]))
	}
	return all
}

// Text returns a field's text; "" where it is empty.
func (r Record) Text(field string) string { text, _ := r[field].(string); return text }

func (o *Org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w.Header().Set("Sforce-Limit-Info", "api-usage=18/5000")
	no := func(status int, code, message string) {
		write(w, status, []object{{"errorCode": code, "message": message}})
	}
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/services/oauth2/token":
		if r.FormValue("client_id") != o.ClientID || r.FormValue("client_secret") != o.ClientSecret || r.FormValue("grant_type") != "client_credentials" {
			write(w, http.StatusBadRequest, object{"error": "invalid_client", "error_description": "invalid client credentials"})
			return
		}
		write(w, http.StatusOK, object{"access_token": session, "token_type": "Bearer"})
	case r.Header.Get("Authorization") != "Bearer "+session:
		no(http.StatusUnauthorized, "INVALID_SESSION_ID", "Session expired or invalid")
	case r.URL.Path == apiPath+"/":
		write(w, http.StatusOK, object{"identity": "https://login.salesforce.com/id/00DQy0000000001/005Qy0000000001"})
	case r.URL.Path == apiPath+"/query":
		write(w, http.StatusOK, nothing)
	case r.Method == http.MethodPost && r.URL.Path == apiPath+"/composite":
		o.composite(w, r)
	default:
		no(http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist: "+r.Method+" "+r.URL.Path)
	}
}

// nothing is the answer to every query: nobody works in the org.
var nothing = object{"totalSize": 0, "done": true, "records": []object{}}

// composite carries out several calls.
func (o *Org) composite(w http.ResponseWriter, r *http.Request) {
	var call struct {
		Requests []struct {
			Method, URL string
			Ref         string `json:"referenceId"`
			Body        Record `json:"body"`
		} `json:"compositeRequest"`
	}
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
		write(w, http.StatusBadRequest, []object{{"errorCode": "JSON_PARSER_ERROR", "message": err.Error()}})
		return
	}
	answers := []object{}
	for _, sub := range call.Requests {
		status, body := 0, any(nil)
		path, _ := strings.CutPrefix(sub.URL, apiPath)
		parts := strings.Split(path, "/") // "", sobjects, Case, Social_Key__c, KEY
		switch {
		case sub.Method == http.MethodGet && strings.HasPrefix(path, "/query?"):
			status, body = http.StatusOK, nothing
		case sub.Method == http.MethodPatch && len(parts) == 5 && parts[3] == keyField:
			key, _ := url.PathUnescape(parts[4])
			status, body = o.upsert(parts[2], key, sub.Body)
		default:
			status, body = http.StatusNotFound, []object{{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist: " + sub.URL}}
		}
		answers = append(answers, object{"referenceId": sub.Ref, "httpStatusCode": status, "body": body})
		if status >= http.StatusBadRequest { // all or nothing is not needed: what is upserted is upserted again
			for _, rest := range call.Requests[len(answers):] {
				answers = append(answers, object{"referenceId": rest.Ref, "httpStatusCode": http.StatusBadRequest, "body": []object{{"errorCode": "PROCESSING_HALTED", "message": "halted"}}})
			}
			break
		}
	}
	write(w, http.StatusOK, object{"compositeResponse": answers})
}

// upsert writes a record by its external ID, as Salesforce does: made where there is none of that key, else changed.
func (o *Org) upsert(name, key string, fields Record) (int, any) {
	if to, ok := linked[name]; ok {
		link, _ := fields[to[0]].(map[string]any)
		other, _ := link[keyField].(string)
		if _, there := o.records[to[1]][other]; link != nil && !there {
			return http.StatusBadRequest, []object{{"errorCode": "INVALID_FIELD", "message": "Foreign key external ID: " + other + " not found for field " + keyField + " in entity " + to[1]}}
		}
	}
	if o.records[name] == nil {
		o.records[name] = map[string]Record{}
	}
	record, there := o.records[name][key]
	status := http.StatusOK
	if !there {
		record, status = Record{}, http.StatusCreated
		o.records[name][key], o.order[name] = record, append(o.order[name], key)
	}
	for field, value := range fields {
		record[field] = value
	}
	prefix := map[string]string{contactObj: "003", "Case": "500"}[name]
	if prefix == "" {
		prefix = "a01"
	}
	for i, k := range o.order[name] {
		if k == key {
			n := strconv.Itoa(i + 1)
			return status, object{"id": prefix + "Qy" + strings.Repeat("0", 10-len(n)) + n, "success": true, "errors": []object{}, "created": !there}
		}
	}
	return status, nil
}
