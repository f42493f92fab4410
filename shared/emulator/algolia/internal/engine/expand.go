package engine

import (
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/word"
)

// expansion is a word of the index that a query word stands for.
type expansion struct {
	id     uint32
	typos  uint8 // mistakes, a wrong first letter counted twice
	prefix bool  // only a beginning matches
}

// expand finds the words within limit mistakes of query, or having such a
// beginning when prefix is set.
func (t *terms) expand(query string, limit int, prefix bool) []expansion {
	if limit == 0 && !prefix {
		if id, ok := t.ids[query]; ok {
			return []expansion{{id: id}}
		}
		return nil
	}
	var out []expansion
	for _, run := range t.runs {
		if limit == 0 {
			out = appendPrefixed(out, run, query)
		} else {
			out = appendNear(out, run, near{word.NewDistance(query, limit), query, limit, prefix})
		}
	}
	return out
}

func appendPrefixed(out []expansion, run []term, query string) []expansion {
	start, _ := slices.BinarySearchFunc(run, query, func(t term, q string) int { return strings.Compare(t.text, q) })
	for _, t := range run[start:] {
		if !strings.HasPrefix(t.text, query) {
			break
		}
		out = append(out, expansion{id: t.id, prefix: len(t.text) > len(query)})
	}
	return out
}

type near struct {
	distance *word.Distance
	query    string
	limit    int
	prefix   bool
}

// appendNear walks a sorted run as if it were a tree: words that share a
// beginning share its comparison, and a beginning beyond the limit is jumped
// over with everything that starts with it, or taken over whole when it matched
// before.
func appendNear(out []expansion, run []term, n near) []expansion {
	depth := 0                      // bytes of the previous word that were compared
	best := []int{n.distance.At(0)} // best[i]: least distance among the first i bytes
	previous := ""
	for i := 0; i < len(run); {
		text := run[i].text
		depth = min(depth, common(previous, text))
		previous = text
		alive := true
		for ; depth < len(text); depth++ {
			low := n.distance.Step(depth, text[depth])
			best = append(best[:depth+1], min(best[depth], n.distance.At(depth+1)))
			if low > n.limit {
				alive = false
				depth++
				break
			}
		}
		if alive {
			if e, ok := n.judge(run[i], best[depth]); ok {
				out = append(out, e)
			}
			i++
			continue
		}
		end := after(run, i, text[:depth])
		if n.prefix && best[depth] <= n.limit {
			for _, t := range run[i:end] {
				out = append(out, n.expansion(t, best[depth], true))
			}
		}
		i = end
	}
	return out
}

// judge compares a word all of whose bytes were compared.
func (n near) judge(t term, best int) (expansion, bool) {
	whole := n.distance.At(len(t.text))
	mistakes := whole
	if n.prefix {
		mistakes = min(best, whole)
	}
	return n.expansion(t, mistakes, whole > mistakes), mistakes <= n.limit
}

func (n near) expansion(t term, mistakes int, prefix bool) expansion {
	e := expansion{id: t.id, typos: uint8(mistakes), prefix: prefix}
	if mistakes > 0 && t.text[0] != n.query[0] {
		e.typos++
	}
	return e
}

// after returns the position of the first word past i that does not start with
// prefix, galloping because the stretch is usually short.
func after(run []term, i int, prefix string) int {
	step := 1
	for i+step < len(run) && strings.HasPrefix(run[i+step].text, prefix) {
		step *= 2
	}
	low, high := i+step/2+1, min(i+step, len(run))
	for low < high {
		mid := (low + high) / 2
		if strings.HasPrefix(run[mid].text, prefix) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

func common(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
