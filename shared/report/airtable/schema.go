package airtable

import (
	"context"
	"net/http"
)

// Table is a table of the base.
type Table struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Fields []Field `json:"fields"`
}

// Field is a field of a table. Options depend on the type.
type Field struct {
	ID          string         `json:"id,omitempty"`
	Name        string         `json:"name"`
	Type        string         `json:"type"`
	Description string         `json:"description,omitempty"`
	Options     map[string]any `json:"options,omitempty"`
}

// Field returns a field by its name.
func (t Table) Field(name string) (Field, bool) {
	for _, f := range t.Fields {
		if f.Name == name {
			return f, true
		}
	}
	return Field{}, false
}

// Choices returns the names of a select's choices.
func (f Field) Choices() []string {
	list, _ := f.Options["choices"].([]any)
	var names []string
	for _, one := range list {
		object, _ := one.(map[string]any)
		if name, ok := object["name"].(string); ok {
			names = append(names, name)
		}
	}
	return names
}

// The fields that this product makes.

// Text is a field of one line.
func Text(name string) Field { return Field{Name: name, Type: "singleLineText"} }

// LongText is a field of several lines.
func LongText(name string) Field { return Field{Name: name, Type: "multilineText"} }

// Number is a field of numbers with some digits behind the point.
func Number(name string, precision int) Field {
	return Field{Name: name, Type: "number", Options: map[string]any{"precision": precision}}
}

// Checkbox is a field with a box.
func Checkbox(name string) Field {
	return Field{Name: name, Type: "checkbox", Options: map[string]any{"icon": "check", "color": "greenBright"}}
}

// Date is a field of days.
func Date(name string) Field {
	return Field{Name: name, Type: "date", Options: map[string]any{"dateFormat": map[string]any{"name": "iso"}}}
}

// DateTime is a field of points of time, shown in UTC.
func DateTime(name string) Field {
	return Field{Name: name, Type: "dateTime", Options: map[string]any{
		"dateFormat": map[string]any{"name": "iso"}, "timeFormat": map[string]any{"name": "24hour"}, "timeZone": "utc",
	}}
}

// Select is a field with choices.
func Select(name string, choices ...string) Field {
	list := []any{}
	for _, one := range choices {
		list = append(list, map[string]any{"name": one})
	}
	return Field{Name: name, Type: "singleSelect", Options: map[string]any{"choices": list}}
}

// With returns the field with a description for people.
func (f Field) With(description string) Field {
	f.Description = description
	return f
}

// Tables returns the base's tables with their fields.
func (c *Client) Tables(ctx context.Context) ([]Table, error) {
	var answer struct {
		Tables []Table `json:"tables"`
	}
	err := c.call(ctx, http.MethodGet, []string{"meta", "bases", c.Base, "tables"}, nil, nil, &answer)
	return answer.Tables, err
}

// CreateTable makes a table; its first field is the primary one. Repeating it after an
// answer was lost is refused, because the name is taken.
func (c *Client) CreateTable(ctx context.Context, name, description string, fields ...Field) (Table, error) {
	var made Table
	body := map[string]any{"name": name, "description": description, "fields": fields}
	err := c.call(ctx, http.MethodPost, []string{"meta", "bases", c.Base, "tables"}, nil, body, &made)
	return made, err
}

// CreateField makes a field of a table.
func (c *Client) CreateField(ctx context.Context, table string, f Field) (Field, error) {
	var made Field
	err := c.call(ctx, http.MethodPost, []string{"meta", "bases", c.Base, "tables", table, "fields"}, nil, f, &made)
	return made, err
}
