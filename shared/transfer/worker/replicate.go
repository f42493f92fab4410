package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// replicate carries a record that was created or changed.
func (r *runner) replicate() (outcome, *failure) {
	if o, f := r.look(); o != ended || f != nil {
		return o, f
	}
	d := transfer.Decide(*r.job, r.flow, r.seen)
	switch d.Act {
	case transfer.Fail:
		return ended, &failure{code: d.Code, text: d.Reason, final: true}
	case transfer.Ignore:
		r.job.AddLog("nothing was written: %s", d.Reason)
		return ended, nil
	case transfer.Agreed:
		return r.agreed(d)
	case transfer.Relink:
		return r.relink(d)
	}
	return r.copy(d)
}

// relink sets a foreign id that one side lacks.
func (r *runner) relink(d transfer.Decision) (outcome, *failure) {
	record := r.seen.On(d.To)
	w := transfer.Write{Verb: transfer.Mark, Model: r.flow.On(d.To), ID: record.ID, ForeignID: r.seen.On(d.To.Other()).ID}
	fix(&w, *record)
	if _, err := r.write(d.To, w); err != nil {
		return r.refused(err, "set the foreign id")
	}
	r.job.AddLog("the foreign id was set: %s", d.Reason)
	return raced, nil
}

// look reads both sides under their locks.
func (r *runner) look() (outcome, *failure) {
	from, to := r.job.System, r.job.System.Other()
	r.seen = transfer.Seen{}
	source, err := r.read(from, r.flow.On(from), r.job.RecordID)
	if err != nil {
		return ended, judge(err, "read "+r.job.String())
	}
	if source, err = r.compose(from, source); err != nil {
		return ended, judge(err, "read the further tables of "+r.job.String())
	}
	r.keep(from, source)
	id := source.ForeignID
	if id == 0 {
		found, err := r.find(to, r.flow.On(to), source.ID)
		if errors.Is(err, transfer.ErrNotFound) {
			return ended, nil
		}
		if err != nil {
			return ended, judge(err, "find the record of the other side")
		}
		id = found.ID
	}
	if ok, f := r.alsoLock(to, id); f != nil {
		return ended, f
	} else if !ok {
		return raced, nil
	}
	target, err := r.read(to, r.flow.On(to), id) // under its lock: no other job writes it now
	switch {
	case errors.Is(err, transfer.ErrNotFound) && source.ForeignID == 0:
		return changed, judge(transfer.ErrChanged, "read the record of the other side")
	case errors.Is(err, transfer.ErrNotFound) && to == transfer.Studio:
		return ended, judge(err, fmt.Sprintf("read studio %s %d, which %s names", r.flow.Studio, id, r.job))
	case errors.Is(err, transfer.ErrNotFound):
		return ended, nil
	case err != nil:
		return ended, judge(err, "read the record of the other side")
	}
	if target, err = r.compose(to, target); err != nil {
		return ended, judge(err, "read the further tables of the other side")
	}
	r.keep(to, target)
	r.looked = r.Now()
	return ended, nil
}

// keep keeps what a side holds.
func (r *runner) keep(side transfer.Side, record transfer.Record) {
	if side == transfer.Studio {
		r.seen.Studio = &record
		return
	}
	r.seen.Online = &record
}

// agreed ends a job whose sides have one date. If an earlier run wrote and died, what
// follows the write is done now.
func (r *runner) agreed(d transfer.Decision) (outcome, *failure) {
	if r.job.Request == "" {
		r.job.AddLog("up to date: %s", d.Reason)
		return ended, nil
	}
	r.job.AddLog("the write of an earlier run is there: %s", d.Reason)
	for _, side := range []transfer.Side{transfer.Studio, transfer.Online} {
		record, at := r.seen.On(side), r.seen.Online.Effective() // no job dates online's record anew
		if record.SyncedVersion != nil && record.SyncedVersion.Equal(at) && record.WriteDate != nil && (side == transfer.Online || d.At == nil) {
			continue
		}
		if o, f := r.mark(side, *record, 0, d.At); f != nil {
			return o, f
		}
	}
	return ended, nil
}

// copy writes one side's data to the other.
func (r *runner) copy(d transfer.Decision) (outcome, *failure) {
	from := d.To.Other()
	source, target := *r.seen.On(from), r.seen.On(d.To)
	parents := map[string]any{}
	if o, f := r.parents(from, source, parents); o != ended || f != nil || r.broken != nil {
		return o, f
	}
	mapped, err := r.flow.Map(r.ctx, r, source, target, d.To)
	if err != nil {
		return ended, judge(err, "convert "+r.job.String())
	}
	maps.Copy(mapped.Fields, parents)
	if target != nil && r.job.Forced() && equal(source, *target, mapped) {
		return r.agreed(transfer.Decision{Reason: "both sides have the same date and data"})
	}
	if target == nil {
		if o, f := r.match(d.To, source, mapped.Fields); o != ended || f != nil {
			return o, f
		}
	}
	if o, f := r.still(from, source); o != ended || f != nil {
		return o, f
	}
	at := source.Effective()
	if d.At != nil && from == transfer.Studio {
		at = *d.At
	}
	w := transfer.Write{
		Verb: transfer.Create, Model: r.flow.On(d.To), ForeignID: source.ID, WriteDate: &at, SyncedVersion: &at, Fields: mapped.Fields, Parts: mapped.Parts,
	}
	if target != nil {
		before := target.Own()
		w.Verb, w.ID, w.If = transfer.Update, target.ID, &before
	}
	if !r.plan(from, source, target, w) {
		return ended, nil
	}
	written, err := r.write(d.To, w)
	if err != nil {
		return r.unwritten(written, err, "write "+d.To.Word())
	}
	r.done(written, mapped.Fields)
	r.job.AddLog("%s %s %d: %s", w.Verb, d.To.Word(), written.ID, d.Reason)
	return r.mark(from, source, written.ID, d.At)
}

// plan notes what a write will do, before it is made.
func (r *runner) plan(from transfer.Side, source transfer.Record, target *transfer.Record, w transfer.Write) bool {
	begun := transfer.Micro(r.Now())
	r.job.Trace = transfer.Trace{
		SourceSystem: transfer.Text(from), SourceModel: transfer.Text(r.flow.On(from)), SourceID: &source.ID,
		TargetSystem: transfer.Text(from.Other()), TargetModel: transfer.Text(w.Model), SourceData: asJSON(source.Fields), Request: asJSON(w.Plan()), SyncStart: &begun,
	}
	if target != nil {
		r.job.SyncTargetID, r.job.TargetBefore = &target.ID, asJSON(target.Fields)
	}
	return r.note()
}

// unwritten keeps what a side answered to a write that failed.
func (r *runner) unwritten(w transfer.Written, err error, doing string) (outcome, *failure) {
	if w.Request != "" {
		r.job.Request, r.job.Answer = transfer.Text(w.Request), transfer.Text(w.Answer)
	}
	return r.refused(err, doing)
}

// done notes a write that was made.
func (r *runner) done(w transfer.Written, after map[string]any) {
	end := transfer.Micro(r.Now())
	took := end.Sub(*r.job.SyncStart).Milliseconds()
	r.job.SyncTargetID, r.job.Request, r.job.Answer, r.job.SyncEnd, r.job.SyncDuration = &w.ID, transfer.Text(w.Request), transfer.Text(w.Answer), &end, &took
	if after != nil {
		r.job.TargetAfter = asJSON(after)
	}
}

// mark notes on the source what both sides agree on now. It follows the write to the other
// side: a mark without that write would look like a conflict. A source that changed
// meanwhile keeps its new date; the change has a job of its own. date is studio's new
// date, if a decision gave it one.
func (r *runner) mark(side transfer.Side, record transfer.Record, foreign int64, date *time.Time) (outcome, *failure) {
	at := record.Effective()
	w := transfer.Write{Verb: transfer.Mark, Model: r.flow.On(side), ID: record.ID, ForeignID: foreign, SyncedVersion: &at}
	fix(&w, record)
	if date != nil && side == transfer.Studio {
		own := record.Own()
		w.WriteDate, w.SyncedVersion, w.If = date, date, &own
	}
	_, err := r.write(side, w)
	if errors.Is(err, transfer.ErrChanged) && w.If != nil {
		w.WriteDate, w.If = nil, nil
		_, err = r.write(side, w)
	}
	if err != nil {
		f := judge(err, "note the version on "+side.Word())
		f.code = transfer.CodeCleanup
		return ended, f
	}
	return ended, nil
}

// fix gives a record without a date of its data that of its row, which the write itself
// would change.
func fix(w *transfer.Write, record transfer.Record) {
	if at := record.Own(); record.WriteDate == nil {
		w.WriteDate, w.If = &at, &at
	}
}

// refused judges an error of a write.
func (r *runner) refused(err error, doing string) (outcome, *failure) {
	if errors.Is(err, transfer.ErrChanged) || errors.Is(err, transfer.ErrNotFound) {
		return changed, judge(transfer.ErrChanged, doing)
	}
	return ended, judge(err, doing)
}

// equal reports whether a forced job has nothing left to write: an earlier run has written
// it, or there never was a difference.
func equal(source, target transfer.Record, mapped transfer.Mapped) bool {
	for name, v := range mapped.Fields {
		if !transfer.Same(target.Fields[name], v) {
			return false
		}
	}
	return len(mapped.Parts) == 0 && source.Effective().Equal(target.Effective())
}

// asJSON returns a value as the text of a row.
func asJSON(v any) transfer.Text {
	text, err := json.Marshal(v)
	if err != nil {
		return transfer.Text(fmt.Sprintf("a value without a JSON form: %v", err))
	}
	return transfer.Text(text)
}
