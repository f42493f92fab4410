// Package report holds the words, states and rules of the reports wing: business data
// is fetched from a source at scheduled times and kept in destinations. Its child rooms
// say by which technology: sources are spapi, httpjson and sql, destinations are
// airtable, mongodb and datapoints.
//
// A report type is a Definition that developers ship, and a row of people's settings
// (Type). A Report is one row of a type: one date, or one run of a real-time type.
//
// # States
//
//	       request              poll           load             account
//	due -----------> requested -------> ready ------> loaded ------------> done
//	 | \                 |                |              |                  |  ^
//	 |  \  fail          | fail           | fail         | fail             |  |
//	 |   `-------------> failed <---------+--------------'                  |  |
//	 |                     | |                                              |  |
//	 |<---- retry ---------' `--------------- keep -------------------------|--'
//	 |                                                                      |
//	 `<--------------------------- repeat ----------------------------------'
//
//	request  the source's id of the order is stored, before the first poll. Before the
//	         order is sent, the intent is stored: after a crash in between, a source
//	         with side effects is searched for the order (Finder) and not asked again
//	poll     the source has the document ready
//	load     the document was read to its end, every row is valid, and the whole
//	         payload is in our own tables. No destination has been touched yet
//	account  every destination has the payload, and for each of them
//	         rows read = written + unchanged + parked. The report is whole
//	fail     the reason is stored and Fail is set. An earlier payload stays in the
//	         destinations when the failure came before the state loaded
//	retry    a person unchecked Fail (scenarios A and B of the failed-report
//	         procedure): the report runs at its type's next scheduled time
//	keep     a person unchecked Fail of a failed repeat (scenario C): the earlier
//	         payload counts, and the repeat runs at the next scheduled time
//	repeat   a report of date D is due again at D + N, in place
//
// Done is the end until a repeat. The store changes a state by one conditional UPDATE
// over Sources with the lease's token, which refuses any change that the diagram does
// not have.
//
// # The operator's fields
//
//	scenario                          Fail  Last Updated  Document Id  Update Repeated
//	A  a destination failed           set   empty         empty        empty
//	B  no answer, or an empty one     set   set           empty        empty
//	C  the repeat failed              set   set           set          empty
//
// Unchecking Fail makes A and C run at the next scheduled time; B needs Last Updated
// cleared as well, and stays untouched until then.
package report
