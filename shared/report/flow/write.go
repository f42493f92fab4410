package flow

import (
	"context"
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// write brings the payload to every destination, part by part, each from where its
// account says. One destination's trouble does not hold up another. When the budget is
// used up, the next task continues.
func (j *job) write(ctx context.Context, r report.Report) (report.Report, *pause, error) {
	var problems []error
	for _, sink := range j.parts.Sinks {
		done, own, err := j.fill(ctx, r, sink)
		switch {
		case own != nil:
			return r, nil, own
		case err != nil:
			problems = append(problems, fmt.Errorf("destination %s: %w", sink.Name, err))
		case !done:
			return r, &pause{note: "continues at " + sink.Name}, nil
		}
	}
	if err := fault.Join(problems...); err != nil {
		return j.judge(ctx, r, trouble{err: err, patience: j.Config.SinkPatience})
	}
	j.Steps.At("accounted")
	if err := j.Reports.Done(ctx, r, j.order(r).Document()); err != nil {
		return r, nil, err
	}
	j.Steps.At("done")
	r.State = report.Done
	return r, nil, j.Payloads.DropPayloads(ctx, r)
}

// fill brings the rest of the payload to one destination and checks its account. own is
// an error of our own tables, err one of the destination; done is false when the budget
// is used up.
func (j *job) fill(ctx context.Context, r report.Report, sink report.NamedSink) (done bool, own, err error) {
	a := accountOf(r, sink.Name)
	for a.Chunks < r.Chunks {
		if j.soft.Err() != nil {
			return false, nil, nil
		}
		body, err := j.Payloads.Chunk(ctx, r, a.Chunks)
		if err != nil {
			return false, err, nil
		}
		rows, parked, err := unpack(body)
		if err != nil {
			return false, nil, err
		}
		out, err := sink.Write(ctx, j.order(r), report.Stream(rows))
		if err != nil {
			return false, nil, err
		}
		if sum := out.Counts().Sum(); sum != int64(len(rows)) {
			return false, nil, fault.New(fault.Misconfigured, "unbalanced", "%s were written and %d have a result: %v", report.Rows(int64(len(rows))), sum, out.Counts())
		}
		j.Steps.At("written")
		out.Parked = append(out.Parked, parked...)
		if a, own = j.Payloads.Written(ctx, r, a, out, j.Config.Lease); own != nil {
			return false, own, nil
		}
		j.Steps.At("counted")
	}
	if a.Sum() != r.Rows {
		return false, nil, fault.New(fault.Misconfigured, "unbalanced", "rows read %d, but %v", r.Rows, a.Counts)
	}
	if a.Finished {
		return true, nil, nil
	}
	if err := sink.Finish(ctx, j.order(r)); err != nil {
		return false, nil, err
	}
	j.Steps.At("finished")
	return true, j.Payloads.SinkFinished(ctx, r, a, j.Config.Lease), nil
}

// accountOf returns a report's account at a destination, an empty one before the first
// part.
func accountOf(r report.Report, sink string) report.Account {
	for _, a := range r.Accounts {
		if a.Sink == sink {
			return a
		}
	}
	return report.Account{Sink: sink}
}
