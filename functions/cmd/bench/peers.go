package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	driver "github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/browser"
)

// The programs that our run is compared with.
const (
	limitName = "limit" // the least that has to be done; see limit.go
	goName    = "go"    // what a Go team would write: testdata/peers/go
	nodeName  = "node"  // what a Node team would write: testdata/peers/node
)

// modulePath is this module's; the scripts lie in its folder.
const modulePath = "gitlab.com/eshopbox-team/return-sync"

// workEnv holds the work of a program as JSON. With it, this program is the limit.
const workEnv = "RETURN_SYNC_BENCH_WORK"

// work is what a program is asked to do: to send every record of the database to the
// index with as many senders.
type work struct {
	Net, Address, User, Password, Database string
	URL                                    string // of the index
	RowsFile                               string // rows.sql, for the scripts
	Roots                                  int    // ids 1 to Roots, for the limit, which does not look for them
	Page                                   int    // returns read and sent at once
	Workers                                int
}

// peer is how such a program is started.
type peer struct {
	command []string
	env     []string
	rows    string
}

// preparePeers makes ready what is wanted. What this machine lacks a tool for is
// noted as not run.
func preparePeers(ctx context.Context, dir string, f *findings, log io.Writer) (map[string]peer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ready := map[string]peer{limitName: {command: []string{self}}}
	for name, prepare := range map[string]func(context.Context, string) (peer, error){goName: buildGo, nodeName: installNode} {
		var list []string
		for _, s := range f.o.wanted() {
			if s.part.name == name {
				list = append(list, s.name())
			}
		}
		if len(list) == 0 {
			continue
		}
		_, _ = fmt.Fprintln(log, "preparing the script", name)
		if ready[name], err = prepare(ctx, dir); err == nil {
			continue
		}
		for _, subject := range list {
			f.notRun[subject] = err.Error()
		}
		_, _ = fmt.Fprintf(log, "the script %s will not run: %v\n", name, err)
	}
	return ready, ctx.Err()
}

// moduleDir returns the module's folder.
func moduleDir(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", modulePath).Output()
	if err != nil {
		return "", fmt.Errorf("the scripts are not found: run bench in the module's folder, with the Go tools installed: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// rowsFile is where the query is that the scripts read with, below the module's folder.
const rowsFile = "shared/sync/entity/returns/rows.sql"

// buildGo builds the Go script.
func buildGo(ctx context.Context, dir string) (peer, error) {
	module, err := moduleDir(ctx)
	if err != nil {
		return peer{}, err
	}
	binary := filepath.Join(dir, "script")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./testdata/peers/go")
	build.Dir = module
	if said, err := build.CombinedOutput(); err != nil {
		return peer{}, fmt.Errorf("the Go script cannot be built: %w: %s", err, said)
	}
	return peer{command: []string{binary}, rows: filepath.Join(module, rowsFile)}, nil
}

// installNode fetches the packages of the Node script.
func installNode(ctx context.Context, _ string) (peer, error) {
	module, err := moduleDir(ctx)
	if err != nil {
		return peer{}, err
	}
	folder := filepath.Join(module, "testdata", "peers", "node")
	packages, err := browser.Modules(folder)
	if err != nil {
		return peer{}, err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return peer{}, fmt.Errorf("the Node script cannot run: %w", err)
	}
	return peer{
		command: []string{node, filepath.Join(folder, "main.js")}, env: []string{"NODE_PATH=" + packages},
		rows: filepath.Join(module, rowsFile),
	}, nil
}

// peer measures a program.
func (b *bencher) peer(ctx context.Context, s subject) (reading, error) {
	cfg, err := driver.ParseDSN(b.stack.DSN())
	if err != nil {
		return reading{}, err
	}
	p, name := b.peers[s.part.name], s.part.name
	w := work{
		Net: cfg.Net, Address: cfg.Addr, User: cfg.User, Password: cfg.Passwd, Database: cfg.DBName, URL: b.stack.AlgoliaURL(),
		RowsFile: p.rows, Roots: b.o.rows, Page: b.def.PageSize, Workers: s.senders(b.o),
	}
	var done ended
	sent := b.sink.records.Load()
	r, err := b.watch(ctx, func(ctx context.Context) (err error) {
		done, err = p.run(ctx, w)
		return err
	})
	if err != nil {
		return r, err
	}
	if sent = b.sink.records.Load() - sent; done.records != b.total || sent != b.total {
		return r, fmt.Errorf("the program %s says that it sent %d records, and the sink counted %d; want %d", name, done.records, sent, b.total)
	}
	r.records, r.rss, r.cpu[name] = done.records, done.rss, done.cpu
	return r, nil
}

// ended is what is known of a program when its work is done.
type ended struct {
	records  int64
	cpu, rss float64 // seconds, MiB at most
}

// run runs a program. It prints the number of its records and goes on until its
// standard input ends: a process that is gone shows neither its time nor its memory.
func (p peer) run(ctx context.Context, w work) (done ended, err error) {
	text, err := json.Marshal(w)
	if err != nil {
		return done, err
	}
	cmd := exec.CommandContext(ctx, p.command[0], p.command[1:]...)
	cmd.Env = append(append(os.Environ(), p.env...), workEnv+"="+string(text))
	var complaints strings.Builder
	cmd.Stderr = &complaints
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return done, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return done, err
	}
	if err := cmd.Start(); err != nil {
		return done, err
	}
	line, _ := bufio.NewReader(stdout).ReadString('\n') // without a line, the end of the program says why
	process := processOf(cmd.Process.Pid)
	done.cpu, done.rss = process.cpu(), process.peakMiB()
	if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
		return done, fmt.Errorf("%w: %s", err, complaints.String())
	}
	if done.records, err = strconv.ParseInt(strings.TrimSpace(line), 10, 64); err != nil {
		return done, fmt.Errorf("it printed no number of records: %w", err)
	}
	return done, nil
}
