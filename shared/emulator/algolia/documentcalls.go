package algolia

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/jsonscan"
	"gitlab.com/eshopbox-team/return-sync/shared/reference"
)

// documentCalls are the calls on "rules" or "synonyms".
type documentCalls struct{ kind string }

// check refuses what the service's reference does not have.
func (d documentCalls) check(document []byte) error {
	check := reference.CheckSynonym
	if d.kind == "rules" {
		check = reference.CheckRule
	}
	if err := check(document); err != nil {
		return badRequest(err)
	}
	return nil
}

func (d documentCalls) of(i index) *documents {
	if d.kind == "rules" {
		return i.rules
	}
	return i.synonyms
}

// change queues a change of the documents of an index and, when asked, of its
// replicas.
func (d documentCalls) change(c *call, apply func(*documents)) (*answer, error) {
	name := c.vars["index"]
	forward, err := c.flag("forwardToReplicas", false)
	if err != nil {
		return nil, err
	}
	task := c.app.enqueue(func() {
		i := c.app.open(name)
		apply(d.of(i))
		c.app.put(i)
		for _, replica := range i.engine.Settings().Replicas {
			if r, err := c.app.find(replica.Name); err == nil && forward {
				apply(d.of(r))
			}
		}
	}, name)
	stamp := c.server.stamp()
	return ok(object{"taskID": task, "updatedAt": stamp, "deletedAt": stamp, "id": c.vars["id"]})
}

func (d documentCalls) put(c *call) (*answer, error) {
	body, err := c.compactObject()
	if err != nil {
		return nil, err
	}
	id := c.vars["id"]
	document := withID(body, id)
	if err := d.check(document); err != nil {
		return nil, err
	}
	return d.change(c, func(to *documents) { to.put(id, document) })
}

func (d documentCalls) delete(c *call) (*answer, error) {
	id := c.vars["id"]
	return d.change(c, func(to *documents) { to.remove(id) })
}

func (d documentCalls) clear(c *call) (*answer, error) {
	return d.change(c, (*documents).removeAll)
}

// batch saves several documents, replacing all others when asked.
func (d documentCalls) batch(c *call) (*answer, error) {
	body, err := c.compactBody()
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, badRequest(err)
	}
	for position, document := range list {
		if objectID(document) == "" {
			return nil, refuse(http.StatusBadRequest, "objectID is missing at position %d", position)
		}
		if err := d.check(document); err != nil {
			return nil, err
		}
	}
	replace, err := c.flag(map[string]string{"rules": "clearExistingRules", "synonyms": "replaceExistingSynonyms"}[d.kind], false)
	if err != nil {
		return nil, err
	}
	return d.change(c, func(to *documents) {
		if replace {
			to.removeAll()
		}
		for _, document := range list {
			to.put(objectID(document), document)
		}
	})
}

func (d documentCalls) get(c *call) (*answer, error) {
	i, err := c.app.find(c.vars["index"])
	if err != nil {
		return nil, err
	}
	if text := d.of(i).get(c.vars["id"]); text != nil {
		return ok(text)
	}
	return nil, refuse(http.StatusNotFound, "ObjectID does not exist")
}

// search answers the documents that hold the query's text, paged.
func (d documentCalls) search(c *call) (*answer, error) {
	i, err := c.app.find(c.vars["index"])
	if err != nil {
		return nil, err
	}
	var body struct {
		Query       string `json:"query"`
		Type        string `json:"type"`
		Page        int    `json:"page"`
		HitsPerPage int    `json:"hitsPerPage"`
	}
	if len(c.body) > 0 {
		if err := json.Unmarshal(c.body, &body); err != nil {
			return nil, badRequest(err)
		}
	}
	all := d.of(i).matching(body.Query)
	if body.Type != "" {
		all = slices.DeleteFunc(all, func(text json.RawMessage) bool {
			return !slices.Contains(strings.Split(body.Type, ","), jsonscan.Text(jsonscan.Member(text, "type")))
		})
	}
	size := body.HitsPerPage
	if size <= 0 {
		size = 20
	}
	first := min(max(body.Page, 0)*size, len(all))
	return ok(object{"hits": all[first:min(first+size, len(all))], "nbHits": len(all),
		"page": body.Page, "nbPages": (len(all) + size - 1) / size})
}
