package transfers

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/input"
)

// The largest bodies, in bytes.
const (
	maxBody  = 1 << 20
	maxBulk  = 32 << 20
	xmlToken = "xml"
)

// result is the answer of a route that creates a job.
type result struct {
	XMLName xml.Name `json:"-" xml:"job_result"`
	ID      int64    `json:"job_id" xml:"job_id"`
	Code    int      `json:"error_code" xml:"error_code"`
	Text    string   `json:"error_text" xml:"error_text"`
	Detail  detail   `json:"error_detail" xml:"error_detail"`
}

// detail are messages by field, each an element of its own in XML.
type detail map[string]string

// MarshalXML implements xml.Marshaler.
func (d detail) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	names := make([]string, 0, len(d))
	for name := range d {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := e.EncodeElement(d[name], xml.StartElement{Name: xml.Name{Local: name}}); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

// refused returns the answer to an input that is not a job.
func refused(r *input.Refusal) edge.Result {
	return edge.Result{Status: http.StatusBadRequest, Value: result{Code: int(r.Code), Text: r.Code.String(), Detail: detail(r.Problems)}}
}

// isXML reports whether a body is XML.
func isXML(r *http.Request) bool { return strings.Contains(r.Header.Get("Content-Type"), xmlToken) }

// create stores one job: from the address, or from a body of JSON or XML.
func (a *API) create(r *http.Request) (any, error) {
	o, rules, err := objectOf(r)
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) {
			return nil, err
		}
		return refused(&input.Refusal{Code: input.DataError, Problems: input.Problems{"body": err.Error()}}), nil
	}
	draft, wrong := input.Draft(o, rules, a.Flows.PriorityOf)
	if wrong != nil {
		return refused(wrong), nil
	}
	ids, err := a.Jobs.Create(r.Context(), []transfer.Draft{draft})
	if err != nil {
		return nil, err
	}
	a.wake(r.Context())
	return result{ID: ids[0], Text: input.None.String(), Detail: detail{}}, nil
}

// objectOf reads the job of a request.
func objectOf(r *http.Request) (input.Object, input.Rules, error) {
	if r.Method != http.MethodPost {
		return input.Query(r.URL.Query()), input.Rules{Loose: true}, nil
	}
	body, err := edge.LimitedBody(r, maxBody)
	if err != nil {
		return nil, input.Rules{}, err
	}
	if isXML(r) {
		o, err := input.XML(body)
		return o, input.Rules{Loose: true}, err
	}
	o, err := input.JSON(body)
	return o, input.Rules{}, err
}

// listOf reads the jobs of a request.
func listOf(r *http.Request) ([]input.Object, input.Rules, error) {
	body, err := edge.LimitedBody(r, maxBulk)
	if err != nil {
		return nil, input.Rules{}, err
	}
	if isXML(r) {
		list, err := input.XMLList(body)
		return list, input.Rules{Loose: true}, err
	}
	list, err := input.JSONList(body)
	return list, input.Rules{}, err
}

// bulkCreate stores a list of jobs, all or none.
func (a *API) bulkCreate(r *http.Request) (any, error) {
	return a.createAll(r, input.Flat, "success", "error\n")
}

// treeCreate stores trees of jobs, all or none.
func (a *API) treeCreate(r *http.Request) (any, error) {
	return a.createAll(r, input.Trees, "", "")
}

// builder makes drafts of a list.
type builder func([]input.Object, input.Rules, func(string) int) ([]transfer.Draft, *input.Refusal)

// createAll stores a list; before stands before the lines of what is wrong.
func (a *API) createAll(r *http.Request, build builder, success, before string) (any, error) {
	list, rules, err := listOf(r)
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) {
			return nil, err
		}
		return edge.Result{Status: http.StatusBadRequest, Value: before + err.Error()}, nil
	}
	drafts, wrong := build(list, rules, a.Flows.PriorityOf)
	if wrong != nil {
		return edge.Result{Status: http.StatusBadRequest, Value: before + wrong.Problems.Lines()}, nil
	}
	if _, err := a.Jobs.Create(r.Context(), drafts); err != nil {
		return nil, err
	}
	a.wake(r.Context())
	return success, nil
}

// wake starts the worker for jobs that are stored. A start that fails loses none of them:
// the worker looks by its own clock as well.
func (a *API) wake(ctx context.Context) {
	if err := a.Worker.Start(ctx); err != nil {
		a.Log.WarnContext(ctx, "the transfer worker could not be started and finds the jobs by its clock", "error", err)
	}
}

// retryFailed gives failed jobs another run.
func (a *API) retryFailed(r *http.Request) (any, error) {
	n, err := a.Jobs.RetryFailed(r.Context(), a.RunLimit)
	if err != nil {
		return nil, err
	}
	a.Log.InfoContext(r.Context(), "failed transfer jobs are tried again", "jobs", n)
	a.wake(r.Context())
	return "", nil
}
