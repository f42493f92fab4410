package mssql

import (
	_ "embed" // the models
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/strictyaml"
)

// Model is a table, or a view with rights to write, as the synchronisation sees it.
type Model struct {
	Name    string   `yaml:"model"` // schema and table, such as dbo.Person
	Key     string   `yaml:"key"`
	Plain   bool     `yaml:"plain"` // without the columns of the synchronisation: read alone
	Columns []Column `yaml:"columns"`
	// SQL are statements in place of those that are made of the columns; a call of a
	// procedure is one. They take the same arguments and answer with the same columns.
	SQL SQL `yaml:"sql"`
}

// SQL are the statements of a model; those that are empty are made of its columns.
type SQL struct {
	Read string `yaml:"read"` // @id
	Find string `yaml:"find"` // @foreign
	// Unlinked reads records without a foreign id by their keys: @after, @most.
	Unlinked string `yaml:"unlinked"`
	Create   string `yaml:"create"` // @foreign, @date, @version and the columns that are written
	Update   string `yaml:"update"` // those of create, @id and @if
	Mark     string `yaml:"mark"`   // @id, @foreign, @date, @version, @if
	Delete   string `yaml:"delete"` // @id, @if
	Merge    string `yaml:"merge"`  // @id, @into, @if; empty deletes
}

// Column is a column of a model, beside its key and those of the synchronisation.
type Column struct {
	Name     string `yaml:"name"`
	Type     string `yaml:"type"` // as declared, such as nvarchar(255)
	ReadOnly bool   `yaml:"readonly"`
	kind     kind
	most     int // characters or bytes; 0 for no bound
}

//go:embed models.yaml
var shipped []byte

// Shipped returns the models that come with the program.
func Shipped() ([]Model, error) { return ParseModels(shipped) }

// ParseModels reads a YAML list of models, makes their statements, and returns every
// mistake at once.
func ParseModels(text []byte) ([]Model, error) {
	var list []Model
	if err := strictyaml.Decode(text, &list); err != nil {
		return nil, fault.Wrap(err, fault.Misconfigured, "studio-models", "the models of the studio cannot be read")
	}
	var problems []error
	seen := map[string]bool{}
	for i := range list {
		m := &list[i]
		for _, p := range m.fill() {
			problems = append(problems, fmt.Errorf("model %d (%s): %s", i+1, m.Name, p))
		}
		if key := strings.ToLower(m.Name); seen[key] {
			problems = append(problems, fmt.Errorf("model %d: %s is there twice", i+1, m.Name))
		} else {
			seen[key] = true
		}
	}
	err := errors.Join(problems...)
	return list, fault.Wrap(err, fault.Misconfigured, "studio-models", "the models of the studio are wrong")
}

// The forms of names. What stands in brackets in a statement has no bracket.
var (
	modelName  = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*\.[\p{L}_][\p{L}\p{N}_]*$`)
	columnName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*$`)
)

// reserved are arguments of statements, which no column may be called.
var reserved = []string{"id", "into", "foreign", "date", "version", "if", "after", "most", "changed", "found"}

// fill reads the types, makes the statements, and lists what is wrong.
func (m *Model) fill() (problems []string) {
	if !modelName.MatchString(m.Name) {
		problems = append(problems, "model is a schema and a table, such as dbo.Person")
	}
	if !columnName.MatchString(m.Key) {
		problems = append(problems, "key is the name of a column")
	}
	seen := map[string]bool{strings.ToLower(m.Key): true}
	for _, c := range own {
		seen[strings.ToLower(c)] = true
	}
	for i := range m.Columns {
		c := &m.Columns[i]
		name := strings.ToLower(c.Name)
		if !columnName.MatchString(c.Name) || slices.Contains(reserved, name) || seen[name] {
			problems = append(problems, fmt.Sprintf("%q is no name of a column, is one of the synchronisation's, or is there twice", c.Name))
		}
		seen[name] = true
		var ok bool
		if c.kind, c.most, ok = parseType(c.Type); !ok {
			problems = append(problems, fmt.Sprintf("the column %s has the unknown type %q", c.Name, c.Type))
		}
	}
	if len(problems) == 0 {
		m.statements()
	}
	return problems
}

// column returns a column by its name.
func (m *Model) column(name string) (Column, bool) {
	i := slices.IndexFunc(m.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return m.Columns[i], true
}

// written returns the columns that are written.
func (m *Model) written() (list []Column) {
	for _, c := range m.Columns {
		if !c.ReadOnly {
			list = append(list, c)
		}
	}
	return list
}
