package rule

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWordIsFoundWhole(t *testing.T) {
	t.Parallel()
	tests := []struct {
		word, text string
		want       bool
	}{
		{"refund", "refund", true},
		{"refund", "I want a Refund!", true},
		{"REFUND", "i want a refund", true},
		{"refund", "refunds", false},
		{"refund", "prerefund", false},
		{"refund", "no refunds, but one refund", true},
		{"refund", "refund2", false},
		{"refund", "", false},
		{"refund", "re-fund", false},
		{"24", "within 24 hours", true},
		{"24", "it cost 249", false},
		{"e-mail", "my E-Mail", true},
		{"e-mail", "my e mail", true},
		{"e-mail", "my email", false},
		{"don't", "I DON’T know", true},

		{"money back", "give me my money back.", true},
		{"money back", "money   \n back", true},
		{"money back", "money-back guarantee", true},
		{"money back", "moneyback", false},
		{"money back", "money not back", false},
		{"money back", "money money back", true},
		{"money back", "my money", false},
		{"no no no", "no no", false},

		{"#acmefail", "such an #AcmeFail again", true},
		{"#acmefail", "such an acmefail again", false},
		{"#acmefail", "#acmefailed", false},
		{"#acmefail", "page.html#acmefail", false},
		{"refund", "#refund now", true},
		{"@acme", "hey @Acme, hello", true},
		{"@acme", "hey acme", false},
		{"@acme", "mail info@acme.example", false},
		{"@acme", "@acme_help is better", false},
		{"@acme_help", "@ACME_help is better", true},
		{"acme", "hey @acme", false},
		{"acme", "mail info@acme.example", true},
		{"thanks @acme", "Thanks, @acme!", true},
		{"thanks @acme", "thanks acme", false},
		{"thanks acme", "thanks @acme", false},
		{"acme", "acme_help", false},
		{"help", "acme_help", false},
		{"refund", "a _refund_, please", true},

		{"straße", "Kurze STRASSE", true},
		{"strasse", "kurze Straße", true},
		{"größe", "falsche GRÖSSE", true},
		{"größe", "falsche Gro\u0308ße", true}, // composed and decomposed are the same letter
		{"gro", "falsche Gro\u0308ße", false},
		{"возврат", "Где мой ВОЗВРАТ?", true},
		{"возврат", "возврата нет", false},
		{"refund", "refund😡", true},
		{"refund", "❤️refund", true},
		{"refund", "«refund»", true},
		{"refund", "réfund refundé", false},
		{"返金", "返金してください", true},
		{"返金 依頼", "返金依頼", true},
		{"iphone", "iPhoneの充電器", true},
		{"#返金", "もう #返金 です", true},
		{"คืนเงิน", "ขอคืนเงินด้วย", true},
		{"เงิ", "เงิ\u0e49น", false}, // a mark belongs to the letter before it
	}
	for _, test := range tests {
		p, err := parsePhrase(test.word)
		if err != nil {
			t.Errorf("%q: %v", test.word, err)
			continue
		}
		text := test.text
		if !isASCII(text) {
			text = fold(text)
		}
		if got := p.in(text); got != test.want {
			t.Errorf("%q contains %q: %t", test.text, test.word, got)
		}
	}
}

func TestPhraseRefusesWhatWouldGetLost(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"?!":      "has no letter or digit",
		" \t":     "has no letter or digit",
		"c++":     `has a '+', which is no part of any word`,
		"$50":     `has a '$', which is no part of any word`,
		"fail 😡":  `has a '😡', which is no part of any word`,
		"c#":      `has a '#' that is not in front of a word`,
		"a#b":     `has a '#' that is not in front of a word`,
		"@ acme":  `has a '@' that is not in front of a word`,
		"@_acme":  `has a '@' that is not in front of a word`,
		"\xff":    "is not UTF-8",
		"##trend": `has a '#' that is not in front of a word`,
	} {
		if p, err := parsePhrase(s); err == nil || err.Error() != want {
			t.Errorf("%q became %v with error %v, want %s", s, p, err, want)
		}
	}
}

// A phrase is found where, and only where, cutting the text into words and comparing them one by one finds it.
func TestPhraseAgreesWithCuttingTheTextIntoWords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([abABéÉ1_#@ .]|ab|a b|#a){0,12}`).Draw(t, "text")
		written := rapid.StringMatching(`[#@]?[abAé](_?[abé1]){0,2}( [#@]?[abé](_?[abé1])?){0,2}`).Draw(t, "phrase")
		p, err := parsePhrase(written)
		if err != nil {
			t.Fatal(err)
		}
		folded := fold(text)
		if got, want := p.in(folded), cutAndCompare(folded, strings.Fields(fold(written))); got != want {
			t.Fatalf("%q contains %q: %t, want %t", text, written, got, want)
		}
		if isASCII(text) && p.in(text) != p.in(folded) {
			t.Fatalf("case matters in %q for %q", text, written)
		}
	})
}

var (
	wordPattern = regexp.MustCompile(`[#@]?[abé1]+(_+[abé1]+)*`)
	inWord      = regexp.MustCompile(`[abé1]_*$`)
)

func cutAndCompare(text string, phrase []string) bool {
	var words []string
	for _, at := range wordPattern.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		if inWord.MatchString(text[:at[0]]) {
			word = strings.TrimLeft(word, "#@")
		}
		words = append(words, word)
	}
next:
	for i := range words {
		if i+len(phrase) > len(words) {
			return false
		}
		for j, want := range phrase {
			if word := words[i+j]; word != want && word != "#"+want {
				continue next
			}
		}
		return true
	}
	return false
}
