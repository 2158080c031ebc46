package rule

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxPhrase is how many words a phrase of a list holds at most: one for each bit of a mask.
const maxPhrase = 64

// lexicon finds all phrases that the rules of a Set look for in one fact, in one pass over the text. It is the automaton of Aho and Corasick over words instead of
// letters: a phrase is a path of states, one for each of its words, and where a text leaves the path it goes on at the longest end of what was read that begins
// another phrase. What a text costs so depends on its length, not on how many phrases there are.
type lexicon struct {
	number  int
	words   vocabulary
	states  []state         // the first is where nothing has been read
	first   []uint32        // state after a first word, by word
	next    map[step]uint32 // state after a further word
	endings []ending
}

type state struct {
	back        uint32 // where to go on when the next word is none of its own
	also        uint32 // the next state on the way back at which phrases end
	from, until uint32 // in endings: the phrases that end here
}

type step struct{ state, word uint32 }

// ending is a phrase of one test.
type ending struct {
	test    uint32 // number of the test in the Set
	tags    uint64 // which of its words must be hashtags; the lowest bit is the last word
	written string
}

// listed is a phrase before the automaton is built.
type listed struct {
	words []string
	ending
}

// parseListed takes the words out of a phrase of a list. What would get lost is an error, as it is for Word.
func parseListed(s string) (listed, error) {
	if _, err := parsePhrase(s); err != nil {
		return listed{}, err
	}
	l := listed{ending: ending{written: s}}
	for c := cut(s); c.next(); {
		if c.n > maxWord {
			return listed{}, fmt.Errorf("has a word of more than %d bytes", maxWord)
		}
		l.words = append(l.words, string(c.word()))
		l.tags <<= 1
		if c.tag {
			l.tags |= 1
		}
	}
	switch {
	case len(l.words) == 0:
		return listed{}, errors.New("has no letter but accents")
	case len(l.words) > maxPhrase:
		return listed{}, fmt.Errorf("has more than %d words", maxPhrase)
	}
	return l, nil
}

// newLexicon builds the automaton.
func newLexicon(number int, phrases []listed) *lexicon {
	l := &lexicon{number: number, next: make(map[step]uint32), states: make([]state, 1), first: make([]uint32, 1)}
	steps := make([]step, 1) // the step that led to each state
	ends := make([][]uint32, 1)
	numbers := make(map[string]uint32) // of the words, from 1
	for i, p := range phrases {
		at := uint32(0)
		for _, w := range p.words {
			word, known := numbers[w]
			if !known {
				word = uint32(len(l.first))
				numbers[w] = word
				l.first = append(l.first, 0)
			}
			to := l.after(at, word)
			if to == 0 {
				to = uint32(len(steps))
				steps, ends = append(steps, step{at, word}), append(ends, nil)
				if at == 0 {
					l.first[word] = to
				} else {
					l.next[step{at, word}] = to
				}
			}
			at = to
		}
		ends[at] = append(ends[at], uint32(i))
	}
	l.states = make([]state, len(steps))
	l.endings = make([]ending, 0, len(phrases))
	for i, ended := range ends {
		s := &l.states[i]
		s.from = uint32(len(l.endings))
		for _, p := range ended {
			l.endings = append(l.endings, phrases[p].ending)
		}
		s.until = uint32(len(l.endings))
	}
	l.link(steps)
	l.words = newVocabulary(numbers)
	return l
}

// link sets where each state goes back to, the short ones first: a state goes back to where its last word leads from where the state before it goes back to.
func (l *lexicon) link(steps []step) {
	depth := make([]int, len(steps))
	byDepth := make([][]uint32, maxPhrase+1)
	for i := 1; i < len(steps); i++ { // a state is made after the one before it
		depth[i] = depth[steps[i].state] + 1
		byDepth[depth[i]] = append(byDepth[depth[i]], uint32(i))
	}
	for _, states := range byDepth {
		for _, i := range states {
			s, before := &l.states[i], steps[i].state
			if before != 0 {
				s.back = l.read(l.states[before].back, steps[i].word)
			}
			if back := l.states[s.back]; back.from < back.until {
				s.also = s.back
			} else {
				s.also = back.also
			}
		}
	}
}

// after returns the state that a word leads to from another, 0 if it leads nowhere.
func (l *lexicon) after(at, word uint32) uint32 {
	if at == 0 {
		return l.first[word]
	}
	return l.next[step{at, word}]
}

// read returns the state after a known word.
func (l *lexicon) read(at, word uint32) uint32 {
	for ; at != 0; at = l.states[at].back {
		if to := l.next[step{at, word}]; to != 0 {
			return to
		}
	}
	return l.first[word]
}

// scan tells e of every phrase in text.
func (l *lexicon) scan(text string, e *Evaluation) {
	at, tags := uint32(0), uint64(0)
	for c := cut(text); c.next(); {
		word := l.words.number(&c)
		if word == 0 {
			at = 0
			continue
		}
		tags <<= 1
		if c.tag {
			tags |= 1
		}
		at = l.read(at, word)
		for end := at; end != 0; end = l.states[end].also {
			endings := l.endings[l.states[end].from:l.states[end].until]
			for i := range endings {
				if f := &endings[i]; f.tags&^tags == 0 {
					e.found(f, text)
				}
			}
		}
	}
}

// listed returns p as a phrase of a list, which stands wherever p does and perhaps elsewhere. There is none for letters with marks that are no accents: a text can
// have those in an order that only all of it tells.
func (p phrase) listed(written string) (listed, bool) {
	for _, w := range p {
		if strings.ContainsFunc(w.letters, func(r rune) bool { return r >= utf8.RuneSelf && classOf(r) == mark }) {
			return listed{}, false
		}
	}
	l, err := parseListed(written)
	return l, err == nil
}
