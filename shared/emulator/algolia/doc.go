// Package algolia emulates Algolia's REST API in memory, for development and
// tests. An unmodified client works against it:
//
//	server := algolia.New(algolia.Options{})
//	defer server.Close()
//	http.ListenAndServe("127.0.0.1:9200", server)
//
// The Go client v3 always speaks https; give it a Requester that changes the
// scheme of a request to http, and this host as its only one. The JavaScript
// client takes hosts: [{url, protocol: "http", accept: "readWrite"}].
//
// # How the pieces fit
//
// A request passes handle.go (credentials, faults, answer) to the handler that
// routes.go names. Reads are answered at once from an application's indices.
// Writes are checked, get a task id and go to the publisher, which applies them
// after Options.PublishDelay: the tasks of one index in order, none visible
// before, each at once. Clients poll the task until it is "published".
//
// Below, internal/engine holds one index and evaluates queries, internal/params
// reads search parameters, internal/filter their filters, internal/word splits
// and compares words, and internal/jsonscan reads records where they lie. None
// of them knows HTTP.
//
// Every application id has its own indices and keys. Two keys exist from the
// start, Options.AdminKey and Options.SearchKey; others, also secured ones made
// by clients from a search-only key, are made over the API.
//
// # Faults
//
// Options.Faults, or PUT /_emulator/faults with the admin key, make requests
// fail on purpose: rate limits, server errors, silence and reset connections
// before or after a write took effect, refused records, slow tasks. A seed makes
// a failing story replay, as long as its requests come in the same order:
//
//	{"seed": 7, "rules": [
//	  {"kind": "rateLimit", "probability": 0.1, "retryAfter": 2},
//	  {"kind": "refuseNamed", "pattern": "^R13-", "max": 3}]}
//
// GET /_emulator/stats counts requests, operations, faults and records.
//
// # What it does not do
//
// Not emulated: geo search, languages (plurals, stop words, decompounding,
// stemming), query words that the index has joined or apart (harddrive, hard drive),
// conditions of rules by filters or facets' values, synonyms of several
// words and placeholders, optionalFilters, personalisation, A/B tests,
// analytics and insights, recommendations, dictionaries, vaults, clusters, rate
// limits of keys, relevancyStrictness of virtual replicas (they sort like
// standard ones), and advanced query syntax. Parameters for these are accepted
// and have no effect. Records are measured as sent, not after a partial update.
// Nothing is kept on disk.
//
// Where the service's behaviour is not documented the emulator is strict: an
// unknown search parameter or value, an unknown task id and a deleteByQuery without a
// filter are refused. Ranking follows the documented order of criteria, yet
// positions and proximities are counted more simply, so near ties may come out
// differently. Records that are equal by every criterion stand by objectID, descending.
// Rules apply by their conditions' patterns and contexts: they replace words, add filters
// and parameters, promote and hide records.
package algolia
