package mssql

import (
	"context"
	"errors"
	"net"

	driver "github.com/microsoft/go-mssqldb"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// judgement is what an error of the server means.
type judgement struct {
	kind fault.Kind
	code string
	say  string
}

// judgements are the errors of the server by their numbers, as far as something follows
// from them. Any other error of a statement is final, because the same statement with the
// same data fails again.
var judgements = map[int32]judgement{
	1205:  {fault.Retry, "studio-deadlock", "lost a dead-lock"},
	1222:  {fault.Retry, "timeout", "did not get a lock in time"},
	-2:    {fault.Retry, "timeout", "did not answer in time"},
	3960:  {fault.Retry, "studio-deadlock", "lost a conflict of snapshots"},
	701:   {fault.Throttled, "studio-busy", "has no memory left"},
	802:   {fault.Throttled, "studio-busy", "has no memory left"},
	8645:  {fault.Throttled, "studio-busy", "has no memory left"},
	9002:  {fault.Retry, "studio-full", "has no room in its log"},
	1105:  {fault.Retry, "studio-full", "has no room on its disk"},
	3906:  {fault.Retry, "studio-read-only", "is read-only"},
	6005:  {fault.Retry, "studio-lost", "is shutting down"},
	10928: {fault.Throttled, "studio-busy", "has too many requests"},
	10929: {fault.Throttled, "studio-busy", "has too many requests"},
	40197: {fault.Retry, "studio-lost", "is failing over"},
	40501: {fault.Throttled, "studio-busy", "is busy"},
	40613: {fault.Retry, "studio-lost", "is not available"},
	229:   {fault.Misconfigured, "studio-rights", "refuses: the user lacks a right"},
	230:   {fault.Misconfigured, "studio-rights", "refuses: the user lacks a right on a column"},
	262:   {fault.Misconfigured, "studio-rights", "refuses: the user lacks a right"},
	916:   {fault.Misconfigured, "studio-rights", "refuses: the user may not use the database"},
	4060:  {fault.Misconfigured, "studio-rights", "does not open the database"},
	18456: {fault.Misconfigured, "studio-login", "refuses the user or the password"},
	18452: {fault.Misconfigured, "studio-login", "refuses the user or the password"},
	207:   {fault.Misconfigured, "studio-schema", "lacks a column"},
	208:   {fault.Misconfigured, "studio-schema", "lacks a table"},
	2812:  {fault.Misconfigured, "studio-schema", "lacks a procedure"},
	2627:  {fault.Invalid, "studio-duplicate", "has another row with the same key"},
	2601:  {fault.Invalid, "studio-duplicate", "has another row with the same key"},
	547:   {fault.Invalid, "studio-reference", "refuses: a reference would point nowhere"},
	515:   {fault.Invalid, "studio-data", "refuses an empty value"},
	2628:  {fault.Invalid, "studio-data", "refuses a value that is too long"},
	8152:  {fault.Invalid, "studio-data", "refuses a value that is too long"},
}

// judge gives an error of the driver its kind, by the server's number where there is one.
// Of a call whose ctx is over, ctx says why: the driver may then speak of a statement that
// it could not cancel, and the server of one that was. Doing completes "the studio, asked
// to ...".
func judge(ctx context.Context, err error, doing string) error {
	var known *fault.Error
	var server driver.Error
	if err == nil || errors.As(err, &known) && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
		return err
	}
	say := "the studio, asked to " + doing + ", "
	number := errors.As(err, &server) && server.Number != 0
	if j, ok := judgements[server.Number]; ok && number {
		return fault.Wrap(err, j.kind, j.code, say+j.say)
	}
	var network net.Error
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return fault.Wrap(err, fault.Retry, "timeout", say+"did not answer in time")
	case ctx.Err() != nil:
		return fault.Wrap(err, fault.Retry, "studio-stopped", say+"was not waited for")
	case number && server.Class >= 17: // the server's own trouble: resources, or the end of the connection
		return fault.Wrap(err, fault.Retry, "studio-trouble", say+"failed")
	case number:
		return fault.Wrap(err, fault.Invalid, "studio-refused", say+"refuses")
	}
	// What is no error of the server is one of the connection: a reset, a stream that
	// ends, a host that does not answer.
	return fault.Wrap(err, fault.Retry, "studio-lost", say+"lost the connection")
}
