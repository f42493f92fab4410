// Package spapi emulates the reports of Amazon's Selling Partner API (version
// 2021-06-30) with its tokens and documents in memory, for development and tests:
//
//	server := spapi.New(spapi.Options{})
//	defer server.Close()
//	http.ListenAndServe("127.0.0.1:9300", server)
//
// One address serves all three parts, which are three hosts at Amazon:
//
//	POST /auth/o2/token                              an access token of one hour (Login with Amazon)
//	POST, GET /reports/2021-06-30/reports            order a report, list reports
//	GET, DELETE /reports/2021-06-30/reports/{id}     its state, cancel it
//	GET /reports/2021-06-30/documents/{id}           a pre-signed address, valid for five minutes
//	GET /documents/...                               the document; an Authorization header is refused
//
// A report is IN_QUEUE for Options.Queue, IN_PROGRESS for Options.Work, then DONE,
// CANCELLED or FATAL. Its document is text, separated by tabs, in UTF-8 and packed by
// gzip: Options.Content writes it, without one invented orders do. The orders of one
// day and marketplace are the same each time, except that a part is Pending until 21
// days after the purchase.
//
// # Limits
//
// Each operation has the token bucket that Amazon documents (createReport 0.0167 a
// second and 15 at once), and the sales and traffic report one of its own (once in 15
// minutes). An order beyond a bucket is answered with 429 QuotaExceeded.
// Options.Limits changes them, Options.Unlimited removes them.
//
// # Faults
//
// GET and PUT /_emulator/faults make calls fail on purpose. Besides the kinds of every
// emulator (rateLimit, serverError, timeout, timeoutApplied, reset, resetApplied,
// html, slow; route is an operation's name) there are these, whose pattern is matched
// against the report type:
//
//	expiredToken   403 as for an access token that has expired, and the token is void
//	forbidden      403 as for a missing role
//	cancelled      the report ends CANCELLED, as it does without data
//	fatal          the report ends FATAL with a document that explains why
//	stuck          the report stays IN_PROGRESS
//	expiredURL     the document's address has expired
//	empty          the document has a header and no rows
//	truncated      the document breaks off in the middle
//	wrongCharset   the document is Windows-1252 and says that it is UTF-8
//	latin1         the document is Windows-1252 and says so
//	plain          the document is not packed
//	htmlDocument   a page of HTML in the document's place
//	shortRow       the document's second row has a field less
//	renamedHeader  the document's last column has another name
//
//	{"seed": 7, "rules": [{"kind": "cancelled", "pattern": "INVENTORY", "max": 1}]}
//
// GET /_emulator/stats counts requests, faults and reports.
//
// # What it does not do
//
// Not emulated: report schedules, restricted data tokens and roles, notifications,
// marketplaces (any id is taken), reportOptions (read and ignored), the removal of
// reports after 90 days, IAM signatures (Amazon has not asked for them since
// October 2023). The text of an error is the emulator's own. Nothing is kept on disk.
package spapi
