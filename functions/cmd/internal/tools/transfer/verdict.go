package transfer

import (
	"context"
	"fmt"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
)

// figures are the numbers of the summary.
type figures struct {
	Jobs        int            `json:"jobs"`
	Done        int            `json:"done"`
	Skipped     int            `json:"skipped"`
	Errors      int            `json:"errors"`
	Open        int            `json:"open"`
	Differences int            `json:"differences"`
	Records     int            `json:"records"` // of the studio, each compared with its pair
	Flows       map[string]int `json:"flows"`   // roots by model: an edit of somebody each
	Children    int            `json:"children"`
	Runs        int            `json:"runs"`    // of all jobs
	Refused     int            `json:"refused"` // statements that the SQL Server did not know
	Writes      int            `json:"writes"`  // of transfers, on both sides
	Twice       int            `json:"writtenTwice"`
	Kills       int            `json:"kills"`
	Faults      map[string]int `json:"faults,omitempty"`
}

// wanted are the models whose edits a run must have carried: the five flows, each from
// every side that edits it.
var wanted = []string{
	"dbo.Person", "res.partner", "dbo.PersonEmail", "frst.personemail", "dbo.PersonGruppe", "frst.persongruppe", "sale.order", "dbo.AktionOnlineToken", "res.partner.fstoken",
}

// faults counts what struck, by side and kind.
func (p *play) faults() map[string]int {
	all := map[string]int{}
	for kind, n := range p.studio.Stats().Faults {
		all["studio."+string(kind)] = n
	}
	for kind, n := range p.online.FaultCounts() {
		all["online."+string(kind)] = n
	}
	return all
}

// check counts the jobs and compares both sides record by record.
func (p *play) check(ctx context.Context) (any, []string, error) {
	f := figures{Flows: map[string]int{}}
	var problems []string
	demand := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	err := p.jobs.Each(ctx, func(j transfer.Job) error {
		f.Jobs++
		f.Runs += j.Runs
		switch j.State {
		case transfer.Done:
			f.Done++
		case transfer.Skipped:
			f.Skipped++
		case transfer.Failed:
			if f.Errors++; f.Errors <= 5 {
				problems = append(problems, fmt.Sprintf("job %d of %s: %.300s", j.ID, j, j.ErrorText))
			}
		default:
			f.Open++
		}
		if j.ParentID != nil {
			f.Children++
			return nil
		}
		f.Flows[j.Model]++
		return nil
	})
	if err != nil {
		return f, problems, err
	}
	list, compared, err := compare(p.studio, p.online)
	if err != nil {
		return f, problems, err
	}
	f.Differences, f.Records, f.Refused = len(list), compared, p.studio.Stats().Calls["refused"]
	twice, writes := p.written.twice()
	f.Writes, f.Twice, f.Kills, f.Faults = writes, len(twice), int(p.kills.Load()), p.faults()
	demand(f.Twice == 0, "%d writes were made twice, such as %s", f.Twice, strings.Join(twice[:min(len(twice), 5)], "; "))
	demand(f.Jobs >= leastJobs, "%d jobs were played; %d are the least", f.Jobs, leastJobs)
	for _, model := range wanted {
		demand(f.Flows[model] >= 10, "%d edits of %s were carried; 10 are the least", f.Flows[model], model)
	}
	demand(f.Errors == 0, "%d jobs failed", f.Errors)
	demand(f.Open == 0, "%d jobs are open", f.Open)
	demand(f.Refused == 0, "the SQL Server refused %d statements", f.Refused)
	demand(f.Differences == 0, "%d differences, such as %s", f.Differences, strings.Join(list[:min(len(list), 5)], "; "))
	// A job that a transfer's own write had posted would come back without end. An answer
	// of the API that got lost is posted again.
	demand(f.Jobs-f.Children <= p.posted()+p.posted()/20, "%d roots for %d edits: transfers post jobs of their own", f.Jobs-f.Children, p.posted())
	return f, problems, nil
}
