package localdb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tempPattern names the temporary directories of private servers.
const tempPattern = "return-sync-db-"

// lockName is the file whose lock says that a directory's owner is alive.
const lockName = "lock"

// dataName is the folder with the server's own files.
const dataName = "data"

// home is where one private server lives. Its run directory is always temporary
// and has a short path; dir holds data and log and is either the same or the
// one that the caller named.
type home struct {
	dir, run string
	keep     bool
	locks    []*os.File
	account  *account
}

// openHome makes or takes over the directories and marks them as in use.
func openHome(dir string, keep bool, p program) (*home, error) {
	base := shortTemp(os.TempDir())
	sweep(base)
	run, err := os.MkdirTemp(base, tempPattern)
	if err != nil {
		return nil, fmt.Errorf("localdb: temporary directory: %w", err)
	}
	h := &home{dir: run, run: run}
	if err := h.take(dir, keep, p); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// take marks the run directory and, if named, the data directory as in use.
func (h *home) take(dir string, keep bool, p program) error {
	if err := h.lockRun(); err != nil {
		return err
	}
	if dir == "" {
		h.account = unprivileged(h.run, p.server)
		return h.account.own(h.run)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("localdb: %w", err)
	}
	if err := os.MkdirAll(abs, 0o700); err != nil {
		return fmt.Errorf("localdb: data directory: %w", err)
	}
	if err := refuseForeign(filepath.Join(abs, dataName)); err != nil {
		return err
	}
	if err := h.lockData(abs); err != nil {
		return err
	}
	h.dir, h.keep = abs, keep
	if h.account = unprivileged(h.run, abs, p.server); h.account == nil {
		return nil
	}
	return errors.Join(h.account.own(h.run), h.account.own(abs))
}

// lockRun marks the run directory as used for as long as this process lives.
// The file gets its name only once it is locked, so that a sweep never meets
// the lock of a live directory unlocked.
func (h *home) lockRun() error {
	name := filepath.Join(h.run, lockName)
	held, err := tryLock(name + ".new")
	if err != nil {
		return fmt.Errorf("localdb: lock %s: %w", h.run, err)
	}
	h.locks = append(h.locks, held)
	return os.Rename(name+".new", name)
}

// lockData marks a data directory that the caller named.
func (h *home) lockData(dir string) error {
	held, err := tryLock(filepath.Join(dir, lockName))
	if err != nil {
		return fmt.Errorf("localdb: the data directory %s is in use by another process (%w); stop that one or name another directory", dir, err)
	}
	h.locks = append(h.locks, held)
	return nil
}

// refuseForeign stops before somebody else's folder of the same name is used,
// and in the end removed, as a data directory.
func refuseForeign(data string) error {
	if _, err := os.Stat(data); err != nil {
		return nil
	}
	if _, err := os.Stat(filepath.Join(data, "mysql")); err != nil {
		return fmt.Errorf("localdb: %s is there and is not a database's data directory; name another directory", data)
	}
	return nil
}

// data is the server's own data directory.
func (h *home) data() string { return filepath.Join(h.dir, dataName) }

// log is the file the server writes its messages to.
func (h *home) log() string { return filepath.Join(h.dir, "server.log") }

// close gives the directories back. Of a directory that the caller named only
// what this package made is removed, and the directory itself if that empties it.
func (h *home) close() error {
	var err error
	if !h.keep && h.dir != h.run {
		for _, name := range []string{h.data(), h.data() + ".new", h.log(), filepath.Join(h.dir, lockName)} {
			err = errors.Join(err, os.RemoveAll(name))
		}
		_ = os.Remove(h.dir) // fails when the caller keeps something there
	}
	err = errors.Join(err, os.RemoveAll(h.run))
	for _, l := range h.locks {
		l.Close()
	}
	return err
}

// shortTemp replaces a temporary directory whose path is too long for a Unix
// socket below it (104 bytes with the file name on some systems), or that the
// server would read as a list.
func shortTemp(dir string) string {
	if len(dir) > 60 || strings.ContainsAny(dir, ":;") && os.PathSeparator == '/' {
		return "/tmp"
	}
	return dir
}

// sweep removes directories whose owner was killed before it could. It is a
// courtesy to the disk: what cannot be removed stays.
func sweep(base string) {
	found, _ := filepath.Glob(filepath.Join(base, tempPattern+"*", lockName))
	for _, name := range found {
		info, err := os.Lstat(filepath.Dir(name))
		if err != nil || info.Mode()&fs.ModeSymlink != 0 {
			continue
		}
		if held, err := tryLock(name); err == nil {
			os.RemoveAll(filepath.Dir(name))
			held.Close()
		}
	}
}
