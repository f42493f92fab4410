package airtable

import "slices"

// field is a field of a table.
type field struct {
	id, name, kind, description string
	options                     map[string]any // as they were given
	choices                     []choice       // of a select
}

// choice is a choice of a select.
type choice struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Color string `json:"color,omitempty"`
}

// writable are the types of fields that can be made and written.
var writable = []string{
	"singleLineText", "multilineText", "richText", "email", "url", "phoneNumber",
	"number", "percent", "currency", "rating", "duration", "checkbox", "date", "dateTime",
	"singleSelect", "multipleSelects", "multipleRecordLinks",
}

// required are the options without which a field of a type is refused.
var required = map[string][]string{
	"number": {"precision"}, "percent": {"precision"}, "currency": {"precision", "symbol"},
	"rating": {"max", "icon", "color"}, "duration": {"durationFormat"}, "checkbox": {"icon", "color"},
	"date": {"dateFormat"}, "dateTime": {"dateFormat", "timeFormat", "timeZone"},
	"singleSelect": {"choices"}, "multipleSelects": {"choices"}, "multipleRecordLinks": {"linkedTableId"},
}

// merging are the types of fields that records may be merged on.
var merging = []string{"number", "singleLineText", "multilineText", "singleSelect", "multipleSelects", "date"}

// fieldSpec is a field as a client asks for it.
type fieldSpec struct {
	Name        string         `json:"name"`
	Type        string         `json:"type"`
	Description string         `json:"description"`
	Options     map[string]any `json:"options"`
}

// computed reports whether the field has no values that can be written.
func (f *field) computed() bool { return !slices.Contains(writable, f.kind) }

// isSelect reports whether the field has choices.
func (f *field) isSelect() bool { return f.kind == "singleSelect" || f.kind == "multipleSelects" }

// newField makes a field, or says why not.
func newField(spec fieldSpec) (*field, error) {
	switch {
	case spec.Name == "":
		return nil, badRequest("a field has no name")
	case spec.Type == "autoNumber" || spec.Type == "createdTime" || spec.Type == "lastModifiedTime":
	case !slices.Contains(writable, spec.Type):
		return nil, unprocessable("UNSUPPORTED_FIELD_TYPE_FOR_CREATE", "Creating %s fields is not supported at this time", spec.Type)
	}
	for _, name := range required[spec.Type] {
		if _, given := spec.Options[name]; !given {
			return nil, unprocessable("INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE", "Invalid options for %s: Failed schema validation: %s is missing", spec.Name, name)
		}
	}
	f := &field{id: newID("fld"), name: spec.Name, kind: spec.Type, description: spec.Description, options: spec.Options}
	if !f.isSelect() {
		return f, nil
	}
	list, _ := spec.Options["choices"].([]any)
	for _, one := range list {
		object, _ := one.(map[string]any)
		name, _ := object["name"].(string)
		color, _ := object["color"].(string)
		if name == "" {
			return nil, unprocessable("INVALID_FIELD_TYPE_OPTIONS_FOR_CREATE", "Invalid options for %s: a choice has no name", spec.Name)
		}
		f.choices = append(f.choices, choice{newID("sel"), name, color})
	}
	return f, nil
}

// show returns a field as the API answers it.
func (f *field) show() map[string]any {
	out := map[string]any{"id": f.id, "name": f.name, "type": f.kind}
	if f.description != "" {
		out["description"] = f.description
	}
	if f.isSelect() {
		out["options"] = map[string]any{"choices": append([]choice{}, f.choices...)}
	} else if len(f.options) > 0 {
		out["options"] = f.options
	}
	return out
}
