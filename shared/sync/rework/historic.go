package rework

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/window"
)

// Historic is the owners' request, typed by hand, to sync a range of history.
type Historic struct {
	JobType string
	Window  window.Window
}

// historicBody is the request as it is typed: flat, or as a text in data. Every
// value may be a text or a number.
type historicBody struct {
	Data       string `json:"data"`
	JobType    string `json:"jobType"`
	StartDate  string `json:"startDate"`
	EndDate    string `json:"endDate"`
	IsHistoric any    `json:"isHistoricSync"`
}

// historicLayout is how the owners write times. They carry no zone: they are in
// UTC, as the columns are.
const historicLayout = "2006-01-02 15:04:05"

// defaultJobType is whose history is meant where the body does not say.
const defaultJobType = "RETURN_JOB"

// ParseHistoric reads the request. The error is of kind fault.Invalid and says
// what to type instead.
func ParseHistoric(body []byte) (Historic, error) {
	var b historicBody
	if err := json.Unmarshal(body, &b); err != nil {
		return Historic{}, badHistoric("", "the body is no JSON object with texts: %v", err)
	}
	if b.Data != "" {
		inner := []byte(b.Data)
		b = historicBody{}
		if err := json.Unmarshal(inner, &b); err != nil {
			return Historic{}, badHistoric("data", "data holds no JSON object: %v", err)
		}
	}
	if word := strings.Trim(fmt.Sprint(b.IsHistoric), `"`); word != "1" && word != "true" {
		return Historic{}, badHistoric("isHistoricSync", "isHistoricSync is %s: a sync that is not historic is started by a tick", word)
	}
	h := Historic{JobType: b.JobType}
	if h.JobType == "" {
		h.JobType = defaultJobType
	}
	var err error
	if h.Window.From, err = time.Parse(historicLayout, b.StartDate); err != nil {
		return h, badHistoric("startDate", "startDate is %q", b.StartDate)
	}
	if h.Window.To, err = time.Parse(historicLayout, b.EndDate); err != nil {
		return h, badHistoric("endDate", "endDate is %q", b.EndDate)
	}
	if h.Window.Empty() {
		return h, badHistoric("endDate", "endDate %s is not after startDate %s", b.EndDate, b.StartDate)
	}
	return h, nil
}

// badHistoric returns the error of a request that cannot be read.
func badHistoric(param, format string, args ...any) error {
	const want = `: want {"data":"{\"startDate\":\"2021-10-25 22:52:00\",\"endDate\":\"2021-10-26 00:00:00\",\"isHistoricSync\":\"1\"}"}, times in UTC`
	return fault.New(fault.Invalid, "bad-historic-sync", "%s", fmt.Sprintf(format, args...)+want).WithParam(param)
}
