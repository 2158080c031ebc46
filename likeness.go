package socialcrm

import (
	"bytes"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/rule"
)

// sketch is what a text is compared by: the smallest hashes of its pairs of words, in order. Case, accents, links, mentions and whatever has a digit in it do not count. It
// says nothing of the text to whoever has not another one like it.
type sketch []uint32

// sketchMost is how many hashes a sketch holds: all of a short text, a fair sample of a long one.
const sketchMost = 48

// sketchOf returns the sketch of a text, and how many words count in it.
func sketchOf(text string) (s sketch, words int) {
	var before []byte
	for field := range strings.FieldsSeq(text) {
		if isLink(field) {
			continue
		}
		for word := range rule.Words(field) {
			if word[0] == '@' || bytes.ContainsAny(word, "0123456789") || string(word) == "rt" {
				continue
			}
			if words++; words > 1 {
				s = append(s, pairHash(before, word))
			}
			before = append(before[:0], word...)
		}
	}
	slices.Sort(s)
	s = slices.Compact(s)
	return slices.Clip(s[:min(len(s), sketchMost)]), words
}

func isLink(field string) bool {
	return strings.Contains(field, "://") || len(field) > 4 && strings.EqualFold(field[:4], "www.")
}

// pairHash is spread evenly, so that the smallest are a sample.
func pairHash(a, b []byte) uint32 {
	h := fnv.New64a()
	h.Write(a)
	h.Write([]byte{' '})
	h.Write(b)
	x := h.Sum64()
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return uint32(x >> 32)
}

// likeness is how much two texts have in common: the share of pairs of words that are in both, of those that are in either.
func (s sketch) likeness(other sketch) float64 {
	both, either := 0, 0
	for i, j := 0, 0; (i < len(s) || j < len(other)) && either < sketchMost; either++ {
		switch {
		case j == len(other) || i < len(s) && s[i] < other[j]:
			i++
		case i == len(s) || other[j] < s[i]:
			j++
		default:
			both, i, j = both+1, i+1, j+1
		}
	}
	if either == 0 {
		return 0
	}
	return float64(both) / float64(either)
}
