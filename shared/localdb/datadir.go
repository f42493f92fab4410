package localdb

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// initialise fills the data directory unless an earlier run did. It works
// under another name and renames at the end, so that a set-up cut short is
// never taken for a finished one.
func (h *home) initialise(ctx context.Context, p program, log io.Writer) error {
	if _, err := os.Stat(h.data()); err == nil {
		return h.account.ownTree(h.data())
	}
	fmt.Fprintln(log, "setting up a private database")
	fresh := h.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("localdb: remains of an unfinished set-up: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("localdb: data directory: %w", err)
	}
	if err := h.account.own(fresh); err != nil {
		return err
	}
	if err := h.runSetup(setupCommand(ctx, p, fresh)); err != nil {
		return err
	}
	return os.Rename(fresh, h.data())
}

// setupCommand is each family's own way to make the system tables, with a root
// account that has no password and is reached over the private socket only.
func setupCommand(ctx context.Context, p program, data string) *exec.Cmd {
	if p.isMariaDB() {
		// The script breaks on spaces in the path when it runs as root: a
		// relative path has none.
		return exec.CommandContext(ctx, p.setup, "--no-defaults", "--datadir=./"+filepath.Base(data),
			"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve",
			mariaRedoLog)
	}
	return exec.CommandContext(ctx, p.server, "--no-defaults", "--datadir="+data, "--initialize-insecure")
}

// runSetup runs the set-up as the server's account, and explains a failure with
// the last lines it printed.
func (h *home) runSetup(command *exec.Cmd) error {
	h.account.apply(command)
	if h.account.needsRootFlag() {
		command.Args = append(command.Args, "--user=root")
	}
	command.Dir = h.dir
	// A server that starts removes every temporary table that it finds in its
	// temporary directory, also another's: two set-ups must not share one.
	command.Env = append(os.Environ(), "TMPDIR="+h.run)
	out, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("localdb: setting up the data directory with %s: %w:\n%s", command.Path, err, lastLines(string(out)))
	}
	return nil
}
