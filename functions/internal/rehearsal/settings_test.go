package rehearsal

import (
	"testing"
	"time"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// TestIndicesStartInStep compares the indices that a local run starts with, the
// page's replicas among them, as returnsync settings diff does.
func TestIndicesStartInStep(t *testing.T) {
	s := start(t, Options{Every: time.Hour})
	env := &wire.Env{Lookup: envconfig.MapLookuper(map[string]string{
		"ALGOLIA_APP_ID": AppID, "ALGOLIA_ADMIN_KEY": AdminKey, "ALGOLIA_URL": s.AlgoliaURL(), "SEARCH_SORTS": s.sortNames(),
	})}
	settings, err := env.IndexSettings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range s.Entities {
		list, err := settings.Diff(t.Context(), d, d.Index)
		if err != nil || d.Name == portalEntity && len(list) != 1+len(s.sorts()) {
			t.Fatalf("%s: %+v %v", d.Name, list, err)
		}
		for _, one := range list {
			if one.Drifted() || len(one.Differences) > 0 {
				t.Errorf("%+v", one)
			}
		}
	}
}
