// Package base keeps the SYNC base in Airtable in step with our own tables, both ways.
// Our tables are the truth; the base is the surface where people work.
//
//	table         ours -> base                    base -> ours
//	Overview      Alive, Timestamp: Beat alone    nothing
//	Logs          each entry of the run log       nothing
//	Reports       each change of a report         Fail unchecked, Last Updated cleared
//	Report Types  the properties of each type     Status to Repeat after N days
//	Automations   each schedule (view Schedule)   all but No and Message; new and deleted rows
//
// # A round
//
// Round runs each minute, so an edit takes effect within two. For every row it compares
// three versions: ours, the base's, and the one on which both agreed last (the shadow,
// in our tables). A cell that only a person changed is a person's edit and is made on our
// side by the same act that console and command line use, which writes the one entry in
// the log. A cell that only we changed is written. A cell of a column that is not people's
// is put back, with one entry that names the column and the value that was written over.
//
// Conflict rule: where both sides changed a cell to different values, ours stays and is
// written into the base; the log names both values.
//
// The entry and the shadow of what was seen are stored in one transaction before the
// base is written, so a crash repeats the write and never the entry.
//
// # When Airtable is away
//
// Nothing waits for the base. Logs and reports are read from our tables by a cursor that
// moves after they were written, so what waited is written later, in order; schedules and
// types are compared as a whole. An entry of the log is written 15 seconds after its
// time, so that a transaction that commits late is not passed over.
//
// # What grows
//
// Once an hour a round deletes entries of the log and unchanged reports that are older
// than Keep, except failed ones. A report that changes later comes back by its key.
//
// # Rows that people add or delete
//
// A new row of Automations becomes a schedule once it has a name, a target and a time; a
// deleted one deletes the schedule, unless more than half of all rows vanish at once,
// which is taken for an accident: they come back. Rows of other tables come back when
// they are deleted, and stay alone when people add them, with one entry. A second row of
// one name is named in the log and ignored.
package base
