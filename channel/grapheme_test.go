package channel

import (
	"strings"
	"testing"
)

func TestGraphemeBorder(t *testing.T) {
	t.Parallel()
	// Each bar is a place where the text may be cut, and there is no other.
	for name, want := range map[string]string{
		"letters":             "a|b|c",
		"line ends":           "a|\r\n|\n|b",
		"accents":             "e\u0301\u0302|e",
		"joiners":             "👩‍👩‍👧|👩‍🚀|a",
		"skin tones":          "👍🏽|👍🏿|👍",
		"flags":               "🇩🇪|🇫🇷|🇮🇹|🇩",
		"flags after a text":  "a|🇩🇪|🇫🇷",
		"flag of a region":    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f|🏴",
		"keycaps":             "1️⃣|2️⃣",
		"Korean, precomposed": "한|국|어",
		"Korean, in parts":    "한|각ᆨ|각|가",
		"Devanagari":          "क्षि|ति|ज",
		"Devanagari, nukta":   "क्\u093cष",
		"Thai":                "กำ|น้ำ",
		"prefixes of numbers": "a|\u0600١|٢",
		"what is not UTF-8":   "a|\xff|\xfe|b",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.ReplaceAll(want, "|", "")
			var b strings.Builder
			for i := range text {
				if i > 0 && graphemeBorder(text, i) {
					b.WriteByte('|')
				}
				b.WriteString(text[i : i+runeSize(text[i:])])
			}
			if got := b.String(); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func runeSize(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}
