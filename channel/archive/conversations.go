package archive

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
)

const maxDialogue = 16 << 20

// conversations reads the format Conversations.
type conversations struct {
	file     string
	src      *allowance
	dec      *json.Decoder
	base     int64 // where in the file the decoder began
	dialogue int
	message  int
	queue    []result // what is left of the current dialogue
}

type result struct {
	event channel.Event
	err   error
}

// allowance ends the reading of a dialogue that is too long.
type allowance struct {
	r    io.Reader
	left int
}

var errLongDialogue = errors.New("is longer than 16 MiB")

func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, errLongDialogue
	}
	n, err := a.r.Read(p)
	a.left -= n
	return n, err
}

func newConversations(r io.Reader, file string) (*conversations, error) {
	c := &conversations{file: file, src: &allowance{r, maxDialogue}}
	b := bufio.NewReaderSize(c.src, 16)
	if begin, _ := b.Peek(3); string(begin) == "\xef\xbb\xbf" {
		n, _ := b.Discard(3)
		c.base = int64(n)
	} else if bytes.HasPrefix(begin, []byte("\xff\xfe")) || bytes.HasPrefix(begin, []byte("\xfe\xff")) {
		return nil, errors.New("is in UTF-16; save it as UTF-8")
	}
	c.dec = json.NewDecoder(b)
	t, err := c.dec.Token()
	if err == io.EOF {
		return nil, errors.New("is empty; want an array of dialogues")
	}
	if err != nil {
		return nil, err
	}
	if t != json.Delim('[') {
		return nil, errors.New("want an array of dialogues")
	}
	return c, nil
}

func (c *conversations) mark() (mark, bool) {
	return mark{c.base + c.dec.InputOffset(), c.dialogue, c.message}, len(c.queue) == 0
}

func (c *conversations) resume(s io.Seeker, m mark) error {
	if m.offset == 0 {
		return nil // the decoder is there
	}
	if _, err := s.Seek(m.offset, io.SeekStart); err != nil {
		return err
	}
	c.src.left = maxDialogue
	b := bufio.NewReaderSize(c.src.r, 512)
	// What follows is a comma and a dialogue, or the end. To the decoder it is made to look like the beginning of the array.
	passed := 0
	for comma := false; ; passed++ {
		ch, err := b.ReadByte()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if ch == ',' && !comma {
			comma = true
		} else if !strings.ContainsRune(" \t\r\n", rune(ch)) {
			if err := b.UnreadByte(); err != nil {
				return err
			}
			break
		}
	}
	ahead, _ := b.Peek(b.Buffered())
	c.src = &allowance{io.MultiReader(strings.NewReader("["), bytes.NewReader(bytes.Clone(ahead)), c.src.r), maxDialogue}
	c.dec = json.NewDecoder(c.src)
	c.base = m.offset + int64(passed) - 1
	c.dialogue, c.message, c.queue = m.line, m.record, nil
	_, err := c.dec.Token()
	return err
}

func (c *conversations) next() (channel.Event, error) {
	for len(c.queue) == 0 {
		if err := c.readDialogue(); err != nil {
			return channel.Event{}, err
		}
	}
	first := c.queue[0]
	c.queue = c.queue[1:]
	return first.event, first.err
}

// readDialogue fills the queue with the next dialogue. Only an error of its own syntax, after which nothing can be understood, ends the reading.
func (c *conversations) readDialogue() error {
	c.src.left = maxDialogue
	if !c.dec.More() {
		return c.readEnd()
	}
	var raw json.RawMessage
	if err := c.dec.Decode(&raw); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("dialogue %d: %w", c.dialogue+1, err)
	}
	c.dialogue++
	c.queue = nil
	var d struct {
		Header struct {
			Company json.RawMessage `json:"company"`
		} `json:"dialogHeader"`
		Content []json.RawMessage `json:"dialogContent"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		var wrong *json.UnmarshalTypeError
		reason := err.Error()
		if errors.As(err, &wrong) {
			reason = "is a JSON " + wrong.Value
		}
		e := c.bad(0, fieldOf(wrong), reason, raw)
		c.queue = append(c.queue, result{err: e})
		return nil
	}
	if d.Content == nil { // not even an empty array
		field, reason := "dialogContent", "is missing; want an array of messages"
		if string(raw) == "null" {
			field, reason = "", "is null; want an object with dialogContent"
		}
		c.queue = append(c.queue, result{err: c.bad(0, field, reason, raw)})
		return nil
	}
	c.readMessages(scalar(d.Header.Company), d.Content)
	return nil
}

func fieldOf(e *json.UnmarshalTypeError) string {
	if e == nil {
		return ""
	}
	return e.Field
}

// readEnd checks what follows the last dialogue.
func (c *conversations) readEnd() error {
	if _, err := c.dec.Token(); err != nil {
		if err == io.EOF {
			err = errors.New("the file ends within the array")
		}
		return fmt.Errorf("after dialogue %d: %w", c.dialogue, err)
	}
	_, err := c.dec.Token()
	if err == io.EOF {
		return io.EOF
	}
	if err == nil {
		err = errors.New("data after the array")
	}
	return err
}

// bad is the error for a message of the current dialogue, counted from 1; 0 for all of it.
func (c *conversations) bad(message int, field, reason string, raw []byte) *RowError {
	return &RowError{
		File: c.file, Dialogue: c.dialogue, Row: message, Field: field, Reason: reason, Raw: bytes.Clone(raw[:min(len(raw), maxRaw)]),
	}
}

// readMessages makes events of a dialogue's messages.
func (c *conversations) readMessages(company string, content []json.RawMessage) {
	parsed := make([]utterance, len(content))
	spelling := make(map[string]string) // handles of who takes part, by lower case
	for i, raw := range content {
		parsed[i] = parseUtterance(raw)
		u := &parsed[i]
		if company == "" && u.agent {
			company = u.author
		}
		if lower := strings.ToLower(u.author); spelling[lower] == "" {
			spelling[lower] = u.author
		}
	}
	if company == "" {
		company = UnknownAccount
	}
	var thread, latest string
	for i := range parsed {
		u := &parsed[i]
		c.message++
		if u.label {
			continue
		}
		if thread == "" {
			thread = u.id
		}
		if u.reason != "" {
			bad := c.bad(i+1, u.field, u.reason, content[i])
			bad.Account = channel.AccountID{Platform: Platform, ID: company}
			c.queue = append(c.queue, result{err: bad})
			continue
		}
		kind := channel.MessageReceived
		if u.agent {
			kind = channel.MessageEchoed
		}
		e := tweet(kind, company, u.id, u.author, u.text, u.when, c.message)
		e.Message.Thread = thread
		for k, m := range e.Message.Mentions {
			if known := spelling[strings.ToLower(m)]; known != "" {
				e.Message.Mentions[k] = known
			}
		}
		if u.agent {
			e.Message.Parent = latest
		} else {
			latest = u.id
		}
		c.queue = append(c.queue, result{event: e})
	}
}
