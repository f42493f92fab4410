package report

import (
	"fmt"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

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
	Zone      Zone      `json:"zone"`
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

// Check refuses properties that cannot be meant, in a sentence that names the property.
func (e Edit) Check() error {
	switch {
	case e.Offset < -MaxOffset || e.Offset > MaxOffset:
		return fault.New(fault.Invalid, "bad-offset", "offset is %d days: want a number from -%d to %d", e.Offset, MaxOffset, MaxOffset).WithParam("offset")
	case e.RepeatAfter < 0 || e.RepeatAfter > MaxRepeat:
		return fault.New(fault.Invalid, "bad-repeat", "repeat after N days is %d: want a number from 0 (never) to %d", e.RepeatAfter, MaxRepeat).WithParam("repeatAfterDays")
	}
	return nil
}

// Bounds of what people may write.
const (
	MaxOffset = 3650 // days, in either direction
	MaxRepeat = 3650 // days
	MaxName   = 48   // letters of a type's name
)

// Changes says what an edit changed, old and new, for the log.
func (e Edit) Changes(before Edit) string {
	var list []string
	for _, one := range []struct {
		name     string
		old, now any
	}{
		{"Status active", before.Active, e.Active}, {"Real-time", before.RealTime, e.RealTime}, {"Offset", before.Offset, e.Offset},
		{"Notify On Fail", before.NotifyOnFail, e.NotifyOnFail}, {"Repeat after N days", before.RepeatAfter, e.RepeatAfter},
	} {
		if one.old != one.now {
			list = append(list, fmt.Sprintf("%s %v -> %v", one.name, one.old, one.now))
		}
	}
	return strings.Join(list, ", ")
}
