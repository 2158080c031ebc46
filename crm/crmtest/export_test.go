package crmtest

import (
	"strings"
	"testing"
)

// HTTPFailures returns what RunHTTP finds, of the mishaps whose names begin so.
func HTTPFailures(t *testing.T, h HTTPHarness, begin string) []string {
	r := &recorder{T: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, c := range h.checks() {
			if strings.HasPrefix(c.Name, begin) {
				c.Run(r)
			}
		}
	}()
	<-done
	return r.failures
}
