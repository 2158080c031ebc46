package rule

import "iter"

// Words gives the words of a text one after the other, as word lists see them: case and accents are folded, a letter of a script without spaces is a word by itself, and a
// mention begins with "@"; of a word of more than 64 bytes it gives the first 64. Each is good until the next.
func Words(text string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for c := cut(text); c.next(); {
			if !yield(c.word()) {
				return
			}
		}
	}
}
