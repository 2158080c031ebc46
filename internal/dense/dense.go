// Package dense makes JSON that is short for what it holds, to see how much memory a decoder takes for it.
package dense

import (
	"runtime"
	"strings"

	"github.com/socialcrm/socialcrm/remote"
)

// size is how long a document may be, in bytes: what a remote.Client takes, unless told otherwise.
const size = 10 << 20

// Most returns the document with as many of the element, in place of the … of the frame, as remote.CheckValues lets pass.
func Most(frame, element string) []byte {
	n := 1
	for step := remote.MaxValues; step > 0; step /= 2 {
		if remote.CheckValues(filled(frame, element, n+step)) == nil {
			n += step
		}
	}
	return filled(frame, element, n)
}

// Full returns the document with as many as fit into what a client takes.
func Full(frame, element string) []byte {
	return filled(frame, element, (size-len(frame))/(len(element)+1))
}

func filled(frame, element string, n int) []byte {
	head, tail, _ := strings.Cut(frame, "…")
	return []byte(head + strings.Repeat(element+",", n-1) + element + tail)
}

// Bound is how much memory a document may take, in bytes, what is freed again included: twenty times what a client takes for an answer.
const Bound = 20 * size

// Allocated returns how many bytes fn allocates, and everything else that runs meanwhile: call it from a test that does not run beside others.
func Allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
