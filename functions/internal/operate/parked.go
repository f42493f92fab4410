package operate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/audit"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/judge"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/join"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/ledger"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
)

// Parked is parked records of an entity.
type Parked struct {
	Def     entity.Definition
	Records ledger.Journal // their ids by root
}

// IDs returns the ids of the records, in order.
func (p Parked) IDs() []string {
	var list []string
	for _, ids := range p.Records {
		list = append(list, ids...)
	}
	return slices.Sorted(slices.Values(list))
}

// entry begins the row of the audit.
func (p Parked) entry(action string) audit.Entry {
	return audit.Entry{Action: action, Object: target.Parse(p.Def.Name).Base, Old: "parked: " + strings.Join(p.IDs(), ", ")}
}

// FindParked returns the parked records with these ids, by entity. An id that is not
// parked in any of the entities is an error that names it.
func FindParked(ctx context.Context, db *store.DB, entities entity.List, ids []string) ([]Parked, error) {
	var list []Parked
	unknown := slices.Clone(ids)
	for _, d := range entities {
		records, err := db.Parked.RootsOf(ctx, d.Name, ids)
		if err != nil {
			return nil, err
		}
		if len(records) == 0 {
			continue
		}
		p := Parked{Def: d, Records: records}
		mine := p.IDs()
		list = append(list, p)
		unknown = slices.DeleteFunc(unknown, func(id string) bool {
			_, ok := slices.BinarySearch(mine, id)
			return ok
		})
	}
	if len(ids) == 0 {
		return nil, fault.New(fault.Invalid, "bad-records", "name at least one record").WithParam("records")
	}
	if len(unknown) > 0 {
		return nil, fault.New(fault.NotFound, "not-parked", "not parked now: %s. Nothing was done; the list of parked records shows their ids", some(unknown)).WithParam("records")
	}
	return list, nil
}

// some names the first few ids.
func some(ids []string) string {
	const most = 20
	if len(ids) <= most {
		return judge.OneLine(strings.Join(ids, ", "))
	}
	return fmt.Sprintf("%s and %d more", judge.OneLine(strings.Join(ids[:most], ", ")), len(ids)-most)
}

// RetryParked sends parked records of an entity once more, by a job.
func (a Acts) RetryParked(ctx context.Context, by Actor, p Parked) (rework.Job, error) {
	return a.retry(ctx, by, p.entry(RetryParked), func() (Parked, error) { return p, nil })
}

// RetryNamed is RetryParked of the records with these ids of an entity's live index, if
// check allows it; it returns how many they are. The audit keeps a refused request too.
func (a Acts) RetryNamed(ctx context.Context, by Actor, name string, ids []string, check func() error) (j rework.Job, n int, err error) {
	entry := audit.Entry{Action: RetryParked, Object: name, Old: "parked: " + strings.Join(ids, ", ")}
	j, err = a.retry(ctx, by, entry, func() (p Parked, err error) {
		p, err = a.named(ctx, name, ids, check)
		n = len(p.IDs())
		return p, err
	})
	return j, n, err
}

// named finds the parked records with these ids of an entity's live index, if check
// allows it.
func (a Acts) named(ctx context.Context, name string, ids []string, check func() error) (Parked, error) {
	if err := check(); err != nil {
		return Parked{}, err
	}
	d, err := a.catalog().LiveOf(ctx, name)
	if err != nil {
		return Parked{}, err
	}
	list, err := FindParked(ctx, a.Store, entity.List{d}, ids)
	if err != nil {
		return Parked{}, err
	}
	return list[0], nil
}

// retry opens the job for the records that choose returns.
func (a Acts) retry(ctx context.Context, by Actor, entry audit.Entry, choose func() (Parked, error)) (j rework.Job, err error) {
	err = Audited(ctx, audit.New(a.Store.Pool()), by, entry, func(entry *audit.Entry) error {
		p, err := choose()
		if err != nil {
			return err
		}
		if j, err = a.single(ctx, by, p.Def, p.Records); err != nil {
			return err
		}
		entry.New = Retried(len(p.IDs()), j)
		return a.wake(ctx, j.ID)
	})
	return j, err
}

// single starts the job of single roots, of which the records named are sent whatever the
// ledger says.
func (a Acts) single(ctx context.Context, by Actor, d entity.Definition, records ledger.Journal) (j rework.Job, err error) {
	r, err := rework.NewRepairs(ctx, join.Repairs(a.Store), d, run.Record, by.String())
	if err != nil {
		return j, err
	}
	for root, ids := range records {
		if err := r.Add(ctx, root, ids...); err != nil {
			return j, err
		}
	}
	return r.Start(ctx)
}

// SyncRoots syncs single roots of an entity by a job. names are the roots as the person
// named them, for the audit.
func (a Acts) SyncRoots(ctx context.Context, by Actor, d entity.Definition, names []string, roots []uint64) (j rework.Job, err error) {
	entry := audit.Entry{Action: SyncRoots, Object: target.Parse(d.Name).Base, Old: "roots: " + some(names)}
	err = Audited(ctx, audit.New(a.Store.Pool()), by, entry, func(entry *audit.Entry) (err error) {
		records := ledger.Journal{}
		for _, root := range roots {
			records.Add(root)
		}
		if j, err = a.single(ctx, by, d, records); err != nil {
			return err
		}
		entry.New = j.String()
		return a.wake(ctx, j.ID)
	})
	return j, err
}

// Retried says how many records a job tries again.
func Retried(n int, j rework.Job) string {
	what := "records are"
	if n == 1 {
		what = "record is"
	}
	return fmt.Sprintf("%d %s tried again by job %d", n, what, j.ID)
}

// DropParked removes parked records from the list and returns how many. They stay out of
// the index until their rows change.
func (a Acts) DropParked(ctx context.Context, by Actor, p Parked) (int64, error) {
	return a.drop(ctx, by, p.entry(DropParked), func() (Parked, error) { return p, nil })
}

// DropNamed is DropParked of the records with these ids of an entity's live index, if
// check allows it. The audit keeps a refused request too.
func (a Acts) DropNamed(ctx context.Context, by Actor, name string, ids []string, check func() error) (int64, error) {
	entry := audit.Entry{Action: DropParked, Object: name, Old: "parked: " + strings.Join(ids, ", ")}
	return a.drop(ctx, by, entry, func() (Parked, error) { return a.named(ctx, name, ids, check) })
}

// drop removes the records that choose returns.
func (a Acts) drop(ctx context.Context, by Actor, entry audit.Entry, choose func() (Parked, error)) (n int64, err error) {
	err = Audited(ctx, audit.New(a.Store.Pool()), by, entry, func(entry *audit.Entry) error {
		p, err := choose()
		if err != nil {
			return err
		}
		n, err = a.Store.Parked.Drop(ctx, p.Def.Name, p.IDs())
		entry.New = fmt.Sprintf("%d records are off the list", n)
		return err
	})
	return n, err
}
