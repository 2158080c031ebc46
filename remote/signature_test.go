package remote_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/socialcrm/socialcrm/remote"
)

func keys(ks ...string) [][]byte {
	var out [][]byte
	for _, k := range ks {
		out = append(out, []byte(k))
	}
	return out
}

// The keys and messages are those of RFC 2202 (HMAC-SHA-1, case 2) and RFC 4231 (HMAC-SHA-256, case 2).
func TestSignatureMatchesTheStandardsVectors(t *testing.T) {
	t.Parallel()
	message := []byte("what do ya want for nothing?")
	for _, c := range []struct {
		name string
		sig  remote.Signature
		want string
	}{
		{"SHA-256 in hex", remote.Signature{Prefix: "sha256=", Keys: keys("Jefe")},
			"sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{"SHA-256 in base64", remote.Signature{Encoding: remote.Base64, Keys: keys("Jefe")}, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="},
		{"SHA-1 in hex", remote.Signature{Hash: remote.SHA1, Keys: keys("", "Jefe", "new")}, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
	} {
		got, err := c.sig.Sign(message)
		if err != nil || got != c.want {
			t.Errorf("%s: Sign = %q, %v; want %q", c.name, got, err, c.want)
		}
		if err := c.sig.Check(c.want, message[:4], message[4:]); err != nil {
			t.Errorf("%s: Check in parts: %v", c.name, err)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	body := []byte(`{"object":"page"}`)
	hub := remote.Signature{Header: "X-Hub-Signature-256", Prefix: "sha256=", Keys: keys("old secret", "new secret")}
	good, err := remote.Signature{Prefix: "sha256=", Keys: keys("new secret")}.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	withKeys := func(ks ...string) remote.Signature { s := hub; s.Keys = keys(ks...); return s }
	empty, _ := remote.Signature{Prefix: "sha256=", Keys: keys("x")}.Sign()
	for _, c := range []struct {
		name   string
		sig    remote.Signature
		header []string
		body   []byte
		want   string // "" verifies
	}{
		{"the newer of two keys", hub, []string{good}, body, ""},
		{"upper case", hub, []string{"sha256=" + strings.ToUpper(good[7:])}, body, ""},
		{"no header", hub, nil, body, "header X-Hub-Signature-256 is missing"},
		{"two headers", hub, []string{good, good}, body, "header X-Hub-Signature-256 is there 2 times"},
		{"empty header", hub, []string{""}, body, `header X-Hub-Signature-256 does not begin with "sha256="`},
		{"prefix alone", hub, []string{"sha256="}, body, "header X-Hub-Signature-256 does not match"},
		{"other prefix", hub, []string{"sha1=" + good[7:]}, body, `header X-Hub-Signature-256 does not begin with "sha256="`},
		{"not hex", hub, []string{"sha256=" + strings.Repeat("zz", 32)}, body, "header X-Hub-Signature-256 is not written in hex"},
		{"cut short", hub, []string{good[:len(good)-2]}, body, "header X-Hub-Signature-256 does not match"},
		{"longer", hub, []string{good + "00"}, body, "header X-Hub-Signature-256 does not match"},
		{"other body", hub, []string{good}, append(bytes.Clone(body), ' '), "header X-Hub-Signature-256 does not match"},
		{"other key", withKeys("guess"), []string{good}, body, "header X-Hub-Signature-256 does not match"},
		{"no keys", withKeys(), []string{good}, body, "no key to check header X-Hub-Signature-256 with"},
		{"only an empty key", withKeys(""), []string{empty}, nil, "no key to check header X-Hub-Signature-256 with"},
	} {
		h := http.Header{}
		for _, v := range c.header {
			h.Add(c.sig.Header, v)
		}
		err := c.sig.Verify(h, c.body)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (!errors.Is(err, remote.ErrSignature) || err.Error() != "signature refused: "+c.want):
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		case err != nil && strings.Contains(err.Error(), good[7:]):
			t.Errorf("%s: the error tells the right signature: %v", c.name, err)
		}
	}
}

func TestBase64SignatureHasOneSpelling(t *testing.T) {
	t.Parallel()
	s := remote.Signature{Encoding: remote.Base64, Keys: keys("k")}
	good, _ := s.Sign([]byte("body"))
	for _, bad := range []string{good[:20] + "\n" + good[20:], strings.TrimRight(good, "="), good + "=", good[:len(good)-2] + "/="} {
		if bad != good && s.Check(bad, []byte("body")) == nil {
			t.Errorf("%q verifies beside %q", bad, good)
		}
	}
}

func TestSignWithoutAKeySignsNothing(t *testing.T) {
	t.Parallel()
	if got, err := (remote.Signature{Keys: keys("")}).Sign([]byte("x")); got != "" || !errors.Is(err, remote.ErrSignature) {
		t.Errorf("Sign = %q, %v", got, err)
	}
}

func TestSecretMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		given   string
		secrets []string
		want    bool
	}{
		{"new", []string{"old", "new"}, true},
		{"other", []string{"old", "new"}, false},
		{"", []string{""}, false},
		{"", nil, false},
		{"old ", []string{"old"}, false},
		{"old", []string{"old", "old"}, true},
	} {
		if got := remote.SecretMatches(c.given, c.secrets...); got != c.want {
			t.Errorf("SecretMatches(%q, %q) = %t", c.given, c.secrets, got)
		}
	}
}

func FuzzSignature(f *testing.F) {
	f.Add("sha256=00", []byte("{}"), []byte("key"), false)
	f.Add("sha256=AAAA", []byte(""), []byte(""), true)
	f.Fuzz(func(t *testing.T, value string, body, key []byte, b64 bool) {
		s := remote.Signature{Header: "S", Prefix: "sha256=", Keys: [][]byte{key}}
		if b64 {
			s.Encoding = remote.Base64
		}
		right, err := s.Sign(body)
		if (err == nil) != (len(key) > 0) {
			t.Fatalf("Sign with key %q: %v", key, err)
		}
		same := strings.EqualFold(value, right)
		if b64 {
			same = value == right
		}
		if got := s.Verify(http.Header{"S": {value}}, body) == nil; got && !same {
			t.Errorf("%q verifies, the signature is %q", value, right)
		}
		if err == nil && s.Verify(http.Header{"S": {right}}, body) != nil {
			t.Errorf("%q does not verify what it signed", right)
		}
	})
}

func BenchmarkSignatureVerify(b *testing.B) {
	body := bytes.Repeat([]byte("a"), 4<<10)
	s := remote.Signature{Header: "X-Hub-Signature-256", Prefix: "sha256=", Keys: keys("secret")}
	value, err := s.Sign(body)
	if err != nil {
		b.Fatal(err)
	}
	h := http.Header{"X-Hub-Signature-256": {value}}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Verify(h, body); err != nil {
			b.Fatal(err)
		}
	}
}
