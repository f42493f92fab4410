package algolia

import (
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/engine"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// facetValues answers a search within the values of a facet.
func facetValues(c *call) (*answer, error) {
	values, err := c.parameters()
	if err != nil {
		return nil, err
	}
	result, err := c.facetSearch(c.vars["index"], c.vars["facet"], values)
	return &answer{http.StatusOK, result}, err
}

func (c *call) facetSearch(name, facet string, values params.Values) (object, error) {
	i, err := c.app.find(name)
	if err != nil {
		return nil, err
	}
	q, err := c.parse(i, values)
	if err != nil {
		return nil, err
	}
	hits, allowed := i.engine.FacetValues(facet, q)
	if !allowed {
		return nil, refuse(http.StatusBadRequest, "Cannot search in `%s` attribute, you need to add `searchable(%s)` to attributesForFaceting.", facet, facet)
	}
	if hits == nil {
		hits = []engine.FacetValue{}
	}
	return object{"facetHits": hits, "exhaustiveFacetsCount": true,
		"exhaustive": object{"facetsCount": true}, "processingTimeMS": 1}, nil
}
