package storetest

import (
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

func values() []Check {
	return []Check{
		{"a deleted value is gone", deletedValue},
		{"an expired value is as if it were not there", expiredValue},
		{"values of a space are listed by name", valuesByName},
	}
}

func valueNames(t T, r Rig, space string) []string {
	t.Helper()
	list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Value], error) { return rd.ListValues(space, ticket.Page{}) })
	return ids(list.Items, func(v *ticket.Value) string { return v.Key.Name })
}

func deletedValue(t T, r Rig) {
	var own []ticket.Value
	r.write(t, func(tx ticket.Tx) { tx.PutValue(value("a", "1")) })
	r.do(t, func(tx ticket.Tx) (err error) {
		tx.DeleteValue(valueKey("a"))
		tx.DeleteValue(valueKey("was never there"))
		own, err = tx.Values(valueKey("a"))
		return err
	})
	same(t, "value in the Tx that deleted it", own, []ticket.Value{{}})
	got := read(t, r, func(rd ticket.Reader) ([]ticket.Value, error) { return rd.Values(valueKey("a")) })
	same(t, "value", got, []ticket.Value{{}})
	same(t, "names", valueNames(t, r, "space"), []string{})
	r.write(t, func(tx ticket.Tx) { tx.PutValue(value("a", "2")) })
	same(t, "names after it was put anew", valueNames(t, r, "space"), []string{"a"})
}

func expiredValue(t T, r Rig) {
	clock := time.Now
	if r.Advance != nil {
		clock = func() time.Time { return noon }
	}
	put := func(name string, expires time.Time) {
		v := value(name, "1")
		v.Expires = expires
		r.write(t, func(tx ticket.Tx) { tx.PutValue(v) })
	}
	put("soon", clock().Add(r.short()))
	put("later", clock().Add(time.Hour))
	put("never", time.Time{})
	put("renewed", clock().Add(r.short()))
	put("renewed", clock().Add(time.Hour))
	put("kept", clock().Add(r.short()))
	put("kept", time.Time{})
	same(t, "names before", valueNames(t, r, "space"), []string{"kept", "later", "never", "renewed", "soon"})
	r.pass(r.short())
	same(t, "names after", valueNames(t, r, "space"), []string{"kept", "later", "never", "renewed"})
	got := read(t, r, func(rd ticket.Reader) ([]ticket.Value, error) { return rd.Values(valueKey("soon"), valueKey("later")) })
	same(t, "data", []string{string(got[0].Data), string(got[1].Data)}, []string{"", "1"})
	same(t, "key of what has expired", got[0], ticket.Value{})
	put("soon", time.Time{})
	same(t, "names after it was put anew", valueNames(t, r, "space"), []string{"kept", "later", "never", "renewed", "soon"})
}

func valuesByName(t T, r Rig) {
	names := []string{"", "B", "a", "a/1", "a1", "b", "ä"} // byte by byte
	r.write(t, func(tx ticket.Tx) {
		for i := range names {
			tx.PutValue(value(names[len(names)-1-i], "1"))
		}
		tx.PutValue(ticket.Value{Key: ticket.ValueKey{Space: "space2", Name: "other"}})
		tx.PutValue(ticket.Value{Key: ticket.ValueKey{Space: "", Name: "other"}})
	})
	same(t, "names", valueNames(t, r, "space"), names)
	same(t, "names of a space without name", valueNames(t, r, ""), []string{"other"})
	var paged []string
	page := ticket.Page{Limit: 1}
	for range len(names) + 1 {
		list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Value], error) { return rd.ListValues("space", page) })
		for _, v := range list.Items {
			paged = append(paged, v.Key.Name)
		}
		if page.After = list.Next; page.After == "" {
			break
		}
	}
	same(t, "names, page by page", paged, names)

	r.write(t, func(tx ticket.Tx) {
		for i := len(names) - 1; i >= 0; i-- {
			tx.PutAgent(ticket.AgentState{Name: names[i], Capacity: i})
		}
	})
	var agents []string
	page = ticket.Page{Limit: 1}
	for range len(names) + 1 {
		list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.AgentState], error) { return rd.ListAgents(page) })
		for _, a := range list.Items {
			agents = append(agents, a.Name)
			same(t, fmt.Sprintf("capacity of %q", a.Name), names[a.Capacity], a.Name)
		}
		if page.After = list.Next; page.After == "" {
			break
		}
	}
	same(t, "agents, page by page", agents, names)
}
