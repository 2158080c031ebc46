package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// Source is a channel.Poller of an archive file. Its cursor is a place in the file, so that a Desk which is started again goes on where it stopped. A file
// of JSON Lines may grow by whole lines; the others must not change. Its methods may be called from several goroutines at once.
type Source struct {
	name   string
	path   string
	format Format

	// BatchSize is how many messages a Poll brings, 0 for 500. A dialogue is not divided, and a batch ends after some 4 MiB in any case. Set it before
	// the first Poll.
	BatchSize int

	mu    sync.Mutex
	trees *trees // of a file of this size and time
	size  int64
	time  time.Time
}

const (
	defaultBatch  = 500
	maxBatchBytes = 4 << 20
)

var _ channel.Poller = (*Source)(nil)

// NewSource returns a Source of the file at path. The name is the source's among those of the Desk; see channel.Source. The file is opened by Poll only.
func NewSource(name, path string, f Format) *Source {
	return &Source{name: name, path: path, format: f}
}

// Name returns the name given to NewSource.
func (s *Source) Name() string { return s.name }

// Poll returns the next batch after the cursor; bad entries are in Batch.Bad. At the end of the file batches are empty and their cursor stays. The first Poll of
// a TWCS file takes longer, as it reads the IDs of the whole file.
//
// Its error is a *remote.Error: NotFound for a missing file, Unavailable when it cannot be read or ctx ended, Rejected for a file that is not of the format
// (or from some place on no longer is: what comes before that has been returned) and for a cursor that is not of this file.
func (s *Source) Poll(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch, err := s.poll(ctx, after)
	if err == nil {
		return batch, nil
	}
	kind := remote.Rejected
	switch _, onDisk := errors.AsType[*fs.PathError](err); {
	case errors.Is(err, fs.ErrNotExist):
		kind = remote.NotFound
	case onDisk, ctx.Err() != nil:
		kind = remote.Unavailable
	}
	return channel.Batch{}, &remote.Error{Op: "archive: poll " + s.name, Kind: kind, Err: err}
}

func (s *Source) poll(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
	if err := ctx.Err(); err != nil {
		return channel.Batch{}, err
	}
	if _, err := ParseFormat(string(s.format)); err != nil {
		return channel.Batch{}, err
	}
	from, err := parseCursor(after)
	if err != nil {
		return channel.Batch{}, fmt.Errorf("cursor %q: %w", after, err)
	}
	file, err := os.Open(s.path)
	if err != nil {
		return channel.Batch{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return channel.Batch{}, err
	}
	if from.offset > info.Size() {
		return channel.Batch{}, fmt.Errorf("cursor %q: the file has only %d bytes, so it is another one", after, info.Size())
	}
	batch, err := s.decode(ctx, file, info, from)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("read %s: %w", s.path, err)
	}
	return batch, err
}

func (s *Source) decode(ctx context.Context, file *os.File, info fs.FileInfo, from mark) (channel.Batch, error) {
	if err := s.indexFor(file, info); err != nil {
		return channel.Batch{}, err
	}
	d, err := newDecoder(file, s.path, s.format, s.trees)
	if err != nil {
		return channel.Batch{}, err
	}
	if from != (mark{}) {
		if err := d.resume(file, from); err != nil {
			return channel.Batch{}, err
		}
	}
	return s.fill(ctx, d, from)
}

// indexFor sees to it that the trees are of this file.
func (s *Source) indexFor(file *os.File, info fs.FileInfo) (err error) {
	if s.format != TWCS || s.trees != nil && s.size == info.Size() && s.time.Equal(info.ModTime()) {
		return nil
	}
	s.trees, err = readTrees(file, s.path)
	s.size, s.time = info.Size(), info.ModTime()
	return err
}

// fill reads until the batch is full. An error that ends the reading waits for the next Poll when there is something to return before it.
func (s *Source) fill(ctx context.Context, d decoder, from mark) (channel.Batch, error) {
	limit := s.BatchSize
	if limit <= 0 {
		limit = defaultBatch
	}
	batch := channel.Batch{Cursor: from.cursor()}
	if from == (mark{}) {
		batch.Cursor = ""
	}
	for {
		at, whole := d.mark()
		n := len(batch.Events) + len(batch.Bad)
		if n > 0 && whole {
			batch.Cursor = at.cursor()
		}
		if whole && (n >= limit || n > 0 && at.offset-from.offset >= maxBatchBytes) {
			batch.More = true
			return batch, nil
		}
		if err := ctx.Err(); err != nil {
			return channel.Batch{}, err
		}
		event, err := d.next()
		if err == io.EOF {
			return batch, nil
		}
		if bad, ok := errors.AsType[*RowError](err); ok {
			batch.Bad = append(batch.Bad, channel.Bad{Account: bad.Account, Where: bad.Where(), Reason: bad.Reason, Raw: bad.Raw})
			continue
		}
		if err != nil && n > 0 {
			batch.More = true
			return batch, nil
		}
		if err != nil {
			return channel.Batch{}, err
		}
		batch.Events = append(batch.Events, event)
	}
}
