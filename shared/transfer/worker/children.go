package worker

import (
	"fmt"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// followersAtOnce is how many records that follow another one are read at once.
const followersAtOnce = 200

// parents puts the ids of records that the source refers to among the fields. A record
// without an id on the other side, or whose transfer the flow forces, gets a job, which
// runs before this one goes on.
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
		if record.ForeignID != 0 && (!p.Force || r.tried[key(from, flow.On(from), id)]) {
			fields[p.On(from.Other())] = record.ForeignID
			continue
		}
		if o, f := r.still(from, source); o != ended || f != nil {
			return o, f
		}
		r.lock.release() // a job that waits for others holds nothing
		if f := r.require(from, flow.On(from), id, p.Force); f != nil || r.broken != nil {
			return ended, f
		}
		return raced, nil
	}
	return ended, nil
}

// followers runs jobs for the records that follow the one that this job, in this run or
// an earlier one, has written.
func (r *runner) followers() *failure {
	if r.job.Kind != transfer.Replicate || r.job.Request == "" || r.job.SourceID == nil {
		return nil
	}
	from := transfer.Side(r.job.SourceSystem)
	for _, one := range r.flow.Followers {
		flow, _ := r.Flows.Named(one.Model) // the flows were checked
		if one.Only != "" && one.Only != from.Other() || !flow.Writes(from.Other()) {
			continue
		}
		if f := r.follow(from, flow, one.Force); f != nil || r.broken != nil {
			return f
		}
	}
	return nil
}

// follow runs jobs for the records of a flow that refer to the job's source.
func (r *runner) follow(from transfer.Side, flow transfer.Flow, force bool) *failure {
	parent, _ := flow.Refers(r.flow)
	q := transfer.Query{Equal: map[string]any{parent.On(from): *r.job.SourceID}, Most: followersAtOnce}
	for {
		list, err := r.LookFor(r.ctx, from, flow.On(from), q)
		if err != nil {
			return judge(err, fmt.Sprintf("look for the records of %s that follow %s", flow.On(from), r.job))
		}
		for _, record := range list {
			q.After = record.ID
			if record.ForeignID != 0 && !force {
				continue
			}
			if f := r.require(from, flow.On(from), record.ID, force); f != nil || r.broken != nil {
				return f
			}
		}
		if len(list) < q.Most {
			return nil
		}
	}
}
