package ticket

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// check fails when the tree is not in order, not balanced or too full.
func (o *ordered[T]) check(t rapid.TB) {
	t.Helper()
	depth, count := -1, 0
	var last *T
	var walk func(n *orderedNode[T], level int)
	walk = func(n *orderedNode[T], level int) {
		if len(n.items) > orderedWidth {
			t.Fatalf("a node has %d items", len(n.items))
		}
		if n.children != nil && len(n.children) != len(n.items)+1 {
			t.Fatalf("a node has %d items and %d children", len(n.items), len(n.children))
		}
		if n.children == nil {
			if depth >= 0 && depth != level {
				t.Fatalf("leaves at depth %d and %d", depth, level)
			}
			depth = level
		}
		if len(n.items) == 0 && n != o.root {
			t.Fatal("an empty node")
		}
		for i := range n.items {
			if n.children != nil {
				walk(n.children[i], level+1)
			}
			if last != nil && o.compare(*last, n.items[i]) >= 0 {
				t.Fatalf("%v comes before %v", *last, n.items[i])
			}
			last = &n.items[i]
			count++
		}
		if n.children != nil {
			walk(n.children[len(n.items)], level+1)
		}
	}
	if o.root != nil {
		walk(o.root, 0)
	}
	if count != o.length {
		t.Fatalf("length %d, but there are %d", o.length, count)
	}
}

func TestOrderedIsASortedSet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := ordered[int]{compare: cmp.Compare[int]}
		var model []int
		high := rapid.SampledFrom([]int{20, 400, 5000}).Draw(t, "range")
		ascending := rapid.Bool().Draw(t, "ascending")
		steps := rapid.IntRange(1, 2000).Draw(t, "steps")
		seed := rapid.Uint64().Draw(t, "seed")
		random := func() int {
			seed = seed*6364136223846793005 + 1442695040888963407
			return int(seed>>33) % high
		}
		shrinking := rapid.Bool().Draw(t, "shrinking")
		for step := range steps {
			v := random()
			if ascending {
				v = step
			}
			i, found := slices.BinarySearch(model, v)
			remove := random()%3 == 0
			if shrinking && step > steps/2 {
				remove = random()%8 != 0
				if len(model) > 0 {
					v = model[random()%len(model)]
					i, found = slices.BinarySearch(model, v)
				}
			}
			if remove {
				if o.delete(v) != found {
					t.Fatalf("delete %d: want %v", v, found)
				}
				if found {
					model = slices.Delete(model, i, i+1)
				}
			} else {
				o.insert(v)
				if !found {
					model = slices.Insert(model, i, v)
				}
			}
		}
		o.check(t)
		if o.length != len(model) {
			t.Fatalf("length %d, want %d", o.length, len(model))
		}
		for range 50 {
			v := random()
			i, found := slices.BinarySearch(model, v)
			expect(t, "from", v, model, i)(o.from(v))
			expect(t, "below", v, model, i-1)(o.below(v))
			if found {
				i++
			}
			expect(t, "above", v, model, i)(o.above(v))
		}
		expect(t, "min", 0, model, 0)(o.min())
	})
}

func expect(t *rapid.T, what string, probe int, model []int, i int) func(int, bool) {
	return func(got int, ok bool) {
		t.Helper()
		if want := i >= 0 && i < len(model); ok != want {
			t.Fatalf("%s %d: found is %v, want %v", what, probe, ok, want)
		} else if ok && got != model[i] {
			t.Fatalf("%s %d: got %d, want %d", what, probe, got, model[i])
		}
	}
}

func BenchmarkOrdered(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		o := ordered[int]{compare: cmp.Compare[int]}
		for i := range n {
			o.insert(i * 7919 % n)
		}
		b.Run(map[int]string{1000: "delete and insert of 1k", 1_000_000: "delete and insert of 1M"}[n], func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i = (i + 7919) % n
				o.delete(i)
				o.insert(i)
			}
		})
	}
}
