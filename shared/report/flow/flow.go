// Package flow brings reports from their sources to their destinations, in steps that
// the package report draws. Each may run twice, late, or only in part: a process may
// die between any two lines. All progress is in the store.
//
//	start.go  a scheduled time makes reports due and sends their tasks
//	turn.go   a task takes a report and works on it until it has to wait
//	order.go  request and poll: the source is asked once
//	load.go   the document becomes the payload in our own tables, as a stream
//	write.go  the payload goes to the destinations, is accounted for, and is done
//
// A report that waits, for its source or for a destination, has a task with a delay
// and no process. A task that was lost is sent again by Sweep.
package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/lease"
	"gitlab.com/eshopbox-team/return-sync/shared/queue"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
)

// Route is the name of the route of the wing's tasks.
const Route = "reports"

// Config is what the environment says about the flow.
type Config struct {
	// Lease is how long a holder of a report may be silent before another takes over;
	// each part that is loaded or written renews it.
	Lease time.Duration `env:"REPORT_LEASE, default=3m"`
	// Budget is after how long a task hands the rest of a report to the next task.
	Budget time.Duration `env:"REPORT_BUDGET, default=5m"`
	// SourcePatience is how long a source may fail or not be ready before the report
	// fails; SinkPatience is the same for destinations.
	SourcePatience time.Duration `env:"REPORT_SOURCE_PATIENCE, default=6h"`
	SinkPatience   time.Duration `env:"REPORT_SINK_PATIENCE, default=24h"`
	// MaxRows is the most rows of one document.
	MaxRows int64 `env:"REPORT_MAX_ROWS, default=5000000"`
}

// Check refuses settings with which a report could not end.
func (c Config) Check() error {
	if c.Lease <= 0 || c.Budget <= 0 || c.SourcePatience <= 0 || c.SinkPatience <= 0 || c.MaxRows < 1 {
		return fmt.Errorf("REPORT_LEASE, REPORT_BUDGET, REPORT_SOURCE_PATIENCE and REPORT_SINK_PATIENCE must be positive, REPORT_MAX_ROWS at least 1")
	}
	return nil
}

// Parts are the open parts of a report type.
type Parts struct {
	Definition report.Definition
	Source     report.Source
	Sinks      []report.NamedSink
}

// Open opens the parts of a type. An error is fault.Misconfigured for a type without a
// definition.
type Open func(ctx context.Context, typ string) (Parts, error)

// Reports is what the flow asks of the table of reports.
type Reports interface {
	Take(ctx context.Context, k report.Key, g lease.Grant) (report.Report, lease.Decision, error)
	Release(ctx context.Context, r report.Report, after time.Duration, polled bool, note string) error
	Intend(ctx context.Context, r report.Report) (report.Report, error)
	Withdraw(ctx context.Context, r report.Report) error
	Requested(ctx context.Context, r report.Report, id string) (report.Report, error)
	Ready(ctx context.Context, r report.Report, document string) (report.Report, error)
	Fail(ctx context.Context, r report.Report, atSource bool, reason string) error
	Done(ctx context.Context, r report.Report, documentID string) error
}

// Payloads is what the flow asks of the tables of loaded rows and accounts.
type Payloads interface {
	AddKeys(ctx context.Context, r report.Report, list []report.RowKey) (earlier map[uint64]bool, err error)
	DropKeys(ctx context.Context, r report.Report) error
	AddChunk(ctx context.Context, r report.Report, seq int64, body []byte, lease time.Duration) error
	Loaded(ctx context.Context, r report.Report, rows, chunks int64) (report.Report, error)
	Chunk(ctx context.Context, r report.Report, seq int64) ([]byte, error)
	Written(ctx context.Context, r report.Report, a report.Account, out report.Outcome, lease time.Duration) (report.Account, error)
	SinkFinished(ctx context.Context, r report.Report, a report.Account, lease time.Duration) error
	DropPayloads(ctx context.Context, r report.Report) error
}

// Types is what the flow asks of the table of types.
type Types interface {
	Named(ctx context.Context, name string) (report.Type, error)
	SetZone(ctx context.Context, name string, z report.Zone) error
}

// Work is the step that a task makes.
type Work struct {
	Reports  Reports
	Payloads Payloads
	Types    Types
	Open     Open
	Queue    queue.Sender
	Config   Config
	Log      *slog.Logger
	Steps    states.Steps
}

// ParseTask reads a task's body.
func ParseTask(body []byte) (report.Key, error) {
	var k report.Key
	if err := json.Unmarshal(body, &k); err != nil || k.Type == "" || k.Slot == "" {
		return k, fault.New(fault.Invalid, "bad-task", `want {"type": "sales_report", "slot": "2026-11-20"}`)
	}
	return k, nil
}

// task returns the task of a report's next turn. The turn names it: a turn has one
// task, however often it is sent.
func task(k report.Key, name string, at time.Time) queue.Task {
	body, err := json.Marshal(k)
	if err != nil { // two strings always have a JSON form
		panic(err)
	}
	return queue.Task{Route: Route, Name: queue.Name("report/"+k.Type+"/"+k.Slot+"/"+name, "report-"+k.Type+"-"+k.Slot), Body: body, At: at}
}

// turnName names the task of a turn.
func turnName(turn int64) string { return fmt.Sprintf("turn-%d", turn) }
