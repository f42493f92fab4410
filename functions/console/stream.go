package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

// latest reads the view at most once a period, however many pages are open: a caller
// within the period gets the last reading.
type latest struct {
	read  func(context.Context) (view, time.Time, error)
	every time.Duration
	now   func() time.Time

	mu   sync.Mutex
	at   time.Time
	last snapshot
}

// snapshot is a view in the form that is sent.
type snapshot struct {
	number int             // grows with every change of the view
	shown  []byte          // without the time
	text   json.RawMessage // with the time
	err    error
}

// readWithin is the time limit of a reading: less than a process has for its end.
const readWithin = 5 * time.Second

// get returns the newest snapshot. A caller that leaves does not cancel the reading of
// others.
func (l *latest) get(ctx context.Context) snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	if age := l.now().Sub(l.at); !l.at.IsZero() && age >= 0 && age < l.every*9/10 {
		return l.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readWithin)
	defer cancel()
	v, now, err := l.read(ctx)
	l.at = l.now()
	next := snapshot{number: l.last.number, shown: l.last.shown, err: err}
	if err == nil {
		next.shown, next.err = json.Marshal(v)
		next.text = json.RawMessage(fmt.Sprintf(`{"now":%q,"view":%s}`, now.Format(time.RFC3339Nano), next.shown))
	}
	if (next.err == nil) != (l.last.err == nil) || !bytes.Equal(next.shown, l.last.shown) {
		next.number++
	}
	l.last = next
	return next
}

// The times of a stream.
const (
	// writeWithin is the time in which a page must receive an event; a sleeping page is
	// dropped and reconnects by itself.
	writeWithin = 20 * time.Second
	// beatEvery is the period of comments that keep an idle stream open.
	beatEvery = 10 * time.Second
	// comeBack is the delay before a page reconnects, in milliseconds.
	comeBack = 2000
	// comeAgain is the delay before a refused page may try again.
	comeAgain = 5 * time.Second
)

// streams counts the open streams, so that one subject's pages leave room for others.
type streams struct {
	most, mostOfOne int

	mu   sync.Mutex
	all  int
	open map[string]int // by subject
}

// newStreams returns a counter with a limit for all and a limit for one subject.
func newStreams(most, mostOfOne int) *streams {
	return &streams{most: most, mostOfOne: mostOfOne, open: map[string]int{}}
}

// enter counts a stream, unless a limit is reached.
func (s *streams) enter(subject string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.open[subject] >= s.mostOfOne:
		return fault.New(fault.Throttled, "too-many-pages", "you have %d pages open here already; close one", s.mostOfOne).WithAfter(comeAgain)
	case s.all >= s.most:
		return fault.New(fault.Throttled, "too-many-streams", "%d pages are open here already; try again in a moment", s.most).WithAfter(comeAgain)
	}
	s.all++
	s.open[subject]++
	return nil
}

// leave removes an ended stream from the count.
func (s *streams) leave(subject string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.open[subject]--; s.open[subject] == 0 {
		delete(s.open, subject)
	}
}

// events opens a stream for a page.
func (f *function) events(r *http.Request) (any, error) {
	p, err := f.person(r)
	if err == nil {
		err = f.streams.enter(p.Subject)
	}
	return edge.Stream(func(w http.ResponseWriter, r *http.Request) { f.stream(w, r, p) }), err
}

// stream keeps a page up to date until the page closes, its session ends, or the
// process stops.
func (f *function) stream(w http.ResponseWriter, r *http.Request, p identity.Person) {
	defer f.streams.leave(p.Subject)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	ctx, cancel := context.WithTimeout(r.Context(), p.Expires.Sub(f.now()))
	defer cancel()
	s := &stream{out: w, control: http.NewResponseController(w)}
	if s.send(fmt.Appendf(nil, "retry: %d\n\n", comeBack)) == nil {
		f.follow(ctx, s, func() bool { _, err := f.person(r.WithContext(ctx)); return refused(err) })
	}
	if s.refused || ctx.Err() != nil && r.Context().Err() == nil {
		_ = s.event("ended", 0, []byte(`{"message":"your session has ended"}`))
	}
}

// follow sends changes until the stream ends. It asks again and again whether the session
// was signed out, perhaps at another instance.
func (f *function) follow(ctx context.Context, s *stream, signedOut func() bool) {
	tick := time.NewTicker(f.Config.Poll)
	defer tick.Stop()
	sent, spoke, asked := -1, time.Time{}, f.now()
	for {
		now := f.latest.get(ctx)
		var err error
		if f.now().Sub(asked) >= beatEvery {
			if asked, s.refused = f.now(), signedOut(); s.refused {
				return
			}
		}
		switch {
		case now.number != sent || sent < 0:
			sent, spoke, err = now.number, f.now(), s.snapshot(now)
		case f.now().Sub(spoke) >= beatEvery:
			spoke, err = f.now(), s.event("beat", 0, []byte("{}"))
		}
		if err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-f.Stopping:
			return
		case <-tick.C:
		}
	}
}

// stream writes server-sent events.
type stream struct {
	out     http.ResponseWriter
	control *http.ResponseController
	refused bool // the session was signed out
}

// snapshot sends a snapshot, or an event that reports its absence.
func (s *stream) snapshot(now snapshot) error {
	if now.err == nil {
		return s.event("state", now.number, now.text)
	}
	return s.event("trouble", now.number, []byte(`{"message":"the tables cannot be read at the moment; the values shown are old"}`))
}

// event sends one event. JSON has no line breaks of its own.
func (s *stream) event(name string, id int, data []byte) error {
	text := "event: " + name + "\n"
	if id > 0 {
		text += fmt.Sprintf("id: %d\n", id)
	}
	return s.send([]byte(text+"data: "), data, []byte("\n\n"))
}

// send writes and flushes. The server's own deadline is for answers that end; here each
// event has a deadline of its own. Snapshots are large and sent to many pages at once,
// so they are not copied.
func (s *stream) send(pieces ...[]byte) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(writeWithin)) // a test's recorder has no deadlines
	for _, piece := range pieces {
		if _, err := s.out.Write(piece); err != nil {
			return err
		}
	}
	return s.control.Flush()
}
