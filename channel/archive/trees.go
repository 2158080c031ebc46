package archive

import (
	"strconv"
	"strings"
)

// trees knows, of every message of a TWCS archive, its thread and its account. It keeps no text: of a message that has a number for its ID, a node of 32 bytes
// and its place in a hash table. Nodes come in chunks, so that growing copies none.
type trees struct {
	chunks [][]node
	count  uint32   // nodes are numbered from 1, by when the file first names them
	slots  []uint32 // a hash table of nodes by their key, with open addressing
	rows   uint32

	names  []string // the IDs that are no plain numbers; their key is named + the index
	byName map[string]uint64

	brands  []string // from 1
	byBrand map[string]uint32
	bySpell map[string]string // a brand in lower case
}

// node is a message of the file, or one that is only answered there.
type node struct {
	key     uint64
	parent  uint32 // the node that this one answers, 0 for none
	root    uint32 // the thread's first
	row     uint32 // where it came first, 0 when it is missing
	brand   uint32 // who wrote it, 0 for a customer
	replier uint32 // the first brand that answered it
	first   uint32 // at a root: the node of its tree with a brand that has the lowest row
}

const (
	chunkBits = 14
	chunkSize = 1 << chunkBits
	named     = 1 << 63
	visiting  = ^uint32(0) // a root that is being looked for
)

func newTrees() *trees {
	return &trees{
		slots: make([]uint32, 1024), byName: make(map[string]uint64),
		brands: []string{""}, byBrand: make(map[string]uint32), bySpell: make(map[string]string),
	}
}

func (t *trees) node(n uint32) *node { return &t.chunks[(n-1)>>chunkBits][(n-1)&(chunkSize-1)] }

// add takes a row in; brand is empty for a customer's. Of an ID that came before, the first row counts.
func (t *trees) add(id, parent, brand string) {
	t.rows++
	i := t.intern(id)
	n := t.node(i)
	if n.row != 0 {
		return
	}
	n.row = t.rows
	if brand != "" {
		n.brand = t.internBrand(brand)
	}
	if parent == "" || parent == id {
		return
	}
	n.parent = t.intern(parent)
	if p := t.node(n.parent); p.replier == 0 {
		p.replier = n.brand
	}
}

// finish finds the roots, once every row is in.
func (t *trees) finish() {
	var path []uint32
	for i := uint32(1); i <= t.count; i++ {
		path = path[:0]
		at := i
		for t.node(at).root == 0 {
			t.node(at).root = visiting
			path = append(path, at)
			parent := t.node(at).parent
			if parent == 0 {
				t.node(at).root = at
				break
			}
			at = parent
		}
		root := t.node(at).root
		if root == visiting { // a ring: from at to the end of the path
			root = at
			for k := len(path) - 1; path[k] != at; k-- {
				root = min(root, path[k])
			}
		}
		for _, n := range path {
			t.node(n).root = root
		}
	}
	for i := uint32(1); i <= t.count; i++ {
		if n := t.node(i); n.brand != 0 {
			root := t.node(n.root)
			if root.first == 0 || n.row < t.node(root.first).row {
				root.first = i
			}
		}
	}
}

// place is where a message belongs.
type place struct {
	thread  string
	account string // empty where no brand has to do with it
}

// place returns where the message belongs; false for an ID that is in no row.
func (t *trees) place(id string) (place, bool) {
	key, ok := t.key(id, false)
	if !ok {
		return place{}, false
	}
	i := t.slots[t.slot(key)]
	if i == 0 || t.node(i).row == 0 {
		return place{}, false
	}
	n := t.node(i)
	p := place{thread: id}
	if n.root != i {
		p.thread = t.id(t.node(n.root).key)
	}
	brand := n.brand
	if brand == 0 && n.parent != 0 {
		brand = t.node(n.parent).brand
	}
	if brand == 0 {
		brand = n.replier
	}
	if first := t.node(n.root).first; brand == 0 && first != 0 {
		brand = t.node(first).brand
	}
	p.account = t.brands[brand]
	return p, true
}

// spell returns a handle as the brand of that name, if there is one, spells it.
func (t *trees) spell(handle string) string {
	if brand, ok := t.bySpell[strings.ToLower(handle)]; ok {
		return brand
	}
	return handle
}

func (t *trees) internBrand(brand string) uint32 {
	n, ok := t.byBrand[brand]
	if !ok {
		n = uint32(len(t.brands))
		brand = strings.Clone(brand)
		t.brands = append(t.brands, brand)
		t.byBrand[brand] = n
		if lower := strings.ToLower(brand); t.bySpell[lower] == "" {
			t.bySpell[lower] = brand
		}
	}
	return n
}

// key is the ID as a number. One that is none, or is written unusually, is given a number; false when it has none and shall get none.
func (t *trees) key(id string, add bool) (uint64, bool) {
	if n, err := strconv.ParseUint(id, 10, 63); err == nil && (id[0] != '0' || id == "0") && id[0] != '+' {
		return n, true
	}
	key, ok := t.byName[id]
	if !ok && add {
		key, ok = named+uint64(len(t.names)), true
		id = strings.Clone(id)
		t.names = append(t.names, id)
		t.byName[id] = key
	}
	return key, ok
}

func (t *trees) id(key uint64) string {
	if key >= named {
		return t.names[key-named]
	}
	return strconv.FormatUint(key, 10)
}

// intern returns the node of the ID, a new one if need be.
func (t *trees) intern(id string) uint32 {
	key, _ := t.key(id, true)
	s := t.slot(key)
	if t.slots[s] != 0 {
		return t.slots[s]
	}
	if t.count&(chunkSize-1) == 0 {
		t.chunks = append(t.chunks, make([]node, chunkSize))
	}
	t.count++
	t.node(t.count).key = key
	t.slots[s] = t.count
	if uint64(t.count)*4 > uint64(len(t.slots))*3 {
		t.slots = make([]uint32, 2*len(t.slots))
		for i := uint32(1); i <= t.count; i++ {
			t.slots[t.slot(t.node(i).key)] = i
		}
	}
	return t.count
}

// slot is where the node of that key is, or would go.
func (t *trees) slot(key uint64) int {
	mask := len(t.slots) - 1
	s := int(key*0x9E3779B97F4A7C15>>32) & mask
	for t.slots[s] != 0 && t.node(t.slots[s]).key != key {
		s = (s + 1) & mask
	}
	return s
}
