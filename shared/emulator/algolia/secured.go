package algolia

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/filter"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// limits are what restricts a key beside parameters of a search.
var limits = []string{"validUntil", "restrictIndices", "restrictSources", "userToken", "referers"}

// sign computes the first half of a secured key.
func sign(parent, restrictions string) []byte {
	mac := hmac.New(sha256.New, []byte(parent))
	_, _ = mac.Write([]byte(restrictions)) // never fails
	return []byte(hex.EncodeToString(mac.Sum(nil)))
}

// secured returns the key that parent makes with these restrictions. Only a key
// that can search and nothing else may be a parent.
func (k *apiKey) secured(restrictions string, now int64) (*apiKey, error) {
	if k.admin || len(k.ACL) != 1 || k.ACL[0] != "search" {
		return nil, refuse(http.StatusForbidden, badCredentials)
	}
	values, err := params.FromEncoded(restrictions)
	if err != nil {
		return nil, refuse(http.StatusForbidden, badCredentials)
	}
	child := *k
	if text, ok := values["validUntil"].(string); ok {
		until, err := strconv.ParseInt(text, 10, 64)
		if err != nil || now >= until {
			return nil, refuse(http.StatusForbidden, `"validUntil" parameter expired (less than current date)`)
		}
	}
	if text, ok := values["restrictIndices"].(string); ok {
		if json.Unmarshal([]byte(text), &child.restrictIndices) != nil {
			child.restrictIndices = strings.Split(text, ",")
		}
	}
	if text, ok := values["restrictSources"].(string); ok {
		child.restrictSources = text
	}
	child.forced = append(slices.Clone(k.forced), values.Without(limits...))
	return &child, nil
}

// force imposes the search parameters of the key on a query that was given
// values. Filters are added to those of the query after both were parsed, so
// that no text of the one can change the meaning of the other; anything else the
// key decides.
func (k *apiKey) force(q *params.Query, values, defaults params.Values) (*params.Query, error) {
	filters := []string{"filters", "facetFilters", "numericFilters", "tagFilters"}
	merged, echo := maps.Clone(values), q.Echo
	var own filter.Filter
	for _, forced := range k.forced {
		parsed, err := params.Parse(forced, nil)
		if err != nil {
			return nil, err
		}
		own = append(own, parsed.Filter...)
		maps.Copy(merged, forced.Without(filters...))
	}
	out, err := params.Parse(merged, defaults)
	if err != nil {
		return nil, err
	}
	out.Filter, out.Echo = append(own, out.Filter...), echo
	if k.MaxHitsPerQuery > 0 {
		out.HitsPerPage = min(out.HitsPerPage, k.MaxHitsPerQuery)
	}
	return out, nil
}
