package mastodon

import (
	"strings"
	"unicode/utf8"
)

// counter counts a text as the server does: characters, a link as perURL whatever its length. It counts rather too much than too little: Mastodon counts
// what a reader sees as one character as one, however many code points it has, and of a mention only the name.
//
// A longer text never counts less than its beginning: a link counts as it stands until its host has a dot and something behind it, and never less from there on.
func counter(perURL int) func(string) int {
	return func(text string) int {
		n, before := 0, ' '
		for at := 0; at < len(text); {
			if link := linkAt(text[at:], before); link > 0 {
				n += max(perURL, utf8.RuneCountInString(text[at:at+certain(text[at:at+link])]))
				at += link
				before = ' '
				continue
			}
			r, size := utf8.DecodeRuneInString(text[at:])
			n++
			at += size
			before = r
		}
		return n
	}
}

// linkAt returns how long the link is that the text begins with; 0 where it begins with none.
func linkAt(text string, before rune) int {
	scheme := ""
	for _, s := range [...]string{"https://", "http://"} {
		if len(text) >= len(s) && strings.EqualFold(text[:len(s)], s) {
			scheme = s
		}
	}
	if scheme == "" || before < 0x80 && isAlnum(byte(before)) || strings.ContainsRune("@#$_/", before) {
		return 0
	}
	end := strings.IndexFunc(text, notInLink)
	if end < 0 {
		end = len(text)
	}
	if certain(text[:end]) == 0 {
		return 0
	}
	return end
}

// certain returns how much of a link it takes to see that it is one: up to the character behind the first dot of the host. 0: it is none.
func certain(link string) int {
	_, host, _ := strings.Cut(link, "://")
	start := len(link) - len(host)
	if end := strings.IndexAny(host, "/?#:"); end >= 0 {
		host = host[:end]
	}
	dot := strings.IndexByte(host, '.')
	if dot < 1 || dot+1 == len(host) || !isAlnum(host[dot+1]) {
		return 0
	}
	return start + dot + 2
}

func isAlnum(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// notInLink reports whether r ends a link: a space, a bracket, or anything beyond ASCII.
func notInLink(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"<>\\^`{|}", r)
}
