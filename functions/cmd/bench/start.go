package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
	"gitlab.com/eshopbox-team/return-sync/functions/search"
)

const startLong = `start builds the server as it is deployed and measures its size, the time from its
start to its first answer, and its memory at rest, as the search and as the process
function. It needs the Go tools, and is run in the module's folder.`

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
	on := &setup{open: func(ctx context.Context) (*world, error) { return openSearchable(ctx, o, log, rehearsal.Options{}) }}
	for _, target := range []string{search.Function.Name, process.Function.Name} {
		on.subjects = append(on.subjects, subject{name: target, measure: func(ctx context.Context, w *world, _ int) (reading, error) {
			ms, mib, err := w.serveOnce(ctx, server, target)
			return reading{"size_mb": float64(size.Size()) / 1e6, "first_answer_ms": ms, "rss_at_rest_mb": mib}, err
		}})
	}
	return &study{groups: [][]*setup{{on}}, columns: []column{
		{key: "size_mb", head: "server: MB", show: tenths},
		{key: "first_answer_ms", head: "first answer: ms", show: wholes},
		{key: "rss_at_rest_mb", head: "at rest: MiB", show: wholes},
	}}, nil
}

// serveOnce starts the server and returns the milliseconds to its first answer
// and the MiB that it then holds.
func (w *world) serveOnce(ctx context.Context, server, target string) (ms, mib float64, err error) {
	if err := w.stack.Kill(target); err != nil {
		return 0, 0, err
	}
	ctx, end := context.WithTimeout(ctx, patience)
	defer end()
	began := time.Now()
	pid, err := rehearsal.Deploy(ctx, w.stack, server, target)
	return time.Since(began).Seconds() * 1000, rehearsal.Memory(pid, "VmRSS"), err
}
