package algolia

import (
	"encoding/json"
	"net/http"
	"slices"
)

// operation copies or moves an index. The destination's records, settings, rules
// and synonyms are replaced; a scope restricts a copy to some of the latter
// three.
func operation(c *call) (*answer, error) {
	var body struct {
		Operation   string   `json:"operation"`
		Destination string   `json:"destination"`
		Scope       []string `json:"scope"`
	}
	if err := json.Unmarshal(c.body, &body); err != nil {
		return nil, badRequest(err)
	}
	source, destination := c.vars["index"], body.Destination
	switch {
	case body.Operation != "copy" && body.Operation != "move":
		return nil, refuse(http.StatusBadRequest, "Invalid operation: expected copy or move")
	case destination == "" || destination == source:
		return nil, refuse(http.StatusBadRequest, "Invalid destination index %q", destination)
	}
	if err := c.key.mayUse(destination); err != nil {
		return nil, err
	}
	task := c.app.enqueue(func() { c.app.copy(source, destination, body.Scope, body.Operation == "move") }, source, destination)
	return ok(object{"updatedAt": c.server.stamp(), "taskID": task})
}

// copy replaces destination by source. A missing source copies nothing; moving
// it is then no change either.
func (a *application) copy(source, destination string, scope []string, move bool) {
	from, err := a.find(source)
	if err != nil {
		return
	}
	to := a.open(destination)
	takes := func(what string) bool { return len(scope) == 0 || move || slices.Contains(scope, what) }
	before := to.engine.Settings()
	settings := before
	if takes("settings") {
		settings = from.engine.Settings().WithPrimary(before.Primary).WithReplicas(before)
	}
	switch {
	case move:
		to.engine = from.engine.Under(settings)
	case len(scope) == 0:
		to.engine = from.engine.Rebuilt(settings) // two indices never share one engine
	default:
		to.engine = to.engine.Under(settings)
	}
	if takes("rules") {
		to.rules = from.rules.clone()
	}
	if takes("synonyms") {
		to.synonyms = from.synonyms.clone()
	}
	a.put(to)
	a.refill(to)
	if move {
		a.drop(source)
	}
}

// refill gives the replicas of an index its records.
func (a *application) refill(primary index) {
	for _, replica := range primary.engine.Settings().Replicas {
		r := a.open(replica.Name)
		r.engine = primary.engine.Rebuilt(r.engine.Settings().WithPrimary(primary.name))
		a.put(r)
	}
}
