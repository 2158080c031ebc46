package rt

import (
	"html"
	"strings"
)

// plainText is the text of what RT's editor writes: paragraphs apart, list entries marked, links with their address left out. It takes any input.
func plainText(markup string) string {
	var b strings.Builder
	hidden := "" // the element whose content is no text
	for markup != "" {
		open := strings.IndexByte(markup, '<')
		if open < 0 {
			open = len(markup)
		}
		if hidden == "" {
			b.WriteString(strings.Join(splitKeepingEdges(html.UnescapeString(markup[:open])), " "))
		}
		if markup = markup[open:]; markup == "" {
			break
		}
		if strings.HasPrefix(markup, "<!--") {
			_, markup, _ = strings.Cut(markup, "-->")
			continue
		}
		tag, rest, closed := strings.Cut(markup[1:], ">")
		if !closed {
			break
		}
		markup = rest
		name, closing := elementOf(tag)
		switch {
		case hidden != "":
			if closing && name == hidden {
				hidden = ""
			}
		case name == "script" || name == "style" || name == "head":
			if !closing {
				hidden = name
			}
		case name == "br":
			b.WriteString("\n")
		case name == "li" && !closing:
			b.WriteString("\n- ")
		case name == "p" || name == "blockquote" || name == "ul" || name == "ol" || name == "table":
			b.WriteString("\n\n")
		case name == "div" || name == "tr" || name == "hr" || len(name) == 2 && name[0] == 'h':
			b.WriteString("\n")
		}
	}
	return tidy(b.String())
}

// splitKeepingEdges returns the words of a text, with an empty one where it begins or ends in a space.
func splitKeepingEdges(s string) []string {
	words := strings.Fields(s)
	switch {
	case s == "":
		return nil
	case len(words) == 0:
		return []string{"", ""}
	}
	if strings.ContainsAny(s[:1], " \t\r\n") {
		words = append([]string{""}, words...)
	}
	if strings.ContainsAny(s[len(s)-1:], " \t\r\n") {
		words = append(words, "")
	}
	return words
}

// elementOf returns the name in a tag, in lower case, and whether it closes.
func elementOf(tag string) (name string, closing bool) {
	tag, closing = strings.CutPrefix(tag, "/")
	if i := strings.IndexAny(tag, " \t\r\n/"); i >= 0 {
		tag = tag[:i]
	}
	return strings.ToLower(tag), closing
}

// tidy leaves one space between words, and leaves at most one empty line between two.
func tidy(text string) string {
	var out []string
	for l := range strings.SplitSeq(text, "\n") {
		if l = strings.Join(strings.Fields(l), " "); l != "" || len(out) > 0 && out[len(out)-1] != "" {
			out = append(out, l)
		}
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}
