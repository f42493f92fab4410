// Package tokens brings new tokens to the online side many at a time, past Odoo's API:
// rows of the studio without a pair go into a table of Odoo's database by one statement,
// and their ids come back to the studio.
//
// A batch that is interrupted is taken up again: the rows that are there already are found
// by their back-reference. A job of the same token and a batch exclude each other.
package tokens

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/clock"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// Studio is what a batch needs of the studio.
type Studio interface {
	transfer.System
	// Unlinked returns at most n records without a foreign id and with a larger id than
	// after, in the order of their ids.
	Unlinked(ctx context.Context, model string, after int64, n int) ([]transfer.Record, error)
}

// Token is a row for the online side.
type Token struct {
	ID     int64 // in studio
	Person int64 // in studio; 0 for none
	Date   time.Time
	Fields map[string]any // by their names online
}

// Kept is what the online side holds of a token.
type Kept struct {
	Token   int64
	ID      int64     // 0: it has no row
	Date    time.Time // of its row; zero if that has none
	Partner int64     // of the token's person; 0: there is none, or not one alone
}

// Table is the online side's table of tokens.
type Table interface {
	// Insert stores the tokens whose person has a partner and whose name is new, and says
	// of every token of the list what is there now.
	Insert(ctx context.Context, list []Token) ([]Kept, error)
}

// Jobs stores jobs for what a batch cannot bring over.
type Jobs interface {
	Open(ctx context.Context, system transfer.Side, model string, id int64) (bool, error)
	Create(ctx context.Context, list []transfer.Draft) ([]int64, error)
}

// askAgain is how long a record that got a job gets no further one.
const askAgain = time.Hour

// Batches brings tokens over. It is for one caller at a time.
type Batches struct {
	Studio Studio
	Table  Table
	Jobs   Jobs
	Flow   transfer.Flow // of tokens
	Person transfer.Flow // of those whose tokens they are
	Size   int           // tokens of a batch
	Pause  time.Duration // after a batch
	// Hold takes a record for as long as a batch works with it; false if a job has it.
	Hold func(side transfer.Side, model string, id int64) (free func(), ok bool)
	Now  func() time.Time
	Log  *slog.Logger

	asked map[string]time.Time // records that got a job, and when
}

// Result is what a run did.
type Result struct {
	Linked int // tokens that are on both sides now
	Jobs   int // for those that a batch cannot bring over, and for their persons
}

// Run works through all tokens without a pair, batch by batch.
func (b *Batches) Run(ctx context.Context) (done Result, err error) {
	for after := int64(0); ; {
		list, err := b.Studio.Unlinked(ctx, b.Flow.Studio, after, b.Size)
		if err != nil || len(list) == 0 {
			return done, err
		}
		after = list[len(list)-1].ID
		if err := b.batch(ctx, list, &done); err != nil {
			return done, err
		}
		if err := clock.Sleep(ctx, b.Pause); err != nil {
			return done, err
		}
	}
}

// batch brings some tokens over.
func (b *Batches) batch(ctx context.Context, list []transfer.Record, done *Result) error {
	records := map[int64]transfer.Record{}
	var rows []Token
	for _, r := range list {
		free, ok := b.Hold(transfer.Studio, b.Flow.Studio, r.ID)
		if !ok {
			continue // its job brings it over
		}
		defer free()
		row, err := b.row(ctx, r)
		switch {
		case fault.KindOf(err) == fault.Invalid: // its job says what is wrong, for people
			if err := b.ask(ctx, done, b.Flow.Studio, r); err != nil {
				return err
			}
		case err != nil:
			return err
		default:
			records[r.ID], rows = r, append(rows, row)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	kept, err := b.Table.Insert(ctx, rows)
	if err != nil {
		return err
	}
	for _, k := range kept {
		r, ok := records[k.Token]
		if !ok {
			return fmt.Errorf("the online side answers for the token %d, which it was not asked for", k.Token)
		}
		if err := b.settle(ctx, k, r, done); err != nil {
			return err
		}
	}
	return nil
}

// row converts a token as its flow says.
func (b *Batches) row(ctx context.Context, r transfer.Record) (Token, error) {
	mapped, err := b.Flow.Map(ctx, nobody{}, r, nil, transfer.Online)
	if err != nil {
		return Token{}, err
	}
	t := Token{ID: r.ID, Date: r.Effective(), Fields: mapped.Fields}
	parent, ok := b.Flow.Refers(b.Person)
	if !ok {
		return t, fault.New(fault.Misconfigured, "token-flow", "the flow of %s has no parent %s", b.Flow.Studio, b.Person.Studio)
	}
	t.Person, ok = transfer.ID(r.Fields[parent.Studio])
	if !ok {
		return t, fault.New(fault.Invalid, "token-person", "the field %s of %s %d holds no id", parent.Studio, b.Flow.Studio, r.ID)
	}
	return t, nil
}

// settle notes a token's pair in the studio, or stores the job of what is in the way: the
// person without a partner, or the token whose name another one has.
func (b *Batches) settle(ctx context.Context, k Kept, r transfer.Record, done *Result) error {
	if k.ID != 0 {
		err := b.link(ctx, k, r)
		if errors.Is(err, transfer.ErrNotFound) {
			return nil // somebody deleted it meanwhile, and its job follows
		}
		if err == nil {
			done.Linked++
		}
		return err
	}
	parent, _ := b.Flow.Refers(b.Person) // row has looked
	person, _ := transfer.ID(r.Fields[parent.Studio])
	if k.Partner != 0 || person == 0 {
		return b.ask(ctx, done, b.Flow.Studio, r)
	}
	// The job gives the person a partner, whatever the link to a former one is.
	p, err := b.Studio.Read(ctx, b.Person.Studio, person)
	if errors.Is(err, transfer.ErrNotFound) {
		return b.ask(ctx, done, b.Flow.Studio, r)
	}
	if err != nil {
		return err
	}
	return b.ask(ctx, done, b.Person.Studio, p)
}

// link notes in the studio what both sides hold.
func (b *Batches) link(ctx context.Context, k Kept, r transfer.Record) error {
	w := transfer.Write{Verb: transfer.Mark, Model: b.Flow.Studio, ID: r.ID, ForeignID: k.ID}
	if !k.Date.IsZero() {
		w.SyncedVersion = &k.Date
	}
	if own := r.Own(); r.WriteDate == nil { // else the mark itself would date it anew
		w.WriteDate, w.If = &own, &own
	}
	_, err := b.Studio.Write(ctx, w)
	if errors.Is(err, transfer.ErrChanged) && w.If != nil { // the change has a job of its own
		w.WriteDate, w.If = nil, nil
		_, err = b.Studio.Write(ctx, w)
	}
	return err
}

// ask stores the job of a record unless it has an open one, or got one lately.
func (b *Batches) ask(ctx context.Context, done *Result, model string, r transfer.Record) error {
	key := fmt.Sprintf("%s %d", model, r.ID)
	now := b.Now()
	for k, at := range b.asked {
		if now.Sub(at) > askAgain {
			delete(b.asked, k)
		}
	}
	if _, asked := b.asked[key]; asked {
		return nil
	}
	open, err := b.Jobs.Open(ctx, transfer.Studio, model, r.ID)
	if err != nil || open {
		return err
	}
	flow := b.Flow
	if model == b.Person.Studio {
		flow = b.Person
	}
	at := r.Effective()
	if _, err := b.Jobs.Create(ctx, []transfer.Draft{{Job: transfer.Job{
		State: transfer.New, Date: at, WriteDate: &at, Priority: flow.Priority, System: transfer.Studio, Model: model, RecordID: r.ID,
	}}}); err != nil {
		return err
	}
	if b.asked == nil {
		b.asked = map[string]time.Time{}
	}
	b.asked[key] = now
	done.Jobs++
	b.Log.InfoContext(ctx, "a token cannot be brought over by a batch and gets a job", "record", key)
	return nil
}

// nobody looks nothing up: the flow of tokens does not.
type nobody struct{}

// Look implements transfer.Looker.
func (nobody) Look(_ context.Context, _ transfer.Side, model string, _ int64) (transfer.Record, error) {
	return transfer.Record{}, unexpected(model)
}

// LookFor implements transfer.Looker.
func (nobody) LookFor(_ context.Context, _ transfer.Side, model string, _ transfer.Query) ([]transfer.Record, error) {
	return nil, unexpected(model)
}

// unexpected is the error of a flow that batches cannot follow.
func unexpected(model string) error {
	return fault.New(fault.Misconfigured, "token-flow", "the flow of tokens looks up %s, which batches of tokens do not: set token_batch_size = 0", model)
}
