package archive

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
)

// ReadFile returns the events of the archive at path, in the order of the file. The file is opened when ranging begins and closed when it ends, and the
// sequence can be ranged over again.
//
// An error of type *RowError is one bad entry, its event the zero value, and reading goes on. Any other error is the last pair: the file cannot be read, lacks
// a column, is no JSON.
func ReadFile(path string, f Format) iter.Seq2[channel.Event, error] {
	return func(yield func(channel.Event, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield(channel.Event{}, fmt.Errorf("archive: %w", err))
			return
		}
		defer file.Close()
		read(file, path, f, yield)
	}
}

// Read is ReadFile for a reader, from where it stands. The sequence can be ranged over once. It does not close r.
func Read(r io.Reader, f Format) iter.Seq2[channel.Event, error] {
	return func(yield func(channel.Event, error) bool) { read(r, "", f, yield) }
}

func read(r io.Reader, file string, f Format, yield func(channel.Event, error) bool) {
	called := file
	if called == "" {
		called = string(f)
	}
	fatal := func(err error) { yield(channel.Event{}, fmt.Errorf("archive: read %s: %w", called, err)) }
	if _, err := ParseFormat(string(f)); err != nil {
		yield(channel.Event{}, err)
		return
	}
	var t *trees
	if f == TWCS {
		again, done, err := rereadable(r)
		if err == nil {
			defer done()
			t, err = readTrees(again, file)
		}
		if err != nil {
			fatal(err)
			return
		}
		r = again
	}
	d, err := newDecoder(r, file, f, t)
	if err != nil {
		fatal(err)
		return
	}
	for {
		event, err := d.next()
		if err == io.EOF {
			return
		}
		if err != nil && !isRowError(err) {
			fatal(err)
			return
		}
		if !yield(event, err) {
			return
		}
	}
}

// rereadable returns r as something that can be read twice: itself, or a temporary copy which done removes.
func rereadable(r io.Reader) (again io.ReadSeeker, done func(), err error) {
	if s, ok := r.(io.ReadSeeker); ok {
		if _, err := s.Seek(0, io.SeekCurrent); err == nil { // a pipe has Seek too, and refuses
			return s, func() {}, nil
		}
	}
	temp, err := os.CreateTemp("", "archive-*.csv")
	if err != nil {
		return nil, nil, fmt.Errorf("copy to a temporary file: %w", err)
	}
	done = func() {
		temp.Close()
		os.Remove(temp.Name())
	}
	if _, err = io.Copy(temp, r); err == nil {
		_, err = temp.Seek(0, io.SeekStart)
	}
	if err != nil {
		done()
		return nil, nil, fmt.Errorf("copy to a temporary file: %w", err)
	}
	return temp, done, nil
}

// Accounts ranges over events and returns the accounts they are of, sorted, each with Since at its earliest event, so that a Desk which is given these
// accounts takes no event for history. Bad entries are passed over; any other error is returned.
func Accounts(events iter.Seq2[channel.Event, error]) ([]channel.Account, error) {
	found := make(map[channel.AccountID]channel.Account)
	for event, err := range events {
		if isRowError(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		when := event.Time
		if when.IsZero() {
			when = event.Message.Time
		}
		a, ok := found[event.Account]
		if !ok {
			a = channel.Account{AccountID: event.Account, Name: event.Account.ID}
		}
		if a.Since.IsZero() || !when.IsZero() && when.Before(a.Since) {
			a.Since = when
		}
		found[event.Account] = a
	}
	return slices.SortedFunc(maps.Values(found), func(a, b channel.Account) int {
		return cmp.Or(strings.Compare(a.Platform, b.Platform), strings.Compare(a.ID, b.ID))
	}), nil
}

// RowError is one entry of an archive that could not be read: a row, a line, or a message of a dialogue.
type RowError struct {
	File     string            // the path given to ReadFile; empty for a reader
	Line     int               // where the entry begins, from 1; 0 in a conversations file
	Row      int               // which entry it is, from 1, the header not counted; in a conversations file which message of the dialogue, 0 for all
	Dialogue int               // in a conversations file: which dialogue, from 1; 0 in others
	Field    string            // the column or field that is wrong; empty for the whole
	Reason   string            // what is wrong with it
	Account  channel.AccountID // whose it was, where that is known
	Raw      []byte            // the entry as it is in the file; its beginning, where it is long
}

// Where names the place in the file: "line 12 (row 11): created_at".
func (e *RowError) Where() string {
	where := fmt.Sprintf("line %d (row %d)", e.Line, e.Row)
	if e.Dialogue > 0 {
		where = fmt.Sprintf("dialogue %d", e.Dialogue)
		if e.Row > 0 {
			where += fmt.Sprintf(", message %d", e.Row)
		}
	}
	if e.Field != "" {
		where += ": " + e.Field
	}
	return where
}

// Error returns the place and the reason: `archive: twcs.csv: line 12 (row 11): created_at: "soon" is no time`.
func (e *RowError) Error() string {
	file := ""
	if e.File != "" {
		file = e.File + ": "
	}
	return "archive: " + file + e.Where() + ": " + e.Reason
}

func isRowError(err error) bool {
	_, ok := errors.AsType[*RowError](err)
	return ok
}
