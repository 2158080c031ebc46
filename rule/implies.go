package rule

import (
	"slices"
	"strings"
)

// Implies reports whether d is sure to hold wherever c does, as far as their form shows: a true answer is certain, a false one is not. Whoever puts conditions in an
// order where the first match wins finds those with it that never come to their turn.
func (c Condition) Implies(d Condition) bool {
	steps := 0
	return implies(&c, &d, &steps)
}

// maxImplied bounds the work of Implies, which can double with each level of conditions made for that.
const maxImplied = 100_000

func implies(a, b *Condition, steps *int) bool {
	if *steps++; *steps > maxImplied {
		return false
	}
	then := func(a, b *Condition) bool { return implies(a, b, steps) }
	every := func(parts []Condition, holds func(*Condition) bool) bool {
		return !slices.ContainsFunc(parts, func(p Condition) bool { return !holds(&p) })
	}
	one := func(parts []Condition, holds func(*Condition) bool) bool {
		return slices.ContainsFunc(parts, func(p Condition) bool { return holds(&p) })
	}
	switch {
	case b.always(), a.never():
		return true
	case a.Any != nil:
		return every(a.Any, func(p *Condition) bool { return then(p, b) })
	case b.All != nil:
		return every(b.All, func(p *Condition) bool { return then(a, p) })
	case a.All != nil && one(a.All, func(p *Condition) bool { return then(p, b) }):
		return true
	case b.Any != nil:
		return one(b.Any, func(p *Condition) bool { return then(a, p) })
	case a.Not != nil && b.Not != nil:
		return then(b.Not, a.Not)
	case a.Fact != "" && a.Fact == b.Fact:
		return a.operatorImplies(b)
	}
	return a.Predicate != "" && a.Predicate == b.Predicate
}

// always reports whether the form of c shows that it holds always, never whether it never does.
func (c *Condition) always() bool {
	return c.IsZero() || c.Not != nil && c.Not.never() ||
		c.All != nil && !slices.ContainsFunc(c.All, func(p Condition) bool { return !p.always() }) || slices.ContainsFunc(c.Any, func(p Condition) bool { return p.always() })
}

func (c *Condition) never() bool {
	return c.Not != nil && c.Not.always() ||
		c.Any != nil && !slices.ContainsFunc(c.Any, func(p Condition) bool { return !p.never() }) || slices.ContainsFunc(c.All, func(p Condition) bool { return p.never() })
}

// operatorImplies is implies for two conditions on one fact.
func (c *Condition) operatorImplies(d *Condition) bool {
	is, allowed := c.scalars(), d.scalars()
	each := func(holds func(scalar) bool) bool {
		return is != nil && !slices.ContainsFunc(is, func(v scalar) bool { return !holds(v) })
	}
	switch {
	case d.Exists != nil && *d.Exists:
		return c.Exists == nil || *c.Exists
	case d.Exists != nil:
		return c.Exists != nil && !*c.Exists
	case allowed != nil:
		return is != nil && subset(is, allowed)
	case d.Prefix != "":
		return strings.HasPrefix(c.Prefix, d.Prefix) || each(func(v scalar) bool { return v.kind == kindText && strings.HasPrefix(v.text, d.Prefix) })
	case d.Min != nil || d.Max != nil:
		return each(func(v scalar) bool { return v.kind == kindNumber && d.inRange(v.number) }) ||
			(c.Min != nil || c.Max != nil) && (d.Min == nil || c.Min != nil && *c.Min >= *d.Min) && (d.Max == nil || c.Max != nil && *c.Max <= *d.Max)
	case d.Words != nil:
		return c.Words != nil && subset(c.Words, d.Words)
	}
	return d.Word != "" && c.Word == d.Word || d.List != "" && c.List == d.List
}

// scalar is a Value of one text, number or bool, so that it can be compared with ==.
type scalar struct {
	kind   kind
	text   string
	number float64
}

// scalars lists what the fact is one of; nil where c says nothing like that.
func (c *Condition) scalars() []scalar {
	values := c.In
	if !c.Equals.Missing() {
		values = []Value{c.Equals}
	}
	var all []scalar
	for _, v := range values {
		all = append(all, scalar{v.kind, v.text, v.number})
	}
	return all
}

// subset reports whether all of some are among others. Lists can be long.
func subset[T comparable](some, others []T) bool {
	there := make(map[T]bool, len(others))
	for _, v := range others {
		there[v] = true
	}
	return !slices.ContainsFunc(some, func(v T) bool { return !there[v] })
}

func (c *Condition) inRange(n float64) bool {
	return (c.Min == nil || *c.Min <= n) && (c.Max == nil || n <= *c.Max)
}
