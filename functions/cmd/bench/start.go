package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
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
	server := filepath.Join(dir, "server")
	_, _ = fmt.Fprintln(log, "building the server")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", server, "./functions/cmd/server")
	build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), log
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("the server cannot be built: %w", err)
	}
	size, err := os.Stat(server)
	if err != nil {
		return nil, err
	}
	on := &setup{open: func(ctx context.Context) (*world, error) { return openSearchable(ctx, o, log, rehearsal.Options{}) }}
	for _, target := range []string{search.Function.Name, process.Function.Name} {
		on.subjects = append(on.subjects, subject{name: target, measure: func(ctx context.Context, w *world, _ int) (reading, error) {
			ms, mib, err := w.serveOnce(ctx, server, target, log)
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
func (w *world) serveOnce(ctx context.Context, server, target string, log io.Writer) (ms, mib float64, err error) {
	port, err := freePort()
	if err != nil {
		return 0, 0, err
	}
	cmd := exec.CommandContext(ctx, server)
	cmd.Env, cmd.Stderr = append(os.Environ(), "FUNCTION_TARGET="+target, "HOST=127.0.0.1", "PORT="+strconv.Itoa(port)), log
	for name, value := range w.stack.Environment() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait() // the signal ended it
	}()
	for time.Since(began) < patience {
		res, err := http.Get("http://127.0.0.1:" + strconv.Itoa(port) + "/healthz") //nolint:noctx // bounded by the loop
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return time.Since(began).Seconds() * 1000, rehearsal.Memory(cmd.Process.Pid, "VmRSS"), nil
			}
		}
		if err := hold(ctx, time.Millisecond); err != nil {
			return 0, 0, err
		}
	}
	return 0, 0, fmt.Errorf("%s gave no answer within %v of its start", target, patience)
}

// freePort returns a port that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
