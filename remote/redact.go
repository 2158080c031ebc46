package remote

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"
)

const hidden = "[redacted]"

// Redact returns text without secrets: the given ones, plain and as they look inside URLs and JSON, quoted
// as %q does it, also twice, and in hex, and the values of everything whose name tells that it
// is secret (access_token, client_secret, key, sig, password and their like, as query parameters, form fields and JSON members; Authorization headers;
// user names and passwords in URLs). It hides too much rather than too little. Empty secrets are ignored.
func Redact(text string, secrets ...string) string {
	if forms := spellings(secrets); len(forms) > 0 {
		text = strings.NewReplacer(forms...).Replace(text)
	}
	return hideUserinfo(hideNamed(text))
}

// spellings returns the pairs for a strings.Replacer: every way a secret may be written, longest first, so that a secret that contains another goes whole.
func spellings(secrets []string) []string {
	var all []string
	for _, s := range secrets {
		if s == "" {
			continue
		}
		query, path := url.QueryEscape(s), url.PathEscape(s)
		all = append(all, s, query, path, lowerEscapes(query), lowerEscapes(path))
		all = append(all, quoted(s), quoted(quoted(s)))
		if text, err := json.Marshal(s); err == nil {
			inner := string(text[1 : len(text)-1])
			all = append(all, inner, quoted(inner), strings.ReplaceAll(inner, "/", `\/`))
		}
		if len(s) >= 4 { // the digits of a shorter one would be hidden all over a text
			all = append(all, fmt.Sprintf("%x", s), fmt.Sprintf("%X", s))
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	all = slices.Compact(all)
	pairs := make([]string, 0, 2*len(all))
	for _, s := range all {
		pairs = append(pairs, s, hidden)
	}
	return pairs
}

// quoted writes s as %q does, without the quotes around it.
func quoted(s string) string {
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}

// lowerEscapes writes %2F as %2f, the other spelling that RFC 3986 allows.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			b[i+1], b[i+2] = lower(b[i+1]), lower(b[i+2])
		}
	}
	return string(b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// hideNamed hides the value after every secret name: name=value, name%3Dvalue, "name":"value", Authorization: value, and the word after Bearer or Basic.
func hideNamed(s string) string {
	var b strings.Builder
	done := 0 // s[:done] has been dealt with
	for i := 0; i < len(s); i++ {
		from, to, ok := namedValue(s, i)
		if !ok || from < done || to <= from {
			continue
		}
		b.WriteString(s[done:from])
		b.WriteString(hidden)
		done, i = to, to-1
	}
	if done == 0 {
		return s
	}
	b.WriteString(s[done:])
	return b.String()
}

// namedValue finds the secret value that the separator at s[i] introduces.
func namedValue(s string, i int) (from, to int, ok bool) {
	switch {
	case s[i] == '=':
		from = i + 1
	case s[i] == '%' && i+2 < len(s) && s[i+1] == '3' && lower(s[i+2]) == 'd':
		from = i + 3
	case s[i] == ':':
		name, quoted := nameBefore(s, i)
		if header := strings.HasSuffix(name, "authorization"); header && !quoted {
			from = skipSpace(s, i+1)
			return from, until(s, from, "\r\n\"']"), true
		} else if !quoted || !secretName(name, false) {
			return 0, 0, false
		}
		from, to = quotedValue(s, skipSpace(s, i+1))
		return from, to, true
	case s[i] == ' ':
		if i == 0 || s[i-1] == ' ' {
			return 0, 0, false
		}
		if name, _ := nameBefore(s, i); name != "bearer" && name != "basic" {
			return 0, 0, false
		}
		from = skipSpace(s, i)
		to = until(s, from, " \t\r\n\"',;)}]<>\\")
		return from, to, to-from >= 8 && strings.ContainsAny(s[from:to], "0123456789=._-~+/")
	default:
		return 0, 0, false
	}
	name, _ := nameBefore(s, i)
	start := i - len(name)
	inQuery := start > 0 && (s[start-1] == '?' || s[start-1] == '&') || start > 2 && s[start-3] == '%'
	if !secretName(name, inQuery) {
		return 0, 0, false
	}
	from, to = quotedValue(s, from)
	return from, to, true
}

// nameBefore returns the name that ends before s[i], in lower case, and whether it stands in quotes.
func nameBefore(s string, i int) (name string, quoted bool) {
	end := i
	for end > 0 && s[end-1] == ' ' {
		end--
	}
	if end > 0 && (s[end-1] == '"' || s[end-1] == '\'') {
		quoted = true
		end--
		if end > 0 && s[end-1] == '\\' {
			end--
		}
	}
	start := end
	for start > 0 && isNameByte(s[start-1]) {
		start--
	}
	if start > 0 && s[start-1] == '%' && end-start > 2 {
		start += 2 // the digits of an escaped ? or &
	}
	return strings.ToLower(s[start:end]), quoted
}

func isNameByte(c byte) bool {
	return c == '_' || c == '-' || c == '.' || '0' <= c && c <= '9' || 'a' <= lower(c) && lower(c) <= 'z'
}

// secretName reports whether a value of this name (in lower case) is secret. In running text "code=190" is an error code, in a query it is a grant.
func secretName(name string, inQuery bool) bool {
	switch name {
	case "key", "sig", "pwd", "jwt", "auth", "sid", "hmac", "code_verifier", "api-key":
		return true
	case "code":
		return inQuery
	}
	for _, suffix := range [...]string{
		"token", "secret", "password", "passwd", "passphrase", "signature", "_key", "-key", "apikey", "accesskey", "_sig", "assertion", "credential", "_proof",
		"authorization",
	} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// quotedValue returns where the value at s[from:] begins and ends, inside its quotes if it has some.
func quotedValue(s string, from int) (int, int) {
	switch {
	case strings.HasPrefix(s[from:], `\"`): // JSON inside a quoted text
		from += 2
		if n := strings.Index(s[from:], `\"`); n >= 0 {
			return from, from + n
		}
		return from, len(s)
	case from < len(s) && (s[from] == '"' || s[from] == '\''):
		quote := s[from]
		from++
		for to := from; to < len(s); to++ {
			if s[to] == '\\' {
				to++
			} else if s[to] == quote {
				return from, to
			}
		}
		return from, len(s)
	}
	to := until(s, from, "& \t\r\n\"'`<>;,)}]|\\")
	if n := strings.Index(s[from:to], "%26"); n >= 0 {
		to = from + n
	}
	return from, to
}

func until(s string, from int, stops string) int {
	if n := strings.IndexAny(s[from:], stops); n >= 0 {
		return from + n
	}
	return len(s)
}

func skipSpace(s string, i int) int {
	for i < len(s) && s[i] == ' ' {
		i++
	}
	return i
}

// hideUserinfo hides what stands before the @ in https://user:password@host.
func hideUserinfo(s string) string {
	var b strings.Builder
	for {
		n := strings.Index(s, "://")
		if n < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:n+3])
		s = s[n+3:]
		authority := s[:until(s, 0, "/?# \t\r\n\"'<>")]
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			b.WriteString(hidden)
			s = s[at:]
		}
	}
}

// shorten returns s on one line, without control characters (an answer must not be able to forge lines in a log), at most max bytes long.
func shorten(s string, max int) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if len(s) <= max {
		return s
	}
	cut := max
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// redacted stands for an error whose text or fields might hold a secret. It keeps a clean text and the well-known errors that the original was, nothing
// else: not even %#v or errors.As gets at the original. It is a net.Error, so that a timeout can be told.
type redacted struct {
	text    string
	is      []error
	timeout bool
}

func (r *redacted) Error() string   { return r.text }
func (r *redacted) Unwrap() []error { return r.is }
func (r *redacted) Timeout() bool   { return r.timeout }
func (r *redacted) Temporary() bool { return r.timeout }

// redactError returns what may be shown of err; nil for nil.
func redactError(err error, secrets []string) error {
	if err == nil {
		return nil
	}
	r := &redacted{text: errorText(err, secrets)}
	if ne, ok := errors.AsType[net.Error](err); ok {
		r.timeout = ne.Timeout()
	}
	for _, known := range [...]error{
		context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, http.ErrSchemeMismatch, ErrTooLarge,
	} {
		if errors.Is(err, known) {
			r.is = append(r.is, known)
		}
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		r.is = append(r.is, errno)
	}
	return r
}

// errorText is err's message without secrets. A url.Error opens with method and URL, which the operation tells already and which may hold a token.
func errorText(err error, secrets []string) string {
	if ue, ok := err.(*url.Error); ok && ue.Err != nil {
		err = ue.Err
	}
	return shorten(Redact(err.Error(), secrets...), maxMessage)
}
