package storetest

import "testing"

func TestMemoryPassesTheKit(t *testing.T) {
	t.Parallel()
	Run(t, MemoryHarness())
}
