package engine

import (
	"slices"
	"strings"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/word"
)

// highlighter marks the query's words inside a text. Not safe for concurrent
// use.
type highlighter struct {
	pre, post string
	keep      string
	words     []queryWord
	distances []*word.Distance // of the words, made when first needed
}

// marked is a text with its matches between tags.
type marked struct {
	value   string
	matched []string // the query words found, in query order
	whole   bool     // every word of the text matched to its end
	first   int      // number of the first matching word, -1 without one
}

func (h *highlighter) mark(text string) marked {
	if len(h.words) == 0 {
		return marked{value: text, first: -1}
	}
	var out strings.Builder
	found := make([]bool, len(h.words))
	done, n := 0, 0
	m := marked{whole: true, first: -1}
	word.Split([]byte(text), h.keep, func(s word.Span) {
		length := h.match(string(s.Word), found)
		if length > 0 {
			if m.first < 0 {
				m.first = n
			}
			end := s.Start + original(text[s.Start:s.End], length, len(s.Word))
			out.WriteString(text[done:s.Start] + h.pre + text[s.Start:end] + h.post)
			done = end
		}
		m.whole = m.whole && length >= len(s.Word)
		n++
	})
	out.WriteString(text[done:])
	m.value = out.String()
	for i, w := range h.words {
		if found[i] {
			m.matched = append(m.matched, w.text)
		}
	}
	m.whole = m.whole && m.first >= 0
	return m
}

// original returns how many bytes of a word as written stand for the first
// matched bytes of its folded form.
func original(written string, matched, folded int) int {
	if matched >= folded {
		return len(written)
	}
	if len(written) == folded {
		return matched
	}
	return len(string([]rune(written)[:min(matched, utf8.RuneCountInString(written))]))
}

// match reports how many bytes of a folded word are matched by the query's
// words, and notes which of them in found.
func (h *highlighter) match(text string, found []bool) int {
	longest := 0
	for i, w := range h.words {
		length := h.against(i, text)
		if length == 0 && slices.Contains(w.also, text) {
			length = len(text)
		}
		found[i] = found[i] || length > 0
		longest = max(longest, length)
	}
	return longest
}

func (h *highlighter) against(i int, text string) int {
	w := h.words[i]
	switch {
	case text == w.text:
		return len(text)
	case w.prefix && strings.HasPrefix(text, w.text):
		return len(w.text)
	case w.limit == 0:
		return 0
	}
	if h.distances == nil {
		h.distances = make([]*word.Distance, len(h.words))
	}
	if h.distances[i] == nil {
		h.distances[i] = word.NewDistance(w.text, w.limit)
	}
	if _, length, ok := h.distances[i].Of(text, w.prefix); ok {
		return length
	}
	return 0
}

// snippet cuts a text to n words around its first match.
func (h *highlighter) snippet(text, ellipsis string, n int) marked {
	m := h.mark(text)
	var spans []word.Span
	word.Split([]byte(text), h.keep, func(s word.Span) { spans = append(spans, word.Span{Start: s.Start, End: s.End}) })
	if len(spans) <= n || n <= 0 {
		return m
	}
	start := min(max(m.first-n/2, 0), len(spans)-n)
	from, to := spans[start].Start, spans[start+n-1].End
	before, after := ellipsis, ellipsis
	if start == 0 {
		from, before = 0, ""
	}
	if start+n == len(spans) {
		to, after = len(text), ""
	}
	cut := h.mark(text[from:to])
	m.value = before + cut.value + after
	return m
}

// level names how many of the query's words were found.
func (h *highlighter) level(m marked) string {
	switch {
	case len(m.matched) == 0:
		return "none"
	case len(m.matched) == len(h.words):
		return "full"
	}
	return "partial"
}
