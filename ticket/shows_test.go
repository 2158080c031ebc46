package ticket

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTextsThatShowSomebodysData(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"My flight was late by 3 hours on 2026-03-02, gate 12": nil,
		"Order 123456 has not come":                            {"number"},
		"Order 12345 has not come":                             nil,
		"My card is 4111 1111 1111 1111, help!":                {"card"},
		"4111-1111-1111-1112 is no card":                       nil,
		"4111111111111112 is a number":                         {"number"},
		"Call me: +49 (30) 901820-0":                           {"phone"},
		"Call 030/901820-00 or write to mia@example.org.":      {"email", "phone"},
		"mia at example.org, @mia@example.social #20260302x":   nil,
		"DE89 3704 0044 0532 0130 00 is my account":            {"iban"},
		"send it to GB82WEST12345698765432":                    {"iban"},
		"de89370400440532013000, please":                       {"iban"},
		"DE88 3704 0044 0532 0130 00":                          nil,
		"see https://shop.example/orders/123456789":            nil,
		"é123456": nil,
		"":        nil,
	} {
		if diff := cmp.Diff(want, shows(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func FuzzShows(f *testing.F) {
	f.Add("DE89 3704 0044 0532 0130 00 4111 1111 1111 1111 +49 30 9018200 mia@example.org 123456")
	f.Add("a@b.c. +0 (1)/2 D\xff12")
	f.Fuzz(func(t *testing.T, text string) {
		all := shows(text)
		if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
			t.Errorf("%q shows %v: want each once, in order", text, all)
		}
	})
}
