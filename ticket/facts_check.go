package ticket

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/rule"
)

// counts are the facts that are whole numbers, and the least that each can be. Those that can be 0 are always known.
var counts = map[string]float64{"unanswered": 0, "attachments": 0, "campaign": 1, "author.followers": 1}

// CheckFacts reports the facts of a rule that no ticket has, and a value that its fact never has.
func CheckFacts(r *rule.Rule) error {
	var wrong []error
	for _, name := range r.Facts() {
		if !KnownFact(name) {
			wrong = append(wrong, fmt.Errorf("fact %q is not known; ticket.Facts lists those that are", name))
		}
	}
	return rule.Faults(append(wrong, r.CheckValues(KnownValues))...)
}

// CheckCondition reports the first part of a condition over the facts of Facts that cannot mean what it says, because it holds never, or wherever the fact is known: a number
// compared with a text, a hashtag with its "#", an account without its platform, a list without a word. lists are those that it may name. The error is a *rule.Error with the
// place in the condition. Names of facts are for KnownFact to check, values for KnownValues.
func CheckCondition(c *rule.Condition, lists rule.Lists) error {
	for path, t := range c.Tests() {
		if operator, err := checkTest(t, lists); err != nil {
			return &rule.Error{Path: strings.TrimPrefix(path+"."+operator, "."), Err: err}
		}
	}
	return nil
}

// checkTest looks at the operator of a test, and names it where it is wrong.
func checkTest(t *rule.Condition, lists rule.Lists) (operator string, err error) {
	if t.Exists != nil {
		return "", nil
	}
	if t.List != "" && len(lists[t.List]) == 0 {
		return "list", fmt.Errorf("list %q is empty, so that nothing is ever found", t.List)
	}
	if least, number := counts[t.Fact]; number {
		return checkCount(t, least)
	}
	if t.Min != nil || t.Max != nil {
		return rangeOf(t), fmt.Errorf("%q is no number", t.Fact)
	}
	if can := KnownValues(t.Fact); can != nil {
		return checkAmong(t, can)
	}
	for operator, v := range operands(t) {
		text, ok := v.Text()
		if !ok {
			return operator, fmt.Errorf("is %s, and %q is a text", v, t.Fact)
		}
		if err := checkForm(t.Fact, operator, text); err != nil {
			return operator, err
		}
	}
	if entries := lists[t.List]; t.List != "" && !slices.ContainsFunc(entries, func(entry string) bool { return checkSign(t.Fact, entry) == nil }) {
		return "list", fmt.Errorf("list %q: [0] %w", t.List, checkSign(t.Fact, entries[0]))
	}
	return "", nil
}

// operands yields what a test compares its fact with, and the operator that does.
func operands(t *rule.Condition) iter.Seq2[string, rule.Value] {
	return func(yield func(string, rule.Value) bool) {
		if !t.Equals.Missing() && !yield("equals", t.Equals) || t.Prefix != "" && !yield("prefix", rule.Text(t.Prefix)) || t.Word != "" && !yield("word", rule.Text(t.Word)) {
			return
		}
		for i, v := range t.In {
			if !yield(fmt.Sprintf("in[%d]", i), v) {
				return
			}
		}
		for i, w := range t.Words {
			if !yield(fmt.Sprintf("words[%d]", i), rule.Text(w)) {
				return
			}
		}
	}
}

// rangeOf names the operator of a test for a range.
func rangeOf(t *rule.Condition) string {
	if t.Min == nil {
		return "max"
	}
	return "min"
}

// checkCount looks at a test of a whole number.
func checkCount(t *rule.Condition, least float64) (operator string, err error) {
	if t.List != "" {
		return "list", fmt.Errorf("%q is a number, in which there are no words", t.Fact)
	}
	for operator, v := range operands(t) {
		switch n, ok := v.Number(); {
		case !ok:
			return operator, fmt.Errorf("is %s, and %q is a number", v, t.Fact)
		case n < least || n != math.Trunc(n):
			return operator, fmt.Errorf("is %s, which %q never is: it is a whole number from %s on", v, t.Fact, rule.Number(least))
		}
	}
	from, to := least, math.Inf(1)
	if t.Min != nil {
		from = max(from, math.Ceil(*t.Min))
	}
	if t.Max != nil {
		to = math.Floor(*t.Max)
	}
	switch {
	case t.Min == nil && t.Max == nil:
	case from > to:
		return rangeOf(t), fmt.Errorf("leaves nothing that %q can be: it is a whole number from %s on", t.Fact, rule.Number(least))
	case t.Max == nil && least == 0 && from == 0:
		return "min", fmt.Errorf("is %s, which %q always is", rule.Number(*t.Min), t.Fact)
	}
	return "", nil
}

// checkAmong looks at a test of a fact that is one of a few words, or true or false, for what begins so or has such a word. Equals and in are those of KnownValues.
func checkAmong(t *rule.Condition, can []rule.Value) (operator string, err error) {
	if t.List != "" || !t.Equals.Missing() || t.In != nil {
		return "", nil
	}
	r, err := rule.Compile(*t, nil)
	if err != nil || slices.ContainsFunc(can, func(v rule.Value) bool { _, ok := r.Match(rule.Map{t.Fact: v}); return ok }) {
		return "", nil // Compile tells what it finds to whoever compiles the whole
	}
	words := make([]string, len(can))
	for i, v := range can {
		words[i] = v.String()
	}
	for operator, v := range operands(t) {
		return operator, fmt.Errorf("%s is in nothing that %q can be; it is one of %s", v, t.Fact, strings.Join(words, ", "))
	}
	return "", nil
}

// checkForm looks at a text that a fact is compared with.
func checkForm(fact, operator, text string) error {
	whole := operator == "equals" || strings.HasPrefix(operator, "in[")
	switch fact {
	case "account", "also_on":
		platform, id, cut := strings.Cut(text, "/")
		if whole && (platform == "" || id == "") || (whole || cut) && !isPlatform(platform) || strings.HasPrefix(text, "@") {
			return fmt.Errorf("is %q; want an account as its platform and its ID there, such as %q", text, channel.AccountID{Platform: "facebook", ID: "1234"})
		}
	case "platform":
		if !isPlatform(text) {
			return fmt.Errorf(`is %q; want the short name of a network, in lower case and without an account, such as "facebook"`, text)
		}
	case "tags":
		if whole && text != strings.TrimSpace(text) {
			return fmt.Errorf("is %q; a tag has no spaces around it", text)
		}
	}
	return checkSign(fact, text)
}

// checkSign refuses the sign of a hashtag or a mention with facts that do not have it.
func checkSign(fact, text string) error {
	text = strings.TrimSpace(text)
	switch {
	case fact == "hashtags" && strings.HasPrefix(text, "#"):
		return fmt.Errorf("is %q; hashtags have no #, so want %q", text, strings.TrimLeft(text, "#"))
	case (fact == "mentions" || fact == "author.handle") && strings.HasPrefix(text, "@"):
		return fmt.Errorf("is %q; %s have no @, so want %q", text, map[string]string{"mentions": "mentions", "author.handle": "handles"}[fact], strings.TrimLeft(text, "@"))
	}
	return nil
}

// isPlatform reports whether a text can be the short name of a network, see channel.AccountID.
func isPlatform(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return r == '/' || r == '@' || unicode.IsUpper(r) || unicode.IsSpace(r) })
}
