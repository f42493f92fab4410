package main

import (
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/progress"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/run"
)

// showing returns what shows a run on a bar.
func showing(b *progress.Bar) func(run.Run) {
	return func(r run.Run) { b.Set(r.PagesDone, r.PagesTotal, stage(r)) }
}

// stage says in words where a run is.
func stage(r run.Run) string {
	switch {
	case r.ID == 0:
		return "waiting for the window function"
	case r.State == run.Windowing:
		return "listing what changed"
	}
	return fmt.Sprintf("%d of %d pages, %d records", r.PagesDone, r.PagesTotal, r.Counts.Found)
}
