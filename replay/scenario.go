package replay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/archive"
	"github.com/socialcrm/socialcrm/rule"
)

// Step is one thing that happened: exactly one of its fields is set. Its JSON is a line of a scenario file.
type Step struct {
	Event  *channel.Event `json:"event,omitempty"`
	Action *Action        `json:"action,omitempty"`
}

// at is when the step reaches the Desk; the zero time when it does not say.
func (s Step) at() time.Time {
	if s.Event == nil {
		return s.Action.Time
	}
	at := s.Event.Time
	if at.IsZero() {
		at = s.Event.Message.Time
	}
	if s.Event.Received.After(at) {
		at = s.Event.Received
	}
	return at
}

func (s Step) check() error {
	switch {
	case s.Event == nil && s.Action == nil:
		return errors.New(`holds neither an event nor an action; want {"event":{...}} or {"action":{...}}`)
	case s.Event != nil && s.Action != nil:
		return errors.New("holds both an event and an action; give each its own line")
	case s.Action != nil:
		return s.Action.Check()
	}
	if err := s.Event.Check(); err != nil {
		return err
	}
	if s.at().IsZero() {
		return fmt.Errorf("event %s on %s: time is missing", s.Event.Kind, s.Event.Account)
	}
	return nil
}

// ReadFile reads an archive (package archive), or with archive.JSONLines a scenario. Entries of an archive that cannot be read are returned as bad, and the
// others count; in a scenario each line matters, so the first bad one is the error.
func ReadFile(path string, f archive.Format) (steps []Step, bad []*archive.RowError, err error) {
	if f == archive.JSONLines {
		file, err := os.Open(path)
		if err != nil {
			return nil, nil, fmt.Errorf("replay: %w", err)
		}
		defer file.Close()
		if steps, err = ReadScenario(file); err != nil {
			err = fmt.Errorf("replay: %s: %w", path, errors.Unwrap(err))
		}
		return steps, nil, err
	}
	for event, err := range archive.ReadFile(path, f) {
		if row, ok := errors.AsType[*archive.RowError](err); ok {
			bad = append(bad, row)
			continue
		}
		if err != nil {
			return nil, bad, fmt.Errorf("replay: %w", err)
		}
		steps = append(steps, Step{Event: &event})
	}
	return steps, bad, nil
}

// maxLine is the longest line of a scenario, as in package archive.
const maxLine = 1 << 20

// ReadScenario reads a scenario; the package comment describes the format. The error names the line and what is wrong in it.
func ReadScenario(r io.Reader) ([]Step, error) {
	var steps []Step
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine+2)
	line := 0
	for lines.Scan() {
		line++
		b := lines.Bytes()
		if line == 1 {
			b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
		}
		if b = bytes.TrimSpace(b); len(b) == 0 {
			continue
		}
		step, err := parseStep(b)
		if err != nil {
			return nil, fmt.Errorf("replay: %w", fmt.Errorf("line %d: %w", line, err))
		}
		steps = append(steps, step)
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = errors.New("is longer than 1 MiB")
		}
		return nil, fmt.Errorf("replay: %w", fmt.Errorf("line %d: %w", line+1, err))
	}
	number(steps)
	return steps, nil
}

func parseStep(b []byte) (Step, error) {
	var s Step
	if err := rule.DecodeStrict(b, &s); err != nil {
		if wrong, ok := errors.AsType[*rule.Error](err); ok && wrong.Path != "" {
			err = fmt.Errorf("%s: %w", wrong.Path, wrong.Err)
		} else if ok {
			err = wrong.Err
		}
		return Step{}, err
	}
	return s, s.check()
}

// number gives the messages of accounts whose messages have no order the order of the file, so that ties in time are broken by it.
func number(steps []Step) {
	ordered := make(map[channel.AccountID]bool)
	for _, s := range steps {
		if s.Event != nil && s.Event.Message.Order != "" {
			ordered[s.Event.Account] = true
		}
	}
	for i, s := range steps {
		if s.Event != nil && s.Event.Message.ID != "" && !ordered[s.Event.Account] {
			s.Event.Message.Order = fmt.Sprintf("%010d", i+1)
		}
	}
}
