package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
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
	}
	return nil, fmt.Errorf("-store %q: want sqlite:FILE", store)
}
