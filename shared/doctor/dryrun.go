package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/rootlist"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// dryRoots is how many roots a dry run reads.
const dryRoots = 300

// Lister counts the rows of changed.sql that a sync leaves out.
type Lister interface {
	// Unusable counts the rows in a window whose root is NULL or negative.
	Unusable(ctx context.Context, d entity.Definition, w window.Window) (rootlist.Listed, error)
}

// DryRun builds the records of the roots that changed last, as a sync would, and reports
// what would be parked, what the server warned of, ids that two roots share, and rows of
// all history that have no usable root. It sends nothing.
func DryRun(ctx context.Context, source interface {
	Reader
	Lister
}, d entity.Definition, now time.Time) []Finding {
	roots, err := newest(ctx, source, d, now, dryRoots)
	if err != nil {
		return blind("the newest roots of "+d.Name, err, "")
	}
	rows, err := source.Rows(ctx, d, roots)
	if err != nil {
		return one(Fail, fmt.Sprintf("%s/rows.sql fails over rows of the database: %v", d.Source, err), "correct the statement, or the rows that it names")
	}
	name, err := rootNames(ctx, source, d, roots)
	if err != nil {
		return blind("the roots of "+d.Name, err, "")
	}
	var found []Finding
	add := func(s Severity, do, format string, args ...any) {
		found = append(found, Finding{Severity: s, Message: fmt.Sprintf(format, args...), Do: do})
	}
	parked, example, large := 0, "", 0
	owner := map[string]uint64{}
	for i := range rows.Records {
		r := &rows.Records[i]
		switch {
		case r.Problem != "":
			if parked++; example == "" {
				example = fmt.Sprintf("%s of root %s: %s", r.ID, name(r.Root), r.Problem)
			}
		case len(r.Body) > d.RecordLimit:
			large++
		}
		if root, twice := owner[r.ID]; twice {
			add(Fail, "make objectID unique in rows.sql, such as by CONCAT of the keys", "%s/rows.sql gives the objectID %q twice, for the roots %s and %s", d.Source, r.ID, name(root), name(r.Root))
		}
		owner[r.ID] = r.Root
	}
	listed, err := source.Unusable(ctx, d, window.Window{From: time.Unix(0, 0).UTC(), To: now})
	if err != nil {
		add(Fail, "correct the statement, or the rows that it names", "%s/changed.sql fails over rows of the database: %v", d.Source, err)
	}
	if listed.Skipped > 0 {
		add(Warn, "correct the rows or the statement", "%s/changed.sql gives rows whose _root is NULL or negative, which a sync leaves out: %d", d.Source, listed.Skipped)
	}
	if len(listed.Warnings) > 0 {
		add(Warn, "correct the condition that the server names", "%s/changed.sql makes the server warn: %s", d.Source, strings.Join(listed.Warnings, "; "))
	}
	if parked > 0 {
		add(Warn, "convert the column in rows.sql, or choose another type in entity.yaml", "%s: %d of %d sampled records would be parked: %s", d.Name, parked, len(rows.Records), example)
	}
	if large > 0 {
		add(Warn, "leave long texts out of rows.sql, or raise recordLimit if the plan allows it", "%s: %d of %d sampled records are larger than %d bytes and would be parked", d.Name, large, len(rows.Records), d.RecordLimit)
	}
	if len(rows.Warnings) > 0 {
		add(Warn, "correct the expression that the server names", "%s/rows.sql makes the server warn: %s", d.Source, strings.Join(rows.Warnings, "; "))
	}
	return orOK(found, "%s: the %d records of %d sampled roots have a JSON form", d.Name, len(rows.Records), len(roots))
}
