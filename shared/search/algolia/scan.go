package algolia

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// errShape is an answer that is not what the protocol says.
var errShape = errors.New(`the answer is not {"results": [{...}]}`)

// split returns the results of an answer as their members, which stay the bytes
// that they came as: hits are never decoded.
func split(answer []byte) ([]search.Result, error) {
	if !json.Valid(answer) {
		return nil, errShape
	}
	var list []search.Result
	found := false
	eachMember(answer, func(name, value []byte) {
		if string(name) != "results" {
			return
		}
		found = true
		eachElement(value, func(result []byte) {
			r := search.Result{}
			eachMember(result, func(name, value []byte) { r[string(name)] = value })
			list = append(list, r)
		})
	})
	if !found {
		return nil, errShape
	}
	return list, nil
}

// keepOwn drops hits whose account is not exactly one of the tenant filter's, and returns
// how many hits there were and how many stay.
func keepOwn(r search.Result, f search.TenantFilter) (total, own int) {
	hits, ok := r["hits"]
	if !ok {
		return 0, 0
	}
	kept := hits[:1] // in their own place: what is kept is never longer than what was read
	eachElement(hits, func(hit []byte) {
		total++
		if f.Holds(textAt(hit, f.Field)) {
			kept = append(append(kept, ","[:min(1, own)]...), hit...)
			own++
		}
	})
	r["hits"] = append(kept, ']')
	if own == total {
		return total, own
	}
	if n, err := strconv.Atoi(string(r["nbHits"])); err == nil {
		r["nbHits"] = []byte(strconv.Itoa(max(0, n-(total-own))))
	}
	return total, own
}

// without returns an object without one of its members.
func without(object []byte, member string) []byte {
	out, found := []byte{'{'}, false
	eachMember(object, func(name, value []byte) {
		if string(name) == member {
			found = true
			return
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		quoted, _ := json.Marshal(string(name)) // a text always encodes
		out = append(append(append(out, quoted...), ':'), value...)
	})
	if !found {
		return object
	}
	return append(out, '}')
}

// textAt returns the text at a path such as owner.account of an object, "" if
// there is none.
func textAt(object []byte, path string) string {
	head, rest, nested := strings.Cut(path, ".")
	var at []byte
	eachMember(object, func(name, value []byte) {
		if string(name) == head {
			at = value
		}
	})
	switch {
	case nested:
		return textAt(at, rest)
	case len(at) == 0 || at[0] != '"':
		return ""
	}
	return string(unquoted(at))
}

// The functions below walk JSON that is known to be valid.

// eachMember calls visit for the members of an object; anything else has none. Their
// names are read where they are: an answer has hundreds.
func eachMember(b []byte, visit func(name, value []byte)) {
	i := space(b, 0)
	if i >= len(b) || b[i] != '{' {
		return
	}
	for i = space(b, i+1); b[i] != '}'; i = space(b, i) {
		end := skip(b, i)
		name := b[i:end]
		i = space(b, space(b, end)+1) // past the colon
		end = skip(b, i)
		visit(unquoted(name), b[i:end:end])
		if i = space(b, end); b[i] == ',' {
			i = space(b, i+1)
		}
	}
}

// eachElement calls visit for the elements of a list; anything else has none.
func eachElement(b []byte, visit func(value []byte)) {
	i := space(b, 0)
	if i >= len(b) || b[i] != '[' {
		return
	}
	for i = space(b, i+1); b[i] != ']'; i = space(b, i) {
		end := skip(b, i)
		visit(b[i:end:end])
		if i = space(b, end); b[i] == ',' {
			i = space(b, i+1)
		}
	}
}

// unquoted returns the text of a quoted one.
func unquoted(quoted []byte) []byte {
	plain := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return plain
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // valid, so it decodes
	return []byte(text)
}

// space returns where the white space at i ends.
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skip returns where the value at i ends.
func skip(b []byte, i int) int {
	switch b[i] {
	case '"':
		for i++; b[i] != '"'; i++ {
			if b[i] == '\\' {
				i++
			}
		}
		return i + 1
	case '{', '[':
		depth := 0
		for {
			switch b[i] {
			case '"':
				i = skip(b, i)
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			if i++; depth == 0 {
				return i
			}
		}
	default:
		for i < len(b) && !strings.ContainsRune(",]} \t\n\r", rune(b[i])) {
			i++
		}
		return i
	}
}
