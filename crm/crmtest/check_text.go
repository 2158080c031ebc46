package crmtest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/socialcrm/socialcrm/crm"
)

// texts are the checks that customers' words survive.
func texts() []Check {
	return []Check{
		{Name: "odd text is kept", Run: checkOddText},
		{Name: "a long text is kept, or cut between two characters with a sign", Run: checkLongText},
	}
}

func checkOddText(t T, h Harness) {
	odd := []struct{ name, text string }{
		{"an empty text", ""},
		{"lines and tabs", "first\n\n\tsecond"},
		{"markup and quotes", `<b>"bag" & 'case'</b> \u0041 {{x}} %s @{ref.id} $1`},
		{"an emoji of several code points", "family 👩‍👩‍👧‍👦 and flag 🇩🇪"},
		{"a skin tone", "👍🏽"},
		{"right to left", "אבג \u200fעם\u200e english مرحبا"},
		{"combining characters", "e\u0301a\u0308\u0323 Z\u0351\u036b\u0343alg\u0357o\u0301"},
		{"Hangul and ideographs", "한국어 日本語 𠮷野家"},
		{"control characters", "bell\a null\x00 escape\x1b[31m end"},
		{"a byte order mark", "\ufeffmark"},
		{"spaces around", "  spaces  "},
	}
	r := h.Open(t)
	c := sampleChange("a", len(odd))
	for i := range odd {
		c.Interactions[i].Text = odd[i].text
	}
	c.Case.Subject = "Ünïcode 👩‍👩‍👧‍👦 מה"
	c.Contact.Name = "Zoë 李 عمر"
	r.pushOK(t, c)
	if held := r.contact(t, c.Contact.Key); held.Name != c.Contact.Name {
		t.Errorf("the contact is called %q, want %q", held.Name, c.Contact.Name)
	}
	if held := r.theCase(t, c.Case.Key); held.Subject != c.Case.Subject {
		t.Errorf("the subject is %q, want %q", held.Subject, c.Case.Subject)
	}
	held := r.Interactions(c.Case.Key)
	if len(held) != len(odd) {
		t.Fatalf("the CRM holds %d interactions, want %d", len(held), len(odd))
	}
	for i, want := range odd {
		if plain(held[i].Text) != plain(want.text) {
			t.Errorf("%s: the CRM holds %q, want %q", want.name, held[i].Text, want.text)
		}
	}
}

// plain is a text without what a CRM need not keep: control characters, and spaces at its ends.
func plain(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r == utf8.RuneError {
			return -1
		}
		return r
	}, s))
}

func checkLongText(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 3)
	long := []string{strings.Repeat("long ", 20_000), strings.Repeat("ö", 50_001), strings.Repeat("👍🏽", 12_501)}
	for i, text := range long {
		c.Interactions[i].Text = strings.TrimSpace(text)
	}
	r.pushOK(t, c)
	held := r.Interactions(c.Case.Key)
	if len(held) != len(long) {
		t.Fatalf("the CRM holds %d interactions, want %d", len(held), len(long))
	}
	for i := range long {
		h.expectText(t, held[i].Text, c.Interactions[i])
	}
}

func (h Harness) expectText(t T, got string, in crm.Interaction) {
	t.Helper()
	count, limit := h.Features.Count, h.Features.MaxText
	if count == nil {
		count = func(s string) int { return len(s) }
	}
	if got == in.Text {
		return
	}
	kept, cut := strings.CutSuffix(got, "…")
	switch {
	case limit == 0 || count(in.Text) <= limit:
		t.Errorf("%s: the text of %d bytes is not kept whole but as %d bytes", in.Key, len(in.Text), len(got))
	case !cut:
		t.Errorf("%s: the text was cut without a sign: it ends in %q", in.Key, got[max(0, len(got)-8):])
	case !utf8.ValidString(kept) || !strings.HasPrefix(in.Text, kept):
		t.Errorf("%s: what is left of the text is not its beginning", in.Key)
	case count(got) > limit || count(got) < limit*9/10:
		t.Errorf("%s: %d of %d are left of the text", in.Key, count(got), limit)
	}
}
