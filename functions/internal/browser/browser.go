// Package browser lets tests use pages as people do: in a real Chromium without
// a window, with real keys and clicks.
//
//	func TestMain(m *testing.M) { os.Exit(browser.Run(m.Run)) }
//
//	page := browser.Open(t)
//	page.Go(address)
//	page.Type("#query", "kurta")
//	page.Until("answers", `document.querySelectorAll("li").length > 0`)
//
// The tests of a package share one browser. Each page has cookies, a cache and a window of
// its own, and the focus, whatever pages are open beside it.
//
// A page records every complaint of the console and every request. When its test
// ends, a complaint that the test has not taken, or a request to anywhere but
// this machine, fails it. The browser cannot reach another machine in any case.
//
// Bundle builds pages from npm packages, as front ends are. Modules fetches such
// packages for a program that runs in node.
//
// As root on Debian the programs that are missing are installed; elsewhere a
// test fails with the line to type. None is skipped.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	tools "gitlab.com/eshopbox-team/return-sync/shared/tool"
)

// patience is how long a page may take for anything; machines may be busy.
const patience = 30 * time.Second

// flags keep the browser quiet: nothing is fetched, updated or reported.
var flags = []chromedp.ExecAllocatorOption{
	chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless,
	chromedp.Flag("no-sandbox", true), // tests run as root, and in containers that cannot have one
	chromedp.Flag("disable-gpu", true),
	chromedp.Flag("disable-quic", true),
	chromedp.Flag("disable-background-networking", true),
	chromedp.Flag("disable-component-update", true),
	chromedp.Flag("disable-sync", true),
	chromedp.Flag("disable-default-apps", true),
	chromedp.Flag("disable-dev-shm-usage", true),
	chromedp.Flag("disable-features", "Translate,OptimizationHints,MediaRouter"),
	chromedp.Flag("force-color-profile", "srgb"),
	chromedp.Flag("hide-scrollbars", true),
	// No name but this machine's resolves, so nothing can leave it unseen.
	chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
	chromedp.WSURLReadTimeout(patience),
}

// shared is the one browser of the test process. It has to be a variable of the package:
// TestMain and the tests have no other place in common.
var shared struct {
	sync.Mutex
	running bool            // inside Run
	ctx     context.Context // of the browser, nil before the first page
	stop    func() error
	err     error
}

// Run runs a package's tests, ends their browser if one was started, and returns the exit
// code.
func Run(tests func() int) int {
	shared.Lock()
	shared.running = true
	shared.Unlock()
	code := tests()
	shared.Lock()
	defer shared.Unlock()
	shared.running = false
	if shared.stop == nil {
		return code
	}
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "the browser did not end in order:", err)
		return 1
	}
	return code
}

// start returns the context of the shared browser, started at the first call. A failure is
// remembered: the next test would only wait for the same one.
func start() (context.Context, error) {
	shared.Lock()
	defer shared.Unlock()
	if !shared.running {
		return nil, errors.New("browser: the package lacks func TestMain(m *testing.M) { os.Exit(browser.Run(m.Run)) }")
	}
	if shared.ctx == nil && shared.err == nil {
		shared.ctx, shared.stop, shared.err = launch()
	}
	return shared.ctx, shared.err
}

// launch starts a browser. It belongs to no test, and ends in order when it is asked to, so
// that it leaves nothing behind.
func launch() (context.Context, func() error, error) {
	program, err := chromium.find(context.Background(), tools.ThisMachine(os.Stderr))
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "return-sync-browser-")
	if err != nil {
		return nil, nil, err
	}
	allocated, release := chromedp.NewExecAllocator(context.Background(),
		append(flags[:len(flags):len(flags)], chromedp.ExecPath(program), chromedp.UserDataDir(dir))...)
	ctx, end := chromedp.NewContext(allocated)
	stop := func() error {
		err := chromedp.Cancel(ctx)
		end()
		release()
		return errors.Join(err, os.RemoveAll(dir))
	}
	if err := chromedp.Do(ctx); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("browser: %s does not start: %w", program, err), stop())
	}
	return ctx, stop, nil
}

// Open opens a page, which the test's end closes.
func Open(t testing.TB) *Page {
	t.Helper()
	browser, err := start()
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	p := &Page{t: t, ctx: ctx}
	t.Cleanup(func() {
		p.judge()
		end()
	})
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatalf("browser: no page opens: %v", err)
	}
	p.Size(1280, 900)
	return p
}
