// Package rt is a [crm.Sink] that keeps customers, cases and every message of a conversation in Request Tracker 5, and listens to the people who work there.
//
// [New] makes one from RT's address and a token of the integration's user. RT needs the custom fields that setup/social.initialdata declares; docs/crm/rt.md says what to
// set up, step by step. A customer is an RT user whose name is the contact's key, a case is a ticket with the key in the custom field SocialKey, and an interaction is a
// comment whose subject names its key. RT mails comments to nobody outside, and customers' addresses are kept where RT does not mail to: they hear from the desk, on their channel.
//
// RT has no upsert and no idempotency keys: the sink looks before it writes. Push is therefore idempotent for calls that do not overlap, which is how the Desk calls
// it: two pushes of one ticket at the same moment may both find nothing there, and write twice.
//
// The sink is also a [crm.Directory], a [crm.Source] and a [crm.Eraser]. A host that wants less hides the rest: struct{ crm.Sink }{sink}.
package rt

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// Options say which RT to write into.
type Options struct {
	// Name is the sink's name; empty means "rt".
	Name string
	// Address is where RT is: "https://rt.example.com". /REST/2.0 is put behind it.
	Address string
	// Token is an authentication token of the integration's user.
	Token string
	// User is the name of that user in RT. What it changes is not told as a change. Changes needs it.
	User string
	// Queue is where tickets are made; empty means "Social". A ticket that people move to another queue stays what it is.
	Queue string
	// Listen are further queues into which people move our tickets, and from where Changes is to hear of them.
	Listen []string
	// Prefix stands before every key in RT, so that several Desks may share one; empty means "social-". Letters, digits, '-', '.', '_'. It never changes.
	Prefix string
	// Mapping says what this RT calls things.
	Mapping Mapping
	// Shred removes records for good. RT does so on its own machine only, by rt-shredder; the records are named as its plugin Objects takes them: "Attachment,17",
	// "Ticket,4", "User,23". That one is gone already is no error. Nil: Redact and Erase do what they can and return an error that names the rest.
	Shred func(ctx context.Context, records []string) error
	// Every is how often to look what people did in RT; 0 means a minute.
	Every time.Duration
	// Settle is how old a change by people must be before it is told, in whole seconds. RT numbers transactions when they begin, so that one with a lower number can
	// appear later; 0 means 5 seconds.
	Settle time.Duration
	// HTTP makes the calls; nil means one with default settings.
	HTTP *http.Client
	// Limiter remembers when RT is closed to calls; sinks of the same RT share one. Nil: one of its own.
	Limiter *remote.Limiter
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Sink writes into one RT. It is safe for concurrent use.
type Sink struct {
	opts   Options
	client *remote.Client
	words  *words

	mu     sync.Mutex
	fields map[string]bool // custom fields of tickets that the queue has; nil: not asked yet
}

var (
	_ crm.Sink      = (*Sink)(nil)
	_ crm.Directory = (*Sink)(nil)
	_ crm.Source    = (*Sink)(nil)
	_ crm.Eraser    = (*Sink)(nil)
)

// New returns a sink for an RT. It makes no call; a wrong Address shows at the first Push.
func New(o Options) *Sink {
	o.Name, o.Queue, o.Prefix = cmp.Or(o.Name, "rt"), cmp.Or(o.Queue, "Social"), cmp.Or(o.Prefix, "social-")
	o.Every, o.Settle = cmp.Or(o.Every, time.Minute), cmp.Or(o.Settle, 5*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Limiter == nil {
		o.Limiter = &remote.Limiter{}
	}
	s := &Sink{opts: o, words: readWords(o.Mapping)}
	s.client = &remote.Client{
		Name: o.Name, Base: strings.TrimRight(o.Address, "/") + "/REST/2.0", HTTP: o.HTTP, Limiter: o.Limiter, Now: o.Now, MaxRequest: 8 << 20,
		Scopes: []remote.Scope{{Level: remote.LevelApp, ID: "rt/" + o.Address}, {Level: remote.LevelCredential, ID: o.Name}},
		Token:  oauth2.StaticTokenSource(&oauth2.Token{AccessToken: o.Token}), Classify: classify,
		Authorize: func(r *http.Request, token *oauth2.Token) error {
			r.Header.Set("Authorization", "token "+token.AccessToken)
			return nil
		},
	}
	return s
}

// Name returns Options.Name.
func (s *Sink) Name() string { return s.opts.Name }

// Push writes the contact, the case and the interactions, each after a look whether RT holds it. What RT holds already costs no write.
//
// RT answers 200 to a change of which it carried out a part, or nothing; so a case or contact that was changed is read again, and what is still different is an error
// with RT's own words. An interaction that moved to another case stays with the first, once; one that RT will never take is told in Receipt.Refused. Errors by kind:
//
//   - NotFound: the case's contact is not in RT; push again with Contact
//   - Rejected: a status, owner or custom field that RT does not take or does not have
//   - PolicyBlocked: the user lacks a right
//   - Unauthorized: the token is no longer good
//   - Unknown: a write whose answer was lost, or on which RT failed (status 500); push again
//   - RateLimited, Unavailable: what stands before RT says so, RT is not to be had, or somebody wrote the same contact at the same moment
func (s *Sink) Push(ctx context.Context, c crm.Change) (crm.Receipt, error) {
	var receipt crm.Receipt
	op := "push " + c.Subject.String()
	if c.Case == nil && len(c.Interactions) > 0 {
		return receipt, s.fail(op, remote.Rejected, "there are interactions without a case")
	}
	if c.Contact != nil {
		name, err := s.putContact(ctx, op, c.Contact)
		receipt.Contact = name
		if err != nil {
			return receipt, err
		}
	}
	if c.Case == nil {
		return receipt, nil
	}
	t, err := s.putCase(ctx, op, &c, &receipt)
	if err != nil {
		return receipt, err
	}
	return receipt, s.putInteractions(ctx, op, t, &c, &receipt)
}

// key is one of ours in RT.
func (s *Sink) key(key string) string { return s.opts.Prefix + key }

// ours returns our key of one in RT.
func (s *Sink) ours(key string) (string, bool) { return strings.CutPrefix(key, s.opts.Prefix) }

func (s *Sink) fail(op string, kind remote.Kind, message string) error {
	return &remote.Error{Op: s.opts.Name + ": " + op, Kind: kind, Message: remote.Redact(message, s.opts.Token)}
}

// get reads one record, or a page of some.
func (s *Sink) get(ctx context.Context, op, path string, into any) error {
	_, err := s.client.Do(ctx, remote.Request{Op: op, Path: path, Into: into})
	return err
}

// search asks by a list of conditions. RT takes them by POST, and ignores those it does not know: whoever asks checks what comes.
func (s *Sink) search(ctx context.Context, op, path string, conditions []condition, into any) error {
	_, err := s.client.Do(ctx, remote.Request{Op: op, Method: http.MethodPost, Path: path, JSON: conditions, Into: into, Idempotent: true})
	return err
}

// write creates or changes a record. A lost answer leaves it open whether RT did it: the next Push looks.
func (s *Sink) write(ctx context.Context, op, method, path string, body any) (*remote.Response, error) {
	return s.client.Do(ctx, remote.Request{Op: op, Method: method, Path: path, JSON: body})
}

// has are the custom fields that tickets of the queue have. It asks once.
func (s *Sink) has(ctx context.Context, op string) (map[string]bool, error) {
	s.mu.Lock()
	fields := s.fields
	s.mu.Unlock()
	if fields != nil {
		return fields, nil
	}
	var queue struct {
		Name   scalar                  `json:"Name"`
		Fields []struct{ Name string } `json:"TicketCustomFields"`
	}
	err := s.get(ctx, op, remote.Path("queue", s.opts.Queue), &queue)
	switch {
	case gone(err):
		return nil, s.fail(op, remote.Rejected, "RT has no queue "+s.opts.Queue)
	case err != nil:
		return nil, err
	case queue.Name == "":
		return nil, s.unreadable(op, errors.New("the answer about the queue names none"))
	}
	fields = make(map[string]bool)
	for _, f := range queue.Fields {
		fields[f.Name] = true
	}
	if !fields[keyField] {
		return nil, s.fail(op, remote.Rejected, "queue "+s.opts.Queue+" has no custom field "+keyField+" that our user may see")
	}
	s.mu.Lock()
	s.fields = maps.Clone(fields)
	s.mu.Unlock()
	return fields, nil
}

// unreadable is the error of a 2xx answer that is not what RT says it sends.
func (s *Sink) unreadable(op string, err error) error {
	return &remote.Error{Op: s.opts.Name + ": " + op, Kind: remote.Unavailable, Err: err}
}
