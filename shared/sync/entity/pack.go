package entity

import (
	"encoding/json"
	"fmt"
)

// Pack returns a definition as one value that can be stored: an index is synced by the
// definition from which it was built, whatever the files say later.
func Pack(d Definition) ([]byte, error) { return json.Marshal(d) }

// Unpack reads a packed definition.
func Unpack(b []byte) (Definition, error) {
	var d Definition
	if err := json.Unmarshal(b, &d); err != nil {
		return d, fmt.Errorf("the stored definition cannot be read: %w", err)
	}
	d.Format.Account = d.Account // values that were stored before formats existed have none
	return d, nil
}

// packedQuery is the stored form of a query.
type packedQuery struct {
	Parts []string `json:"parts"`
	Names []string `json:"names"`
}

// MarshalJSON implements json.Marshaler.
func (q Query) MarshalJSON() ([]byte, error) {
	return json.Marshal(packedQuery{Parts: q.parts, Names: q.names})
}

// UnmarshalJSON implements json.Unmarshaler.
func (q *Query) UnmarshalJSON(b []byte) error {
	var p packedQuery
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	if len(p.Parts) != len(p.Names)+1 && len(p.Parts)+len(p.Names) > 0 {
		return fmt.Errorf("a query has %d parts around %d parameters", len(p.Parts), len(p.Names))
	}
	*q = newQuery(p.Parts, p.Names)
	return nil
}
