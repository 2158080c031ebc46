package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// page is an answer to a query.
type page struct {
	Done *bool `json:"done"`
	Rows []row `json:"records"`
}

// row is one record of an answer.
type row map[string]json.RawMessage

// whole reports whether these are all rows up to the query's limit: Salesforce may cut a page with long texts short.
func (p *page) whole(limit int) bool { return p.Done != nil && *p.Done && len(p.Rows) < limit }

// text returns a field, also one of a related record ("Account.Tier__c"); empty where it is null, missing or no text.
func (r row) text(field string) (s string) {
	for {
		relation, rest, ok := strings.Cut(field, ".")
		if !ok {
			break
		}
		var next row
		if json.Unmarshal(r[relation], &next) != nil {
			return ""
		}
		r, field = next, rest
	}
	_ = json.Unmarshal(r[field], &s)
	return s
}

func (r row) id() string { return longID(r.text("Id")) }

func (r row) flag(field string) (b bool) {
	_ = json.Unmarshal(r[field], &b)
	return b
}

// stamp reads an instant; the zero one where there is none.
func (r row) stamp(field string) time.Time {
	t, err := time.Parse("2006-01-02T15:04:05.999-0700", r.text(field))
	if err != nil {
		t, _ = time.Parse(time.RFC3339, r.text(field))
	}
	return t.UTC()
}

// query reads one page of a query.
func (s *Sink) query(ctx context.Context, op, soql string) (*page, error) {
	p := new(page)
	answer, err := s.client.Do(ctx, remote.Request{Op: op, Path: queryPath, Query: url.Values{"q": {soql}}, Into: p})
	if err == nil && p.Done == nil {
		err = s.unreadable(op, answer, fmt.Errorf("the answer to the query has no records"))
	}
	return p, err
}

// quoted is a text as a SOQL literal.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, c := range crm.Printable(text) {
		switch c {
		case '\'', '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case '\n':
			b.WriteString(`\n`)
		case '\t':
			b.WriteString(`\t`)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// in is the condition that a field has one of the values.
func in(field string, values []string) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = quoted(v)
	}
	return field + " IN (" + strings.Join(list, ",") + ")"
}
