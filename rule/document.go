package rule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// maxNesting is how deep arrays and objects of a document nest at most: a condition of MaxDepth and room for what it lies in.
const maxNesting = 2*MaxDepth + 64

// node is one value of a JSON document that remembers where it stood; encoding/json forgets that, and keeps only the last of fields that repeat.
type node struct {
	kind    nodeKind
	raw     []byte
	text    string // of a string, decoded
	line    int
	parent  *node   // nil for the whole
	name    string  // in parent, if that is an object
	index   int     // in parent, if that is an array
	items   []*node // of an array
	members []*node // of an object, no two of one name
}

type nodeKind string // as error texts call it

const (
	nullNode   nodeKind = "null"
	boolNode   nodeKind = "a bool"
	numberNode nodeKind = "a number"
	stringNode nodeKind = "a string"
	arrayNode  nodeKind = "an array"
	objectNode nodeKind = "an object"
)

// member returns the place of a field: its own where it is there, otherwise that of the object.
func (n *node) member(name string) *node {
	if m := n.find(name); m != nil {
		return m
	}
	return n
}

// find returns the field of that name, nil if there is none.
func (n *node) find(name string) *node {
	for _, m := range n.members {
		if m.name == name {
			return m
		}
	}
	return nil
}

// path is put together only when there is something to say about a node: names can be long and nest.
func (n *node) path() string {
	switch {
	case n.parent == nil:
		return ""
	case n.parent.kind == arrayNode:
		return n.parent.path() + "[" + strconv.Itoa(n.index) + "]"
	}
	return joinPath(n.parent.path(), pathStep(n.name))
}

func (n *node) errorf(format string, args ...any) error {
	return &Error{Path: n.path(), Line: n.line, Err: fmt.Errorf(format, args...)}
}

// parseDocument reads data, which must be one JSON value.
func parseDocument(data []byte) (*node, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // as editors put before UTF-8
	if !utf8.Valid(data) {
		return nil, &Error{Line: lineAt(data, invalidUTF8(data)), Err: errors.New("is not UTF-8")}
	}
	if !json.Valid(data) {
		var whole json.RawMessage
		err := json.Unmarshal(data, &whole) // only this says where
		e := &Error{Err: err}
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			e.Line = lineAt(data, int(syntax.Offset)-1)
		}
		return nil, e
	}
	s := scanner{data: data, line: 1}
	var n node
	if err := s.value(&n, 0); err != nil {
		return nil, err
	}
	return &n, nil
}

// scanner builds nodes. The data has been found to be valid JSON, so that it need not look twice at anything.
type scanner struct {
	data []byte
	at   int
	line int
}

// start moves to where the next token begins, and returns its first byte.
func (s *scanner) start() byte {
	for ; ; s.at++ {
		switch c := s.data[s.at]; c {
		case '\n':
			s.line++
		case ' ', '\t', '\r', ',', ':':
		default:
			return c
		}
	}
}

// text reads a string.
func (s *scanner) text() (string, error) {
	begin, plain := s.at, true
	for s.at++; s.data[s.at] != '"'; s.at++ {
		if s.data[s.at] == '\\' {
			s.at++
			plain = false
		}
	}
	s.at++
	if plain {
		return string(s.data[begin+1 : s.at-1]), nil
	}
	var text string
	err := json.Unmarshal(s.data[begin:s.at], &text)
	return text, err
}

func (s *scanner) value(n *node, depth int) (err error) {
	first := s.start()
	start := s.at
	n.line = s.line
	switch first {
	case '[', '{':
		if depth == maxNesting {
			return n.errorf("nests deeper than %d", maxNesting)
		}
		s.at++
		if first == '[' {
			err = s.array(n, depth+1)
		} else {
			err = s.object(n, depth+1)
		}
		s.at++
	case '"':
		n.kind = stringNode
		n.text, err = s.text()
	case 'n':
		n.kind = nullNode
		s.at += len("null")
	case 't':
		n.kind = boolNode
		s.at += len("true")
	case 'f':
		n.kind = boolNode
		s.at += len("false")
	default:
		n.kind = numberNode
		for s.at < len(s.data) && bytes.IndexByte([]byte("+-.0123456789Ee"), s.data[s.at]) >= 0 {
			s.at++
		}
	}
	n.raw = s.data[start:s.at]
	return err
}

func (s *scanner) array(n *node, depth int) error {
	n.kind = arrayNode
	for s.start() != ']' {
		item := &node{parent: n, index: len(n.items)}
		if err := s.value(item, depth); err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	return nil
}

// fewMembers is up to how many members of an object are compared one by one.
const fewMembers = 16

func (s *scanner) object(n *node, depth int) error {
	n.kind = objectNode
	var byName map[string]*node // of many
	for s.start() != '}' {
		value := &node{parent: n, line: s.line}
		var err error
		if value.name, err = s.text(); err != nil {
			return n.errorf("%w", err)
		}
		first := byName[value.name]
		if byName == nil {
			first = n.find(value.name)
		}
		if first != nil {
			return value.errorf("is given twice, first on line %d", first.line)
		}
		if err := s.value(value, depth); err != nil {
			return err
		}
		n.members = append(n.members, value)
		if len(n.members) == fewMembers {
			byName = make(map[string]*node)
			for _, m := range n.members {
				byName[m.name] = m
			}
		} else if byName != nil {
			byName[value.name] = value
		}
	}
	return nil
}

// pathStep writes the name of a field as a part of a path: plain where that reads well, otherwise quoted in brackets.
func pathStep(name string) string {
	for _, r := range name {
		if !isLetter(r) && r != '_' && r != '-' {
			return "[" + strconv.Quote(name) + "]"
		}
	}
	if name == "" {
		return `[""]`
	}
	return name
}

func joinPath(path, step string) string {
	if path == "" || step == "" || step[0] == '[' {
		return path + step
	}
	return path + "." + step
}

// lineAt returns the line, from 1, of the byte data[at].
func lineAt(data []byte, at int) int {
	return 1 + bytes.Count(data[:max(0, min(at, len(data)))], []byte("\n"))
}

func invalidUTF8(data []byte) int {
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return len(data)
}
