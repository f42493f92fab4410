package browser

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The keys that have no letter, for Press.
const (
	Enter     = kb.Enter
	Escape    = kb.Escape
	Tab       = kb.Tab
	ArrowDown = kb.ArrowDown
	ArrowUp   = kb.ArrowUp
	ArrowLeft = kb.ArrowLeft
	Backspace = kb.Backspace
)

// Page is a page of a browser. Its methods fail the test.
type Page struct {
	t   testing.TB
	ctx context.Context

	mu         sync.Mutex
	complaints []string
	requests   []string
}

// do runs steps within patience.
func (p *Page) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.Picture("failed")
		p.t.Fatalf("%s: %v; complaints: %q", what, err, p.Complaints())
	}
}

// Go opens an address.
func (p *Page) Go(address string) {
	p.t.Helper()
	p.do("opening "+address, chromedp.Navigate(address))
}

// Type clicks a field, empties it as a person would, and types.
func (p *Page) Type(selector, text string) {
	p.t.Helper()
	p.Click(selector)
	Value[bool](p, `(document.activeElement.select?.(), true)`)
	if text == "" {
		text = Backspace
	}
	p.Press(text)
}

// Press presses keys, one after the other, wherever the focus is.
func (p *Page) Press(keys string) {
	p.t.Helper()
	p.do("pressing keys", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		for _, key := range keys {
			if err := press(ctx, target, key); err != nil {
				return err
			}
		}
		return nil
	}))
}

// press presses one key. The character goes with the key that goes down and not
// after it, as chromedp would send it: a page that takes the key has taken the
// character too.
func press(ctx context.Context, target *chromedp.Target, key rune) error {
	var down, up *input.DispatchKeyEventParams
	for _, e := range kb.Encode(key) {
		switch {
		case down == nil:
			down = e
		case e.Text != "":
			down.Text, down.UnmodifiedText = e.Text, e.UnmodifiedText
		default:
			up = e
		}
	}
	if _, err := cdp.Call(ctx, target, input.DispatchKeyEvent, *down); err != nil {
		return err
	}
	_, err := cdp.Call(ctx, target, input.DispatchKeyEvent, *up)
	return err
}

// Click clicks the first element of a CSS selector with the mouse, once it can be
// seen and nothing lies over it. A press that misses because the page moved the element
// meanwhile reaches nothing else, and is made again. A page may not replace an element
// that is pressed: a person's click would be lost.
func (p *Page) Click(selector string) {
	p.t.Helper()
	for tries := 1; ; tries++ {
		p.Until(selector+" to be seen", `(`+placeOf+`)(`+Quote(selector)+`)`)
		at := Value[*struct{ X, Y float64 }](p, `(`+placeOf+`)(`+Quote(selector)+`, true)`)
		if at == nil {
			continue
		}
		p.do("clicking "+selector, chromedp.MouseClickXY(at.X, at.Y))
		switch outcome := p.outcome(); {
		case outcome == "replaced":
			p.t.Fatalf("the page replaced %s while it was pressed", selector)
		case outcome != "missed":
			return
		case tries == 50:
			p.t.Fatalf("%s moved at each of %d clicks", selector, tries)
		}
	}
}

// Hold presses an element with the mouse and returns what releases it.
func (p *Page) Hold(selector string) (release func()) {
	p.t.Helper()
	p.Until(selector+" to be seen", `(`+placeOf+`)(`+Quote(selector)+`)`)
	at := Value[struct{ X, Y float64 }](p, `(`+placeOf+`)(`+Quote(selector)+`)`)
	mouse := func(what input.DispatchMouseEventType) {
		p.t.Helper()
		p.do("holding "+selector, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: what, X: at.X, Y: at.Y, Button: input.MouseButtonLeft, ClickCount: 1})
			return err
		}))
	}
	mouse(chromedp.MousePressed)
	return func() { mouse(chromedp.MouseReleased) }
}

// outcome is what became of the last click: done, missed or replaced. A click that led to
// another page has none.
func (p *Page) outcome() string {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	outcome, err := chromedp.Run(ctx, chromedp.Evaluate[string](`window.clicked?.outcome ?? ""`))
	if err != nil {
		return ""
	}
	return outcome
}

// placeOf finds where an element can be clicked, and on demand watches what the next
// click does.
const placeOf = `(selector, watch) => {
	const e = document.querySelector(selector);
	if (!e) return null;
	e.scrollIntoView({block: 'nearest', behavior: 'instant'});
	const box = e.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
	const hits = (e, top) => !!e && !!top && (e.contains(top) || top.contains(e));
	if (!box.width || !hits(e, document.elementFromPoint(x, y))) return null;
	if (!watch) return {x, y};
	window.clicked?.end();
	const types = ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click'];
	let pressed, on;
	const see = event => {
		const now = document.querySelector(selector), hit = hits(now, event.target);
		if (event.type === 'pointerdown') {
			[pressed, on] = hit ? [now, event.target] : [];
			clicked.outcome = hit ? 'replaced' : 'missed';
		}
		if (event.type === 'pointerup' && pressed?.isConnected && !hit) clicked.outcome = 'missed';
		if (event.type === 'click' && pressed && (event.target === on || pressed.contains(event.target))) clicked.outcome = 'done';
		if (clicked.outcome === 'missed') {
			event.stopImmediatePropagation();
			event.preventDefault();
		}
		if (event.type === 'click') clicked.end();
	};
	window.clicked = {outcome: 'missed', end: () => types.forEach(type => removeEventListener(type, see, true))};
	types.forEach(type => addEventListener(type, see, true));
	return {x, y};
}`

// Choose chooses an option of a list by its value.
func (p *Page) Choose(selector, value string) {
	p.t.Helper()
	chosen := Value[bool](p, `(() => {
		const list = document.querySelector(`+Quote(selector)+`), value = `+Quote(value)+`;
		if (![...list.options].some(o => o.value === value)) return false;
		list.value = value;
		list.dispatchEvent(new Event('change', {bubbles: true}));
		return true;
	})()`)
	if !chosen {
		p.t.Fatalf("%s has no option %s", selector, value)
	}
}

// Size gives the window a size. One that is as narrow as a phone's is a phone's:
// with touch, and a screen twice as fine.
func (p *Page) Size(width, height int64) {
	p.t.Helper()
	var how []chromedp.EmulateViewportOption
	if width < 600 {
		how = append(how, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2))
	}
	p.do("resizing", chromedp.EmulateViewport(width, height, how...))
}

// Dark makes the page prefer dark colours, or light ones.
func (p *Page) Dark(dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	p.do("colouring", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	}))
}

// Prefers makes the browser one of a person with these languages, such as "ar-EG,ar", from
// the next page on.
func (p *Page) Prefers(languages string) {
	p.t.Helper()
	agent := Value[string](p, "navigator.userAgent")
	p.do("choosing languages", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: languages})
		return err
	}))
}

// Until waits until an expression of JavaScript is true. On the way it may have
// no value yet: what it throws counts as false, and so does a page that is just loaded anew.
func (p *Page) Until(what, expression string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		is, err := value[bool](p, `(() => { try { return !!(`+expression+`) } catch { return false } })()`)
		if is && err == nil {
			return
		}
		if time.Now().After(deadline) {
			p.Picture("failed")
			p.t.Fatalf("waited in vain for %s: %s: %v; complaints: %q; the page shows: %.1000s", what, expression, err, p.Complaints(), p.Text("body"))
		}
	}
}

// Text returns the text of the first element of a selector as it is seen.
func (p *Page) Text(selector string) string {
	p.t.Helper()
	return Value[string](p, `document.querySelector(`+Quote(selector)+`)?.innerText ?? ""`)
}

// Value evaluates an expression of JavaScript, a promise included.
func Value[T any](p *Page, expression string) T {
	p.t.Helper()
	v, err := value[T](p, expression)
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// value is Value for a caller that expects errors.
func value[T any](p *Page, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Quote makes a text a literal of JavaScript.
func Quote(text string) string {
	literal, _ := json.Marshal(text) // a text always encodes
	return string(literal)
}

// PicturesEnv names a directory for the pictures that tests take of pages, for
// people to view. Without it none is taken.
const PicturesEnv = "RETURN_SYNC_TEST_PICTURES"

// Picture takes a picture of the window.
func (p *Page) Picture(name string) {
	p.t.Helper()
	dir := os.Getenv(PicturesEnv)
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, filepath.Base(p.t.Name())+"-"+name+".png"), png, 0o600)
	}
	if err != nil {
		p.t.Error(err)
	}
}

// Slow lets every request of the page take so long at least.
func (p *Page) Slow(latency time.Duration) {
	p.t.Helper()
	p.do("slowing the network", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Latency: float64(latency.Milliseconds()), DownloadThroughput: -1, UploadThroughput: -1}},
		})
		return err
	}))
}

// FirstVisit forgets what the browser keeps of pages, and keeps streams of events from
// opening.
func (p *Page) FirstVisit() {
	p.t.Helper()
	p.do("forgetting pages", chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, network.ClearBrowserCache, cdp.Empty{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, target, network.SetBlockedURLs, network.SetBlockedURLsParams{
			URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/*/events", Block: true}},
		})
		return err
	}))
}
