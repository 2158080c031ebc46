package crm

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns the text without what CRMs, or the databases below them, refuse or do not keep: control characters other than line ends and tabs, and what is no UTF-8.
// A sound text is returned as it is.
func Printable(text string) string {
	odd := func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' || c == utf8.RuneError }
	if strings.IndexFunc(text, odd) < 0 {
		return text
	}
	return strings.Map(func(c rune) rune {
		if odd(c) {
			return -1
		}
		return c
	}, text)
}

// Shorten returns the text in at most limit bytes, three at least: a longer one is cut between two characters and ends in "…".
func Shorten(text string, limit int) string {
	const sign = "…"
	if len(text) <= limit {
		return text
	}
	cut := limit - len(sign)
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + sign
}
