package main

import (
	"context"
	"expvar"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/ticket"
)

// healthz says that the process lives. Restart it when this fails.
func (s *service) healthz(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") }

// readyz says that the desk works and its Store answers. Send requests elsewhere while it fails, and do not restart: what is lost comes back by itself.
func (s *service) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	why := "the desk is not running"
	if s.running.Load() {
		_, err := s.desk.Tasks(ctx, ticket.TaskQuery{Page: ticket.Page{Limit: 1}})
		if err == nil {
			io.WriteString(w, "ok\n")
			return
		}
		s.log.Error("not ready", "error", err)
		why = "the store does not answer"
	}
	http.Error(w, why, http.StatusServiceUnavailable)
}

// counts is what the desk tells about itself in numbers. It is not published in package expvar, whose variables are the whole process's.
type counts struct {
	vars expvar.Map
}

func newCounts(desk *socialcrm.Desk) *counts {
	c := new(counts)
	began := time.Now()
	c.vars.Set("uptime_seconds", expvar.Func(func() any { return int(time.Since(began).Seconds()) }))
	c.vars.Set("tasks_dead", expvar.Func(func() any { return countTasks(desk, true) }))
	c.vars.Set("tasks_due", expvar.Func(func() any { return countTasks(desk, false) }))
	return c
}

// countTasks counts dead letters, or what should have been done by now and is not; what is under way counts. Of very many it counts a thousand; -1: the Store does not answer.
func countTasks(desk *socialcrm.Desk, dead bool) int {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	list, err := desk.Tasks(ctx, ticket.TaskQuery{Dead: dead, Page: ticket.Page{Limit: 1000}})
	if err != nil {
		return -1
	}
	n, now := 0, time.Now()
	for _, t := range list.Items {
		if dead || !t.Due.After(now) {
			n++
		}
	}
	return n
}

// count counts the answers of a handler by status.
func (c *counts) count(name string, next http.Handler) http.Handler {
	answers := new(expvar.Map)
	c.vars.Set(name, answers)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told := &status{ResponseWriter: w, code: http.StatusOK}
		next.ServeHTTP(told, r)
		answers.Add(strconv.Itoa(told.code), 1)
	})
}

func (c *counts) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		io.WriteString(w, c.vars.String()+"\n")
	})
}

// status remembers how a request was answered.
type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap leads http.ResponseController to the connection.
func (s *status) Unwrap() http.ResponseWriter { return s.ResponseWriter }
