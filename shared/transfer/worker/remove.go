package worker

import (
	"errors"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// counterpart finds the record of the other side: by its back-reference, else by the id
// that the job names. ErrNotFound says that there is none.
func (r *runner) counterpart(id int64, named *int64) (transfer.Record, error) {
	to := r.job.System.Other()
	record, err := r.find(to, r.flow.On(to), id)
	if errors.Is(err, transfer.ErrNotFound) && named != nil {
		return r.read(to, r.flow.On(to), *named)
	}
	return record, err
}

// remove deletes the record of the other side.
func (r *runner) remove() (outcome, *failure) {
	to := r.job.System.Other()
	if !r.flow.Writes(to) {
		return r.oneWay(to)
	}
	target, err := r.counterpart(r.job.RecordID, r.job.TargetID)
	switch {
	case errors.Is(err, transfer.ErrNotFound):
		return r.gone(to)
	case err != nil:
		return ended, judge(err, "find the record to delete")
	}
	if ok, f := r.alsoLock(to, target.ID); f != nil {
		return ended, f
	} else if !ok {
		return raced, nil
	}
	return r.final(transfer.Write{Verb: transfer.Remove, Model: r.flow.On(to), ID: target.ID}, target)
}

// gone ends a job whose record of the other side does not exist.
func (r *runner) gone(to transfer.Side) (outcome, *failure) {
	switch {
	case r.job.Request != "":
		r.job.AddLog("an earlier run has written already")
		return ended, nil
	case to == transfer.Online && r.job.Kind == transfer.Delete:
		r.job.State = transfer.Skipped
		r.job.AddLog("the record does not exist online")
		return ended, nil
	case r.job.Kind == transfer.Delete:
		before, err := r.Jobs.Deleted(r.ctx, *r.job)
		if err != nil {
			r.broken = err
			return ended, nil
		}
		if before {
			r.job.State = transfer.Skipped
			r.job.AddLog("an earlier job has deleted the record")
			return ended, nil
		}
	}
	return ended, judge(transfer.ErrNotFound, fmt.Sprintf("find the record of %s in %s", r.job, to.Word()))
}

// oneWay ends a job whose flow does not write the other side.
func (r *runner) oneWay(to transfer.Side) (outcome, *failure) {
	r.job.State = transfer.Skipped
	r.job.AddLog("nothing was written: the flow does not write %s", to.Word())
	return ended, nil
}

// merge merges two records of the online side as they were merged in studio.
func (r *runner) merge() (outcome, *failure) {
	to := r.job.System.Other()
	if to != transfer.Online {
		return ended, &failure{code: transfer.CodeTransform, final: true, text: "only studio's merges are transferred"}
	}
	if !r.flow.Writes(to) {
		return r.oneWay(to)
	}
	lost, err := r.counterpart(r.job.RecordID, r.job.TargetID)
	if errors.Is(err, transfer.ErrNotFound) {
		return r.gone(to)
	}
	if err != nil {
		return ended, judge(err, "find the record that is merged")
	}
	kept, err := r.counterpart(*r.job.MergeIntoID, r.job.TargetMergeIntoID)
	if errors.Is(err, transfer.ErrNotFound) { // it comes first
		r.lock.release()
		if f := r.require(r.job.System, r.flow.On(r.job.System), *r.job.MergeIntoID, false); f != nil || r.broken != nil {
			return ended, f
		}
		return raced, nil
	}
	if err != nil {
		return ended, judge(err, "find the record that remains")
	}
	if lost.ID == kept.ID {
		r.job.AddLog("both records are online %d already", kept.ID)
		return ended, nil
	}
	for _, id := range []int64{lost.ID, kept.ID} {
		if ok, f := r.alsoLock(to, id); f != nil {
			return ended, f
		} else if !ok {
			return raced, nil
		}
	}
	r.job.SourceMergeIntoID, r.job.SyncMergeIntoID = r.job.MergeIntoID, &kept.ID
	return r.final(transfer.Write{Verb: transfer.Join, Model: r.flow.On(to), ID: lost.ID, IntoID: kept.ID}, lost)
}

// final notes and makes a write after which the record is gone.
func (r *runner) final(w transfer.Write, target transfer.Record) (outcome, *failure) {
	from, to := r.job.System, r.job.System.Other()
	begun, record := transfer.Micro(r.Now()), r.job.RecordID
	r.job.SourceSystem, r.job.SourceModel, r.job.SourceID = transfer.Text(from), transfer.Text(r.flow.On(from)), &record
	r.job.TargetSystem, r.job.TargetModel, r.job.SyncTargetID = transfer.Text(to), transfer.Text(w.Model), &target.ID
	r.job.TargetBefore, r.job.Request, r.job.SyncStart = asJSON(target.Fields), asJSON(w.Plan()), &begun
	if !r.note() {
		return ended, nil
	}
	written, err := r.write(to, w)
	if errors.Is(err, transfer.ErrNotFound) {
		return r.gone(to)
	}
	if err != nil {
		return r.unwritten(written, err, "write "+to.Word())
	}
	r.done(written, nil)
	r.job.AddLog("%s %s %d", w.Verb, to.Word(), target.ID)
	return ended, nil
}
