package exchange

import (
	"context"
	"errors"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Peer is the other end of a session's frames, seen from the secondary. It is used by
// one goroutine.
type Peer struct {
	Begin   Begin
	conn    Conn
	patient time.Duration
	next    int64
}

// CodeBroken is the code of an error after which a session can not go on.
const CodeBroken = "session-broken"

// Broken reports whether an error ended its session.
func Broken(err error) bool {
	for f := (*fault.Error)(nil); errors.As(err, &f); err = f.Err {
		if f.Code == CodeBroken {
			return true
		}
	}
	return false
}

// broken is the error of a session that can not go on.
func broken(err error, what string) error {
	return fault.Wrap(err, fault.Retry, CodeBroken, "the session with the primary ended: "+what)
}

// misbehaved is the error of a primary that does not keep to the protocol.
func misbehaved(format string, args ...any) error {
	return broken(fault.New(fault.Invalid, "bad-peer", format, args...), "the primary does not keep to the protocol")
}

// Open waits for the primary's begin. patient bounds the time to each frame that is
// awaited.
func Open(ctx context.Context, conn Conn, patient time.Duration) (*Peer, error) {
	p := &Peer{conn: conn, patient: patient}
	f, err := p.receive(ctx)
	if err != nil {
		return nil, err
	}
	b := f.Begin
	switch {
	case f.Action != ActionBegin || b == nil:
		return nil, misbehaved("the first frame is %.40q, not begin", f.Action)
	case b.Version < Version:
		return nil, misbehaved("version %d of the protocol is too old", b.Version)
	case b.MaxIDs < 1 || b.MaxGrains < 1 || b.InFlight < 1:
		return nil, misbehaved("begin has no limits")
	}
	p.Begin = *b
	return p, nil
}

// receive returns the next frame.
func (p *Peer) receive(ctx context.Context) (*Frame, error) {
	waiting, cancel := context.WithTimeout(ctx, p.patient)
	defer cancel()
	data, err := p.conn.Receive(waiting)
	if err != nil {
		if waiting.Err() != nil && ctx.Err() == nil {
			return nil, misbehaved("no frame came for %s", p.patient)
		}
		return nil, broken(err, "the connection broke")
	}
	f, err := ParseFrame(data)
	if err != nil {
		return nil, broken(err, "a frame of the primary cannot be read")
	}
	return f, nil
}

// send sends a request and returns its id.
func (p *Peer) send(ctx context.Context, f *Frame) (int64, error) {
	p.next++
	f.ID = p.next
	data, err := f.Encode()
	if err != nil {
		return 0, err
	}
	sending, cancel := context.WithTimeout(ctx, p.patient)
	defer cancel()
	return f.ID, broken(p.conn.Send(sending, data), "the connection broke")
}

// answer returns the next frame of an answer to a request. The primary answers in the
// order of the requests.
func (p *Peer) answer(ctx context.Context, action string, id int64) (*Frame, error) {
	f, err := p.receive(ctx)
	switch {
	case err != nil:
		return nil, err
	case f.ID != id:
		return nil, misbehaved("an answer to request %d came where one to %d was awaited", f.ID, id)
	case f.Action == ActionError:
		return nil, refused(f.Error)
	case f.Action != action:
		return nil, misbehaved("%.40q came in answer to %s", f.Action, action)
	}
	return f, nil
}

// refused is a request that the primary answered with an error; the session goes on.
func refused(p *Problem) error {
	if p == nil {
		return misbehaved("an error without a reason came")
	}
	return fault.New(fault.Invalid, "primary-refused", "the primary answered: %s", cut(p.Message))
}

// call sends a request with an answer of one frame.
func (p *Peer) call(ctx context.Context, f *Frame) (*Frame, error) {
	action := f.Action
	id, err := p.send(ctx, f)
	if err != nil {
		return nil, err
	}
	return p.answer(ctx, action, id)
}

// maxSubscriptions is how many subscriptions a primary may list.
const maxSubscriptions = 10_000

// Subscriptions implements Remote.
func (p *Peer) Subscriptions(ctx context.Context, test bool) ([]Subscription, error) {
	id, err := p.send(ctx, &Frame{Action: ActionSubscriptions, Test: test})
	if err != nil {
		return nil, err
	}
	var list []Subscription
	for {
		f, err := p.answer(ctx, ActionSubscriptions, id)
		if err != nil {
			return nil, err
		}
		if list = append(list, f.Subscriptions...); !f.More {
			return list, nil
		}
		if len(f.Subscriptions) == 0 || len(list) > maxSubscriptions {
			return nil, misbehaved("the list of subscriptions does not end")
		}
	}
}

// State implements Remote.
func (p *Peer) State(ctx context.Context, slice ID) (State, error) {
	f, err := p.call(ctx, &Frame{Action: ActionSlice, Slice: &slice})
	if err != nil {
		return State{}, err
	}
	if f.State == nil {
		return State{}, misbehaved("the answer to slice has no state")
	}
	return *f.State, nil
}

// Pieces implements Ranger.
func (p *Peer) Pieces(ctx context.Context, slice ID, r Range, _ int) ([]Piece, error) {
	f, err := p.call(ctx, &Frame{Action: ActionPieces, Slice: &slice, Range: &r})
	if err != nil {
		return nil, err
	}
	return f.Pieces, nil
}

// IDs implements Reader.
func (p *Peer) IDs(ctx context.Context, slice ID, r Range) ([]ID, bool, error) {
	f, err := p.call(ctx, &Frame{Action: ActionIDs, Slice: &slice, Range: &r})
	switch {
	case err != nil:
		return nil, false, err
	case f.More && len(f.IDs) == 0:
		return nil, false, misbehaved("a page of ids is empty and not the last")
	}
	return f.IDs, f.More, nil
}

// Done implements Remote.
func (p *Peer) Done(ctx context.Context, done Done) error {
	_, err := p.call(ctx, &Frame{Action: ActionDone, Done: &done})
	return err
}

// End ends the session in good order.
func (p *Peer) End(ctx context.Context) error {
	_, err := p.call(ctx, &Frame{Action: ActionEnd})
	return err
}

// Grains implements Reader. It keeps several requests under way.
func (p *Peer) Grains(ctx context.Context, slice ID, ids []ID, fn func(Grain) error) error {
	type request struct {
		id   int64
		want map[ID]bool
	}
	var underWay []request
	var failed error
	for len(ids) > 0 || len(underWay) > 0 {
		for len(ids) > 0 && len(underWay) < min(p.Begin.InFlight, InFlight) && failed == nil {
			n := min(len(ids), p.Begin.MaxGrains, MaxGrains)
			id, err := p.send(ctx, &Frame{Action: ActionGrains, Slice: &slice, IDs: ids[:n]})
			if err != nil {
				return err
			}
			want := make(map[ID]bool, n)
			for _, id := range ids[:n] {
				want[id] = true
			}
			underWay, ids = append(underWay, request{id, want}), ids[n:]
		}
		if len(underWay) == 0 {
			return failed
		}
		first := underWay[0]
		underWay = underWay[1:]
		incoming := &incoming{slice: slice, want: first.want, fn: fn}
		err := p.collect(ctx, first.id, incoming)
		if Broken(err) {
			return err
		}
		if failed == nil {
			failed = err // the answers to the other requests are still to come
		}
	}
	return failed
}

// collect reads the frames that answer one request for grains.
func (p *Peer) collect(ctx context.Context, id int64, in *incoming) error {
	for {
		f, err := p.answer(ctx, ActionGrains, id)
		if err != nil {
			return err
		}
		if err := in.take(f); err != nil {
			return err
		}
		if !f.More {
			if in.open != nil {
				return misbehaved("a grain's last part is missing")
			}
			return in.failed
		}
	}
}

// incoming is the grains of one answer.
type incoming struct {
	slice  ID
	want   map[ID]bool // and not yet come
	fn     func(Grain) error
	open   *Grain // of which parts come
	text   []byte
	failed error // of a grain, or of fn: further grains are only counted
}

// take takes the grains of one frame. Its error ends the session.
func (in *incoming) take(f *Frame) error {
	if f.More && len(f.Grains) == 0 && f.Part == nil {
		return misbehaved("a frame of grains is empty and not the last")
	}
	for _, g := range f.Grains {
		if in.open != nil {
			return misbehaved("a grain came between the parts of another")
		}
		if err := in.give(g); err != nil {
			return err
		}
	}
	if f.Part == nil {
		return nil
	}
	return in.part(f.Part)
}

// part takes a part of a large grain.
func (in *incoming) part(part *Part) error {
	switch {
	case (part.Grain != nil) == (in.open != nil):
		return misbehaved("the parts of a grain are out of order")
	case part.Grain != nil:
		if part.Grain.PayloadLen < 0 || part.Grain.PayloadLen > MaxPayload {
			return misbehaved("grain %s is larger than %d bytes", part.Grain.ID, MaxPayload)
		}
		in.open, in.text = part.Grain, make([]byte, 0, part.Grain.PayloadLen)
	}
	if len(part.Text) == 0 || len(in.text)+len(part.Text) > in.open.PayloadLen {
		return misbehaved("the parts of grain %s are not as long as it says", in.open.ID)
	}
	in.text = append(in.text, part.Text...)
	if !part.Last {
		return nil
	}
	g := *in.open
	g.Payload = string(in.text)
	in.open, in.text = nil, nil
	return in.give(g)
}

// give hands a grain on that was asked for and is whole.
func (in *incoming) give(g Grain) error {
	switch {
	case !in.want[g.ID]:
		return misbehaved("grain %s was not asked for, or came twice", g.ID)
	case g.SliceID != in.slice:
		return misbehaved("grain %s is of another slice", g.ID)
	case g.PayloadLen != len(g.Payload):
		return misbehaved("grain %s is not as long as it says", g.ID)
	}
	delete(in.want, g.ID)
	if in.failed == nil {
		in.failed = g.Check()
	}
	if in.failed == nil {
		in.failed = in.fn(g)
	}
	return nil
}
