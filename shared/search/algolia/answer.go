package algolia

import (
	"errors"
	"strconv"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/search"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// errShape is an answer that is not what the protocol says.
var errShape = errors.New(`the answer is not {"results": [{...}]}`)

// found is one result of an answer, with how many hits there were and how many stay.
type found struct {
	search.Result
	total, own int
}

// answer is an answer of the index on its way through the tenant filter.
type answer struct {
	at
	filter  search.TenantFilter
	path    []string // of the account in a hit
	results []found
}

// read returns the results of an answer as their members, which stay the bytes that
// they came as, and stay where they are: nothing is decoded and nothing is copied. Hits
// whose account is not exactly one of the tenant filter's are dropped.
func read(text []byte, f search.TenantFilter) ([]found, error) {
	a := &answer{at: at{b: text}, filter: f, path: path(f.Field)}
	listed := false
	end := a.object(a.space(0), func(quoted []byte, i int) int {
		if string(unquoted(quoted)) != "results" {
			return a.in().value(i)
		}
		listed, a.results = true, nil
		return a.in().list(i, a.result)
	})
	if end == broken || a.space(end) != len(text) || !listed {
		return nil, errShape
	}
	return a.results, nil
}

// members is about how many members of a result are passed on.
const members = 12

// result reads one result.
func (a *answer) result(i int) int {
	r := found{Result: make(search.Result, members)}
	t := a.in().in()
	end := t.object(i, func(quoted []byte, i int) (end int) {
		name, passed := search.Passed(unquoted(quoted))
		if name == "hits" {
			return a.hits(t.in(), i, &r)
		}
		if end = t.in().value(i); passed && end != broken {
			r.Result[name] = a.b[i:end:end]
		}
		return end
	})
	if n, err := strconv.Atoi(string(r.Result["nbHits"])); err == nil && r.own < r.total {
		r.Result["nbHits"] = []byte(strconv.Itoa(max(0, n-(r.total-r.own))))
	}
	a.results = append(a.results, r)
	return end
}

// hits reads the list of hits. Where one is dropped, those behind it move into its place,
// which is never after theirs.
func (a *answer) hits(t at, first int, r *found) int {
	r.total, r.own = 0, 0
	kept := first + 1
	end := t.list(first, func(i int) int {
		account, end := t.in().textAt(i, a.path)
		if end == broken {
			return broken
		}
		if r.total++; !a.filter.Holds(account) {
			return end
		}
		if r.own++; r.own > 1 {
			a.b[kept] = ','
			kept++
		}
		if kept < i {
			copy(a.b[kept:], a.b[i:end])
		}
		kept += end - i
		return end
	})
	if end != broken {
		a.b[kept] = ']'
		r.Result["hits"] = a.b[first : kept+1 : kept+1]
	}
	return end
}

// path splits the name of a field at its dots.
func path(field string) []string { return strings.Split(field, ".") }

// readRecord returns the record of an answer about one id, without the account's key; nil
// where there is none, and where its account is not exactly one of the tenant filter's.
func readRecord(text []byte, f search.TenantFilter) (own []byte, err error) {
	t, n := at{b: text}, 0
	end := t.object(t.space(0), func(quoted []byte, i int) int {
		if string(unquoted(quoted)) != "results" {
			return t.in().value(i)
		}
		return t.in().list(i, func(i int) int {
			n++
			account, end := t.in().in().textAt(i, path(f.Field))
			if end != broken && f.Holds(account) {
				own = t.in().in().without(i, record.AccountKeyField)
			}
			return end
		})
	})
	if end == broken || t.space(end) != len(text) || n != 1 {
		return nil, errCount
	}
	return own, nil
}

// without takes a member out of an object that is known to be one, in its place.
func (t at) without(first int, name string) []byte {
	kept := first + 1
	t.object(first, func(quoted []byte, i int) int {
		end := t.in().value(i)
		if string(unquoted(quoted)) == name {
			return end
		}
		if kept > first+1 {
			t.b[kept] = ','
			kept++
		}
		kept += copy(t.b[kept:], quoted)
		t.b[kept] = ':'
		kept++
		kept += copy(t.b[kept:], t.b[i:end])
		return end
	})
	t.b[kept] = '}'
	return t.b[first : kept+1 : kept+1]
}
