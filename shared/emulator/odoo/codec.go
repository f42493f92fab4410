package odoo

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// element is any element of a call.
type element struct {
	name  string
	inner []element
	text  string
}

// maxDepth bounds the elements within each other.
const maxDepth = 200

// rest reads an element whose beginning was read.
func rest(d *xml.Decoder, name string, depth int) (element, error) {
	e := element{name: name}
	if depth > maxDepth {
		return e, fmt.Errorf("the elements are more than %d deep", maxDepth)
	}
	for {
		t, err := d.Token()
		if err != nil {
			return e, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			one, err := rest(d, t.Name.Local, depth+1)
			if err != nil {
				return e, err
			}
			e.inner = append(e.inner, one)
		case xml.CharData:
			e.text += string(t)
		case xml.EndElement:
			return e, nil
		}
	}
}

// root reads the first element of a text.
func root(body []byte) (element, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	for {
		t, err := d.Token()
		if err != nil {
			return element{}, err
		}
		if start, ok := t.(xml.StartElement); ok {
			return rest(d, start.Name.Local, 1)
		}
	}
}

// first returns the first element below with a name.
func (e element) first(name string) (element, bool) {
	for _, one := range e.inner {
		if one.name == name {
			return one, true
		}
	}
	return element{}, false
}

// parse reads a call.
func parse(body []byte) (method string, params []any, err error) {
	call, err := root(body)
	if err != nil {
		return "", nil, err
	}
	name, ok := call.first("methodName")
	if call.name != "methodCall" || !ok {
		return "", nil, fmt.Errorf("this is no call")
	}
	list, _ := call.first("params")
	for _, p := range list.inner {
		v, ok := p.first("value")
		if !ok {
			return "", nil, fmt.Errorf("a parameter without a value")
		}
		one, err := v.value()
		if err != nil {
			return "", nil, err
		}
		params = append(params, one)
	}
	return strings.TrimSpace(name.text), params, nil
}

// value returns what a value element holds.
func (e element) value() (any, error) {
	if len(e.inner) == 0 {
		return e.text, nil
	}
	t := e.inner[0]
	word := strings.TrimSpace(t.text)
	switch t.name {
	case "nil":
		return nil, nil
	case "string":
		return t.text, nil
	case "boolean":
		if word != "0" && word != "1" {
			return nil, fmt.Errorf("%q is no boolean", word)
		}
		return word == "1", nil
	case "int", "i4", "i8":
		return strconv.ParseInt(word, 10, 64)
	case "double":
		return strconv.ParseFloat(word, 64)
	case "dateTime.iso8601":
		return word, nil
	case "base64":
		return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(word), ""))
	case "array":
		return t.list()
	case "struct":
		return t.members()
	}
	return nil, fmt.Errorf("the type %s is unknown", t.name)
}

// list returns the values of an array.
func (e element) list() (any, error) {
	list := []any{}
	data, _ := e.first("data")
	for _, one := range data.inner {
		v, err := one.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// members returns the members of a struct.
func (e element) members() (any, error) {
	m := map[string]any{}
	for _, one := range e.inner {
		name, _ := one.first("name")
		v, _ := one.first("value")
		content, err := v.value()
		if err != nil {
			return nil, err
		}
		m[name.text] = content
	}
	return m, nil
}

// response writes an answer as Python's library does. None and large numbers are faults.
func response(v any) string {
	var b strings.Builder
	b.WriteString("<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n")
	if err := put(&b, v); err != nil {
		return faultText(refusal{application, trace(err.Error())})
	}
	b.WriteString("</param>\n</params>\n</methodResponse>\n")
	return b.String()
}

// faultText writes a fault.
func faultText(r refusal) string {
	var b strings.Builder
	b.WriteString("<?xml version='1.0'?>\n<methodResponse>\n<fault>\n")
	_ = put(&b, map[string]any{"faultCode": int64(r.code), "faultString": r.text}) // both have a form
	b.WriteString("</fault>\n</methodResponse>\n")
	return b.String()
}

// put writes a value.
func put(b *strings.Builder, v any) error {
	b.WriteString("<value>")
	defer b.WriteString("</value>\n")
	switch v := v.(type) {
	case bool:
		fmt.Fprintf(b, "<boolean>%d</boolean>", map[bool]int{true: 1}[v])
	case int64:
		if v != int64(int32(v)) {
			return fmt.Errorf("OverflowError: int exceeds XML-RPC limits")
		}
		fmt.Fprintf(b, "<int>%d</int>", v)
	case float64:
		fmt.Fprintf(b, "<double>%s</double>", strconv.FormatFloat(v, 'g', 17, 64))
	case string:
		b.WriteString("<string>" + strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(v) + "</string>")
	case []any:
		b.WriteString("<array><data>\n")
		for _, one := range v {
			if err := put(b, one); err != nil {
				return err
			}
		}
		b.WriteString("</data></array>")
	case map[string]any:
		b.WriteString("<struct>\n")
		for _, name := range slices.Sorted(maps.Keys(v)) {
			b.WriteString("<member>\n<name>" + strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(name) + "</name>\n")
			if err := put(b, v[name]); err != nil {
				return err
			}
			b.WriteString("</member>\n")
		}
		b.WriteString("</struct>")
	case nil:
		return fmt.Errorf("TypeError: cannot marshal None unless allow_none is enabled")
	default:
		return fmt.Errorf("TypeError: cannot marshal %T objects", v)
	}
	return nil
}
