package algolia

import (
	"net/http"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// query answers POST query and GET on an index.
func query(c *call) (*answer, error) {
	values, err := c.parameters()
	if err != nil {
		return nil, err
	}
	result, err := c.search(c.vars["index"], values)
	return &answer{http.StatusOK, result}, err
}

// parameters reads the search parameters of the request: the query string of a
// GET, else the body.
func (c *call) parameters() (params.Values, error) {
	if c.http.Method == http.MethodGet {
		values := params.Values{}
		for name, list := range c.query {
			if !strings.HasPrefix(strings.ToLower(name), "x-algolia-") { // credentials are not echoed
				values[name] = list[len(list)-1]
			}
		}
		return values, nil
	}
	values, err := params.FromJSON(c.body)
	if err != nil {
		return nil, badRequest(err)
	}
	return values, nil
}

// parse checks search parameters against an index's settings and the key.
func (c *call) parse(i index, values params.Values) (*params.Query, error) {
	given := values.Without("indexName", "facet", "type")
	q, err := params.Parse(given, i.engine.Settings().Defaults)
	if err != nil {
		return nil, badRequest(err)
	}
	if len(c.key.forced) > 0 || c.key.MaxHitsPerQuery > 0 {
		if q, err = c.key.force(q, given, i.engine.Settings().Defaults); err != nil {
			return nil, badRequest(err)
		}
	}
	if err := i.engine.Settings().CheckFilter(q.Filter); err != nil {
		return nil, badRequest(err)
	}
	q.Admin = c.key.seesAll()
	if q.Synonyms {
		q.Alternatives = i.synonyms.alternatives()
	}
	return q, nil
}

func (c *call) search(name string, values params.Values) (object, error) {
	now := c.server.options.Now
	start := now()
	i, err := c.app.find(name)
	if err != nil {
		return nil, err
	}
	asked, err := c.parse(i, values)
	if err != nil {
		return nil, err
	}
	q, applied, err := c.underRules(i, values, asked)
	if err != nil {
		return nil, err
	}
	res := i.engine.Search(q)
	body := searchBody(name, asked, res)
	applied.show(body, q)
	if q.ClickAnalytics {
		body["queryID"] = randomID(16)
	}
	if q.RankingInfo {
		body["serverUsed"], body["indexUsed"], body["timeoutCounts"] = "emulator", name, false
	}
	body["processingTimeMS"] = milliseconds(now().Sub(start))
	if q.ResponseFields != nil {
		for field := range body {
			if !slices.Contains(q.ResponseFields, field) && field != "message" {
				delete(body, field)
			}
		}
	}
	return body, nil
}
