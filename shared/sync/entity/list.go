package entity

import (
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// List is the definitions that a program knows.
type List []Definition

// Named returns the definition of that name; an unknown one is an error of kind
// fault.NotFound.
func (l List) Named(name string) (Definition, error) {
	for _, d := range l {
		if d.Name == name {
			return d, nil
		}
	}
	return Definition{}, fault.New(fault.NotFound, "unknown-entity", "there is no entity %q: this program knows %s", name, l.names())
}

// Job returns the definition of that job type.
func (l List) Job(jobType string) (Definition, error) {
	for _, d := range l {
		if d.JobType == jobType {
			return d, nil
		}
	}
	return Definition{}, fault.New(fault.NotFound, "unknown-entity", "no entity has job type %q: this program knows %s", jobType, l.names())
}

// names lists the definitions for an error.
func (l List) names() string {
	names := make([]string, len(l))
	for i, d := range l {
		names[i] = d.Name + " (" + d.JobType + ")"
	}
	return fmt.Sprint(names)
}
