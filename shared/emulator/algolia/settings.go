package algolia

import (
	"encoding/json"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/engine"
)

// getSettings answers an index's settings with the defaults filled in.
func getSettings(c *call) (*answer, error) {
	i, err := c.app.find(c.vars["index"])
	if err != nil {
		return nil, err
	}
	return ok(json.RawMessage(i.engine.Settings().JSON()))
}

// putSettings changes the settings that the body names; null resets one. The
// index is rebuilt when the task is published.
func putSettings(c *call) (*answer, error) {
	body, err := c.compactObject()
	if err != nil {
		return nil, err
	}
	checked, err := engine.NewSettings(nil, body)
	if err != nil {
		return nil, badRequest(err)
	}
	name := c.vars["index"]
	forward, err := c.flag("forwardToReplicas", false)
	if err != nil {
		return nil, err
	}
	for _, replica := range checked.Replicas {
		if replica.Name == name {
			return nil, badRequest(fmt.Errorf("index %s cannot be a replica of itself", name))
		}
	}
	task := c.app.enqueue(func() { c.app.applySettings(name, body, forward) }, name)
	return ok(object{"updatedAt": c.server.stamp(), "taskID": task})
}

func (a *application) applySettings(name string, change []byte, forward bool) {
	i := a.open(name)
	before := i.engine.Settings()
	settings, err := engine.NewSettings(before, change)
	if err != nil {
		return // checked when it was accepted
	}
	i.engine = i.engine.Under(settings.WithPrimary(before.Primary))
	a.put(i)
	a.linkReplicas(i, before.Replicas)
	if !forward {
		return
	}
	forwarded := withoutReplicas(change)
	for _, replica := range settings.Replicas {
		a.applySettings(replica.Name, forwarded, false)
	}
}

// withoutReplicas is what of a change is forwarded.
func withoutReplicas(change []byte) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(change, &members) != nil {
		return []byte("{}")
	}
	delete(members, "replicas")
	text, _ := json.Marshal(members) // decoded JSON always encodes
	return text
}

// linkReplicas fills new replicas of an index with its records and sets those it
// has no longer free.
func (a *application) linkReplicas(primary index, before []engine.Replica) {
	now := map[string]bool{}
	for _, replica := range primary.engine.Settings().Replicas {
		now[replica.Name] = true
		r := a.open(replica.Name)
		if r.engine.Settings().Primary == primary.name {
			continue
		}
		r.engine = primary.engine.Rebuilt(r.engine.Settings().WithPrimary(primary.name))
		a.put(r)
	}
	for _, replica := range before {
		if r, err := a.find(replica.Name); err == nil && !now[replica.Name] {
			r.engine = r.engine.Rebuilt(r.engine.Settings().WithPrimary(""))
			a.put(r)
		}
	}
}
