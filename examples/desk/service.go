package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/ticket"
)

// service is a Desk, its Store and the HTTP server in front of it.
type service struct {
	desk    *socialcrm.Desk
	store   ticket.Store
	log     *slog.Logger
	handler http.Handler
	counts  *counts
	drain   time.Duration
	running atomic.Bool // nothing is wrong and nobody has asked to stop
}

// open makes everything that the Config names, and brings the company in the Store up to the one in the file. Nothing runs yet.
func open(ctx context.Context, c Config, getenv func(string) string, log *slog.Logger) (s *service, err error) {
	read := &secrets{getenv: getenv}
	keys := newKeys(c.Agents, read)
	made, err := connect(c, read, log)
	if err != nil {
		return nil, err
	}
	if err := keys.check(); err != nil {
		return nil, err
	}
	store, err := openStore(ctx, c, read)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	made.Store = store
	s = &service{store: store, log: log, drain: time.Duration(c.Drain)}
	if s.drain == 0 {
		s.drain = 20 * time.Second
	}
	if s.desk, err = socialcrm.New(made); err == nil {
		err = s.apply(ctx, c.Setup)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	s.counts = newCounts(s.desk)
	s.handler = s.routes(keys)
	return s, nil
}

// apply makes the Setup of the file the company's, where it is another: a Store that is not new keeps the one that was applied last.
func (s *service) apply(ctx context.Context, want socialcrm.Setup) error {
	have, version := s.desk.Setup()
	a, err := json.Marshal(have)
	b, err2 := json.Marshal(want)
	if err = errors.Join(err, err2); err != nil || string(a) == string(b) {
		return err
	}
	s.log.Info("the setup in the file is another than that in force, and replaces it", "version", version)
	return s.desk.Apply(ctx, socialcrm.By{Actor: ticket.Actor{Kind: ticket.ByHost, ID: "desk"}}, want)
}

// routes is everything that the server answers.
func (s *service) routes(keys *keys) http.Handler {
	mux := http.NewServeMux()
	// Platforms and agents each have room of their own, so that a storm of one leaves the other reachable.
	mux.Handle("/webhooks/", atMost(64, s.counts.count("webhooks", s.desk.Webhooks())))
	mux.Handle("/api/", atMost(64, s.counts.count("api", keys.only(s.api()))))
	mux.Handle("GET /debug/vars", keys.only(s.counts.handler()))
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	return mux
}

// serve works until ctx ends, and then stops in order: no new requests, those under way end, the Desk ends what it does, the Store closes.
func (s *service) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: s.handler, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn), MaxHeaderBytes: 32 << 10,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 40 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended, failed := make(chan error, 1), make(chan error, 1)
	go func() { ended <- s.desk.Run(work) }()
	go func() { failed <- server.Serve(l) }()
	s.running.Store(true)
	s.log.Info("desk is open", "address", l.Addr().String())

	var err error
	over := false // Run has returned
	select {
	case <-ctx.Done():
		s.log.Info("desk is stopping")
	case err = <-failed:
	case err = <-ended:
		over = true
	}
	s.running.Store(false)
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.drain)
	defer cancel()
	if e := server.Shutdown(patience); e != nil {
		err = errors.Join(err, fmt.Errorf("requests were cut off: %w", e), server.Close())
	}
	stop()
	if !over {
		err = errors.Join(err, <-ended)
	}
	return errors.Join(err, s.store.Close())
}

// atMost lets so many requests in at once; others are to come again.
func atMost(n int, next http.Handler) http.Handler {
	room := make(chan struct{}, n)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
			next.ServeHTTP(w, r)
		default:
			w.Header().Set("Retry-After", "5")
			http.Error(w, "too many requests at once", http.StatusServiceUnavailable)
		}
	})
}
