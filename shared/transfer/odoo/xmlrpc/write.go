package xmlrpc

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

// DateTime is Odoo's form of a point in time.
const DateTime = "2006-01-02 15:04:05"

// Call returns the text of a call.
func Call(method string, params ...any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header + "<methodCall><methodName>")
	escape(&b, method)
	b.WriteString("</methodName><params>")
	for _, p := range params {
		b.WriteString("<param>")
		if err := write(&b, p, 0); err != nil {
			return nil, err
		}
		b.WriteString("</param>")
	}
	b.WriteString("</params></methodCall>\n")
	return b.Bytes(), nil
}

// escape writes a text; what XML forbids becomes U+FFFD.
func escape(b *bytes.Buffer, s string) {
	_ = xml.EscapeText(b, []byte(s)) // a buffer takes everything
}

// write writes one value.
func write(b *bytes.Buffer, v any, depth int) error {
	if depth > MaxDepth {
		return fmt.Errorf("a value is more than %d deep", MaxDepth)
	}
	b.WriteString("<value>")
	err := content(b, v, depth)
	b.WriteString("</value>")
	return err
}

// content writes what stands inside a value.
func content(b *bytes.Buffer, v any, depth int) error {
	switch v := v.(type) {
	case nil:
		b.WriteString("<nil/>")
	case bool:
		element(b, "boolean", map[bool]string{false: "0", true: "1"}[v])
	case int:
		integer(b, int64(v))
	case int64:
		integer(b, v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%v is no number of XML-RPC", v)
		}
		element(b, "double", strconv.FormatFloat(v, 'f', -1, 64))
	case json.Number:
		return number(b, v)
	case string:
		element(b, "string", v)
	case time.Time:
		element(b, "string", v.UTC().Format(DateTime))
	case []byte:
		element(b, "base64", base64.StdEncoding.EncodeToString(v))
	case map[string]any:
		return members(b, v, depth)
	case []any:
		return array(b, v, depth)
	case []int64:
		return array(b, v, depth)
	case []string:
		return array(b, v, depth)
	default:
		return fmt.Errorf("a %T has no form in XML-RPC", v)
	}
	return nil
}

// element writes a value with a type.
func element(b *bytes.Buffer, name, text string) {
	b.WriteString("<" + name + ">")
	escape(b, text)
	b.WriteString("</" + name + ">")
}

// integer writes a whole number.
func integer(b *bytes.Buffer, n int64) {
	name := "int"
	if n != int64(int32(n)) {
		name = "i8"
	}
	element(b, name, strconv.FormatInt(n, 10))
}

// number writes a number that came through JSON.
func number(b *bytes.Buffer, n json.Number) error {
	if i, err := n.Int64(); err == nil {
		integer(b, i)
		return nil
	}
	f, err := n.Float64()
	if err != nil {
		return err
	}
	return content(b, f, 0)
}

// members writes a struct, its names in order.
func members(b *bytes.Buffer, v map[string]any, depth int) error {
	b.WriteString("<struct>")
	for _, name := range slices.Sorted(maps.Keys(v)) {
		b.WriteString("<member>")
		element(b, "name", name)
		if err := write(b, v[name], depth+1); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		b.WriteString("</member>")
	}
	b.WriteString("</struct>")
	return nil
}

// array writes a list.
func array[T any](b *bytes.Buffer, list []T, depth int) error {
	b.WriteString("<array><data>")
	for _, one := range list {
		if err := write(b, one, depth+1); err != nil {
			return err
		}
	}
	b.WriteString("</data></array>")
	return nil
}
