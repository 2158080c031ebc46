package archive

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

const (
	maxEntry = 1 << 20 // the longest row or line
	maxRaw   = 4 << 10 // how much of a bad entry is kept
)

// window shows the part of a file that has not been used yet. Looking further ahead is cheap and takes nothing back, so that a reader that was misled can go
// on at an earlier place.
type window struct {
	src        io.Reader
	buf        []byte
	start, end int   // buf[start:end] has been read and not used
	offset     int64 // of buf[start] in the file
	line       int   // lines before it
	err        error // why src gives no more
}

func newWindow(r io.Reader) *window { return &window{src: r, buf: make([]byte, 64<<10)} }

// begin passes over a byte order mark.
func (w *window) begin() error {
	for len(w.bytes()) < 3 && w.more() {
	}
	b := w.bytes()
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return errors.New("is in UTF-16; save it as UTF-8")
	}
	if bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
		w.use(3, 0)
	}
	return nil
}

// resume goes on at m.
func (w *window) resume(s io.Seeker, m mark) error {
	if _, err := s.Seek(m.offset, io.SeekStart); err != nil {
		return err
	}
	w.start, w.end, w.err = 0, 0, nil
	w.offset, w.line = m.offset, m.line
	return nil
}

// bytes is what can be seen now; it is valid until more or use.
func (w *window) bytes() []byte { return w.buf[w.start:w.end] }

// more widens the window; false at the end of the file, and when the window is full.
func (w *window) more() bool {
	if w.err != nil || w.full() {
		return false
	}
	if w.start > 0 {
		w.end = copy(w.buf, w.buf[w.start:w.end])
		w.start = 0
	}
	if w.end == len(w.buf) {
		w.buf = slices.Grow(w.buf, len(w.buf))[:min(2*len(w.buf), maxEntry+1)]
	}
	for range 100 {
		n, err := w.src.Read(w.buf[w.end:])
		w.end, w.err = w.end+n, err
		if n > 0 || err != nil {
			return n > 0
		}
	}
	w.err = io.ErrNoProgress
	return false
}

// full reports whether one entry has filled all that may be kept.
func (w *window) full() bool { return w.end-w.start > maxEntry }

// failed is the error that ended the reading early; nil at a proper end.
func (w *window) failed() error {
	if w.err == io.EOF {
		return nil
	}
	return w.err
}

// use takes n bytes with so many lines off the front.
func (w *window) use(n, lines int) {
	w.start += n
	w.offset += int64(n)
	w.line += lines
}

// lineEnd returns how long the line at the front is, with its end of line; false when it is longer than an entry may be.
func (w *window) lineEnd() (int, bool) {
	seen := 0
	for {
		b := w.bytes()
		if i := bytes.IndexByte(b[seen:], '\n'); i >= 0 {
			return seen + i + 1, true
		}
		seen = len(b)
		if !w.more() {
			return seen, !w.full()
		}
	}
}

// useLine takes the line at the front, however long.
func (w *window) useLine() {
	for {
		n, whole := w.lineEnd()
		if whole {
			w.use(n, 1)
			return
		}
		w.use(n, 0)
	}
}

// raw is a copy of the first n bytes, shortened, for a RowError.
func (w *window) raw(n int) []byte { return bytes.Clone(w.bytes()[:min(n, maxRaw)]) }
