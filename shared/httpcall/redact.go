package httpcall

import (
	"errors"
	"net/url"
	"strings"
)

// hidden stands where a secret was.
const hidden = "[hidden]"

// Redact returns an error whose text holds neither the secrets nor the address
// of a request, which often carries one. errors.Is still finds the causes;
// errors.As does not, because a cause would print the secret. A nil err stays nil.
func Redact(err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if inner := (*url.Error)(nil); errors.As(err, &inner) {
		// The client's own text begins with the whole address.
		text = strings.ReplaceAll(text, inner.Error(), inner.Err.Error())
	}
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		text = strings.ReplaceAll(text, secret, hidden)
		text = strings.ReplaceAll(text, url.QueryEscape(secret), hidden)
		text = strings.ReplaceAll(text, url.PathEscape(secret), hidden)
	}
	return &redacted{text: text, cause: err}
}

// redacted is an error without its secrets.
type redacted struct {
	text  string
	cause error
}

// Error returns the text without the secrets.
func (r *redacted) Error() string { return r.text }

// Is finds the causes by which callers decide, such as context.Canceled.
func (r *redacted) Is(target error) bool { return errors.Is(r.cause, target) }
