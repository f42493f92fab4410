package algolia

import (
	"encoding/json"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/engine"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

func searchBody(name string, q *params.Query, res *engine.Result) object {
	body := object{
		"hits": res.Hits, "nbHits": res.NbHits, "query": q.Text, "params": q.Echo, "index": name,
		"exhaustiveNbHits": true, "exhaustiveTypo": true, "renderingContent": q.Rendering,
		"exhaustive": object{"nbHits": true, "typo": true},
	}
	if q.Rendering == nil {
		body["renderingContent"] = object{}
	}
	if res.Hits == nil {
		body["hits"] = []string{}
	}
	if q.Offset >= 0 {
		body["offset"], body["length"] = q.Offset, q.Length
	} else {
		pages := 0
		if q.HitsPerPage > 0 {
			pages = (min(res.NbHits, res.Limit) + q.HitsPerPage - 1) / q.HitsPerPage
		}
		body["page"], body["hitsPerPage"], body["nbPages"] = q.Page, q.HitsPerPage, pages
	}
	if res.QueryAfter != "" {
		body["queryAfterRemoval"] = res.QueryAfter
	}
	if res.Limited {
		body["message"] = fmt.Sprintf("you can only fetch the %d hits for this query. You can extend the number of hits returned via the paginationLimitedTo index parameter or use the browse method.", res.Limit)
	}
	if len(q.Facets) > 0 {
		body["facets"] = facetsJSON(res.Facets)
		body["exhaustiveFacetsCount"] = true
		body["exhaustive"] = object{"nbHits": true, "typo": true, "facetsCount": true}
	}
	if len(res.Stats) > 0 {
		stats := object{}
		for _, s := range res.Stats {
			stats[s.Attr] = s
		}
		body["facets_stats"] = stats
	}
	return body
}

// facetsJSON writes facets by hand, because the order of their values matters
// and a map would lose it.
func facetsJSON(facets []engine.FacetCounts) json.RawMessage {
	out := []byte{'{'}
	for i, facet := range facets {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendQuoted(out, facet.Attr), ":{"...)
		for j, v := range facet.Values {
			if j > 0 {
				out = append(out, ',')
			}
			out = fmt.Appendf(appendQuoted(out, v.Value), ":%d", v.Count)
		}
		out = append(out, '}')
	}
	return append(out, '}')
}

func appendQuoted(dst []byte, text string) []byte {
	quoted, _ := json.Marshal(text) // a string always encodes
	return append(dst, quoted...)
}
