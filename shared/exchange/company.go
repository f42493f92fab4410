package exchange

import (
	"fmt"
	"time"
)

// Company is a trading partner, or the owner of this server. On a secondary,
// SyncAddr is the address of the partner's server.
type Company struct {
	ID        ID        `json:"id"`
	Name      string    `json:"name"`
	SyncAddr  string    `json:"sync_addr"`
	Active    bool      `json:"active"`
	HasKey    bool      `json:"has_sync_api_key"` // the key itself is never answered
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Subscription gives a company a slice. Company is relative to the server that keeps
// the row: on a primary the receiver, on a secondary the publisher.
type Subscription struct {
	ID          ID        `json:"id"`
	SliceID     ID        `json:"slice_id"`
	CompanyID   ID        `json:"company_id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Active      bool      `json:"active"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
	Slice       *Slice    `json:"slice,omitempty"`
	// Vanished marks a secondary's subscription that its primary no longer lists. Its
	// content is kept.
	Vanished bool `json:"vanished,omitempty"`
}

// Activity is what one sync did, of one slice or of a whole session.
type Activity struct {
	ID        int64     `json:"id"`
	CompanyID ID        `json:"company_id"`
	SubID     ID        `json:"sub_id"` // zero: the whole session
	Success   bool      `json:"success"`
	Message   string    `json:"message"`
	Error     string    `json:"error"`
	Duration  int64     `json:"duration"` // nanoseconds
	CreatedAt time.Time `json:"created_at"`
	// The public program does not know the following.
	Test  bool  `json:"test,omitempty"` // of a run without update
	Added int   `json:"grains_added,omitempty"`
	Gone  int   `json:"grains_removed,omitempty"`
	Bytes int64 `json:"bytes,omitempty"`
}

// aboutSlice is the message of an activity about one slice.
func aboutSlice(name string) string { return fmt.Sprintf("Slice %q", name) }

// aboutPartner is the message of an activity about a session.
func aboutPartner(c Company) string { return fmt.Sprintf("Syncing %q (%s)", c.Name, c.SyncAddr) }
