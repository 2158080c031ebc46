package ticket

// ordered is a set of items kept in order: a B-tree. The memory Store's lists are built on it, so that a page costs the same whatever is stored. Items that
// compare as equal are the same item. Pointers whose order depends on what they point to must be deleted before, and inserted after, that changes.
type ordered[T any] struct {
	compare func(a, b T) int
	root    *orderedNode[T]
	length  int
}

// orderedWidth is how many items a node holds at most.
const orderedWidth = 48

type orderedNode[T any] struct {
	items    []T
	children []*orderedNode[T] // none at a leaf, else one more than items
}

// find returns the place of the first item that is not before the probe, and whether it is the probe.
func (n *orderedNode[T]) find(probe T, compare func(a, b T) int) (int, bool) {
	low, high := 0, len(n.items)
	for low < high {
		mid := int(uint(low+high) >> 1)
		switch c := compare(n.items[mid], probe); {
		case c == 0:
			return mid, true
		case c < 0:
			low = mid + 1
		default:
			high = mid
		}
	}
	return low, false
}

// insert adds the item, or puts it in the place of its equal.
func (o *ordered[T]) insert(item T) {
	if o.root == nil {
		o.root = &orderedNode[T]{}
	}
	up, right, grown := o.root.insert(item, o.compare)
	if grown {
		o.length++
	}
	if right != nil {
		o.root = &orderedNode[T]{items: []T{up}, children: []*orderedNode[T]{o.root, right}}
	}
}

// insert returns what goes up when the node had to be split, and whether there is one more item.
func (n *orderedNode[T]) insert(item T, compare func(a, b T) int) (up T, right *orderedNode[T], grown bool) {
	i, found := n.find(item, compare)
	if found {
		n.items[i] = item
		return up, nil, false
	}
	if n.children == nil {
		n.items = insertAt(n.items, i, item)
		grown = true
	} else {
		childUp, childRight, childGrown := n.children[i].insert(item, compare)
		if childRight != nil {
			n.items = insertAt(n.items, i, childUp)
			n.children = insertAt(n.children, i+1, childRight)
		}
		grown = childGrown
	}
	if len(n.items) <= orderedWidth {
		return up, nil, grown
	}
	up, right = n.split(i == len(n.items)-1)
	return up, right, grown
}

// insertAt grows a full slice by a half at least and to the width at most: most nodes of a busy tree are full, those of small ones stay small.
func insertAt[T any](s []T, i int, item T) []T {
	if len(s) == cap(s) {
		grown := make([]T, len(s), max(4, min(2*len(s), orderedWidth+2)))
		copy(grown, s)
		s = grown
	}
	s = s[:len(s)+1]
	copy(s[i+1:], s[i:])
	s[i] = item
	return s
}

// split moves the upper half to a new node; when items come in order, only the last one, so that nodes end up full.
func (n *orderedNode[T]) split(atEnd bool) (T, *orderedNode[T]) {
	mid := len(n.items) / 2
	if atEnd {
		mid = len(n.items) - 2
	}
	up := n.items[mid]
	right := &orderedNode[T]{items: append(make([]T, 0, orderedWidth+2-mid), n.items[mid+1:]...)}
	clear(n.items[mid:])
	n.items = n.items[:mid]
	if n.children != nil {
		right.children = append(make([]*orderedNode[T], 0, orderedWidth+3-mid), n.children[mid+1:]...)
		clear(n.children[mid+1:])
		n.children = n.children[:mid+1]
	}
	return up, right
}

// delete removes the item that equals the probe and reports whether there was one.
func (o *ordered[T]) delete(probe T) bool {
	if o.root == nil || !o.root.delete(probe, o.compare) {
		return false
	}
	o.length--
	if len(o.root.items) == 0 && o.root.children != nil {
		o.root = o.root.children[0]
	}
	return true
}

func (n *orderedNode[T]) delete(probe T, compare func(a, b T) int) bool {
	i, found := n.find(probe, compare)
	switch {
	case n.children == nil:
		if found {
			n.items = deleteAt(n.items, i)
		}
		return found
	case found:
		n.items[i] = n.children[i].deleteLast()
	case !n.children[i].delete(probe, compare):
		return false
	}
	n.refill(i)
	return true
}

// deleteLast removes and returns the last item below the node.
func (n *orderedNode[T]) deleteLast() T {
	if n.children == nil {
		last := n.items[len(n.items)-1]
		n.items = deleteAt(n.items, len(n.items)-1)
		return last
	}
	i := len(n.children) - 1
	last := n.children[i].deleteLast()
	n.refill(i)
	return last
}

func deleteAt[T any](s []T, i int) []T {
	copy(s[i:], s[i+1:])
	clear(s[len(s)-1:])
	return s[:len(s)-1]
}

// refill joins child i with a neighbour when it has become small and the two fit into one node, or moves an item over when it is empty.
func (n *orderedNode[T]) refill(i int) {
	child := n.children[i]
	if len(child.items) >= orderedWidth/4 {
		return
	}
	left := max(i-1, 0)
	a, b := n.children[left], n.children[left+1]
	if len(a.items)+len(b.items)+1 <= orderedWidth {
		items := make([]T, 0, orderedWidth+2)
		a.items = append(append(append(items, a.items...), n.items[left]), b.items...)
		if a.children != nil {
			children := make([]*orderedNode[T], 0, orderedWidth+3)
			a.children = append(append(children, a.children...), b.children...)
		}
		n.items = deleteAt(n.items, left)
		n.children = deleteAt(n.children, left+1)
		return
	}
	if child == b { // a is large: its last item goes up, what was between comes down
		b.items = insertAt(b.items, 0, n.items[left])
		n.items[left] = a.items[len(a.items)-1]
		a.items = deleteAt(a.items, len(a.items)-1)
		if a.children != nil {
			b.children = insertAt(b.children, 0, a.children[len(a.children)-1])
			a.children = deleteAt(a.children, len(a.children)-1)
		}
		return
	}
	a.items = insertAt(a.items, len(a.items), n.items[left])
	n.items[left] = b.items[0]
	b.items = deleteAt(b.items, 0)
	if b.children != nil {
		a.children = insertAt(a.children, len(a.children), b.children[0])
		b.children = deleteAt(b.children, 0)
	}
}

// min returns the first item.
func (o *ordered[T]) min() (item T, ok bool) {
	n := o.root
	if n == nil || len(n.items) == 0 {
		return item, false
	}
	for n.children != nil {
		n = n.children[0]
	}
	return n.items[0], true
}

// from returns the first item that is not before the probe.
func (o *ordered[T]) from(probe T) (item T, ok bool) {
	return o.search(func(item T) bool { return o.compare(item, probe) >= 0 })
}

// above returns the first item that is after the probe.
func (o *ordered[T]) above(probe T) (item T, ok bool) {
	return o.search(func(item T) bool { return o.compare(item, probe) > 0 })
}

// search returns the first item for which reached is true, as it then is for all after it.
func (o *ordered[T]) search(reached func(T) bool) (item T, ok bool) {
	for n := o.root; n != nil; {
		low, high := 0, len(n.items)
		for low < high {
			if mid := int(uint(low+high) >> 1); reached(n.items[mid]) {
				high = mid
			} else {
				low = mid + 1
			}
		}
		if low < len(n.items) {
			item, ok = n.items[low], true
		}
		if n.children == nil {
			break
		}
		n = n.children[low]
	}
	return item, ok
}

// below returns the last item that is before the probe.
func (o *ordered[T]) below(probe T) (item T, ok bool) {
	for n := o.root; n != nil; {
		i, _ := n.find(probe, o.compare)
		if i > 0 {
			item, ok = n.items[i-1], true
		}
		if n.children == nil {
			break
		}
		n = n.children[i]
	}
	return item, ok
}
