package algolia

import (
	"encoding/json"
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/shared/reference"
)

// single accepts one operation outside a batch.
func (c *call) single(w write) (int64, error) {
	w.index = c.vars["index"]
	if err := c.check(&w, 0); err != nil {
		return 0, err
	}
	return c.accept(w.index, []write{w})
}

// addObject answers POST on an index: a record, its objectID made up when it has
// none.
func addObject(c *call) (*answer, error) {
	body, err := c.compactObject()
	if err != nil {
		return nil, err
	}
	id := objectID(body)
	if id == "" {
		id = c.server.nextRecord()
		body = withID(body, id)
	}
	task, err := c.single(write{action: "addObject", body: body})
	return &answer{http.StatusCreated, object{"createdAt": c.server.stamp(), "taskID": task, "objectID": id}}, err
}

// putObject answers PUT on a record: replaced or created. The path's id counts.
func putObject(c *call) (*answer, error) {
	body, err := c.compactObject()
	if err != nil {
		return nil, err
	}
	task, err := c.single(write{action: "updateObject", body: withID(body, c.vars["id"])})
	return &answer{http.StatusOK, object{"updatedAt": c.server.stamp(), "taskID": task, "objectID": c.vars["id"]}}, err
}

// partialObject answers POST partial; without createIfNotExists=false a missing
// record is created.
func partialObject(c *call) (*answer, error) {
	body, err := c.compactObject()
	if err != nil {
		return nil, err
	}
	action := "partialUpdateObjectNoCreate"
	create, err := c.flag("createIfNotExists", true)
	if err != nil {
		return nil, err
	}
	if create {
		action = "partialUpdateObject"
	}
	task, err := c.single(write{action: action, body: withID(body, c.vars["id"])})
	return &answer{http.StatusOK, object{"updatedAt": c.server.stamp(), "taskID": task, "objectID": c.vars["id"]}}, err
}

// deleteObject answers DELETE on a record; deleting a missing one succeeds.
func deleteObject(c *call) (*answer, error) {
	task, err := c.single(write{action: "deleteObject", body: withID([]byte("{}"), c.vars["id"])})
	return &answer{http.StatusOK, object{"deletedAt": c.server.stamp(), "taskID": task}}, err
}

// getObject answers GET on a record.
func getObject(c *call) (*answer, error) {
	i, err := c.app.find(c.vars["index"])
	if err != nil {
		return nil, err
	}
	raw := i.engine.Get(c.vars["id"])
	if raw == nil {
		return nil, refuse(http.StatusNotFound, "ObjectID does not exist")
	}
	var list any // absent, all are answered
	if given := c.query.Get("attributesToRetrieve"); given != "" {
		list = given
	}
	wanted, err := fieldsIn(list)
	if err != nil {
		return nil, err
	}
	return ok(json.RawMessage(i.engine.Settings().Retrieve(raw, wanted, c.key.seesAll())))
}

// getObjects answers POST objects: records of any index in the order asked, null
// for missing ones.
func getObjects(c *call) (*answer, error) {
	var body struct {
		Requests []struct {
			IndexName            string `json:"indexName"`
			ObjectID             string `json:"objectID"`
			AttributesToRetrieve any    `json:"attributesToRetrieve"`
		} `json:"requests"`
	}
	if err := json.Unmarshal(c.body, &body); err != nil {
		return nil, badRequest(err)
	}
	results := make([]json.RawMessage, len(body.Requests))
	for n, request := range body.Requests {
		if err := c.key.mayUse(request.IndexName); err != nil {
			return nil, err
		}
		wanted, err := fieldsIn(request.AttributesToRetrieve)
		if err != nil {
			return nil, err
		}
		results[n] = json.RawMessage("null")
		i, err := c.app.find(request.IndexName)
		if err != nil {
			return nil, err
		}
		if raw := i.engine.Get(request.ObjectID); raw != nil {
			results[n] = i.engine.Settings().Retrieve(raw, wanted, c.key.seesAll())
		}
	}
	return ok(object{"results": results})
}

// fieldsIn reads which attributes of a record are asked for; nil are all.
func fieldsIn(list any) ([]string, error) {
	read, err := reference.Parameters.Read("attributesToRetrieve", list)
	if err != nil {
		return nil, badRequest(err)
	}
	wanted, _ := read.([]string) // its form, or nil
	return wanted, nil
}
