package index

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
)

// printSettings prints the reports.
func printSettings(s *cli.Session, reports []settingsReport, o settingsOptions) error {
	if o.json {
		return cli.JSON(s.Out, append([]settingsReport{}, reports...))
	}
	var b strings.Builder
	drifted := 0
	for _, r := range reports {
		if len(r.Indices) == 0 {
			_, _ = fmt.Fprintf(&b, "%s: the definition has no settings.json, so the settings of its index stay as they are\n", r.Entity)
		}
		for _, d := range r.Indices {
			if d.Drifted() {
				drifted++
			}
			printDrift(&b, r, d)
		}
	}
	b.WriteString(settingsVerdict(reports, drifted, o))
	_, err := io.WriteString(s.Out, b.String())
	return err
}

// settingsVerdict is the last line: the result and what to do.
func settingsVerdict(reports []settingsReport, drifted int, o settingsOptions) string {
	pushed := slices.ContainsFunc(reports, func(r settingsReport) bool { return r.Pushed })
	switch {
	case len(reports) == 0 || o.failed:
		return ""
	case drifted == 0:
		return "\nEverything is in step.\n"
	case pushed:
		return fmt.Sprintf("\nPushed to %s; compared again: everything is in step now.\n", indexCount(drifted))
	case o.dryRun:
		return fmt.Sprintf("\nNothing was changed. Without --dry-run this would change %s.\n", indexCount(drifted))
	}
	return fmt.Sprintf("\nDRIFT in %s. To correct it: returnsync settings push\n", indexCount(drifted))
}

// indexCount counts indices in words.
func indexCount(n int) string {
	if n == 1 {
		return "1 index"
	}
	return fmt.Sprintf("%d indices", n)
}

// printDrift prints one index.
func printDrift(w io.Writer, r settingsReport, d wire.IndexDrift) {
	state := fmt.Sprintf("in step, %d settings", d.Settings)
	switch {
	case d.Missing && r.Pushed:
		state = "was missing, made"
	case d.Missing:
		state = "missing: there is no such index"
	case d.Drifted() && r.Pushed:
		state = fmt.Sprintf("%d of %d settings pushed", d.Pushable(), d.Settings)
	case d.Drifted():
		state = fmt.Sprintf("%d of %d settings differ", d.Pushable(), d.Settings)
	}
	_, _ = fmt.Fprintf(w, "%s: %s: %s\n", r.Entity, cli.OneLine(d.Index), state)
	for _, one := range d.Differences {
		printDifference(w, one, d.Missing, r.Pushed)
	}
}

// printDifference prints one setting. A missing index has no value to compare with.
func printDifference(w io.Writer, d wire.SettingDifference, missing, pushed bool) {
	have := "have"
	if pushed && !d.LeftAlone {
		have = "had "
	}
	_, _ = fmt.Fprintf(w, "  %s\n", cli.OneLine(d.Setting))
	if !missing {
		_, _ = fmt.Fprintf(w, "    %s  %s\n", have, settingValue(d.Have, d.Default))
	}
	switch {
	case d.LeftAlone && d.Setting == "replicas":
		_, _ = fmt.Fprintln(w, "    left alone: not our replicas. A standard replica costs a copy of every record; unlink it in Algolia's dashboard if no search uses it")
	case d.LeftAlone:
		_, _ = fmt.Fprintln(w, "    left alone: the definition does not set it")
	default:
		_, _ = fmt.Fprintf(w, "    want  %s\n", settingValue(d.Want, nil))
		if !missing && !pushed {
			_, _ = fmt.Fprint(w, listDifference(d))
		}
	}
}

// settingValue prints a setting's value in one line.
func settingValue(raw, otherwise json.RawMessage) string {
	text := string(raw)
	if text == "null" || text == "" {
		text = "not set"
		if otherwise != nil {
			text += ", so " + string(otherwise)
		}
	}
	return cli.OneLine(text)
}

// listDifference names the entries in which two long lists differ.
func listDifference(d wire.SettingDifference) string {
	var have, want []string
	if json.Unmarshal(d.Have, &have) != nil || json.Unmarshal(d.Want, &want) != nil || len(have)+len(want) < 4 {
		return ""
	}
	out := ""
	for _, side := range []struct {
		label    string
		of, from []string
	}{{"missing", want, have}, {"extra", have, want}} {
		var only []string
		for _, entry := range side.of {
			if !slices.Contains(side.from, entry) {
				only = append(only, cli.OneLine(entry))
			}
		}
		if only != nil {
			out += fmt.Sprintf("    %s: %s\n", side.label, strings.Join(only, ", "))
		}
	}
	if out == "" {
		return "    the order differs\n"
	}
	return out
}
