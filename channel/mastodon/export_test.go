package mastodon

import "io"

// What tests of this package's own parsers need.
var (
	PlainText       = plainText
	Counter         = counter
	Counted         = counted
	Newer           = newer
	StreamingBase   = streamingBase
	Narrower        = narrower
	MentionsWhole   = mentions
	MaxEvent        = maxEvent
	IdempotencyKey  = idempotencyKey
	ComparableWords = comparable
)

// ReadSSE reads a stream to its end and hands on each event.
func ReadSSE(r io.Reader, each func(name string, data []byte, tooLong bool)) error {
	events := newSSEReader(r)
	for {
		e, err := events.next()
		if err != nil {
			return err
		}
		each(e.name, e.data, e.tooLong)
	}
}

// Understand decodes one event of the stream and reports whether it is of use.
func (c *Channel) Understand(name string, data []byte) (any, bool, error) {
	n, ok, err := c.understand(sse{name: name, data: data})
	return n.event, ok, err
}
