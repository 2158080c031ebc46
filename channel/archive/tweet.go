package archive

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/socialcrm/socialcrm/channel"
)

// tweet makes the event of a public message; what the formats have in common is filled in.
func tweet(kind channel.EventKind, account, id, author, text string, when time.Time, row int) channel.Event {
	text = unescape(text)
	return channel.Event{
		Kind:    kind,
		Account: channel.AccountID{Platform: Platform, ID: account},
		Time:    when,
		Message: channel.Message{
			ID:       id,
			Author:   channel.Author{ID: author, Handle: author},
			Text:     text,
			Mentions: mentions(text),
			Tags:     tags(text),
			Time:     when,
			Order:    order(row),
		},
	}
}

// unescape resolves what Twitter escapes ("&amp;", "&lt;", "&#39;"), once. Without its semicolon an entity is text: "?a=1&copy=2".
func unescape(text string) string {
	if !strings.Contains(text, "&") {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for {
		i := strings.IndexByte(text, '&')
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		text = text[i:]
		n := 1
		for n < len(text) && n < 32 && (isWord(text[n]) || text[n] == '#') {
			n++
		}
		if n < len(text) && text[n] == ';' {
			n++
			b.WriteString(html.UnescapeString(text[:n]))
		} else {
			b.WriteString(text[:n])
		}
		text = text[n:]
	}
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// mentions returns the handles in text, each once, whatever its case: "@" or "＠" and up to 20 letters, digits and "_", neither within a word nor in an address.
func mentions(text string) []string {
	var found []string
	for i := 0; i < len(text); {
		j := strings.IndexAny(text[i:], "@＠")
		if j < 0 {
			break
		}
		at := i + j
		_, size := utf8.DecodeRuneInString(text[at:])
		start := at + size
		end := start
		for end < len(text) && isWord(text[end]) {
			end++
		}
		i = max(end, start)
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		if at > 0 && (before < utf8.RuneSelf && isWord(byte(before)) || strings.ContainsRune("!#$%&*@＠", before)) {
			continue
		}
		after := text[end:]
		if end == start || end-start > 20 || strings.HasPrefix(after, "@") || strings.HasPrefix(after, "＠") || strings.HasPrefix(after, "://") {
			continue
		}
		handle := text[start:end]
		if !slices.ContainsFunc(found, func(h string) bool { return strings.EqualFold(h, handle) }) {
			found = append(found, handle)
		}
	}
	return found
}

// tags returns the hashtags in text, each once: "#" or "＃" and letters, digits and "_", not all of them digits, not within a word.
func tags(text string) []string {
	var found []string
	before := ' '
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		if r != '#' && r != '＃' {
			before = r
			continue
		}
		end, word := i, false
		for end < len(text) {
			c, n := utf8.DecodeRuneInString(text[end:])
			if !inTag(c) {
				break
			}
			word = word || !unicode.IsDigit(c) && c != '_'
			end += n
		}
		tag := text[i:end]
		if word && !inTag(before) && before != '&' && !slices.Contains(found, tag) {
			found = append(found, tag)
		}
		before = r
		if end > i {
			before, _ = utf8.DecodeLastRuneInString(tag)
		}
		i = end
	}
	return found
}

func inTag(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// clean is a handle or ID without what people put around it.
func clean(id string) string { return strings.TrimPrefix(strings.TrimSpace(id), "@") }

var layouts = [...]string{time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04:05"}

// parseTime reads the times that the data sets and common exports of them hold, into UTC. Without a zone, UTC is meant.
func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, fmt.Errorf("is empty; want a time")
	}
	if s[0] > '9' {
		if t, err := time.Parse(time.RubyDate, s); err == nil {
			return inRange(t, s)
		}
	} else {
		for _, layout := range layouts {
			if t, err := time.Parse(layout, s); err == nil {
				return inRange(t, s)
			}
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; want it like 2015-02-16T23:36:00-08:00 or Tue Oct 31 22:10:47 +0000 2017", shorten(s))
}

// inRange refuses the years that JSON cannot hold, and the zero time, which means none.
func inRange(t time.Time, s string) (time.Time, error) {
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 || t.IsZero() {
		return time.Time{}, fmt.Errorf("%q is out of range", shorten(s))
	}
	return t, nil
}

// shorten keeps an error readable.
func shorten(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:60], "") + "..."
}
