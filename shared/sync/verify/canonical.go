package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"hash/fnv"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// digest is the hash of a record's canonical JSON.
type digest [sha256.Size]byte

// document is the part of a record of source or index that a comparison needs.
type document struct {
	id      string
	account string
	root    uint64 // the value of its root field
	rooted  bool   // the value is usable
	large   bool   // the value is a number that may have been rounded
	keyed   bool   // the record has its account's key
	sum     digest
}

// maxExact is the number from which on readers of JSON that keep doubles round whole
// numbers. A root from here on cannot be read from a record of the index.
const maxExact = 1 << 53

// read reads a record. The digest is the same for the same content, however written (RFC
// 8785): keys are sorted, numbers are rounded to doubles (an index that keeps doubles
// cannot distinguish more), the stamp is left out.
func read(d entity.Definition, body []byte) (document, error) {
	content := jsontext.Value(bytes.Clone(body))
	if content.Canonicalize() != nil {
		// Doubled keys and broken letters, which JSON's readers accept all the same.
		plain, err := simplified(body)
		if err != nil {
			return document{}, fault.Wrap(err, fault.Retry, "bad-record", "a record of "+d.Name+" is not a JSON object")
		}
		content = plain
	}
	if content.Kind() != '{' {
		return document{}, fault.New(fault.Retry, "bad-record", "a record of %s is not a JSON object", d.Name)
	}
	doc := document{}
	hash := sha256.New()
	eachField(content, func(name string, field, value jsontext.Value) {
		if name == d.Stamp {
			return
		}
		_, _ = hash.Write(field)
		_, _ = hash.Write(comma)
		doc.note(d, name, value)
	})
	hash.Sum(doc.sum[:0])
	return doc, nil
}

// note keeps the value of a field about the record itself.
func (doc *document) note(d entity.Definition, name string, value jsontext.Value) {
	switch {
	case name == record.IDField:
		doc.id = textOf(value)
	case name == d.Account:
		doc.account = textOf(value)
	case name == record.AccountKeyField:
		doc.keyed = true
	case name == d.RootField && value.Kind() == '0':
		n, err := strconv.ParseUint(string(value), 10, 64)
		if doc.rooted = err == nil && n < maxExact; doc.rooted {
			doc.root = n
		} else {
			doc.large = bytes.IndexFunc(value, func(r rune) bool { return r < '0' || r > '9' }) < 0
		}
	}
}

// comma separates the hashed fields, whatever the record has there.
var comma = []byte{','}

// eachField calls fn with the fields of an object in canonical form: the name, the whole
// field, and its value. Canonical JSON is valid and has no space, so finding the ends is
// enough.
func eachField(object jsontext.Value, fn func(name string, field, value jsontext.Value)) {
	for rest := object[1:]; len(rest) > 1; {
		key := endOfValue(rest)
		end := key + 1 + endOfValue(rest[key+1:])
		fn(textOf(rest[:key]), rest[:end], rest[key+1:end])
		rest = rest[end+1:]
	}
}

// endOfValue returns the end of the value at the beginning of a text.
func endOfValue(text jsontext.Value) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i
			}
		case ',', ':':
			if depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// simplified returns the canonical form of encoding/json's reading of a text: of doubled
// keys the last counts, broken letters become U+FFFD.
func simplified(body []byte) (jsontext.Value, error) {
	var content map[string]any
	if err := json.Unmarshal(body, &content); err != nil {
		return nil, err
	}
	plain, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	v := jsontext.Value(plain)
	return v, v.Canonicalize()
}

// textOf returns a string's text, empty for any other value.
func textOf(v jsontext.Value) string {
	if v.Kind() != '"' {
		return ""
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return ""
	}
	return string(text)
}

// accountOf returns the tenant of a record, empty if it names none.
func accountOf(d entity.Definition, body []byte) string {
	if d.Account == "" || body == nil {
		return ""
	}
	doc, err := read(d, body)
	if err != nil {
		return ""
	}
	return doc.account
}

// hashOf returns a number that spreads ids evenly.
func hashOf(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return h.Sum64()
}
