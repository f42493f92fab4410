// Package rest speaks the HTTP calls of the public program: what both sides share on
// the wire, and the client with which a secondary logs in and, where the primary does
// not upgrade to a websocket, syncs.
//
// The calls of one sync, in order:
//
//	POST /login, GET /server, GET /v1/sync/subs, and for each slice that differs
//	GET /v1/sync/slice/{id}?brief=yes, GET /v1/slices/metadata/{id}, GET /v1/grains/{id}
//	for each missing grain; POST /v1/activity for each slice
package rest

import (
	"net/url"
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Login is the body of POST /login. A key counts before a name.
type Login struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Key      string `json:"sync-api-key"`
}

// Token is the answer to POST /login and GET /refresh/{token}. Times are RFC 3339.
type Token struct {
	Token   string `json:"token"`
	Expires string `json:"expires"`
	Refresh string `json:"refresh_token,omitempty"`
}

// Server is the answer to GET /server.
type Server struct {
	ID   exchange.ID `json:"server-id"`
	Role string      `json:"server-role"`
}

// The roles of a server.
const (
	RolePrimary   = "primary"
	RoleSecondary = "secondary"
)

// Meta is an entry of GET /v1/slices/metadata/{id}.
type Meta struct {
	Key   string `json:"key"`
	Value string `json:"val"`
}

// Key is the answer to POST /v1/apikey.
type Key struct {
	Primary exchange.ID `json:"primary_id"`
	Key     string      `json:"sync_api_key"`
}

// Paging describes a page of a list.
type Paging struct {
	Number int `json:"page_number"`
	Size   int `json:"page_size"`
	Total  int `json:"items_total"`
}

// ParseAddress reads a partner's address: scheme, host and port count, and the path is
// dropped, because the calls have absolute paths.
func ParseAddress(address string) (*url.URL, error) {
	address = strings.TrimSpace(address)
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || len(address) > maxAddress ||
		strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, fault.New(fault.Invalid, "bad-address", "a sync address is http or https with a host, without user and password, of at most %d ASCII characters", maxAddress)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// maxAddress is the longest sync address, in bytes.
const maxAddress = 255
