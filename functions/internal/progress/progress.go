// Package progress shows how far long work is: a bar on a terminal, elsewhere a
// line now and then, so that a log stays readable.
package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// lineEvery is how often a line is written where there is no terminal.
const lineEvery = 5 * time.Second

// Bar shows one piece of work. It is for one goroutine.
type Bar struct {
	to   io.Writer
	what string
	live *progressbar.ProgressBar // nil without a terminal
	now  func() time.Time
	last time.Time // when a line was written
}

// IsTerminal reports whether a writer is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// New returns a bar that shows what on to; terminal says whether to can show a
// moving one (see IsTerminal), now is its clock.
func New(to io.Writer, terminal bool, what string, now func() time.Time) *Bar {
	b := &Bar{to: to, what: what, now: now, last: now()}
	if terminal {
		b.live = progressbar.NewOptions(1, progressbar.OptionSetWriter(to), progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	return b
}

// Set shows that done of total are done, and in words where the work is.
func (b *Bar) Set(done, total int, words string) {
	if b.live == nil {
		if now := b.now(); now.Sub(b.last) >= lineEvery {
			b.last = now
			_, _ = fmt.Fprintf(b.to, "%s: %s\n", b.what, words)
		}
		return
	}
	total = max(total, 1)
	b.live.ChangeMax(total)
	b.live.Describe(b.what + ": " + words)
	if done < total { // a full bar would take itself away
		_ = b.live.Set(done)
	}
}

// End takes a moving bar away.
func (b *Bar) End() {
	if b.live != nil {
		_ = b.live.Finish()
	}
}
