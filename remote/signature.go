package remote

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"strings"
)

// ErrSignature is what every failed verification is: errors.Is(err, ErrSignature). Answer such a call with 401 and read nothing of its body.
var ErrSignature = errors.New("signature refused")

// Hash is the hash function inside an HMAC.
type Hash uint8

const (
	// SHA256, the zero value, is what platforms should use.
	SHA256 Hash = iota
	// SHA1 is only for platforms that offer nothing better.
	SHA1
)

// Encoding is how the bytes of a signature are written in a header.
type Encoding uint8

const (
	// Hex, the zero value: upper or lower case is accepted, lower case is written.
	Hex Encoding = iota
	// Base64 is standard base64 with padding.
	Base64
)

// Signature is an HMAC (RFC 2104) over a webhook's body in one header, as Meta, X, Discourse, Zendesk and many others send it. It is a value; copies may be
// used concurrently. Do not print it: it holds its keys.
//
//	meta := remote.Signature{Header: "X-Hub-Signature-256", Prefix: "sha256=", Keys: [][]byte{appSecret}}
//	x := remote.Signature{Header: "X-Twitter-Webhooks-Signature", Prefix: "sha256=", Encoding: remote.Base64, Keys: [][]byte{consumerSecret}}
type Signature struct {
	// Header is the name of the header that carries the signature. It must be there exactly once.
	Header string
	// Prefix is what stands before the signature, for example "sha256=". Empty: nothing.
	Prefix string
	// Encoding is hex unless it says otherwise.
	Encoding Encoding
	// Hash is SHA-256 unless it says otherwise.
	Hash Hash
	// Keys are the secrets. Any of them may have signed, so that a secret can be changed without losing calls; the first one signs. Empty keys are
	// ignored, and without a key nothing verifies.
	Keys [][]byte
}

// Verify checks the signature in header over the parts, joined without anything between them: usually the one part is the raw body, exactly as it came,
// before any parsing. The comparison takes the same time wherever a difference is. The error, an ErrSignature, says what is wrong with the header and
// never what would have been right.
func (s Signature) Verify(header http.Header, parts ...[]byte) error {
	switch values := header.Values(s.Header); len(values) {
	case 0:
		return fmt.Errorf("%w: header %s is missing", ErrSignature, s.Header)
	case 1:
		return s.Check(values[0], parts...)
	default:
		return fmt.Errorf("%w: header %s is there %d times", ErrSignature, s.Header, len(values))
	}
}

// Check is Verify for a signature that was found elsewhere than in a header of its own, for example as one of a list.
func (s Signature) Check(value string, parts ...[]byte) error {
	encoded, ok := strings.CutPrefix(value, s.Prefix)
	if !ok {
		return fmt.Errorf("%w: %s does not begin with %q", ErrSignature, s.where(), s.Prefix)
	}
	given, err := s.decode(encoded)
	if err != nil {
		return fmt.Errorf("%w: %s is not written in %s", ErrSignature, s.where(), s.Encoding)
	}
	match, keys := false, 0
	for _, key := range s.Keys {
		if len(key) == 0 {
			continue
		}
		keys++
		if hmac.Equal(given, s.sum(key, parts)) {
			match = true
		}
	}
	switch {
	case keys == 0:
		return fmt.Errorf("%w: no key to check %s with", ErrSignature, s.where())
	case !match:
		return fmt.Errorf("%w: %s does not match", ErrSignature, s.where())
	}
	return nil
}

// Sign returns the header value for the parts, prefix included, made with the first key that is not empty. It is for calls that we send, for challenges
// (X's CRC asks for its token signed this way), and for tests. Without a key it returns an ErrSignature.
func (s Signature) Sign(parts ...[]byte) (string, error) {
	for _, key := range s.Keys {
		if len(key) == 0 {
			continue
		}
		sum := s.sum(key, parts)
		if s.Encoding == Base64 {
			return s.Prefix + base64.StdEncoding.EncodeToString(sum), nil
		}
		return s.Prefix + hex.EncodeToString(sum), nil
	}
	return "", fmt.Errorf("%w: no key to sign with", ErrSignature)
}

// SecretMatches reports whether given is one of the secrets, for platforms that send a shared secret instead of a signature (Telegram's secret token,
// Meta's verify token). It takes the same time wherever a difference is. Empty secrets never match.
func SecretMatches(given string, secrets ...string) bool {
	got, match := sha256.Sum256([]byte(given)), 0
	for _, s := range secrets {
		if s == "" {
			continue
		}
		want := sha256.Sum256([]byte(s))
		match |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return match == 1
}

// String returns "hex" or "base64".
func (e Encoding) String() string {
	if e == Base64 {
		return "base64"
	}
	return "hex"
}

func (s Signature) sum(key []byte, parts [][]byte) []byte {
	var mac hash.Hash
	if s.Hash == SHA1 {
		mac = hmac.New(sha1.New, key)
	} else {
		mac = hmac.New(sha256.New, key)
	}
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

func (s Signature) decode(encoded string) ([]byte, error) {
	if s.Encoding == Base64 {
		if strings.ContainsAny(encoded, "\r\n") { // which the decoder would skip
			return nil, base64.CorruptInputError(0)
		}
		return base64.StdEncoding.Strict().DecodeString(encoded)
	}
	return hex.DecodeString(encoded)
}

func (s Signature) where() string {
	if s.Header == "" {
		return "signature"
	}
	return "header " + s.Header
}
