package transfers

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/input"
)

// missing is the answer to the number of a job that never was.
type missing struct {
	XMLName xml.Name `json:"-" xml:"job_result"`
	ID      int64    `json:"job_id" xml:"job_id"`
	Code    int      `json:"error_code" xml:"error_code"`
	Text    string   `json:"error_text" xml:"error_text"`
	Detail  []string `json:"error_detail" xml:"error_detail>message"`
}

// info answers with a job, those in the archive included.
func (a *API) info(r *http.Request) (any, error) {
	refuse := func(status int, why string) (any, error) {
		return edge.Result{Status: status, Value: missing{Code: int(input.DataError), Text: input.DataError.String(), Detail: []string{why}}}, nil
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		return refuse(http.StatusBadRequest, "The number of a job is a whole number from 1.")
	}
	j, err := a.Jobs.Job(r.Context(), id)
	if errors.Is(err, transfer.ErrNoJob) {
		return refuse(http.StatusNotFound, transfer.ErrNoJob.Message)
	}
	return j, err
}

// errManyLists says that others read the list.
var errManyLists = fault.New(fault.Throttled, "many-lists", "others are reading the list of jobs: try again").WithAfter(5 * time.Second)

// list answers with all jobs, as they are read. An error after the first of them breaks
// the answer off, so that no reader takes it for whole.
func (a *API) list(*http.Request) (any, error) {
	select {
	case a.lists <- struct{}{}:
	default:
		return nil, errManyLists
	}
	return edge.Stream(func(w http.ResponseWriter, r *http.Request) {
		defer func() { <-a.lists }()
		out := &listing{w: w, xml: asXML(r)}
		if r.Method == http.MethodHead {
			out.begin()
			return
		}
		err := a.Jobs.Each(r.Context(), out.add)
		if err == nil {
			err = out.end()
		}
		if err == nil {
			return
		}
		a.Log.WarnContext(r.Context(), "the list of transfer jobs broke off", "error", err)
		if !out.begun {
			edge.HandleAny(a.Log, func(*http.Request) (any, error) { return nil, err }, r.Method).ServeHTTP(w, r)
			return
		}
		panic(http.ErrAbortHandler)
	}), nil
}

// listing writes jobs one by one.
type listing struct {
	w     http.ResponseWriter
	xml   bool
	begun bool
}

// begin writes what stands before the jobs.
func (l *listing) begin() {
	l.begun = true
	l.w.Header().Set("X-Content-Type-Options", "nosniff")
	if l.xml {
		l.w.Header().Set("Content-Type", "application/xml; charset=utf-8")
		_, _ = io.WriteString(l.w, xml.Header+"<sosync_jobs>\n")
		return
	}
	l.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(l.w, "[")
}

// add writes one job.
func (l *listing) add(j transfer.Job) error {
	first := !l.begun
	if first {
		l.begin()
	}
	text, err := json.Marshal(j)
	if l.xml {
		text, err = xml.Marshal(j)
	}
	if err != nil {
		return err
	}
	if !first && !l.xml {
		text = append([]byte(",\n"), text...)
	}
	_, err = l.w.Write(text)
	return err
}

// end writes what stands behind the jobs.
func (l *listing) end() error {
	if !l.begun {
		l.begin()
	}
	text := "]\n"
	if l.xml {
		text = "\n</sosync_jobs>\n"
	}
	_, err := io.WriteString(l.w, text)
	return err
}
