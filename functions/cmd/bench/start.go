package main

import (
	"context"
	"errors"
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

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/rehearsal"
	"gitlab.com/eshopbox-team/return-sync/functions/process"
	"gitlab.com/eshopbox-team/return-sync/functions/search"
)

const startLong = `start builds the server as it is deployed and measures its size, the time from its
start to its first answer, and its memory at rest, as the search and as the process
function. It needs the Go tools, and is run in the module's folder.`

// newStartCommand returns bench start.
func newStartCommand(o *options, out, log io.Writer) *cobra.Command {
	var repeat int
	cmd := &cobra.Command{
		Use: "start", Short: "Measure the server's size, start and memory at rest", Long: startLong, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return start(cmd.Context(), *o, repeat, out, log) },
	}
	cmd.Flags().IntVar(&repeat, "repeat", 10, "how often each function is started")
	return cmd
}

// started is what was measured of one function.
type started struct {
	FirstAnswer figure `json:"first_answer_ms"`
	RSS         figure `json:"rss_at_rest_mb"`
}

// start measures.
func start(ctx context.Context, o options, repeat int, out, log io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "bench-start-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server := filepath.Join(dir, "server")
	_, _ = fmt.Fprintln(log, "building the server")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", server, "./functions/cmd/server")
	build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), log
	if err := build.Run(); err != nil {
		return fmt.Errorf("the server could not be built: %w", err)
	}
	size, err := os.Stat(server)
	if err != nil {
		return err
	}
	w, err := openSearchable(ctx, o, log, rehearsal.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	mb := round(float64(size.Size()) / 1e6)
	all := map[string]started{}
	_, _ = fmt.Fprintf(out, "server  %.1f MB\n", mb)
	for _, target := range []string{search.Function.Name, process.Function.Name} {
		var answers, memory []float64
		for range repeat {
			ms, mib, err := w.serveOnce(ctx, server, target, log)
			if err != nil {
				return err
			}
			answers, memory = append(answers, ms), append(memory, mib)
		}
		s := started{FirstAnswer: median(answers), RSS: median(memory)}
		all[target] = s
		_, _ = fmt.Fprintf(out, "%s  first answer %.0f ms (%.0f to %.0f)  at rest %.1f MiB (%.1f to %.1f)\n",
			target, s.FirstAnswer.Median, s.FirstAnswer.Low, s.FirstAnswer.High, s.RSS.Median, s.RSS.Low, s.RSS.High)
	}
	return o.encode(out, map[string]any{"size_mb": mb, "start": all})
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
				return time.Since(began).Seconds() * 1000, processOf(cmd.Process.Pid).memory("VmRSS"), nil
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
