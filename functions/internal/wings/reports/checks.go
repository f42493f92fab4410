package reports

import (
	"context"
	"fmt"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/doctor"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/report/definition"
	"gitlab.com/eshopbox-team/return-sync/shared/report/mongodb"
	"gitlab.com/eshopbox-team/return-sync/shared/report/spapi"
	"gitlab.com/eshopbox-team/return-sync/shared/report/store"
)

// checks are doctor's checks of the wing: the definitions, the SYNC base, and each
// service that a definition names.
func checks(ctx context.Context, o wire.Opening) ([]doctor.Check, error) {
	var c Config
	if err := wire.Configure(ctx, o.Lookup, &c); err != nil {
		return nil, err
	}
	list := []doctor.Check{{Name: "reports definitions", Run: func(ctx context.Context) []doctor.Finding {
		return checkDefinitions(ctx, o, c)
	}}, {Name: "reports SYNC base", Run: func(ctx context.Context) []doctor.Finding { return checkBase(ctx, o) }}}
	t, err := technologiesOf(ctx, o, &c)
	if err != nil { // the first check says what is wrong with the definitions
		return list, nil //nolint:nilerr // see above
	}
	if slices.ContainsFunc(t.definitions, func(d report.Definition) bool { return d.Source.Kind == spapi.Kind }) {
		list = append(list, doctor.Check{Name: "reports Amazon", Missing: unset(o, "SPAPI_CLIENT_ID", "SPAPI_CLIENT_SECRET", "SPAPI_REFRESH_TOKEN"),
			Run: func(ctx context.Context) []doctor.Finding {
				return examined("Login with Amazon gives a token", "", t.amazon.Examine(ctx))
			}})
	}
	for _, one := range []struct {
		kind, title string
		settings    []string
	}{{airtableKind, "Airtable", []string{"AIRTABLE_BASE", "AIRTABLE_TOKEN"}}, {mongodb.Kind, "MongoDB", []string{"MONGODB_URI"}}} {
		if parts := t.partsOf(one.kind); len(parts) > 0 {
			list = append(list, doctor.Check{Name: "reports " + one.title, Missing: unset(o, one.settings...), Run: func(ctx context.Context) []doctor.Finding {
				return t.examine(ctx, parts)
			}})
		}
	}
	return list, nil
}

// unset returns the settings that the environment lacks.
func unset(o wire.Opening, names ...string) []string {
	var missing []string
	for _, name := range names {
		if value, _ := o.Lookup.Lookup(name); value == "" {
			missing = append(missing, name)
		}
	}
	return missing
}

// destination is one of a definition's destinations.
type destination struct {
	report.Definition
	part report.Part
}

// partsOf returns the destinations of a kind.
func (t *technologies) partsOf(kind string) []destination {
	var list []destination
	for _, d := range t.definitions {
		for _, part := range d.Sinks {
			if part.Kind == kind {
				list = append(list, destination{d, part})
			}
		}
	}
	return list
}

// examiner is a destination that says what it lacks: a warning for what works and should
// be corrected.
type examiner interface {
	Examine(ctx context.Context) (warning string, err error)
}

// examine looks at each of some destinations.
func (t *technologies) examine(ctx context.Context, list []destination) []doctor.Finding {
	var found []doctor.Finding
	for _, d := range list {
		sink, err := t.sink(d.Definition, d.part)
		warning := ""
		if e, ok := sink.(examiner); ok && err == nil {
			warning, err = e.Examine(ctx)
		}
		found = append(found, examined("report type "+d.Name+": the destination "+d.part.Kind+" is ready", warning, err)...)
	}
	return found
}

// examined is the finding of one examination. What may pass by itself is a warning.
func examined(good, warning string, err error) []doctor.Finding {
	switch {
	case err != nil && fault.Retryable(err):
		return []doctor.Finding{{Severity: doctor.Warn, Message: err.Error(), Do: "try again; if it stays so, see the service's own status page"}}
	case err != nil:
		return []doctor.Finding{{Severity: doctor.Fail, Message: err.Error()}}
	case warning != "":
		return []doctor.Finding{{Severity: doctor.Warn, Message: warning}}
	}
	return []doctor.Finding{{Severity: doctor.OK, Message: good}}
}

// checkDefinitions reads every definition and compares them with the types' rows.
func checkDefinitions(ctx context.Context, o wire.Opening, c Config) []doctor.Finding {
	list, err := definition.Load(c.Dir)
	if err != nil {
		return []doctor.Finding{{Severity: doctor.Fail, Message: err.Error()}}
	}
	if len(list) == 0 {
		return []doctor.Finding{{Severity: doctor.Fail, Message: "REPORTS_DIR holds no definition of a report type"}}
	}
	return append(missingRows(ctx, o, list), doctor.Finding{Severity: doctor.OK, Message: fmt.Sprintf("%d report types are defined", len(list))})
}

// missingRows finds rows without a definition: their reports fail.
func missingRows(ctx context.Context, o wire.Opening, list []report.Definition) []doctor.Finding {
	types, err := store.New(o.Pool).Types.List(ctx)
	if err != nil {
		return []doctor.Finding{{Severity: doctor.Fail, Message: err.Error()}}
	}
	known := map[string]bool{}
	for _, d := range list {
		known[d.Name] = true
	}
	var found []doctor.Finding
	for _, t := range types {
		if t.Active && !known[t.Name] {
			found = append(found, doctor.Finding{Severity: doctor.Fail, Message: "report type " + t.Name + " has a row and no definition: set it inactive, or put its definition into REPORTS_DIR"})
		}
	}
	return found
}
