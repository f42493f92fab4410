package odoo_test

import (
	"io"
	"net/http"
)

// fetch sends a request and returns the body.
func fetch(r *http.Request) (string, error) {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}
