package wire

import (
	"context"
	"errors"
	"fmt"
	"slices"

	vendor "gitlab.com/eshopbox-team/return-sync/shared/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/watch"
)

// Checking holds the environment's settings for questions to the live index.
type Checking struct {
	AppID string `env:"ALGOLIA_APP_ID"`
	URL   string `env:"ALGOLIA_URL"`
	// CheckKey has the rights search and settings. Without it the other keys are used as
	// far as their rights go.
	CheckKey  string `env:"ALGOLIA_CHECK_KEY"`
	SearchKey string `env:"ALGOLIA_SEARCH_KEY"`
	BrowseKey string `env:"ALGOLIA_BROWSE_KEY"`
	AdminKey  string `env:"ALGOLIA_ADMIN_KEY"`
}

// named is a key and the setting that holds it.
type named struct{ setting, key string }

// firstKey returns the first key that is set.
func firstKey(keys ...named) named {
	i := slices.IndexFunc(keys, func(n named) bool { return n.key != "" })
	if i < 0 {
		return named{}
	}
	return keys[i]
}

// IndexCheck opens the check of the live index, nil without a key.
func (e *Env) IndexCheck(ctx context.Context, state *store.DB) (*watch.Check, error) {
	a := &asker{}
	if err := Configure(ctx, e.Lookup, &a.Checking, &a.settings.sorting); err != nil {
		return nil, err
	}
	check := named{"ALGOLIA_CHECK_KEY", a.CheckKey}
	a.search = firstKey(check, named{"ALGOLIA_SEARCH_KEY", a.SearchKey}, named{"ALGOLIA_BROWSE_KEY", a.BrowseKey}, named{"ALGOLIA_ADMIN_KEY", a.AdminKey})
	a.manage = firstKey(check, named{"ALGOLIA_ADMIN_KEY", a.AdminKey})
	if a.AppID == "" || a.search.key == "" {
		return nil, nil
	}
	if _, err := vendor.Configuration(a.AppID, a.search.key, a.URL); err != nil {
		return nil, err
	}
	if a.manage.key != "" {
		var err error
		if a.settings.Index, err = algolia.NewAdmin(algolia.AdminConfig{AppID: a.AppID, Key: a.manage.key, URL: a.URL}); err != nil {
			return nil, err
		}
	}
	return &watch.Check{Store: state, Ask: a}, nil
}

// asker implements watch.Asker.
type asker struct {
	Checking
	search, manage named
	settings       IndexSettings
}

// Records implements watch.Asker.
func (a *asker) Records(ctx context.Context, index string) (int64, bool, error) {
	l, err := algolia.NewLooker(a.AppID, a.search.key, a.URL)
	if err != nil {
		return 0, false, err
	}
	n, exists, err := l.Count(ctx, index)
	if err != nil {
		err = fmt.Errorf("%w (asked with %s, which needs the right search)", err, a.search.setting)
	}
	return int64(n), exists, err
}

// Settings implements watch.Asker.
func (a *asker) Settings(ctx context.Context, d entity.Definition) ([]string, error) {
	if a.settings.Index == nil {
		return nil, errors.New("no key with the right settings is set: set ALGOLIA_CHECK_KEY to a key with the rights search and settings")
	}
	drift, err := a.settings.Diff(ctx, d, d.Index)
	if fault.KindOf(err) == fault.Forbidden {
		return nil, fmt.Errorf("the key in %s may not read the settings of index %s: give it the right (ACL) settings for it and its replicas", a.manage.setting, d.Index)
	}
	if err != nil {
		return nil, err
	}
	var differ []string
	for _, one := range drift {
		of := ""
		if one.Index != d.Index {
			of = one.Index + ": "
		}
		if one.Missing {
			differ = append(differ, one.Index+" is missing")
		}
		for _, s := range driftOf(one).Settings {
			differ = append(differ, of+s)
		}
	}
	return differ, nil
}
