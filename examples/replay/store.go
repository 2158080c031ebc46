package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
	"github.com/socialcrm/socialcrm/ticket/postgres"
	"github.com/socialcrm/socialcrm/ticket/sqlite"
)

// opener reads -store: which database, and where it is.
func opener(store string) (func(now func() time.Time) (ticket.Store, error), error) {
	kind, address, _ := strings.Cut(store, ":")
	switch {
	case store == "":
		return nil, nil
	case kind == "sqlite" && address != "":
		return func(now func() time.Time) (ticket.Store, error) {
			return sqlite.Open(address, &sqlite.Options{Now: now})
		}, nil
	case kind == "postgres" && address != "":
		if strings.HasPrefix(address, "//") {
			address = store // the whole of it is an address
		}
		return func(now func() time.Time) (ticket.Store, error) {
			return postgres.Open(context.Background(), address, &postgres.Options{Now: now})
		}, nil
	}
	return nil, fmt.Errorf("-store %q: want sqlite:FILE or postgres:DSN", store)
}
