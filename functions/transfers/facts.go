package transfers

import (
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/input"
)

// modelFact is one model of a side.
type modelFact struct {
	Model     string             `json:"model" xml:"model"`
	Winner    string             `json:"concurrency_winner" xml:"concurrency_winner"`
	Priority  int                `json:"priority" xml:"priority"`
	Direction transfer.Direction `json:"sync_direction" xml:"sync_direction"`
}

// modelFacts are the models of both sides.
type modelFacts struct {
	XMLName xml.Name    `json:"-" xml:"models"`
	Studio  []modelFact `json:"studio" xml:"studio>model_info"`
	Online  []modelFact `json:"online" xml:"online>model_info"`
}

// models lists the models that are transferred.
func (a *API) models(*http.Request) (any, error) {
	m := modelFacts{Studio: []modelFact{}, Online: []modelFact{}}
	for _, f := range a.Flows {
		fact := modelFact{Winner: f.Winner.Word(), Priority: f.Priority, Direction: f.Direction}
		fact.Model = f.Studio
		m.Studio = append(m.Studio, fact)
		fact.Model = f.Online
		m.Online = append(m.Online, fact)
	}
	return m, nil
}

// modelMap is a map of studio's models to the online ones.
type modelMap map[string]string

// MarshalXML implements xml.Marshaler: a name of a model is no name of an element.
func (m modelMap) MarshalXML(e *xml.Encoder, _ xml.StartElement) error {
	type entry struct {
		Studio string `xml:"studio"`
		Online string `xml:"online"`
	}
	list := struct {
		XMLName xml.Name `xml:"flow_map"`
		Flow    []entry  `xml:"flow"`
	}{}
	for studio, online := range m {
		list.Flow = append(list.Flow, entry{studio, online})
	}
	slices.SortFunc(list.Flow, func(a, b entry) int { return strings.Compare(a.Studio, b.Studio) })
	return e.Encode(list)
}

// flowMap answers with the pairs of models.
func (a *API) flowMap(*http.Request) (any, error) {
	m := modelMap{}
	for _, f := range a.Flows {
		m[f.Studio] = f.Online
	}
	return m, nil
}

// jobStatistic counts jobs by state, those in the archive included.
type jobStatistic struct {
	XMLName xml.Name `json:"-" xml:"job_statistic"`
	Total   int64    `json:"total" xml:"total"`
	New     int64    `json:"new" xml:"new"`
	Running int64    `json:"inprogress" xml:"inprogress"`
	Done    int64    `json:"done" xml:"done"`
	Skipped int64    `json:"skipped" xml:"skipped"`
	Failed  int64    `json:"error" xml:"error"`
	Retry   int64    `json:"error_retry" xml:"error_retry"`
}

// statistic counts the jobs.
func (a *API) statistic(r *http.Request) (any, error) {
	c, err := a.Jobs.Count(r.Context(), "")
	if err != nil {
		return nil, err
	}
	return jobStatistic{
		Total: sum(c), New: c[transfer.New], Running: c[transfer.InProgress], Done: c[transfer.Done],
		Skipped: c[transfer.Skipped], Failed: c[transfer.Failed], Retry: c[transfer.Retry],
	}, nil
}

// sum adds the counts of all states.
func sum(counts map[transfer.State]int64) (n int64) {
	for _, one := range counts {
		n += one
	}
	return n
}

// queueStatistic counts a side's jobs: all, those that a worker has taken, and the
// difference, which waits.
type queueStatistic struct {
	XMLName    xml.Name `json:"-" xml:"queue_statistic"`
	Total      int64    `json:"total_jobs" xml:"total_jobs"`
	Submitted  int64    `json:"submitted_jobs" xml:"submitted_jobs"`
	Difference int64    `json:"difference" xml:"difference"`
}

// queueOf returns the handler that counts the jobs of a side.
func (a *API) queueOf(side transfer.Side) edge.Handler {
	return func(r *http.Request) (any, error) {
		c, err := a.Jobs.Count(r.Context(), side)
		if err != nil {
			return nil, err
		}
		all, waiting := sum(c), c[transfer.New]
		return queueStatistic{Total: all, Submitted: all - waiting, Difference: waiting}, nil
	}
}

// modelStatistic counts the records of a model whose newest change is not over yet. The
// name is that of callers of old.
type modelStatistic struct {
	Model string `json:"model" xml:"model"`
	Count int64  `json:"unsynchronizedModelsCount" xml:"unsynchronizedModelsCount"`
}

// flowStatistic counts them for each model of a side, and all together.
type flowStatistic struct {
	XMLName xml.Name         `json:"-" xml:"flow_statistic"`
	Count   int64            `json:"unsynchronizedModelsCount" xml:"unsynchronizedModelsCount"`
	Models  []modelStatistic `json:"models" xml:"models>model_statistic"`
}

// flowsOf returns the handler that counts the records of a side that wait for their
// transfer. Models that jobs name in other letters count for their flow's.
func (a *API) flowsOf(side transfer.Side) edge.Handler {
	return func(r *http.Request) (any, error) {
		counts, err := a.Counts.Unsynchronized(r.Context(), side)
		if err != nil {
			return nil, err
		}
		s, at := flowStatistic{Models: []modelStatistic{}}, map[string]int{}
		for _, f := range a.Flows {
			at[strings.ToLower(f.On(side))] = len(s.Models)
			s.Models = append(s.Models, modelStatistic{Model: f.On(side)})
		}
		for model, n := range counts {
			s.Count += n
			if i, known := at[model]; known {
				s.Models[i].Count += n
			}
		}
		return s, nil
	}
}

// checked is the answer of a quick check.
type checked struct {
	XMLName     xml.Name `json:"-" xml:"quick_check"`
	InSync      bool     `json:"in_sync" xml:"in_sync"`
	HasOpenJobs bool     `json:"has_open_jobs" xml:"has_open_jobs"`
	Information string   `json:"information" xml:"information"`
}

// quickCheck compares the dates of one record on both sides and looks for open jobs.
func (a *API) quickCheck(r *http.Request) (any, error) {
	bad := func(text string) (any, error) { return edge.Result{Status: http.StatusBadRequest, Value: text}, nil }
	q := input.Query(r.URL.Query())
	model := r.URL.Query().Get("model")
	n, wrong := input.Numbers(q, input.Rules{Loose: true}, "id")
	f, known := a.Flows.Named(model)
	if !known {
		if wrong == nil {
			wrong = &input.Refusal{Problems: input.Problems{}}
		}
		wrong.Problems["model"] = "is not the name of a model; GET /models lists them"
	}
	if wrong != nil {
		return bad(wrong.Problems.Lines())
	}
	side := transfer.Studio
	if strings.EqualFold(f.Online, model) {
		side = transfer.Online
	}
	var foreign int64
	if fk := r.URL.Query().Get("fk"); fk != "" {
		m, wrong := input.Numbers(q, input.Rules{Loose: true}, "fk")
		if wrong != nil {
			return bad(wrong.Problems.Lines())
		}
		foreign = m["fk"]
	}
	return a.compare(r, f, side, n["id"], foreign)
}

// compare compares one record.
func (a *API) compare(r *http.Request, f transfer.Flow, side transfer.Side, id, foreign int64) (any, error) {
	systems := map[transfer.Side]transfer.System{transfer.Studio: a.Studio, transfer.Online: a.Online}
	own, other := systems[side], systems[side.Other()]
	record, err := own.Read(r.Context(), f.On(side), id)
	if errors.Is(err, transfer.ErrNotFound) {
		return edge.Result{Status: http.StatusBadRequest, Value: fmt.Sprintf("id: %s %s %d does not exist", side.Word(), f.On(side), id)}, nil
	}
	if err != nil {
		return nil, err
	}
	open, err := a.Jobs.Open(r.Context(), side, f.On(side), id)
	if err != nil {
		return nil, err
	}
	if foreign == 0 {
		foreign = record.ForeignID
	}
	var twin transfer.Record
	if foreign != 0 {
		twin, err = other.Read(r.Context(), f.On(side.Other()), foreign)
	} else {
		twin, err = other.Find(r.Context(), f.On(side.Other()), id)
	}
	if err == nil && !open {
		open, err = a.Jobs.Open(r.Context(), side.Other(), f.On(side.Other()), twin.ID)
	}
	switch {
	case errors.Is(err, transfer.ErrNotFound):
		return checked{HasOpenJobs: open, Information: "the record does not exist on the other side"}, nil
	case err != nil:
		return nil, err
	case record.Effective().Equal(twin.Effective()):
		return checked{InSync: true, HasOpenJobs: open, Information: "both sides have the date " + record.Effective().Format("2006-01-02T15:04:05.999999Z")}, nil
	}
	return checked{HasOpenJobs: open, Information: fmt.Sprintf("%s has the date %s, %s has %s", side.Word(), record.Effective().Format("2006-01-02T15:04:05.999999Z"),
		side.Other().Word(), twin.Effective().Format("2006-01-02T15:04:05.999999Z"))}, nil
}
