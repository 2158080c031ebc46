package rule

// Rule is a compiled Condition. It is immutable; any number of goroutines may use one. The zero Rule and a nil *Rule match everything, as the zero
// Condition does.
type Rule struct{}

// Compile checks c and makes a Rule of it. The error names what is wrong by its path, such as all[1].word, and can be found as *Error: more than one form
// or operator, an empty list, a number that is not finite, a Predicate that p does not hold, more than MaxDepth or MaxSize.
func Compile(c Condition, p Predicates) (*Rule, error) {
	panic("being written")
}
