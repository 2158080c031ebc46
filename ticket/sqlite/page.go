package sqlite

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/socialcrm/socialcrm/ticket"
)

// place is the text of List.Next: where the last item of a page stands in the order of the list, so that paging goes on from there whatever was written
// meanwhile. Each field ends with a dot; no place is empty.
type place string

func (p place) number(n int64) place { return p + place(strconv.FormatInt(n, 36)) + "." }

func (p place) text(s string) place {
	return p + place(base64.RawURLEncoding.EncodeToString([]byte(s))) + "."
}

// placeReader reads a place field by field; what is wrong is told at the end.
type placeReader struct {
	whole  string
	fields []string
	bad    bool
}

func readPlace(after string) *placeReader {
	fields, ok := strings.CutSuffix(after, ".")
	return &placeReader{whole: after, fields: strings.Split(fields, "."), bad: !ok}
}

func (r *placeReader) field() string {
	if len(r.fields) == 0 {
		r.bad = true
		return ""
	}
	f := r.fields[0]
	r.fields = r.fields[1:]
	return f
}

func (r *placeReader) number() int64 {
	n, err := strconv.ParseInt(r.field(), 36, 64)
	r.bad = r.bad || err != nil
	return n
}

func (r *placeReader) text() string {
	s, err := base64.RawURLEncoding.DecodeString(r.field())
	r.bad = r.bad || err != nil
	return string(s)
}

func (r *placeReader) end(what string) error {
	if r.bad || len(r.fields) > 0 {
		return fmt.Errorf("sqlite: list %s: %q is not a page that this list named", what, r.whole)
	}
	return nil
}

func limit(n int) int {
	if n <= 0 {
		return 100
	}
	return n
}

// page collects the items of a list while its rows come in: one more row than asked for says that there is a next page.
type page[T any] struct {
	list  ticket.List[T]
	limit int
	last  place
}

// full reports whether the page is complete, in which case the row at hand belongs to the next one.
func (p *page[T]) full() bool {
	if len(p.list.Items) < p.limit {
		return false
	}
	p.list.Next = string(p.last)
	return true
}

func (p *page[T]) add(item T, at place) {
	p.list.Items = append(p.list.Items, item)
	p.last = at
}
