package transfertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// victimVariable makes a test program a worker that kills itself: its value is a task.
const victimVariable = "TRANSFER_TEST_VICTIM"

// Victim reports whether this process is one, and reads its task.
func Victim(task any) (bool, error) {
	text := os.Getenv(victimVariable)
	if text == "" {
		return false, nil
	}
	return true, json.Unmarshal([]byte(text), task)
}

// StartVictim starts the test program once more, as a victim with a task.
func StartVictim(t testing.TB, task any) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), victimVariable+"="+string(text))
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() }) // it has ended in most cases
	return c
}

// Killed waits for a victim and reports whether it killed itself. Every other end but
// success fails the test.
func Killed(t testing.TB, c *exec.Cmd) bool {
	t.Helper()
	err := c.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() < 0 { // a signal has no code
		return true
	}
	if err != nil {
		t.Fatalf("a worker that is to be killed ended with %v", err)
	}
	return false
}

// UntilDone runs a worker, as a service's timer does, until no job waits.
func UntilDone(run func() error, jobs transfer.Reader) error {
	for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if run() != nil {
			continue // a worker whose lease was taken ends with an error and starts again
		}
		counts, err := jobs.Count(context.Background(), "")
		if err != nil {
			return err
		}
		if counts[transfer.New]+counts[transfer.InProgress]+counts[transfer.Retry] == 0 {
			return nil
		}
	}
	return fmt.Errorf("jobs are still open after two minutes")
}

// Death kills the process before a call.
type Death struct {
	At    int // the number of the call; 0 for never
	calls atomic.Int64
}

// call counts a call.
func (d *Death) call() {
	if d.calls.Add(1) == int64(d.At) {
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Kill() // kill -9
		}
		select {}
	}
}

// Jobs returns a table of jobs whose calls count.
func (d *Death) Jobs(jobs transfer.Jobs) transfer.Jobs { return dyingJobs{jobs, d} }

// Side returns a side whose calls count.
func (d *Death) Side(side transfer.System) transfer.System { return dyingSide{side, d} }

// dyingJobs dies at calls to the table of jobs.
type dyingJobs struct {
	transfer.Jobs
	d *Death
}

func (k dyingJobs) Claim(ctx context.Context, token string, id int64) (transfer.Job, error) {
	k.d.call()
	return k.Jobs.Claim(ctx, token, id)
}

func (k dyingJobs) Note(ctx context.Context, token string, j transfer.Job) error {
	k.d.call()
	return k.Jobs.Note(ctx, token, j)
}

func (k dyingJobs) Finish(ctx context.Context, token string, j transfer.Job) (int64, error) {
	k.d.call()
	return k.Jobs.Finish(ctx, token, j)
}

func (k dyingJobs) Child(ctx context.Context, token string, parent transfer.Job, d transfer.Draft) (transfer.Job, error) {
	k.d.call()
	return k.Jobs.Child(ctx, token, parent, d)
}

func (k dyingJobs) Archive(ctx context.Context, n int) (int64, error) {
	k.d.call()
	return k.Jobs.Archive(ctx, n)
}

// dyingSide dies at calls to a side.
type dyingSide struct {
	transfer.System
	d *Death
}

func (k dyingSide) Read(ctx context.Context, model string, id int64) (transfer.Record, error) {
	k.d.call()
	return k.System.Read(ctx, model, id)
}

func (k dyingSide) Find(ctx context.Context, model string, foreign int64) (transfer.Record, error) {
	k.d.call()
	return k.System.Find(ctx, model, foreign)
}

func (k dyingSide) Search(ctx context.Context, model string, q transfer.Query) ([]transfer.Record, error) {
	k.d.call()
	return k.System.Search(ctx, model, q)
}

func (k dyingSide) Write(ctx context.Context, w transfer.Write) (transfer.Written, error) {
	k.d.call()
	return k.System.Write(ctx, w)
}
