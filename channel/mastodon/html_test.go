package mastodon_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel/mastodon"
)

// TestPlainText turns every testdata/html/*.html into the *.txt beside it.
func TestPlainText(t *testing.T) {
	t.Parallel()
	files, wants := glob(t, "testdata/html/*.html"), glob(t, "testdata/html/*.txt")
	if len(files) != len(wants) {
		t.Errorf("%d files and %d expectations", len(files), len(wants))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".html"), func(t *testing.T) {
			t.Parallel()
			got := mastodon.PlainText(string(read(t, file)))
			want := strings.TrimSuffix(string(read(t, strings.TrimSuffix(file, ".html")+".txt")), "\n")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

func TestPlainTextOfBrokenMarkup(t *testing.T) {
	t.Parallel()
	for markup, want := range map[string]string{
		"":                                  "",
		"a < b && c > d":                    "a < b && c > d",
		"1 <2 and 3<":                       "1 <2 and 3<",
		"<p>one<p>two":                      "one\n\ntwo",
		"</p></blockquote></ul></span>x":    "x",
		"one<!-- two --!> three -->four":    "onefour",
		"one<!-- two":                       "one",
		"one<a href=\"https://x.example":    "one",
		"<a href='https://x.example/'>":     "https://x.example/",
		"<a href=javascript:alert(1)>x</a>": "x",
		"<a href=\"https://a.example\"><a href=\"https://b.example\">b</a></a>": "https://a.exampleb (https://b.example)",
		"<script>alert('x')</script>y<style>p{}</style>":                        "y",
		"<script>alert('x')":                           "",
		"&lt;b&gt; &amp;amp; &nbsp;x&#x1F600; &bogus;": "<b> &amp; \u00a0x😀 &bogus;",
		"<p>&lt;script&gt;</p>":                        "<script>",
		"<br><br><br><br>x<br><br><br><br>y":           "x\n\ny",
		"<IMG SRC=x ALT=':cat:'>":                      ":cat:",
		"<li>alone</li>":                               "alone",
	} {
		if got := mastodon.PlainText(markup); got != want {
			t.Errorf("%q: got %q, want %q", markup, got, want)
		}
	}
}

// Markup as deep or as often begun as somebody likes takes no more than a glance.
func TestPlainTextOfHostileMarkup(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"<blockquote>", "<ul><li>", "<span class=invisible>", "<a href=\"", "<!--", "<", "&", "<p x=", "<script>", "</", "<a "} {
		text := mastodon.PlainText(strings.Repeat(part, 20_000) + "end")
		if len(text) > 8*20_000*len(part) {
			t.Errorf("%q twenty thousand times makes %d bytes", part, len(text))
		}
	}
}

func FuzzPlainText(f *testing.F) {
	files, _ := filepath.Glob("testdata/html/*.html")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add("<p><a href=\"https://x.example/?a=1&amp;b\"><span class=\"invisible\">https://</span>x</a><blockquote><ol><li>")
	f.Fuzz(func(t *testing.T, markup string) {
		text := mastodon.PlainText(markup)
		if text != strings.TrimSpace(text) {
			t.Errorf("%q has spaces around: %q", markup, text)
		}
		if utf8.ValidString(markup) && !utf8.ValidString(text) {
			t.Errorf("%q became what is no UTF-8: %q", markup, text)
		}
		if !strings.ContainsAny(markup, "<&") && strings.Join(strings.Fields(markup), " ") != strings.Join(strings.Fields(text), " ") {
			t.Errorf("plain %q became %q", markup, text)
		}
		// Marks of quotes and lists, at most sixteen deep, come before a line.
		if len(text) > 8*len(markup)+100*strings.Count(markup, "<") {
			t.Errorf("%d bytes became %d", len(markup), len(text))
		}
	})
}

func glob(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	return files
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
