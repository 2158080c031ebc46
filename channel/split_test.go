package channel_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/channel"
)

func utf16Length(s string) int { return len(utf16.Encode([]rune(s))) }

func byteLength(s string) int { return len(s) }

var link = regexp.MustCompile(`https?://[!-~]+`)

// link23 counts as X does: every link is 23 long, whatever its length.
func link23(s string) int {
	n := 0
	for _, l := range link.FindAllString(s, -1) {
		n += 23
		s = strings.Replace(s, l, "", 1)
	}
	return n + utf16Length(s)
}

func TestSplit(t *testing.T) {
	t.Parallel()
	family := "👨‍👩‍👧‍👦" // 7 runes, 11 UTF-16 units, one character
	for _, tc := range []struct {
		name, text, signature string
		traits                channel.Traits
		want                  []string
	}{
		{"no limit", strings.Repeat("long ", 5), "", channel.Traits{}, []string{"long long long long long"}},
		{"empty text is one part", "", "", channel.Traits{MaxText: 5}, []string{""}},
		{"empty text is signed", "", "Ana", channel.Traits{MaxText: 5}, []string{"^Ana"}},
		{"what fits has no number", "12345", "", channel.Traits{MaxText: 5}, []string{"12345"}},
		{"spaces around do not count", "  12345\n", "", channel.Traits{MaxText: 5}, []string{"12345"}},
		{"signature fits", "Hello", " Ana ", channel.Traits{MaxText: 10}, []string{"Hello ^Ana"}},
		{"signature makes two of one", "Hello dear Mia", "Ana", channel.Traits{MaxText: 17}, []string{"(1/2) Hello dear", "(2/2) Mia ^Ana"}},
		{"signature alone rather than a word cut", "unbelievable fantastic", "Ana", channel.Traits{MaxText: 18},
			[]string{"(1/3) unbelievable", "(2/3) fantastic", "(3/3) ^Ana"}},
		{"after a sentence", "It is on its way. Please wait for it.", "", channel.Traits{MaxText: 32},
			[]string{"(1/2) It is on its way.", "(2/2) Please wait for it."}},
		{"after a closing quote", `She said "no." Then she went away.`, "", channel.Traits{MaxText: 30},
			[]string{`(1/2) She said "no."`, "(2/2) Then she went away."}},
		{"not after an abbreviation", "Send the label, e.g. by post, to us.", "", channel.Traits{MaxText: 30},
			[]string{"(1/2) Send the label, e.g. by", "(2/2) post, to us."}},
		{"after a line", "Dear Mia\nwe have sent the parcel", "", channel.Traits{MaxText: 31},
			[]string{"(1/2) Dear Mia", "(2/2) we have sent the parcel"}},
		{"a very short sentence is no place to cut", "Hi. Your parcel was sent on Monday evening", "", channel.Traits{MaxText: 34},
			[]string{"(1/2) Hi. Your parcel was sent on", "(2/2) Monday evening"}},
		{"Japanese has no spaces", "荷物を発送しました。お待ちください。ありがとう。", "", channel.Traits{MaxText: 20},
			[]string{"(1/2) 荷物を発送しました。", "(2/2) お待ちください。ありがとう。"}},
		{"a no-break space holds", "call 0800\u00a0123 now", "", channel.Traits{MaxText: 15}, []string{"(1/3) call", "(2/3) 0800\u00a0123", "(3/3) now"}},
		{"a word too long is cut", "abcdefghijkl", "", channel.Traits{MaxText: 10}, []string{"(1/3) abcd", "(2/3) efgh", "(3/3) ijkl"}},
		{"a link is kept whole without spaces", "詳細は下記をご覧くださいhttps://ex.org/abcdef", "", channel.Traits{MaxText: 27},
			[]string{"(1/2) 詳細は下記をご覧ください", "(2/2) https://ex.org/abcdef"}},
		{"a link that no part holds is cut", "https://ex.org/abcdef", "", channel.Traits{MaxText: 20}, []string{"(1/2) https://ex.org", "(2/2) /abcdef"}},
		{"a link counts as the platform says", "see https://ex.org/" + strings.Repeat("a", 99) + " there", "", channel.Traits{MaxText: 29, Count: link23},
			[]string{"(1/3) see", "(2/3) https://ex.org/" + strings.Repeat("a", 99), "(3/3) there"}},
		{"a family is one character", "aa" + family + family, "", channel.Traits{MaxText: 18, Count: utf16Length},
			[]string{"(1/3) aa", "(2/3) " + family, "(3/3) " + family}},
		{"flags are pairs", "🇩🇪🇫🇷🇮🇹🇪🇸🇬🇷", "", channel.Traits{MaxText: 9}, []string{"(1/5) 🇩🇪", "(2/5) 🇫🇷", "(3/5) 🇮🇹", "(4/5) 🇪🇸", "(5/5) 🇬🇷"}},
		{"an accent stays on its letter", "e\u0301e\u0301e\u0301e\u0301e\u0301", "", channel.Traits{MaxText: 9},
			[]string{"(1/5) e\u0301", "(2/5) e\u0301", "(3/5) e\u0301", "(4/5) e\u0301", "(5/5) e\u0301"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := channel.Split(tc.text, tc.signature, tc.traits)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSplitMakesRoomForLongerNumbers(t *testing.T) {
	t.Parallel()
	parts, err := channel.Split(strings.Repeat("word ", 12), "", channel.Traits{MaxText: 12})
	if err != nil {
		t.Fatal(err)
	}
	if len(parts) != 12 || parts[0] != "(1/12) word" || parts[11] != "(12/12) word" {
		t.Errorf("got %q", parts)
	}
}

func TestSplitWithoutRoom(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text, signature string
		traits                channel.Traits
		want                  string
	}{
		{"for a character", "1234567", "", channel.Traits{MaxText: 6}, `MaxText 6 is too small to hold "(1/9) " and one whole character, here "1"`},
		{"for a cluster", "e\u0301\u0301\u0301xxxxxx", "", channel.Traits{MaxText: 9}, `MaxText 9 is too small`},
		{"for the longer numbers", strings.Repeat("x", 40), "", channel.Traits{MaxText: 8}, `MaxText 8 is too small to hold "(10/99) "`},
		{"for the signature", "one two", "Maximilian", channel.Traits{MaxText: 12}, `MaxText 12 is too small to hold "(3/9) ^Maximilian"`},
		{"a count that shrinks", "0123456789abcdef", "", channel.Traits{MaxText: 10, Count: shrinking}, `counted a longer text as less`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			parts, err := channel.Split(tc.text, tc.signature, tc.traits)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %q, %v; want an error with %q", parts, err, tc.want)
			}
		})
	}
}

// shrinking breaks the law of Traits.Count: the 4 of "(1/4) " counts more than the 9 that held its place.
func shrinking(s string) int {
	if strings.Contains(s, "/4)") {
		return len(s) + 1
	}
	return len(s)
}

// atoms are what a reader sees as one character each.
var atoms = []string{"a", "Z", "7", ".", "!", ",", " ", " ", "\n", "\r\n", "\t", "。", "é", "e\u0301", "ﾊﾟ", "語", "😀", "👍🏽", "🇩🇪", "👩‍🚀", "👨‍👩‍👧‍👦", "1️⃣", "❤️",
	"🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "각", "한", "क्षि", "กำ", "\u0600١", "\u00a0"}

var words = []string{"parcel", "Where", "is", "it.", "Sorry!", "(really)", "https://example.org/track?id=12", "…", "\"no.\"", "www.example.org", "\n"}

var counts = map[string]func(string) int{"runes": nil, "bytes": byteLength, "UTF-16": utf16Length, "links as 23": link23}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) && r != '\u00a0' {
			return -1
		}
		return r
	}, s)
}

// body takes number and signature off the parts again.
func body(parts []string, signature string) []string {
	out := make([]string, len(parts))
	for i, part := range parts {
		if len(parts) > 1 {
			part = strings.TrimPrefix(part, fmt.Sprintf("(%d/%d) ", i+1, len(parts)))
		}
		out[i] = part
	}
	if signature != "" {
		out[len(out)-1] = strings.TrimSuffix(out[len(out)-1], "^"+signature)
	}
	return out
}

func TestSplitLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(atoms), rapid.SampledFrom(words)), 0, 60).Draw(t, "pieces")
		text := strings.Join(pieces, rapid.SampledFrom([]string{"", " "}).Draw(t, "between"))
		signature := rapid.SampledFrom([]string{"", "Ana", "Jürgen"}).Draw(t, "signature")
		traits := channel.Traits{MaxText: rapid.IntRange(0, 90).Draw(t, "max"), Count: counts[rapid.SampledFrom([]string{"runes", "bytes", "UTF-16", "links as 23"}).Draw(t, "count")]}
		parts, err := channel.Split(text, signature, traits)
		if err != nil {
			if traits.MaxText > len("(10/99) ")+traits.Length("👨‍👩‍👧‍👦")+len("^Jürgen") {
				t.Fatalf("refused although there was room: %v", err)
			}
			return
		}
		again, _ := channel.Split(text, signature, traits)
		if diff := cmp.Diff(parts, again); diff != "" {
			t.Fatalf("not the same again: %s", diff)
		}
		for _, part := range parts {
			if n := traits.Length(part); traits.MaxText > 0 && n > traits.MaxText {
				t.Fatalf("part %q counts %d", part, n)
			}
		}
		bare := body(parts, signature)
		if got, want := squeeze(strings.Join(bare, "")), squeeze(text); got != want {
			t.Fatalf("joined parts are\n%q, the text is\n%q", got, want)
		}
		for i, part := range bare[:len(bare)-1] {
			if part == "" {
				t.Fatalf("part %d is empty: %q", i+1, parts)
			}
		}
		for _, p := range cuts(bare) {
			if !atomBorder(pieces, p) {
				t.Fatalf("%q is cut inside a character", parts)
			}
		}
	})
}

// cuts returns the places of the cuts in the text without spaces.
func cuts(bare []string) []int {
	var at []int
	n := 0
	for _, part := range bare[:len(bare)-1] {
		n += len(squeeze(part))
		at = append(at, n)
	}
	return at
}

// atomBorder reports whether no atom has p inside it; words may be cut anywhere, since all their characters are single.
func atomBorder(pieces []string, p int) bool {
	n := 0
	for _, piece := range pieces {
		size := len(squeeze(piece))
		if p > n && p < n+size {
			return isWord(piece) && (piece[p-n]&0xc0 != 0x80)
		}
		n += size
	}
	return true
}

func isWord(piece string) bool {
	for _, w := range words {
		if w == piece {
			return true
		}
	}
	return false
}

func TestSplitCutsNoWordOrLinkThatFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 80).Draw(t, "words"), " ")
		parts, err := channel.Split(text, "", channel.Traits{MaxText: rapid.IntRange(8+len("https://example.org/track?id=12"), 120).Draw(t, "max")})
		if err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, part := range body(parts, "") {
			got = append(got, strings.Fields(part)...)
		}
		if diff := cmp.Diff(strings.Fields(text), got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add("It is on its way. Please wait.", "Ana", 20)
	f.Add("\xff\xfe\u0301 \u0301\r\n\u0301🇩🇪🇩", "", 12)
	f.Add("https://example.org/"+strings.Repeat("a", 100), "", 30)
	f.Fuzz(func(t *testing.T, text, signature string, most int) {
		traits := channel.Traits{MaxText: most}
		signature = strings.TrimSpace(signature)
		parts, err := channel.Split(text, signature, traits)
		if err != nil {
			return
		}
		for _, part := range parts {
			if traits.MaxText > 0 && traits.Length(part) > traits.MaxText {
				t.Errorf("part %q is too long", part)
			}
		}
		got, want := "", squeeze(text)
		for _, part := range body(parts, signature) {
			got += squeeze(part) // each on its own: bytes that are not UTF-8 must not become so by joining
		}
		if got != want {
			t.Errorf("joined parts are %q, the text is %q", got, want)
		}
	})
}

// The cost a byte must not grow with the text.
func BenchmarkSplit(b *testing.B) {
	sentence := "We are sorry that your parcel is late, and have asked the carrier: https://example.org/track?id=12. 😀 "
	for _, size := range []int{1 << 10, 1 << 14, 1 << 18} {
		for name, text := range map[string]string{"links in links": strings.Repeat("https://", size/8), "sentences": strings.Repeat(sentence, size/len(sentence)+1), "one word": strings.Repeat("x", size)} {
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					if _, err := channel.Split(text, "Ana", channel.Traits{MaxText: 280}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
