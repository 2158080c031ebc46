package bench

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	ahocorasick "github.com/BobuSumisu/aho-corasick"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"github.com/socialcrm/socialcrm/rule"
)

// The question: which of 500 words, some of them two that follow each other, does a message of 700 bytes contain, in whatever case, with or without accents?
//
// The library was the quickest of four on text that is folded already, with no borders to look for: 9 µs, where github.com/cloudflare/ahocorasick took 10, two ways of
// github.com/petar-dambovaliev/aho-corasick 19 and 24, github.com/anknown/ahocorasick 32. It looks for bytes; folding, and whole words, are its caller's.

// syllable makes up a syllable, here and there with an accent.
func syllable(r *rand.Rand) string {
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	return pick(strings.Fields("b c ç d f g h k l m n ñ p r s st str t tr v w z")) +
		pick(strings.Fields("a e i o u a e i o u ai ea ou é è ä ö ü ó ø")) +
		pick(strings.Fields("l m n r s t ss ß ck ng nt d p x"))
}

// wordList makes up a list of words, one in four of them two.
func wordList(n int) []string {
	r := rand.New(rand.NewPCG(1, 1))
	list := make([]string, n)
	for i := range list {
		for range 1 + r.IntN(3) {
			list[i] += syllable(r)
		}
		if i%4 == 0 {
			list[i] += " " + syllable(r)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// mixedText is written in haste: in mixed case, accents there or not, with a word of the list here and there.
func mixedText(list []string) string {
	r := rand.New(rand.NewPCG(2, 2))
	var b strings.Builder
	for b.Len() < 700 {
		w := syllable(r) + strings.Repeat(syllable(r), r.IntN(2))
		switch r.IntN(12) {
		case 0:
			w = list[r.IntN(len(list))]
		case 1:
			w = folded(list[r.IntN(len(list))])
		case 2:
			w = strings.ToUpper(w)
		case 3:
			w = "¡" + w + ","
		}
		b.WriteString(w + " ")
	}
	return b.String()
}

// unaccented takes accents off; ø and ß are letters without any to x/text.
func unaccented(s string) string {
	s, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn))), s)
	if err != nil {
		panic(err)
	}
	return strings.NewReplacer("ø", "o", "Ø", "O", "ß", "ss").Replace(s)
}

func folded(s string) string { return strings.ToLower(unaccented(s)) }

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// byLibrary reports whether text has a word of the trie, which holds them folded.
func byLibrary(trie *ahocorasick.Trie, text string) bool {
	in := []byte(folded(text))
	found := false
	trie.Walk(in, func(end, n, _ int64) bool {
		before, _ := utf8.DecodeLastRune(in[:end-n+1])
		after, _ := utf8.DecodeRune(in[end+1:])
		found = !isWordRune(before) && !isWordRune(after)
		return !found
	})
	return found
}

func trieOf(list []string) *ahocorasick.Trie {
	build := ahocorasick.NewTrieBuilder()
	for _, w := range list {
		build.AddString(folded(w))
	}
	return build.Build()
}

// regexpOf looks for the words in text without accents, in which \b knows all letters there are.
func regexpOf(list []string) *regexp.Regexp {
	var quoted []string
	for _, w := range list {
		quoted = append(quoted, strings.ReplaceAll(unaccented(w), " ", `\W+`))
	}
	return regexp.MustCompile(`(?i)\b(?:` + strings.Join(quoted, "|") + `)\b`)
}

func ruleOf(tb testing.TB, list []string) *rule.Rule {
	r, err := rule.Compile(rule.Condition{Fact: "text", Words: list}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func matches(r *rule.Rule, text string) bool {
	_, ok := r.Match(rule.Map{"text": rule.Text(text)})
	return ok
}

func TestWordListsAgree(t *testing.T) {
	list := wordList(500)
	r, trie, alternatives := ruleOf(t, list), trieOf(list), regexpOf(list)
	found := 0
	for _, word := range strings.Fields(mixedText(list)) {
		for _, text := range []string{word, "so, " + word + "!", "x" + word, word + " " + word} {
			got := matches(r, text)
			if library, re := byLibrary(trie, text), alternatives.MatchString(unaccented(text)); got != library || got != re {
				t.Errorf("%q: rule %t, library %t, regexp %t", text, got, library, re)
			}
			if got {
				found++
			}
		}
	}
	if found == 0 {
		t.Error("no word of the list was found anywhere")
	}
}

func BenchmarkWords(b *testing.B) {
	list := wordList(500)
	text := mixedText(list)
	// What is timed must go over the whole text: so the list is one of which the text has nothing.
	rest := slices.DeleteFunc(list, func(w string) bool { return matches(ruleOf(b, []string{w}), text) })
	if len(rest) < 400 {
		b.Fatal(fmt.Sprint("too few words are left: ", len(rest)))
	}
	r, trie, alternatives := ruleOf(b, rest), trieOf(rest), regexpOf(rest)
	facts := rule.Map{"text": rule.Text(text)}
	for _, side := range []struct {
		by    string
		match func() bool
	}{
		{"by=rule", func() bool {
			_, ok := r.Match(facts)
			return ok
		}},
		{"by=library", func() bool { return byLibrary(trie, text) }},
		{"by=regexp", func() bool { return alternatives.MatchString(unaccented(text)) }},
	} {
		b.Run(side.by, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if side.match() {
					b.Fatal("found a word that is not there")
				}
			}
		})
	}
}
