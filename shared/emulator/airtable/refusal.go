package airtable

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// refusal is an error that a client gets.
type refusal struct {
	status        int
	kind, message string
}

// Error is part of error.
func (r *refusal) Error() string { return r.kind + ": " + r.message }

// refuse makes a refusal.
func refuse(status int, kind, format string, args ...any) error {
	return &refusal{status, kind, fmt.Sprintf(format, args...)}
}

// unprocessable is a refusal with status 422.
func unprocessable(kind, format string, args ...any) error {
	return refuse(http.StatusUnprocessableEntity, kind, format, args...)
}

// badRequest is the refusal of a request that has not the documented form.
func badRequest(format string, args ...any) error {
	return unprocessable("INVALID_REQUEST_UNKNOWN", "Invalid request: "+format, args...)
}

// noModel is the refusal of a base or table that is not there.
func noModel() error {
	return refuse(http.StatusForbidden, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND",
		"Invalid permissions, or the requested model was not found. Check that both your user and your token have the required permissions, and that the model names and/or ids are correct.")
}

// notFound is the refusal of a path or record that is not there, which has no message.
func notFound() error { return &refusal{http.StatusNotFound, "NOT_FOUND", ""} }

// tooMany is the refusal of a request beyond a rate.
type tooMany struct{}

// Error is part of error.
func (tooMany) Error() string { return "RATE_LIMIT_REACHED" }

// failure is the refusal that a fault plays.
func failure(status int) error {
	switch status {
	case http.StatusTooManyRequests:
		return tooMany{}
	case http.StatusServiceUnavailable:
		return refuse(status, "SERVICE_UNAVAILABLE", "The service is temporarily unavailable. Please retry shortly.")
	}
	return refuse(status, "SERVER_ERROR", "%s", http.StatusText(status))
}

// send writes an answer or an error.
func send(w http.ResponseWriter, answer any, err error) {
	status, body := http.StatusOK, answer
	var refused *refusal
	switch {
	case err == nil:
	case errors.Is(err, tooMany{}):
		status = http.StatusTooManyRequests
		body = map[string]any{"errors": []map[string]string{{"error": "RATE_LIMIT_REACHED", "message": "Rate limit exceeded. Please try again later"}}}
	case errors.As(err, &refused):
		status = refused.status
		body = map[string]any{"error": map[string]string{"type": refused.kind, "message": refused.message}}
		if refused.message == "" {
			body = map[string]any{"error": refused.kind}
		}
	default:
		status = http.StatusInternalServerError
		body = map[string]any{"error": map[string]string{"type": "SERVER_ERROR", "message": err.Error()}}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have left
}
