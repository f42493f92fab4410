package alert

import "gitlab.com/eshopbox-team/return-sync/shared/judge"

// The names of the programs that give signs of life.
const (
	App     = judge.App
	Watcher = judge.Watcher
)

type (
	// Facts is what the tables say at one moment; see package judge.
	Facts = judge.Facts
	// Spent counts operations of the index; see package judge.
	Spent = judge.Spent
	// Heartbeat is a sign of life of a program; see package judge.
	Heartbeat = judge.Heartbeat
	// Entity is what the tables say of one entity; see package judge.
	Entity = judge.Entity
	// Differences is what comparisons found; see package judge.
	Differences = judge.Differences
	// Ending is a run that has ended; see package judge.
	Ending = judge.Ending
	// History is how the newest runs ended; see package judge.
	History = judge.History
	// Plan says when an entity is due; see package judge.
	Plan = judge.Plan
	// Every is the plan of an entity that each tick syncs; see package judge.
	Every = judge.Every
)
