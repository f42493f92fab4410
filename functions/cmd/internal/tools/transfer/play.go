package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/odoo"
	"gitlab.com/eshopbox-team/return-sync/shared/sqldb"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/store"
)

// localToken is the token of the demonstration; it guards nothing.
const localToken = "a-token-of-the-local-transfers-only"

// leastJobs is how many jobs a run of the sample plays at least.
const leastJobs = 1000

// play is the wing in a stack.
type play struct {
	stack   *rehearsal.Stack
	jobs    *store.Store
	studio  *mssql.Server
	online  *odoo.Server
	posting *poster
	office  *office
	written *ledger
	failing atomic.Bool // faults are on
	refused atomic.Bool // they were on: some may have refused a right
	kills   atomic.Int64
	closers []func() error
}

// openPlay opens a SQL Server and an Odoo in memory, whose changes post jobs to the API.
func openPlay(_ context.Context, s *rehearsal.Stack) (_ *rehearsal.Play, err error) {
	p := &play{stack: s, jobs: store.New(s.Store.Pool().DB, sqldb.MySQL, slog.New(slog.DiscardHandler)), written: newLedger()}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	deliver := odoo.PostTo(s.URL("Transfers"), localToken)
	p.posting = newPoster(deliver)
	p.closers = append(p.closers, p.posting.close)
	if p.studio, err = mssql.New(mssql.Options{Post: p.posting.post, Wrote: p.written.studio, Seed: s.Options.Seed, Refused: func(text string) {
		_, _ = fmt.Fprintln(s.Options.Log, "the emulated SQL Server refused the statement", text)
	}}); err != nil {
		return nil, err
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() { _ = p.studio.Serve(tcp) }() // it ends with Close
	p.closers = append(p.closers, p.studio.Close)
	p.online = odoo.New(odoo.Options{FirstID: 500000, Seed: s.Options.Seed, Deliver: deliver, Wrote: p.written.online})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: p.online, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // it ends with Close
	p.closers = append(p.closers, p.online.Close, server.Close)
	p.office = newOffice(s.Options.Seed, p.studio, p.online)
	return &rehearsal.Play{
		Env: []string{
			"TRANSFER_URL=" + s.URL("WorkTransfers"), "TRANSFER_TOKEN=" + localToken, "TRANSFER_SIDES=systems", "TRANSFER_NTP_SERVERS=none", "TRANSFER_THREADS=4", "TRANSFER_PACKAGE=100",
			"TRANSFER_DEBOUNCE=200ms", "TRANSFER_RETRY_AFTER=200ms", "TRANSFER_RUN_LIMIT=100", "TRANSFER_LEASE=5s",
			"TRANSFER_STUDIO_HOST=" + tcp.Addr().String(), "TRANSFER_STUDIO_DATABASE=studio", "TRANSFER_STUDIO_USER=sosync", "TRANSFER_STUDIO_PASSWORD=Local-1433",
			"TRANSFER_ONLINE_URL=http://" + listener.Addr().String(), "TRANSFER_ONLINE_DATABASE=odoo", "TRANSFER_ONLINE_USER=sosync", "TRANSFER_ONLINE_PASSWORD=sosync",
		},
		Begin: p.office.begin, Run: p.run, Check: p.check, Misbehave: p.misbehave, Churn: p.churn, Settle: p.recover, Close: p.close,
		Welcome: func() []string {
			return []string{
				"transfers between studio (a SQL Server in memory at " + tcp.Addr().String() + ", user sosync, password Local-1433) and an Odoo (http://" + listener.Addr().String() + "): in the console",
				"the API of transfers: " + s.URL("Transfers") + "/service/status, token " + localToken,
			}
		},
	}, nil
}

// close ends the emulators, last first.
func (p *play) close() error {
	var problems []error
	for i := len(p.closers) - 1; i >= 0; i-- {
		problems = append(problems, p.closers[i]())
	}
	p.closers = nil
	return errors.Join(problems...)
}

// run lets the office edit both sides until enough jobs were posted, waits until all are
// done, and then lets it merge and delete.
func (p *play) run(ctx context.Context, log io.Writer) error {
	begun := time.Now()
	for p.posted() < leastJobs {
		for range 25 {
			if err := p.office.act(ctx); err != nil {
				return err
			}
		}
		// So that people of the other side see what came, and edit it in turn.
		if err := p.below(ctx, 50); err != nil {
			return err
		}
	}
	if err := p.settle(ctx, log); err != nil {
		return err
	}
	took := time.Since(begun)
	_, _ = fmt.Fprintf(log, "transfers: %d jobs of edits in %s\n", p.posted(), took.Round(time.Millisecond))
	// An edit of what is deleted next would find nothing: each comes to its end alone.
	for _, tidy := range []func(context.Context) error{p.office.merge, p.office.remove} {
		if err := tidy(ctx); err != nil {
			return err
		}
		if err := p.settle(ctx, log); err != nil {
			return err
		}
	}
	return nil
}

// posted counts the jobs that both sides have posted or will post.
func (p *play) posted() int { return p.posting.count() + p.office.onlineEdits }

// lookEvery is how often the table of jobs is read while jobs are open.
const lookEvery = 250 * time.Millisecond

// below waits until fewer jobs than most are open or on their way.
func (p *play) below(ctx context.Context, most int) error {
	for {
		open, _, err := p.open(ctx)
		if err != nil || open < most {
			return err
		}
		if err := clock.Sleep(ctx, lookEvery/5); err != nil {
			return err
		}
	}
}

// open counts the jobs that are open or on their way, and all by their states.
func (p *play) open(ctx context.Context) (int, map[transfer.State]int64, error) {
	counts, err := p.jobs.Count(ctx, "")
	return p.posting.waiting() + p.online.Waiting() + int(counts[transfer.New]+counts[transfer.InProgress]+counts[transfer.Retry]), counts, err
}

// settle waits until no job is open, and none is on its way.
func (p *play) settle(ctx context.Context, log io.Writer) error {
	last := ""
	for quiet := 0; quiet < 2; {
		if err := clock.Sleep(ctx, lookEvery); err != nil {
			return err
		}
		open, counts, err := p.open(ctx)
		if err != nil {
			return err
		}
		if text := fmt.Sprintf("transfers: %d open, %d done, %d failed", open, counts[transfer.Done]+counts[transfer.Skipped], counts[transfer.Failed]); text != last {
			_, _ = fmt.Fprintln(log, text)
			last = text
		}
		if quiet++; open > 0 {
			quiet = 0
		}
	}
	return nil
}

// misbehave switches the faults of both emulators.
func (p *play) misbehave(_ context.Context, on bool) error {
	p.failing.Store(on)
	if on {
		p.refused.Store(true)
		return misfortunes(p.studio, p.online)
	}
	return errors.Join(p.studio.SetFaults(mssql.Faults{}), p.online.SetFaults())
}

// recover settles after faults. Refused rights end a job at once: a person gives the
// right back and tries the failed jobs again, some times at most, because a job that
// fails without a fault has to be seen.
func (p *play) recover(ctx context.Context) error {
	for range 5 {
		if err := p.settle(ctx, io.Discard); err != nil {
			return err
		}
		_, counts, err := p.open(ctx)
		if err != nil || counts[transfer.Failed] == 0 || !p.refused.Load() {
			return err
		}
		if err := p.retryFailed(ctx); err != nil {
			return err
		}
	}
	return p.settle(ctx, io.Discard)
}

// retryFailed calls the route with which a person tries failed jobs again.
func (p *play) retryFailed(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.stack.URL("Transfers")+"/job/retryfailed", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+localToken)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("/job/retryfailed answers %s", answer.Status)
	}
	return nil
}

// killEvery is how often a soak kills the worker.
const killEvery = 8 * time.Second

// churn lets the office edit until ctx ends. While faults are on, the worker's process is
// killed from time to time, wherever it is.
func (p *play) churn(ctx context.Context) error {
	next := time.Now().Add(killEvery)
	for {
		if err := clock.Sleep(ctx, 100*time.Millisecond); err != nil {
			return nil // the end that was asked for
		}
		if p.failing.Load() && time.Now().After(next) {
			next = time.Now().Add(killEvery)
			if err := p.strike(ctx); err != nil {
				return err
			}
		}
		if err := p.office.act(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
	}
}

// strike kills the worker's process and starts another one.
func (p *play) strike(ctx context.Context) error {
	const name = "WorkTransfers"
	if p.stack.Kill(name) != nil {
		return nil // it is dead or held already
	}
	p.kills.Add(1)
	return p.stack.Revive(context.WithoutCancel(ctx), name)
}
