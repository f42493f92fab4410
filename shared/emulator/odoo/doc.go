// Package odoo emulates the part of Odoo that transfers use, over XML-RPC.
//
//	POST /xmlrpc/2/common   version, login, authenticate
//	POST /xmlrpc/2/object   execute, execute_kw: create, write, read, search, search_read,
//	                        search_count, unlink, fields_get, name_get, fso_merge
//
// It has the models and fields of Options.Models and refuses all others. It keeps Odoo's
// manners: an empty field is false; None in an answer and whole numbers above 2^31-1 are
// faults; a reference is read as [id, name]; lists of records are written by commands such
// as [6, 0, ids]; times are texts in UTC and have whole seconds.
//
// Fundraising Studio Online adds sosync_fs_id, sosync_write_date and
// sosync_synced_version to its models. An edit without create_sync_job = false in its
// context sets sosync_write_date to the time in microseconds and puts a transfer job into
// a queue, from which Options.Deliver takes jobs in their order, each until it is taken.
//
// Faults: 1 an exception with a traceback, 2 a message for the user, 3 a wrong password,
// 4 a missing right. On demand (PUT /_emulator/faults, or SetFaults) the common ones of
// package mishap, whose route is a method such as "write", and of this emulator:
//
//	deadlock      fault 1: the transaction lost a race, nothing was written
//	exception     fault 1: a mistake in a module, nothing was written
//	warning       fault 2
//	accessDenied  fault 3
//	accessError   fault 4
//
// What this emulator does not show: modules of an installation with rules of their own,
// rights of single records, translations, sessions, JSON-RPC.
package odoo
