package reports

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// mongoModule is the module that is FerretDB, which speaks MongoDB's protocol. It is one of
// its own, so that the product does not have its requirements.
const mongoModule = "testdata/ferretdb"

// mongoServer is FerretDB in a process of its own. It ends with its standard input, so
// it never outlives this program.
type mongoServer struct {
	cmd     *exec.Cmd
	stdin   io.Closer
	address string // host:port
}

// startMongo starts FerretDB, after it was built once.
func startMongo(ctx context.Context, log io.Writer) (*mongoServer, error) {
	program, err := buildMongo(ctx, log)
	if err != nil {
		return nil, err
	}
	m := &mongoServer{cmd: exec.Command(program)}
	if m.stdin, err = m.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := m.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() { // its log may come first
		if _, address, ok := strings.Cut(lines.Text(), "mongodb://"); ok {
			m.address = strings.Trim(address, "/ ")
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return m, nil
		}
	}
	return nil, errors.Join(errors.New("FerretDB ended before it served"), m.close())
}

// close ends the server.
func (m *mongoServer) close() error { return errors.Join(m.stdin.Close(), m.cmd.Wait()) }

// buildMongo returns the program, which is kept in the user's cache. Two builds at once do
// not meet: the one that ends last replaces an equal file.
func buildMongo(ctx context.Context, log io.Writer) (string, error) {
	source, err := moduleFolder()
	if err != nil {
		return "", err
	}
	kept, err := mongoCache(source)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(kept); err == nil {
		return kept, nil
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(kept), "ferretdb-new-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(fresh) }()
	program := filepath.Join(fresh, filepath.Base(kept))
	if err := runBuild(ctx, source, program, log); err != nil {
		return "", err
	}
	return kept, os.Rename(program, kept)
}

// runBuild builds the module and says each few seconds that it does.
func runBuild(ctx context.Context, source, program string, log io.Writer) error {
	build := exec.CommandContext(ctx, "go", "build", "-C", source, "-o", program, ".")
	build.Env = append(build.Environ(), "GOFLAGS=-trimpath -mod=readonly", "GOWORK=off")
	var said strings.Builder
	build.Stdout, build.Stderr = &said, &said
	began, ended := time.Now(), make(chan error, 1)
	_, _ = fmt.Fprintln(log, "building FerretDB for MongoDB's part, once: a minute or two, and its modules from the Go proxy")
	go func() { ended <- build.Run() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				return fmt.Errorf("FerretDB cannot be built; its modules come from the Go proxy, and go -C %s mod download fetches them: %w: %.600s", mongoModule, err, strings.TrimSpace(said.String()))
			}
			return nil
		case <-time.After(5 * time.Second):
			_, _ = fmt.Fprintf(log, "building FerretDB: %.0f s\n", time.Since(began).Seconds())
		}
	}
}

// moduleFolder finds the module in the repository in which this program was started.
func moduleFolder() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		folder := filepath.Join(dir, filepath.FromSlash(mongoModule))
		if _, missing := os.Stat(filepath.Join(folder, "go.mod")); missing == nil {
			return folder, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", fmt.Errorf("FerretDB cannot be built: %s is not here; start in the repository", mongoModule)
		}
		dir = above
	}
	return "", err
}

// mongoCache returns where the program of these sources is kept.
func mongoCache(source string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		text, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return "", err
		}
		_, _ = sum.Write(text) // a hash takes everything
	}
	_, _ = fmt.Fprint(sum, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return filepath.Join(cache, "return-sync", "ferretdb-"+hex.EncodeToString(sum.Sum(nil)[:8])), nil
}
