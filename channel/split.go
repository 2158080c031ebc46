package channel

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Split cuts a text into parts that each fit one post, as the platform itself counts (t.Count, t.MaxText). A text that fits is returned as one part
// without a number; otherwise each part begins with its number: "(1/3) ". The number stands in front so that who sees one part alone knows at once
// that there are others. Spaces around the text and at the cuts are dropped; everything else is kept.
//
// A cut is made, in this order of preference, after a sentence or line (unless that would leave more than three quarters of the part empty), between
// words, or inside a word that no part can hold: there never inside what a reader sees as one character (a rune, a letter with its accents, a flag, an
// emoji family), nor inside a link that fits a part.
//
// The signature is the agent's first name, or empty. It is written "^Ana" at the end of the last part, as customer service does in public; put the
// same name into [Outgoing].Signature. Numbers and signature count towards the limit. Where the signature fits nowhere else it is a part of its own.
//
// An empty text gives one part, so that a post of attachments only is still one post. MaxText 0 gives one part always. The error, never a
// *remote.Error, says that MaxText is too small to hold a character and a number, or the signature, or that t.Count contradicts itself.
//
// Split is pure: equal arguments give equal parts. t.Count is called a few dozen times a part, on little more than a part each time.
func Split(text, signature string, t Traits) ([]string, error) {
	text = strings.TrimRightFunc(text, breakable)
	text = text[pastSpace(text, 0):]
	if signature = strings.TrimSpace(signature); signature != "" {
		signature = "^" + signature
	}
	whole := sign(text, signature)
	if t.MaxText <= 0 || t.Length(whole) <= t.MaxText {
		return []string{whole}, nil
	}
	s := splitter{text: text, signature: signature, traits: t}
	// How long the numbers are depends on how many parts there will be: try with room for one digit, then two, and so on.
	for most := 9; ; most = most*10 + 9 {
		parts, err := s.cutAll(most)
		if err != nil {
			return nil, fmt.Errorf("split text: %w", err)
		}
		if parts == nil {
			continue
		}
		for i, part := range parts {
			parts[i] = number(i+1, len(parts)) + part
			if n := t.Length(parts[i]); n > t.MaxText {
				return nil, fmt.Errorf("split text: Traits.Count counts part %d as %d, more than MaxText %d, but counted a longer text as less", i+1, n, t.MaxText)
			}
		}
		return parts, nil
	}
}

func number(i, n int) string { return fmt.Sprintf("(%d/%d) ", i, n) }

func sign(text, signature string) string {
	if text == "" || signature == "" {
		return text + signature
	}
	return text + " " + signature
}

type splitter struct {
	text, signature string
	traits          Traits
}

// cutAll returns the parts, without numbers, when they are at most so many, and nil when there would be more.
func (s *splitter) cutAll(most int) ([]string, error) {
	var parts []string
	for at := 0; ; {
		if len(parts) == most {
			return nil, nil
		}
		prefix := number(len(parts)+1, most)
		end, err := s.reach(prefix, at)
		if err != nil {
			return nil, err
		}
		if end == len(s.text) {
			last := sign(s.text[at:], s.signature)
			if s.fits(prefix, last) {
				return append(parts, last), nil
			}
			if at == end {
				return nil, fmt.Errorf("MaxText %d is too small to hold %q", s.traits.MaxText, prefix+last)
			}
		}
		end = s.border(prefix, at, end)
		parts = append(parts, strings.TrimRightFunc(s.text[at:end], breakable))
		at = pastSpace(s.text, end)
	}
}

func (s *splitter) fits(prefix, text string) bool {
	return s.traits.Length(prefix+text) <= s.traits.MaxText
}

// reach returns the end of the longest text from at that fits behind prefix. Doubling steps first, then halving ones: the cost follows the length of the
// part, not that of the text.
func (s *splitter) reach(prefix string, at int) (int, error) {
	low, high := at, at
	for step := max(s.traits.MaxText, 1); ; step *= 2 {
		high = runeStart(s.text, at+min(step, len(s.text)-at))
		if !s.fits(prefix, s.text[at:high]) {
			break
		}
		if low = high; low == len(s.text) {
			return low, nil
		}
	}
	for {
		mid := runeStart(s.text, low+(high-low)/2)
		if mid <= low {
			_, size := utf8.DecodeRuneInString(s.text[low:])
			mid = low + size
		}
		if mid >= high {
			break
		}
		if s.fits(prefix, s.text[at:mid]) {
			low = mid
		} else {
			high = mid
		}
	}
	for low > at && !graphemeBorder(s.text[at:], low-at) { // a part begins at a border: no need to look further back
		_, size := utf8.DecodeLastRuneInString(s.text[:low])
		low -= size
	}
	if low == at {
		_, size := utf8.DecodeRuneInString(s.text[at:])
		return 0, fmt.Errorf("MaxText %d is too small to hold %q and one whole character, here %q", s.traits.MaxText, prefix, s.text[at:at+size])
	}
	return low, nil
}

// border returns the best place to cut between at and end, where end is as far as fits.
func (s *splitter) border(prefix string, at, end int) int {
	word := 0
	earliest := at + (end-at)/4
	for p := end; p > at; {
		next, _ := utf8.DecodeRuneInString(s.text[p:])
		if p < len(s.text) {
			if p >= earliest && s.sentenceBorder(p) {
				return p
			}
			if word == 0 && breakable(next) && pastSpace(s.text, p) > p {
				word = p
			}
		}
		if word > 0 && p < earliest {
			break
		}
		_, size := utf8.DecodeLastRuneInString(s.text[:p])
		p -= size
	}
	if word > 0 {
		return word
	}
	if link := linkStart(s.text, at, end); link > at {
		// Whether it fits is asked of reach: a link may be longer than all parts together.
		if reached, err := s.reach(prefix, link); err == nil && (reached == len(s.text) || strings.ContainsFunc(s.text[link:reached+1], notInLink)) {
			return link
		}
	}
	return end
}

// sentenceBorder reports whether a sentence or line ends at p.
func (s *splitter) sentenceBorder(p int) bool {
	next, _ := utf8.DecodeRuneInString(s.text[p:])
	if next == '\n' || next == '\u2029' {
		return graphemeBorder(s.text, p)
	}
	before := strings.TrimRightFunc(s.text[max(0, p-32):p], closes)
	last, _ := utf8.DecodeLastRuneInString(before)
	switch last {
	case '。', '！', '？', '｡': // no space follows in scripts that use these
		return !closes(next) && graphemeBorder(s.text, p)
	case '.', '!', '?', '…', '؟', '।', '۔':
		if !breakable(next) || pastSpace(s.text, p) == p {
			return false
		}
		follows, _ := utf8.DecodeRuneInString(s.text[pastSpace(s.text, p):])
		return !unicode.IsLower(follows) // "e.g. this" goes on
	}
	return false
}

// closes reports whether r may stand between the full stop and the space.
func closes(r rune) bool {
	return r == '"' || r == '\'' || unicode.In(r, unicode.Pe, unicode.Pf)
}

// breakable reports whether a line may be broken at r: a space, but not one made to hold words together.
func breakable(r rune) bool {
	return unicode.IsSpace(r) && r != '\u00a0' && r != '\u2007' && r != '\u202f'
}

// pastSpace returns where the spaces at p end. A space that carries an accent is no space.
func pastSpace(text string, p int) int {
	for p < len(text) {
		r, size := utf8.DecodeRuneInString(text[p:])
		if !breakable(r) || !graphemeBorder(text, p+size) && text[p] != '\r' {
			break
		}
		p += size
	}
	return p
}

// runeStart moves p back to where a rune begins. In what is not UTF-8 every byte is one.
func runeStart(text string, p int) int {
	for q := p; q >= 0 && q > p-utf8.UTFMax && q < len(text); q-- {
		if utf8.RuneStart(text[q]) {
			if _, size := utf8.DecodeRuneInString(text[q:]); q+size > p {
				return q
			}
			break
		}
	}
	return p
}

// linkStart returns where the link begins that a cut at p would go through; 0 where there is none that begins after at.
func linkStart(text string, at, p int) int {
	if p == len(text) || notInLink(rune(text[p])) {
		return 0
	}
	from := p
	for from > at && !notInLink(rune(text[from-1])) {
		from--
	}
	for _, start := range []string{"https://", "http://", "www."} {
		if i := strings.LastIndex(text[from:min(p+len(start)-1, len(text))], start); i >= 0 && from+i < p {
			return from + i
		}
	}
	return 0
}

// notInLink reports whether r ends a link: a space, a bracket, or anything beyond ASCII.
func notInLink(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r)
}
