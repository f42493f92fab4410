// Package exchange moves slices of data between two companies' servers.
//
// A primary publishes slices, named sets of immutable grains, to companies by
// subscriptions. A secondary keeps a copy of each slice that it subscribes to. Both
// roles are the same code: Primary answers a session, Secondary drives one.
//
//	secondary                          primary
//	    |  <--------------------- begin  |  who answers, and its limits
//	    |  subscriptions ------------->  |
//	    |  slice --------------------->  |  hash, digest and count
//	    |  pieces, ids --------------->  |  where the two differ
//	    |  grains -------------------->  |  what is missing, in batches and parts
//	    |  (swap: proof and content in one transaction)
//	    |  done ---------------------->  |  an activity on either side
//	    |  end ----------------------->  |
//
// The secondary stages grains and swaps them in only when hash and count prove the
// copy, so a failed sync leaves the old content readable and an interrupted one
// continues where it ended. A slice that fails does not stop the others.
//
// The room is pure: sessions speak over a Conn and keep their rows through the
// interfaces Local, Copy, Catalog, Content and Journal. Children give them a
// technology: websocket carries frames, rest speaks the HTTP calls of the public
// program, store keeps the tables.
package exchange
