package archive

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMentions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"@acme hello", []string{"acme"}},
		{".@acme's parcel (@bob_1) -@carl", []string{"acme", "bob_1", "carl"}},
		{"＠acme", []string{"acme"}},
		{"@acme @ACME @Acme", []string{"acme"}},
		{"joe@example.com, a_@b, x1@y", nil},
		{"@joe@mastodon.example", nil},
		{"@http://x", nil},
		{"@ @, @@acme #@acme &@acme", nil},
		{"@12345678901234567890", []string{"12345678901234567890"}},
		{"@123456789012345678901", nil},
		{"é@acme", []string{"acme"}},
		{"@acmé", []string{"acm"}},
		{"RT:@acme,@bob", []string{"acme", "bob"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, mentions(test.text)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", test.text, diff)
		}
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"#fail, #Fail. (#été_2015) ＃東京 #fail", []string{"fail", "Fail", "été_2015", "東京"}},
		{"#1 #2015 # #_ C#sharp &#39; x/#ok", []string{"ok"}},
		{"#a#b", []string{"a"}},
		{"##b", []string{"b"}},
		{"#4u", []string{"4u"}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, tags(test.text)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", test.text, diff)
		}
	}
}

func TestUnescape(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":                          "",
		"R&amp;D &lt;3 &gt; &quot;": `R&D <3 > "`,
		"&#39;&#x27;":               "''",
		"&amp;lt;":                  "&lt;",
		"?a=1&copy=2&lt":            "?a=1&copy=2&lt",
		"AT&T & co; &; &unknown;":   "AT&T & co; &; &unknown;",
		"&&amp;&":                   "&&&",
	}
	for in, want := range tests {
		if got := unescape(in); got != want {
			t.Errorf("unescape(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2017, 10, 31, 22, 10, 47, 0, time.UTC)
	for _, s := range []string{
		"Tue Oct 31 22:10:47 +0000 2017", "Tue Oct 31 15:10:47 -0700 2017", "2017-10-31T22:10:47Z", "2017-10-31T22:10:47.000Z", "2017-11-01T00:10:47+02:00",
		"2017-10-31 22:10:47", "2017-10-31 22:10:47+00:00", "2017-10-31 14:10:47 -0800", "2017-10-31T22:10:47",
	} {
		if got, err := parseTime(s); err != nil || got != want {
			t.Errorf("parseTime(%q) = %v, %v; want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "yesterday", "31/10/2017", "2017-02-30T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-08:00"} {
		if got, err := parseTime(s); err == nil {
			t.Errorf("parseTime(%q) = %v, want an error", s, got)
		}
	}
}
