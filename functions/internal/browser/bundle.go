package browser

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	tools "gitlab.com/eshopbox-team/return-sync/shared/tool"
)

// fetching is how long npm may take for its packages.
const fetching = 3 * time.Minute

// Bundle builds the page of a folder and returns its folder: main.js in one
// piece with the packages that it imports, and index.html. The
// packages come from npm, exactly those of package-lock.json, and are kept in
// the user's cache; their scripts are not run.
func Bundle(t testing.TB, folder string) string {
	t.Helper()
	packages, err := Modules(folder)
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	build := exec.CommandContext(t.Context(), filepath.Join(packages, ".bin", "esbuild"), "main.js",
		"--bundle", "--format=iife", "--log-level=warning", "--outfile="+filepath.Join(out, "main.js"))
	build.Dir = folder
	build.Env = append(build.Environ(), "NODE_PATH="+packages)
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("browser: the page of %s cannot be built: %v:\n%s", folder, err, said)
	}
	page, err := os.ReadFile(filepath.Join(folder, "index.html"))
	if err == nil {
		err = os.WriteFile(filepath.Join(out, "index.html"), page, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Modules returns the folder with the packages of a folder's package-lock.json, and
// fetches them the first time with npm. Two programs that fetch at once do not meet: each fetches into
// a folder of its own, and the first that is done gives it the name.
func Modules(folder string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*fetching) // an installation of npm itself included
	defer cancel()
	// It brings node, which the packages' programs need where they are kept already.
	program, err := npm.find(ctx, tools.ThisMachine(os.Stderr))
	if err != nil {
		return "", err
	}
	cache, err := cached(folder)
	if err != nil {
		return "", err
	}
	packages := filepath.Join(cache, "node_modules")
	if _, err := os.Stat(packages); err == nil {
		return packages, nil
	}
	if err := os.MkdirAll(filepath.Dir(cache), 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(cache), "npm-new-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(fresh) }()
	if err := fetch(ctx, program, folder, fresh); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, cache); err != nil {
		if _, gone := os.Stat(packages); gone != nil {
			return "", err
		}
	}
	return packages, nil
}

// cached returns where the packages of a lock file are kept.
func cached(folder string) (string, error) {
	lock, err := os.ReadFile(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append(lock, runtime.GOOS+"/"+runtime.GOARCH...))
	return filepath.Join(cache, "return-sync", "npm-"+hex.EncodeToString(sum[:8])), nil
}

// fetch fetches the packages of a folder into another with npm, the program.
func fetch(ctx context.Context, program, folder, into string) error {
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(into, name), text, 0o600)
		}
		if err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, fetching)
	defer cancel()
	ci := exec.CommandContext(ctx, program, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	ci.Dir = into
	if said, err := ci.CombinedOutput(); err != nil {
		return fmt.Errorf("browser: npm ci for %s: %w:\n%s", folder, err, said)
	}
	return nil
}
