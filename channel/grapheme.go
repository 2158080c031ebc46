package channel

import (
	"unicode"
	"unicode/utf8"
)

// graphemeBorder reports whether text may be cut at byte p without tearing apart what a reader sees as one character. It follows the extended grapheme
// clusters of Unicode Standard Annex 29, erring towards "no": a cut that it allows is always one that the annex allows.
func graphemeBorder(text string, p int) bool {
	if p <= 0 || p >= len(text) {
		return true
	}
	before, size := utf8.DecodeLastRuneInString(text[:p])
	after, _ := utf8.DecodeRuneInString(text[p:])
	const firstMark = 0x300
	switch {
	case before < firstMark && after < firstMark:
		return before != '\r' || after != '\n'
	case extends(after), before == zeroWidthJoiner, unicode.Is(unicode.Prepended_Concatenation_Mark, before):
		return false
	case regional(before) && regional(after): // flags are pairs: count how many stand before
		odd := false
		for at := p; regional(before); before, size = utf8.DecodeLastRuneInString(text[:at]) {
			odd = !odd
			at -= size
		}
		return !odd
	}
	if joinsHangul(before, after) {
		return false
	}
	if unicode.IsLetter(after) { // consonants of the Indic scripts joined by a virama
		for at := p; unicode.Is(unicode.Mn, before); before, size = utf8.DecodeLastRuneInString(text[:at]) {
			if virama(before) {
				return false
			}
			at -= size
		}
	}
	return true
}

const zeroWidthJoiner = '\u200d'

// extends reports whether r belongs to the character before it.
func extends(r rune) bool {
	switch {
	case r == zeroWidthJoiner, r == '\u200c',
		r >= 0x1f3fb && r <= 0x1f3ff, // skin tones
		r >= 0xe0020 && r <= 0xe007f, // tags, in the flags of regions
		r == 0xff9e, r == 0xff9f,     // halfwidth voicing marks
		r == 0x0e33, r == 0x0eb3: // Thai and Lao am
		return true
	}
	return unicode.Is(unicode.M, r)
}

func regional(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }

// virama reports whether r makes one character of the consonants on both its sides.
func virama(r rune) bool {
	switch r {
	case 0x094d, 0x09cd, 0x0acd, 0x0b4d, 0x0c4d, 0x0d4d, 0x1039, 0x17d2, 0x1a60, 0xa9c0, 0x1714, 0x1b44, 0x1bab:
		return true
	}
	return false
}

// joinsHangul reports whether a Korean syllable goes on: leading, vowel and trailing parts may be runes of their own.
func joinsHangul(before, after rune) bool {
	const syllables, last, trailing = 0xac00, 0xd7a3, 28
	lead := func(r rune) bool { return r >= 0x1100 && r <= 0x115f || r >= 0xa960 && r <= 0xa97c }
	vowel := func(r rune) bool { return r >= 0x1160 && r <= 0x11a7 || r >= 0xd7b0 && r <= 0xd7c6 }
	trail := func(r rune) bool { return r >= 0x11a8 && r <= 0x11ff || r >= 0xd7cb && r <= 0xd7fb }
	syllable := func(r rune) bool { return r >= syllables && r <= last }
	open := func(r rune) bool { return syllable(r) && (r-syllables)%trailing == 0 }
	switch {
	case lead(before):
		return lead(after) || vowel(after) || syllable(after)
	case vowel(before) || open(before):
		return vowel(after) || trail(after)
	case trail(before) || syllable(before):
		return trail(after)
	}
	return false
}
