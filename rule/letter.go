package rule

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// class says what a rune is to words.
type class uint8

const (
	border    class = iota // ends a word
	character              // a letter or digit of a script with spaces between words
	alone                  // a letter of a script without: a word by itself
	mark                   // belongs to the letter before it
	accent                 // a mark that people leave out
)

// letter is what becomes of a rune where accents do not count.
type letter struct {
	class  class
	folded string
}

// endOfTable is behind the scripts whose letters have case or accents in any number: Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic. More Latin and Greek follow
// in a block of their own.
const (
	endOfTable  = 0x0700
	moreLetters = 0x1E00
	endOfMore   = 0x2000
)

// alphabet is what becomes of the letters that texts are made of mostly.
type alphabet struct {
	single [endOfTable]byte // the one ASCII letter or digit that becomes of a letter, 0 where nothing or more does
	common [endOfTable]letter
	more   [endOfMore - moreLetters]letter
}

// letters returns the alphabet. It is worked out from Unicode's tables when it is first needed, and never changes.
var letters = sync.OnceValue(func() *alphabet {
	var a alphabet
	for r := range a.common {
		l := newLetter(rune(r))
		if l.class == character && len(l.folded) == 1 {
			a.single[r] = l.folded[0]
		}
		a.common[r] = l
	}
	for i := range a.more {
		a.more[i] = newLetter(moreLetters + rune(i))
	}
	return &a
})

// newLetter works out what becomes of r: its case is folded in full, then what can be taken off it is.
func newLetter(r rune) letter {
	var b strings.Builder
	for _, part := range norm.NFD.String(cases.Fold().String(string(r))) {
		if !isAccent(part) {
			b.WriteString(plain(part))
		}
	}
	folded := norm.NFC.String(b.String())
	if folded == "" {
		return letter{class: accent}
	}
	first, _ := utf8.DecodeRuneInString(folded)
	return letter{classOf(first), folded}
}

// plain returns the letters that people write for one that has no accent to leave out, but is one of theirs and something.
func plain(r rune) string {
	switch r {
	case 'ı': // so that the four letters i of Turkish are one, however a text was put in capitals
		return "i"
	case 'ø':
		return "o"
	case 'ł':
		return "l"
	case 'đ':
		return "d"
	case 'ħ':
		return "h"
	case 'ŧ':
		return "t"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	}
	return string(r)
}

// isAccent reports a mark that people leave out: those of Latin, Greek, Cyrillic, the vowels of Hebrew and Arabic, and the stroke that draws Arabic words out. Elsewhere
// marks are letters in all but name.
func isAccent(r rune) bool {
	switch {
	case r < endOfTable:
		return unicode.Is(unicode.Mn, r) || r == 'ـ'
	case r < 0x1AB0:
		return false
	}
	return r < 0x1B00 || 0x1DC0 <= r && r < 0x1E00 || 0x20D0 <= r && r < 0x2100 || 0xFE20 <= r && r < 0xFE30
}

func classOf(r rune) class {
	switch {
	case isAccent(r):
		return accent
	case isLetter(r) && isSpaceless(r):
		return alone
	case isLetter(r):
		return character
	case unicode.IsMark(r) && !isVariation(r):
		return mark
	}
	return border
}

// look returns what r counts as: its class, and either a text or a rune.
func (a *alphabet) look(r rune) (class, string, rune) {
	switch {
	case r < endOfTable:
		return a.common[r].class, a.common[r].folded, 0
	case 0x4E00 <= r && r <= 0x9FFF, 0x3041 <= r && r <= 0x3096, 0x30A1 <= r && r <= 0x30FA: // the commonest of Chinese and Japanese
		return alone, "", r
	case 0xAC00 <= r && r <= 0xD7A3: // and of Korean
		return character, "", r
	case moreLetters <= r && r < endOfMore:
		l := &a.more[r-moreLetters]
		return l.class, l.folded, 0
	case 0xFB00 <= r && r <= 0xFB17: // ligatures of Latin and Armenian
		l := newLetter(r)
		return l.class, l.folded, 0
	}
	lower := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		lower = min(lower, other)
	}
	if lower != r && lower < endOfTable { // a further form of a letter of the table
		return a.common[lower].class, a.common[lower].folded, 0
	}
	lower = unicode.ToLower(lower)
	return classOf(lower), "", lower
}
