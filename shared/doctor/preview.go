package doctor

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// Preview is what a definition makes of rows, before anything is synced.
type Preview struct {
	Entity  string          `json:"entity"`
	Records []PreviewRecord `json:"records"`
	// Plans are the steps by which the database finds the rows, by file.
	Plans map[string][]string `json:"plans"`
	// Warnings are the server's own, while it read the rows.
	Warnings []string `json:"warnings,omitempty"`
}

// PreviewRecord is one record as it would be sent, or the reason why it would be parked.
type PreviewRecord struct {
	Root   string          `json:"root"` // its number or its key
	ID     string          `json:"objectID"`
	Bytes  int             `json:"bytes"`
	Parked string          `json:"parked,omitempty"`
	Record json.RawMessage `json:"record,omitempty"`
}

// Choice is the roots that a preview builds: these, or without any the newest changed
// ones before Now, at most Limit.
type Choice struct {
	Roots []uint64
	Limit int
	Now   time.Time
}

// Previews builds the records of the chosen roots.
func Previews(ctx context.Context, source Reader, db *sql.DB, d entity.Definition, c Choice) (Preview, error) {
	roots, now := c.Roots, c.Now
	p := Preview{Entity: d.Name, Records: []PreviewRecord{}, Plans: map[string][]string{}}
	var err error
	if len(roots) == 0 {
		if roots, err = newest(ctx, source, d, now, c.Limit); err != nil {
			return p, err
		}
	}
	rows, err := source.Rows(ctx, d, roots)
	if err != nil {
		return p, err
	}
	p.Warnings = rows.Warnings
	names, err := source.RootNames(ctx, d, roots)
	if err != nil {
		return p, err
	}
	for i := range rows.Records {
		r := &rows.Records[i]
		one := PreviewRecord{Root: strconv.FormatUint(r.Root, 10), ID: r.ID, Bytes: len(r.Body), Parked: r.Problem, Record: r.Body}
		if name, ok := names[r.Root]; ok {
			one.Root = name
		}
		if one.Parked == "" && one.Bytes > d.RecordLimit {
			one.Parked = fmt.Sprintf("%d bytes; the limit is %d", one.Bytes, d.RecordLimit)
		}
		p.Records = append(p.Records, one)
	}
	changed, args := d.Changed.Bind(map[string][]any{"from": {now.Add(-d.Overlap - 15*time.Minute)}, "to": {now}})
	if p.Plans["changed.sql"], err = steps(ctx, db, changed, args); err != nil {
		return p, err
	}
	text, args := d.Rows.Bind(map[string][]any{"ids": d.Samples(1, 3)})
	p.Plans["rows.sql"], err = steps(ctx, db, text, args)
	return p, err
}

// steps returns a statement's plan, a line a table.
func steps(ctx context.Context, db *sql.DB, text string, args []any) ([]string, error) {
	plan, err := table(ctx, db, "EXPLAIN FORMAT=TRADITIONAL "+text, args...)
	if err != nil {
		return nil, err
	}
	list := make([]string, 0, len(plan))
	for _, step := range plan {
		line := fmt.Sprintf("%s: %s by %s, about %s rows; %s", step["table"], step["type"], cmp.Or(step["key"], "no index"), cmp.Or(step["rows"], "0"), step["Extra"])
		list = append(list, strings.TrimSuffix(line, "; "))
	}
	return list, nil
}
