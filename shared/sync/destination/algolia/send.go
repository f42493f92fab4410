package algolia

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/errs"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/opt"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
)

// answer is what came of a batch that was taken.
type answer struct {
	taskID int64
	lost   bool // an earlier attempt may still be applied
}

// The waits between attempts: doubled each time, with a random part, because
// many pages meet the same outage at once.
const (
	firstWait = 200 * time.Millisecond
	maxWait   = 10 * time.Second
)

// send sends one batch and repeats it while that is worth it. The error is a
// refusal (see refusalOf) or a fault.
func (c *Client) send(ctx context.Context, index string, ops []destination.Op) (answer, error) {
	lost := false
	for attempt := 1; ; attempt++ {
		e := &exchange{ops: ops}
		res, err := c.api.InitIndex(index).Batch([]search.BatchOperation{}, e.with(ctx), opt.ExposeIntermediateNetworkErrors(true))
		if err == nil && res.TaskID == 0 {
			err = errNoTask
			e.lost = true
		}
		lost = lost || e.lost
		if err == nil {
			return answer{taskID: res.TaskID, lost: lost}, nil
		}
		err = classify(err, e)
		if attempt == c.cfg.Attempts || !transient(err) || !pause(ctx, attempt, e.retryAfter) {
			return answer{}, err
		}
	}
}

// transient reports whether the same batch may be taken in a moment.
func transient(err error) bool {
	_, refused := refusalOf(err)
	return !refused && fault.CodeOf(err) != codeRefusesUs
}

// codeRefusesUs marks an answer that a person has to change something for.
const codeRefusesUs = "index-refuses-us"

// errNoTask is a defect of the client: its context ended while the answer came.
var errNoTask = errors.New("the index's answer did not arrive")

// pause waits before the next attempt; false when there is no time for it.
func pause(ctx context.Context, attempt int, asked time.Duration) bool {
	wait := min(firstWait<<(attempt-1), maxWait)
	wait = max(wait/2+rand.N(wait/2+1), asked)
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= wait { //nolint:forbidigo // a deadline is wall time
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}

// refusal is a 400: the index does not like what the batch holds.
type refusal struct {
	objectID string // the culprit, if the index named it
	message  string
}

// Error returns the index's words.
func (r refusal) Error() string { return r.message }

// refusalOf returns the refusal in err, if that is what it is.
func refusalOf(err error) (refusal, bool) {
	var r refusal
	ok := errors.As(err, &r)
	return r, ok
}

// namedObject finds the culprit in the index's words.
var namedObject = regexp.MustCompile(`objectID=(\S+)`)

// maxReason bounds the words that we keep of an index's answer.
const maxReason = 300

// classify gives an error of the client its kind.
func classify(err error, e *exchange) error {
	if api, ok := errs.IsAlgoliaErr(err); ok {
		return classifyStatus(api, e)
	}
	var none *errs.NoMoreHostToTryErr
	if errors.As(err, &none) {
		err = errors.Join(none.IntermediateNetworkErrors()...)
	}
	return &fault.Error{Kind: fault.Retry, Code: "index-unreachable", Message: "the index does not answer", After: e.retryAfter, Err: err}
}

// classifyStatus gives an answer of the index its kind.
func classifyStatus(api *errs.AlgoliaErr, e *exchange) error {
	switch api.Status {
	case http.StatusBadRequest:
		r := refusal{message: shorten(api.Message)}
		if m := namedObject.FindStringSubmatch(api.Message); m != nil {
			r.objectID = m[1]
		}
		return r
	case http.StatusTooManyRequests:
		return &fault.Error{Kind: fault.Throttled, Code: "index-throttles", Message: "the index asks to slow down: " + shorten(api.Message), After: e.retryAfter}
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusPaymentRequired:
		return fault.New(fault.Misconfigured, codeRefusesUs, "the index answers %d, %q: check ALGOLIA_APP_ID, the write key's rights and the plan", api.Status, shorten(api.Message))
	default:
		return &fault.Error{Kind: fault.Retry, Code: "index-unreachable", Message: fmt.Sprintf("the index answers %d", api.Status), After: e.retryAfter}
	}
}

// shorten cuts an index's words to what is worth keeping, not within a letter.
func shorten(s string) string {
	if len(s) > maxReason {
		s = s[:maxReason]
	}
	return strings.ToValidUTF8(s, "")
}
