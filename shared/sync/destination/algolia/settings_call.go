package algolia

import (
	"context"
	"net/http"
	"strings"

	"github.com/algolia/algoliasearch-client-go/v3/algolia/opt"

	"gitlab.com/eshopbox-team/return-sync/shared/algolia"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// codeBadSettings marks settings that the index cannot take.
const codeBadSettings = "bad-settings"

// manage gives an order, repeats it while that may help, and decodes the answer.
// All orders can be repeated without harm.
func (c *Client) manage(ctx context.Context, o order, into any) error {
	return c.repeat.Repeat(ctx, func(ctx context.Context) error {
		x := &algolia.Exchange{}
		err := c.api.CustomRequest(into, o.method, o.url(), o.body, o.kind, x.With(ctx),
			opt.ExposeIntermediateNetworkErrors(true), opt.ExtraURLParams(map[string]string{"getVersion": "2"}))
		if err == nil {
			err = ctx.Err() // the client does not report it
		}
		if err == nil {
			return nil
		}
		return o.refused(err, x)
	})
}

// change gives an order that makes a task and waits for it.
func (c *Client) change(ctx context.Context, o order) error {
	var answer struct {
		TaskID int64 `json:"taskID"`
	}
	if err := c.manage(ctx, o, &answer); err != nil {
		return err
	}
	if answer.TaskID == 0 {
		return fault.Wrap(errNoTask, fault.Retry, "index-unreachable", "index "+o.index+" gave no task")
	}
	err := c.Wait(ctx, o.index, answer.TaskID)
	if fault.CodeOf(err) == codeRefusesUs {
		o.right = "addObject"
		return fault.Wrap(err, fault.Forbidden, codeRefusesUs, "the change was sent, but the key cannot check that it is in force: "+o.lacks())
	}
	return err
}

// refused gives an error of an order its kind, and names the missing right where
// that is the reason: the index itself does not.
func (o order) refused(err error, x *algolia.Exchange) error {
	status, message := algolia.Refused(err)
	forbidden := func(format string, args ...any) error {
		return fault.New(fault.Forbidden, codeRefusesUs, format, args...)
	}
	switch words := strings.ToLower(message); {
	case status == http.StatusNotFound:
		return fault.New(fault.NotFound, "no-index", "index %s does not exist", o.index)
	case status == http.StatusBadRequest:
		return fault.New(fault.Invalid, codeBadSettings, "index %s refuses its settings: %s", o.index, message)
	case status == http.StatusPaymentRequired:
		return forbidden("index %s: the plan does not have this: %s", o.index, message)
	case status != http.StatusForbidden && status != http.StatusUnauthorized:
		return classify(err, x)
	case strings.Contains(words, "index not allowed"):
		return forbidden("the key in ALGOLIA_ADMIN_KEY may not use index %s: take one that may use it and its replicas %s_*", o.index, o.index)
	case strings.Contains(words, "method not allowed"):
		return forbidden("%s", o.lacks())
	}
	return forbidden("the index answers %d, %q: check ALGOLIA_APP_ID and ALGOLIA_ADMIN_KEY", status, message)
}

// lacks says which right the key lacks.
func (o order) lacks() string {
	return "the key in ALGOLIA_ADMIN_KEY lacks the right (ACL) " + o.right + " on index " + o.index + ": take a key that has it"
}
