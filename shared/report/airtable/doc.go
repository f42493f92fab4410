// Package airtable speaks with Airtable's Web API: a thin Client, and Sink, the
// destination of reports that keeps each row as a record of a table.
//
// Airtable takes 5 requests in any second for a base from all senders together, so every
// request of every process passes the base's Gate. A 429 blocks the base for all of them
// for 30 seconds, as Airtable asks. A request carries at most 10 records, so a base takes
// 45 to 49 records a second, and 100,000 rows 34 to 37 minutes.
//
// # The records of a report
//
// A table of reports has three fields of ours beside those of the rows: Document, Row
// Key and Report Time. Document and Row Key are the merge keys of every upsert. The rows'
// fields are written where the table has a field of their name; Sink.Make adds fields
// that are missing. People may add fields of their own, which stay untouched.
//
// A value that does not fit its field, and a record that Airtable refuses, parks its row
// with the reason: a refused request is split until the bad record is alone. Two records
// with the same merge keys park the row and are named, because Airtable could not say
// which of them to change.
package airtable
