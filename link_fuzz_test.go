package socialcrm

import (
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
)

// FuzzLinkIn lets customers write anything around, and instead of, a token: only what the Desk sealed itself opens, wherever it stands.
func FuzzLinkIn(f *testing.F) {
	d := &Desk{cfg: Config{LinkKey: []byte("sixteen bytes or more"), Tenant: "ao"}}
	until := time.Unix(1772445600, 0)
	token := d.sealLink("abcdefghijklm", until)
	f.Add("hello ", "!")
	f.Add("sc-", "-sc-")
	f.Add(token[:20], token[20:])
	f.Add("sc-a-b-c", "-")
	f.Fuzz(func(t *testing.T, before, after string) {
		if got, id, _, ok := d.linkIn(&channel.Message{Text: before + after}); ok && got != token {
			t.Errorf("%q opened ticket %s", got, id)
		}
		edge := strings.HasPrefix(after, "-") || after != "" && tokenByte(after[0])
		if _, id, at, ok := d.linkIn(&channel.Message{Text: before + token + after}); !edge && !(ok && id == "abcdefghijklm" && at.Equal(until)) {
			t.Errorf("the token was not found in %q", before+token+after)
		}
	})
}
