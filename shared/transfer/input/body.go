package input

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// The bounds of one request.
const (
	MaxJobs  = 10000
	MaxDepth = 20
)

// Query returns the object of an address's parameters; of a repeated one the first counts.
func Query(values url.Values) Object {
	o := Object{}
	for name, list := range values {
		o[name] = list[0]
	}
	return o
}

// JSON reads one object.
func JSON(body []byte) (Object, error) {
	var o Object
	if err := decode(body, &o); err != nil {
		return nil, fmt.Errorf("the body is not a JSON object: %w", err)
	}
	if o == nil {
		return nil, errors.New("the body is null: want a JSON object")
	}
	return o, nil
}

// JSONList reads a list of objects that is not empty.
func JSONList(body []byte) ([]Object, error) {
	var list []Object
	if err := decode(body, &list); err != nil {
		return nil, fmt.Errorf("the body is not a JSON list of objects: %w", err)
	}
	return list, bounded(list)
}

// bounded judges the length of a list.
func bounded(list []Object) error {
	switch {
	case len(list) == 0:
		return errors.New("the list is empty: want at least one job")
	case len(list) > MaxJobs:
		return fmt.Errorf("the list has more than %d jobs: send it in parts", MaxJobs)
	}
	return nil
}

// decode reads one JSON value and nothing behind it. Its errors are in the caller's words.
func decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	err := d.Decode(into)
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("byte %d begins a value of another kind", wrong.Offset)
	case errors.As(err, &syntax):
		return fmt.Errorf("wrong syntax at byte %d", syntax.Offset)
	case err != nil:
		return errors.New("it is empty or broken off")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more behind the value")
	}
	return nil
}

// node is an element of XML.
type node struct {
	XMLName xml.Name
	Nil     string `xml:"nil,attr"`
	Text    string `xml:",chardata"`
	Nodes   []node `xml:",any"`
}

// XML reads one job: an element whose children are the fields, whatever its name.
func XML(body []byte) (Object, error) {
	root, err := parse(body)
	if err != nil {
		return nil, err
	}
	return root.object()
}

// XMLList reads a list of jobs: an element whose children are jobs.
func XMLList(body []byte) ([]Object, error) {
	root, err := parse(body)
	if err != nil {
		return nil, err
	}
	list, err := root.list()
	if err != nil {
		return nil, err
	}
	return list, bounded(list)
}

// parse reads the tree of elements.
func parse(body []byte) (node, error) {
	var root node
	if depth(body) > 4*MaxDepth {
		return root, errors.New("the XML is nested too deeply")
	}
	if err := xml.Unmarshal(body, &root); err != nil {
		return root, errors.New("the body is not XML that can be read")
	}
	return root, nil
}

// depth returns how deeply elements are nested.
func depth(body []byte) (most int) {
	d, at := xml.NewDecoder(bytes.NewReader(body)), 0
	for {
		token, err := d.RawToken()
		if err != nil {
			return most
		}
		switch token.(type) {
		case xml.StartElement:
			at++
			most = max(most, at)
		case xml.EndElement:
			at--
		}
	}
}

// list returns the jobs among an element's children.
func (n node) list() ([]Object, error) {
	list := make([]Object, 0, len(n.Nodes))
	for _, child := range n.Nodes {
		o, err := child.object()
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

// object returns the fields of a job's element. The field job_source_fields holds its
// JSON as text, or elements; children holds jobs.
func (n node) object() (Object, error) {
	o := Object{}
	for _, field := range n.Nodes {
		name := field.XMLName.Local
		if _, twice := o[name]; twice {
			return nil, fmt.Errorf("the element %s stands twice in one job", name)
		}
		switch {
		case field.Nil == "true":
			o[name] = nil
		case name == "children":
			list, err := field.list()
			if err != nil {
				return nil, err
			}
			o[name] = list
		case len(field.Nodes) > 0:
			values := map[string]any{}
			for _, v := range field.Nodes {
				values[v.XMLName.Local] = v.Text
			}
			o[name] = values
		default:
			o[name] = strings.TrimSpace(field.Text)
		}
	}
	return o, nil
}

// Flat returns the drafts of a list without children, or every problem with the job's
// place before the field.
func Flat(list []Object, rules Rules, priorityOf func(string) int) ([]transfer.Draft, *Refusal) {
	b := builder{rules: rules, priorityOf: priorityOf, refusal: Refusal{Problems: Problems{}}}
	drafts := make([]transfer.Draft, 0, len(list))
	for i, o := range list {
		drafts = append(drafts, b.draft(fmt.Sprintf("[%d]", i), o))
	}
	return drafts, b.refused()
}

// Trees returns the drafts of a list with children.
func Trees(list []Object, rules Rules, priorityOf func(string) int) ([]transfer.Draft, *Refusal) {
	rules.Tree = true
	b := builder{rules: rules, priorityOf: priorityOf, refusal: Refusal{Problems: Problems{}}}
	drafts := b.trees("", list, 1)
	if b.jobs > MaxJobs {
		b.note(DataError, "", Problems{"children": fmt.Sprintf("the trees have more than %d jobs: send them in parts", MaxJobs)})
	}
	return drafts, b.refused()
}

// builder makes drafts and collects what is wrong in all of them.
type builder struct {
	rules      Rules
	priorityOf func(string) int
	refusal    Refusal
	jobs       int
}

// refused returns the problems, nil for none.
func (b *builder) refused() *Refusal {
	if len(b.refusal.Problems) == 0 {
		return nil
	}
	return &b.refusal
}

// note adds problems at a place. A missing field decides the code.
func (b *builder) note(code Code, place string, list Problems) {
	if b.refusal.Code != InterfaceError {
		b.refusal.Code = code
	}
	for field, message := range list {
		b.refusal.Problems[strings.TrimPrefix(place+"."+field, ".")] = message
	}
}

// draft makes one draft.
func (b *builder) draft(place string, o Object) transfer.Draft {
	b.jobs++
	d, wrong := Draft(o, b.rules, b.priorityOf)
	if wrong != nil {
		b.note(wrong.Code, place, wrong.Problems)
	}
	return d
}

// trees makes the drafts of a list and of its children.
func (b *builder) trees(place string, list []Object, depth int) []transfer.Draft {
	if depth > MaxDepth {
		b.note(DataError, place, Problems{"children": fmt.Sprintf("are nested more than %d deep", MaxDepth)})
		return nil
	}
	drafts := make([]transfer.Draft, 0, len(list))
	for i, o := range list {
		at := fmt.Sprintf("%s[%d]", place, i)
		d := b.draft(at, o)
		if children, ok := childrenOf(o["children"]); ok {
			d.Children = b.trees(at+".children", children, depth+1)
		} else {
			b.note(DataError, at, Problems{"children": "want a list of jobs"})
		}
		drafts = append(drafts, d)
	}
	return drafts
}

// childrenOf reads the children of a job; false for a value that is no list of objects.
func childrenOf(v any) ([]Object, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case []Object:
		return v, true
	case string:
		return nil, v == ""
	case []any:
		list := make([]Object, 0, len(v))
		for _, one := range v {
			o, ok := one.(map[string]any)
			if !ok {
				return nil, false
			}
			list = append(list, o)
		}
		return list, true
	}
	return nil, false
}
