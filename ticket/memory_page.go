package ticket

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// pageCursor is the text of List.Next: where the last item of a page stands in the order of the list, so that paging goes on from there whatever was written
// meanwhile. It is made of letters, digits and "-_.", and is safe in addresses.
type pageCursor string

// with ends each field with a dot, so that no cursor is empty.
func (c pageCursor) with(field string) pageCursor { return c + pageCursor(field) + "." }

func (c pageCursor) withInt(i int64) pageCursor { return c.with(strconv.FormatInt(i, 36)) }

func (c pageCursor) withInstant(at instant) pageCursor {
	return c.withInt(at.seconds).withInt(int64(at.nanos))
}

func (c pageCursor) withText(s string) pageCursor {
	return c.with(base64.RawURLEncoding.EncodeToString([]byte(s)))
}

// cursorReader reads a cursor, field by field; what is wrong is told at the end.
type cursorReader struct {
	whole  string
	fields []string
	bad    bool
}

func readCursor(after string) *cursorReader {
	fields, ok := strings.CutSuffix(after, ".")
	return &cursorReader{whole: after, fields: strings.Split(fields, "."), bad: !ok}
}

func (c *cursorReader) field() string {
	if len(c.fields) == 0 {
		c.bad = true
		return ""
	}
	f := c.fields[0]
	c.fields = c.fields[1:]
	return f
}

func (c *cursorReader) int() int64 {
	i, err := strconv.ParseInt(c.field(), 36, 64)
	c.bad = c.bad || err != nil
	return i
}

func (c *cursorReader) instant() instant { return instant{c.int(), int32(c.int())} }

func (c *cursorReader) text() string {
	s, err := base64.RawURLEncoding.DecodeString(c.field())
	c.bad = c.bad || err != nil
	return string(s)
}

func (c *cursorReader) end(what string) error {
	if c.bad || len(c.fields) > 0 {
		return fmt.Errorf("ticket: list %s: %q is not a page that this list named", what, c.whole)
	}
	return nil
}

func (p Page) limit() int {
	if p.Limit <= 0 {
		return 100
	}
	return p.Limit
}

// list collects a page. next returns what comes after last, starting with at; an item beyond the page's end is where the next page begins.
func list[S, T any](r *memoryReader, page Page, at S, next func(last S) (S, bool), record func(S) string, unpack func(*packer, *T), cursor func(S) pageCursor,
) List[T] {
	var out List[T]
	var records []string
	for s, ok := next(at); ok; s, ok = next(at) {
		if len(records) == page.limit() {
			out.Next = string(cursor(at))
			break
		}
		records = append(records, record(s))
		at = s
	}
	out.Items = make([]T, len(records))
	for i, record := range records {
		r.unpack(record)
		unpack(&r.packer, &out.Items[i])
	}
	return out
}
