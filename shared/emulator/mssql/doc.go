// Package mssql emulates a Microsoft SQL Server with the database of a studio, in memory,
// for development and tests. Drivers speak to it over TDS 7.4:
//
//	server, err := mssql.New(mssql.Options{})
//	defer server.Close()
//	listener, err := net.Listen("tcp", "127.0.0.1:1433")
//	server.Serve(listener)
//	// sqlserver://sosync:Local-1433@127.0.0.1:1433?database=studio
//
// # What it does
//
// The protocol: PRELOGIN with TLS 1.2 for the login alone or for everything, LOGIN7,
// batches, calls of procedures with typed parameters, requests to the transaction
// manager, attention, and the tokens of answers. Types: BIT, TINYINT to BIGINT, FLOAT,
// DECIMAL, NVARCHAR, VARCHAR and VARBINARY with a length or max, DATE, TIME, DATETIME,
// DATETIME2, DATETIMEOFFSET, UNIQUEIDENTIFIER.
//
// The statements: a closed table. A text is known, or it is refused with error 50000 and
// passed to Options.Refused; white space alone may differ. There is no SQL here that an
// unforeseen text could reach. Known are, for each table that is a model, the texts with
// which a record is read, found by its foreign id, created, updated, marked and deleted;
// those of dbo.Person, whose record spans three tables; UPDATE of one column of one row,
// as people edit by hand; BEGIN, COMMIT and ROLLBACK TRANSACTION; and two with which a
// client looks at the server. A batch may also be EXEC sp_executesql with literals.
//
// The database: keys, references, conversions and truncation with SQL Server's numbers
// (206, 241, 245, 257, 515, 547, 1205, 2627, 2628, 8114, 8115, 8169), READ COMMITTED with
// locks on rows until the end of a transaction, and real dead-locks: the transaction that
// closes a circle of waiting is the victim.
//
// The studio's triggers: write_date is the time of each change, with seven digits. A
// change by a person sets sosync_write_date as well and posts a job when it is committed;
// a statement that sets noSyncJobSwitch does neither. A change of dbo.PersonAdresse or
// dbo.PersonTelefon is one of dbo.Person. Edit, Delete and Merge are a person at a screen.
//
// # Faults
//
// SetFaults, or PUT /faults of Control, makes requests fail on purpose. The route of a rule
// is the statement's name, such as "dbo.Person update" or "commit"; without a route it is
// every statement.
//
//	slow            the answer comes delayMs later
//	timeout         no answer until the client sends attention
//	timeoutApplied  the same, after the statement is committed
//	reset           the connection is reset
//	resetApplied    the same, after the statement is committed; route commit: after the commit
//	deadlock        1205: the transaction is rolled back
//	locked          1222: a lock was not had in time
//	denied          229: a right is missing
//	loginDenied     18456: the user or the password is wrong
//	missing         208: the object does not exist
//
// # What it does not do
//
// Not emulated: SQL beyond the table, TDS 8 and below 7.2, integrated and federated
// security, MARS, cursors, bulk load, prepared handles, output parameters, table-valued
// parameters, XML, variants, several sets of rows in one answer, isolation levels other
// than READ COMMITTED, locks on ranges beyond the value that a create names. Nothing is
// kept on disk. What the studio's tables have beside the columns that the synchronisation
// names, and what its triggers do in detail, is unknown here: the columns of dbo.PersonTelefon,
// the tables dbo.zGruppeDetail, dbo.zVerzeichnis and those of the schema fson are the
// emulator's own.
package mssql
