package schedule

import (
	"context"
	"fmt"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Kind is a kind of target that schedules start. A wing registers a Kind for
// everything of its own that people may schedule.
type Kind struct {
	// Name is what people write into target_kind, in small letters.
	Name string
	// Check says why a target cannot be started, in a sentence for the row; nil if
	// it can.
	Check func(ctx context.Context, target string) error
	// Start starts a schedule's target and says what came of it. Starting twice with
	// one key starts once. A process that only checks schedules has none.
	Start func(ctx context.Context, s Spec, key string) (message string, err error)
	// Entity says that a target is an entity: entries of the run log name it.
	Entity bool
}

// Kinds are the kinds that a process knows.
type Kinds []Kind

// named returns a kind by its name.
func (k Kinds) named(name string) (Kind, bool) {
	for _, one := range k {
		if one.Name == name {
			return one, true
		}
	}
	return Kind{}, false
}

// names lists the kinds for people: entity or scope.
func (k Kinds) names() string {
	var names []string
	for _, one := range k {
		names = append(names, one.Name)
	}
	return strings.Join(names, " or ")
}

// Parse returns what a row asks for, or why it is rejected, in a sentence for the
// row: Row.Parse, and the target can be started.
func (k Kinds) Parse(ctx context.Context, r Row) (Spec, error) {
	kind, known := k.named(kindOf(r.TargetKind))
	if !known {
		return Spec{}, fmt.Errorf("target_kind is %q: write %s", r.TargetKind, k.names())
	}
	s, err := r.Parse()
	if err == nil {
		err = kind.Check(ctx, s.Target)
	}
	return s, err
}

// start starts a schedule's target.
func (k Kinds) start(ctx context.Context, s Spec, key string) (string, error) {
	kind, known := k.named(s.Kind)
	if !known || kind.Start == nil {
		return "", fault.New(fault.Misconfigured, "unknown-kind", "this version starts no %s", s.Kind)
	}
	return kind.Start(ctx, s, key)
}

// entity returns the entity that a schedule is about, if it is about one.
func (k Kinds) entity(s Spec) string {
	if kind, _ := k.named(s.Kind); kind.Entity {
		return s.Target
	}
	return ""
}
