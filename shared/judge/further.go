package judge

import (
	"context"
	"strings"
)

// Further is a finding that a wing other than sync brings. Finding.Wing is the wing's
// name, Finding.Entity the subject within the wing, such as a report type's name.
type Further struct {
	Finding
	// Title, unless empty, makes the finding an alert: its title. Text is the alert's
	// body. Alerts leave our systems, so both hold our own words, names and numbers alone.
	Title, Text string
	// Subject says about what exactly the alert is, such as a row's id; see alert.Alert.
	Subject int64
}

// Looker reads the findings of one wing. An error means that the wing could not be
// read: nothing is known about it then.
type Looker struct {
	Wing string
	Look func(ctx context.Context) ([]Further, error)
}

// WingUnread is the kind of the finding that a wing could not be read.
const WingUnread Kind = "wing-unread"

// Read reads the findings of wings and the names of the wings that could be read. A
// wing that could not be read is a finding itself.
func Read(ctx context.Context, wings []Looker) (found []Further, read []string) {
	for _, w := range wings {
		list, err := w.Look(ctx)
		if err != nil {
			found = append(found, Further{Finding: Finding{
				Wing: w.Wing, Kind: WingUnread, Problem: OneLine(w.Wing + " could not be read: " + err.Error()),
				Do: "see whether the database answers and our tables are up to date: returnsync doctor",
			}})
			continue
		}
		read = append(read, w.Wing)
		for _, f := range list {
			f.Wing = w.Wing
			found = append(found, f)
		}
	}
	return found, read
}

// Cause is the name of a wing's finding among the causes of alerts: reports/report-failed.
func (f Finding) Cause() string { return f.Wing + "/" + string(f.Kind) }

// WingOf returns the wing of such a name, empty for a cause of the sync wing.
func WingOf(cause string) string {
	wing, _, ok := strings.Cut(cause, "/")
	if !ok {
		return ""
	}
	return wing
}
