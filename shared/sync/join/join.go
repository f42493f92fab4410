// Package join gives each step of the sync the tables that it needs, where the step
// declares the interface and package store implements it. Programs and tests join
// their steps here and in no other place.
package join

import (
	"gitlab.com/eshopbox-team/return-sync/shared/sync/closing"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/flow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/follow"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/owner"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rebuild"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rework"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/store"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/target"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// Cron gives a cron step its tables.
func Cron(c *flow.Cron, db *store.DB) *flow.Cron {
	c.Claims, c.Definitions = db.Claims, target.Catalog{Entities: c.Entities, Store: db.Targets}
	return c
}

// Window gives a window step its entities and its tables. Its log is set before.
func Window(w *flow.Window, entities entity.List, db *store.DB) *flow.Window {
	w.Claims, w.Runs, w.Changes, w.Definitions = db.Claims, db.Runs, db.Changes, target.Catalog{Entities: entities, Store: db.Targets}
	w.Closer = closing.Closer{Runs: db.Runs, Jobs: db.Jobs, Log: w.Log}
	return w
}

// Process gives a process step its entities and its tables. Its log and its source are
// set before.
func Process(p *flow.Process, entities entity.List, db *store.DB) *flow.Process {
	p.Claims, p.Runs, p.Changes, p.Pages, p.Ledger = db.Claims, db.Runs, db.Changes, db.Pages, db.Ledger
	p.Definitions = target.Catalog{Entities: entities, Store: db.Targets}
	p.Owners = owner.Keeper{Table: db.Ledger, Source: p.Source}
	p.Closer = closing.Closer{Runs: db.Runs, Jobs: db.Jobs, Log: p.Log}
	return p
}

// Jobs gives the turns of jobs their tables. Their log is set before.
func Jobs(j *rework.Jobs, db *store.DB) *rework.Jobs {
	j.Table, j.Lanes, j.Runs, j.Changes, j.Pages, j.Targets = db.Jobs, db.Claims, db.Runs, db.Changes, db.Pages, db.Targets
	j.Closer = closing.Closer{Runs: db.Runs, Jobs: db.Jobs, Log: j.Log}
	return j
}

// Follower gives following its tables. Its entities are set before.
func Follower(f *follow.Follower, db *store.DB) *follow.Follower {
	f.Owners, f.Hints, f.Gaps, f.Runs = db.Follow, db.Follow, db.Follow, db.Follow
	f.Definitions = target.Catalog{Entities: f.Entities, Store: db.Targets}
	return f
}

// Rebuild gives a rebuild its tables.
func Rebuild(r *rebuild.Rebuild, db *store.DB) *rebuild.Rebuild {
	r.Targets, r.Claims, r.Runs = db.Targets, db.Claims, db.Runs
	return r
}

// Repairs returns the tables in which roots are gathered.
func Repairs(db *store.DB) rework.RepairTables {
	return rework.RepairTables{Clock: db, Jobs: db.Jobs, Ledger: db.Ledger}
}

// Verifier gives a comparison its tables.
func Verifier(v *verify.Verifier, db *store.DB) *verify.Verifier {
	v.Ledger, v.State, v.Claims, v.Targets = db.Comparisons, db.Comparisons, db.Claims, db.Targets
	return v
}

// Histories returns the tables that know of single records.
func Histories(db *store.DB) verify.Histories {
	return verify.Histories{Ledger: db.Ledger, Parked: db.Parked, Runs: db.Runs}
}
