package oracle

import (
	"context"
	"database/sql"
	"fmt"
)

// Sums returns a sentence for every run and page whose counts do not add up and for
// every synced run with an unfinished page; normally none. db is the database of the
// pipeline's own tables.
func Sums(ctx context.Context, db *sql.DB) ([]string, error) {
	checks := []string{
		`SELECT CONCAT('run ', id, ': found ', found, ' is not the sum of its fates') FROM sync_run
		  WHERE found <> saved + deleted + unchanged + parked`,
		`SELECT CONCAT('page ', page, ' of run ', run_id, ': found ', found, ' is not the sum of its fates') FROM sync_page
		  WHERE state = 2 AND found <> saved + deleted + unchanged + parked`,
		`SELECT CONCAT('run ', r.id, ' is synced, but not every page is done') FROM sync_run r
		  WHERE r.state = 'synced' AND r.pages_total <> (SELECT COUNT(*) FROM sync_page p WHERE p.run_id = r.id AND p.state = 2)`,
		`SELECT CONCAT('run ', r.id, ': its pages found another number of records') FROM sync_run r
		  WHERE r.state = 'synced' AND r.found <> (SELECT COALESCE(SUM(p.found), 0) FROM sync_page p WHERE p.run_id = r.id)`,
		`SELECT CONCAT('two runs share claim token of run ', MIN(id)) FROM sync_run GROUP BY claim_token HAVING COUNT(*) > 1`,
		`SELECT CONCAT('job ', c.job_type, ': the watermark is not the end of a synced run') FROM order_return_algolia_sync c
		  WHERE c.date_range_end IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sync_run r
		    WHERE r.claim_id = c.id AND r.state = 'synced' AND r.window_to = c.date_range_end)`,
	}
	var problems []string
	for _, check := range checks {
		found, err := sentences(ctx, db, check)
		if err != nil {
			return nil, fmt.Errorf("oracle: %w", err)
		}
		problems = append(problems, found...)
	}
	return problems, nil
}

// sentences returns the one column of a query.
func sentences(ctx context.Context, db *sql.DB, text string) ([]string, error) {
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var sentence string
		if err := rows.Scan(&sentence); err != nil {
			return nil, err
		}
		list = append(list, sentence)
	}
	return list, rows.Err()
}
