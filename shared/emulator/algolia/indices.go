package algolia

import (
	"net/http"
	"strconv"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/engine"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/params"
)

// listIndices answers all indices of the application that the key may use; page
// and hitsPerPage page them.
func listIndices(c *call) (*answer, error) {
	items := []object{}
	for _, i := range c.app.list() {
		if c.key.mayUse(i.name) == nil {
			items = append(items, c.app.describe(i))
		}
	}
	size := max(number(c.query.Get("hitsPerPage"), 100), 1)
	pages := (len(items) + size - 1) / size
	if c.query.Get("page") != "" {
		first := min(max(number(c.query.Get("page"), 0), 0)*size, len(items))
		items = items[first:min(first+size, len(items))]
	} else {
		pages = 1
	}
	return ok(object{"items": items, "nbPages": pages})
}

func number(text string, missing int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return missing
}

func (a *application) describe(i index) object {
	pending := a.tasks.waiting(i.name)
	item := object{
		"name": i.name, "createdAt": i.created, "updatedAt": i.updated, "entries": i.engine.Len(),
		"dataSize": i.engine.Size(), "fileSize": i.engine.Size(), "lastBuildTimeS": 0,
		"numberOfPendingTasks": pending, "pendingTask": pending > 0,
	}
	settings := i.engine.Settings()
	if settings.Primary != "" {
		item["primary"] = settings.Primary
	}
	if len(settings.Replicas) > 0 {
		names := make([]string, len(settings.Replicas))
		for n, replica := range settings.Replicas {
			names[n] = replica.Name
		}
		item["replicas"] = names
	}
	return item
}

// deleteIndex removes an index. A missing one is no error; a replica must be
// detached from its primary first.
func deleteIndex(c *call) (*answer, error) {
	name := c.vars["index"]
	if i, err := c.app.find(name); err == nil && i.engine.Settings().Primary != "" {
		return nil, refuse(http.StatusForbidden, "Cannot delete a replica index, remove it from the replicas of %s first", i.engine.Settings().Primary)
	}
	task := c.app.enqueue(func() {
		if i, err := c.app.find(name); err == nil {
			c.app.drop(name)
			i.engine = engine.New(i.engine.Settings())
			c.app.unlink(i)
		}
	}, name)
	return ok(object{"deletedAt": c.server.stamp(), "taskID": task})
}

// unlink frees the replicas of an index that is gone.
func (a *application) unlink(gone index) {
	for _, replica := range gone.engine.Settings().Replicas {
		if r, err := a.find(replica.Name); err == nil {
			r.engine = r.engine.Rebuilt(r.engine.Settings().WithPrimary(""))
			a.put(r)
		}
	}
}

// clearIndex removes all records and keeps settings, rules and synonyms.
func clearIndex(c *call) (*answer, error) {
	task, err := c.accept(c.vars["index"], []write{{action: "clear", index: c.vars["index"]}})
	return &answer{http.StatusOK, object{"updatedAt": c.server.stamp(), "taskID": task}}, err
}

// deleteBy removes the records that pass the filters of the body. One operation
// whatever it removes; which records these are is decided when it is published.
func deleteBy(c *call) (*answer, error) {
	values, err := c.parameters()
	if err != nil {
		return nil, err
	}
	q, err := params.Parse(values, nil)
	if err != nil {
		return nil, badRequest(err)
	}
	if len(q.Filter) == 0 {
		return nil, refuse(http.StatusBadRequest, "deleteByQuery needs a filter; use clear to remove every record")
	}
	name := c.vars["index"]
	if err := c.app.open(name).engine.Settings().CheckFilter(q.Filter); err != nil {
		return nil, badRequest(err)
	}
	c.server.stats.operations([]write{{action: "deleteBy"}})
	task := c.app.enqueue(func() {
		var writes []write
		for _, id := range c.app.open(name).engine.Matching(q.Filter) {
			writes = append(writes, write{action: "deleteObject", id: id})
		}
		c.app.apply(name, writes)
	}, name)
	return ok(object{"updatedAt": c.server.stamp(), "taskID": task})
}
