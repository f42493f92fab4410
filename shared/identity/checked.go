package identity

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"time"
)

// checked is a token that held: whom it names, and by which key.
type checked struct {
	caller       Caller
	header       header
	key          publicKey // or the secret, with the algorithm bySecret
	since, until time.Time
}

// The bounds of what is remembered: the number of tokens of a generation, of which there
// are two, the bytes of a token, and the time after a token's check.
const (
	maxChecked      = 2048
	maxCheckedToken = 2 << 10
	checkedFor      = 5 * time.Minute
)

// tokenHash is the key of a token: the token itself is not kept.
type tokenHash [sha256.Size]byte

// checks are the callers' tokens that were checked last. A token is found by the hash of
// its whole text, so any other text is checked from its signature on. Operators' tokens
// are never remembered: operators can sign out.
type checks struct {
	mu            sync.Mutex
	recent, older map[tokenHash]checked
}

// add remembers a token. A full generation replaces the older one.
func (c *checks) add(id tokenHash, t checked) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.recent) >= maxChecked {
		c.older, c.recent = c.recent, nil
	}
	if c.recent == nil {
		c.recent = map[tokenHash]checked{}
	}
	c.recent[id] = t
}

// find returns a remembered token. One of the older generation becomes recent.
func (c *checks) find(id tokenHash) (checked, bool) {
	c.mu.Lock()
	t, ok := c.recent[id]
	old := false
	if !ok {
		t, old = c.older[id]
	}
	c.mu.Unlock()
	if old {
		c.add(id, t)
	}
	return t, ok || old
}

// remembered returns the caller of a token that was checked already. Between its check and
// its expiry no condition but the key can begin to refuse a token, and the key must be
// among the issuer's now. Whatever is not certain is checked again.
func (v *Verifier) remembered(ctx context.Context, id tokenHash, now time.Time) (Caller, bool) {
	t, ok := v.checks.find(id)
	if !ok || now.Before(t.since) || !now.Before(t.until) {
		return Caller{}, false
	}
	if t.key.alg != bySecret {
		found, err := v.keys.find(ctx, t.header.Kid, t.header.Alg, now)
		if err != nil || !slices.ContainsFunc(found, func(k publicKey) bool { return k.raw == t.key.raw }) {
			return Caller{}, false
		}
	}
	return t.caller.own(), true
}

// own returns the caller with a list of accounts that nobody else has.
func (c Caller) own() Caller {
	c.Accounts = slices.Clone(c.Accounts)
	return c
}
