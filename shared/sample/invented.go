package sample

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed invented.json
var inventedJSON []byte

// invented is the material that rows are made of. The order of every list counts:
// another order gives other rows for the same seed.
var invented = readInvented(inventedJSON)

// material is the shape of invented.json. Weighted choices are pairs of a weight and
// a value. Tenants are of very unequal size, as real ones are: the largest has half of
// the rows, the smallest one in fifty. Reasons are weighted as complaints are in
// fashion: size first.
type material struct {
	Regions                    map[string]*region
	Catalogs                   map[string][]style
	Colours                    []string
	Tenants                    []share[tenant]
	Reasons                    []share[reason]
	Undelivered                reason
	Comments                   []string
	MinorDefects, MajorDefects []string
	// Countries are ISO 3166 codes by the names that CSV files use. A name that is not
	// a country's, such as the European Community, has none.
	Countries map[string]string
}

// readInvented decodes the embedded file; a broken one is an error of the build.
func readInvented(text []byte) (m material) {
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&m); err != nil {
		panic(fmt.Sprintf("sample: invented.json: %v", err))
	}
	return m
}
