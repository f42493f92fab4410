package algolia

import (
	"net/http"
	"net/url"
	"strings"
)

// Rights that only the admin key has: to the emulator's own calls, and to keys.
const (
	adminOnly = "emulator"
	keysOnly  = "keys"
)

// route is one call of the API. path segments in braces match anything; acl is
// the right the key needs, "" none beyond being known.
type route struct {
	method, path, acl string
	handler           func(*call) (*answer, error)
	segments          []string
}

// table lists the API. The first match counts, so "*" stands before {index}.
func (s *Server) table() []route {
	table := []route{
		{"POST", "/1/indexes/*/batch", "addObject", multipleBatch, nil},
		{"POST", "/1/indexes/*/objects", "search", getObjects, nil},
		{"POST", "/1/indexes/*/queries", "search", multipleQueries, nil},
		{"GET", "/1/indexes", "listIndexes", listIndices, nil},
		{"POST", "/1/indexes/{index}/batch", "addObject", batch, nil},
		{"POST", "/1/indexes/{index}/query", "search", query, nil},
		{"GET", "/1/indexes/{index}", "search", query, nil},
		{"POST", "/1/indexes/{index}/browse", "browse", browse, nil},
		{"GET", "/1/indexes/{index}/browse", "browse", browse, nil},
		{"POST", "/1/indexes/{index}/facets/{facet}/query", "search", facetValues, nil},
		{"POST", "/1/indexes/{index}/deleteByQuery", "deleteIndex", deleteBy, nil},
		{"POST", "/1/indexes/{index}/clear", "deleteIndex", clearIndex, nil},
		{"POST", "/1/indexes/{index}/operation", "addObject", operation, nil},
		{"GET", "/1/indexes/{index}/settings", "settings", getSettings, nil},
		{"PUT", "/1/indexes/{index}/settings", "editSettings", putSettings, nil},
		{"GET", "/1/indexes/{index}/task/{task}", "addObject", taskStatus, nil},
		{"GET", "/1/task/{task}", "addObject", taskStatus, nil},
		{"GET", "/1/logs", "logs", getLogs, nil},
		{"GET", "/1/keys", keysOnly, listKeys, nil},
		{"POST", "/1/keys", keysOnly, addKey, nil},
		{"GET", "/1/keys/{key}", "", getKey, nil},
		{"PUT", "/1/keys/{key}", keysOnly, putKey, nil},
		{"DELETE", "/1/keys/{key}", keysOnly, deleteKey, nil},
		{"POST", "/1/keys/{key}/restore", keysOnly, restoreKey, nil},
		{"GET", "/_emulator/faults", adminOnly, getFaults, nil},
		{"PUT", "/_emulator/faults", adminOnly, putFaults, nil},
		{"GET", "/_emulator/stats", adminOnly, getStats, nil},
	}
	for _, kind := range []string{"rules", "synonyms"} {
		base := "/1/indexes/{index}/" + kind
		d := documentCalls{kind}
		table = append(table,
			route{"POST", base + "/batch", "editSettings", d.batch, nil},
			route{"POST", base + "/clear", "editSettings", d.clear, nil},
			route{"POST", base + "/search", "settings", d.search, nil},
			route{"GET", base + "/{id}", "settings", d.get, nil},
			route{"PUT", base + "/{id}", "editSettings", d.put, nil},
			route{"DELETE", base + "/{id}", "editSettings", d.delete, nil})
	}
	table = append(table,
		route{"POST", "/1/indexes/{index}", "addObject", addObject, nil},
		route{"DELETE", "/1/indexes/{index}", "deleteIndex", deleteIndex, nil},
		route{"GET", "/1/indexes/{index}/{id}", "search", getObject, nil},
		route{"PUT", "/1/indexes/{index}/{id}", "addObject", putObject, nil},
		route{"DELETE", "/1/indexes/{index}/{id}", "deleteObject", deleteObject, nil},
		route{"POST", "/1/indexes/{index}/{id}/partial", "addObject", partialObject, nil},
	)
	for i := range table {
		table[i].segments = strings.Split(table[i].path[1:], "/")
	}
	return table
}

// find returns the route of a request with the values of its path, decoded: both
// "+" and "%20" are a space. Without one the status is 404 or 405.
func (s *Server) find(r *http.Request) (*route, map[string]string, error) {
	given := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	for i := range given {
		decoded, err := url.QueryUnescape(given[i])
		if err != nil {
			return nil, nil, refuse(http.StatusBadRequest, "malformed path: %s", err)
		}
		given[i] = decoded
	}
	elsewhere := false
	for i := range s.routes {
		vars, match := s.routes[i].match(given)
		if match && s.routes[i].method == r.Method {
			return &s.routes[i], vars, nil
		}
		elsewhere = elsewhere || match
	}
	if elsewhere {
		return nil, nil, refuse(http.StatusMethodNotAllowed, "Method not allowed")
	}
	return nil, nil, refuse(http.StatusNotFound, "Path not found")
}

func (r *route) match(given []string) (map[string]string, bool) {
	if len(given) != len(r.segments) {
		return nil, false
	}
	vars := map[string]string{}
	for i, segment := range r.segments {
		switch {
		case segment[0] == '{':
			vars[segment[1:len(segment)-1]] = given[i]
		case segment != given[i]:
			return nil, false
		}
	}
	return vars, true
}

func (r *route) name() string { return r.method + " " + r.path }

// writes reports whether the call changes something.
func (r *route) writes() bool {
	switch r.acl {
	case "addObject", "deleteObject", "deleteIndex", "editSettings":
		return r.method != http.MethodGet
	}
	return false
}
