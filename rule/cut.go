package rule

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWord is the length in bytes of the longest word that a list can hold. A longer one in a text is none of them.
const maxWord = 64

// firstHash is the hash of no bytes, hashFactor what makes the next: FNV-1a, worked out byte by byte while a word is cut.
const firstHash, hashFactor = 2166136261, 16777619

// cutter cuts a text into words, folded, for word lists. It takes the same runs of letters for words as Word does; but a letter of a script without spaces is a word
// by itself, so that a list finds several of them one after the other anywhere.
type cutter struct {
	text    string
	at      int
	letters *alphabet

	buffer [maxWord]byte
	n      int    // length of the word, more than maxWord when it is too long
	hash   uint32 // of its bytes
	tag    bool   // a # belongs to it; an @ is its first byte
}

// cut begins to cut s. Only a text whose letters are written in another way than Unicode's normal form C, which hardly any is, costs an allocation.
func cut(s string) cutter {
	if mayCompose(s) && norm.NFC.QuickSpanString(s) < len(s) {
		s = norm.NFC.String(s)
	}
	return cutter{text: s, letters: letters()}
}

// mayCompose reports whether there is anything in s that is perhaps not in normal form C and of which the alphabet does not make the same. It looks at the first byte
// or two of each rune, which is a tenth of the work of looking them up.
func mayCompose(s string) bool {
	for i := 0; i < len(s); i++ {
		lead := s[i]
		if lead < 0xDC { // below U+0700, or a further byte of a rune
			continue
		}
		second := byte(0)
		if i+1 < len(s) {
			second = s[i+1]
		}
		switch {
		case lead == 0xE1 && second >= 0xB8: // more of Latin and Greek
		case lead == 0xE2 && second <= 0x82: // punctuation and signs of currencies
		case lead == 0xE3 && (second == 0x81 || second == 0x83), 0xE4 <= lead && lead <= 0xE9: // most of Chinese and Japanese
		case lead == 0xEF && second == 0xB8, lead == 0xF0 && second == 0x9F: // emoji
		default:
			return true
		}
	}
	return false
}

// word returns the word that next found; it is good until the next.
func (c *cutter) word() []byte { return c.buffer[:min(c.n, maxWord)] }

// next goes to the next word, and reports whether there is one.
func (c *cutter) next() bool {
	c.n, c.hash, c.tag = 0, firstHash, false
	var sign byte
	gap := 0 // underscores since the last letter, which belong to the word if it goes on
	for c.at < len(c.text) {
		b := c.text[c.at]
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(c.text[c.at:])
			kind, folded, one := c.letters.look(r)
			switch {
			case kind == alone && c.n > 0:
				return true
			case kind == alone:
				c.letter(sign, &gap)
				c.put(folded, one)
				c.at += size
				c.marks()
				return true
			case kind == character:
				c.letter(sign, &gap)
				c.put(folded, one)
			case kind == mark && c.n > 0 && gap == 0:
				c.put(folded, one)
			case kind == border && c.n > 0:
				c.at += size
				return true
			}
			c.at += size
			sign = 0
			continue
		}
		c.at++
		switch {
		case c.letters.single[b] != 0:
			if c.n == 0 || gap > 0 {
				c.letter(sign, &gap)
			}
			c.at--
			c.run()
		case b == '_':
			if c.n > 0 {
				gap++
			}
			sign = 0
		case c.n > 0: // also for a sign, which is none behind a letter
			return true
		case b == '#' || b == '@':
			sign = b
		default:
			sign = 0
		}
	}
	return c.n > 0
}

// run takes the run of letters and digits that begins here, as far as each becomes one of ASCII: nearly all of most texts.
func (c *cutter) run() {
	n, hash, single := c.n, c.hash, &c.letters.single
	rest := c.text[c.at:]
	i := 0
	for i < len(rest) {
		r, size := rune(rest[i]), 1
		if r >= utf8.RuneSelf {
			if r < 0xC2 || r >= 0xDC || i+1 == len(rest) || rest[i+1]&0xC0 != 0x80 { // not two bytes, which reach up to the table's end
				break
			}
			r, size = r&0x1F<<6|rune(rest[i+1]&0x3F), 2
		}
		b := single[r]
		if b == 0 {
			break
		}
		if n < maxWord {
			c.buffer[n] = b
		}
		n++
		hash = (hash ^ uint32(b)) * hashFactor
		i += size
	}
	c.at += i
	c.n, c.hash = n, hash
}

// letter makes ready for a letter: the sign in front of the first, or the underscores since the last.
func (c *cutter) letter(sign byte, gap *int) {
	if c.n == 0 {
		if c.tag = sign == '#'; sign == '@' {
			c.add('@')
		}
		return
	}
	for ; *gap > 0; *gap-- {
		c.add('_')
	}
}

// marks takes the marks that follow a letter that is a word by itself.
func (c *cutter) marks() {
	for c.at < len(c.text) && c.text[c.at] >= utf8.RuneSelf {
		r, size := utf8.DecodeRuneInString(c.text[c.at:])
		kind, folded, one := c.letters.look(r)
		if kind != mark && kind != accent {
			return
		}
		if kind == mark {
			c.put(folded, one)
		}
		c.at += size
	}
}

func (c *cutter) put(folded string, one rune) {
	if one != 0 {
		var b [utf8.UTFMax]byte
		for _, b := range b[:utf8.EncodeRune(b[:], one)] {
			c.add(b)
		}
		return
	}
	for i := range len(folded) {
		c.add(folded[i])
	}
}

func (c *cutter) add(b byte) {
	if c.n < maxWord {
		c.buffer[c.n] = b
	}
	c.n++
	c.hash = (c.hash ^ uint32(b)) * hashFactor
}
