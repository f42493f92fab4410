package entity

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"sort"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/strictyaml"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

//go:embed returns
var embedded embed.FS

// file is entity.yaml as written.
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
	RootType    rootTypes         `yaml:"rootType"`
	SecretIDs   bool              `yaml:"secretIds"`
	Types       map[string]string `yaml:"types"`
	Follow      map[string]string `yaml:"follow"`
}

// Load returns the embedded definitions and those of dir, by name; a definition in dir
// replaces an embedded one of the same name. An empty dir adds nothing. The error names
// the file, the line where there is one, and the problem.
func Load(dir string) ([]Definition, error) {
	byName := map[string]Definition{}
	sources := []source{{fsys: embedded, label: "embedded"}}
	if dir != "" {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, fmt.Errorf("entity definitions: %w", err)
		}
		defer func() { _ = root.Close() }()
		sources = append(sources, source{fsys: root.FS(), label: dir, root: root})
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
			if strings.EqualFold(a.JobType, b.JobType) { // as the table of claims compares them
				problems = append(problems, fmt.Errorf("%s and %s: both have jobType %s, so they would take each other's claim", a.Source, b.Source, a.JobType))
			}
			if a.Index == b.Index {
				problems = append(problems, fmt.Errorf("%s and %s: both write index %s", a.Source, b.Source, a.Index))
			}
		}
	}
	return errors.Join(append(problems, distinctReplicas(list))...)
}

// derived is the form of the suffixes with which rebuilt indices (package target) and
// sorted replicas (package search) are named.
var derived = regexp.MustCompile(`^(_r[0-9]+|(_r[0-9]+)?_.+_(asc|desc))$`)

// distinctReplicas refuses a replica that is an index of any definition or a replica of
// another: the index service would overwrite one with the other's records, which belong
// to another entity and perhaps another tenant.
func distinctReplicas(list []Definition) error {
	index, replica := map[string]Definition{}, map[string]Definition{}
	var problems []error
	for _, d := range list {
		index[d.Index] = d
		for _, other := range list {
			if suffix, ok := strings.CutPrefix(d.Index, other.Index); ok && derived.MatchString(suffix) {
				problems = append(problems, fmt.Errorf("%s and %s: %s is the name that a rebuilt index or a sorted replica of index %s gets: give it another",
					other.Source, d.Source, d.Index, other.Index))
			}
		}
	}
	for _, d := range list {
		names, err := replicasOf(d.Settings)
		problems = append(problems, err)
		for _, name := range names {
			if other, ok := index[name]; ok {
				problems = append(problems, fmt.Errorf("%s and %s: %s is the index of the one and a replica of the other: give one of them another name", other.Source, d.Source, name))
			}
			if other, ok := replica[name]; ok {
				problems = append(problems, fmt.Errorf("%s and %s: both have the replica %s", other.Source, d.Source, name))
			}
			replica[name] = d
		}
	}
	return errors.Join(problems...)
}

// replicasOf returns the names of the replicas in an index's settings, virtual
// ones included; nil settings have none.
func replicasOf(settings []byte) ([]string, error) {
	if settings == nil {
		return nil, nil
	}
	var written struct {
		Replicas []string `json:"replicas"`
	}
	if err := json.Unmarshal(settings, &written); err != nil {
		return nil, fmt.Errorf("replicas: want a list of names")
	}
	for i, name := range written.Replicas {
		name = strings.TrimSpace(name)
		if inner, ok := strings.CutPrefix(name, "virtual("); ok {
			name = strings.TrimSpace(strings.TrimSuffix(inner, ")"))
		}
		if !indexForm.MatchString(name) {
			return nil, fmt.Errorf("replicas: %q is no name of an index: use letters, digits, _, . and -", name)
		}
		written.Replicas[i] = name
	}
	return written.Replicas, nil
}

// source is a folder of definitions.
type source struct {
	fsys  fs.FS
	label string
	root  *os.Root // nil for files that are not on a disk
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
		if s.absent(path.Join(e.Name(), "entity.yaml")) {
			continue
		}
		d, err := s.folder(e.Name())
		if err != nil {
			problems = append(problems, err)
			continue
		}
		defs = append(defs, d)
	}
	return defs, errors.Join(problems...)
}

// folder reads the definition in a folder. On a disk the folder is a root of its own, so
// that no link leads out of the folder.
func (s source) folder(name string) (d Definition, err error) {
	at := path.Join(s.label, name)
	own := source{label: at}
	if s.root == nil {
		own.fsys, err = fs.Sub(s.fsys, name)
	} else if own.root, err = s.root.OpenRoot(name); err == nil {
		defer func() { _ = own.root.Close() }()
		own.fsys = own.root.FS()
	}
	if err != nil {
		return d, fmt.Errorf("%s: %w", at, err)
	}
	return own.read()
}

// absent reports that no file has the name. A dangling link exists: its target is
// missing.
func (s source) absent(name string) bool {
	_, err := fs.Lstat(s.fsys, name)
	return errors.Is(err, fs.ErrNotExist)
}

// maxFile is the largest size of a definition's file. The largest of returns has 7 KB.
const maxFile = 256 << 10

// text reads one file of a definition: a regular file of limited size in the
// definition's folder. The errors name the file, and never quote its content.
func (s source) text(name string) ([]byte, error) {
	at := path.Join(s.label, name)
	// Checked before opening: opening a pipe would wait for its writer.
	info, err := fs.Stat(s.fsys, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file: put the definition's files into its folder", at)
	}
	f, err := s.fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes: a definition's file is smaller", at, maxFile)
	}
	return text, nil
}

// read reads the definition whose files the source holds.
func (s source) read() (Definition, error) {
	at := func(name string) string { return path.Join(s.label, name) }
	text, err := s.text("entity.yaml")
	if err != nil {
		return Definition{}, err
	}
	var f file
	if err := strictyaml.Decode(text, &f); err != nil {
		return Definition{}, fmt.Errorf("%s: %w", at("entity.yaml"), inYAML(err))
	}
	d, err := f.definition()
	if err != nil {
		return Definition{}, fmt.Errorf("%s: %w", at("entity.yaml"), err)
	}
	d.Source = s.label
	if d.Changed, err = s.query("changed.sql", "from", "to"); err != nil {
		return Definition{}, err
	}
	if d.Rows, err = s.query("rows.sql", "ids"); err != nil {
		return Definition{}, err
	}
	within := []string{"after", "upto"}
	if d.Keyed() {
		within = nil // keys have no order that our numbers follow
	}
	if d.Roots, err = s.optionalQuery("roots.sql", within...); err != nil {
		return Definition{}, err
	}
	if d.plain, err = s.settings(); err != nil || d.plain == nil {
		return d, err
	}
	if d.plain, err = withNumberFacets(d.plain); err != nil {
		return d, fmt.Errorf("%s: %w", at("settings.json"), err)
	}
	if d.Settings, err = settingsIn(d.Format, d.plain); err != nil {
		return d, fmt.Errorf("%s: %w", at("settings.json"), err)
	}
	return d, nil
}

// query reads one SQL file.
func (s source) query(name string, params ...string) (Query, error) {
	text, err := s.text(name)
	if err != nil {
		return Query{}, err
	}
	q, err := ParseQuery(string(text), params...)
	if err != nil {
		return Query{}, fmt.Errorf("%s: %w", path.Join(s.label, name), err)
	}
	return q, nil
}

// optionalQuery reads an SQL file that may be absent.
func (s source) optionalQuery(name string, params ...string) (Query, error) {
	if s.absent(name) {
		return Query{}, nil
	}
	return s.query(name, params...)
}

// settings reads settings.json, which may be absent.
func (s source) settings() ([]byte, error) {
	if s.absent("settings.json") {
		return nil, nil
	}
	text, err := s.text("settings.json")
	if err != nil {
		return nil, err
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, fmt.Errorf("%s: %w", path.Join(s.label, "settings.json"), err)
	}
	if err := CheckSettings(text); err != nil {
		return nil, fmt.Errorf("%s: %w", path.Join(s.label, "settings.json"), err)
	}
	if _, err := replicasOf(text); err != nil {
		return nil, fmt.Errorf("%s: %w", path.Join(s.label, "settings.json"), err)
	}
	return text, nil
}

// The forms of names. An index name must be plain, because paths contain it.
var (
	nameForm  = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,47}$`)
	jobForm   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)
	indexForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)
)

// definition checks the values of entity.yaml and fills in the defaults.
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
	case d.PageSize < 1 || d.PageSize > MaxPageSize:
		return d, fmt.Errorf("pageSize %d: want 1 to %d roots", d.PageSize, MaxPageSize)
	case d.RecordLimit < 100 || d.RecordLimit > maxRecordLimit:
		return d, fmt.Errorf("recordLimit %d: want 100 to %d bytes", d.RecordLimit, maxRecordLimit)
	}
	return d, errors.Join(f.rest(&d), f.follow(&d))
}

// rest reads the values that need parsing.
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
	if d.Key, err = f.RootType.parse(); err != nil {
		return err
	}
	if d.Keyed() && d.RootField != "" {
		return fmt.Errorf("rootField %q: it holds a root that is a number, and rootType says that roots are none: remove one of the two", d.RootField)
	}
	for field, kind := range f.Types {
		if d.Types[field], err = record.ParseKind(kind); err != nil {
			return fmt.Errorf("types: %s: %w", field, err)
		}
	}
	return nil
}

// followedForm is the form of a followed table's name.
var followedForm = regexp.MustCompile(`^([^.` + "`" + `\s]{1,64}\.)?[^.` + "`" + `\s]{1,64}$`)

// follow reads the tables that are followed, in the order of their names.
func (f file) follow(d *Definition) error {
	if len(f.Follow) > 0 && d.Keyed() {
		return fmt.Errorf("follow: roots must be numbers, and rootType says that they are none: remove one of the two")
	}
	for table, column := range f.Follow {
		if !followedForm.MatchString(table) || strings.TrimSpace(column) == "" {
			return fmt.Errorf("follow: %q: %q: want a table, or database.table, and its column with the root's id, such as order_item: order_id", table, column)
		}
		d.Follow = append(d.Follow, Followed{Table: table, Column: strings.TrimSpace(column)})
	}
	sort.Slice(d.Follow, func(i, j int) bool { return d.Follow[i].Table < d.Follow[j].Table })
	return nil
}

// orDefault returns v, or the default for an absent value.
func orDefault(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}
