package algolia

import (
	"context"
	"errors"
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Reasons why a call is an error although the client returns none.
var (
	errNoAnswer = errors.New("the call ended without an answer")
	errCount    = errors.New("the answer does not have one result a query")
)

// The times that a caller is asked to wait: while the index does not answer, and
// at most when the index asks to slow down.
const (
	retryAfter    = 2 * time.Second
	maxRetryAfter = time.Minute
)

// outcome gives a call its kind. The client returns no error when its context ends
// while an answer arrives, so a call without an answer is one. A missing index
// stays the client's error; see algolia.Missing.
func outcome(ctx context.Context, x *algolia.Exchange, err error) error {
	if x.Refused != nil {
		return x.Refused
	}
	if x.Large {
		return fault.New(fault.TooLarge, "answer-too-large", "the answer has more than %d bytes: ask for fewer hits, fields, facet values or matches to mark", x.Most)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && x.Answer == nil {
		err = errNoAnswer
	}
	if err == nil {
		return nil
	}
	switch status, _ := algolia.Refused(err); status {
	case 0:
		return &fault.Error{Kind: fault.Retry, Code: algolia.CodeUnreachable, Message: "the index does not answer; try again", After: retryAfter, Err: err}
	case http.StatusTooManyRequests:
		return &fault.Error{Kind: fault.Throttled, Code: "index-throttled", Message: "the index asks to slow down", After: min(max(x.After, time.Second), maxRetryAfter), Err: err}
	}
	return err // every request was checked before it was sent, so a refusal is a defect of ours
}
