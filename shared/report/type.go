package report

import "time"

// Type is a row of table report_type: the properties of a report type. People edit
// the Edit, in the SYNC base, the console or by the command line; the fields after it
// are the developer's, and a change by anybody else is put back from the Definition.
type Type struct {
	Name string `json:"name"`
	Edit
	// TypeID identifies the report at its source, such as an SP-API reportType.
	TypeID string `json:"reportTypeId"`
	// Datapoints says that the rows' numbers are also kept for forecasting.
	Datapoints bool `json:"addToDatapoints"`
	// Zone is that of the schedule that started the type last.
	Zone Zone `json:"zone"`
	// Message says why the row's edit is rejected; empty for a good one. The last
	// good properties stay in force.
	Message   string    `json:"message,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"` // when people last edited it
}

// Edit is the properties of a type that people change.
type Edit struct {
	Active bool `json:"active"`
	// RealTime says that the source knows the current state alone: reports have no
	// date, are never repeated, and never stand among the failed.
	RealTime bool `json:"realTime"`
	// Offset is added to today in the schedule's zone, in days; negative is the past.
	Offset       int  `json:"offset"`
	NotifyOnFail bool `json:"notifyOnFail"`
	// RepeatAfter is the number of days after which a report is fetched once more, in
	// place; 0 is never.
	RepeatAfter int `json:"repeatAfterDays"`
}

// Bounds of what people may write.
const (
	MaxOffset = 3650 // days, in either direction
	MaxRepeat = 3650 // days
	maxName   = 48
)
