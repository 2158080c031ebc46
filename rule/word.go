package rule

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// phrase is what Word looks for: one word or several, folded.
type phrase []word

type word struct {
	sign    byte   // '#', '@' or 0
	letters string // folded, not empty
	// A word that begins or ends in a script written without spaces has no border there to look for.
	openLeft, openRight bool
}

// parsePhrase takes the words out of s as they are taken out of a text: what lies between them does not count. A sign or a symbol that would get lost
// so is an error, because the condition would hold for more than its author wrote.
func parsePhrase(s string) (phrase, error) {
	if !utf8.ValidString(s) {
		return nil, errors.New("is not UTF-8")
	}
	var p phrase
	folded := fold(s)
	for at := 0; at < len(folded); {
		r, size := utf8.DecodeRuneInString(folded[at:])
		switch {
		case isLetter(r):
			end := at + wordLength(folded[at:])
			w := word{letters: folded[at:end]}
			if sign := signBefore(folded, at); sign != 0 {
				w.sign = sign
			}
			last, _ := utf8.DecodeLastRuneInString(w.letters)
			w.openLeft, w.openRight = isSpaceless(r), isSpaceless(last)
			p = append(p, w)
			at = end
			continue
		case r == '#' || r == '@':
			next, _ := utf8.DecodeRuneInString(folded[at+size:])
			if !isLetter(next) || (r == '#' && joinedLeft(folded, at)) {
				return nil, fmt.Errorf("has a %q that is not in front of a word", r)
			}
		case unicode.IsSpace(r), unicode.IsPunct(r), unicode.IsMark(r), unicode.Is(unicode.Cf, r):
		default:
			return nil, fmt.Errorf("has a %q, which is no part of any word", r)
		}
		at += size
	}
	if p == nil {
		return nil, errors.New("has no letter or digit")
	}
	return p, nil
}

// wordLength returns the length of the word that s begins with: letters, digits and their marks, and underscores between them.
func wordLength(s string) int {
	end := 0
	for at, r := range s {
		if isLetter(r) || unicode.IsMark(r) && end == at {
			end = at + utf8.RuneLen(r)
		} else if r != '_' && !unicode.IsMark(r) {
			break
		}
	}
	return end
}

// in reports whether text, which is ASCII or folded, has the words of p one after the other.
func (p phrase) in(text string) bool {
	first := p[0].letters[0]
	capital := first
	if 'a' <= first && first <= 'z' {
		capital -= 'a' - 'A'
	}
	for at := range len(text) {
		if c := text[at]; (c == first || c == capital) && p.at(text, at) {
			return true
		}
	}
	return false
}

func (p phrase) at(text string, at int) bool {
	for i, w := range p {
		if i > 0 {
			at += nextWord(text[at:])
		}
		if !w.at(text, at) {
			return false
		}
		at += len(w.letters)
	}
	return true
}

// at reports whether the word w, and no longer one, stands at text[at:].
func (w word) at(text string, at int) bool {
	if len(text)-at < len(w.letters) {
		return false
	}
	for i := range len(w.letters) {
		if lower(text[at+i]) != w.letters[i] {
			return false
		}
	}
	if !w.openLeft && joinedLeft(text, at) || joinedRight(text, at+len(w.letters), w.openRight) {
		return false
	}
	sign := signBefore(text, at)
	return sign == w.sign || sign == '#' && w.sign == 0
}

// nextWord returns where the next word begins in s, or len(s).
func nextWord(s string) int {
	for at, r := range s {
		if isLetter(r) {
			return at
		}
	}
	return len(s)
}

// signBefore returns the # or @ that belongs to the word at text[at:], or 0. Inside a word, as in an e-mail address, it is no sign.
func signBefore(text string, at int) byte {
	if at == 0 || text[at-1] != '#' && text[at-1] != '@' || joinedLeft(text, at-1) {
		return 0
	}
	return text[at-1]
}

// joinedLeft reports whether the word at text[at:] goes on to the left: with a letter or digit, or with underscores or marks that follow one.
func joinedLeft(text string, at int) bool {
	for at > 0 {
		r, size := utf8.DecodeLastRuneInString(text[:at])
		if r != '_' && !unicode.IsMark(r) {
			return isLetter(r) && !isSpaceless(r)
		}
		at -= size
	}
	return false
}

// joinedRight reports whether the word that ends at text[:at] goes on to the right. An open word is one of a script without spaces: only a mark goes on.
func joinedRight(text string, at int, open bool) bool {
	for i, r := range text[at:] {
		switch {
		case unicode.IsMark(r) && !isVariation(r):
			if i == 0 {
				return true
			}
		case r != '_':
			return !open && isLetter(r) && !isSpaceless(r)
		}
	}
	return false
}

func isLetter(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// isVariation reports a variation selector: a mark to Unicode, but it comes with emoji, not with letters.
func isVariation(r rune) bool { return 0xFE00 <= r && r <= 0xFE0F }

// isSpaceless reports whether r is of a script written without spaces between words, where every letter is a possible border.
func isSpaceless(r rune) bool {
	return r >= 0x0E00 && (r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar))
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// fold returns s as words are compared: case folded by Unicode's full folding (ß is ss), composed characters where there are any.
func fold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return norm.NFC.String(cases.Fold().String(s))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
