package spapi

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// createReport orders a report.
func (s *Server) createReport(w http.ResponseWriter, r *http.Request) {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "Content-Type must be application/json")
		return
	}
	var order Order
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&order); err != nil {
		refuse(w, http.StatusBadRequest, "The body cannot be read: "+err.Error())
		return
	}
	if reason := s.objection(order); reason != "" {
		refuse(w, http.StatusBadRequest, reason)
		return
	}
	if !s.take(order.ReportType) {
		refuse(w, http.StatusTooManyRequests, "You exceeded your quota for the requested resource.")
		return
	}
	created := &report{id: s.nextID(""), document: s.nextID("amzn1.spdoc.1.4.na."), order: order, created: s.options.Now()}
	if fault := s.faults.Strikes("createReport", order.ReportType, cancelled, fatal, stuck); fault != nil {
		created.end = fault.Kind
	}
	s.mu.Lock()
	s.reports[created.id], s.documents[created.document] = created, created
	s.order = append(s.order, created)
	s.mu.Unlock()
	write(w, http.StatusAccepted, map[string]string{"reportId": created.id})
}

// objection says what is wrong with an order; empty for a good one.
func (s *Server) objection(o Order) string {
	known := strings.HasPrefix(o.ReportType, "GET_")
	if len(s.options.ReportTypes) > 0 {
		known = slices.Contains(s.options.ReportTypes, o.ReportType)
	}
	switch now := s.options.Now(); {
	case o.ReportType == "":
		return "Missing required 'reportType'"
	case !known:
		return "Report type " + o.ReportType + " is not allowed"
	case len(o.MarketplaceIDs) == 0 || len(o.MarketplaceIDs) > 25:
		return "marketplaceIds must have 1 to 25 entries"
	case o.DataStartTime.After(now) || o.DataEndTime.After(now):
		return "dataStartTime and dataEndTime must not be in the future"
	case !o.DataEndTime.IsZero() && o.DataEndTime.Before(o.DataStartTime):
		return "dataEndTime must not be before dataStartTime"
	}
	return ""
}

// getReport answers one report.
func (s *Server) getReport(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	found := s.reports[r.PathValue("id")]
	var answer shown
	if found != nil {
		answer = s.show(found)
	}
	s.mu.Unlock()
	if found == nil {
		refuse(w, http.StatusNotFound, "There is no report with this reportId")
		return
	}
	write(w, http.StatusOK, answer)
}

// cancelReport cancels a report that is not processed yet.
func (s *Server) cancelReport(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	found, status := s.reports[r.PathValue("id")], ""
	if found != nil {
		if status, _, _ = s.state(found, s.options.Now()); status == inQueue {
			found.withdrawn = true
		}
	}
	s.mu.Unlock()
	switch {
	case found == nil:
		refuse(w, http.StatusNotFound, "There is no report with this reportId")
	case status != inQueue:
		refuse(w, http.StatusBadRequest, "Only a report IN_QUEUE can be cancelled, this one is "+status)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// keep is how far back reports are listed without createdSince.
const keep = 90 * 24 * time.Hour

// getReports lists reports, newest first.
func (s *Server) getReports(w http.ResponseWriter, r *http.Request) {
	query, start := r.URL.Query(), 0
	if token := query.Get("nextToken"); token != "" {
		text, err := base64.RawURLEncoding.DecodeString(token)
		first, rest, _ := strings.Cut(string(text), " ")
		if start, err = firstError(err, first); err != nil || len(query) > 1 {
			refuse(w, http.StatusBadRequest, "nextToken is not valid, or stands beside other parameters")
			return
		}
		query, _ = url.ParseQuery(rest)
	}
	filter, reason := readFilter(query, s.options.Now())
	if reason != "" {
		refuse(w, http.StatusBadRequest, reason)
		return
	}
	list := s.list(filter)
	start = min(start, len(list))
	end := min(start+filter.size, len(list))
	answer := map[string]any{"reports": list[start:end]}
	if end < len(list) {
		answer["nextToken"] = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end) + " " + query.Encode()))
	}
	write(w, http.StatusOK, answer)
}

// firstError returns the number that a text holds, or the earlier error.
func firstError(err error, text string) (int, error) {
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

// list returns the reports that a filter chooses, newest first.
func (s *Server) list(f filter) []shown {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []shown{}
	for _, one := range slices.Backward(s.order) {
		if report := s.show(one); f.takes(report, one.created) {
			list = append(list, report)
		}
	}
	return list
}
