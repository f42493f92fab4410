package airtable

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// decode reads a request's body and refuses unknown fields.
func (c *call) decode(into any) error {
	decoder := json.NewDecoder(c.http.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		if err == io.EOF {
			return badRequest("the body is empty")
		}
		return badRequest("parameter validation failed. Check your request data. (%v)", err)
	}
	return nil
}

// whoAmI answers whose token it is.
func whoAmI(*call) (any, error) {
	return map[string]any{"id": "usrLocalEmulator1"}, nil
}

// listBases answers the bases.
func listBases(c *call) (any, error) {
	list := []map[string]string{}
	for _, b := range c.server.bases {
		list = append(list, map[string]string{"id": b.id, "name": b.name, "permissionLevel": "create"})
	}
	return map[string]any{"bases": list}, nil
}

// getSchema answers a base's tables and fields.
func getSchema(c *call) (any, error) {
	list := []map[string]any{}
	for _, t := range c.base.tables {
		list = append(list, t.show())
	}
	return map[string]any{"tables": list}, nil
}

// show returns a table as the API answers it.
func (t *table) show() map[string]any {
	fields, views := []map[string]any{}, []map[string]any{}
	for _, f := range t.fields {
		fields = append(fields, f.show())
	}
	for _, v := range t.views {
		views = append(views, map[string]any{"id": v.ID, "name": v.Name, "type": "grid"})
	}
	out := map[string]any{"id": t.id, "name": t.name, "primaryFieldId": t.fields[0].id, "fields": fields, "views": views}
	if t.description != "" {
		out["description"] = t.description
	}
	return out
}

// createTable makes a table.
func createTable(c *call) (any, error) {
	var spec struct {
		Name        string      `json:"name"`
		Description string      `json:"description"`
		Fields      []fieldSpec `json:"fields"`
	}
	if err := c.decode(&spec); err != nil {
		return nil, err
	}
	switch {
	case spec.Name == "" || len(spec.Fields) == 0:
		return nil, badRequest("a table needs a name and fields")
	case c.base.table(spec.Name) != nil:
		return nil, unprocessable("DUPLICATE_TABLE_NAME", "Table name %q already exists", spec.Name)
	case slices.Contains([]string{"checkbox", "singleSelect", "multipleSelects", "multipleRecordLinks"}, spec.Fields[0].Type):
		return nil, unprocessable("INVALID_PRIMARY_FIELD", "Fields of type %s can't be primary", spec.Fields[0].Type)
	}
	t := &table{id: newID("tbl"), name: spec.Name, description: spec.Description, records: map[string]*record{}}
	t.views = []View{{ID: newID("viw"), Name: "Grid view"}}
	for _, one := range spec.Fields {
		if err := t.addField(c.base, one); err != nil {
			return nil, err
		}
	}
	c.base.tables = append(c.base.tables, t)
	return t.show(), nil
}

// addField makes a field of a table.
func (t *table) addField(b *base, spec fieldSpec) error {
	if t.field(spec.Name) != nil {
		return unprocessable("DUPLICATE_OR_EMPTY_FIELD_NAME", "Field %q already exists", spec.Name)
	}
	f, err := newField(spec)
	if err != nil {
		return err
	}
	if f.kind == "multipleRecordLinks" && b.table(fmt.Sprint(f.options["linkedTableId"])) == nil {
		return unprocessable("INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE", "Invalid options for %s: linkedTableId is no table", spec.Name)
	}
	t.fields = append(t.fields, f)
	return nil
}

// createField makes a field.
func createField(c *call) (any, error) {
	var spec fieldSpec
	if err := c.decode(&spec); err != nil {
		return nil, err
	}
	if err := c.table.addField(c.base, spec); err != nil {
		return nil, err
	}
	return c.table.fields[len(c.table.fields)-1].show(), nil
}

// labels are what can be changed of a table or field.
type labels struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
}

// apply changes them.
func (l labels) apply(name, description *string) error {
	if l.Name != nil && *l.Name == "" {
		return badRequest("the name is empty")
	}
	if l.Name != nil {
		*name = *l.Name
	}
	if l.Description != nil {
		*description = *l.Description
	}
	return nil
}

// updateTable changes a table's name and description.
func updateTable(c *call) (any, error) {
	var l labels
	if err := c.decode(&l); err != nil {
		return nil, err
	}
	if err := l.apply(&c.table.name, &c.table.description); err != nil {
		return nil, err
	}
	return c.table.show(), nil
}

// updateField changes a field's name and description.
func updateField(c *call) (any, error) {
	f := c.table.field(c.http.PathValue("field"))
	if f == nil {
		return nil, refuse(http.StatusForbidden, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND", "There is no such field")
	}
	var l labels
	if err := c.decode(&l); err != nil {
		return nil, err
	}
	if err := l.apply(&f.name, &f.description); err != nil {
		return nil, err
	}
	return f.show(), nil
}
