package bench

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/socialcrm/socialcrm/remote"
)

// The question: is a webhook call of 4 KB signed with our secret?

const header = "X-Hub-Signature-256"

var (
	secret    = []byte("the secret of the app")
	body      = bytes.Repeat([]byte(`{"id":"1","text":"hi"}`), 186)
	signature = remote.Signature{Header: header, Prefix: "sha256=", Keys: [][]byte{secret}}
)

func verifyByHand(h http.Header, body []byte) bool {
	given, err := hex.DecodeString(strings.TrimPrefix(h.Get(header), "sha256="))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	return hmac.Equal(given, mac.Sum(nil))
}

func verifyByRemote(h http.Header, body []byte) bool { return signature.Verify(h, body) == nil }

var sides = []struct {
	by     string
	verify func(http.Header, []byte) bool
}{{"by=remote", verifyByRemote}, {"by=hand", verifyByHand}}

func signed(tb testing.TB) http.Header {
	value, err := signature.Sign(body)
	if err != nil {
		tb.Fatal(err)
	}
	return http.Header{header: {value}}
}

func TestSignaturesAgree(t *testing.T) {
	right, wrong := signed(t), http.Header{header: {"sha256=" + strings.Repeat("0", 64)}}
	for _, side := range sides {
		if !side.verify(right, body) || side.verify(wrong, body) || side.verify(right, body[1:]) || side.verify(http.Header{}, body) {
			t.Errorf("%s: want the signed call taken, and a forged, an altered and an unsigned one refused", side.by)
		}
	}
}

func BenchmarkSignature(b *testing.B) {
	h := signed(b)
	for _, side := range sides {
		b.Run(side.by, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				side.verify(h, body)
			}
		})
	}
}
