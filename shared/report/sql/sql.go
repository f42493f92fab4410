// Package sql is the source that is a query of a MySQL database. The query is text of
// a definition:
//
//	source:
//	  kind: sql
//	  database: warehouse   # a name that the installation knows
//	  query: |
//	    SELECT sku, SUM(quantity) AS sold FROM sales
//	    WHERE sold_at >= :from AND sold_at < :to GROUP BY sku
//
// :from and :to are the range of the report's date in UTC, :date the date itself; a
// real-time report has none of them, and the names may not stand in a string. A column
// with a number becomes a number, everything else text, NULL no value. Rows are read
// one by one in a transaction that only reads.
package sql

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
)

// Kind is the source's name in definitions.
const Kind = "sql"

// Settings are those of a definition.
type Settings struct {
	Database string `yaml:"database"`
	Query    string `yaml:"query"`
}

// Source is a query. It is safe for concurrent use, and implements report.Source.
type Source struct {
	report.AtOnce
	db    *sql.DB
	query string
	names []string // of its parameters, in order
	file  string
}

// document is the query's answer.
const document = report.AtOnce("query")

// parameter matches the parameters of a query.
var parameter = regexp.MustCompile(`:(from|to|date)\b`)

// New returns the source over a pool that was opened as foreign (sqldb.Settings). file
// names the definition in errors.
func New(db *sql.DB, s Settings, file string) (*Source, error) {
	text := strings.TrimSuffix(strings.TrimSpace(s.Query), ";")
	if text == "" {
		return nil, errors.New(file + ": source: query is missing")
	}
	src := &Source{AtOnce: document, db: db, file: file, names: parameter.FindAllString(text, -1)}
	src.query = parameter.ReplaceAllString(text, "?")
	return src, nil
}

// Request implements report.Source. Nothing happens before the query is read.
func (s *Source) Request(ctx context.Context, o report.Order) (string, error) {
	if o.RealTime && len(s.names) > 0 {
		return "", fault.New(fault.Misconfigured, "bad-definition", "%s: the query has %s, and a real-time report has no date", s.file, s.names[0])
	}
	return s.AtOnce.Request(ctx, o)
}

// Rows implements report.Source.
func (s *Source) Rows(ctx context.Context, o report.Order, name string) iter.Seq2[report.Row, error] {
	return func(yield func(report.Row, error) bool) {
		if err := s.Check(name); err != nil {
			yield(report.Row{}, err)
			return
		}
		err := s.each(ctx, o, func(r report.Row) bool { return yield(r, nil) })
		if err != nil {
			yield(report.Row{}, sqldb.Definition(err, s.file))
		}
	}
}

// args returns the parameters' values.
func (s *Source) args(o report.Order) []any {
	const form = "2006-01-02 15:04:05"
	values := map[string]string{":from": o.From.UTC().Format(form), ":to": o.To.UTC().Format(form), ":date": o.Slot}
	var args []any
	for _, n := range s.names {
		args = append(args, values[n])
	}
	return args
}

// each calls fn with every row until it returns false.
func (s *Source) each(ctx context.Context, o report.Order, fn func(report.Row) bool) (err error) {
	// Ending the context ends a statement whose rows nobody reads any more; closing
	// the rows alone would read them to the end.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	rows, err := tx.QueryContext(ctx, s.query, s.args(o)...)
	if err != nil {
		return err
	}
	defer func() {
		cancel()
		_ = rows.Close()
	}()
	columns, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	values := make([]sql.NullString, len(columns))
	targets := make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for number := int64(1); rows.Next(); number++ {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		fields := make(map[string]any, len(columns))
		for i, c := range columns {
			fields[c.Name()] = value(c.DatabaseTypeName(), values[i])
		}
		if !fn(report.Row{Number: number, Fields: fields}) {
			return nil
		}
	}
	return rows.Err()
}

// numeric are the database's names of types whose text is a number.
var numeric = []string{"TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE", "YEAR"}

// value returns a column's value as a row holds it.
func value(typ string, v sql.NullString) any {
	switch {
	case !v.Valid:
		return nil
	case slices.Contains(numeric, strings.TrimPrefix(typ, "UNSIGNED ")) && json.Valid([]byte(v.String)):
		return json.Number(v.String)
	}
	return v.String
}
