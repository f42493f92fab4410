// Package datapoints is the destination for forecasting: every number of a report
// becomes a row of table report_datapoint: type, date, key, field, number. A real-time
// type keeps its newest run, under no date.
package datapoints

import (
	"context"
	"encoding/json"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Sink is the table. It is safe for concurrent use, and implements report.Sink.
type Sink struct {
	DB *sqldb.DB
	// Fields are the fields that are kept; empty keeps every number.
	Fields []string
}

// rowsAtOnce is how many rows one statement writes.
const rowsAtOnce = 500

// The bounds of the columns, in bytes.
const (
	maxField = 100
	maxKey   = 200
)

// point is one number.
type point struct {
	key, field, number string
}

// Write implements report.Sink.
func (s *Sink) Write(ctx context.Context, o report.Order, rows iter.Seq2[report.Row, error]) (report.Outcome, error) {
	var out report.Outcome
	batch := make([]report.Row, 0, rowsAtOnce)
	for row, err := range rows {
		if err != nil {
			return out, err
		}
		if reason := refusal(row); reason != "" {
			out.Parked = append(out.Parked, report.Parked{Row: row.Number, Key: row.Key, Reason: reason})
			continue
		}
		if batch = append(batch, row); len(batch) == rowsAtOnce {
			if err := s.write(ctx, o, batch, &out); err != nil {
				return out, err
			}
			batch = batch[:0]
		}
	}
	return out, s.write(ctx, o, batch, &out)
}

// refusal says why a row is parked.
func refusal(row report.Row) string {
	if len(row.Key) > maxKey {
		return "its key has more than 200 bytes"
	}
	for name, v := range row.Fields {
		if n, ok := v.(json.Number); ok {
			if len(name) > maxField {
				return "a field's name has more than 100 bytes"
			}
			if f, err := n.Float64(); err != nil || f >= 1e20 || f <= -1e20 {
				return "a number is out of range: at most 20 digits stand before the point"
			}
		}
	}
	return ""
}

// points returns a row's numbers in the order of their fields.
func (s *Sink) points(row report.Row) []point {
	var list []point
	for name, v := range row.Fields {
		n, ok := v.(json.Number)
		if ok && (len(s.Fields) == 0 || slices.Contains(s.Fields, name)) {
			list = append(list, point{row.Key, name, n.String()})
		}
	}
	slices.SortFunc(list, func(a, b point) int { return strings.Compare(a.field, b.field) })
	return list
}

// stampText is a time as DATETIME(6) holds it.
func stampText(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// write upserts a batch of rows. A row is unchanged if none of its numbers changed.
func (s *Sink) write(ctx context.Context, o report.Order, batch []report.Row, out *report.Outcome) error {
	if len(batch) == 0 {
		return ctx.Err()
	}
	have, err := s.have(ctx, o, batch)
	if err != nil {
		return err
	}
	var all []point
	for _, row := range batch {
		fresh := false
		for _, p := range s.points(row) {
			old, known := have[[2]string{p.key, p.field}]
			fresh = fresh || !known || !old.later(o) && !sameNumber(old.number, p.number)
			all = append(all, p)
		}
		if fresh {
			out.Written++
		} else {
			out.Unchanged++
		}
	}
	return sqldb.InChunks(all, func(list []point) error {
		tuples, args := sqldb.Values(list, func(p point) []any {
			return []any{o.Type, o.Day(), p.key, p.field, p.number, stampText(o.Stamp)}
		})
		_, err := s.DB.ExecContext(ctx, `INSERT INTO report_datapoint (type, date, row_key, field, number, stamp) VALUES `+tuples+`
			ON DUPLICATE KEY UPDATE number = IF(VALUES(stamp) >= stamp, VALUES(number), number), stamp = GREATEST(stamp, VALUES(stamp))`, args...)
		return sqldb.Outage(err, "write the datapoints")
	})
}

// kept is a number as the table holds it.
type kept struct {
	number string
	stamp  time.Time
}

// later reports whether the number is of a later payload than the order's.
func (k kept) later(o report.Order) bool { return k.stamp.After(stampText(o.Stamp)) }

// have returns the numbers that the table holds of a batch.
func (s *Sink) have(ctx context.Context, o report.Order, batch []report.Row) (map[[2]string]kept, error) {
	keys := make([]string, len(batch))
	for i, row := range batch {
		keys[i] = row.Key
	}
	have := map[[2]string]kept{}
	err := sqldb.Each(ctx, s.DB, func(row sqldb.Row) error {
		var id [2]string
		var k kept
		err := row.Scan(&id[0], &id[1], &k.number, &k.stamp)
		have[id] = k
		return err
	}, "SELECT row_key, field, number, stamp FROM report_datapoint WHERE type = ? AND date = ? AND row_key IN ("+sqldb.Marks(len(keys))+")",
		sqldb.Args(keys, o.Type, o.Day())...)
	return have, sqldb.Outage(err, "read the datapoints")
}

// rounding is the most by which a number changes in the table, which has ten digits
// behind the point, and some more for the arithmetic.
const rounding = 0.75e-10

// sameNumber compares a number of the table with one of a report.
func sameNumber(have, want string) bool {
	a, err := strconv.ParseFloat(have, 64)
	b, err2 := strconv.ParseFloat(want, 64)
	return err == nil && err2 == nil && math.Abs(a-b) <= rounding
}

// removeAtOnce is how many rows one statement removes.
const removeAtOnce = 5000

// Finish implements report.Sink.
func (s *Sink) Finish(ctx context.Context, o report.Order) error {
	for {
		n, err := sqldb.Affected(ctx, s.DB, "DELETE FROM report_datapoint WHERE type = ? AND date = ? AND stamp < ? LIMIT ?", o.Type, o.Day(), stampText(o.Stamp), removeAtOnce)
		if err != nil || n < removeAtOnce {
			return sqldb.Outage(err, "remove old datapoints")
		}
	}
}
