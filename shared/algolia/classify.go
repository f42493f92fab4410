package algolia

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/errs"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// CodeUnreachable marks an index that does not answer, or answers 5xx.
const CodeUnreachable = "index-unreachable"

// Refused returns the status and the words of an answer that is no success, 0 for
// an error without an answer. The words are shortened.
func Refused(err error) (status int, message string) {
	if api, ok := errs.IsAlgoliaErr(err); ok {
		return api.Status, shorten(api.Message)
	}
	return 0, ""
}

// Words returns an answer's words as they came, empty without an answer.
func Words(err error) string {
	if api, ok := errs.IsAlgoliaErr(err); ok {
		return api.Message
	}
	return ""
}

// Missing reports whether the index answered that something is not there.
func Missing(err error) bool {
	status, _ := Refused(err)
	return status == http.StatusNotFound
}

// Outage gives an error of a call its kind where waiting may cure it: a request
// to slow down is fault.Throttled, no answer and every other status fault.Retry.
// The fault asks to wait as long as the index did.
func (x *Exchange) Outage(err error) error {
	switch status, message := Refused(err); status {
	case 0:
		return &fault.Error{Kind: fault.Retry, Code: CodeUnreachable, Message: "the index does not answer", After: x.After, Err: hosts(err)}
	case http.StatusTooManyRequests:
		return &fault.Error{Kind: fault.Throttled, Code: "index-throttles", Message: "the index asks to slow down: " + message, After: x.After}
	default:
		return &fault.Error{Kind: fault.Retry, Code: CodeUnreachable, Message: fmt.Sprintf("the index answers %d", status), After: x.After}
	}
}

// hosts returns what each host answered where the client has given up on all of
// them. The client lists the reasons for calls with
// opt.ExposeIntermediateNetworkErrors.
func hosts(err error) error {
	var none *errs.NoMoreHostToTryErr
	if errors.As(err, &none) {
		return errors.Join(none.IntermediateNetworkErrors()...)
	}
	return err
}

// MaxWords is how many bytes are kept of an index's words.
const MaxWords = 300

// shorten cuts an index's words, not within a letter.
func shorten(s string) string {
	if len(s) > MaxWords {
		s = s[:MaxWords]
	}
	return strings.ToValidUTF8(s, "")
}
