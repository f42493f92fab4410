package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/tools"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/sample"
)

// entityName is the entity that the sample data belongs to.
const entityName = "returns"

// play runs the stack by the flags.
func play(ctx context.Context, o options, out, log io.Writer) (err error) {
	began := time.Now()
	stack, err := rehearsal.Start(ctx, stackOptions(o, log))
	if err != nil {
		return stoppedOr(ctx, err)
	}
	defer func() { err = errors.Join(err, stack.Close()) }()
	loaded, err := load(ctx, stack, o, log)
	if err != nil {
		return stoppedOr(ctx, err)
	}
	if err := stack.BeginWings(ctx); err != nil {
		return stoppedOr(ctx, err)
	}
	if err := stack.BeginTicks(ctx); err != nil {
		return stoppedOr(ctx, err)
	}
	if o.soak > 0 {
		return soak(ctx, stack, o, out, log)
	}
	if o.once {
		return once(ctx, stack, began, loaded, out, log)
	}
	return stoppedOr(ctx, keepRunning(ctx, stack, o, out, log))
}

// stoppedOr returns errStopped for whatever error the user's own Ctrl-C caused.
func stoppedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errStopped
	}
	return err
}

// stackOptions translates the flags.
func stackOptions(o options, log io.Writer) rehearsal.Options {
	s := rehearsal.Options{
		DSN: o.dsn, Dir: o.dir, Keep: o.keep, Port: o.port, Seed: o.seed, Workers: o.workers,
		Own: true, HoldTicks: true, BufferPoolMB: 512, Log: log, ChildLog: log,
	}
	if !o.logJSON {
		s.ChildLog = &screen{to: log}
	}
	for _, t := range tools.All() {
		if t.Play.Open != nil && *o.wings[t.Play.Name] {
			s.Wings = append(s.Wings, t.Play)
		}
	}
	if !o.once {
		s.Every = o.every
	}
	if o.soak > 0 {
		s.Every, s.Steps = soakEvery, true
		s.Env = append(s.Env, rehearsal.SoakEnv()...)
	}
	if o.verbose {
		s.Env = append(s.Env, "LOG_LEVEL=INFO")
	}
	if o.pageSize > 0 {
		s.Env = append(s.Env, "PAGE_SIZE="+strconv.Itoa(o.pageSize))
	}
	if o.entities != "" {
		dir, err := filepath.Abs(o.entities) // the command line may be run elsewhere
		if err != nil {
			dir = o.entities
		}
		s.Env = append(s.Env, "ENTITIES_DIR="+dir)
	}
	return s
}

// content describes the data that the flags ask for.
func (o options) content() string {
	if o.data != "" {
		return "the files of " + o.data
	}
	return fmt.Sprintf("%d invented returns of seed %d", o.rows, o.seed)
}

// load fills the source tables. A directory that was kept has its data already; flags
// that ask for other data are refused.
func load(ctx context.Context, stack *rehearsal.Stack, o options, log io.Writer) (sample.Counts, error) {
	if err := errors.Join(sample.Migrate(ctx, stack.DB), makeTables(ctx, stack, o, log)); err != nil {
		return sample.Counts{}, err
	}
	var there sample.Counts
	if err := stack.DB.QueryRowContext(ctx, "SELECT (SELECT COUNT(*) FROM order_return), (SELECT COUNT(*) FROM order_return_item)").
		Scan(&there.Returns, &there.Items); err != nil {
		return there, err
	}
	if there.Returns > 0 {
		before, err := stack.Content(ctx)
		if err == nil && o.dataChosen && before != o.content() {
			err = fmt.Errorf("the database was filled with %s, and the flags ask for %s: leave --data, --rows and --seed out, or use an empty --dir or database", cmp.Or(before, "other data"), o.content())
		}
		_, _ = fmt.Fprintf(log, "the database holds %d returns already; nothing is loaded\n", there.Returns)
		return there, err
	}
	if err := stack.SetContent(ctx, o.content()); err != nil {
		return there, err
	}
	bar := newBar(log, "loading returns")
	shown := func(done, total int) { bar.Set(done, total, fmt.Sprintf("%d of %d", done, total)) }
	defer bar.End()
	if o.data != "" {
		return sample.LoadCSV(ctx, stack.DB, o.data, sample.LoadOptions{Progress: shown})
	}
	// A fixed clock makes the sample the same on every machine and every day.
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	return sample.Generate(ctx, stack.DB, sample.GenerateOptions{Rows: o.rows, Seed: o.seed, Now: now, Progress: shown})
}

// tablesFile is the file of a folder of definitions that makes their tables.
const tablesFile = "tables.sql"

// makeTables plays the statements of the folder's tables.sql, if it has the file, in a
// database that nothing was loaded into yet.
func makeTables(ctx context.Context, stack *rehearsal.Stack, o options, log io.Writer) error {
	before, err := stack.Content(ctx)
	if err != nil || before != "" || o.entities == "" {
		return err
	}
	path := filepath.Join(o.entities, tablesFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	cfg, err := mysql.ParseDSN(stack.DSN())
	if err != nil {
		return err
	}
	cfg.MultiStatements = true
	db, err := sql.Open("mysql", cfg.FormatDSN())
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(log, "making the tables of %s\n", path)
	if _, err := db.ExecContext(ctx, string(text)); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return db.Close()
}
