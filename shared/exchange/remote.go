package exchange

import (
	"context"
	"iter"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/states"
)

// Conn carries the frames of one session in order. Implementations pass the suite
// exchangetest.RunConn.
type Conn interface {
	// Send sends one frame.
	Send(ctx context.Context, frame []byte) error
	// Receive returns the next frame, which the caller owns. It returns io.EOF when
	// the other side ended the session in good order.
	Receive(ctx context.Context) ([]byte, error)
}

// Remote is a primary as a secondary sees it: over frames (Open) or over the calls of
// the public program (package rest).
type Remote interface {
	// Subscriptions returns those of our company, each with its slice. test says that
	// the run will change nothing.
	Subscriptions(ctx context.Context, test bool) ([]Subscription, error)
	// State returns what a slice holds now.
	State(ctx context.Context, slice ID) (State, error)
	Reader
	// Done reports how a slice ended. The primary keeps it as an activity.
	Done(ctx context.Context, done Done) error
}

// Reader reads a primary's slice.
type Reader interface {
	// IDs returns ids of a range in ascending order, and whether the range holds
	// further ones.
	IDs(ctx context.Context, slice ID, r Range) (ids []ID, more bool, err error)
	// Grains calls fn with each of some grains, in any order. Grains that are gone
	// meanwhile are left out.
	Grains(ctx context.Context, slice ID, ids []ID, fn func(Grain) error) error
}

// Ranger is a Reader that can compare ranges, so that few frames find few
// differences.
type Ranger interface {
	// Pieces cuts a range with about count ids.
	Pieces(ctx context.Context, slice ID, r Range, count int) ([]Piece, error)
}

// Catalog is what a primary asks of its tables about a company.
type Catalog interface {
	// Published returns a company's subscriptions with their slices.
	Published(ctx context.Context, company ID) ([]Subscription, error)
	// Allowed refuses a slice to which the company has no active subscription with a
	// fault.Forbidden, whether the slice exists or not.
	Allowed(ctx context.Context, company, slice ID) error
	// Subscribed returns what a slice holds now if the company is Allowed to read it.
	Subscribed(ctx context.Context, company, slice ID) (State, error)
}

// Index reads the ids of slices.
type Index interface {
	// IDs streams the ids of a range in ascending order.
	IDs(ctx context.Context, slice ID, r Range) iter.Seq2[ID, error]
	// Count returns the number of ids of a range.
	Count(ctx context.Context, slice ID, r Range) (int, error)
}

// Content reads the grains of slices.
type Content interface {
	Index
	// Read calls fn with those of some grains that the slice holds.
	Read(ctx context.Context, slice ID, ids []ID, fn func(Grain) error) error
}

// Local is what a secondary asks of its tables about subscriptions.
type Local interface {
	// Held returns the subscriptions to a primary with their slices, and the names that
	// are in use.
	Held(ctx context.Context, primary ID) ([]Subscription, Names, error)
	// Apply carries a plan out in one transaction, with an activity for each
	// subscription that the primary switched off or no longer lists.
	Apply(ctx context.Context, plan Plan) error
	// Failed notes on a slice that its last sync failed. Its content stays.
	Failed(ctx context.Context, slice ID) error
}

// Copy keeps the content of a secondary's slices.
type Copy interface {
	Index
	// Staged returns which of some grains are staged already.
	Staged(ctx context.Context, slice ID, ids []ID) (map[ID]bool, error)
	// Stage keeps grains beside the content until Swap or Discard.
	Stage(ctx context.Context, slice ID, grains []Grain) error
	// Drop notes grains of the content that Swap removes.
	Drop(ctx context.Context, slice ID, ids []ID) error
	// Retain forgets, in a range, every drop and every staged grain but some.
	Retain(ctx context.Context, slice ID, r Range, ids []ID) error
	// Swap brings a slice to its new content in one transaction: the old one without the
	// dropped grains and with the staged ones. Or it leaves the old content and returns an
	// error; ErrUnproven if the result is not what Want says.
	Swap(ctx context.Context, s Swap) error
	// Discard removes what is staged for a slice, and forgets what is dropped.
	Discard(ctx context.Context, slice ID) error
}

// Swap is the step from a slice's old content to its new one.
type Swap struct {
	Slice    ID
	Want     Proof
	Type     string
	Date     time.Time
	Metadata map[string]string
	Steps    states.Steps // within the transaction
}

// Journal keeps activities.
type Journal interface {
	Record(ctx context.Context, a Activity) error
}
