package rule

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// finds compiles one word list and asks it about a text.
func finds(text string, words ...string) (bool, error) {
	r, err := Compile(Condition{Fact: "text", Words: words}, nil)
	if err != nil {
		return false, err
	}
	_, ok := r.Match(Map{"text": Text(text)})
	return ok, nil
}

func TestWordListsFoldCaseAndAccents(t *testing.T) {
	t.Parallel()
	tests := []struct {
		word, text string
		want       bool
	}{
		{"refund", "I want a REFUND!", true},
		{"refund", "réfund", true},
		{"refund", "refunds", false},
		{"refund", "prerefund", false},
		{"refund", "", false},
		{"café", "the CAFE\u0301 is closed", true},
		{"cafe", "the café is closed", true},
		{"naïve café", "Naive   Cafe", true},
		{"strasse", "Kurze Straße", true},
		{"straße", "KURZE STRASSE", true},
		{"größe", "falsche grosse", true},
		{"sıgorta", "SİGORTA SIGORTA", true},
		{"şikayet", "SIKAYET var", true},
		{"ödenmedi", "Odenmedi", true},
		{"smørrebrød", "smorrebrod", true},
		{"złoty", "ZLOTY", true},
		{"œuvre", "oeuvre", true},
		{"mañana", "MANANA", true},
		{"οδός", "ΟΔΟΣ", true},
		{"ещё", "Еще раз", true},
		{"возврат", "Где мой ВОЗВРАТ?", true},
		{"возврат", "возврата нет", false},
		{"שלום", "שָׁלוֹם", true},
		{"كتاب", "كِتَابٌ", true},
		{"ｒｅｆｕｎｄ", "ＲＥＦＵＮＤ", true},

		{"money back", "my money-back\nguarantee", true},
		{"money back", "moneyback", false},
		{"money back", "money not back", false},
		{"money back", "money money back", true},
		{"e-mail", "my E Mail", true},
		{"e-mail", "my email", false},
		{"24", "within 24h", false},
		{"24", "within 24 h", true},
		{"acme_help", "ask acme_help", true},
		{"help", "ask acme_help", false},
		{"refund", "a __refund__, please", true},

		{"#acmefail", "such an #AcméFail", true},
		{"#acmefail", "such an acmefail", false},
		{"#acmefail", "page.html#acmefail", false},
		{"acmefail", "such an #acmefail", true},
		{"#a #b", "#a b", false},
		{"#a b", "#a #b", true},
		{"a b", "#a #b", true},
		{"@acme", "hey @Acme!", true},
		{"@acme", "hey acme", false},
		{"acme", "hey @acme", false},
		{"acme", "info@acme.example", true},

		{"返金", "早く返金してください", true},
		{"返金依頼", "返金 依頼", true},
		{"返金", "返す金", false},
		{"サーバー", "サーバーID", true},
		{"が", "か", false},
		{"iphone", "iPhoneの充電器", true},
		{"คืนเงิน", "ขอคืนเงินด้วย", true},
		{"คนเงน", "ขอคืนเงินด้วย", false}, // vowels are marks there, not accents
		{"환불", "환불 주세요", true},
		{"환불", "환불을 원해요", false},
	}
	for _, test := range tests {
		if got, err := finds(test.text, "zebra", test.word); got != test.want || err != nil {
			t.Errorf("%q in %q: %t, %v; want %t", test.word, test.text, got, err, test.want)
		}
	}
}

func TestAWordListSaysWhichWordItFound(t *testing.T) {
	t.Parallel()
	b := Builder{Lists: Lists{"money": {"refund", "Geld zurück"}}}
	for _, c := range []Condition{
		{Fact: "text", Words: []string{"lost", "Zurück"}}, {Fact: "text", List: "money"}, {Not: &Condition{Fact: "text", List: "money"}}, {Not: &Condition{Fact: "text", Words: []string{"a", "b"}}},
		{Any: []Condition{{Fact: "text", Words: []string{"lost"}}, {Fact: "tags", List: "money"}, {Fact: "text", List: "money"}}},
	} {
		if _, err := b.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	set := b.Set()
	for text, want := range map[string][]string{
		"GELD ZURUCK, please": {`text contains "Zurück"`, `text contains "Geld zurück", listed in "money"`, ``, `not: text contains none of 2 words`, `any[2]: text contains "Geld zurück", listed in "money"`},
		"nothing":             {``, ``, `not: text contains nothing listed in "money"`, `not: text contains none of 2 words`, `any[1]: tags contains "refund", listed in "money" in "a Refund"`},
	} {
		facts := Map{"text": Text(text)}
		if text == "nothing" {
			facts["tags"] = Texts("new", "a Refund")
		}
		e := set.Ask(facts)
		for i := range set.Len() {
			m, ok := e.Match(i)
			alone, okAlone := set.Rule(i).Match(facts)
			if ok != (want[i] != "") || ok && m.String() != want[i] {
				t.Errorf("%q, rule %d: %t, %s; want %s", text, i, ok, m, want[i])
			}
			if ok != okAlone || m.String() != alone.String() {
				t.Errorf("%q, rule %d: %t, %s in the set, %t, %s alone", text, i, ok, m, okAlone, alone)
			}
		}
	}
}

func TestAMistakeInAWordListIsNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		condition Condition
		want      string
	}{
		{Condition{Fact: "a", Words: []string{}}, `words: is empty`},
		{Condition{Fact: "a", Words: []string{"ok", "c++"}}, `words[1]: has a '+', which is no part of any word`},
		{Condition{Fact: "a", Words: []string{strings.Repeat("x", maxWord+1)}}, `words[0]: has a word of more than 64 bytes`},
		{Condition{Fact: "a", Words: []string{strings.Repeat("x ", maxPhrase+1)}}, `words[0]: has more than 64 words`},
		{Condition{Fact: "a", Words: []string{"ـ"}}, `words[0]: has no letter but accents`},
		{Condition{Fact: "a", Words: make([]string, MaxWords+1)}, `words: is too long: a condition looks for at most 100000 words`},
		{Condition{All: []Condition{{Fact: "a", List: "mony"}}}, `all[0].list: "mony" is unknown; known are "bad", "money"`},
		{Condition{Fact: "a", List: "bad"}, `list: list "bad": [1] "?" has no letter or digit`},
		{Condition{Fact: "a", List: "money", Word: "x"}, `list: stands beside "word"; a fact has one operator`},
		{Condition{List: "money"}, `list: has no "fact" to look at`},
	} {
		b := Builder{Lists: Lists{"money": {"refund"}, "bad": {"fine", "?"}}}
		if _, err := b.Add(test.condition); err == nil || err.Error() != "rule: compile condition: "+test.want {
			t.Errorf("error %v, want %s", err, test.want)
		}
		if n := b.Set().Len(); n != 0 {
			t.Errorf("%d rules after an error, want none", n)
		}
	}
	if _, err := Compile(Condition{Fact: "a", List: "money"}, nil); err == nil || !strings.HasSuffix(err.Error(), `list: "money" is unknown; there are no lists here`) {
		t.Errorf("error %v without lists", err)
	}
}

// naive looks for a phrase word by word.
func naive(text, phrase string) bool {
	type one struct {
		word string
		tag  bool
	}
	words := func(s string) (all []one) {
		for c := cut(s); c.next(); {
			all = append(all, one{string(c.word()), c.tag})
		}
		return all
	}
	in, want := words(text), words(phrase)
	for ; len(in) >= len(want); in = in[1:] {
		if slices.EqualFunc(in[:len(want)], want, func(a, b one) bool { return a.word == b.word && (a.tag || !b.tag) }) {
			return true
		}
	}
	return false
}

var (
	someText   = rapid.StringMatching(`([abABéÉ1_#@ .返金]|ab|a b|#a|a #b|e\x{301}|ß){0,14}`)
	somePhrase = rapid.StringMatching(`[#@]?[abAéß返](_?[abé1金]){0,2}( [#@]?[abé返](_?[abé1])?){0,3}`)
)

func TestAWordListAgreesWithANaiveScan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, phrases := someText.Draw(t, "text"), rapid.SliceOfN(somePhrase, 1, 6).Draw(t, "phrases")
		var b Builder
		for _, p := range phrases {
			if _, err := b.Add(Condition{Fact: "text", Words: []string{p, "zebra"}}); err != nil {
				t.Fatal(err)
			}
		}
		e := b.Set().Ask(Map{"text": Text(text)})
		for i, p := range phrases {
			if _, got := e.Match(i); got != naive(text, p) {
				t.Fatalf("%q in %q among %q: %t", p, text, phrases, got)
			}
		}
	})
}

// Conditions on single words are looked for together where there are many, and find the same as one by one.
func TestManyWordsTogetherFindWhatEachFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkTogether(t, someText.Draw(t, "text"), rapid.SliceOfN(somePhrase, fewWords+1, 8).Draw(t, "phrases"))
	})
}

func checkTogether(t rapid.TB, text string, phrases []string) {
	t.Helper()
	any := Condition{Any: []Condition{{Fact: "none", Exists: new(true)}}}
	want := ""
	for i, p := range phrases {
		any.Any = append(any.Any, Condition{Fact: "text", Word: p})
		words, err := parsePhrase(p)
		if err != nil {
			t.Fatal(err)
		}
		if want == "" && words.in(fold(text)) {
			want = fmt.Sprintf("any[%d]: ", i+1)
		}
	}
	r, err := Compile(any, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, ok := r.Match(Map{"text": Text(text)})
	if ok != (want != "") || ok && !strings.HasPrefix(m.String(), want) {
		t.Fatalf("%q in %q: %t, %s; want %s", phrases, text, ok, m, want)
	}
}

func FuzzWordList(f *testing.F) {
	f.Add("Die #GRO\u0308SSE, now_ and then", "größe now", "then")
	f.Add("もう #返金 です。サーバーが落ちた", "返金 です", "#サーバー")
	f.Add("ขอคืนเงินด้วย שָׁלוֹם ＩＤ ﬁn ŉ ᾳ ͅ", "คืนเงิน", "fin")
	f.Fuzz(func(t *testing.T, text, one, other string) {
		var phrases []string
		for _, p := range []string{one, other} {
			if words, err := parsePhrase(p); err == nil {
				phrases = append(phrases, p)
				_, listable := words.listed(p)
				found, err := finds(text, p)
				if listable && words.in(fold(text)) && !found {
					t.Errorf("Word finds %q in %q, a list does not: %v", p, text, err)
				}
				if err == nil && found != naive(text, p) {
					t.Errorf("a list finds %q in %q: %t", p, text, found)
				}
			}
		}
		if len(phrases) > 0 {
			checkTogether(t, text, slices.Repeat(phrases, fewWords+1))
		}
	})
}

// Letters that Word takes for the same are the same to lists, in all scripts that have case.
func TestLettersOfListsAreAtLeastAsAlikeAsThoseOfWord(t *testing.T) {
	t.Parallel()
	words := func(s string) string {
		var b strings.Builder
		for c := cut(s); c.next(); {
			fmt.Fprintf(&b, "%s|", c.word())
		}
		return b.String()
	}
	for r := rune(0x80); r < 0x1F000; r++ {
		if 0x2E80 <= r && r < 0xA640 || 0xAC00 <= r && r < 0xFB00 || 0x12000 <= r && r < 0x16E00 || 0x17000 <= r && r < 0x1D000 { // nothing of theirs folds
			continue
		}
		s := string(r)
		if a, b := words("x"+s), words("x"+fold(s)); a != b {
			t.Errorf("%U %q: %q, folded for Word %q: %q", r, s, a, fold(s), b)
		}
	}
}

func TestAWordListDoesNotAllocate(t *testing.T) {
	var words []string
	for i := range 500 {
		words = append(words, fmt.Sprintf("word%d", i), fmt.Sprintf("mot%d clé", i))
	}
	r, err := Compile(Condition{All: []Condition{{Fact: "text", Words: words}, {Fact: "text", Words: []string{"facture"}}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	facts := Map{"text": Text("Bonjour, où est ma FACTURE ? Le Mot12 Cle, 返金, ＯＫ?")}
	var ok bool
	if n := testing.AllocsPerRun(100, func() { _, ok = r.Match(facts) }); n != 0 || !ok {
		t.Errorf("matches: %t with %v allocations", ok, n)
	}
}

func BenchmarkWordLists(b *testing.B) {
	text := strings.Repeat("Ich habe Ihnen schon am Montag geschrieben, müde bin ich. Where is my order? ", 4) + "Geld zurück, bitte 😡"
	for _, n := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("words=%d", n), func(b *testing.B) {
			var build Builder
			for lane := range 12 {
				c := Condition{Fact: "text"}
				for i := range n / 12 {
					c.Words = append(c.Words, fmt.Sprintf("word%d lane%d", i, lane))
				}
				if lane == 11 {
					c.Words = append(c.Words, "geld zuruck")
				}
				if _, err := build.Add(c); err != nil {
					b.Fatal(err)
				}
			}
			set, facts := build.Set(), Map{"text": Text(text)}
			b.ReportAllocs()
			for b.Loop() {
				e := set.Ask(facts)
				for i := range set.Len() {
					if _, ok := e.Match(i); ok != (i == 11) {
						b.Fatal("wrong lane", i)
					}
				}
			}
		})
	}
}
