package index

import (
	"cmp"
	"fmt"
	"io"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/verify"
)

// printReports writes comparisons for people.
func printReports(to io.Writer, reports []verify.Report) error {
	for i, r := range reports {
		if i > 0 {
			_, _ = fmt.Fprintln(to)
		}
		if err := printReport(to, r); err != nil {
			return err
		}
	}
	return nil
}

// printReport writes one comparison.
func printReport(to io.Writer, r verify.Report) error {
	compared := "source and ledger"
	if r.Deep {
		compared = "source, ledger and index"
	}
	if r.Clean() {
		_, _ = fmt.Fprintf(to, "%s: %s agree, as of %s UTC\n", r.Entity, compared, cli.Cell(r.AsOf))
	} else {
		_, _ = fmt.Fprintf(to, "%s: %d DIFFERENCES between %s, as of %s UTC\n", r.Entity, r.Total(), compared, cli.Cell(r.AsOf))
	}
	w := cli.Columns(to)
	_, _ = fmt.Fprintf(w, "  compared\t%d roots, %d records%s\n", r.Roots, r.Records, indexText(r))
	_, _ = fmt.Fprintf(w, "  pending\t%d roots that changed lately or are unconfirmed; not judged\n", r.Pending)
	if r.PendingIndex > 0 {
		_, _ = fmt.Fprintf(w, "  \t%d of their records differ in the index alone: repair --deep pushes them\n", r.PendingIndex)
	}
	_, _ = fmt.Fprintf(w, "  parked\t%d records that are kept out of the index\n", r.Parked)
	if r.Unsynced > 0 {
		_, _ = fmt.Fprintf(w, "  unsynced\t%d roots that last changed before the definition's firstFrom\n", r.Unsynced)
	}
	if r.Clean() {
		return w.Flush()
	}
	_, _ = fmt.Fprintf(w, "\n  \tMISSING\tDIFFERENT\tORPHANED\tUNREADABLE\n")
	for _, line := range []struct {
		where verify.Place
		t     verify.Tally
	}{{verify.InLedger, r.Ledger}, {verify.InIndex, r.Index}} {
		if line.where == verify.InLedger || r.Deep {
			_, _ = fmt.Fprintf(w, "  %s\t%d\t%d\t%d\t%d\n", line.where, line.t.Missing, line.t.Different, line.t.Orphaned, line.t.Unreadable)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return printDifferences(to, r)
}

// indexText says how much of the index was read.
func indexText(r verify.Report) string {
	if !r.Deep {
		return ""
	}
	text := fmt.Sprintf("; %d records of the index in %d slices", r.Indexed, r.Slices)
	if r.Descended > 0 { // a slice can differ by records that are not judged
		text += fmt.Sprintf(", of which %d were looked into", r.Descended)
	}
	return text
}

// printDifferences lists the differences that a report names.
func printDifferences(to io.Writer, r verify.Report) error {
	if len(r.Differences) > 0 {
		_, _ = fmt.Fprintln(to)
		err := cli.Table(to, "  ROOT\tRECORD\tDIFFERENCE\tIN\tACCOUNT", r.Differences, func(d verify.Difference) []any {
			return []any{cmp.Or(cli.OneLine(d.Key), rootText(d.Root)), d.ID, d.Kind, d.Where, d.Account}
		})
		if err != nil {
			return err
		}
	}
	if more := r.Total() - int64(len(r.Differences)); more > 0 {
		_, _ = fmt.Fprintf(to, "  and %d more: --limit names more of them\n", more)
	}
	return nil
}

// rootText prints a root; a question mark if it is not known.
func rootText(root uint64) string {
	if root == 0 {
		return "?"
	}
	return fmt.Sprint(root)
}
