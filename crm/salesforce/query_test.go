package salesforce

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// query answers the part of SOQL that the sink speaks, and refuses the rest as Salesforce does.
func (o *org) query(soql string) (rows []map[string]any, fail *failed) {
	q := &soqlQuery{org: o, words: soqlWords(soql)}
	defer func() {
		if told := recover(); told != nil {
			f, ours := told.(*failed)
			if !ours {
				panic(told)
			}
			rows, fail = nil, f
		}
	}()
	return q.run(), nil
}

type soqlQuery struct {
	org    *org
	words  []string
	object string
}

// condition holds for some records.
type condition func(entry) bool

func isWordRune(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '_'
}

// soqlWords cuts a query into words, signs and texts; a text keeps its opening quote, without its escapes.
func soqlWords(soql string) (words []string) {
	for rest := soql; rest != ""; {
		switch n := strings.IndexFunc(rest, func(c rune) bool { return !isWordRune(c) && !strings.ContainsRune(".:-", c) }); {
		case rest[0] == ' ':
			rest = rest[1:]
		case rest[0] == '\'':
			text, i := []byte("'"), 1
			for ; i < len(rest) && rest[i] != '\''; i++ {
				if rest[i] == '\\' && i+1 < len(rest) {
					i++
					if c := strings.IndexByte("nt", rest[i]); c >= 0 {
						text = append(text, "\n\t"[c])
						continue
					}
				}
				text = append(text, rest[i])
			}
			words, rest = append(words, string(text)), rest[min(i+1, len(rest)):]
		case strings.HasPrefix(rest, "!="):
			words, rest = append(words, "!="), rest[2:]
		case n == 0:
			words, rest = append(words, rest[:1]), rest[1:]
		case n < 0:
			words, rest = append(words, rest), ""
		default:
			words, rest = append(words, rest[:n]), rest[n:]
		}
	}
	return words
}

func (q *soqlQuery) refuse(code, format string, args ...any) {
	panic(&failed{400, code, fmt.Sprintf(format, args...)})
}

func (q *soqlQuery) next() string {
	if len(q.words) == 0 {
		q.refuse("MALFORMED_QUERY", "unexpected token: '<EOF>'")
	}
	word := q.words[0]
	q.words = q.words[1:]
	return word
}

func (q *soqlQuery) has(words ...string) bool {
	if len(q.words) < len(words) || !slices.Equal(q.words[:len(words)], words) {
		return false
	}
	q.words = q.words[len(words):]
	return true
}

func (q *soqlQuery) expect(word string) {
	if got := q.next(); got != word {
		q.refuse("MALFORMED_QUERY", "unexpected token: '%s', want %s", got, word)
	}
}

func (q *soqlQuery) run() []map[string]any {
	q.expect("SELECT")
	var fields []string
	for {
		if fields = append(fields, q.next()); !q.has(",") {
			break
		}
	}
	q.expect("FROM")
	q.object = q.next()
	if q.org.objects[q.object] == nil {
		q.refuse("INVALID_TYPE", "sObject type '%s' is not supported", q.object)
	}
	for i, f := range fields {
		q.check(f)
		if slices.Contains(fields[:i], f) {
			q.refuse("INVALID_FIELD", "duplicate field selected: %s", f)
		}
	}
	q.expect("WHERE")
	holds := q.or()
	var found []entry
	for _, r := range q.org.objects[q.object] {
		if holds(r) {
			found = append(found, r)
		}
	}
	order := []string{"Id"}
	if q.has("ORDER", "BY") {
		order = nil
		for {
			order = append(order, q.next())
			q.check(order[len(order)-1])
			q.has("NULLS", "FIRST") // which is how it is anyway
			if !q.has(",") {
				break
			}
		}
	}
	slices.SortFunc(found, func(a, b entry) int {
		for _, f := range order {
			if c := cmp.Compare(text(a, f), text(b, f)); c != 0 {
				return c
			}
		}
		return cmp.Compare(text(a, "Id"), text(b, "Id"))
	})
	if q.has("LIMIT") {
		limit, err := strconv.Atoi(q.next())
		if err != nil || limit < 1 {
			q.refuse("MALFORMED_QUERY", "LIMIT wants a number")
		}
		found = found[:min(limit, len(found))]
	}
	if len(q.words) > 0 {
		q.refuse("MALFORMED_QUERY", "unexpected token: '%s'", q.words[0])
	}
	rows := []map[string]any{}
	for _, r := range found {
		row := map[string]any{"attributes": map[string]string{"type": q.object}}
		for _, f := range fields {
			put(row, f, q.value(r, f))
		}
		rows = append(rows, row)
	}
	return rows
}

func put(row map[string]any, field string, value any) {
	relation, rest, ok := strings.Cut(field, ".")
	if !ok {
		row[field] = value
		return
	}
	below, _ := row[relation].(map[string]any)
	if below == nil {
		below = make(map[string]any)
		row[relation] = below
	}
	put(below, rest, value)
}

// check refuses a field that is not there, and returns what it is.
func (q *soqlQuery) check(name string) field {
	relation, rest, ok := strings.Cut(name, ".")
	object := q.object
	if ok {
		if rest == "Name" && (relation == "CreatedBy" || relation == "LastModifiedBy") {
			return field{Type: "Text"}
		}
		to, known := relations[object][relation]
		if !known {
			q.refuse("INVALID_FIELD", "Didn't understand relationship '%s' in field path", relation)
		}
		object, name = to[0], rest
	}
	f, known := schema()[object][name]
	if !known {
		q.refuse("INVALID_FIELD", "No such column '%s' on entity '%s'", name, object)
	}
	q.org.used[object+"."+name] = true
	return f
}

func (q *soqlQuery) value(r entry, field string) any {
	relation, rest, ok := strings.Cut(field, ".")
	switch {
	case !ok && field == "Name":
		return r["LastName"]
	case !ok && schema()[q.object][field].Type == "Checkbox" && r[field] == nil:
		return false
	case !ok:
		return r[field]
	case rest == "Name" && (relation == "CreatedBy" || relation == "LastModifiedBy"):
		for name, id := range q.org.people {
			if id == r[relation+"Id"] {
				return name
			}
		}
		return nil
	}
	return q.org.objects[relations[q.object][relation][0]][text(r, relation)][rest]
}

func (q *soqlQuery) or() condition {
	a := q.and()
	for q.has("OR") {
		left, right := a, q.and()
		a = func(r entry) bool { return left(r) || right(r) }
	}
	return a
}

func (q *soqlQuery) and() condition {
	a := q.one()
	for q.has("AND") {
		left, right := a, q.one()
		a = func(r entry) bool { return left(r) && right(r) }
	}
	return a
}

func (q *soqlQuery) one() condition {
	if q.has("(") {
		c := q.or()
		q.expect(")")
		return c
	}
	name := q.next()
	f := q.check(name)
	if f.Type == "LongTextArea" {
		q.refuse("INVALID_FIELD", "field '%s' can not be filtered in a query call", name)
	}
	if q.has("IN") {
		q.expect("(")
		var any []condition
		for {
			if any = append(any, q.compare(name, f, "=", q.next())); !q.has(",") {
				break
			}
		}
		q.expect(")")
		return func(r entry) bool {
			return slices.ContainsFunc(any, func(c condition) bool { return c(r) })
		}
	}
	return q.compare(name, f, q.next(), q.next())
}

// compare compares as Salesforce does: texts without regard to case, moments as such, IDs in either length.
func (q *soqlQuery) compare(name string, f field, op, word string) condition {
	want, isText := strings.CutPrefix(word, "'")
	switch {
	case word == "null" && (op == "=" || op == "!="):
		return func(r entry) bool { v := q.value(r, name); return (v == nil || v == "") == (op == "=") }
	case f.Type == "Checkbox" && (word == "true" || word == "false") && op == "=":
		return func(r entry) bool { return q.value(r, name) == (word == "true") }
	case f.Type == "DateTime" && !isText:
		if _, err := time.Parse(stampLayout, word); err != nil {
			q.refuse("INVALID_FIELD", "value of filter criterion for field '%s' must be of type dateTime", name)
		}
		want = strings.TrimSuffix(word, "Z") + "+0000"
	case !isText || f.Type == "DateTime" || f.Type == "Checkbox":
		q.refuse("INVALID_FIELD", "value of filter criterion for field '%s' is of a wrong type: %s", name, word)
	case f.Type == "ID" && !isID(longID(want)):
		q.refuse("INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: %s", want)
	case f.Type == "ID":
		want = longID(want)
	}
	return func(r entry) bool {
		has, _ := q.value(r, name).(string)
		c := strings.Compare(has, want)
		if f.Type != "ID" && strings.EqualFold(has, want) {
			c = 0
		}
		switch op {
		case "=":
			return c == 0
		case "!=":
			return c != 0
		case ">":
			return c > 0
		case "<":
			return c < 0
		}
		q.refuse("MALFORMED_QUERY", "unexpected token: '%s'", op)
		return false
	}
}
