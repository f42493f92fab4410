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
	"slices"
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

// work is the task of a program: to send every record of the database to the index with
// this many senders.
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

// preparePeers prepares the wanted programs. missing holds the reason why a program cannot
// run on this machine.
func preparePeers(ctx context.Context, dir string, o options, log io.Writer) (ready map[string]peer, missing map[string]string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	ready, missing = map[string]peer{limitName: {command: []string{self}}}, map[string]string{}
	for name, prepare := range map[string]func(context.Context, string) (peer, error){goName: buildGo, nodeName: installNode} {
		wanted := func(s string) bool { return s == name || strings.HasPrefix(s, name+"_") }
		if len(o.only) > 0 && !slices.ContainsFunc(o.only, wanted) {
			continue
		}
		_, _ = fmt.Fprintln(log, "preparing the script", name)
		if ready[name], err = prepare(ctx, dir); err != nil {
			missing[name] = err.Error()
			_, _ = fmt.Fprintf(log, "the script %s cannot run: %v\n", name, err)
		}
	}
	return ready, missing, ctx.Err()
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
	node := ""
	if err == nil {
		node, err = exec.LookPath("node")
	}
	if err != nil {
		return peer{}, fmt.Errorf("the Node script cannot run: %w", err)
	}
	return peer{
		command: []string{node, filepath.Join(folder, "main.js")}, env: []string{"NODE_PATH=" + packages},
		rows: filepath.Join(module, rowsFile),
	}, nil
}

// measure measures the program.
func (p peer) measure(ctx context.Context, w *world, name string, senders int) (reading, error) {
	cfg, err := driver.ParseDSN(w.stack.DSN())
	if err != nil {
		return nil, err
	}
	asked := work{
		Net: cfg.Net, Address: cfg.Addr, User: cfg.User, Password: cfg.Passwd, Database: cfg.DBName, URL: w.stack.AlgoliaURL(),
		RowsFile: p.rows, Roots: w.o.rows[0], Page: w.def.PageSize, Workers: senders,
	}
	var done ended
	before := w.sink.records.Load()
	r, err := w.watch(ctx, func(ctx context.Context) (err error) {
		done, err = p.run(ctx, asked)
		return err
	})
	if err != nil {
		return nil, err
	}
	if sent := w.sink.records.Load() - before; done.records != w.total || sent != w.total {
		return nil, fmt.Errorf("the program %s reports %d records, and the sink counted %d; want %d", name, done.records, sent, w.total)
	}
	r["records"], r["rss_mb"], r[cpuOfProcess+name] = float64(done.records), done.rss, done.cpu
	return r, nil
}

// ended are the figures of a program whose work is done.
type ended struct {
	records  int64
	cpu, rss float64 // seconds, MiB at most
}

// run runs a program. The program prints the number of its records and stays until its
// standard input ends: a process that has ended shows neither its time nor its memory.
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
		return done, fmt.Errorf("the program printed no number of records: %w", err)
	}
	return done, nil
}
