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
	for _, m := range n.members {
		if m.name == name {
			return m
		}
	}
	return n
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
	if !utf8.Valid(data) {
		return nil, &Error{Line: lineAt(data, invalidUTF8(data)), Err: errors.New("is not UTF-8")}
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		e := &Error{Err: err}
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			e.Line = lineAt(data, int(syntax.Offset)-1)
		}
		return nil, e
	}
	s := scanner{data: data, tokens: json.NewDecoder(bytes.NewReader(data)), line: 1}
	s.tokens.UseNumber()
	var n node
	if err := s.value(&n, 0); err != nil {
		return nil, err
	}
	return &n, nil
}

// scanner builds nodes from tokens. The data has been found to be valid JSON.
type scanner struct {
	data   []byte
	tokens *json.Decoder
	at     int // how far lines have been counted
	line   int
}

// start moves to where the next token begins.
func (s *scanner) start() int {
	at := int(s.tokens.InputOffset())
	for bytes.IndexByte([]byte(" \t\r\n,:"), s.data[at]) >= 0 {
		at++
	}
	s.line += bytes.Count(s.data[s.at:at], []byte("\n"))
	s.at = at
	return at
}

func (s *scanner) value(n *node, depth int) error {
	start := s.start()
	n.line = s.line
	token, err := s.tokens.Token()
	if err != nil {
		return n.errorf("%w", err)
	}
	if _, ok := token.(json.Delim); ok && depth == maxNesting {
		return n.errorf("nests deeper than %d", maxNesting)
	}
	switch t := token.(type) {
	case nil:
		n.kind = nullNode
	case bool:
		n.kind = boolNode
	case json.Number:
		n.kind = numberNode
	case string:
		n.kind = stringNode
	case json.Delim:
		if t == '[' {
			err = s.array(n, depth+1)
		} else {
			err = s.object(n, depth+1)
		}
	}
	n.raw = s.data[start:s.tokens.InputOffset()]
	return err
}

func (s *scanner) array(n *node, depth int) error {
	n.kind = arrayNode
	for s.tokens.More() {
		item := &node{parent: n, index: len(n.items)}
		if err := s.value(item, depth); err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	_, err := s.tokens.Token()
	return err
}

func (s *scanner) object(n *node, depth int) error {
	n.kind = objectNode
	firstLine := make(map[string]int)
	for s.tokens.More() {
		s.start()
		token, err := s.tokens.Token()
		if err != nil {
			return n.errorf("%w", err)
		}
		name := token.(string)
		value := &node{parent: n, name: name, line: s.line}
		if line, repeated := firstLine[name]; repeated {
			return value.errorf("is given twice, first on line %d", line)
		}
		firstLine[name] = s.line
		if err := s.value(value, depth); err != nil {
			return err
		}
		n.members = append(n.members, value)
	}
	_, err := s.tokens.Token()
	return err
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
