package openapitest

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// Derive returns the schemas of Go types by their names, as encoding/json writes them: a
// type that has a name is referred to wherever it is used. What may be nil is nullable; a
// field that is left out when it is empty is not required.
func Derive(types map[string]any) map[string]any {
	d, schemas := deriver{}, map[string]any{}
	for name, value := range types {
		d[reflect.TypeOf(value)] = name
	}
	for name, value := range types {
		schemas[name] = d.object(reflect.TypeOf(value))
	}
	return schemas
}

// deriver holds the names of types.
type deriver map[reflect.Type]string

// form returns the schema of a type.
func (d deriver) form(t reflect.Type) map[string]any {
	switch {
	case d[t] != "":
		return map[string]any{"$ref": "#/components/schemas/" + d[t]}
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Interface || t.Implements(reflect.TypeFor[json.Marshaler]()):
		return map[string]any{} // any value
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return map[string]any{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		inner := d.form(t.Elem())
		if inner["$ref"] != nil { // nothing may stand beside a reference
			inner = map[string]any{"allOf": []any{inner}}
		}
		inner["nullable"] = true
		return inner
	case reflect.Slice:
		return map[string]any{"type": "array", "nullable": true, "items": d.form(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "nullable": true, "additionalProperties": d.form(t.Elem())}
	case reflect.Struct:
		return d.object(t)
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	default:
		return map[string]any{"type": "integer"}
	}
}

// object returns the schema of a struct. Fields of embedded structs are its own, as long as
// no field hides them.
func (d deriver) object(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []any{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		property := d.form(f.Type)
		switch {
		case strings.Contains(options, "string"):
			property = map[string]any{"type": "string"}
		case strings.Contains(options, "omit"):
			delete(property, "nullable")
		}
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
		properties[name] = property
	}
	schema := map[string]any{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}
