package record

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// Format is the form of an index's records beyond their columns. It is fixed when an
// index is first filled, so that all its records are alike.
type Format struct {
	// Account is the column with the account of a record; empty if records belong to
	// none. A row without an account has no record.
	Account string
	// AccountKey adds the field AccountKeyField.
	AccountKey bool
	// IDs makes the records' ids.
	IDs IDs
}

// Equal reports whether equal rows give equal records in both formats.
func (f Format) Equal(o Format) bool {
	return f.Account == o.Account && f.AccountKey == o.AccountKey && bytes.Equal(f.IDs, o.IDs)
}

// AccountKeyField is the field with AccountKey of a record's account.
const AccountKeyField = "accountKey"

// AccountKey returns a text that stands for an account in filters: the letter a and the
// account's bytes in lower-case hexadecimal. Indices compare texts without regard to
// case, accents or white space, and read texts like numbers as numbers; no two such keys
// are equal to them.
func AccountKey(account string) string {
	return string(appendAccountKey(nil, []byte(account)))
}

// appendAccountKey appends AccountKey of an account.
func appendAccountKey(dst, account []byte) []byte { return hex.AppendEncode(append(dst, 'a'), account) }

// IDs is a secret for ids that nobody can guess: the id from rows.sql, a hyphen, and 128
// bits that only the secret yields. The empty secret leaves ids unchanged.
type IDs []byte

// Format implements fmt.Formatter: no verb prints the secret.
func (IDs) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "(secret)") }

// idMark separates the id from rows.sql and the secret part.
const idMark = "-"

// idSize is the size of the secret part in bytes.
const idSize = 16

// idText writes the secret part in small letters and digits.
var idText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Of returns the record's id for an id from rows.sql. An id with its secret part is
// returned unchanged, so that callers may name a record by either.
func (s IDs) Of(id string) string {
	if len(s) == 0 || id == "" {
		return id
	}
	if i := strings.LastIndex(id, idMark); i > 0 && hmac.Equal([]byte(id[i+len(idMark):]), []byte(s.proof(id[:i]))) {
		return id
	}
	return id + idMark + s.proof(id)
}

// proof returns the secret part of an id.
func (s IDs) proof(id string) string {
	mac := hmac.New(sha256.New, s)
	_, _ = mac.Write([]byte(id)) // never fails
	return idText.EncodeToString(mac.Sum(nil)[:idSize])
}
