package exchange

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Sealer encrypts the keys with which this server logs in at its partners', so that a
// copy of the tables opens no partner's server.
type Sealer struct{ aead cipher.AEAD }

// NewSealer returns a sealer of a secret: AES-256-GCM with the secret's SHA-256.
func NewSealer(secret string) (*Sealer, error) {
	sum := sha256.Sum256([]byte(secret))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &Sealer{aead}, err
}

// Seal encrypts a company's key. It opens for that company alone.
func (s *Sealer) Seal(company ID, key string) []byte {
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails: it ends the process instead
	return s.aead.Seal(nonce, nonce, []byte(key), company[:])
}

// Open decrypts a company's key.
func (s *Sealer) Open(company ID, sealed []byte) (string, error) {
	n := s.aead.NonceSize()
	if len(sealed) > n {
		if key, err := s.aead.Open(nil, sealed[:n], sealed[n:], company[:]); err == nil {
			return string(key), nil
		}
	}
	return "", fault.New(fault.Misconfigured, "key-unreadable", "the partner's key cannot be opened: EXCHANGE_KEY_SECRET has changed; set the key again")
}
