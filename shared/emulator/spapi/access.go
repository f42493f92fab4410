package spapi

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// maxBody is the largest request body in bytes.
const maxBody = 1 << 20

// token answers Login with Amazon's token request.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		write(w, http.StatusBadRequest, lwaError{"invalid_request", "The request is no form"})
		return
	}
	same := func(field, want string) bool {
		return subtle.ConstantTimeCompare([]byte(r.PostForm.Get(field)), []byte(want)) == 1
	}
	switch {
	case r.PostForm.Get("grant_type") != "refresh_token":
		write(w, http.StatusBadRequest, lwaError{"unsupported_grant_type", "The authorization grant type is not supported by the authorization server"})
	case !same("client_id", s.options.ClientID) || !same("client_secret", s.options.ClientSecret):
		write(w, http.StatusUnauthorized, lwaError{"invalid_client", "Client authentication failed"})
	case !same("refresh_token", s.options.RefreshToken):
		write(w, http.StatusBadRequest, lwaError{"invalid_grant", "The request has an invalid grant parameter : refresh_token"})
	default:
		access := "Atza|" + rand.Text()
		s.mu.Lock()
		s.tokens[access] = s.options.Now().Add(s.options.TokenLife)
		s.mu.Unlock()
		write(w, http.StatusOK, map[string]any{
			"access_token": access, "refresh_token": s.options.RefreshToken, "token_type": "bearer",
			"expires_in": int(s.options.TokenLife / time.Second),
		})
	}
}

// lwaError is an error of the token endpoint.
type lwaError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

// api is an operation that asks for an access token and takes one from its bucket.
func (s *Server) api(operation string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("x-amzn-RateLimit-Limit", strconv.FormatFloat(s.limit(operation).Rate, 'f', -1, 64))
		access := r.Header.Get("x-amz-access-token")
		if access == "" {
			refuse(w, http.StatusUnauthorized, "The access token is missing")
			return
		}
		if s.faults.Strikes(operation, r.URL.Path, expiredToken) != nil {
			s.mu.Lock()
			delete(s.tokens, access)
			s.mu.Unlock()
		}
		s.mu.Lock()
		end, known := s.tokens[access]
		s.mu.Unlock()
		switch {
		case !known || !s.options.Now().Before(end):
			refuse(w, http.StatusForbidden, "The access token you provided has expired.")
		case s.faults.Strikes(operation, r.URL.Path, forbidden) != nil:
			refuse(w, http.StatusForbidden, "Access to requested resource is denied.")
		case !s.take(operation):
			refuse(w, http.StatusTooManyRequests, "You exceeded your quota for the requested resource.")
		default:
			next(w, r)
		}
	}
}

// codes are the API's codes of statuses.
var codes = map[int]string{
	http.StatusBadRequest: "InvalidInput", http.StatusUnauthorized: "Unauthorized", http.StatusForbidden: "Unauthorized",
	http.StatusNotFound: "NotFound", http.StatusUnsupportedMediaType: "InvalidContentType",
	http.StatusTooManyRequests: "QuotaExceeded", http.StatusServiceUnavailable: "ServiceUnavailable",
}

// refuse answers an error list.
func refuse(w http.ResponseWriter, status int, message string) {
	code := codes[status]
	if code == "" {
		code = "InternalFailure"
	}
	write(w, status, map[string]any{"errors": []map[string]string{{"code": code, "message": message, "details": ""}}})
}

// write answers a value as JSON.
func write(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client may have left
}
