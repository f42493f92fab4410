package search_test

import (
	"testing"

	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// settings are an index's, with one of everything that a schema reads.
const settings = `{"searchableAttributes":["number","unordered(item.name),code"],
	"attributesForFaceting":["filterOnly(account)","status","searchable(courier)","isCod","afterDistinct(item.reason)","filterOnly(secret)"],
	"numericAttributesForFiltering":["updatedAt","amount"],"unretrievableAttributes":["secret","customer.phone"],"paginationLimitedTo":500}`

// newSchema returns the schema of the tests.
func newSchema(t testing.TB) search.Schema {
	t.Helper()
	s, err := search.NewSchema(search.Schema{Entity: "things", Index: "prod", Account: "account",
		Sorts: []search.Sort{{Field: "updatedAt", Desc: true}, {Field: "amount"}}}, []byte(settings))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
