// Package definition reads the definitions of report types that developers ship: one
// YAML file a type, in the folder REPORTS_DIR.
//
//	name: sales_report
//	reportTypeId: GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL
//	offset: -1              # people may change offset, repeatAfterDays, active, realTime and notifyOnFail later
//	repeatAfterDays: 21
//	datapoints: true
//	key: [amazon-order-id, sku]
//	columns: [purchase-date]
//	numbers: [quantity, item-price]
//	source:
//	  kind: spapi
//	  marketplaces: [ATVPDKIKX0DER]
//	destinations:
//	  - kind: mongodb
//	    collection: sales
//
// The settings behind kind belong to the source or destination, which reads them with
// Part.Decode. An error names the file, the line and what is wrong.
package definition

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"gitlab.com/eshopbox-team/return-sync/shared/report"
	"gitlab.com/eshopbox-team/return-sync/shared/strictyaml"
)

// Datapoints is the kind of the destination that a type with datapoints has besides
// those that it names.
const Datapoints = "datapoints"

// file is a definition as written.
type file struct {
	Name         string   `yaml:"name"`
	TypeID       string   `yaml:"reportTypeId"`
	Active       *bool    `yaml:"active"`
	RealTime     bool     `yaml:"realTime"`
	Offset       int      `yaml:"offset"`
	NotifyOnFail *bool    `yaml:"notifyOnFail"`
	RepeatAfter  int      `yaml:"repeatAfterDays"`
	Datapoints   bool     `yaml:"datapoints"`
	EmptyIsFine  bool     `yaml:"emptyIsFine"`
	Key          []string `yaml:"key"`
	Columns      []string `yaml:"columns"`
	Numbers      []string `yaml:"numbers"`
	Source       ast.Node `yaml:"source"`
	Destinations ast.Node `yaml:"destinations"`
}

// maxFile is the largest size of a file in bytes.
const maxFile = 64 << 10

// nameForm is the form of a type's name.
var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,47}$`)

// Load reads all definitions of a folder, by name. An empty dir has none.
func Load(dir string) ([]report.Definition, error) {
	if dir == "" {
		return nil, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("report definitions: %w", err)
	}
	defer func() { _ = root.Close() }()
	return LoadFS(root.FS(), dir)
}

// LoadFS reads the definitions of a file system; label names it in errors.
func LoadFS(files fs.FS, label string) ([]report.Definition, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	var list []report.Definition
	var problems []error
	for _, name := range names {
		d, err := read(files, name, path.Join(label, name))
		if err == nil && slices.ContainsFunc(list, func(o report.Definition) bool { return o.Name == d.Name }) {
			err = fmt.Errorf("%s: another file defines %s too", d.File, d.Name)
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b report.Definition) int { return strings.Compare(a.Name, b.Name) })
	return list, errors.Join(problems...)
}

// read reads one file.
func read(files fs.FS, name, label string) (report.Definition, error) {
	info, err := fs.Stat(files, name)
	if err != nil {
		return report.Definition{}, fmt.Errorf("%s: %w", label, err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return report.Definition{}, fmt.Errorf("%s: want a regular file of at most %d bytes", label, maxFile)
	}
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return report.Definition{}, fmt.Errorf("%s: %w", label, err)
	}
	return Parse(label, text)
}

// Parse reads a definition; label names it in errors.
func Parse(label string, text []byte) (report.Definition, error) {
	parsed, err := strictyaml.Parse(text)
	if err != nil {
		return report.Definition{}, wrong(label, err)
	}
	if len(parsed.Docs) != 1 || parsed.Docs[0].Body == nil {
		return report.Definition{}, fmt.Errorf("%s: want one YAML document", label)
	}
	var f file
	if err := decode(label, parsed.Docs[0].Body, &f); err != nil {
		return report.Definition{}, err
	}
	d := report.Definition{
		File: label, Key: f.Key, Columns: f.Columns, Numbers: f.Numbers, EmptyIsFine: f.EmptyIsFine,
		Type: report.Type{
			Name: f.Name, TypeID: f.TypeID, Datapoints: f.Datapoints, Zone: report.DefaultZone,
			Edit: report.Edit{Active: orTrue(f.Active), RealTime: f.RealTime, Offset: f.Offset, NotifyOnFail: orTrue(f.NotifyOnFail), RepeatAfter: f.RepeatAfter},
		},
	}
	if err := f.check(d); err != nil {
		return d, fmt.Errorf("%s: %w", label, err)
	}
	if d.Source, err = part(label, "source", f.Source); err != nil {
		return d, err
	}
	if d.Sinks, err = sinks(label, f.Destinations); err != nil {
		return d, err
	}
	if d.Datapoints {
		d.Sinks = append(d.Sinks, report.Part{Kind: Datapoints, Decode: func(any) error { return nil }})
	}
	if len(d.Sinks) == 0 {
		return d, fmt.Errorf("%s: destinations: name at least one, or set datapoints: true", label)
	}
	return d, nil
}

// check refuses values that cannot be meant.
func (f file) check(d report.Definition) error {
	switch {
	case !nameForm.MatchString(f.Name):
		return fmt.Errorf("name %q: use at most %d small letters, digits, _ and -, beginning with a letter", f.Name, report.MaxName)
	case f.TypeID == "" || len(f.TypeID) > 190:
		return fmt.Errorf("reportTypeId: want 1 to 190 letters: the value that identifies the report at its source")
	case f.Source == nil:
		return errors.New("source is missing: name its kind, such as spapi")
	case f.Datapoints && len(f.Numbers) == 0:
		return errors.New("datapoints: true needs numbers: the fields to keep")
	}
	for _, list := range [][]string{f.Key, f.Columns, f.Numbers} {
		for i, name := range list {
			if name == "" || slices.Contains(list[:i], name) {
				return fmt.Errorf("key, columns and numbers: field %q is empty or stands twice", name)
			}
		}
	}
	return d.Check()
}

// sinks reads the list of destinations.
func sinks(label string, node ast.Node) ([]report.Part, error) {
	if node == nil {
		return nil, nil
	}
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return nil, at(label, node, "destinations: want a list, each with its kind")
	}
	var parts []report.Part
	for _, one := range list.Values {
		p, err := part(label, "destinations", one)
		if err != nil {
			return nil, err
		}
		if p.Kind == Datapoints {
			return nil, at(label, one, "destinations: datapoints is switched on by datapoints: true")
		}
		if slices.ContainsFunc(parts, func(o report.Part) bool { return o.Kind == p.Kind }) {
			return nil, at(label, one, "destinations: "+p.Kind+" stands twice")
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// part reads a source or a destination: its kind, and its settings for later.
func part(label, what string, node ast.Node) (report.Part, error) {
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		return report.Part{}, at(label, node, what+": want kind and settings")
	}
	settings := *mapping
	settings.Values = nil
	p := report.Part{}
	for _, v := range mapping.Values {
		if v.Key.String() != "kind" {
			settings.Values = append(settings.Values, v)
			continue
		}
		if err := decode(label, v.Value, &p.Kind); err != nil {
			return p, err
		}
	}
	if p.Kind == "" {
		return p, at(label, node, what+": kind is missing")
	}
	p.Decode = func(into any) error { return decode(label, &settings, into) }
	return p, nil
}

// decode reads a node strictly.
func decode(label string, node ast.Node, into any) error {
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) == 0 {
		return nil
	}
	if err := strictyaml.DecodeNode(node, into); err != nil {
		return wrong(label, err)
	}
	return nil
}

// wrong is an error of the library with file and line. The library's excerpt of the
// file is left out: it could hold a secret that somebody wrote into it.
func wrong(label string, err error) error {
	var placed yaml.Error
	if errors.As(err, &placed) && placed.GetToken() != nil {
		return fmt.Errorf("%s:%d: %s", label, placed.GetToken().Position.Line, placed.GetMessage())
	}
	return fmt.Errorf("%s: %s", label, yaml.FormatError(err, false, false))
}

// at is an error at a node.
func at(label string, node ast.Node, message string) error {
	if node == nil || node.GetToken() == nil {
		return fmt.Errorf("%s: %s", label, message)
	}
	return fmt.Errorf("%s:%d: %s", label, node.GetToken().Position.Line, message)
}

// orTrue is the value of a switch that is on unless it is written.
func orTrue(b *bool) bool { return b == nil || *b }
