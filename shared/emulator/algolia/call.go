package algolia

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/algolia/internal/jsonscan"
	"gitlab.com/eshopbox-team/return-sync/shared/reference"
)

// call is one request on its way through a handler.
type call struct {
	server *Server
	app    *application
	key    *apiKey
	http   *http.Request
	query  url.Values
	vars   map[string]string // the {names} of the route
	body   []byte            // unzipped
}

// answer is what a handler returns to be sent as JSON.
type answer struct {
	status int
	body   any
}

func ok(body any) (*answer, error) { return &answer{http.StatusOK, body}, nil }

// object is a JSON object of an answer.
type object map[string]any

// apiError is a refusal: the message for people, the status, and members that
// some refusals carry beside them.
type apiError struct {
	status  int
	message string
	extra   object
}

// Error returns the message.
func (e *apiError) Error() string { return e.message }

func refuse(status int, format string, args ...any) error {
	return &apiError{status: status, message: fmt.Sprintf(format, args...)}
}

func badRequest(err error) error { return refuse(http.StatusBadRequest, "%s", err) }

// readBody reads and unzips the request's body.
func readBody(r *http.Request) ([]byte, error) {
	var reader io.Reader = http.MaxBytesReader(nil, r.Body, maxBody)
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		zip, err := gzip.NewReader(reader)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "body is not gzip: %s", err)
		}
		reader = io.LimitReader(zip, maxBody)
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "cannot read the body: %s", err)
	}
	return body, nil
}

// compactBody returns the body as compact JSON.
func (c *call) compactBody() ([]byte, error) {
	compact, err := jsonscan.Compact(make([]byte, 0, len(c.body)), c.body)
	if err != nil {
		return nil, badRequest(err)
	}
	return compact, nil
}

// compactObject returns the body as compact JSON and refuses anything but an
// object.
func (c *call) compactObject() ([]byte, error) {
	compact, err := c.compactBody()
	if err == nil && compact[0] != '{' {
		err = refuse(http.StatusBadRequest, "expected a JSON object")
	}
	return compact, err
}

// flag reads a boolean of the query string.
func (c *call) flag(name string, missing bool) (bool, error) {
	if !c.query.Has(name) {
		return missing, nil
	}
	value, known := reference.Bool(c.query.Get(name))
	if !known {
		return missing, refuse(http.StatusBadRequest, "invalid value for %q parameter, expected boolean", name)
	}
	return value, nil
}

// send writes an answer or an error as JSON.
func send(w http.ResponseWriter, a *answer, err error) int {
	if err != nil {
		a = errorAnswer(err)
	}
	text, encodeErr := encodeJSON(a.body)
	if encodeErr != nil {
		a.status, text = http.StatusInternalServerError, []byte(`{"message":"cannot encode the answer","status":500}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(a.status)
	_, _ = w.Write(text) // the client may be gone
	return a.status
}

func errorAnswer(err error) *answer {
	var refused *apiError
	if !errors.As(err, &refused) {
		refused = &apiError{status: http.StatusInternalServerError, message: err.Error()}
	}
	body := object{"message": refused.message, "status": refused.status}
	for name, value := range refused.extra {
		body[name] = value
	}
	return &answer{refused.status, body}
}

func encodeJSON(v any) ([]byte, error) {
	if raw, ok := v.(json.RawMessage); ok {
		return raw, nil
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return []byte(b.String()), err
}

// milliseconds is a duration in the unit of processingTimeMS, at least 1.
func milliseconds(d time.Duration) int64 { return max(1, d.Milliseconds()) }
