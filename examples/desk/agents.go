package main

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/ticket"
)

// offline is what the API calls ticket.Offline, which is the empty text.
const offline = "offline"

// me is an agent as the agent's own program sees it.
type me struct {
	Name string `json:"name"`
	// Presence is available, busy, away or offline.
	Presence string `json:"presence"`
	// Load is the weight of the open tickets that the agent has, Capacity the most that the Desk hands out.
	Load     int `json:"load"`
	Capacity int `json:"capacity"`
}

// whoAmI answers with how the agent stands.
func (s *service) whoAmI(w http.ResponseWriter, r *http.Request) {
	var state ticket.AgentState
	err := s.store.View(r.Context(), "", func(reader ticket.Reader) error {
		found, err := reader.Agents(agentOf(r))
		if err == nil {
			state = found[0]
		}
		return err
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	respond(w, http.StatusOK, me{Name: agentOf(r), Presence: cmp.Or(string(state.Presence), offline), Load: state.Load, Capacity: state.Capacity})
}

// setPresence lets agents say whether they are there; of others they cannot. Who becomes available gets what waits, at once.
func (s *service) setPresence(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Presence string `json:"presence"`
	}
	if !decode(w, r, &body) {
		return
	}
	p := ticket.Presence(body.Presence)
	switch body.Presence {
	case offline:
		p = ticket.Offline
	case "": // ticket.Offline, but a field that was forgotten sends nobody home
		refuse(w, http.StatusBadRequest, "presence: want available, busy, away or offline")
		return
	}
	name := agentOf(r)
	if err := s.desk.SetPresence(r.Context(), socialcrm.By{Actor: ticket.Agent(name)}, name, p); err != nil {
		s.fail(w, r, err)
		return
	}
	s.log.Info("presence", "agent", name, "presence", body.Presence)
	s.whoAmI(w, r)
}

// next gives the agent who asks the ticket whose turn it is. Where nothing waits there is nothing to answer with.
func (s *service) next(w http.ResponseWriter, r *http.Request) {
	by, err := byWhom(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	receipt, err := s.desk.Next(r.Context(), by)
	switch {
	case errors.Is(err, socialcrm.ErrNotFound):
		refuse(w, http.StatusNotFound, "nothing waits that you could take")
	case err != nil:
		s.fail(w, r, err)
	default:
		s.log.Info("verb", "verb", "next", "agent", by.Actor.ID, "ticket", receipt.Ticket, "version", receipt.Version)
		respond(w, http.StatusOK, receipt)
	}
}
