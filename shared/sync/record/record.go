// Package record turns rows into the JSON documents of an index.
//
// A Plan is made once a query from its columns: a column's alias is the record's field
// and dots nest (item.sku). Encoding a row appends bytes and allocates nothing: no map,
// no reflection, because a first sync spends its time here. NULL fields are left out,
// and so is an object without a field.
//
// Three kinds of column are not fields:
//
//	_root       the id of the root row that the record belongs to (required); _root1,
//	            _root2 and so on for a key of several columns
//	objectID    the record's id in the index (required, and also a field)
//	_version…   a value that changes with the record: read again after a push, to
//	            find rows that changed meanwhile, and before a page is read, to
//	            leave out unchanged rows (at least one)
package record

import (
	"fmt"
	"strings"
)

// The names that are not, or not only, fields of a record.
const (
	RootColumn    = "_root"
	VersionPrefix = "_version"
	IDField       = "objectID"
)

// MaxID is how many bytes a record's id may have: our tables hold no longer one. A record
// with a longer id is parked.
const MaxID = 1024

// Kind is the conversion of a column's text to JSON.
type Kind uint8

// The kinds. Auto stands in a definition for "by the column's type".
const (
	Auto Kind = iota
	String
	Number
	Bool
	EpochMillis // DATETIME, TIMESTAMP or DATE in UTC -> milliseconds since 1970
	JSON        // JSON stays JSON
	bits        // BIT as a number
	anyBit      // BIT as true or false
	rawText     // a binary column as text
)

// of returns the kind as the values of a database type need it: the bytes of a BIT are a
// number and no text, and those of a binary column need not be letters.
func (k Kind) of(databaseType string) Kind {
	switch t := strings.ToUpper(databaseType); {
	case t == "BIT" && k == Number:
		return bits
	case t == "BIT" && k == Bool:
		return anyBit
	case k == String && (strings.HasSuffix(t, "BINARY") || strings.HasSuffix(t, "BLOB") || t == "BIT" || t == "GEOMETRY"):
		return rawText
	}
	return k
}

// kindNames are the words of definitions.
var kindNames = map[string]Kind{
	"string": String, "number": Number, "bool": Bool, "epochMillis": EpochMillis, "json": JSON,
}

// ParseKind reads a kind from a definition.
func ParseKind(s string) (Kind, error) {
	if k, ok := kindNames[s]; ok {
		return k, nil
	}
	return Auto, fmt.Errorf("unknown type %q: use string, number, bool, epochMillis or json", s)
}

// KindOf returns the kind for a column type, as the MySQL driver names types ("UNSIGNED
// BIGINT", "DATETIME"). Binary columns have no JSON form.
func KindOf(databaseType string) (Kind, error) {
	t := strings.TrimPrefix(strings.ToUpper(databaseType), "UNSIGNED ")
	switch t {
	case "TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "YEAR", "DECIMAL", "FLOAT", "DOUBLE", "BIT":
		return Number, nil
	case "DATETIME", "TIMESTAMP", "DATE":
		return EpochMillis, nil
	case "JSON":
		return JSON, nil
	case "CHAR", "VARCHAR", "TEXT", "TINYTEXT", "MEDIUMTEXT", "LONGTEXT", "ENUM", "SET", "TIME":
		return String, nil
	default:
		return Auto, fmt.Errorf("type %s has no JSON form: convert it in the SQL or leave it out", databaseType)
	}
}

// Column is one column of a definition's rows query.
type Column struct {
	Name string // the alias
	Kind Kind
	Type string // the database's type, as the MySQL driver names types; empty if unknown
}
