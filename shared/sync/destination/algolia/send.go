package algolia

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/opt"
	"github.com/algolia/algoliasearch-client-go/v3/algolia/search"

	"gitlab.com/eshopbox-team/return-sync/shared/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
	"gitlab.com/eshopbox-team/return-sync/shared/sync/destination"
)

// answer is the result of a batch that was accepted.
type answer struct {
	taskID int64
	lost   bool // an earlier attempt may still be applied
}

// repeating returns the policy of calls to the index: so many attempts, with
// pauses from 200 ms to 10 s.
func repeating(attempts int) httpcall.Policy {
	return httpcall.Policy{Attempts: attempts, First: 200 * time.Millisecond, Most: 10 * time.Second}
}

// send sends one batch and repeats it while that may help. The error is a refusal
// (see refusalOf) or a fault.
func (c *Client) send(ctx context.Context, index string, ops []destination.Op) (answer, error) {
	var a answer
	var g gate
	defer g.close()
	err := c.repeat.Repeat(ctx, func(ctx context.Context) error {
		x := &algolia.Exchange{Body: func() (io.Reader, int64) { return newBatchBody(ops, &g), batchLength(ops) }}
		res, err := c.api.InitIndex(index).Batch([]search.BatchOperation{}, x.With(ctx), opt.ExposeIntermediateNetworkErrors(true))
		if err == nil && res.TaskID == 0 {
			err, x.Lost = errNoTask, true
		}
		a.lost = a.lost || x.Lost
		if err != nil {
			return classify(err, x)
		}
		a.taskID = res.TaskID
		return nil
	})
	return a, err
}

// codeRefusesUs marks an answer after which a person has to change something.
const codeRefusesUs = "index-refuses-us"

// errNoTask is a defect of the client: its context ended while the answer arrived.
var errNoTask = errors.New("the index's answer did not arrive")

// errForbidden is a 403: a right or a quota is missing.
var errForbidden = errors.New("the request is forbidden")

// refusal is a 400: the index rejects the content of the batch. It is no fault,
// so that no loop repeats it.
type refusal struct {
	objectID string // the culprit, if the index named it
	message  string
}

// Error returns the index's words.
func (r refusal) Error() string { return r.message }

// refusalOf returns the refusal in err, if it is one.
func refusalOf(err error) (refusal, bool) {
	var r refusal
	ok := errors.As(err, &r)
	return r, ok
}

// namedObject finds the culprit in the index's words.
var namedObject = regexp.MustCompile(`objectID=(\S+)`)

// classify gives an error of the client its kind.
func classify(err error, x *algolia.Exchange) error {
	switch status, message := algolia.Refused(err); status {
	case http.StatusBadRequest:
		r := refusal{message: message}
		if m := namedObject.FindStringSubmatch(algolia.Words(err)); m != nil {
			r.objectID = m[1]
		}
		return r
	case http.StatusRequestEntityTooLarge:
		return refusal{message: message} // a batch is halved, a single record is refused
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusPaymentRequired:
		f := fault.New(fault.Misconfigured, codeRefusesUs, "the index answers %d, %q: check ALGOLIA_APP_ID, the write key's rights and the plan", status, message)
		if status == http.StatusForbidden {
			f.Err = errForbidden
		}
		return f
	}
	return x.Outage(err)
}
