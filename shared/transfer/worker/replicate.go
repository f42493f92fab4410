package worker

import (
	"encoding/json"
	"errors"
	"fmt"

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

// relink sets a foreign id that one side lacks. A record without a date of its data gets
// that of its row, which the write itself would change.
func (r *runner) relink(d transfer.Decision) (outcome, *failure) {
	record := r.seen.On(d.To)
	w := transfer.Write{Verb: transfer.Mark, Model: r.flow.On(d.To), ID: record.ID, ForeignID: r.seen.On(d.To.Other()).ID}
	if at := record.Effective(); record.WriteDate == nil {
		w.WriteDate, w.If = &at, &at
	}
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
	r.keep(from, source)
	var target transfer.Record
	if source.ForeignID != 0 {
		target, err = r.read(to, r.flow.On(to), source.ForeignID)
	} else {
		target, err = r.find(to, r.flow.On(to), source.ID)
	}
	switch {
	case errors.Is(err, transfer.ErrNotFound) && source.ForeignID != 0 && to == transfer.Studio:
		return ended, judge(err, fmt.Sprintf("read studio %s %d, which %s names", r.flow.Studio, source.ForeignID, r.job))
	case errors.Is(err, transfer.ErrNotFound):
		return ended, nil
	case err != nil:
		return ended, judge(err, "read the record of the other side")
	}
	if ok, f := r.alsoLock(to, target.ID); f != nil {
		return ended, f
	} else if !ok {
		return raced, nil
	}
	// The other side is read again now that no other job writes it.
	if target, err = r.read(to, r.flow.On(to), target.ID); err != nil {
		if errors.Is(err, transfer.ErrNotFound) {
			return changed, judge(transfer.ErrChanged, "read the record of the other side")
		}
		return ended, judge(err, "read the record of the other side")
	}
	r.keep(to, target)
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
		record, at := r.seen.On(side), r.seen.Studio.Effective()
		if record.SyncedVersion != nil && record.SyncedVersion.Equal(at) && record.WriteDate != nil {
			continue
		}
		if o, f := r.mark(side, *record, 0); f != nil {
			return o, f
		}
	}
	return ended, nil
}

// copy writes one side's data to the other.
func (r *runner) copy(d transfer.Decision) (outcome, *failure) {
	from := d.To.Other()
	source, target := *r.seen.On(from), r.seen.On(d.To)
	fields := r.flow.Map(source, d.To)
	if o, f := r.parents(from, source, fields); o != ended || f != nil {
		return o, f
	}
	at := source.Effective()
	w := transfer.Write{Verb: transfer.Create, Model: r.flow.On(d.To), ForeignID: source.ID, WriteDate: &at, SyncedVersion: &at, Fields: fields}
	if d.Act == transfer.CopyOld {
		before := target.Effective()
		w.Verb, w.ID, w.If = transfer.Update, target.ID, &before
	}
	begun := transfer.Micro(r.Now())
	r.job.Trace = transfer.Trace{
		SourceSystem: transfer.Text(from), SourceModel: transfer.Text(r.flow.On(from)), SourceID: &source.ID,
		TargetSystem: transfer.Text(d.To), TargetModel: transfer.Text(w.Model), SourceData: asJSON(source.Fields), Request: asJSON(w.Plan()), SyncStart: &begun,
	}
	if target != nil {
		r.job.SyncTargetID, r.job.TargetBefore = &target.ID, asJSON(target.Fields)
	}
	if !r.note() {
		return ended, nil
	}
	written, err := r.write(d.To, w)
	if err != nil {
		return r.refused(err, "write "+d.To.Word())
	}
	r.done(written, fields)
	r.job.AddLog("%s %s %d: %s", w.Verb, d.To.Word(), written.ID, d.Reason)
	return r.mark(from, source, written.ID)
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
// meanwhile keeps its new date; the change has a job of its own.
func (r *runner) mark(side transfer.Side, record transfer.Record, foreign int64) (outcome, *failure) {
	at := record.Effective()
	w := transfer.Write{Verb: transfer.Mark, Model: r.flow.On(side), ID: record.ID, ForeignID: foreign, SyncedVersion: &at}
	if record.WriteDate == nil {
		w.WriteDate, w.If = &at, &at
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

// refused judges an error of a write.
func (r *runner) refused(err error, doing string) (outcome, *failure) {
	if errors.Is(err, transfer.ErrChanged) || errors.Is(err, transfer.ErrNotFound) {
		return changed, judge(transfer.ErrChanged, doing)
	}
	return ended, judge(err, doing)
}

// parents puts the ids of records that the source refers to among the fields. A record
// without an id on the other side gets a job, which runs before this one goes on.
func (r *runner) parents(from transfer.Side, source transfer.Record, fields map[string]any) (outcome, *failure) {
	for _, p := range r.flow.Parents {
		id, ok := transfer.ID(source.Fields[p.On(from)])
		if !ok {
			return ended, &failure{code: transfer.CodeTransform, final: true, text: fmt.Sprintf("the field %s of %s holds no id", p.On(from), r.job)}
		}
		if id == 0 {
			fields[p.On(from.Other())] = nil
			continue
		}
		flow, _ := r.Flows.Named(p.Model) // the flows were checked
		record, err := r.read(from, flow.On(from), id)
		if err != nil {
			return ended, judge(err, fmt.Sprintf("read %s %d, which the field %s names", flow.On(from), id, p.On(from)))
		}
		if record.ForeignID != 0 {
			fields[p.On(from.Other())] = record.ForeignID
			continue
		}
		r.lock.release() // a job that waits for others holds nothing
		if f := r.require(from, flow.On(from), id); f != nil || r.broken != nil {
			return ended, f
		}
		return raced, nil
	}
	return ended, nil
}

// asJSON returns a value as the text of a row.
func asJSON(v any) transfer.Text {
	text, err := json.Marshal(v)
	if err != nil {
		return transfer.Text(fmt.Sprintf("a value without a JSON form: %v", err))
	}
	return transfer.Text(text)
}
