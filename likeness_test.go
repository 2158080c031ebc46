package socialcrm

import (
	"testing"

	"pgregory.net/rapid"
)

func TestTextsAreAlikeWhateverTheirCaseAccentsLinksMentionsAndNumbers(t *testing.T) {
	t.Parallel()
	const petition = "Dear Acme, please stop selling fur in your shops, animals suffer for it every single day"
	for _, test := range []struct {
		name, text string
		least      float64
		most       float64
	}{
		{"the same", petition, 1, 1},
		{"shouted, with accents", "DEAR ÁCME, PLEASE STOP SELLING FUR IN YOUR SHOPS; ANIMALS SUFFER FOR IT EVERY SINGLE DAY!!!", 1, 1},
		{"with link, mention and number", "@acme Dear Acme, please stop selling fur in your shops, animals suffer for it every single day 1/2 https://pet.example/x?y=1", 1, 1},
		{"passed on", "RT @mia: Dear Acme, please stop selling fur in your shops, animals suffer for it every single day", 1, 1},
		{"with a word more", petition + " shame", 0.9, 0.99},
		{"with a word changed", "Dear Acme, please stop selling fur in all shops, animals suffer for it every single day", 0.7, 0.9},
		{"about the same", "I never buy fur, and I will never buy anything in shops that sell it, because animals suffer", 0, 0.3},
		{"about something else", "My parcel has been on its way for two weeks and nobody answers the phone, please help", 0, 0.1},
	} {
		a, _ := sketchOf(petition)
		b, _ := sketchOf(test.text)
		if got := a.likeness(b); got < test.least || got > test.most {
			t.Errorf("%s: %.2f alike, want %.2f to %.2f", test.name, got, test.least, test.most)
		}
		if a.likeness(b) != b.likeness(a) {
			t.Errorf("%s: likeness has a direction", test.name)
		}
	}
}

func FuzzSketch(f *testing.F) {
	f.Add("Dear Acme, please stop", "dear acme PLEASE stop https://x.example")
	f.Add("退款 #x @y", "")
	f.Fuzz(func(t *testing.T, one, other string) {
		a, words := sketchOf(one)
		b, _ := sketchOf(other)
		like := a.likeness(b)
		if len(a) > sketchMost || len(a) > max(words-1, 0) || like < 0 || like > 1 || like != b.likeness(a) || len(a) > 0 && a.likeness(a) != 1 {
			t.Errorf("%q and %q: %d hashes of %d words, %v alike", one, other, len(a), words, like)
		}
	})
}

func TestSketchesOfLongTextsSayHowMuchTheyHaveInCommon(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		word := rapid.StringMatching("[a-z]{3,8}")
		words := rapid.SliceOfNDistinct(word, 120, 160, rapid.ID[string]).Draw(r, "words")
		text := func(words []string) (s string) {
			for _, w := range words {
				s += w + " "
			}
			return s
		}
		a, _ := sketchOf(text(words))
		b, _ := sketchOf(text(words[len(words)/2:])) // half of it
		if like := a.likeness(b); like < 0.2 || like > 0.8 {
			r.Fatalf("half of a text is %.2f alike", like)
		}
	})
}
