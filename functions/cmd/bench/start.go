package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
	"gitlab.com/eshopbox-team/return-sync/functions/search"
)

const startLong = `start builds the server as it is deployed and measures its size, the time from its
start to its first answer, and its memory at rest, as the search and as the process
function; of the search function also the time from its start to its first search's
answer, with the index emulator. It needs the Go tools, and is run in the module's folder.`

// startStudy builds the server and measures it.
func startStudy(ctx context.Context, o options, dir string, log io.Writer) (*study, error) {
	_, _ = fmt.Fprintln(log, "building the server")
	server, err := rehearsal.BuildServer(ctx, dir, log)
	if err != nil {
		return nil, err
	}
	size, err := os.Stat(server)
	if err != nil {
		return nil, err
	}
	on := &setup{open: func(ctx context.Context) (*world, error) {
		w, err := openSearchable(ctx, o, log, rehearsal.Options{})
		if err != nil {
			return nil, err
		}
		if _, err = w.fill(ctx, o.rows[0]); err == nil {
			err = w.tick(ctx)
		}
		if err != nil {
			return nil, errors.Join(err, w.close())
		}
		return w, nil
	}}
	for _, target := range []string{search.Function.Name, process.Function.Name} {
		on.subjects = append(on.subjects, subject{name: target, measure: func(ctx context.Context, w *world, _ int) (reading, error) {
			r := reading{"size_mb": float64(size.Size()) / 1e6}
			return r, w.serveOnce(ctx, server, target, r)
		}})
	}
	return &study{groups: [][]*setup{{on}}, columns: []column{
		{key: "size_mb", head: "server: MB", show: tenths},
		{key: "first_answer_ms", head: "first answer: ms", show: wholes},
		{key: "first_search_ms", head: "first search: ms", show: wholes},
		{key: "rss_at_rest_mb", head: "at rest: MiB", show: wholes},
	}}, nil
}

// serveOnce starts the server and measures the milliseconds to its first answer, the MiB
// that it then holds, and the milliseconds to the answer of its first search.
func (w *world) serveOnce(ctx context.Context, server, target string, r reading) error {
	ctx, end := context.WithTimeout(ctx, patience)
	defer end()
	var account, token string
	err := w.stack.DB.QueryRowContext(ctx, "SELECT account_slug FROM order_return WHERE deleted_at IS NULL LIMIT 1").Scan(&account)
	if err == nil {
		token, err = w.stack.Identity.Sign(account, time.Now().Add(patience))
	}
	if err != nil {
		return err
	}
	if err := w.stack.Kill(target); err != nil {
		return err
	}
	began := time.Now()
	pid, err := rehearsal.Deploy(ctx, w.stack, server, target)
	if err != nil {
		return err
	}
	r["first_answer_ms"], r["rss_at_rest_mb"] = time.Since(began).Seconds()*1000, rehearsal.Memory(pid, "VmRSS")
	if target != search.Function.Name {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.stack.URL(target), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	var found struct{ NbHits int }
	if err = errors.Join(json.NewDecoder(res.Body).Decode(&found), res.Body.Close()); err == nil && found.NbHits == 0 {
		err = fmt.Errorf("the first search answered %s and finds nothing of account %s", res.Status, account)
	}
	r["first_search_ms"] = time.Since(began).Seconds() * 1000
	return err
}
