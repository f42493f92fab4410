package store

import (
	"context"

	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Day is how many reports of a type and date are in a state: one of a dated type, and
// of a real-time type its runs of the day in UTC.
type Day struct {
	Type    string       `json:"type"`
	Date    string       `json:"date"`
	State   report.State `json:"state"`
	Fail    bool         `json:"fail"`
	Reports int64        `json:"reports"`
	Rows    int64        `json:"rows"`
}

// Days counts the types' reports by date and state, from the first date to the last.
func (s *Store) Days(ctx context.Context, types []report.Type, first, last report.Date) ([]Day, error) {
	list := []Day{}
	err := sqldb.InChunks(types, func(some []report.Type) error {
		names := make([]string, len(some))
		for i, t := range some {
			names[i] = t.Name
		}
		more, err := sqldb.Collect(ctx, s.db, func(row sqldb.Row) (d Day, err error) {
			err = row.Scan(&d.Type, &d.Date, &d.State, &d.Fail, &d.Reports, &d.Rows)
			return d, err
		}, `SELECT type, LEFT(slot, 10) AS day, state, fail, COUNT(*), SUM(rows_read) FROM report_report
			WHERE type IN (`+sqldb.Marks(len(names))+`) AND slot >= ? AND slot < ? GROUP BY type, day, state, fail ORDER BY type, day, state, fail`,
			append(sqldb.Args(names), first.String(), (last+1).String())...)
		list = append(list, more...)
		return err
	})
	return list, sqldb.Outage(err, "count the reports by date")
}
