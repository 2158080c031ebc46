package rt

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/socialcrm/socialcrm/crm/crmtest"
)

const (
	token = "1-32-s3cr3t0fsocialcrm"
	us    = "socialcrm"
)

// standIn is a Request Tracker 5 as far as the sink knows it, with its oddities: it answers 200 to a change that it refuses, fails half way on what it did not expect,
// ignores conditions that it does not know, and shows a subject with a line end behind it.
type standIn struct {
	mu           sync.Mutex
	users        map[string]*standUser
	tickets      map[int]*standTicket
	transactions []*standTransaction
	parts        map[int]standPart
	ids          int
	calls        []string
	queueFields  []string
	refused      map[string]bool  // keys of interactions
	mute         bool             // our user may not comment
	ignores      map[string]bool  // attributes of tickets that a change leaves as they are
	clock        func() time.Time // nil: a second passes with each call
}

type standUser struct {
	id                    int
	name, realName, email string
	lang                  string
	privileged, disabled  bool
	fields                map[string][]string
}

type standTicket struct {
	id                                      int
	queue, subject, status, priority, owner string
	requestors                              []string
	fields                                  map[string][]string
	mergedInto                              int
}

type standTransaction struct {
	id, ticket                           int
	kind, field, newValue, data, creator string
	created                              time.Time
	parts                                []int
}

type standPart struct{ contentType, content string }

var (
	statuses   = []string{"new", "open", "stalled", "resolved", "rejected", "deleted"}
	userCustom = []string{keyField, emailsField, phonesField, profilesField, kindField, mergedField, "Tier"}
	ticketAll  = []string{keyField, "SocialStatus", "SocialAgent", "SocialAccount", "SocialVisibility", "SocialLane", "SocialTeam", "SocialLanguage", "SocialTags", "SocialRelated", "SocialParent", mergedField}
)

func newStandIn() *standIn {
	s := &standIn{
		users: make(map[string]*standUser), tickets: make(map[int]*standTicket), parts: make(map[int]standPart), queueFields: ticketAll,
		refused: make(map[string]bool), ignores: make(map[string]bool),
	}
	for _, name := range []string{"RT_System", nobody, us, "jo", "sam", "mara", "zoe", "ana", "ben"} {
		s.ids++
		s.users[name] = &standUser{id: s.ids, name: name, realName: strings.ToUpper(name[:1]) + name[1:], email: name + "@rt.example", privileged: true, fields: make(map[string][]string)}
	}
	return s
}

// open starts a stand-in and a sink for it.
func open(t crmtest.T, o Options) (*standIn, *crmtest.Flaky, *Sink) {
	s := newStandIn()
	flaky, sink := s.serve(t, o)
	return s, flaky, sink
}

func (s *standIn) serve(t crmtest.T, o Options) (*crmtest.Flaky, *Sink) {
	flaky := &crmtest.Flaky{Handler: s, Writes: writes}
	server := httptest.NewServer(flaky)
	t.Cleanup(server.Close)
	o.Address, o.HTTP, o.Token, o.User, o.Settle = server.URL, server.Client(), token, us, cmp.Or(o.Settle, 1)
	return flaky, New(o)
}

// writes counts what a call may change: searches go by POST, too.
func writes(r *http.Request, _ []byte) int {
	if r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, "/users") || strings.HasSuffix(r.URL.Path, "/transactions") {
		return 0
	}
	return 1
}

func (s *standIn) now() time.Time {
	if s.clock != nil {
		return s.clock().UTC().Truncate(time.Second)
	}
	return time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC).Add(time.Duration(len(s.calls)) * time.Second)
}

type object = map[string]any

// refusal is an answer that is no success.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method+" "+r.URL.Path)
	w.Header().Set("Date", s.now().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	answer, location, err := any(nil), "", error(&refusal{401, "Unauthorized"})
	if r.Header.Get("Authorization") == "token "+token {
		answer, location, err = s.call(r, body)
	}
	if no, ok := errors.AsType[*refusal](err); ok {
		w.WriteHeader(no.status)
		if no.status < 500 { // RT says nothing when it fails
			_ = json.NewEncoder(w).Encode(object{"message": no.message})
		}
		return
	}
	if location != "" {
		w.Header().Set("Location", "/REST/2.0/"+location)
		w.WriteHeader(http.StatusCreated)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

var notFound = &refusal{404, "Not Found"}

func (s *standIn) call(r *http.Request, body []byte) (answer any, location string, err error) {
	path, ok := strings.CutPrefix(r.URL.Path, "/REST/2.0/")
	if !ok {
		return nil, "", notFound
	}
	what, rest, _ := strings.Cut(path, "/")
	var sent object
	if r.Method != http.MethodGet && what != "users" && what != "transactions" {
		if r.Header.Get("Content-Type") != "application/json" {
			return nil, "", &refusal{415, "Unsupported Media Type"}
		}
		if json.Unmarshal(body, &sent) != nil {
			return nil, "", &refusal{500, ""}
		}
	}
	number, _ := strconv.Atoi(strings.TrimSuffix(rest, "/comment"))
	switch r.Method + " " + what {
	case "GET queue":
		if rest != "Social" {
			return nil, "", notFound
		}
		var list []object
		for _, f := range s.queueFields {
			list = append(list, object{"name": f, "id": "7", "type": "customfield"})
		}
		return object{"id": 3, "Name": "Social", "TicketCustomFields": list}, "", nil
	case "GET user":
		if u := s.userBy(rest); u != nil {
			return s.showUser(u, false), "", nil
		}
		return nil, "", notFound
	case "POST user":
		return s.createUser(sent)
	case "PUT user":
		u := s.userBy(rest)
		if u == nil {
			return nil, "", notFound
		}
		answer, err = s.changeUser(u, sent)
		return answer, "", err
	case "POST users":
		answer, err = s.searchUsers(body)
		return answer, "", err
	case "GET ticket":
		if t := s.ticketBy(number); t != nil {
			return s.showTicket(t, false), "", nil
		}
		return nil, "", notFound
	case "POST ticket":
		if strings.HasSuffix(rest, "/comment") {
			return s.comment(number, sent)
		}
		return s.createTicket(sent)
	case "PUT ticket":
		t := s.ticketBy(number)
		if t == nil {
			return nil, "", notFound
		}
		answer, err = s.changeTicket(t, sent, us)
		return answer, "", err
	case "GET tickets":
		answer, err = s.searchTickets(r)
		return answer, "", err
	case "POST transactions", "GET transactions":
		answer, err = s.searchTransactions(r, body)
		return answer, "", err
	case "GET transaction":
		for _, t := range s.transactions {
			if t.id == number {
				return s.showTransaction(t), "", nil
			}
		}
		return nil, "", notFound
	case "GET attachment":
		p, ok := s.parts[number]
		if !ok {
			return nil, "", notFound
		}
		return object{"id": number, "ContentType": p.contentType, "Content": base64.StdEncoding.EncodeToString([]byte(p.content)) + "\n"}, "", nil
	}
	return nil, "", &refusal{405, "Method Not Allowed"}
}

func (s *standIn) userBy(name string) *standUser {
	for _, u := range s.users {
		if strings.EqualFold(u.name, name) || strconv.Itoa(u.id) == name {
			return u
		}
	}
	return nil
}

// ticketBy follows merges, as RT does.
func (s *standIn) ticketBy(id int) *standTicket {
	t := s.tickets[id]
	if t != nil && t.mergedInto != 0 {
		return s.tickets[t.mergedInto]
	}
	return t
}

func showFields(values map[string][]string, names []string) []object {
	var list []object
	for _, name := range names {
		shown := []any{}
		for _, v := range values[name] {
			if v == "" {
				shown = append(shown, nil)
			} else {
				shown = append(shown, v)
			}
		}
		list = append(list, object{"id": "7", "name": name, "type": "customfield", "values": shown})
	}
	return list
}

// showUser is a user alone, or as a search tells.
func (s *standIn) showUser(u *standUser, found bool) object {
	o := object{"id": u.id, "type": "user", "Name": u.name, "RealName": u.realName, "EmailAddress": u.email, "Privileged": 0, "CustomFields": showFields(u.fields, userCustom), "Disabled": "0"}
	if u.privileged {
		o["Privileged"] = 1
	}
	if u.lang != "" {
		o["Lang"] = u.lang
	}
	if found {
		o["id"] = u.name
	}
	return o
}

func (s *standIn) showTicket(t *standTicket, found bool) object {
	requestors := []object{}
	for _, r := range t.requestors {
		requestors = append(requestors, object{"type": "user", "id": r})
	}
	links := []object{{"ref": "self"}}
	if !s.mute {
		links = append(links, object{"ref": "comment", "_url": "x"})
	}
	o := object{
		"id": t.id, "type": "ticket", "Type": "ticket", "Subject": t.subject, "Status": t.status, "Priority": t.priority, "Owner": object{"type": "user", "id": t.owner}, "Requestor": requestors,
		"CustomFields": showFields(t.fields, s.queueFields), "_hyperlinks": links,
	}
	if found {
		o["id"] = strconv.Itoa(t.id)
	}
	return o
}

func (s *standIn) showTransaction(t *standTransaction) object {
	links := []object{{"ref": "self"}}
	for _, p := range t.parts {
		links = append(links, object{"ref": "attachment", "_url": fmt.Sprintf("http://rt/REST/2.0/attachment/%d", p)})
	}
	return object{
		"id": strconv.Itoa(t.id), "Type": t.kind, "type": "transaction", "Field": t.field, "NewValue": t.newValue, "Data": t.data, "ObjectType": "RT::Ticket", "ObjectId": strconv.Itoa(t.ticket),
		"Object": object{"type": "ticket", "id": strconv.Itoa(t.ticket)}, "Created": t.created.Format(time.RFC3339),
		"Creator": object{"type": "user", "id": t.creator, "RealName": s.users[t.creator].realName}, "_hyperlinks": links,
	}
}

// custom writes custom fields that are there, and ignores others.
func custom(into map[string][]string, names []string, sent any, done *[]string) error {
	values, ok := sent.(object)
	if sent != nil && !ok {
		return &refusal{500, ""}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(names, name) {
			continue
		}
		switch v := values[name].(type) {
		case string:
			if v != "" || into[name] != nil { // and shows what was cleared as null
				into[name] = []string{v}
			}
		case []any:
			into[name] = nil
			for _, e := range v {
				text, ok := e.(string)
				if !ok {
					return &refusal{500, ""}
				}
				into[name] = append(into[name], text)
			}
		default: // null among them
			return &refusal{500, ""}
		}
		if done != nil {
			*done = append(*done, name+" changed")
		}
	}
	return nil
}

func (s *standIn) createUser(sent object) (any, string, error) {
	name, _ := sent["Name"].(string)
	switch {
	case name == "" || len(name) > 200:
		return nil, "", &refusal{400, "Must specify 'Name' attribute"}
	case s.userBy(name) != nil:
		return nil, "", &refusal{400, "Name in use"}
	}
	u := &standUser{name: name, fields: make(map[string][]string)}
	if _, err := s.changeUser(u, sent); err != nil {
		return nil, "", err
	}
	s.ids++
	u.id = s.ids
	s.users[name] = u
	return object{"type": "user", "id": name}, "user/" + strconv.Itoa(u.id), nil
}

func (s *standIn) changeUser(u *standUser, sent object) ([]string, error) {
	done := []string{}
	for name, v := range sent {
		text, _ := v.(string)
		switch name {
		case "RealName":
			if utf8.RuneCountInString(text) > 120 || strings.ContainsRune(text, 0) {
				return nil, &refusal{500, ""}
			}
			u.realName = text
		case "Lang":
			u.lang = text
		case "Disabled":
			u.disabled = v == float64(1)
		case "Name", "Privileged", "CustomFields":
		default:
			return nil, &refusal{500, "not known to the stand-in: " + name}
		}
	}
	return done, custom(u.fields, userCustom, sent["CustomFields"], &done)
}

func (s *standIn) searchUsers(body []byte) (any, error) {
	var conditions []condition
	if json.Unmarshal(body, &conditions) != nil {
		return nil, &refusal{500, ""}
	}
	items := []object{}
	for _, name := range slices.Sorted(maps.Keys(s.users)) {
		u := s.users[name]
		any, all, mail := true, true, false
		for _, c := range conditions {
			switch inner := strings.TrimSuffix(strings.TrimPrefix(c.Field, "CustomField.{"), "}"); {
			case c.Field == "EmailAddress":
				mail = mail || strings.EqualFold(c.Value, u.email)
				any = mail
			case slices.Contains(userCustom, inner):
				all = all && slices.ContainsFunc(u.fields[inner], func(v string) bool { return strings.EqualFold(v, c.Value) })
			}
		}
		if any && all && !u.disabled {
			items = append(items, s.showUser(u, true))
		}
	}
	return object{"items": items, "count": len(items), "page": 1}, nil
}

func (s *standIn) createTicket(sent object) (any, string, error) {
	queue, _ := sent["Queue"].(string)
	if queue != "Social" {
		return nil, "", &refusal{403, "No permission to create tickets in the queue '" + queue + "'"}
	}
	if status, _ := sent["Status"].(string); status != "" && !slices.Contains(statuses, status) {
		return nil, "", &refusal{400, "Status '" + status + "' isn't a valid status for tickets in this queue."}
	}
	delete(sent, "Queue")
	if r, ok := sent["Requestor"].(string); ok {
		sent["Requestor"] = []any{r}
		if s.userBy(r) == nil {
			delete(sent, "Requestor") // and nothing is said
		}
	}
	t := &standTicket{queue: queue, status: "new", owner: nobody, priority: "0", fields: make(map[string][]string)}
	if _, err := s.changeTicket(t, sent, ""); err != nil {
		return nil, "", err
	}
	s.ids++
	t.id = s.ids
	s.tickets[t.id] = t
	id := strconv.Itoa(t.id)
	return object{"type": "ticket", "id": id}, "ticket/" + id, nil
}

// changeTicket does what it can, and says so, in a list.
func (s *standIn) changeTicket(t *standTicket, sent object, who string) ([]string, error) {
	done := []string{}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		if s.ignores[name] {
			done = append(done, "Permission Denied")
			continue
		}
		text, isText := sent[name].(string)
		if !isText && name != "Requestor" && name != "CustomFields" {
			return nil, &refusal{500, ""}
		}
		switch name {
		case "Subject":
			if len(text) > 200 || strings.ContainsAny(text, "\n\x00") {
				return nil, &refusal{500, ""}
			}
			t.subject = text
		case "Status":
			switch {
			case !slices.Contains(statuses, text):
				done = append(done, "Ticket: Status '"+text+"' isn't a valid status for this ticket.")
				continue
			case text != t.status:
				t.status = text
				s.record(&standTransaction{ticket: t.id, kind: "Status", field: "Status", newValue: text, creator: who})
			}
		case "Priority":
			if _, err := strconv.Atoi(text); err != nil {
				return nil, &refusal{500, ""}
			}
			t.priority = text
		case "Owner":
			u := s.userBy(text)
			if u == nil {
				done = append(done, "Ticket: Could not find user")
				continue
			}
			if u.name != t.owner {
				t.owner = u.name
				s.record(&standTransaction{ticket: t.id, kind: "Set", field: "Owner", newValue: strconv.Itoa(u.id), creator: who})
				s.record(&standTransaction{ticket: t.id, kind: "SetWatcher", field: "Owner", newValue: strconv.Itoa(u.id), creator: who})
			}
		case "Requestor":
			list, _ := sent[name].([]any)
			var now []string
			for _, r := range list {
				u := s.userBy(fmt.Sprint(r))
				if u == nil {
					return nil, &refusal{500, ""} // after what was done before
				}
				now = append(now, u.name)
			}
			t.requestors = now
		case "CustomFields":
			if err := custom(t.fields, s.queueFields, sent[name], &done); err != nil {
				return nil, err
			}
		default:
			return nil, &refusal{500, "not known to the stand-in: " + name}
		}
		done = append(done, "Ticket: "+name+" changed")
	}
	return done, nil
}

func (s *standIn) record(t *standTransaction) *standTransaction {
	if t.creator == "" || t.ticket == 0 {
		return t // while a ticket is made
	}
	s.ids++
	t.id, t.created = s.ids, s.now()
	s.transactions = append(s.transactions, t)
	return t
}

func (s *standIn) comment(id int, sent object) (any, string, error) {
	t := s.ticketBy(id)
	if t == nil {
		return nil, "", notFound
	}
	content, _ := sent["Content"].(string)
	subject, _ := sent["Subject"].(string)
	kind, _ := sent["ContentType"].(string)
	words := strings.Fields(subject)
	switch {
	case kind == "":
		return nil, "", &refusal{400, "ContentType is a required field for application/json"}
	case s.mute:
		return nil, "", &refusal{400, "Permission Denied"}
	case len(sent) != 3 || len(subject) > 255 || strings.ContainsRune(content, 0) || len(content) > 1<<20:
		return nil, "", &refusal{500, ""}
	case len(words) == 3 && s.refused[strings.TrimPrefix(words[1], "social-")]:
		return nil, "", &refusal{400, "Message failed for unknown reason"}
	}
	txn := s.write(t.id, us, "Comment", subject, kind, content)
	return []string{"Comments added"}, "transaction/" + strconv.Itoa(txn.id), nil
}

// write adds a message.
func (s *standIn) write(ticket int, who, kind, subject, contentType, content string) *standTransaction {
	txn := s.record(&standTransaction{ticket: ticket, kind: kind, data: cmp.Or(subject, "No Subject") + "\n", creator: who})
	s.ids++
	s.parts[s.ids] = standPart{contentType, content}
	txn.parts = []int{s.ids}
	return txn
}

var (
	byKey       = regexp.MustCompile(`^'CF\.\{SocialKey\}' = '([^']*)'$`)
	byID        = regexp.MustCompile(`^id = \d+( OR id = \d+)*$`)
	byRequestor = regexp.MustCompile(`^Requestor\.Name = '([^']*)' AND \(Status != 'deleted' OR Status = 'deleted'\)$`)
	byPlace     = regexp.MustCompile(`^ObjectType = 'RT::Ticket' AND \(TicketQueue = 'Social'( OR TicketQueue = '[^']*')*\) AND Creator != '([^']*)' AND ` +
		`\(Type = 'Status' OR Type = 'SetWatcher' OR Type = 'Correspond' OR Type = 'Comment'\) AND id > (\d+)$`)
)

func (s *standIn) searchTickets(r *http.Request) (any, error) {
	query := r.URL.Query().Get("query")
	key, requestor := byKey.FindStringSubmatch(query), byRequestor.FindStringSubmatch(query)
	items := []object{}
	for _, id := range slices.Sorted(maps.Keys(s.tickets)) {
		t := s.tickets[id]
		fits := false
		switch {
		case t.mergedInto != 0:
		case key != nil:
			fits = slices.Contains(t.fields[keyField], key[1]) && t.status != "deleted"
		case requestor != nil:
			fits = slices.Contains(t.requestors, requestor[1])
		case byID.MatchString(query):
			fits = slices.Contains(strings.Split(query, " OR "), fmt.Sprintf("id = %d", id)) && t.status != "deleted"
		default:
			return nil, &refusal{400, "Incomplete query"}
		}
		if fits {
			items = append(items, s.showTicket(t, true))
		}
	}
	return object{"items": items}, nil
}

func (s *standIn) searchTransactions(r *http.Request, body []byte) (any, error) {
	var fits func(*standTransaction) bool
	if r.Method == http.MethodPost {
		var conditions []condition
		if json.Unmarshal(body, &conditions) != nil {
			return nil, &refusal{500, ""}
		}
		fits = func(t *standTransaction) bool {
			subject, anySubject := false, true
			for _, c := range conditions {
				switch {
				case c.Field == "Data" && c.Operator == "STARTSWITH":
					anySubject, subject = false, subject || strings.HasPrefix(strings.ToLower(t.data), strings.ToLower(c.Value))
				case c.Field == "ObjectId" && c.Value != strconv.Itoa(t.ticket), c.Field == "Type" && c.Value != t.kind:
					return false
				}
			}
			return subject || anySubject
		}
	} else {
		m := byPlace.FindStringSubmatch(r.URL.Query().Get("query"))
		if m == nil {
			return nil, &refusal{400, "Incomplete query"}
		}
		after, _ := strconv.Atoi(m[3])
		fits = func(t *standTransaction) bool {
			return t.id > after && t.creator != m[2] && slices.Contains([]string{"Status", "SetWatcher", "Correspond", "Comment"}, t.kind)
		}
	}
	var all []*standTransaction
	for _, t := range s.transactions {
		if fits(t) {
			all = append(all, t)
		}
	}
	if r.URL.Query().Get("order") == "DESC" {
		slices.Reverse(all)
	}
	size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	number, _ := strconv.Atoi(cmp.Or(r.URL.Query().Get("page"), "1"))
	if size == 0 || size > 100 || number == 0 {
		size = 20
	}
	all = all[min(len(all), size*(number-1)):]
	items := []object{}
	for _, t := range all[:min(len(all), size)] {
		o := s.showTransaction(t)
		delete(o, "_hyperlinks")
		o["Object"] = "" // a search does not tell it
		items = append(items, o)
	}
	return object{"items": items, "total": nil, "pages": nil, "page": number, "per_page": size}, nil
}
