package entity

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/sync/record"
)

// DraftTable is a table as its schema describes it.
type DraftTable struct {
	Name    string
	Columns []DraftColumn
}

// DraftColumn is a column of a DraftTable.
type DraftColumn struct {
	Name     string
	Type     string // the data type in small letters, such as bigint
	Full     string // with its length, such as tinyint(1)
	Nullable bool
	Key      int  // its place in the primary key from 1, 0 outside
	Kept     bool // the database stamps it at every update
	JSON     bool // a text whose content a constraint checks as JSON
}

// DraftChild is a table with several rows a root; each becomes a record.
type DraftChild struct {
	DraftTable
	Column string // with the root's id
}

// The names that columns have by their meaning.
var (
	personalName = regexp.MustCompile(`(?i)e?mail|phone|mobile|fax|address|street|iban|bank|card|passw|pwd|token|secret|ssn|passport|birth|dob|taxvat|vat_?id|salary|session|(^|_)ip(_|$)|first_?name|last_?name|surname|middle_?name|full_?name`)
	stampName    = regexp.MustCompile(`(?i)^(updated_?at|modified_?at|changed_?at|updated|modified|changed|last_?modified|time_?modified|post_modified_gmt|update_time|mtime|ts|geaendert|booked|at)$`)
	facetName    = regexp.MustCompile(`(?i)status|state|type|kind|category|country|currency|language|brand|channel`)
	deletedName  = regexp.MustCompile(`(?i)^(is_?)?(deleted|removed|archived)(_?at)?$`)
	accountName  = regexp.MustCompile(`(?i)account|tenant|store|shop|company|merchant|client`)
)

// The kinds of types.
var (
	wholeTypes = []string{"tinyint", "smallint", "mediumint", "int", "bigint"}
	timeTypes  = []string{"datetime", "timestamp"}
	textTypes  = []string{"char", "varchar", "tinytext", "text", "mediumtext", "longtext"}
	rawTypes   = []string{"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
)

// Draft proposes the files of a definition over a table, with comments about what it left
// out and what a person has to decide; into is the folder of definitions. A table from which no definition can be made is an
// error that says why.
func Draft(t DraftTable, child *DraftChild, into string) (map[string]string, error) {
	d := draft{table: t, child: child, taken: map[string]bool{}}
	if err := d.judge(); err != nil {
		return nil, err
	}
	d.fields(t, "t", "")
	if child != nil {
		d.fields(child.DraftTable, "c", d.free(fieldOf(strings.ToLower(child.Name)))+".")
	}
	settings, err := json.MarshalIndent(d.settings(), "", "  ")
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"entity.yaml": d.yaml(into), "changed.sql": d.changed(), "rows.sql": d.rows(), "settings.json": string(settings) + "\n",
	}, nil
}

// draft is a proposal under way.
type draft struct {
	table        DraftTable
	child        *DraftChild
	roots        []DraftColumn // the columns of the root's id or key
	keys         []DraftColumn // of a record, behind the root
	childKeys    []DraftColumn
	stamp        DraftColumn
	childStamp   *DraftColumn
	selected     []string // lines of the select list
	left         []string // comments about columns that are left out
	types        []string // lines of entity.yaml
	searchable   []string
	facets       []string
	numbers      []string
	conditions   []string
	accountHints []string
	rootField    string
	taken        map[string]bool // fields
}

// judge finds the keys and the stamps.
func (d *draft) judge() error {
	keys := keysOf(d.table)
	switch {
	case len(keys) == 0:
		return fmt.Errorf("%s has no primary key: a definition needs a key that names its rows; for a view, name the table under it and select from the view in rows.sql", d.table.Name)
	case len(keys) > maxParts:
		return fmt.Errorf("%s: its primary key has %d columns: want at most %d", d.table.Name, len(keys), maxParts)
	}
	// Rows whose key is numbers belong together by the first, such as an order's lines.
	// Among texts the first is a tenant or a language as often, and too much for one root.
	d.roots = keys
	if !slices.ContainsFunc(keys, func(c DraftColumn) bool { return partOf(c) != Number }) {
		d.roots, d.keys = keys[:1], keys[1:]
	}
	if d.child != nil && len(d.roots) > 1 {
		return fmt.Errorf("%s: its key has %d columns, and --child names one of %s: write the definition by hand", d.table.Name, len(d.roots), d.child.Name)
	}
	var ok bool
	if d.stamp, ok = stampOf(d.table); !ok {
		return fmt.Errorf("%s has no column that says when a row changed: add one, such as updated_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), with an index", d.table.Name)
	}
	if d.child == nil {
		return nil
	}
	if !slices.ContainsFunc(d.child.Columns, func(c DraftColumn) bool { return c.Name == d.child.Column }) {
		return fmt.Errorf("%s has no column %s", d.child.Name, d.child.Column)
	}
	if d.childKeys = keysOf(d.child.DraftTable); len(d.childKeys) == 0 {
		return fmt.Errorf("%s has no primary key, so its records would have no ids", d.child.Name)
	}
	if s, ok := stampOf(d.child.DraftTable); ok {
		d.childStamp = &s
	}
	return nil
}

// keysOf returns the columns of the primary key in order.
func keysOf(t DraftTable) []DraftColumn {
	keys := slices.DeleteFunc(slices.Clone(t.Columns), func(c DraftColumn) bool { return c.Key == 0 })
	slices.SortFunc(keys, func(a, b DraftColumn) int { return a.Key - b.Key })
	return keys
}

// stampOf returns the column by which changes are found: one that the database stamps,
// else one of a usual name, times before dates and numbers.
func stampOf(t DraftTable) (DraftColumn, bool) {
	for _, fits := range []func(DraftColumn) bool{
		func(c DraftColumn) bool { return c.Kept },
		func(c DraftColumn) bool { return slices.Contains(timeTypes, c.Type) && stampName.MatchString(c.Name) },
		func(c DraftColumn) bool {
			return (c.Type == "int" || c.Type == "bigint") && stampName.MatchString(c.Name)
		},
		func(c DraftColumn) bool { return c.Type == "date" && stampName.MatchString(c.Name) },
	} {
		if i := slices.IndexFunc(t.Columns, fits); i >= 0 {
			return t.Columns[i], true
		}
	}
	return DraftColumn{}, false
}

// fields sorts the columns of a table into the parts of the definition.
func (d *draft) fields(t DraftTable, alias, prefix string) {
	for _, c := range t.Columns {
		field := prefix + fieldOf(c.Name)
		column := alias + "." + quoteName(c.Name)
		switch {
		case deletedName.MatchString(c.Name) && c.Nullable && slices.Contains(timeTypes, c.Type):
			d.conditions = append(d.conditions, column+" IS NULL")
			continue
		case deletedName.MatchString(c.Name) && (slices.Contains(wholeTypes, c.Type) || c.Type == "bit"):
			d.conditions = append(d.conditions, column+" = 0")
			continue
		case personalName.MatchString(c.Name) && c.Key > 0:
			d.left = append(d.left, fmt.Sprintf("--   %s: it may be personal data, and objectID holds it: choose another id if so", column))
			continue
		case personalName.MatchString(c.Name):
			d.left = append(d.left, fmt.Sprintf("--   %s: it may be personal data", column))
			continue
		case slices.Contains(rawTypes, c.Type) || strings.Contains(c.Type, "geom") || c.Type == "point" || c.Type == "polygon" || c.Type == "vector":
			d.left = append(d.left, fmt.Sprintf("--   %s: a %s has no JSON form; HEX(%s) would have one", column, c.Type, column))
			continue
		case field == record.IDField || strings.Split(field, ".")[0] == record.AccountKeyField:
			field = "field_" + field
		}
		field = d.free(field)
		d.taken[field] = true
		if prefix == "" && !d.keyed() && c.Name == d.roots[0].Name {
			d.rootField = field
		}
		d.selected = append(d.selected, fmt.Sprintf("  %s AS %s", column, quoteName(field)))
		d.describe(c, field)
	}
}

// fieldOf returns a column's name as the name of a field that searches can filter by.
func fieldOf(column string) string {
	name := strings.TrimLeft(foreignSign.ReplaceAllString(column, "_"), "_")
	if name == "" || name[0] <= '9' {
		return "field_" + name
	}
	return name
}

// free returns a name for a field, or for fields within it, that no other field has.
func (d *draft) free(name string) string {
	for n, wanted := 2, name; d.taken[name]; n++ {
		name = fmt.Sprintf("%s_%d", wanted, n)
	}
	return name
}

// foreignSign is a sign that a field's name cannot have.
var foreignSign = regexp.MustCompile(`[^A-Za-z0-9_]`)

// plainKey is the form of a text that YAML reads as a text without quotes.
var plainKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]*$`)

// yamlKey writes a text for YAML. A word that some readers take for a value is quoted, and
// JSON's quotes are YAML's.
func yamlKey(text string) string {
	if plainKey.MatchString(text) && !slices.Contains([]string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}, strings.ToLower(text)) {
		return text
	}
	quoted, _ := json.Marshal(text) // a text always has a JSON form
	return string(quoted)
}

// describe adds a field's type and its place in the settings.
func (d *draft) describe(c DraftColumn, field string) {
	switch {
	case c.Full == "tinyint(1)" || c.Full == "bit(1)":
		d.types = append(d.types, "  "+yamlKey(field)+": bool")
		d.facets = append(d.facets, field)
	case c.JSON && c.Type != "json":
		d.types = append(d.types, "  "+yamlKey(field)+": json")
	case c.Type == "enum" || c.Type == "set" || slices.Contains(textTypes, c.Type) && facetName.MatchString(c.Name):
		d.facets = append(d.facets, field)
	case slices.Contains(textTypes, c.Type):
		d.searchable = append(d.searchable, field)
	case c.Type != "time" && c.Type != "json":
		d.numbers = append(d.numbers, field)
	}
	if accountName.MatchString(c.Name) {
		d.accountHints = append(d.accountHints, yamlKey(field))
	}
}

// name returns the entity's name.
func (d *draft) name() string {
	name := regexp.MustCompile(`[^a-z0-9_-]`).ReplaceAllString(strings.ToLower(d.table.Name), "_")
	if name == "" || name[0] < 'a' || name[0] > 'z' {
		name = "t" + name
	}
	return name[:min(len(name), 48)]
}

// yaml returns entity.yaml, which lies below the folder into.
func (d *draft) yaml(into string) string {
	name := d.name()
	var b strings.Builder
	fmt.Fprintf(&b, "# A proposal over the table %s. Read the comments here and in rows.sql, then run:\n#   returnsync entities check %s --entities-dir %s\n#   returnsync entities preview %s --entities-dir %s\n", d.table.Name, name, into, name, into)
	fmt.Fprintf(&b, "name: %s\njobType: %s_JOB\nindex: %s\n", name, strings.ToUpper(name), name)
	b.WriteString("# The field that names the tenant; without it no search of tenants finds a record.\n")
	if len(d.accountHints) > 0 {
		fmt.Fprintf(&b, "# Columns that may be it: %s.\n", strings.Join(d.accountHints, ", "))
	}
	b.WriteString("#account: \n")
	if d.rootField != "" {
		fmt.Fprintf(&b, "rootField: %s\n", yamlKey(d.rootField))
	}
	if d.keyed() {
		kinds := make([]string, len(d.roots))
		for i, c := range d.roots {
			kinds[i] = string(partOf(c))
		}
		fmt.Fprintf(&b, "# The kinds of the key's columns; without the key, roots would have to be numbers.\nrootType: [%s]\n", strings.Join(kinds, ", "))
	}
	overlap, why := "30m", "It must exceed the longest transaction."
	if d.stamp.Type == "date" || d.childStamp != nil && d.childStamp.Type == "date" {
		overlap, why = "25h", "Stamps are dates, so it must exceed a day."
	}
	fmt.Fprintf(&b, "# How far a window reaches back. %s\noverlap: %s\n", why, overlap)
	if !d.keyed() {
		fmt.Fprintf(&b, "# The columns with the root's id: rows of these tables are followed in the binlog.\nfollow:\n  %q: %q\n", d.table.Name, d.roots[0].Name)
		if d.child != nil {
			fmt.Fprintf(&b, "  %q: %q\n", d.child.Name, d.child.Column)
		}
	}
	if len(d.types) > 0 {
		fmt.Fprintf(&b, "types:\n%s\n", strings.Join(d.types, "\n"))
	}
	return b.String()
}

// within returns the condition that a stamp lies in a window.
func within(c DraftColumn) string {
	column := quoteName(c.Name)
	switch {
	case c.Type == "date":
		return column + " >= DATE(:from) AND " + column + " <= DATE(:to)"
	case slices.Contains(wholeTypes, c.Type):
		return column + " >= UNIX_TIMESTAMP(:from) AND " + column + " < UNIX_TIMESTAMP(:to) + 1"
	}
	return column + " >= :from AND " + column + " < :to"
}

// changed returns changed.sql.
func (d *draft) changed() string {
	var b strings.Builder
	fmt.Fprintf(&b, "-- The rows that changed in [:from, :to), by %s. Every writer must set it, in UTC, and an\n-- index must begin with it.\n", d.stamp.Name)
	if slices.Contains(wholeTypes, d.stamp.Type) {
		fmt.Fprintf(&b, "-- %s is taken to hold seconds since 1970.\n", d.stamp.Name)
	}
	fmt.Fprintf(&b, "SELECT %s FROM %s WHERE %s\n", strings.Join(d.selectRoots(""), ", "), quoteName(d.table.Name), within(d.stamp))
	switch {
	case d.childStamp != nil:
		fmt.Fprintf(&b, "UNION ALL\nSELECT %s FROM %s WHERE %s\n", quoteName(d.child.Column), quoteName(d.child.Name), within(*d.childStamp))
	case d.child != nil:
		fmt.Fprintf(&b, "-- %s has no column that says when a row changed: its changes are found only where\n-- they touch their row of %s as well.\n", d.child.Name, d.table.Name)
	}
	return b.String()
}

// rows returns rows.sql.
func (d *draft) rows() string {
	var b strings.Builder
	b.WriteString("-- One record a row. Left out:\n")
	if len(d.left) == 0 {
		b.WriteString("--   nothing\n")
	}
	for _, line := range d.left {
		b.WriteString(line + "\n")
	}
	fmt.Fprintf(&b, "SELECT\n  %s,\n  t.%s AS _version,\n", strings.Join(d.selectRoots("t."), ",\n  "), quoteName(d.stamp.Name))
	if d.childStamp != nil {
		fmt.Fprintf(&b, "  c.%s AS _version_child,\n", quoteName(d.childStamp.Name))
	}
	fmt.Fprintf(&b, "  CONCAT(%s) AS objectID,\n%s\nFROM %s t\n", d.id(), strings.Join(d.selected, ",\n"), quoteName(d.table.Name))
	columns := make([]string, len(d.roots))
	for i, c := range d.roots {
		columns[i] = "t." + quoteName(c.Name)
	}
	root := columns[0]
	if len(columns) > 1 {
		root = "(" + strings.Join(columns, ", ") + ")"
	}
	if d.child != nil {
		fmt.Fprintf(&b, "JOIN %s c ON c.%s = %s\n", quoteName(d.child.Name), quoteName(d.child.Column), root)
	}
	fmt.Fprintf(&b, "WHERE %s IN (:ids)", root)
	for _, c := range d.conditions {
		b.WriteString(" AND " + c)
	}
	return b.String() + "\n"
}

// partOf returns the kind of a column of a key.
func partOf(c DraftColumn) Part {
	switch {
	case slices.Contains(wholeTypes, c.Type):
		return Number
	case slices.Contains(rawTypes, c.Type):
		return Binary
	}
	return Text
}

// keyed reports whether the root's key is no number.
func (d *draft) keyed() bool { return len(d.roots) > 1 || partOf(d.roots[0]) != Number }

// selectRoots returns the columns of the root with their aliases.
func (d *draft) selectRoots(alias string) []string {
	of := Definition{}
	if len(d.roots) > 1 {
		of.Key = make([]Part, len(d.roots))
	}
	list := of.RootColumns()
	for i, name := range list {
		list[i] = alias + quoteName(d.roots[i].Name) + " AS " + name
	}
	return list
}

// id returns the arguments of CONCAT for a record's id: a letter, and the keys with
// hyphens between. A text before another key comes behind its length, so that no two rows
// have one id, whatever hyphens their texts have.
func (d *draft) id() string {
	parts := []string{"'" + strings.ToUpper(d.name()[:1]) + "'"}
	all := slices.Concat(d.roots, d.keys, d.childKeys)
	for i, c := range all {
		column := "t." + quoteName(c.Name)
		if i >= len(all)-len(d.childKeys) {
			column = "c." + quoteName(c.Name)
		}
		if i > 0 {
			parts = append(parts, "'-'")
		}
		switch part := partOf(c); {
		case part == Binary:
			column = "HEX(" + column + ")"
		case part == Text && i < len(all)-1:
			parts = append(parts, "CHAR_LENGTH("+column+")", "'-'")
		}
		parts = append(parts, column)
	}
	return strings.Join(parts, ", ")
}

// settings returns the settings of the index.
func (d *draft) settings() map[string]any {
	const most = 20
	s := map[string]any{}
	for setting, list := range map[string][]string{"searchableAttributes": d.searchable, "attributesForFaceting": d.facets, "numericAttributesForFiltering": d.numbers} {
		if len(list) > 0 {
			s[setting] = list[:min(len(list), most)]
		}
	}
	return s
}

// quoteName writes a name as SQL takes it.
func quoteName(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }
