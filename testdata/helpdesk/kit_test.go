package helpdesk

import (
	"database/sql"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// The sink that the README shows, held to the kit of sinks.
func TestTheSinkConforms(t *testing.T) {
	t.Parallel()
	crmtest.Run(t, crmtest.Harness{
		Features: crmtest.Features{
			Abilities: crmtest.Eraser, Owner: true, Lacks: crmtest.AllFields,
			Cannot: []remote.Kind{remote.RateLimited, remote.Unauthorized, remote.Rejected}, // it is our own database
		},
		Open: func(t crmtest.T) crmtest.Rig {
			data := newDatabase()
			db := sql.OpenDB(data)
			t.Cleanup(func() { db.Close() })
			return crmtest.Rig{
				Sink: tables{db}, Fault: data.fault,
				Contacts: func(key string) (held []crmtest.HeldContact) {
					for _, r := range data.rows("customers", "key", key) {
						held = append(held, crmtest.HeldContact{Key: key, Ref: key, Name: r.text("name")})
					}
					return held
				},
				Cases: func(key string) (held []crmtest.HeldCase) {
					for _, r := range data.rows("cases", "key", key) {
						held = append(held, crmtest.HeldCase{
							Key: key, Ref: key, Contact: r.text("customer"), Subject: r.text("subject"), Status: ticket.Status(r.text("status")), Agent: r.text("owner"),
						})
					}
					return held
				},
				Interactions: func(caseKey string) (held []crmtest.HeldInteraction) {
					rows := data.rows("messages", "case_key", caseKey)
					slices.SortFunc(rows, func(a, b row) int {
						if at := a["at"].(time.Time).Compare(b["at"].(time.Time)); at != 0 {
							return at
						}
						return strings.Compare(a.text("place"), b.text("place"))
					})
					for _, r := range rows {
						held = append(held, crmtest.HeldInteraction{
							Key: r.text("key"), Ref: r.text("key"), Direction: ticket.Direction(r.text("direction")), Time: r["at"].(time.Time),
							Text: r.text("text"), Deleted: r["deleted"] == true,
						})
					}
					return held
				},
			}
		},
	})
}

func TestABrowserIsToldWhyAVerbWasRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want int
	}{
		{socialcrm.ErrNotFound, http.StatusNotFound},
		{socialcrm.ErrForbidden, http.StatusForbidden},
		{socialcrm.ErrConflict, http.StatusConflict},
		{socialcrm.ErrInvalid, http.StatusConflict},
		{&socialcrm.ClaimedError{}, http.StatusConflict},
		{&remote.Error{Kind: remote.WindowClosed}, http.StatusConflict},
		{&remote.Error{Kind: remote.PolicyBlocked}, http.StatusConflict},
		{&remote.Error{Kind: remote.Unavailable}, http.StatusServiceUnavailable},
		{sql.ErrConnDone, http.StatusServiceUnavailable},
	} {
		if got := status(fmt.Errorf("reply: %w", c.err)); got != c.want {
			t.Errorf("%v is told as %d, want %d", c.err, got, c.want)
		}
	}
}
