package scope

import (
	"regexp"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// The bounds of what one scope or one call may hold.
const (
	MaxMembers  = 100
	MaxEntities = 100 // of one member or of one call
	MaxTargets  = 500 // of a scope's members together
	MaxTitle    = 200 // letters
)

// DefaultProvider is the provider of our entities; a caller may name another,
// which is kept with the status and means nothing to us.
const DefaultProvider = "DATA_PROVIDER_SQL"

// Target is one entity that a member or a call syncs.
type Target struct {
	Entity     string `json:"entity"`
	Provider   string `json:"provider"`
	FunctionID string `json:"functionId"`
}

// Plan is a member and what it stands for. Without targets it waits for a call
// of sync-entities in its name.
type Plan struct {
	ID      string
	Targets []Target
}

// entities lists a plan's entities.
func (p Plan) entities() []string {
	var list []string
	for _, t := range p.Targets {
		list = append(list, t.Entity)
	}
	return list
}

// idForm is what an id may look like: it stands in addresses and logs.
var idForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.:-]{0,95}$`)

// CheckID refuses what cannot be an id; param names it to the caller.
func CheckID(id, param string) error {
	if idForm.MatchString(id) {
		return nil
	}
	return fault.New(fault.Invalid, "bad-id", "%s is no id: want 1 to 96 letters, digits and _ . : -, the first a letter or digit", param).WithParam(param)
}

// CheckPlans refuses plans that are no scope.
func CheckPlans(plans []Plan) error {
	total := 0
	seen := map[string]bool{}
	for _, p := range plans {
		if err := CheckID(p.ID, "instanceIds"); err != nil {
			return err
		}
		if seen[p.ID] {
			return fault.New(fault.Invalid, "twice", "the member %s is there twice", p.ID).WithParam("instanceIds")
		}
		seen[p.ID] = true
		total += len(p.Targets)
	}
	if len(plans) > MaxMembers || total > MaxTargets {
		return fault.New(fault.Invalid, "too-many", "a scope has at most %d members with %d entities in all", MaxMembers, MaxTargets).WithParam("instanceIds")
	}
	return nil
}

// Distinct drops the entities that a list names again.
func Distinct(targets []Target) []Target {
	var list []Target
	for _, t := range targets {
		if !slices.ContainsFunc(list, func(o Target) bool { return o.Entity == t.Entity }) {
			list = append(list, t)
		}
	}
	return list
}
