// Package browser lets tests use pages as people do: in a real Chromium without
// a window, with real keys and clicks.
//
//	page := browser.Open(t)
//	page.Go(address)
//	page.Type("#query", "kurta")
//	page.Until("answers", `document.querySelectorAll("li").length > 0`)
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
	"fmt"
	"os"
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

// Open starts a browser with one page, for this test alone.
func Open(t testing.TB) *Page {
	t.Helper()
	program, err := chromium.find(context.Background(), tools.ThisMachine(os.Stderr))
	if err != nil {
		t.Fatal(err)
	}
	// Both end in the test's cleanup: its own context is gone by then, and a
	// browser that is asked to end in time leaves nothing behind.
	dir, err := os.MkdirTemp("", "return-sync-browser-")
	if err != nil {
		t.Fatal(err)
	}
	allocated, release := chromedp.NewExecAllocator(context.Background(),
		append(flags[:len(flags):len(flags)], chromedp.ExecPath(program), chromedp.UserDataDir(dir))...)
	ctx, end := chromedp.NewContext(allocated)
	p := &Page{t: t, ctx: ctx}
	t.Cleanup(func() {
		p.judge()
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("the browser did not end in order: %v", err)
		}
		end()
		release()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := chromedp.Listen(ctx, p.listen); err != nil {
		t.Fatal(fmt.Errorf("browser: %s does not start: %w", program, err))
	}
	p.Size(1280, 900)
	return p
}
