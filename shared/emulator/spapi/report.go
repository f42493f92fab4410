package spapi

import (
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
)

// The states of a report.
const (
	inQueue     = "IN_QUEUE"
	inProgress  = "IN_PROGRESS"
	isDone      = "DONE"
	isCancelled = "CANCELLED"
	isFatal     = "FATAL"
)

// report is a report that was ordered.
type report struct {
	id       string
	document string // its document's id, shown once there is one
	order    Order
	created  time.Time
	end      mishap.Kind // cancelled, fatal or stuck; empty: DONE
	withdrawn,
	fetched bool // cancelled by a call; its document was read
}

// state returns the state at a time, with the times of its processing; zero where
// there is none yet.
func (s *Server) state(r *report, now time.Time) (status string, began, ended time.Time) {
	began = r.created.Add(s.options.Queue)
	ended = began.Add(s.options.Work)
	switch {
	case r.withdrawn:
		return isCancelled, time.Time{}, time.Time{}
	case now.Before(began):
		return inQueue, time.Time{}, time.Time{}
	case now.Before(ended) || r.end == stuck:
		return inProgress, began, time.Time{}
	case r.end == cancelled:
		return isCancelled, began, ended
	case r.end == fatal:
		return isFatal, began, ended
	}
	return isDone, began, ended
}

// shown is a report as the API answers it.
type shown struct {
	MarketplaceIDs      []string `json:"marketplaceIds,omitempty"`
	ReportID            string   `json:"reportId"`
	ReportType          string   `json:"reportType"`
	DataStartTime       string   `json:"dataStartTime,omitempty"`
	DataEndTime         string   `json:"dataEndTime,omitempty"`
	CreatedTime         string   `json:"createdTime"`
	ProcessingStatus    string   `json:"processingStatus"`
	ProcessingStartTime string   `json:"processingStartTime,omitempty"`
	ProcessingEndTime   string   `json:"processingEndTime,omitempty"`
	ReportDocumentID    string   `json:"reportDocumentId,omitempty"`
}

// show returns a report as it is now. The caller holds the lock.
func (s *Server) show(r *report) shown {
	status, began, ended := s.state(r, s.options.Now())
	out := shown{
		MarketplaceIDs: r.order.MarketplaceIDs, ReportID: r.id, ReportType: r.order.ReportType,
		DataStartTime: stamp(r.order.DataStartTime), DataEndTime: stamp(r.order.DataEndTime),
		CreatedTime: stamp(r.created), ProcessingStatus: status,
		ProcessingStartTime: stamp(began), ProcessingEndTime: stamp(ended),
	}
	if status == isDone || status == isFatal {
		out.ReportDocumentID = r.document
	}
	return out
}

// stamp is a time as the API writes it; empty for the zero time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
