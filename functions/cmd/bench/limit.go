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
	"os/exec"
	"sync/atomic"

	driver "github.com/go-sql-driver/mysql"
	"golang.org/x/sync/errgroup"

	"gitlab.com/eshopbox-team/return-sync/shared/entity"
	"gitlab.com/eshopbox-team/return-sync/shared/record"
)

// limitEnv makes this program the limit's and says what it works on.
const limitEnv = "RETURN_SYNC_BENCH_LIMIT"

// limitWork is what the limit's process is told.
type limitWork struct {
	DSN, URL   string
	Roots      int // ids 1 to Roots
	Page       int
	Goroutines int
}

// limitDone is what it answers.
type limitDone struct {
	Records int64
	CPU     float64 // seconds of the process
	RSS     float64 // MiB at most
}

// errNoChild says that this process is not the limit's.
var errNoChild = errors.New("not a child")

// limitChild works and prints what came of it, if this process is the limit's.
func limitChild(work string, out io.Writer) error {
	if work == "" {
		return errNoChild
	}
	var w limitWork
	if err := json.Unmarshal([]byte(work), &w); err != nil {
		return err
	}
	var done limitDone
	var err error
	if done.Records, err = w.run(context.Background()); err != nil {
		return err
	}
	p := processOf(os.Getpid())
	done.CPU, done.RSS = p.cpu(), p.peakMiB()
	return json.NewEncoder(out).Encode(done)
}

// start runs the limit in a process of its own.
func (w limitWork) start(ctx context.Context) (done limitDone, err error) {
	program, err := os.Executable()
	if err != nil {
		return done, err
	}
	text, err := json.Marshal(w)
	if err != nil {
		return done, err
	}
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), limitEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	answer, err := cmd.Output()
	if err != nil {
		return done, fmt.Errorf("the limit's program: %w", err)
	}
	return done, json.Unmarshal(answer, &done)
}

// run reads, appends and posts: all that has to be done at the least.
func (w limitWork) run(ctx context.Context) (int64, error) {
	d, err := returnsDefinition()
	if err != nil {
		return 0, err
	}
	cfg, err := driver.ParseDSN(w.DSN)
	if err != nil {
		return 0, err
	}
	cfg.ParseTime, cfg.InterpolateParams = false, true
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		return 0, err
	}
	db := sql.OpenDB(connector)
	defer func() { _ = db.Close() }()
	db.SetMaxIdleConns(w.Goroutines)
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = w.Goroutines
	var records, next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range w.Goroutines {
		group.Go(func() error {
			l := limiter{db: db, def: d, url: w.URL}
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
	return record.NewPlan(columns)
}

// returnsDefinition returns the definition that is measured.
func returnsDefinition() (entity.Definition, error) {
	list, err := entity.Load("")
	if err != nil {
		return entity.Definition{}, err
	}
	for _, d := range list {
		if d.Name == entityName {
			return d, nil
		}
	}
	return entity.Definition{}, fmt.Errorf("there is no definition %s", entityName)
}
