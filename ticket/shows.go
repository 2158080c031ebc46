package ticket

import "strings"

// What a text can show of somebody's data, in the order in which the fact "shows" has them.
var shown = [...]string{"card", "email", "iban", "number", "phone"}

// shows names what a text shows that others should not read: "card" (13 to 19 digits with the check digit of payment cards), "email", "iban" (with its check digits), "phone" (9
// to 15 digits that begin with + or 0) and "number" (six digits or more in one piece: an account, an order). Links do not count, nor do mentions and tags.
func shows(text string) (all []string) {
	var words []string
	found := [len(shown)]bool{}
	for _, word := range strings.Fields(text) {
		switch {
		case strings.Contains(word, "://"), strings.HasPrefix(word, "www."), strings.HasPrefix(word, "@"), strings.HasPrefix(word, "#"):
			words = append(words, "|")
			continue
		case address(strings.Trim(word, "<>().,;:!?\"'")):
			found[1] = true
			words = append(words, "|")
			continue
		}
		words = append(words, word)
	}
	text = strings.Join(words, " ")
	for i := 0; i < len(text); {
		if i > 0 && alphanumeric(text[i-1]) || !alphanumeric(text[i]) {
			i++
			continue
		}
		if n := iban(text[i:]); n > 0 {
			found[2] = true
			i += n
			continue
		}
		if !digit(text[i]) {
			i++
			continue
		}
		digits, longest, n := numberIn(text[i:])
		plus := i > 0 && text[i-1] == '+'
		switch {
		case len(digits) >= 13 && len(digits) <= 19 && luhn(digits):
			found[0] = true
		case (plus || digits[0] == '0') && len(digits) >= 9 && len(digits) <= 15:
			found[4] = true
		case longest >= 6:
			found[3] = true
		}
		i += n
	}
	for i, is := range found {
		if is {
			all = append(all, shown[i])
		}
	}
	return all
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

func alphanumeric(b byte) bool { return digit(b) || 'a' <= b|0x20 && b|0x20 <= 'z' || b >= 0x80 }

// address reports whether a word is an e-mail address.
func address(word string) bool {
	at := strings.IndexByte(word, '@')
	dot := strings.LastIndexByte(word, '.')
	return at > 0 && dot > at+1 && dot < len(word)-2 && strings.Count(word, "@") == 1
}

// numberIn reads digits with a sign or two between, as people write long numbers, and returns them, how many stand together at most, and how much of the text they are.
func numberIn(text string) (digits string, longest, n int) {
	var all []byte
	for i := 0; i < len(text); {
		if digit(text[i]) {
			begins := i
			for i < len(text) && digit(text[i]) {
				all = append(all, text[i])
				i++
			}
			longest, n = max(longest, i-begins), i
			continue
		}
		signs := 0
		for i < len(text) && strings.IndexByte(" -./()", text[i]) >= 0 {
			signs++
			i++
		}
		if signs == 0 || signs > 2 || i < len(text) && !digit(text[i]) {
			break
		}
	}
	return string(all), longest, n
}

// luhn reports whether the last digit is the check digit of the others.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// iban returns how much of the text is an International Bank Account Number (ISO 13616), in groups or in one piece; 0: it does not begin with one.
func iban(text string) int {
	if len(text) < 15 || digit(text[0]) || digit(text[1]) || !digit(text[2]) || !digit(text[3]) {
		return 0
	}
	var all []byte
	whole := 0
	for i := 0; i < len(text) && len(all) < 34; i++ {
		b := text[i]
		if b == ' ' && i+1 < len(text) && alphanumeric(text[i+1]) {
			continue
		}
		if !alphanumeric(b) || b >= 0x80 {
			break
		}
		if !digit(b) {
			b &^= 0x20 // in upper case
		}
		all = append(all, b)
		ends := i+1 == len(text) || !alphanumeric(text[i+1])
		if ends && len(all) >= 15 && checks97(all) {
			whole = i + 1
		}
	}
	return whole
}

// checks97 computes the check digits of an IBAN: its country and check digits go to the end, letters count from 10.
func checks97(all []byte) bool {
	rest := 0
	for i := range all {
		b := all[(i+4)%len(all)]
		if digit(b) {
			rest = (rest*10 + int(b-'0')) % 97
		} else {
			rest = (rest*100 + int(b-'A') + 10) % 97
		}
	}
	return rest == 1
}
