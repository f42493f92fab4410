package algolia

import (
	"fmt"
	"net/http"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/engine"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/jsonscan"
)

// recordSizeGuide is the address that the oversize refusal names.
const recordSizeGuide = "https://www.algolia.com/doc/guides/sending-and-managing-data/prepare-your-data/in-depth/index-and-records-size-and-usage-limitations/#record-size-limits"

// write is one checked operation of a batch.
type write struct {
	action, index, id string
	body              []byte // compact JSON, owned
}

// batch answers POST batch: all operations are accepted, or the whole batch is
// refused.
func batch(c *call) (*answer, error) {
	writes, err := c.readBatch(c.vars["index"])
	if err != nil {
		return nil, err
	}
	task, err := c.accept(c.vars["index"], writes)
	return &answer{http.StatusOK, object{"taskID": task, "objectIDs": ids(writes)}}, err
}

// multipleBatch answers POST batch over several indices.
func multipleBatch(c *call) (*answer, error) {
	writes, err := c.readBatch("")
	if err != nil {
		return nil, err
	}
	byIndex := map[string][]write{}
	var order []string
	for _, w := range writes {
		if byIndex[w.index] == nil {
			order = append(order, w.index)
		}
		byIndex[w.index] = append(byIndex[w.index], w)
	}
	for _, name := range order {
		if err := c.key.mayUse(name); err != nil {
			return nil, err
		}
	}
	tasks := map[string]int64{}
	for _, name := range order {
		if tasks[name], err = c.accept(name, byIndex[name]); err != nil {
			return nil, err
		}
	}
	return ok(object{"taskID": tasks, "objectIDs": ids(writes)})
}

// readBatch checks every operation. index is "" when each names its own.
func (c *call) readBatch(index string) ([]write, error) {
	body, err := c.compactObject()
	if err != nil {
		return nil, err
	}
	requests := jsonscan.Member(body, "requests")
	if len(requests) == 0 || requests[0] != '[' {
		return nil, refuse(http.StatusBadRequest, "expected an array in attribute 'requests'")
	}
	var writes []write
	jsonscan.Elements(requests, func(request []byte) bool {
		w := write{index: index}
		jsonscan.Each(request, func(name string, value []byte) bool {
			switch name {
			case "action":
				w.action = jsonscan.Text(value)
			case "body":
				w.body = value
			case "indexName":
				if index == "" {
					w.index = jsonscan.Text(value)
				}
			}
			return true
		})
		err = c.check(&w, len(writes))
		writes = append(writes, w)
		return err == nil
	})
	return writes, err
}

// check refuses a malformed or oversized operation, fills in a missing id of
// addObject, and makes the body the write's own.
func (c *call) check(w *write, position int) error {
	if w.index == "" {
		return refuse(http.StatusBadRequest, "indexName is missing at position %d", position)
	}
	if w.action == "delete" || w.action == "clear" {
		return c.key.mayDo("deleteIndex")
	}
	if len(w.body) == 0 || w.body[0] != '{' {
		return refuse(http.StatusBadRequest, "expected an object in attribute 'body' at position %d", position)
	}
	w.id = objectID(w.body)
	switch w.action {
	case "addObject":
		if w.id == "" {
			w.id = c.server.nextRecord()
			w.body = withID(w.body, w.id)
		}
	case "updateObject", "partialUpdateObject", "partialUpdateObjectNoCreate":
	case "deleteObject":
		if err := c.key.mayDo("deleteObject"); err != nil {
			return err
		}
	default:
		return refuse(http.StatusBadRequest, "invalid action %q at position %d", w.action, position)
	}
	if w.id == "" {
		return refuse(http.StatusBadRequest, "objectID is missing at position %d", position)
	}
	return c.checkBody(w, position)
}

func (c *call) checkBody(w *write, position int) error {
	if id := jsonscan.Member(w.body, "objectID"); id[0] == '"' {
		w.body = append([]byte(nil), w.body...)
	} else {
		w.body = withID(w.body, w.id) // a number becomes a text
	}
	if limit := c.server.options.RecordLimit; len(w.body) > limit && w.action != "deleteObject" {
		return culprit(w.id, position, "is too big size=%d/%d bytes. Please have a look at %s", len(w.body), limit, recordSizeGuide)
	}
	if w.action == "partialUpdateObject" || w.action == "partialUpdateObjectNoCreate" {
		if err := engine.CheckOperations(w.body); err != nil {
			return badRequest(err)
		}
	}
	return nil
}

// culprit is the refusal of a whole batch for one record that it names.
func culprit(id string, position int, format string, args ...any) error {
	message := fmt.Sprintf("Record at the position %d objectID=%s "+format, append([]any{position, id}, args...)...)
	return &apiError{status: http.StatusBadRequest, message: message, extra: object{"position": position, "objectID": id}}
}

// objectID returns a record's id; a number counts as its text.
func objectID(record []byte) string {
	value := jsonscan.Member(record, "objectID")
	if _, number := jsonscan.Number(value); number {
		return string(value)
	}
	return jsonscan.Text(value)
}

// withID returns a record with an objectID, replacing the one it has.
func withID(record []byte, id string) []byte {
	merged, _ := engine.Merge(record, append(append([]byte(`{"objectID":`), jsonscan.Quote(id)...), '}'))
	return merged
}

// ids lists the record ids of a batch; operations on the whole index have none
// and leave an empty text.
func ids(writes []write) []string {
	out := make([]string, len(writes))
	for i, w := range writes {
		out[i] = w.id
	}
	return out
}
