package rehearsal

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
	"slices"
	"time"
)

// BuildServer builds the deployed program into a folder, as .ko.yaml has ko build it, and
// returns its path. It needs the Go tools and the module's sources.
func BuildServer(ctx context.Context, dir string, log io.Writer) (string, error) {
	program := filepath.Join(dir, "server")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags=grpcnotrace", "-ldflags=-s -w", "-o", program, "gitlab.com/eshopbox-team/return-sync/functions/cmd/server")
	build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), log
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("the server cannot be built: %w", err)
	}
	return program, nil
}

// Deploy starts the deployed program as a process of a stack's function, which has to have
// none (see Stack.Kill), and waits for the program's first answer. It returns the process's
// id. The process ends with the stack.
func Deploy(ctx context.Context, s *Stack, program, function string) (pid int, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	address := l.Addr().String()
	host, port, err := net.SplitHostPort(address)
	if err = errors.Join(err, l.Close()); err != nil {
		return 0, err
	}
	cmd := exec.Command(program)
	cmd.Env, cmd.Stderr = slices.Concat(os.Environ(), s.env(), []string{"FUNCTION_TARGET=" + function, "HOST=" + host, "PORT=" + port}), s.Options.ChildLog
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	c := &child{cmd: cmd, address: address, stdin: stdin, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(c.ended)
	}()
	for {
		res, err := http.Get("http://" + address + "/healthz") //nolint:noctx // answered at once, or refused
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				s.front.set(function, c)
				return cmd.Process.Pid, nil
			}
		}
		select {
		case <-c.ended:
			return 0, fmt.Errorf("%s ended before it served; its output stands above", function)
		case <-ctx.Done():
			c.kill()
			return 0, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}
