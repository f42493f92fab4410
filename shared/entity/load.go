package entity

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"sort"
	"time"

	"github.com/goccy/go-yaml"

	"gitlab.com/eshopbox-team/return-sync/shared/record"
)

//go:embed returns
var embedded embed.FS

// file is entity.yaml as it is written.
type file struct {
	Name        string            `yaml:"name"`
	JobType     string            `yaml:"jobType"`
	Index       string            `yaml:"index"`
	Account     string            `yaml:"account"`
	PageSize    int               `yaml:"pageSize"`
	RecordLimit int               `yaml:"recordLimit"`
	Overlap     string            `yaml:"overlap"`
	FirstFrom   string            `yaml:"firstFrom"`
	Stamp       string            `yaml:"stamp"`
	Trust       bool              `yaml:"trustVersions"`
	RootField   string            `yaml:"rootField"`
	SecretIDs   bool              `yaml:"secretIds"`
	Types       map[string]string `yaml:"types"`
}

// Load returns the embedded definitions and those of dir, by name; a definition
// in dir replaces an embedded one of the same name. An empty dir adds nothing.
// The error names the file, the line where there is one, and what is wrong.
func Load(dir string) ([]Definition, error) {
	byName := map[string]Definition{}
	sources := []source{{fsys: embedded, label: "embedded"}}
	if dir != "" {
		sources = append(sources, source{fsys: os.DirFS(dir), label: dir})
	}
	var problems []error
	for _, s := range sources {
		defs, err := s.load()
		problems = append(problems, err)
		for _, d := range defs {
			byName[d.Name] = d
		}
	}
	list := make([]Definition, 0, len(byName))
	for _, d := range byName {
		list = append(list, d)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	problems = append(problems, distinct(list))
	return list, errors.Join(problems...)
}

// distinct refuses two definitions that would share a claim or an index.
func distinct(list []Definition) error {
	var problems []error
	for i, a := range list {
		for _, b := range list[:i] {
			if a.JobType == b.JobType {
				problems = append(problems, fmt.Errorf("%s and %s: both have jobType %s, so they would take each other's claim", a.Source, b.Source, a.JobType))
			}
			if a.Index == b.Index {
				problems = append(problems, fmt.Errorf("%s and %s: both write index %s", a.Source, b.Source, a.Index))
			}
		}
	}
	return errors.Join(problems...)
}

// source is a folder of definitions.
type source struct {
	fsys  fs.FS
	label string
}

// load reads every folder of the source that holds an entity.yaml.
func (s source) load() ([]Definition, error) {
	entries, err := fs.ReadDir(s.fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("entity definitions: %s: %w", s.label, err)
	}
	var defs []Definition
	var problems []error
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if _, err := fs.Stat(s.fsys, path.Join(e.Name(), "entity.yaml")); err != nil {
			continue
		}
		d, err := s.read(e.Name())
		if err != nil {
			problems = append(problems, err)
			continue
		}
		defs = append(defs, d)
	}
	return defs, errors.Join(problems...)
}

// read reads one definition.
func (s source) read(folder string) (Definition, error) {
	at := func(name string) string { return path.Join(s.label, folder, name) }
	text, err := fs.ReadFile(s.fsys, path.Join(folder, "entity.yaml"))
	if err != nil {
		return Definition{}, fmt.Errorf("%s: %w", at("entity.yaml"), err)
	}
	var f file
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&f); err != nil {
		return Definition{}, fmt.Errorf("%s: %s", at("entity.yaml"), yaml.FormatError(err, false, true))
	}
	d, err := f.definition()
	if err != nil {
		return Definition{}, fmt.Errorf("%s: %w", at("entity.yaml"), err)
	}
	d.Source = path.Join(s.label, folder)
	if d.Changed, err = s.query(folder, "changed.sql", "from", "to"); err != nil {
		return Definition{}, err
	}
	if d.Rows, err = s.query(folder, "rows.sql", "ids"); err != nil {
		return Definition{}, err
	}
	if d.Roots, err = s.optionalQuery(folder, "roots.sql", "after", "upto"); err != nil {
		return Definition{}, err
	}
	if d.plain, err = s.settings(folder); err != nil || d.plain == nil {
		return d, err
	}
	if d.Settings, err = settingsIn(d.Format, d.plain); err != nil {
		return d, fmt.Errorf("%s: %w", at("settings.json"), err)
	}
	return d, nil
}

// query reads one SQL file.
func (s source) query(folder, name string, params ...string) (Query, error) {
	at := path.Join(s.label, folder, name)
	text, err := fs.ReadFile(s.fsys, path.Join(folder, name))
	if err != nil {
		return Query{}, fmt.Errorf("%s: %w", at, err)
	}
	q, err := ParseQuery(string(text), params...)
	if err != nil {
		return Query{}, fmt.Errorf("%s: %w", at, err)
	}
	return q, nil
}

// optionalQuery reads an SQL file that may be absent.
func (s source) optionalQuery(folder, name string, params ...string) (Query, error) {
	if _, err := fs.Stat(s.fsys, path.Join(folder, name)); errors.Is(err, fs.ErrNotExist) {
		return Query{}, nil
	}
	return s.query(folder, name, params...)
}

// settings reads settings.json, which may be absent.
func (s source) settings(folder string) ([]byte, error) {
	at := path.Join(s.label, folder, "settings.json")
	text, err := fs.ReadFile(s.fsys, path.Join(folder, "settings.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	return text, nil
}

// The forms of names. An index name must be plain, because it stands in a path.
var (
	nameForm  = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,47}$`)
	jobForm   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)
	indexForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)
)

// definition checks the values of entity.yaml and fills in what is left out.
func (f file) definition() (Definition, error) {
	d := Definition{
		Name: f.Name, JobType: f.JobType, Index: f.Index, Account: f.Account, Stamp: f.Stamp, TrustVersions: f.Trust, RootField: f.RootField,
		SecretIDs: f.SecretIDs, Format: record.Format{Account: f.Account, AccountKey: f.Account != ""},
		PageSize: orDefault(f.PageSize, defaultPageSize), RecordLimit: orDefault(f.RecordLimit, defaultRecordLimit),
		Overlap: defaultOverlap, FirstFrom: time.Unix(0, 0).UTC(), Types: map[string]record.Kind{},
	}
	switch {
	case !nameForm.MatchString(d.Name):
		return d, fmt.Errorf("name %q: use small letters, digits, _ and -, beginning with a letter", d.Name)
	case !jobForm.MatchString(d.JobType):
		return d, fmt.Errorf("jobType %q: use letters, digits, _ and -, such as RETURN_JOB", d.JobType)
	case !indexForm.MatchString(d.Index):
		return d, fmt.Errorf("index %q: use letters, digits, _, . and -", d.Index)
	case d.PageSize < 1 || d.PageSize > maxPageSize:
		return d, fmt.Errorf("pageSize %d: want 1 to %d roots", d.PageSize, maxPageSize)
	case d.RecordLimit < 100 || d.RecordLimit > maxRecordLimit:
		return d, fmt.Errorf("recordLimit %d: want 100 to %d bytes", d.RecordLimit, maxRecordLimit)
	}
	return d, f.rest(&d)
}

// rest reads the values that have a form of their own.
func (f file) rest(d *Definition) (err error) {
	if f.Overlap != "" {
		if d.Overlap, err = time.ParseDuration(f.Overlap); err != nil || d.Overlap < minOverlap {
			return fmt.Errorf("overlap %q: want a duration of at least %v that exceeds the longest transaction, such as 30m", f.Overlap, minOverlap)
		}
	}
	if f.FirstFrom != "" {
		if d.FirstFrom, err = time.Parse(time.DateOnly, f.FirstFrom); err != nil {
			return fmt.Errorf("firstFrom %q: want a date such as 2024-01-31", f.FirstFrom)
		}
	}
	for field, kind := range f.Types {
		if d.Types[field], err = record.ParseKind(kind); err != nil {
			return fmt.Errorf("types: %s: %w", field, err)
		}
	}
	return nil
}

// orDefault returns v, or the default for one that was left out.
func orDefault(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}
