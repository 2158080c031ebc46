package channeltest

import (
	"context"
	"strings"
)

// Failures returns what Run finds, of the checks whose names begin so.
func Failures(ctx context.Context, h Harness, begin string) (all []string) {
	for _, c := range checks() {
		if strings.HasPrefix(c.name, begin) {
			all = append(all, record(ctx, c, h)...)
		}
	}
	return all
}
