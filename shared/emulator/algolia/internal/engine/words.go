package engine

import (
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
}

func (x *Index) expandAll(words []queryWord) []matchedWord {
	out := make([]matchedWord, len(words))
	for i, w := range words {
		out[i] = matchedWord{queryWord: w, expansions: x.terms.expand(w.text, w.limit, w.prefix)}
		for _, synonym := range w.also {
			if id, ok := x.terms.ids[synonym]; ok {
				out[i].expansions = append(out[i].expansions, expansion{id: id})
			}
		}
	}
	return out
}
