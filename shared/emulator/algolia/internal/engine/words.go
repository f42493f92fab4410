package engine

import (
	"slices"
	"strings"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/word"
)

// queryWord is one word of the query and how it may match.
type queryWord struct {
	text     string
	prefix   bool
	limit    int // typing mistakes allowed
	optional bool
	also     []string // synonyms, matched exactly
}

// queryWords splits the query. At most ten words count, as with the service.
func (x *Index) queryWords(q *params.Query) []queryWord {
	texts := word.Words(q.Text, x.settings.keep)
	texts = texts[:min(len(texts), 10)]
	optional := map[string]bool{}
	for _, line := range q.OptionalWords {
		for _, w := range word.Words(line, x.settings.keep) {
			optional[w] = true
		}
	}
	open := q.Text != "" && !endsWord(q.Text)
	words := make([]queryWord, len(texts))
	for i, text := range texts {
		last := i == len(texts)-1
		words[i] = queryWord{
			text:     text,
			prefix:   q.QueryType == "prefixAll" || q.QueryType == "prefixLast" && last && open,
			limit:    x.typosFor(q, text),
			optional: optional[text],
			also:     q.Alternatives[text],
		}
	}
	return words
}

// endsWord reports whether the query's last character closes its last word, so
// that it is no beginning any more.
func endsWord(text string) bool { return strings.HasSuffix(text, " ") }

func (x *Index) typosFor(q *params.Query, text string) int {
	length := utf8.RuneCountInString(text)
	switch {
	case q.TypoTolerance == "false", !q.NumericTypos && word.HasDigit(text), x.settings.noTypoWords[text]:
		return 0
	case length >= q.TwoTypos:
		return 2
	case length >= q.OneTypo:
		return 1
	}
	return 0
}

// matchedWord is a query word together with the index words it stands for.
type matchedWord struct {
	queryWord
	expansions []expansion
	pairs      []pair // the word split in two neighbours
}

// pair are two index words that make up one query word when they stand next to
// each other.
type pair struct{ first, second uint32 }

func (x *Index) expandAll(words []queryWord) []matchedWord {
	out := make([]matchedWord, len(words))
	for i, w := range words {
		out[i] = matchedWord{queryWord: w, expansions: x.terms.expand(w.text, w.limit, w.prefix)}
		for _, synonym := range w.also {
			if id, ok := x.terms.ids[synonym]; ok {
				out[i].expansions = append(out[i].expansions, expansion{id: id})
			}
		}
		if w.limit > 0 {
			out[i].pairs = x.splits(w.text)
		}
	}
	x.joins(out)
	return out
}

// splits finds ways to read a word as two words of the index.
func (x *Index) splits(text string) []pair {
	var out []pair
	for i := 2; i < len(text)-1; i++ {
		first, ok := x.terms.ids[text[:i]]
		if !ok {
			continue
		}
		if second, ok := x.terms.ids[text[i:]]; ok {
			out = append(out, pair{first, second})
		}
	}
	return out
}

// joins lets two neighbouring query words match the index word they make
// together, at the price of one mistake.
func (x *Index) joins(words []matchedWord) {
	for i := 0; i+1 < len(words); i++ {
		id, ok := x.terms.ids[words[i].text+words[i+1].text]
		if !ok || words[i].limit+words[i+1].limit == 0 {
			continue
		}
		for j := i; j <= i+1; j++ {
			if !slices.ContainsFunc(words[j].expansions, func(e expansion) bool { return e.id == id }) {
				words[j].expansions = append(words[j].expansions, expansion{id: id, typos: 1})
			}
		}
	}
}
