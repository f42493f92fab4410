package report

import (
	"fmt"
	"strings"
)

// Act is a change of the operator's fields by a person.
type Act struct {
	UncheckFail      bool
	ClearLastUpdated bool
}

// Retry is both changes at once: the report runs at its type's next scheduled time,
// whatever the scenario.
var Retry = Act{UncheckFail: true, ClearLastUpdated: true}

// String says the act for the log.
func (a Act) String() string {
	var list []string
	if a.ClearLastUpdated {
		list = append(list, "Last Updated was cleared")
	}
	if a.UncheckFail {
		list = append(list, "Fail was unchecked")
	}
	return strings.Join(list, ", ")
}

// Operate returns the report after an act: the verbs retry and keep of the package's
// diagram. Of scenario C the earlier payload counts, so Last Updated stays. A report
// that is under way or done stays as it is.
func (r Report) Operate(a Act) Report {
	if r.State != Failed {
		return r
	}
	repeat := r.DocumentID != ""
	if a.ClearLastUpdated && !repeat {
		r.LastUpdated = nil
	}
	if a.UncheckFail {
		r.Fail = false
	}
	switch {
	case r.Fail:
	case repeat:
		r.State = Done
	case r.LastUpdated == nil:
		r.State = Due
	}
	return r
}

// Follows says what follows from the operator's fields, in a sentence.
func (r Report) Follows() string {
	switch {
	case r.Fail:
		return "it stays failed until Fail is unchecked"
	case r.State == Due:
		return "it runs at the next scheduled time"
	case r.State == Done && r.UpdateRepeated == nil:
		return "the earlier data stays, and its repeat runs at the next scheduled time"
	case r.State == Done:
		return "the earlier data stays"
	}
	return "it stays untouched until Last Updated is cleared"
}

// Rows says a number of rows.
func Rows(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}
