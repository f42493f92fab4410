package wire

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Sorting holds the environment's settings of the index's further orders.
type Sorting struct {
	// Entities are the searched entities, whose indices therefore have replicas. The first
	// answers where a request names none.
	Entities []string `env:"SEARCH_ENTITIES, default=returns" alias:"SEARCH_ENTITY"`
	// Sorts are the orders for which an index has replicas: of the first entity, or behind
	// an entity's name and a colon.
	Sorts []string `env:"SEARCH_SORTS"`
}

// parse reads the sorts of an entity, none unless the entity is searched.
func (s Sorting) parse(d entity.Definition) ([]search.Sort, error) {
	base := target.Parse(d.Name).Base
	var own []string
	for _, sort := range s.Sorts {
		name, order, named := strings.Cut(sort, ":")
		if !named && len(s.Entities) > 0 {
			name, order = s.Entities[0], sort
		}
		if !slices.Contains(s.Entities, name) {
			return nil, fmt.Errorf("SEARCH_SORTS: %q names an entity that SEARCH_ENTITIES does not have", sort)
		}
		if name == base {
			own = append(own, order)
		}
	}
	sorts, err := search.ParseSorts(own)
	if err != nil {
		return nil, fmt.Errorf("SEARCH_SORTS: %w", err)
	}
	return sorts, nil
}

// IndexSettings compares and pushes the settings of indices.
type IndexSettings struct {
	// Index is the client with the rights to manage indices.
	Index   *algolia.Client
	sorting Sorting
}

// IndexSettings opens the comparison and the push of settings.
func (e *Env) IndexSettings(ctx context.Context) (*IndexSettings, error) {
	var cfg algolia.AdminConfig
	s := &IndexSettings{}
	if err := Configure(ctx, e.Lookup, &cfg, &s.sorting); err != nil {
		return nil, err
	}
	var err error
	s.Index, err = algolia.NewAdmin(cfg)
	return s, err
}

// Wanted returns the settings that an index of a definition should have, followed by
// those of its replicas. The index may have another name than the definition's, such as
// an index in rebuild; its replicas are named after it. A definition without
// settings.json and without sorts wants no settings.
func (s *IndexSettings) Wanted(d entity.Definition, index string) ([]algolia.Wanted, error) {
	sorts, err := s.sorting.parse(d)
	if err != nil || d.Settings == nil && len(sorts) == 0 {
		return nil, err
	}
	settings := d.Settings
	if settings == nil {
		settings = []byte("{}")
	}
	all, err := search.ReplicaSettings(settings, index, sorts)
	if err != nil {
		return nil, fmt.Errorf("%s/settings.json: %w", d.Source, err)
	}
	list := []algolia.Wanted{{Index: index, Settings: all[index]}}
	for _, o := range sorts {
		name := o.Replica(index)
		list = append(list, algolia.Wanted{Index: name, Settings: all[name]})
	}
	return list, nil
}

// Diff returns the differences between a definition and an index with its replicas. It
// changes nothing.
func (s *IndexSettings) Diff(ctx context.Context, d entity.Definition, index string) ([]algolia.IndexDrift, error) {
	wanted, err := s.Wanted(d, index)
	if err != nil {
		return nil, err
	}
	return s.Index.CompareSettings(ctx, wanted)
}

// Push sets the definition's settings on an index and its replicas, waits until they are
// in force and compares once more. It returns the differences before the push; an index
// that still differs is an error.
func (s *IndexSettings) Push(ctx context.Context, d entity.Definition, index string) ([]algolia.IndexDrift, error) {
	wanted, err := s.Wanted(d, index)
	if err != nil {
		return nil, err
	}
	before, err := s.Index.PushSettings(ctx, wanted)
	if err != nil {
		return before, err
	}
	after, err := s.Index.CompareSettings(ctx, wanted)
	if err != nil {
		return before, err
	}
	return before, stillDrifted(after)
}

// stillDrifted is the error of settings that were accepted and do not show.
func stillDrifted(after []algolia.IndexDrift) error {
	var left []string
	for _, d := range after {
		if d.Missing {
			left = append(left, d.Index)
		}
		for _, one := range d.Differences {
			if !one.LeftAlone {
				left = append(left, d.Index+": "+one.Setting)
			}
		}
	}
	if left == nil {
		return nil
	}
	return fault.New(fault.Invalid, "settings-not-kept", "the index took the settings, and still shows others (%s): another person or program may be changing them at the same time; compare again in a minute",
		strings.Join(left, ", "))
}
