package flow_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// listed returns definitions as name -> index.
func listed(t *testing.T) func(entity.List, error) map[string]string {
	return func(list entity.List, err error) map[string]string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, d := range list {
			found[d.Name] = d.Index
		}
		return found
	}
}

// TestCatalog follows an entity through a rebuild: what a tick feeds, what searches
// see, and what is found by name and job type.
func TestCatalog(t *testing.T) {
	w := newStock(t, 2)
	other := w.def
	other.Name, other.JobType, other.Index = "other", "OTHER_JOB", "others"
	c := target.Catalog{Entities: entity.List{w.def, other}, Store: w.Targets}
	read := listed(t)
	same := func(what string, want, got map[string]string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	alone := map[string]string{"stock": w.def.Index, "other": "others"}
	same("fed, never rebuilt", alone, read(c.Fed(t.Context(), "")))
	same("live, never rebuilt", alone, read(c.Live(t.Context())))

	made, _, err := w.Targets.NewTarget(t.Context(), w.def)
	if err != nil {
		t.Fatal(err)
	}
	both := map[string]string{"stock": w.def.Index, made.Name(): made.Index, "other": "others"}
	same("fed, building", both, read(c.Fed(t.Context(), "")))
	same("live, building", alone, read(c.Live(t.Context())))

	d, err := c.Named(t.Context(), made.Name())
	if err != nil || d.Index != made.Index || d.JobType == w.def.JobType {
		t.Errorf("%+v, %v", d, err)
	}
	if byJob, err := c.Job(t.Context(), d.JobType); err != nil || byJob.Name != d.Name {
		t.Errorf("%s, %v", byJob.Name, err)
	}
	w.exec("UPDATE sync_target SET role = IF(id = ?, 'live', 'standby'), open_entity = NULL, live_entity = NULL", made.ID)
	same("fed, promoted", both, read(c.Fed(t.Context(), "")))
	same("live, promoted", map[string]string{made.Name(): made.Index, "other": "others"}, read(c.Live(t.Context())))
	if live, err := c.LiveOf(t.Context(), "stock"); err != nil || live.Name != made.Name() {
		t.Errorf("%s, %v", live.Name, err)
	}
	if first, err := c.Named(t.Context(), "stock"); err != nil || first.Index != w.def.Index {
		t.Errorf("the entity's own name is its first target's: %s, %v", first.Index, err)
	}
	w.exec("UPDATE sync_target SET role = ? WHERE id <> ?", target.Dropping, made.ID)
	same("fed, the old one dropped", map[string]string{made.Name(): made.Index, "other": "others"}, read(c.Fed(t.Context(), "")))

	for _, name := range []string{"nobody", "stock~999", "nobody~1x"} {
		_, err1 := c.Named(t.Context(), name)
		_, err2 := c.Job(t.Context(), name)
		if fault.KindOf(err1) != fault.NotFound || fault.KindOf(err2) != fault.NotFound {
			t.Errorf("%s: %v", name, errors.Join(err1, err2))
		}
	}
}
