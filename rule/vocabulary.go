package rule

import (
	"maps"
	"math/bits"
	"slices"
)

// vocabulary numbers words. It is a table with a place for each word, or one of the next where others have taken that, and keeps at least half of itself free.
type vocabulary struct {
	places []place
	words  []string // by number; the first is none
}

type place struct{ hash, number uint32 }

func newVocabulary(numbers map[string]uint32) vocabulary {
	v := vocabulary{places: make([]place, 1<<bits.Len(uint(2*len(numbers)))), words: make([]string, len(numbers)+1)}
	for _, w := range slices.Sorted(maps.Keys(numbers)) {
		number, hash := numbers[w], uint32(firstHash)
		for i := range len(w) {
			hash = (hash ^ uint32(w[i])) * hashFactor
		}
		v.words[number] = w
		at := int(hash) & (len(v.places) - 1)
		for v.places[at].number != 0 {
			at = (at + 1) & (len(v.places) - 1)
		}
		v.places[at] = place{hash, number}
	}
	return v
}

// number returns that of the word at which c stands, 0 for one that is not known.
func (v *vocabulary) number(c *cutter) uint32 {
	for at := int(c.hash) & (len(v.places) - 1); ; at = (at + 1) & (len(v.places) - 1) {
		p := v.places[at]
		if p.number == 0 || p.hash == c.hash && c.n <= maxWord && v.words[p.number] == string(c.word()) {
			return p.number
		}
	}
}
