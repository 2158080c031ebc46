package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

const (
	largestBody = 64 << 10
	longestKey  = 200
	longestPage = 200
)

// api is what agents' programs use; README.md beside this file lists it. Any agent reads every ticket; who may do what is for the Setup's roles to say.
func (s *service) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/tickets", s.list)
	mux.HandleFunc("GET /api/tickets/{id}", s.read)
	verb(s, mux, "reply", func(ctx context.Context, id ticket.ID, by socialcrm.By, b answer) (socialcrm.Receipt, error) {
		return s.desk.Reply(ctx, id, by, socialcrm.Reply{Text: b.Text, Then: b.Then, InReplyTo: b.InReplyTo})
	})
	verb(s, mux, "private", func(ctx context.Context, id ticket.ID, by socialcrm.By, b answer) (socialcrm.Receipt, error) {
		return s.desk.MovePrivate(ctx, id, by, socialcrm.Reply{Text: b.Text, Then: b.Then, InReplyTo: b.InReplyTo})
	})
	verb(s, mux, "note", func(ctx context.Context, id ticket.ID, by socialcrm.By, b struct {
		Text string `json:"text"`
	}) (socialcrm.Receipt, error) {
		return s.desk.Note(ctx, id, by, b.Text)
	})
	verb(s, mux, "assign", func(ctx context.Context, id ticket.ID, by socialcrm.By, b struct {
		Agent string `json:"agent"` // empty: back to its lane
	}) (socialcrm.Receipt, error) {
		return s.desk.Assign(ctx, id, by, b.Agent)
	})
	verb(s, mux, "resolve", func(ctx context.Context, id ticket.ID, by socialcrm.By, b struct {
		Reason string `json:"reason"`
	}) (socialcrm.Receipt, error) {
		return s.desk.Resolve(ctx, id, by, b.Reason)
	})
	mux.HandleFunc("GET /api/agents/me", s.whoAmI)
	mux.HandleFunc("PUT /api/agents/me/presence", s.setPresence)
	mux.HandleFunc("POST /api/next", s.next)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "there is nothing at this address")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := url.ParseQuery(r.URL.RawQuery)
		switch {
		case s.left(agentOf(r)):
			refuse(w, http.StatusForbidden, "your access has ended")
		case err != nil || !isText(r.URL.Path) || !isText(slices.Concat(slices.Collect(maps.Values(query))...)...):
			refuse(w, http.StatusBadRequest, "the address is no text")
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// isText reports whether a database takes all of it.
func isText(all ...string) bool {
	return !slices.ContainsFunc(all, func(s string) bool { return !utf8.ValidString(s) || strings.Contains(s, "\x00") })
}

// answer is the body of reply and private.
type answer struct {
	Text      string        `json:"text"`
	Then      ticket.Status `json:"then"`
	InReplyTo string        `json:"in_reply_to"`
}

// verb answers POST /api/tickets/{id}/NAME with a body of type B by what do does.
func verb[B any](s *service, mux *http.ServeMux, name string, do func(context.Context, ticket.ID, socialcrm.By, B) (socialcrm.Receipt, error)) {
	mux.HandleFunc("POST /api/tickets/{id}/"+name, func(w http.ResponseWriter, r *http.Request) {
		by, err := byWhom(r)
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		var body B
		if !decode(w, r, &body) {
			return
		}
		receipt, err := do(r.Context(), ticket.ID(r.PathValue("id")), by, body)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		s.log.Info("verb", "verb", name, "agent", by.Actor.ID, "ticket", receipt.Ticket, "version", receipt.Version)
		respond(w, http.StatusOK, receipt)
	})
}

// decode reads the body, strict JSON, and reports whether it could; what was wrong is answered already.
func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body could not be read, or is larger than %d bytes", largestBody))
		return false
	}
	if err := rule.DecodeStrict(data, into); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return false
	}
	return true
}

// byWhom reads who acts: the token says which agent, Idempotency-Key makes a second call harmless, If-Match refuses one on a ticket that changed meanwhile.
func byWhom(r *http.Request) (socialcrm.By, error) {
	by := socialcrm.By{Actor: ticket.Agent(agentOf(r))}
	if key := r.Header.Get("Idempotency-Key"); len(key) > longestKey {
		return by, fmt.Errorf("Idempotency-Key: longer than %d characters", longestKey)
	} else if key != "" {
		by.Key = by.Actor.ID + "/" + key // two agents' programs may choose the same
	}
	if match := strings.Trim(r.Header.Get("If-Match"), `"`); match != "" {
		version, err := strconv.ParseInt(match, 10, 64)
		if err != nil || version < 1 {
			return by, errors.New("If-Match: want the ticket's version")
		}
		by.IfVersion = version
	}
	return by, nil
}

// list answers with a page of tickets. An unknown parameter is an error, because a filter that is not applied shows too much.
func (s *service) list(w http.ResponseWriter, r *http.Request) {
	q := ticket.TicketQuery{Newest: true, Page: ticket.Page{Limit: 50}}
	for name, values := range r.URL.Query() {
		value, err := values[0], error(nil)
		switch name {
		case "status":
			for _, v := range values {
				for _, one := range strings.Split(v, ",") {
					var st ticket.Status
					err = errors.Join(err, st.UnmarshalText([]byte(one)))
					q.Statuses = append(q.Statuses, st)
				}
			}
		case "lane":
			q.Lane = value
		case "agent":
			q.Agent = value
		case "tag":
			q.Tag = value
		case "after":
			q.After = value
		case "limit":
			if q.Limit, err = strconv.Atoi(value); err != nil || q.Limit < 1 || q.Limit > longestPage {
				err = fmt.Errorf("limit: want 1 to %d", longestPage)
			}
		default:
			err = fmt.Errorf("%s: there is no such parameter", name)
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
	}
	list, err := s.desk.Tickets(r.Context(), q)
	if err != nil {
		s.failList(w, r, q.After, err)
		return
	}
	respond(w, http.StatusOK, page[ticket.Ticket]{list.Items, list.Next})
}

// read answers with a ticket, its customer, and a page of what was said.
func (s *service) read(w http.ResponseWriter, r *http.Request) {
	after := r.URL.Query().Get("after")
	t, err := s.desk.Ticket(r.Context(), ticket.ID(r.PathValue("id")))
	var who ticket.Contact
	if err == nil && t.Contact != "" {
		who, err = s.desk.Contact(r.Context(), t.Contact)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	said, err := s.desk.Messages(r.Context(), ticket.MessageQuery{Ticket: t.ID, Page: ticket.Page{Limit: longestPage, After: after}})
	if err != nil {
		s.failList(w, r, after, err)
		return
	}
	w.Header().Set("ETag", strconv.Quote(strconv.FormatInt(t.Version, 10))) // for If-Match
	respond(w, http.StatusOK, struct {
		Ticket   ticket.Ticket        `json:"ticket"`
		Contact  ticket.Contact       `json:"contact"`
		Messages page[ticket.Message] `json:"messages"`
	}{t, who, page[ticket.Message]{said.Items, said.Next}})
}

// page is a part of a list; Next goes into "after" to get the one behind it.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

// left reports whether an agent is no longer one of the company.
func (s *service) left(name string) bool {
	setup, _ := s.desk.Setup()
	for _, a := range setup.Agents {
		if a.Name == name {
			return !a.Until.IsZero() && !time.Now().Before(a.Until)
		}
	}
	return true
}

// fail answers with what an agent is told of a call that could not be done. What is nobody's fault but ours is logged, and not told.
func (s *service) fail(w http.ResponseWriter, r *http.Request, err error) {
	var platform *remote.Error
	code := 0
	switch {
	case errors.Is(err, socialcrm.ErrNotFound):
		code = http.StatusNotFound
	case errors.Is(err, socialcrm.ErrForbidden):
		code = http.StatusForbidden
	case errors.Is(err, socialcrm.ErrInvalid):
		code = http.StatusUnprocessableEntity
	case errors.Is(err, socialcrm.ErrConflict), errors.Is(err, socialcrm.ErrClaimed), errors.Is(err, socialcrm.ErrCapacity), errors.Is(err, socialcrm.ErrUnverified):
		code = http.StatusConflict
	case errors.As(err, &platform) && (platform.Kind == remote.WindowClosed || platform.Kind == remote.PolicyBlocked): // it takes no answer now, or never will
		code = http.StatusConflict
	}
	if code != 0 {
		refuse(w, code, err.Error())
		return
	}
	s.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "agent", agentOf(r), "error", err)
	w.Header().Set("Retry-After", "10")
	refuse(w, http.StatusServiceUnavailable, "try again later, with the same Idempotency-Key")
}

// failList answers for a list. Nothing but the place to go on from can be wrong with one, where the Store is there.
func (s *service) failList(w http.ResponseWriter, r *http.Request, after string, err error) {
	if after == "" || errors.Is(err, ticket.ErrUnavailable) || errors.Is(err, ticket.ErrClosed) || r.Context().Err() != nil {
		s.fail(w, r, err)
		return
	}
	refuse(w, http.StatusBadRequest, "after: want what next said in the answer before")
}

func refuse(w http.ResponseWriter, code int, why string) {
	respond(w, code, struct {
		Error string `json:"error"`
	}{cmp.Or(why, http.StatusText(code))})
}

func respond(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the caller has gone: nobody is left to tell
}
