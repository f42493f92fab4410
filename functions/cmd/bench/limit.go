package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync/atomic"

	driver "github.com/go-sql-driver/mysql"
	"golang.org/x/sync/errgroup"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// errNoChild says that this process is not the limit's.
var errNoChild = errors.New("not a child")

// limitChild works and prints how many records it sent, if this process is the limit's.
func limitChild(text string, out io.Writer) error {
	if text == "" {
		return errNoChild
	}
	var w work
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return err
	}
	records, err := w.limit(context.Background())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, records); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// limit reads, appends and posts: all that has to be done at the least.
func (w work) limit(ctx context.Context) (int64, error) {
	d, err := returnsDefinition()
	if err != nil {
		return 0, err
	}
	cfg := driver.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.Passwd, cfg.DBName, cfg.InterpolateParams = w.Net, w.Address, w.User, w.Password, w.Database, true
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		return 0, err
	}
	db := sql.OpenDB(connector)
	defer func() { _ = db.Close() }()
	db.SetMaxIdleConns(w.Workers)
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = w.Workers
	var records, next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range w.Workers {
		group.Go(func() error {
			l := limiter{db: db, def: d, url: w.URL + "/1/indexes/limit/batch"}
			for {
				from := int(next.Add(int64(w.Page))) - w.Page
				if from >= w.Roots {
					return nil
				}
				n, err := l.page(ctx, from+1, min(from+w.Page, w.Roots))
				if err != nil {
					return err
				}
				records.Add(int64(n))
			}
		})
	}
	err = group.Wait()
	return records.Load(), err
}

// limiter is one goroutine of the limit.
type limiter struct {
	db   *sql.DB
	def  entity.Definition
	url  string
	plan *record.Plan
	body []byte
}

// page reads the roots' rows and posts them as one batch.
func (l *limiter) page(ctx context.Context, from, to int) (n int, err error) {
	ids := make([]any, 0, to-from+1)
	for id := from; id <= to; id++ {
		ids = append(ids, id)
	}
	text, args := l.def.Rows.Bind(map[string][]any{"ids": ids})
	rows, err := l.db.QueryContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return 0, err
	}
	if l.plan == nil {
		if l.plan, err = planOf(types, l.def); err != nil {
			return 0, err
		}
	}
	raw, into, row := make([]sql.RawBytes, len(types)), make([]any, len(types)), make([][]byte, len(types))
	for i := range raw {
		into[i] = &raw[i]
	}
	l.body = append(l.body[:0], `{"requests":[`...)
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return n, err
		}
		for i := range raw {
			row[i] = raw[i]
		}
		if n > 0 {
			l.body = append(l.body, ',')
		}
		l.body = append(l.body, `{"action":"addObject","body":`...)
		if l.body, err = l.plan.Append(l.body, row); err != nil {
			return n, err
		}
		l.body = append(l.body, '}')
		n++
	}
	if err := rows.Err(); err != nil || n == 0 {
		return n, err
	}
	return n, l.post(ctx)
}

// post sends the batch.
func (l *limiter) post(ctx context.Context) error {
	l.body = append(l.body, `]}`...)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(l.body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return errors.Join(err, res.Body.Close())
}

// planOf lays the records out as the product does.
func planOf(types []*sql.ColumnType, d entity.Definition) (*record.Plan, error) {
	columns := make([]record.Column, len(types))
	for i, t := range types {
		columns[i] = record.Column{Name: t.Name(), Kind: d.Types[t.Name()]}
		if columns[i].Kind == record.Auto {
			// A type without a JSON form is that of a column that is no field.
			columns[i].Kind, _ = record.KindOf(t.DatabaseTypeName())
		}
	}
	return record.NewPlan(columns, d.Format)
}

// returnsDefinition returns the definition that is measured.
func returnsDefinition() (entity.Definition, error) {
	list, err := entity.Load("")
	if err != nil {
		return entity.Definition{}, err
	}
	i := slices.IndexFunc(list, func(d entity.Definition) bool { return d.Name == entityName })
	if i < 0 {
		return entity.Definition{}, fmt.Errorf("there is no definition %s", entityName)
	}
	return list[i], nil
}
