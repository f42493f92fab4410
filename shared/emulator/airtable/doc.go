// Package airtable emulates Airtable's Web API in memory, for development and tests.
// The official JavaScript client works against it (endpointUrl), and a page shows the
// bases as Airtable's grid does:
//
//	server := airtable.New(airtable.Options{})
//	defer server.Close()
//	http.ListenAndServe("127.0.0.1:9400", server)
//
// # What it does
//
//	GET /v0/{base}/{table}, POST .../listRecords   records: pages, sort, view, filterByFormula, fields
//	GET, PATCH, PUT, DELETE /v0/{base}/{table}/{record}
//	POST, PATCH, PUT, DELETE /v0/{base}/{table}    up to 10 records; performUpsert; typecast
//	GET /v0/meta/bases, /v0/meta/whoami
//	GET, POST /v0/meta/bases/{base}/tables         the schema; a new table
//	PATCH /v0/meta/bases/{base}/tables/{table}
//	POST, PATCH /v0/meta/bases/{base}/tables/{table}/fields
//
// Tables and fields may be named by id or name. A request changes all of its records or
// none. Values are checked by the field's type; with typecast texts are read as the
// type, and new choices of a select are added. Empty values and unchecked boxes are
// left out of answers, as Airtable leaves them out.
//
// filterByFormula takes the operators = != < <= > >= & + - * / and the functions AND,
// OR, NOT, IF, TRUE, FALSE, BLANK, LOWER, UPPER, TRIM, LEN, CONCATENATE, FIND, SEARCH,
// VALUE, RECORD_ID, CREATED_TIME, LAST_MODIFIED_TIME, DATETIME_PARSE (ISO 8601), IS_BEFORE,
// IS_AFTER and IS_SAME (by 'day' or exact). Anything else is refused with INVALID_FILTER_BY_FORMULA, by
// name.
//
// # Limits
//
// A base takes 5 requests in any second, counted as they arrive, a token 50. A request
// beyond that is answered with 429, and so is each one of the following 30 seconds
// (Options.Penalty). The fault quota plays a workspace whose monthly calls are used up:
// 2 requests a second.
//
// # The page and people's edits
//
// GET / shows the bases, their tables and views. A cell that is edited there, or by PUT
// /_emulator/edit, is a person's edit: it counts as no request. Airtable's API makes no
// views; PUT /_emulator/views makes them here:
//
//	{"base": "SYNC", "table": "Reports", "views": [{"name": "Failed Reports",
//	 "filterByFormula": "{Fail}", "sort": [{"field": "Date", "direction": "desc"}], "group": "Type"}]}
//
// # Faults
//
// GET and PUT /_emulator/faults make requests fail on purpose. Besides the kinds of
// every emulator (rateLimit, serverError, timeout, timeoutApplied, reset, resetApplied,
// html, slow; pattern is matched against the path) there are:
//
//	refuse   422 for a write with a record of which a value matches the pattern
//	quota    2 requests a second, as beyond the monthly calls
//
//	{"seed": 7, "rules": [{"kind": "rateLimit", "probability": 0.1}]}
//
// GET /_emulator/stats counts requests, faults and records, and says how many requests
// a base got at most in one second.
//
// # What it does not do
//
// Not emulated: computed fields other than autoNumber, createdTime and lastModifiedTime
// (formula, rollup, lookup, count), attachments, barcodes, buttons and collaborators,
// comments, webhooks, interfaces, cellFormat string, recordMetadata, the other side of
// links, permissions and scopes, limits of a plan on records. The text of an error, and
// its type where Airtable does not document one, is the emulator's own: an upsert whose
// merge keys match several records, or lack a value, is INVALID_RECORDS. Nothing is
// kept on disk.
package airtable
