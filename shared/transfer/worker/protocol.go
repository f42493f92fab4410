package worker

import (
	"context"
	"encoding/json"
	"errors"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// protocolModel is the online side's model of copies of jobs; protocolBatch is how many
// are read at once.
const (
	protocolModel = "sosync.job"
	protocolBatch = 100
)

// RunProtocol copies finished jobs to the online side, children first, until none is
// left, stop is closed or ctx ends. It works under the lease of the jobs.
func (w *Worker) RunProtocol(ctx context.Context, stop <-chan struct{}) (n int64, err error) {
	if !w.Settings.Protocol {
		return 0, nil
	}
	h, err := w.keeper.enter(ctx)
	if err != nil || h == nil {
		return 0, err
	}
	defer h.leave()
	defer func() {
		err = h.because(err)
		if n > 0 || err != nil { // an idle run says nothing
			w.signed(ctx, transfer.NoteProtocol, n, err)
		}
	}()
	for {
		begun := w.Now()
		list, err := w.Jobs.Unsent(h.ctx, protocolBatch)
		if err != nil || len(list) == 0 {
			return n, err
		}
		if n == 0 {
			w.sign(ctx, transfer.NoteProtocol, transfer.Sign{Running: true})
		}
		for _, j := range list {
			if stopped(stop) || h.ctx.Err() != nil {
				return n, h.ctx.Err()
			}
			id, err := w.report(h.ctx, j)
			if err == nil {
				err = w.Jobs.Sent(h.ctx, j.ID, id, j.ChangedAt)
			}
			if err != nil {
				return n, err
			}
			n++
		}
		if rest := w.Settings.ProtocolThrottle - w.Now().Sub(begun); rest > 0 {
			pause(h.ctx, stop, rest)
		}
	}
}

// report writes the copy of a job and returns the copy's id: that which is stored, else
// that of a copy which names the job, else a new one.
func (w *Worker) report(ctx context.Context, j transfer.Job) (int64, error) {
	fields, err := fieldsOf(j)
	if err != nil {
		return 0, err
	}
	id := int64(0)
	if j.OnlineJobID != nil {
		id = *j.OnlineJobID
	} else if found, err := w.finding(ctx, j.ID); err == nil {
		id = found.ID
	} else if !errors.Is(err, transfer.ErrNotFound) {
		return 0, err
	}
	write := transfer.Write{Verb: transfer.Create, Model: protocolModel, ForeignID: j.ID, Fields: fields}
	if id != 0 {
		write.Verb, write.ID = transfer.Update, id
	}
	call, cancel := context.WithTimeout(ctx, w.Settings.CallTimeout)
	defer cancel()
	written, err := w.Online.Write(call, write)
	if id != 0 && errors.Is(err, transfer.ErrNotFound) { // somebody removed the copy
		write.Verb, write.ID = transfer.Create, 0
		written, err = w.Online.Write(call, write)
	}
	return written.ID, err
}

// finding finds the copy of a job.
func (w *Worker) finding(ctx context.Context, job int64) (transfer.Record, error) {
	call, cancel := context.WithTimeout(ctx, w.Settings.CallTimeout)
	defer cancel()
	return w.Online.Find(call, protocolModel, job)
}

// fieldsOf returns the columns of a job as fields of its copy.
func fieldsOf(j transfer.Job) (map[string]any, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	return fields, json.Unmarshal(text, &fields)
}
