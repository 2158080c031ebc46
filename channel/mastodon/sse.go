package mastodon

import (
	"bufio"
	"bytes"
	"io"
)

// maxEvent bounds the data of one event in bytes.
const maxEvent = 1 << 20

// sse is one server-sent event.
type sse struct {
	name    string
	data    []byte
	tooLong bool // it had more than maxEvent bytes, and data is empty
}

// sseReader reads server-sent events as WHATWG's HTML Standard (9.2.6) has it. What follows the last empty line is no event.
type sseReader struct {
	r *bufio.Reader
}

func newSSEReader(r io.Reader) *sseReader {
	return &sseReader{bufio.NewReaderSize(r, 16<<10)}
}

// next returns the next event that has data. Comments, by which servers show that they are still there, are passed over.
func (s *sseReader) next() (sse, error) {
	var e sse
	some := false
	for {
		line, whole, err := s.line()
		if err != nil {
			return sse{}, err
		}
		if !whole {
			e.tooLong = true
		}
		if len(line) == 0 && whole {
			if some || e.tooLong {
				return e, nil
			}
			e = sse{}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte{':'})
		value = bytes.TrimPrefix(value, []byte{' '})
		switch string(field) {
		case "event":
			e.name = string(value[:min(len(value), 100)])
		case "data":
			if some && !e.tooLong {
				e.data = append(e.data, '\n')
			}
			some = true
			if len(e.data)+len(value) > maxEvent {
				e.tooLong = true
			}
			if e.tooLong {
				e.data = nil
			} else {
				e.data = append(e.data, value...)
			}
		}
	}
}

// line returns a line without its end, at most maxEvent bytes of it, and whether that is all of it.
func (s *sseReader) line() (line []byte, whole bool, err error) {
	whole = true
	for {
		part, err := s.r.ReadSlice('\n')
		if err != nil && err != bufio.ErrBufferFull {
			return nil, false, err
		}
		if room := maxEvent + len("data: ") + 2 - len(line); len(part) > room {
			line, whole = append(line, part[:room]...), false
		} else {
			line = append(line, part...)
		}
		if err == nil {
			return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'}), whole, nil
		}
	}
}
