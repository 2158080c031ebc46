package rule

// Match says why a Rule matched. It is a small value, made without allocation; String renders it.
type Match struct{}

// Match reports whether the rule holds for f, and if so which parts of it made it hold. It does not allocate, except once for each text outside ASCII
// that a Word is looked for in.
func (r *Rule) Match(f Facts) (Match, bool) {
	panic("being written")
}

// String names the parts that made the rule hold, each with its path: `all[0]: account is "acme"; all[1]: text contains word "refund"`.
// A rule without a condition gives "always".
func (m Match) String() string {
	panic("being written")
}
