package alert

import "gitlab.com/eshopbox-team/return-sync/shared/judge"

// The names of the programs that give signs of life.
const (
	App     = judge.App
	Watcher = judge.Watcher
)

// Facts and what they are made of are what everything is judged by; see package judge.
type (
	Facts       = judge.Facts
	Spent       = judge.Spent
	Heartbeat   = judge.Heartbeat
	Entity      = judge.Entity
	Differences = judge.Differences
	Ending      = judge.Ending
	History     = judge.History
	Plan        = judge.Plan
	Every       = judge.Every
	Never       = judge.Never
)
