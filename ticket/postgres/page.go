package postgres

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/socialcrm/socialcrm/ticket"
)

// place is where an item stands in the order of its list: the values of the columns that order it, as text. Its own text is List.Next: letters, digits and "-_.".
type place []string

func (p place) String() string {
	var b strings.Builder
	for _, v := range p {
		b.WriteString(base64.RawURLEncoding.EncodeToString([]byte(v)))
		b.WriteByte('.')
	}
	return b.String()
}

// readPlace reads the place after which a page begins. columns has a letter for each: n for a number, t for a text.
func readPlace(list, after, columns string) (place, error) {
	fields, ok := strings.CutSuffix(after, ".")
	p := place(strings.Split(fields, "."))
	ok = ok && len(p) == len(columns)
	for i := 0; ok && i < len(p); i++ {
		text, err := base64.RawURLEncoding.DecodeString(p[i])
		if err == nil && columns[i] == 'n' {
			_, err = strconv.ParseInt(string(text), 10, 64)
		}
		p[i], ok = string(text), err == nil && strings.IndexByte(string(text), 0) < 0
	}
	if !ok {
		return nil, fmt.Errorf("postgres: list %s: %q is not a page that this list named", list, after)
	}
	return p, nil
}

func limitOf(p ticket.Page) int {
	if p.Limit <= 0 {
		return 100
	}
	return p.Limit
}
