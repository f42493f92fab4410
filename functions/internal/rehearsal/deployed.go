package rehearsal

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
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

// ServeDeployed starts the deployed program as a function of a stack, and waits for the
// program's first answer. The process ends with ctx.
func ServeDeployed(ctx context.Context, s *Stack, program, function string, log io.Writer) (cmd *exec.Cmd, address string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, "", err
	}
	if err := l.Close(); err != nil {
		return nil, "", err
	}
	cmd = exec.CommandContext(ctx, program)
	cmd.Env, cmd.Stderr = append(os.Environ(), "FUNCTION_TARGET="+function, "HOST="+host, "PORT="+port), log
	for name, value := range s.Environment() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if err := cmd.Start(); err != nil {
		return nil, "", err
	}
	address = "http://" + l.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		res, err := http.Get(address + "/healthz") //nolint:noctx // answered at once, or refused
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return cmd, address, nil
			}
		}
		select {
		case err := <-ended:
			return nil, "", fmt.Errorf("%s ended before it served: %w", function, err)
		case <-time.After(time.Millisecond):
		}
	}
}
