package worker

import (
	"context"
	"fmt"
	"maps"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// recheck is how old a reading of the source may be when the other side is written.
const recheck = 250 * time.Millisecond

// Look implements transfer.Looker.
func (r *runner) Look(_ context.Context, side transfer.Side, model string, id int64) (transfer.Record, error) {
	return r.read(side, model, id)
}

// LookFor implements transfer.Looker.
func (r *runner) LookFor(_ context.Context, side transfer.Side, model string, q transfer.Query) ([]transfer.Record, error) {
	ctx, cancel := context.WithTimeout(r.ctx, r.Settings.CallTimeout)
	defer cancel()
	return r.system(side).Search(ctx, model, q)
}

// compose adds the further tables to a record of studio.
func (r *runner) compose(side transfer.Side, record transfer.Record) (transfer.Record, error) {
	if side != transfer.Studio {
		return record, nil
	}
	return r.flow.Compose(r.ctx, r, record)
}

// still reads the source again if looking up took long, and begins anew if the record
// changed meanwhile.
func (r *runner) still(side transfer.Side, source transfer.Record) (outcome, *failure) {
	if r.Now().Sub(r.looked) < recheck {
		return ended, nil
	}
	now, err := r.read(side, r.flow.On(side), source.ID)
	if err == nil {
		now, err = r.compose(side, now)
	}
	switch {
	case err != nil:
		return ended, judge(err, "read "+r.job.String()+" again")
	case !now.Effective().Equal(source.Effective()):
		r.job.AddLog("%s changed while it was being converted", side.Word())
		return changed, judge(transfer.ErrChanged, "convert "+r.job.String())
	}
	return ended, nil
}

// match links a record that exists on one side alone with the one record of the other
// side that has the same data and no link. Then the job begins anew.
func (r *runner) match(to transfer.Side, source transfer.Record, fields map[string]any) (outcome, *failure) {
	q, ok := r.flow.Matching(fields, to)
	if !ok {
		return ended, nil
	}
	list, err := r.LookFor(r.ctx, to, r.flow.On(to), q)
	if err != nil {
		return ended, judge(err, "look for a record with the same data")
	}
	var free []transfer.Record
	for _, one := range list {
		if one.ForeignID == 0 {
			free = append(free, one)
		}
	}
	switch len(free) {
	case 0:
		return ended, nil
	case 1:
		return r.link(to, source, free[0])
	}
	return ended, &failure{code: transfer.CodeTransform, final: true, text: fmt.Sprintf("%d records of %s in %s have the same data as %s: link or correct them", len(free), r.flow.On(to), to.Word(), r.job)}
}

// link sets the foreign ids of two records.
func (r *runner) link(to transfer.Side, source, found transfer.Record) (outcome, *failure) {
	if ok, f := r.alsoLock(to, found.ID); f != nil {
		return ended, f
	} else if !ok {
		return raced, nil
	}
	now, err := r.read(to, r.flow.On(to), found.ID)
	if err != nil || now.ForeignID != 0 {
		return r.refusedOr(err)
	}
	for _, one := range []struct {
		side    transfer.Side
		record  transfer.Record
		foreign int64
	}{{to, now, source.ID}, {to.Other(), source, now.ID}} {
		w := transfer.Write{Verb: transfer.Mark, Model: r.flow.On(one.side), ID: one.record.ID, ForeignID: one.foreign}
		fix(&w, one.record)
		if _, err := r.write(one.side, w); err != nil {
			return r.refused(err, "link the records with the same data")
		}
	}
	r.job.AddLog("linked with %s %d, which has the same data", to.Word(), now.ID)
	return raced, nil
}

// refusedOr judges an error, or a record that got a link meanwhile.
func (r *runner) refusedOr(err error) (outcome, *failure) {
	if err == nil {
		err = transfer.ErrChanged
	}
	return r.refused(err, "read the record with the same data")
}

// temporary writes a flow's fields to the linked record of the other side, whatever the
// dates are. It changes no date, version or link: a correction of some fields.
func (r *runner) temporary() (outcome, *failure) {
	if o, f := r.look(); o != ended || f != nil {
		return o, f
	}
	from, to := r.job.System, r.job.System.Other()
	source, target := *r.seen.On(from), r.seen.On(to)
	if !r.flow.Writes(to) {
		return r.oneWay(to)
	}
	if target == nil {
		return ended, judge(transfer.ErrNotFound, "find the record of the other side")
	}
	parents := map[string]any{}
	if o, f := r.parents(from, source, parents); o != ended || f != nil || r.broken != nil {
		return o, f
	}
	mapped, err := r.flow.Map(r.ctx, r, source, target, to)
	if err != nil {
		return ended, judge(err, "convert "+r.job.String())
	}
	maps.Copy(mapped.Fields, parents)
	before, at := target.Own(), target.Effective()
	w := transfer.Write{Verb: transfer.Update, Model: r.flow.On(to), ID: target.ID, WriteDate: &at, If: &before, Fields: mapped.Fields, Parts: mapped.Parts}
	if !r.plan(from, source, target, w) {
		return ended, nil
	}
	written, err := r.write(to, w)
	if err != nil {
		return r.unwritten(written, err, "write "+to.Word())
	}
	r.done(written, mapped.Fields)
	r.job.AddLog("corrected %s %d", to.Word(), written.ID)
	return ended, nil
}
