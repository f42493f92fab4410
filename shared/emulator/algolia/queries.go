package algolia

import (
	"encoding/json"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// multipleQueries answers POST queries: the results in the order of the
// requests, of which some may ask for facet values.
func multipleQueries(c *call) (*answer, error) {
	var body struct {
		Requests []map[string]json.RawMessage `json:"requests"`
		Strategy string                       `json:"strategy"`
	}
	if err := json.Unmarshal(c.body, &body); err != nil {
		return nil, badRequest(err)
	}
	results := make([]object, 0, len(body.Requests))
	enough := false
	for _, request := range body.Requests {
		text, err := json.Marshal(request)
		if err != nil {
			return nil, badRequest(err)
		}
		values, err := params.FromJSON(text)
		if err != nil {
			return nil, badRequest(err)
		}
		name, _ := values["indexName"].(string)
		if err := c.key.mayUse(name); err != nil {
			return nil, err
		}
		result, err := c.one(name, values, enough)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
		enough = enough || body.Strategy == "stopIfEnoughMatches" && sufficient(result)
	}
	return ok(object{"results": results})
}

// one answers one of several requests; skip says that earlier ones sufficed.
func (c *call) one(name string, values params.Values, skip bool) (object, error) {
	if facet, _ := values["facet"].(string); values["type"] == "facet" {
		return c.facetSearch(name, facet, values)
	}
	if skip {
		return object{"hits": []string{}, "nbHits": 0, "page": 0, "nbPages": 0, "hitsPerPage": 0,
			"processingTimeMS": 1, "query": "", "params": "", "index": name, "processed": false}, nil
	}
	result, err := c.search(name, values)
	if err == nil {
		result["processed"] = true
	}
	return result, err
}

func sufficient(result object) bool {
	hits, _ := result["nbHits"].(int)
	wanted, _ := result["hitsPerPage"].(int)
	return hits >= wanted
}
