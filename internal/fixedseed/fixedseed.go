// Package fixedseed makes the laws of a package (rapid) try the same cases in every run: a test imports it for its effect. A failure then belongs to the
// change that is tested and comes again for whoever looks into it. `go test -rapid.seed=0 -rapid.checks=10000` draws new cases.
package fixedseed

import (
	"flag"

	_ "pgregory.net/rapid" // registers the flag
)

// The command line is read after this and goes first.
var _ = flag.Set("rapid.seed", "1")
