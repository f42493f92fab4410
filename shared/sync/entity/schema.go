package entity

import (
	_ "embed" // the schema
	"slices"
)

//go:embed entity.schema.json
var schema []byte

// Schema returns the JSON Schema of entity.yaml: the reference of its keys, with which
// editors complete and check the file.
func Schema() []byte { return slices.Clone(schema) }
