package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/entity"
)

// lookAgain is how often the folder of definitions is compared at most. Requests do it,
// those of the platform's probes too, because Cloud Run gives no processor between them.
const lookAgain = 20 * time.Second

// changing serves by the definitions of a folder and opens all parts again when one of
// them changes. Requests under way finish by the definitions that they began with.
type changing struct {
	log  *slog.Logger
	open func() (http.Handler, func() error, error)
	mark func() (string, error)
	now  func() time.Time

	mu      sync.Mutex
	current *edition
	seen    string
	looked  time.Time
	looking bool
}

// edition is the parts that were opened by one state of the definitions.
type edition struct {
	http.Handler
	close   func() error
	users   int
	retired bool
}

// newChanging opens the parts for the first time.
func newChanging(c *changing) (*changing, error) {
	seen, err := c.mark()
	if err != nil {
		return nil, err
	}
	h, end, err := c.open()
	if err != nil {
		return nil, errors.Join(err, end())
	}
	c.current, c.seen, c.looked = &edition{Handler: h, close: end}, seen, c.now()
	return c, nil
}

// ServeHTTP implements http.Handler.
func (c *changing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.look(r.Context())
	c.mu.Lock()
	e := c.current
	e.users++
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		e.users--
		over := e.retired && e.users == 0
		c.mu.Unlock()
		if over {
			c.end(e)
		}
	}()
	e.ServeHTTP(w, r)
}

// look compares the folder, and opens the parts again if it has changed. Definitions that
// cannot be opened are refused until they change once more.
func (c *changing) look(ctx context.Context) {
	c.mu.Lock()
	due := !c.looking && c.now().Sub(c.looked) >= lookAgain
	c.looking = c.looking || due
	seen := c.seen
	c.mu.Unlock()
	if !due {
		return
	}
	mark, err := c.mark()
	if err == nil && mark != seen {
		err = c.renew(ctx, mark)
	}
	if err != nil {
		c.log.ErrorContext(ctx, "the folder of definitions is refused; the earlier definitions stay in force", "error", err)
	}
	c.mu.Lock()
	c.looking, c.looked = false, c.now()
	if err == nil || mark != "" {
		c.seen = mark
	}
	c.mu.Unlock()
}

// renew opens the parts again and retires the earlier ones.
func (c *changing) renew(ctx context.Context, mark string) error {
	h, end, err := c.open()
	if err != nil {
		return errors.Join(err, end())
	}
	c.log.InfoContext(ctx, "the definitions have changed: they are in force from here on", "mark", mark)
	c.mu.Lock()
	old := c.current
	c.current = &edition{Handler: h, close: end}
	old.retired = true
	over := old.users == 0
	c.mu.Unlock()
	if over {
		c.end(old)
	}
	return nil
}

// end closes the parts of an edition that nobody uses.
func (c *changing) end(e *edition) {
	if err := e.close(); err != nil {
		c.log.Warn("parts of earlier definitions could not be closed", "error", err)
	}
}

// Close closes the present parts.
func (c *changing) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current.close()
}

// serving returns what serves the functions, and its end: by the definitions of a folder
// where there is one.
func serving(ctx context.Context, e *wire.Env, cfg Config) (http.Handler, func() error, error) {
	var defs wire.Definitions
	if err := wire.Configure(ctx, e.Lookup, &defs); err != nil || defs.Dir == "" {
		h, err := Handler(ctx, e, cfg)
		return h, e.Close, err
	}
	c, err := newChanging(&changing{
		log: e.Log, now: time.Now,
		mark: func() (string, error) { return entity.Mark(defs.Dir) },
		open: func() (http.Handler, func() error, error) {
			own := wire.Again(e)
			h, err := Handler(ctx, own, cfg)
			return h, own.Close, err
		},
	})
	if err != nil {
		return nil, e.Close, err
	}
	return c, func() error { return errors.Join(c.Close(), e.Close()) }, nil
}
