package algolia

import (
	"encoding/base64"
	"encoding/json"
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// position is what a browse cursor holds: where to go on, and the parameters of
// the first call.
type position struct {
	After  uint64        `json:"a"`
	Page   int           `json:"p"`
	Values params.Values `json:"v"`
}

// browse answers GET and POST browse: every matching record, 1,000 a page,
// without ranking, facets or highlights.
func browse(c *call) (*answer, error) {
	values, err := c.parameters()
	if err != nil {
		return nil, err
	}
	i, err := c.app.find(c.vars["index"])
	if err != nil {
		return nil, err
	}
	at := position{Values: values.Without("cursor")}
	if cursor, _ := values["cursor"].(string); cursor != "" {
		if at, err = readCursor(cursor); err != nil {
			return nil, err
		}
	}
	if at.Values["hitsPerPage"] == nil {
		at.Values["hitsPerPage"] = 1000.0
	}
	q, err := c.parse(i, at.Values)
	if err != nil {
		return nil, err
	}
	hits, nbHits, next := i.engine.Browse(q, at.After, q.HitsPerPage)
	if hits == nil {
		hits = []json.RawMessage{}
	}
	body := object{"hits": hits, "nbHits": nbHits, "page": at.Page, "hitsPerPage": q.HitsPerPage,
		"nbPages": (nbHits + max(q.HitsPerPage, 1) - 1) / max(q.HitsPerPage, 1), "processingTimeMS": 1,
		"query": q.Text, "params": q.Echo}
	if next > 0 {
		body["cursor"] = position{next, at.Page + 1, at.Values}.cursor()
	}
	return ok(body)
}

func (p position) cursor() string {
	text, _ := json.Marshal(p) // decoded JSON always encodes
	return base64.RawURLEncoding.EncodeToString(text)
}

func readCursor(cursor string) (position, error) {
	var p position
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil || p.Values == nil {
		return p, refuse(http.StatusBadRequest, "Invalid cursor")
	}
	return p, nil
}
