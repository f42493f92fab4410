package localdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/go-sql-driver/mysql"
)

// stopTimeout is how long a server may take to stop by itself.
const stopTimeout = 10 * time.Second

// process is a running server program.
type process struct {
	command *exec.Cmd
	exited  chan struct{}
}

// spawn starts the program. On Linux the kernel ties its life to the thread
// that started it, not to the process, so one goroutine keeps its thread until
// the program has ended.
func (h *home) spawn(command *exec.Cmd) (*process, error) {
	log, err := os.Create(h.log())
	if err != nil {
		return nil, fmt.Errorf("localdb: server log: %w", err)
	}
	defer log.Close()
	command.Dir, command.Stdout, command.Stderr = h.run, log, log
	detach(command)
	h.account.apply(command)
	p := &process{command: command, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // its log says how it ended
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("localdb: start %s: %w", command.Path, err)
	}
	return p, nil
}

// awaitReady asks until the server answers to its own password.
func (p *process) awaitReady(ctx context.Context, config *mysql.Config) error {
	probe := config.Clone()
	probe.Logger = &mysql.NopLogger{} // refusals are expected until it is up
	connector, err := mysql.NewConnector(probe)
	if err != nil {
		return fmt.Errorf("localdb: %w", err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.exited:
			return errors.New("localdb: the database server stopped while starting")
		case <-ctx.Done():
			return fmt.Errorf("localdb: the database server did not answer in time: %w (%w)", ctx.Err(), err)
		case <-time.After(15 * time.Millisecond):
		}
	}
}

// stop ends the program: with SIGTERM first, then with SIGKILL.
func (p *process) stop() {
	if terminate(p.command.Process) == nil {
		select {
		case <-p.exited:
			return
		case <-time.After(stopTimeout):
		}
	}
	_ = p.command.Process.Kill() // an error means that it ended by itself
	<-p.exited
}
