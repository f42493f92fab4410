package record

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Plan encodes the rows of one query. It is safe for concurrent use.
type Plan struct {
	roots    []int // the columns of the root's id or key
	id       int
	account  int // -1 where records have no account
	versions []int
	steps    []step
	format   Format
}

// step is one part of writing a record: open or close an object, or write a field.
type step struct {
	op     op
	column int
	kind   Kind
	key    string // `"name":`, quoted once
	name   string // the whole path, for errors
}

// op is the kind of a step.
type op uint8

const (
	opField op = iota
	opOpen
	opClose
)

// NewPlan checks the columns and lays out the record. The error names the column and the
// problem.
func NewPlan(columns []Column, f Format) (*Plan, error) {
	p := &Plan{id: -1, account: -1, format: f}
	keyed := map[string]int{}
	tree := &node{}
	for i, c := range columns {
		if c.Name == f.Account && f.Account != "" {
			// An account is a text, whatever the column's type: callers' tokens name it
			// as a text.
			p.account, c.Kind = i, String
		}
		switch {
		case strings.Split(c.Name, ".")[0] == AccountKeyField:
			return nil, fmt.Errorf("column %q: the name %s is kept for the key of the account; choose another", c.Name, AccountKeyField)
		case c.Name == RootColumn || keyColumn.MatchString(c.Name):
			keyed[c.Name] = i
			continue
		case strings.HasPrefix(c.Name, VersionPrefix):
			p.versions = append(p.versions, i)
			continue
		case c.Name == IDField:
			p.id = i
			c.Kind = String
		}
		if err := tree.add(strings.Split(c.Name, "."), i, c); err != nil {
			return nil, err
		}
	}
	if err := p.root(keyed); err != nil {
		return nil, err
	}
	if err := p.complete(); err != nil {
		return nil, err
	}
	p.steps = tree.steps(nil)
	return p, nil
}

// keyColumn is the form of the columns of a key that has several.
var keyColumn = regexp.MustCompile(`^` + RootColumn + `[1-9]$`)

// root finds the columns of the root's id or key: _root, or _root1, _root2 and so on.
func (p *Plan) root(columns map[string]int) error {
	if at, ok := columns[RootColumn]; ok && len(columns) == 1 {
		p.roots = []int{at}
		return nil
	}
	for n := range columns {
		at, ok := columns[RootColumn+strconv.Itoa(len(p.roots)+1)]
		if !ok {
			return fmt.Errorf("column %q: a root's id stands in %s alone, or the columns of its key in %s1, %s2 and so on", n, RootColumn, RootColumn, RootColumn)
		}
		p.roots = append(p.roots, at)
	}
	return nil
}

// complete checks that the columns which are not fields exist.
func (p *Plan) complete() error {
	switch {
	case len(p.roots) == 0:
		return fmt.Errorf("no column %q: the query must give each row's root id", RootColumn)
	case p.id < 0:
		return fmt.Errorf("no column %q: the query must give each record's id", IDField)
	case p.format.Account != "" && p.account < 0:
		return fmt.Errorf("no column %q: the query must give the account of each record", p.format.Account)
	case len(p.versions) == 0:
		return fmt.Errorf("no column %q: the query must give a value that changes with the record, such as updated_at", VersionPrefix)
	}
	return nil
}

// node is an object of the record while the plan is laid out. Children keep the
// order of the columns.
type node struct {
	name     string
	path     string
	column   int
	kind     Kind
	children []*node
	object   bool
}

// add adds a column at its path below n.
func (n *node) add(path []string, column int, c Column) error {
	if path[0] == "" {
		return fmt.Errorf("column %q: a field's name must not be empty", c.Name)
	}
	child := n.child(path[0])
	if len(path) == 1 {
		if child != nil {
			return fmt.Errorf("column %q stands twice, or is both a field and an object", c.Name)
		}
		n.children = append(n.children, &node{name: path[0], path: c.Name, column: column, kind: c.Kind.of(c.Type)})
		return nil
	}
	if child == nil {
		child = &node{name: path[0], object: true}
		n.children = append(n.children, child)
	}
	if !child.object {
		return fmt.Errorf("column %q: %q is a field and cannot hold another", c.Name, path[0])
	}
	return child.add(path[1:], column, c)
}

// child returns the child of that name, or nil.
func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// steps lists the steps that write the children of n, in order.
func (n *node) steps(to []step) []step {
	for _, c := range n.children {
		key := string(appendString(nil, []byte(c.name))) + ":"
		if !c.object {
			to = append(to, step{op: opField, column: c.column, kind: c.kind, key: key, name: c.path})
			continue
		}
		to = append(to, step{op: opOpen, key: key})
		to = c.steps(to)
		to = append(to, step{op: opClose})
	}
	return to
}

// errNoID is the error of a row whose record has no id.
var errNoID = errors.New(IDField + " is NULL or empty")
