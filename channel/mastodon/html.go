package mastodon

import (
	"html"
	"strconv"
	"strings"
)

// plainText turns the HTML of a post into text: paragraphs are set apart by an empty line, lists and quotes are marked as in a mail, and a link is its whole
// address, behind its text where that says something else. What servers hide or shorten for display (span.invisible, span.ellipsis) is whole again inside links and
// dropped elsewhere. Unknown elements are their text, scripts and styles nothing. It takes any input, in time that grows with its length.
func plainText(markup string) string {
	c := converter{}
	for len(markup) > 0 {
		lt := strings.IndexByte(markup, '<')
		if lt < 0 {
			c.text(markup)
			break
		}
		c.text(markup[:lt])
		t, rest := nextTag(markup[lt:])
		switch {
		case t.name != "":
			c.tag(t)
		case !t.markup:
			c.text(markup[lt : len(markup)-len(rest)])
		}
		markup = rest
	}
	c.endLink()
	return strings.TrimSpace(c.out.String())
}

// element is a tag as far as it matters here.
type element struct {
	name             string // in lower case; empty: none
	closing          bool
	markup           bool // a comment or the like: not to be seen
	href, class, alt string
}

// nextTag reads the tag or comment that the text, which begins with "<", begins with. A "<" that begins none is text.
func nextTag(s string) (element, string) {
	switch {
	case strings.HasPrefix(s, "<!--"):
		_, rest, _ := strings.Cut(s[4:], "-->")
		return element{markup: true}, rest
	case strings.HasPrefix(s, "<!"), strings.HasPrefix(s, "<?"):
		_, rest, _ := strings.Cut(s, ">")
		return element{markup: true}, rest
	}
	t := element{}
	p := s[1:]
	if strings.HasPrefix(p, "/") {
		t.closing, p = true, p[1:]
	}
	if p == "" || !isLetter(p[0]) {
		return element{}, s[1:]
	}
	end := strings.IndexAny(p, " \t\r\n\f/>")
	if end < 0 {
		return element{markup: true}, ""
	}
	t.name, p = strings.ToLower(p[:end]), p[end:]
	for {
		p = strings.TrimLeft(p, " \t\r\n\f/")
		switch {
		case p == "": // a tag without an end hides what follows, as it does in a browser
			return element{markup: true}, ""
		case p[0] == '>':
			return t, p[1:]
		}
		var name, value string
		name, value, p = nextAttribute(p)
		switch strings.ToLower(name) {
		case "href":
			t.href = html.UnescapeString(value)
		case "class":
			t.class = value
		case "alt":
			t.alt = html.UnescapeString(value)
		}
	}
}

// nextAttribute reads name, name=value, name='value' or name="value".
func nextAttribute(p string) (name, value, rest string) {
	end := strings.IndexAny(p[1:], " \t\r\n\f/>=") + 1
	if end < 1 {
		return p, "", ""
	}
	name, p = p[:end], strings.TrimLeft(p[end:], " \t\r\n\f")
	if !strings.HasPrefix(p, "=") {
		return name, "", p
	}
	p = strings.TrimLeft(p[1:], " \t\r\n\f")
	if p != "" && (p[0] == '"' || p[0] == '\'') {
		value, rest, _ = strings.Cut(p[1:], p[:1])
		return name, value, rest
	}
	if end = strings.IndexAny(p, " \t\r\n\f>"); end < 0 {
		end = len(p)
	}
	return name, p[:end], p[end:]
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// deepest bounds what is remembered of nested elements; what lies deeper is their text.
const deepest = 16

// converter writes text while elements open and close.
type converter struct {
	out    strings.Builder
	breaks int    // line breaks that are owed before the next text
	space  bool   // so is a space
	marker string // and the sign of a list's item
	quotes int
	pre    int
	lists  []int  // the number of the next item; 0 in lists without numbers
	spans  []bool // whether each open span is hidden
	drop   string // the element whose content is dropped
	link   *anchor
}

// anchor is a link on its way.
type anchor struct {
	href, class string
	text        strings.Builder
}

func has(class, word string) bool {
	for c := range strings.FieldsSeq(class) {
		if c == word {
			return true
		}
	}
	return false
}

func (c *converter) hidden() bool {
	for _, h := range c.spans {
		if h {
			return true
		}
	}
	return false
}

func (c *converter) tag(t element) {
	if c.drop != "" {
		if t.closing && t.name == c.drop {
			c.drop = ""
		}
		return
	}
	switch t.name {
	case "script", "style":
		if !t.closing {
			c.drop = t.name
		}
	case "br":
		c.owe(c.breaks + 1)
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table":
		c.owe(2)
	case "div", "tr", "dt", "dd":
		c.owe(1)
	case "pre":
		c.owe(2)
		c.pre = step(c.pre, t.closing)
	case "blockquote":
		c.owe(2)
		c.quotes = step(c.quotes, t.closing)
	case "ul", "ol":
		c.list(t)
	case "li":
		c.item(t)
	case "span":
		switch {
		case t.closing && len(c.spans) > 0:
			c.spans = c.spans[:len(c.spans)-1]
		case !t.closing && len(c.spans) < deepest:
			c.spans = append(c.spans, has(t.class, "invisible"))
		}
	case "img":
		c.words(t.alt)
	case "a":
		c.endLink()
		if !t.closing {
			c.link = &anchor{href: t.href, class: t.class}
		}
	}
}

func step(n int, closing bool) int {
	if closing {
		return max(n-1, 0)
	}
	return min(n+1, deepest)
}

// owe asks for so many line breaks before the next text; more than two are never written.
func (c *converter) owe(breaks int) {
	if c.link != nil {
		c.link.text.WriteByte(' ')
		return
	}
	c.breaks, c.space = min(max(c.breaks, breaks), 2), false
}

func (c *converter) list(t element) {
	outermost := len(c.lists) == 0 || t.closing && len(c.lists) == 1
	if outermost {
		c.owe(2)
	} else {
		c.owe(1)
	}
	switch {
	case t.closing && len(c.lists) > 0:
		c.lists = c.lists[:len(c.lists)-1]
	case !t.closing && len(c.lists) < deepest:
		first := 0
		if t.name == "ol" {
			first = 1
		}
		c.lists = append(c.lists, first)
	}
}

func (c *converter) item(t element) {
	c.owe(1)
	c.marker = ""
	if t.closing || len(c.lists) == 0 {
		return
	}
	last := len(c.lists) - 1
	c.marker = strings.Repeat("  ", last) + "- "
	if n := c.lists[last]; n > 0 {
		c.marker = strings.Repeat("  ", last) + strconv.Itoa(n) + ". "
		c.lists[last]++
	}
}

// text takes a run of text between tags.
func (c *converter) text(raw string) {
	if c.drop != "" || raw == "" {
		return
	}
	if c.link == nil && c.hidden() {
		return
	}
	c.words(html.UnescapeString(raw))
}

// words writes text, its spaces as one each except in a pre.
func (c *converter) words(text string) {
	if c.link != nil {
		c.link.text.WriteString(text)
		return
	}
	if c.pre > 0 {
		for i, line := range strings.Split(text, "\n") {
			if i > 0 {
				c.breaks = min(c.breaks+1, 2)
			}
			c.write(strings.TrimRight(line, "\r"))
		}
		return
	}
	for {
		start := strings.IndexFunc(text, notSpace)
		c.space = c.space || start != 0 && text != ""
		if start < 0 {
			return
		}
		text = text[start:]
		end := strings.IndexFunc(text, isSpace)
		if end < 0 {
			end = len(text)
		}
		c.write(text[:end])
		text = text[end:]
	}
}

// isSpace reports whether HTML takes r for a space; a no-break space holds words together and stays.
func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' }

func notSpace(r rune) bool { return !isSpace(r) }

// write puts text out behind what is owed.
func (c *converter) write(text string) {
	if text == "" {
		return
	}
	begins := c.out.Len() == 0
	for range c.breaks {
		if !begins {
			c.out.WriteByte('\n')
		}
	}
	switch {
	case begins || c.breaks > 0:
		c.out.WriteString(strings.Repeat("> ", c.quotes))
	case c.space:
		c.out.WriteByte(' ')
	}
	c.out.WriteString(c.marker)
	c.out.WriteString(text)
	c.breaks, c.space, c.marker = 0, false, ""
}

// endLink writes the link that is open: a mention or hashtag by its text, any other by its address, behind its text where that is not the address again.
func (c *converter) endLink() {
	link := c.link
	if link == nil {
		return
	}
	c.link = nil
	text := link.text.String()
	seen := strings.TrimSpace(text)
	web := strings.HasPrefix(link.href, "https://") || strings.HasPrefix(link.href, "http://")
	switch {
	case !web, has(link.class, "mention"), has(link.class, "hashtag"), strings.HasPrefix(seen, "@"), strings.HasPrefix(seen, "#"):
		c.words(text)
	case seen == "", bare(seen) == bare(link.href):
		c.words(link.href)
	default:
		c.words(text + " (" + link.href + ")")
	}
}

// bare is an address without what browsers leave out.
func bare(address string) string {
	address = strings.TrimPrefix(strings.TrimPrefix(address, "https://"), "http://")
	return strings.TrimSuffix(strings.TrimPrefix(address, "www."), "/")
}
