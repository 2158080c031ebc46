package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// bar is a progress bar on a terminal, and nothing elsewhere.
type bar struct {
	out   io.Writer
	on    bool
	shown int // per mille, so that it is drawn only when something is to be seen
}

const barWidth = 50

func (b *bar) show(done, total int) {
	now := done * 1000 / max(total, 1)
	if !b.on || now == b.shown {
		return
	}
	b.shown = now
	full := now * barWidth / 1000
	fmt.Fprintf(b.out, "\r[%s%s] %3d %%  %d of %d", strings.Repeat("█", full), strings.Repeat("·", barWidth-full), now/10, done, total)
}

// clear leaves the line as it was.
func (b *bar) clear() {
	if b.shown > 0 {
		fmt.Fprint(b.out, "\r\x1b[K")
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
