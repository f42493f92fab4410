package localdb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// mariaRedoLog keeps a new data directory small; the default is 96 MiB.
const mariaRedoLog = "--innodb-log-file-size=33554432"

// tcpUser is the one account that reaches the private server over TCP. It gets a
// new random password at every start, so that nobody else on the machine can
// use the server, and a stranger's server on the same port is never taken for it.
const tcpUser = "returnsync"

// errPortTaken says that another process took the chosen port first.
var errPortTaken = errors.New("the port was taken by another process")

// launch sets up and starts the server. The free port is found by asking for
// one and giving it back, so another process may take it in between: then the
// server stops with a message, and the next port is tried.
func (h *home) launch(ctx context.Context, p program, o Options) (*Server, error) {
	if err := h.initialise(ctx, p, o.Log); err != nil {
		return nil, err
	}
	const tries = 5
	var err error
	for range tries {
		var s *Server
		if s, err = h.attempt(ctx, p, o); err == nil {
			fmt.Fprintf(o.Log, "private database answers at %s\n", s.config.Addr)
			return s, nil
		}
		if !errors.Is(err, errPortTaken) {
			break
		}
	}
	return nil, err
}

// attempt starts the server on one port and waits until it answers.
func (h *home) attempt(ctx context.Context, p program, o Options) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, fmt.Errorf("localdb: no free port: %w", err)
	}
	password := rand.Text()
	grants, err := h.writeGrants(password)
	if err != nil {
		return nil, err
	}
	defer os.Remove(grants)
	command := exec.Command(p.server, h.flags(p, port, o)...)
	command.Args = append(command.Args, "--init-file="+grants)
	proc, err := h.spawn(command)
	if err != nil {
		return nil, err
	}
	config := mysql.NewConfig()
	config.User, config.Passwd = tcpUser, password
	config.Net, config.Addr = "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	if err := proc.awaitReady(ctx, config); err != nil {
		proc.stop()
		return nil, h.explain(err)
	}
	again := func() (*process, error) { return h.spawn(exec.Command(p.server, h.flags(p, port, o)...)) }
	return &Server{config: utc(config), process: proc, home: h, again: again}, nil
}

// freePort asks the system for a port that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// writeGrants writes the statements that the server runs before it accepts
// anyone. One statement a line: that is the format of an init file.
func (h *home) writeGrants(password string) (string, error) {
	name := filepath.Join(h.run, "init.sql")
	who := "'" + tcpUser + "'@'127.0.0.1'"
	text := strings.Join([]string{
		"DROP USER IF EXISTS 'root'@'127.0.0.1';",
		"CREATE USER IF NOT EXISTS " + who + " IDENTIFIED BY '" + password + "';",
		"ALTER USER " + who + " IDENTIFIED BY '" + password + "';",
		"GRANT ALL PRIVILEGES ON *.* TO " + who + " WITH GRANT OPTION;",
	}, "\n") + "\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("localdb: init file: %w", err)
	}
	return name, h.account.own(name)
}

// durability returns the flags for what survives a crash: everything that was
// committed where Options.Durable asks for that; else what the operating system
// holds if the data is kept, and the state of a second ago if not.
func (h *home) durability(o Options) []string {
	switch {
	case o.Durable:
		return []string{"--innodb-flush-log-at-trx-commit=1", "--log-bin=binlog", "--binlog-format=ROW", "--sync-binlog=1", "--server-id=1"}
	case h.keep:
		return []string{"--skip-log-bin", "--innodb-flush-log-at-trx-commit=2"}
	default:
		return []string{"--skip-log-bin", "--innodb-flush-log-at-trx-commit=0"}
	}
}

// binlog returns the flags of the log: none, or rows with transaction ids.
func binlog(p program, o Options) []string {
	if !o.Binlog {
		return nil
	}
	flags := []string{"--log-bin=binlog", "--binlog-format=ROW", "--binlog-row-image=FULL", "--server-id=1"}
	if !o.Durable {
		flags = append(flags, "--sync-binlog=0")
	}
	if !p.isMariaDB() {
		flags = append(flags, "--gtid-mode=ON", "--enforce-gtid-consistency=ON")
	}
	return flags
}

// flags are the server's settings: private, and quick unless durable is asked for.
func (h *home) flags(p program, port int, o Options) []string {
	pool := o.BufferPoolMB
	if pool == 0 {
		pool = 128
	}
	flags := []string{
		"--no-defaults",
		"--datadir=" + h.data(),
		"--socket=" + filepath.Join(h.run, "s.sock"),
		"--pid-file=" + filepath.Join(h.run, "server.pid"),
		"--tmpdir=" + h.run,
		// MySQL as packaged wants a directory that only its full package makes.
		"--secure-file-priv=" + h.run,
		"--port=" + strconv.Itoa(port),
		"--bind-address=127.0.0.1",
		"--loose-mysqlx=OFF",
		"--skip-name-resolve",
		"--character-set-server=utf8mb4",
		"--default-time-zone=+00:00",
		"--performance-schema=OFF",
		"--max-connections=400",
		"--max-allowed-packet=67108864",
		"--innodb-buffer-pool-size=" + strconv.Itoa(pool<<20),
	}
	flags = append(flags, h.durability(o)...)
	flags = append(flags, binlog(p, o)...) // behind --skip-log-bin, which it revokes
	if p.isMariaDB() {
		flags = append(flags, mariaRedoLog)
	}
	if h.account.needsRootFlag() {
		flags = append(flags, "--user=root")
	}
	return flags
}

// explain adds the end of the server's log, and recognises a port that another
// process took first.
func (h *home) explain(err error) error {
	text, _ := os.ReadFile(h.log()) // an unreadable log leaves the error as it is
	log := string(text)
	if strings.Contains(log, "Address already in use") || strings.Contains(log, "Bind on TCP/IP port") {
		return fmt.Errorf("%w: %w; the end of its log:\n%s", err, errPortTaken, lastLines(log))
	}
	return fmt.Errorf("%w; the end of its log:\n%s", err, lastLines(log))
}

// lastLines is the end of a log, enough to see why something stopped.
func lastLines(log string) string {
	const keep = 15
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return strings.Join(lines[max(0, len(lines)-keep):], "\n")
}
