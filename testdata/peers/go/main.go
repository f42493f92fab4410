// Command go is what a Go team would write instead of Return-sync: it reads the
// returns by keyset with rows.sql and saves structs with the client's SaveObjects,
// several pages at once. It keeps no account of anything.
//
// The bench starts it with its work as JSON in RETURN_SYNC_BENCH_WORK. It prints how
// many records it saved, and ends when its standard input does.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"
	"github.com/go-sql-driver/mysql"
	"golang.org/x/sync/errgroup"
)

// work is what the bench asks for.
type work struct {
	Net, Address, User, Password, Database string
	URL                                    string // of the index
	RowsFile                               string // rows.sql
	Page                                   int    // returns read and saved at once
	Workers                                int
}

func main() {
	var w work
	if err := json.Unmarshal([]byte(os.Getenv("RETURN_SYNC_BENCH_WORK")), &w); err != nil {
		log.Fatal(err)
	}
	records, err := w.sync(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(records)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// sync saves all returns and returns the number of records.
func (w work) sync(ctx context.Context) (int64, error) {
	query, err := os.ReadFile(w.RowsFile)
	if err != nil {
		return 0, err
	}
	db, err := w.open()
	if err != nil {
		return 0, err
	}
	defer db.Close()
	index, err := w.index()
	if err != nil {
		return 0, err
	}
	var records atomic.Int64
	pages := make(chan []any)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(pages)
		return w.list(ctx, db, pages)
	})
	for range w.Workers {
		group.Go(func() error {
			for ids := range pages {
				list, err := read(ctx, db, string(query), ids)
				if err != nil {
					return err
				}
				if _, err := index.SaveObjects(list); err != nil {
					return err
				}
				records.Add(int64(len(list)))
			}
			return nil
		})
	}
	err = group.Wait()
	return records.Load(), err
}

// open opens the database.
func (w work) open() (*sql.DB, error) {
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.DBName = w.Net, w.Address, w.User, w.Password, w.Database
	c.ParseTime, c.InterpolateParams = true, true
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxIdleConns(w.Workers + 1)
	return db, nil
}

// requester lets the client speak HTTP to an index on this machine.
type requester struct{ client *http.Client }

// Request sends a request of the client.
func (r requester) Request(req *http.Request) (*http.Response, error) {
	req.URL.Scheme = "http"
	return r.client.Do(req)
}

// index opens the index.
func (w work) index() (*search.Index, error) {
	u, err := url.Parse(w.URL)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = w.Workers
	return search.NewClientWithConfig(search.Configuration{
		AppID: "LOCAL", APIKey: "admin", Hosts: []string{u.Host}, Requester: requester{&http.Client{Transport: transport}},
		WriteTimeout: time.Hour,   // a loaded machine must not fail the measurement
		MaxBatchSize: 20 * w.Page, // a page is one request, as it is in the limit
	}).InitIndex("go"), nil
}

// list sends the ids of all returns, page by page.
func (w work) list(ctx context.Context, db *sql.DB, pages chan<- []any) error {
	last := uint64(0)
	for {
		rows, err := db.QueryContext(ctx, "SELECT id FROM order_return WHERE id > ? ORDER BY id LIMIT ?", last, w.Page)
		if err != nil {
			return err
		}
		ids := make([]any, 0, w.Page)
		for rows.Next() {
			if err := rows.Scan(&last); err != nil {
				return err
			}
			ids = append(ids, last)
		}
		if err := rows.Err(); err != nil || len(ids) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case pages <- ids:
		}
	}
}

// read returns the records of a page.
func read(ctx context.Context, db *sql.DB, query string, ids []any) ([]record, error) {
	marks := strings.TrimSuffix(strings.Repeat("?,", len(ids)), ",")
	rows, err := db.QueryContext(ctx, strings.ReplaceAll(query, ":ids", marks), ids...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := make([]record, 0, 3*len(ids))
	for rows.Next() {
		var r record
		if err := r.scan(rows); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}
