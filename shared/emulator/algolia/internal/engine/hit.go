package engine

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// shape turns records into hits: the attributes asked for, with the matches
// marked.
type shape struct {
	index     *Index
	query     *params.Query
	light     highlighter
	highlight []string
	snippet   map[string]int // path -> words
}

func (x *Index) newShape(q *params.Query, words []matchedWord) *shape {
	s := &shape{index: x, query: q, highlight: q.Highlight, snippet: map[string]int{}}
	s.light = highlighter{pre: q.PreTag, post: q.PostTag, keep: x.settings.keep}
	for _, w := range words {
		s.light.words = append(s.light.words, w.queryWord)
	}
	if s.highlight == nil {
		for _, a := range x.settings.searchable {
			s.highlight = append(s.highlight, a.path)
		}
		if len(x.settings.searchable) == 0 {
			s.highlight = []string{"*"}
		}
	}
	for _, item := range q.Snippet {
		path, count, _ := strings.Cut(item, ":")
		n, err := strconv.Atoi(count)
		if err != nil {
			n = 10
		}
		s.snippet[path] = n
	}
	return s
}

// hit returns a record as a search answers it. The caller holds the index's
// lock.
func (s *shape) hit(r *ranked) json.RawMessage {
	raw := s.index.docs[r.slot].raw
	out := slices.Clone(s.record(raw))
	add := func(name string, value []byte) {
		if value == nil {
			return
		}
		out = out[:len(out)-1]
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, `"`+name+`":`...), value...), '}')
	}
	if len(s.snippet) > 0 {
		add("_snippetResult", s.decorate("", raw, s.snippetOf))
	}
	if len(s.highlight) > 0 {
		add("_highlightResult", s.decorate("", raw, s.highlightOf))
	}
	if s.query.RankingInfo {
		info, _ := json.Marshal(map[string]any{
			"nbTypos": r.typos, "words": len(s.light.words) - int(r.missing), "filters": r.filters,
			"proximityDistance": r.proximity, "firstMatchedWord": r.attribute, "geoDistance": 0,
			"nbExactWords": len(s.light.words) - int(r.missing+r.inexact), "userScore": r.slot, "geoPrecision": 1, "promoted": r.promoted,
		})
		add("_rankingInfo", info)
	}
	return out
}

type highlightResult struct {
	Value            string   `json:"value"`
	MatchLevel       string   `json:"matchLevel"`
	FullyHighlighted *bool    `json:"fullyHighlighted,omitempty"`
	MatchedWords     []string `json:"matchedWords"`
}

func (s *shape) highlightOf(path, text string) any {
	if !slices.ContainsFunc(s.highlight, func(p string) bool { return covers(p, path) }) {
		return nil
	}
	m := s.light.mark(text)
	out := highlightResult{Value: m.value, MatchLevel: s.light.level(m), MatchedWords: m.matched}
	if len(m.matched) > 0 {
		out.FullyHighlighted = &m.whole
	} else {
		out.MatchedWords = []string{}
	}
	return out
}

type snippetResult struct {
	Value      string `json:"value"`
	MatchLevel string `json:"matchLevel"`
}

func (s *shape) snippetOf(path, text string) any {
	for wanted, n := range s.snippet {
		if covers(wanted, path) {
			m := s.light.snippet(text, s.query.Ellipsis, n)
			return snippetResult{m.value, s.light.level(m)}
		}
	}
	return nil
}
