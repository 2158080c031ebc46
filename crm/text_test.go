package crm_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/socialcrm/socialcrm/crm"
)

func TestTextsAreMadeFitForCRMs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "Zoë\n\tsays 👍": "Zoë\n\tsays 👍", "a\x00b\x1b[2Jc\r\n": "ab[2Jc\n", "a\xffb\ufffdc": "abc", "\u0085": "",
	} {
		if got := crm.Printable(text); got != want {
			t.Errorf("Printable(%q) = %q, want %q", text, got, want)
		}
	}
	for _, test := range []struct {
		text  string
		limit int
		want  string
	}{{"bag", 3, "bag"}, {"bags", 3, "…"}, {"Where is my bag?", 10, "Where i…"}, {"ééééé", 8, "éé…"}, {"👍👍", 7, "👍…"}} {
		if got := crm.Shorten(test.text, test.limit); got != test.want {
			t.Errorf("Shorten(%q, %d) = %q, want %q", test.text, test.limit, got, test.want)
		}
	}
}

func FuzzTexts(f *testing.F) {
	f.Add("Zoë \x00\xff", 5)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 3 + (limit&0xff)%100
		plain := crm.Printable(text)
		if !utf8.ValidString(plain) || strings.ContainsAny(plain, "\x00\r\x1b") || len(plain) > len(text) || crm.Printable(plain) != plain {
			t.Errorf("%q became %q", text, plain)
		}
		if short := crm.Shorten(plain, limit); len(short) > limit || !utf8.ValidString(short) || len(plain) <= limit && short != plain {
			t.Errorf("%q in %d bytes is %q", plain, limit, short)
		}
	})
}
