package xmlrpc

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Answer reads the value of an answer. A *Fault is the error of an answer that is one;
// every other error is an ErrForm.
func Answer(text []byte) (any, error) {
	r := &reader{d: xml.NewDecoder(bytes.NewReader(clean(text)))}
	v, err := r.answer()
	var fault *Fault
	if err != nil && !errors.As(err, &fault) {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	return v, err
}

// LastLine returns the last line of a text that says something.
func LastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// clean replaces what XML forbids.
func clean(text []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return ' '
		}
		return r
	}, bytes.ToValidUTF8(text, []byte(" ")))
}

// reader reads one answer.
type reader struct {
	d      *xml.Decoder
	values int
}

// answer reads the whole answer.
func (r *reader) answer() (any, error) {
	if name, err := r.open(); err != nil || name != "methodResponse" {
		return nil, unexpected(name, "methodResponse", err)
	}
	name, err := r.open()
	if err != nil {
		return nil, err
	}
	switch name {
	case "fault":
		v, err := r.wrapped("value")
		if err != nil {
			return nil, err
		}
		return nil, faultOf(v)
	case "params":
		if name, err := r.open(); err != nil || name != "param" {
			return nil, unexpected(name, "param", err)
		}
		return r.wrapped("value")
	}
	return nil, unexpected(name, "params or fault", nil)
}

// unexpected is the error of an element in a place for another one.
func unexpected(have, want string, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("an element %q stands in the place of %s", have, want)
}

// faultOf reads the members of a fault.
func faultOf(v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("a fault holds a %T", v)
	}
	f := &Fault{Text: fmt.Sprint(m["faultString"])}
	switch code := m["faultCode"].(type) {
	case int64:
		f.Code = code
	case string:
		f.Letter = code
	default:
		return fmt.Errorf("the code of a fault is a %T", code)
	}
	return f
}

// open returns the name of the next element that begins.
func (r *reader) open() (string, error) {
	for {
		t, err := r.d.Token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t.Name.Local, nil
		case xml.EndElement:
			return "", fmt.Errorf("the element %s ends too early", t.Name.Local)
		}
	}
}

// next returns the name of the next element, or none at the end of the one around it.
func (r *reader) next() (string, bool, error) {
	for {
		t, err := r.d.Token()
		if err != nil {
			return "", false, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return t.Name.Local, true, nil
		case xml.EndElement:
			return "", false, nil
		}
	}
}

// wrapped reads a value in an element of that name.
func (r *reader) wrapped(name string) (any, error) {
	if have, err := r.open(); err != nil || have != name {
		return nil, unexpected(have, name, err)
	}
	return r.value(0)
}

// value reads what stands in a value, to its end. A value without a type is a text.
func (r *reader) value(depth int) (any, error) {
	if r.values++; r.values > MaxValues || depth > MaxDepth {
		return nil, fmt.Errorf("the answer has more than %d values or is more than %d deep", MaxValues, MaxDepth)
	}
	var text strings.Builder
	for {
		t, err := r.d.Token()
		if err != nil {
			return nil, early(err)
		}
		switch t := t.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			return text.String(), nil
		case xml.StartElement:
			v, err := r.typed(t.Name.Local, depth)
			if err != nil {
				return nil, err
			}
			if name, more, err := r.next(); err != nil || more {
				return nil, unexpected(name, "the end of a value", early(err))
			}
			return v, nil
		}
	}
}

// early makes an end of the text an error that says so.
func early(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// typed reads a value of a type.
func (r *reader) typed(name string, depth int) (any, error) {
	switch name {
	case "array":
		return r.array(depth)
	case "struct":
		return r.members(depth)
	}
	text, err := r.text()
	if err != nil {
		return nil, err
	}
	return scalar(name, text)
}

// scalar reads a value that holds no other one.
func scalar(name, text string) (any, error) {
	word := strings.TrimSpace(text)
	switch name {
	case "string", "dateTime.iso8601":
		return text, nil
	case "nil":
		return nil, nil
	case "boolean":
		return strconv.ParseBool(word)
	case "int", "i1", "i2", "i4", "i8", "biginteger":
		return strconv.ParseInt(word, 10, 64)
	case "double", "float", "bigdecimal":
		f, err := strconv.ParseFloat(word, 64)
		if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
			err = fmt.Errorf("%v is no number of XML-RPC", f)
		}
		return f, err
	case "base64":
		return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	}
	return nil, fmt.Errorf("the type %q of a value is unknown", name)
}

// text reads the text of an element without others inside, to its end.
func (r *reader) text() (string, error) {
	var text strings.Builder
	for {
		t, err := r.d.Token()
		if err != nil {
			return "", early(err)
		}
		switch t := t.(type) {
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			return text.String(), nil
		case xml.StartElement:
			return "", unexpected(t.Name.Local, "a text", nil)
		}
	}
}

// array reads a list, to its end.
func (r *reader) array(depth int) (any, error) {
	list := []any{}
	name, more, err := r.next()
	if err != nil || !more {
		return list, early(err) // an array without data
	}
	if name != "data" {
		return nil, unexpected(name, "data", nil)
	}
	for {
		name, more, err := r.next()
		switch {
		case err != nil:
			return nil, early(err)
		case !more:
			if name, more, err := r.next(); err != nil || more {
				return nil, unexpected(name, "the end of an array", early(err))
			}
			return list, nil
		case name != "value":
			return nil, unexpected(name, "value", nil)
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

// members reads a struct, to its end.
func (r *reader) members(depth int) (any, error) {
	m := map[string]any{}
	for {
		name, more, err := r.next()
		switch {
		case err != nil:
			return nil, early(err)
		case !more:
			return m, nil
		case name != "member":
			return nil, unexpected(name, "member", nil)
		}
		if err := r.member(m, depth); err != nil {
			return nil, err
		}
	}
}

// member reads a name and its value, to the end of the member.
func (r *reader) member(into map[string]any, depth int) error {
	if name, err := r.open(); err != nil || name != "name" {
		return unexpected(name, "name", err)
	}
	key, err := r.text()
	if err != nil {
		return err
	}
	if name, err := r.open(); err != nil || name != "value" {
		return unexpected(name, "value", err)
	}
	if into[key], err = r.value(depth + 1); err != nil {
		return err
	}
	if name, more, err := r.next(); err != nil || more {
		return unexpected(name, "the end of a member", early(err))
	}
	return nil
}
