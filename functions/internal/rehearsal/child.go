package rehearsal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/sethvargo/go-envconfig"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/server"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wings"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// ChildEnv is the variable that, when set, makes Child serve a function instead of returning.
const ChildEnv = "RETURN_SYNC_REHEARSAL_CHILD"

// announcement stands before the address that a child prints when it serves.
const announcement = "listening on "

// Child serves the function that the environment names and ends the process, if
// this process was started as a child; else it returns at once.
func Child() {
	if os.Getenv(ChildEnv) == "" {
		return
	}
	if err := serveChild(); err != nil {
		fmt.Fprintln(os.Stderr, os.Getenv("FUNCTION_TARGET")+":", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// serveChild serves until SIGTERM, or until its parent is gone, which ends its
// standard input.
func serveChild() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	e, err := wire.NewEnv(ctx, envconfig.OsLookuper(), wings.All())
	if err != nil {
		return err
	}
	e.Steps = askParent(os.Getenv(stepsEnv))
	return server.Run(ctx, e, func(a net.Addr) { fmt.Println(announcement + a.String()) })
}

// child is a function's process.
type child struct {
	cmd     *exec.Cmd
	address string
	stdin   io.Closer
	ended   chan struct{} // closed when the process is gone
	once    sync.Once
}

// startChild starts a function's process and waits until it serves.
func startChild(ctx context.Context, target string, env []string, log io.Writer) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program)
	cmd.Env = append(append(os.Environ(), env...), ChildEnv+"=1", "FUNCTION_TARGET="+target, "HOST=127.0.0.1", "PORT=0")
	cmd.Stderr = log
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", target, err)
	}
	c := &child{cmd: cmd, stdin: stdin, ended: make(chan struct{})}
	announced := make(chan string, 1)
	go c.follow(stdout, announced)
	select {
	case c.address = <-announced:
		return c, nil
	case <-c.ended:
		return nil, fmt.Errorf("%s ended before it served; its output stands above", target)
	case <-ctx.Done():
		c.kill()
		return nil, ctx.Err()
	}
}

// follow reads the process's output until the process ends.
func (c *child) follow(stdout io.Reader, announced chan<- string) {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), announcement); ok {
			announced <- address
		}
	}
	_ = c.cmd.Wait()
	close(c.ended)
}

// grace is how long a process may take to end by itself.
const grace = 12 * time.Second

// stop asks the process to end, and ends it if it does not.
func (c *child) stop() {
	c.once.Do(func() {
		_ = terminate(c.cmd.Process)
		select {
		case <-c.ended:
		case <-time.After(grace):
			c.kill()
		}
	})
}

// kill ends the process at once, without a chance to clean up.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	<-c.ended
	_ = c.stdin.Close()
}
