package exchange

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"
	"unicode/utf8"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/states"
)

// Primary answers sessions.
type Primary struct {
	Server  ID // our company
	Catalog Catalog
	Content Content
	Journal Journal
	Log     *slog.Logger
	// Idle is how long a session may be silent; 0 is five minutes.
	Idle  time.Duration
	Steps states.Steps
}

// defaultIdle is how long a secondary may be silent. It stores grains and swaps
// slices between two requests.
const defaultIdle = 5 * time.Minute

// Serve answers one session of a company until the company ends it. now opens the
// session. The error is of the session: a connection that broke, or a peer that does
// not keep to the protocol.
func (p *Primary) Serve(ctx context.Context, conn Conn, company ID, now time.Time) error {
	s := &serving{Primary: p, conn: conn, company: company}
	err := s.send(ctx, &Frame{Action: ActionBegin, Begin: &Begin{
		Server: p.Server, Version: Version, MaxFrame: MaxFrame, MaxIDs: MaxIDs, MaxGrains: MaxGrains, InFlight: InFlight, Time: now.UTC(),
	}})
	for err == nil && !s.ended {
		err = s.next(ctx)
	}
	if errors.Is(err, io.EOF) {
		return nil // between two requests: the secondary has what it wanted
	}
	return err
}

// serving is one session of a primary.
type serving struct {
	*Primary
	conn    Conn
	company ID
	last    int64 // the highest id of a request
	test    bool
	ended   bool
	listed  map[ID]Subscription // that the company asked for
}

// send sends one frame.
func (s *serving) send(ctx context.Context, f *Frame) error {
	data, err := f.Encode()
	if err != nil {
		return err
	}
	return s.conn.Send(ctx, data)
}

// next answers the next request.
func (s *serving) next(ctx context.Context) error {
	idle := s.Idle
	if idle == 0 {
		idle = defaultIdle
	}
	waiting, cancel := context.WithTimeout(ctx, idle)
	defer cancel()
	data, err := s.conn.Receive(waiting)
	if err != nil {
		return err
	}
	f, err := ParseFrame(data)
	if err != nil {
		return err
	}
	if f.ID <= s.last {
		return fault.New(fault.Invalid, "frame-out-of-order", "request %d came after request %d", f.ID, s.last)
	}
	s.last = f.ID
	s.Steps.At("asked " + f.Action)
	err = s.answer(ctx, f)
	s.Steps.At("answered " + f.Action)
	var unsent *sendError
	if err == nil || errors.As(err, &unsent) {
		return err
	}
	if fault.KindOf(err) == fault.Internal || fault.KindOf(err) == fault.Misconfigured || fault.KindOf(err) == fault.Retry {
		s.Log.ErrorContext(ctx, "a request of an exchange session failed", "action", f.Action, "company", s.company, "error", err)
	}
	return s.send(ctx, &Frame{Action: ActionError, ID: f.ID, Error: problemOf(err)})
}

// sendError is an error of the connection, after which no answer can be sent.
type sendError struct{ error }

// Unwrap returns the cause.
func (e *sendError) Unwrap() error { return e.error }

// reply sends an answer.
func (s *serving) reply(ctx context.Context, f *Frame) error {
	if err := s.send(ctx, f); err != nil {
		return &sendError{err}
	}
	return nil
}

// problemOf returns what the other side may read of an error.
func problemOf(err error) *Problem {
	var f *fault.Error
	if errors.As(err, &f) && f.Kind != fault.Internal && f.Kind != fault.Misconfigured {
		return &Problem{Code: fault.CodeOf(err), Message: f.Message}
	}
	return &Problem{Code: "internal", Message: "the primary failed; its log has the details"}
}

// answer answers one request.
func (s *serving) answer(ctx context.Context, f *Frame) error {
	switch f.Action {
	case ActionSubscriptions:
		return s.subscriptions(ctx, f)
	case ActionDone:
		return s.done(ctx, f)
	case ActionEnd:
		s.ended = true
		return s.reply(ctx, &Frame{Action: ActionEnd, ID: f.ID})
	case ActionSlice, ActionPieces, ActionIDs, ActionGrains:
	default:
		return fault.New(fault.Invalid, "unknown-action", "this version does not know the action %.40q", f.Action)
	}
	if f.Slice == nil {
		return fault.New(fault.Invalid, "bad-frame", "%s names no slice", f.Action)
	}
	if f.Action == ActionSlice {
		return s.state(ctx, f)
	}
	if err := s.Catalog.Allowed(ctx, s.company, *f.Slice); err != nil {
		return err
	}
	switch f.Action {
	case ActionPieces:
		return s.pieces(ctx, f)
	case ActionIDs:
		return s.ids(ctx, f)
	}
	return s.grains(ctx, f)
}

// state answers with what a slice holds now.
func (s *serving) state(ctx context.Context, f *Frame) error {
	state, err := s.Catalog.Subscribed(ctx, s.company, *f.Slice)
	if err != nil {
		return err
	}
	return s.reply(ctx, &Frame{Action: f.Action, ID: f.ID, State: &state})
}

// subscriptionsAFrame is how many subscriptions stand in one frame.
const subscriptionsAFrame = 100

// subscriptions answers with the company's subscriptions.
func (s *serving) subscriptions(ctx context.Context, f *Frame) error {
	list, err := s.Catalog.Published(ctx, s.company)
	if err != nil {
		return err
	}
	s.test = f.Test
	s.listed = make(map[ID]Subscription, len(list))
	for _, sub := range list {
		s.listed[sub.ID] = sub
	}
	for {
		n := min(len(list), subscriptionsAFrame)
		err := s.reply(ctx, &Frame{Action: f.Action, ID: f.ID, Subscriptions: list[:n], More: n < len(list)})
		if list = list[n:]; err != nil || len(list) == 0 {
			return err
		}
	}
}

// rangeOf returns the range of a request, all ids if it names none.
func rangeOf(f *Frame) Range {
	if f.Range == nil {
		return Whole
	}
	return *f.Range
}

// pieces answers with the digests of a range's parts.
func (s *serving) pieces(ctx context.Context, f *Frame) error {
	r := rangeOf(f)
	count, err := s.Content.Count(ctx, *f.Slice, r)
	if err != nil {
		return err
	}
	pieces, err := Cut(r, count, s.Content.IDs(ctx, *f.Slice, r))
	if err != nil {
		return err
	}
	return s.reply(ctx, &Frame{Action: f.Action, ID: f.ID, Pieces: pieces})
}

// ids answers with the first ids of a range.
func (s *serving) ids(ctx context.Context, f *Frame) error {
	answer := &Frame{Action: f.Action, ID: f.ID}
	for id, err := range s.Content.IDs(ctx, *f.Slice, rangeOf(f)) {
		if err != nil {
			return err
		}
		if len(answer.IDs) == MaxIDs {
			answer.More = true
			break
		}
		answer.IDs = append(answer.IDs, id)
	}
	return s.reply(ctx, answer)
}

// grains answers with some grains in frames bounded by bytes, and in parts those that
// are too large for one.
func (s *serving) grains(ctx context.Context, f *Frame) error {
	if len(f.IDs) > MaxGrains {
		return fault.New(fault.TooLarge, "too-many-grains", "ask for at most %d grains at once", MaxGrains)
	}
	batch, size := []Grain(nil), 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := s.reply(ctx, &Frame{Action: f.Action, ID: f.ID, Grains: batch, More: true})
		batch, size = batch[:0], 0
		return err
	}
	err := s.Content.Read(ctx, *f.Slice, f.IDs, func(g Grain) error {
		g.PayloadLen = len(g.Payload)
		if size+len(g.Payload) > frameBudget {
			if err := flush(); err != nil {
				return err
			}
		}
		if len(g.Payload) > frameBudget {
			return s.parts(ctx, f, g)
		}
		batch, size = append(batch, g), size+len(g.Payload)+grainOverhead
		return nil
	})
	if err != nil {
		return err
	}
	return s.reply(ctx, &Frame{Action: f.Action, ID: f.ID, Grains: batch})
}

// grainOverhead is what a grain without its payload takes of a frame, in bytes.
const grainOverhead = 300

// parts sends a large grain.
func (s *serving) parts(ctx context.Context, f *Frame, g Grain) error {
	text := g.Payload
	g.Payload = ""
	head := &g
	for {
		stretch := text
		if len(stretch) > frameBudget {
			stretch = stretch[:runeStart(text, frameBudget)]
		}
		text = text[len(stretch):]
		part := &Part{Grain: head, Text: stretch, Last: text == ""}
		head = nil
		if err := s.reply(ctx, &Frame{Action: f.Action, ID: f.ID, Part: part, More: true}); err != nil || part.Last {
			return err
		}
	}
}

// runeStart returns the last place up to n at which a character begins.
func runeStart(text string, n int) int {
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return n
}

// done keeps how a slice ended on the other side. The subscription has to be one that
// the session listed.
func (s *serving) done(ctx context.Context, f *Frame) error {
	d := f.Done
	if d == nil {
		return fault.New(fault.Invalid, "bad-frame", "done has no outcome")
	}
	sub, ok := s.listed[d.Subscription]
	if !ok {
		return fault.New(fault.Forbidden, "no-access", "No Access to this subscription")
	}
	a := Activity{
		CompanyID: s.company, SubID: sub.ID, Success: d.OK, Message: aboutSlice(sub.Slice.Name), Error: cut(d.Error),
		Duration: max(0, d.Duration), Test: d.Test || s.test, Added: max(0, d.Added), Gone: max(0, d.Removed), Bytes: max(0, d.Bytes),
	}
	if err := s.Journal.Record(ctx, a); err != nil {
		return err
	}
	return s.reply(ctx, &Frame{Action: f.Action, ID: f.ID})
}

// maxProblem bounds the other side's words about a failure, in bytes.
const maxProblem = 500

// cut shortens a text to maxProblem bytes at a character's beginning.
func cut(text string) string {
	if len(text) <= maxProblem {
		return text
	}
	return text[:runeStart(text, maxProblem)]
}
