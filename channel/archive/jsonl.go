package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/rule"
)

// jsonLines reads the format JSONLines.
type jsonLines struct {
	w    *window
	file string
	row  int
}

func (l *jsonLines) mark() (mark, bool) { return mark{l.w.offset, l.w.line, l.row}, true }

func (l *jsonLines) resume(s io.Seeker, m mark) error {
	l.row = m.record
	return l.w.resume(s, m)
}

func (l *jsonLines) next() (channel.Event, error) {
	for {
		size, whole := l.w.lineEnd()
		if size == 0 || l.w.failed() != nil && l.w.bytes()[size-1] != '\n' {
			if err := l.w.failed(); err != nil {
				return channel.Event{}, err
			}
			return channel.Event{}, io.EOF
		}
		line := l.w.line + 1
		if !whole {
			raw := l.w.raw(maxRaw)
			l.w.useLine()
			l.row++
			return channel.Event{}, &RowError{File: l.file, Line: line, Row: l.row, Reason: tooLong, Raw: raw}
		}
		b := bytes.TrimSpace(l.w.bytes()[:size])
		if len(b) == 0 {
			l.w.use(size, 1)
			continue
		}
		l.row++
		event, field, err := parseEvent(b)
		if err != nil {
			bad := &RowError{File: l.file, Line: line, Row: l.row, Field: field, Reason: err.Error(), Account: event.Account, Raw: l.w.raw(len(b))}
			l.w.use(size, 1)
			return channel.Event{}, bad
		}
		l.w.use(size, 1)
		return event, nil
	}
}

// parseEvent reads a line strictly; field is where the error is.
func parseEvent(b []byte) (event channel.Event, field string, err error) {
	var line struct {
		Event  *channel.Event  `json:"event"`
		Action json.RawMessage `json:"action"`
	}
	err = rule.DecodeStrict(b, &line)
	if line.Event != nil {
		event = *line.Event
	}
	if line.Action != nil {
		return event, "action", errors.New("is not for an archive, which holds events only; package replay reads both")
	}
	if wrong, ok := errors.AsType[*rule.Error](err); ok {
		return event, wrong.Path, wrong.Err
	}
	if err == nil && line.Event == nil {
		err = errors.New(`holds no event; want {"event":{...}}`)
	}
	if err == nil {
		err = event.Check()
	}
	return event, "", err
}

// Writer writes events as JSON Lines. It is for one goroutine at a time.
type Writer struct {
	w   io.Writer
	buf bytes.Buffer
}

// NewWriter returns a Writer to w. Every event is one Write; give it a bufio.Writer where that is slow, and flush that at the end.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Write writes one event as a line. What it has written is read back equal, times by their instant and empty lists and maps as nil, except that bad UTF-8
// becomes U+FFFD. It refuses an event that could not be read back: one that Event.Check finds wanting, with a time zone that JSON cannot hold, or longer than
// 1 MiB.
func (w *Writer) Write(event channel.Event) error {
	if err := event.Check(); err != nil {
		return fmt.Errorf("archive: write: %w", err)
	}
	w.buf.Reset()
	encoder := json.NewEncoder(&w.buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(struct {
		Event *channel.Event `json:"event"`
	}{&event}); err != nil {
		return fmt.Errorf("archive: write event %s of %s: %w", event.DedupeKey(), event.Account, err)
	}
	if w.buf.Len()-1 > maxEntry { // the line end is not counted
		return fmt.Errorf("archive: write event %s of %s: %s", event.DedupeKey(), event.Account, tooLong)
	}
	if _, err := w.w.Write(w.buf.Bytes()); err != nil {
		return fmt.Errorf("archive: write event %s of %s: %w", event.DedupeKey(), event.Account, err)
	}
	return nil
}
