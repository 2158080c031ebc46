package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// table reads CSV by the names in its header. Package encoding/csv cannot be used: it takes in the rest of the file where a quote is not closed.
type table struct {
	w      *window
	file   string
	header []string
	text   []byte // the fields of the row, one after the other, without their quotes
	ends   []int  // where each ends in text
	line   int    // where the row begins
	row    int
	raw    []byte // the row as it is in the file; valid until the next
}

func newTable(w *window, file string) (*table, error) {
	t := &table{w: w, file: file}
	err := t.next()
	if bad, ok := errors.AsType[*RowError](err); ok {
		return nil, errors.New("header: " + bad.Reason)
	}
	if err == io.EOF {
		return nil, errors.New("is empty; want a header")
	}
	if err != nil {
		return nil, err
	}
	t.row = 0
	for i := range t.ends {
		t.header = append(t.header, strings.ToLower(t.get(i)))
	}
	return t, nil
}

// column returns the index of the first of the names that the header has, -1 for none.
func (t *table) column(names ...string) int {
	for _, name := range names {
		for i, h := range t.header {
			if h == name {
				return i
			}
		}
	}
	return -1
}

// require reports which columns the header lacks; "row|tweet_id" wants one of two.
func (t *table) require(names ...string) error {
	var missing []string
	for _, name := range names {
		if t.column(strings.Split(name, "|")...) < 0 {
			missing = append(missing, strings.ReplaceAll(name, "|", " or "))
		}
	}
	if missing != nil {
		return fmt.Errorf("lacks the column %s; its header has %s", strings.Join(missing, ", "), strings.Join(t.header, ", "))
	}
	return nil
}

// bytes returns a field as it is, empty where the row has none. It is valid until the next row.
func (t *table) bytes(column int) []byte {
	if column < 0 || column >= len(t.ends) {
		return nil
	}
	from := 0
	if column > 0 {
		from = t.ends[column-1]
	}
	return t.text[from:t.ends[column]]
}

// get returns a field as trimmed, valid text.
func (t *table) get(column int) string { return valid(bytes.TrimSpace(t.bytes(column))) }

func valid(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\ufffd")
}

func (t *table) mark() (mark, bool) { return mark{t.w.offset, t.w.line, t.row}, true }

func (t *table) resume(s io.Seeker, m mark) error {
	t.row = m.record
	return t.w.resume(s, m)
}

// bad is the error for the current row.
func (t *table) bad(column int, reason string) *RowError {
	e := &RowError{File: t.file, Line: t.line, Row: t.row, Reason: reason, Raw: bytes.Clone(t.raw[:min(len(t.raw), maxRaw)])}
	if column >= 0 && column < len(t.header) {
		e.Field = t.header[column]
	}
	return e
}

// next reads a row: io.EOF at the end, a *RowError for a bad one.
func (t *table) next() error {
	for t.skipEmptyLine() {
	}
	if len(t.w.bytes()) == 0 {
		if err := t.w.failed(); err != nil {
			return err
		}
		return io.EOF
	}
	t.row++
	t.line = t.w.line + 1
	size, lines, problem := t.scan()
	if err := t.w.failed(); err != nil && (problem == unclosed || size == len(t.w.bytes()) && t.w.bytes()[size-1] != '\n') {
		return err // the row may go on where the file could not be read
	}
	if problem == "" && t.header != nil {
		problem = t.checkWidth()
		if problem != "" && lines > 1 { // a quote that was closed by a later row's
			size, _ = t.w.lineEnd()
			lines = 1
		}
	}
	if size < 0 {
		t.raw = t.w.raw(maxRaw)
		t.w.useLine()
		return t.bad(-1, problem)
	}
	t.raw = t.w.bytes()[:size]
	t.w.use(size, lines)
	if problem != "" {
		return t.bad(-1, problem)
	}
	return nil
}

func (t *table) skipEmptyLine() bool {
	for len(t.w.bytes()) < 2 && t.w.more() {
	}
	b := t.w.bytes()
	switch {
	case bytes.HasPrefix(b, []byte("\n")):
		t.w.use(1, 1)
	case bytes.HasPrefix(b, []byte("\r\n")):
		t.w.use(2, 1)
	default:
		return false
	}
	return true
}

// checkWidth refuses more columns than the header has: a comma in text without quotes has shifted what follows. Trailing empty columns may be left out, but
// not by a row of several lines, which is rather two rows that an open quote joined.
func (t *table) checkWidth() string {
	n, want := len(t.ends), len(t.header)
	if n == want {
		return ""
	}
	if n < want && bytes.IndexByte(t.text, '\n') < 0 {
		return ""
	}
	if n > want && t.ends[n-1] == t.ends[want-1] {
		return ""
	}
	return fmt.Sprintf("has %d columns, the header %d", n, want)
}

const (
	tooLong  = "is longer than 1 MiB"
	unclosed = "has a quote that is not closed"
)

// scan takes the row at the front of the window apart and returns its size in bytes and lines. With a problem, they are those of the row's first line, at
// whose end reading goes on; the size is -1 when that line is too long to be seen.
func (t *table) scan() (size, lines int, problem string) {
	t.text, t.ends = t.text[:0], t.ends[:0]
	b, i := t.w.bytes(), 0
	// see widens b until it holds b[i]
	see := func() bool {
		for i >= len(b) {
			if !t.w.more() {
				return false
			}
			b = t.w.bytes()
		}
		return true
	}
	for {
		if see() && b[i] == '"' {
			n, newlines, ok := t.scanQuoted(i)
			if !ok {
				if size, ok = t.w.lineEnd(); !ok {
					return -1, 1, tooLong
				}
				return size, 1, unclosed
			}
			b, i, lines = t.w.bytes(), n, lines+newlines
		} else {
			from := i
			for see() {
				for i < len(b) && b[i] != ',' && b[i] != '\n' {
					i++
				}
				if i < len(b) {
					break
				}
			}
			if i == len(b) && t.w.full() {
				return t.tooLong()
			}
			field := b[from:i]
			if i == len(b) || b[i] == '\n' {
				field = bytes.TrimSuffix(field, []byte("\r"))
			}
			t.text = append(t.text, field...)
		}
		t.ends = append(t.ends, len(t.text))
		if i > maxEntry {
			return t.tooLong()
		}
		if !see() {
			return i, lines + 1, ""
		}
		if b[i] == '\n' {
			return i + 1, lines + 1, ""
		}
		i++ // the comma
	}
}

func (t *table) tooLong() (size, lines int, problem string) {
	size, ok := t.w.lineEnd()
	if !ok {
		size = -1
	}
	return size, 1, tooLong
}

// scanQuoted appends the quoted field at i of the window to text, and returns where the comma or line end after it is and how many line ends are in it. Quotes that
// are not doubled are part of the text, unless the field goes over several lines: then the quote of a later row seems to close this one, and it is not ok.
func (t *table) scanQuoted(i int) (end, lines int, ok bool) {
	i++
	stray := false
	b := t.w.bytes()
	at := func(i int) (byte, bool) {
		for i >= len(b) {
			if !t.w.more() {
				return 0, false
			}
			b = t.w.bytes()
		}
		return b[i], true
	}
	for seen := i; ; {
		j := bytes.IndexByte(b[min(seen, len(b)):], '"')
		if j < 0 {
			seen = max(seen, len(b))
			if _, more := at(seen); !more {
				return 0, 0, false
			}
			continue
		}
		j += seen
		lines += t.appendLines(b[i:j])
		i, seen = j+1, j+1
		c, more := at(i)
		closed := !more || c == ',' || c == '\n'
		if c == '\r' {
			after, more := at(i + 1)
			if !more || after == '\n' {
				i, closed = i+1, true
			}
		}
		if closed {
			return i, lines, !(stray && lines > 0)
		}
		t.text = append(t.text, '"')
		if c == '"' {
			i, seen = i+1, i+1
		} else {
			stray = true
		}
		if stray && lines > 0 {
			return 0, 0, false
		}
	}
}

// appendLines appends with plain line ends, and counts them.
func (t *table) appendLines(b []byte) (lines int) {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			t.text = append(t.text, b...)
			return lines
		}
		t.text = append(append(t.text, bytes.TrimSuffix(b[:i], []byte("\r"))...), '\n')
		b = b[i+1:]
		lines++
	}
}
