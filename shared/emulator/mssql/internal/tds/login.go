package tds

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Encryption is what one end of a connection says about TLS in its first message.
type Encryption byte

// The words about TLS.
const (
	EncryptLogin   Encryption = 0 // available, off: the login alone is encrypted
	EncryptOn      Encryption = 1
	EncryptNever   Encryption = 2 // not available
	EncryptDemands Encryption = 3
)

// The options of the first message.
const (
	optionVersion    = 0x00
	optionEncryption = 0x01
	optionEnd        = 0xff
)

// Server is the version that the server says it has: SQL Server 2019.
var Server = [4]byte{15, 0, 0x07, 0xd0}

// ParsePrelogin reads what a client says about TLS in its first message.
func ParsePrelogin(body []byte) (Encryption, error) {
	for at := 0; ; at += 5 {
		if at >= len(body) {
			return 0, errShort
		}
		if body[at] == optionEnd {
			return EncryptNever, nil // a client that says nothing knows no TLS
		}
		if at+5 > len(body) {
			return 0, errShort
		}
		offset, size := int(binary.BigEndian.Uint16(body[at+1:])), int(binary.BigEndian.Uint16(body[at+3:]))
		if offset+size > len(body) {
			return 0, errShort
		}
		if body[at] == optionEncryption {
			if size != 1 || body[offset] > byte(EncryptDemands) {
				return 0, errors.New("the option about encryption has an unknown value")
			}
			return Encryption(body[offset]), nil
		}
	}
}

// PreloginAnswer writes the server's first message.
func PreloginAnswer(e Encryption) []byte {
	const values = 2*5 + 1
	return []byte{
		optionVersion, 0, values, 0, 6,
		optionEncryption, 0, values + 6, 0, 1,
		optionEnd,
		Server[0], Server[1], Server[2], Server[3], 0, 0,
		byte(e),
	}
}

// Version74 is the version of the protocol that is spoken.
const Version74 = 0x74000004

// LoginRequest is what a client says of itself.
type LoginRequest struct {
	Version    uint32
	PacketSize int
	User       string
	Password   string
	App        string
	Database   string
}

// loginFixed is the size of a login's fixed part.
const loginFixed = 94

// ParseLogin reads a login.
func ParseLogin(body []byte) (r LoginRequest, err error) {
	if len(body) < loginFixed || int(binary.LittleEndian.Uint32(body)) > len(body) {
		return r, errShort
	}
	r.Version = binary.LittleEndian.Uint32(body[4:])
	r.PacketSize = int(binary.LittleEndian.Uint32(body[8:]))
	if body[25]&0x80 != 0 {
		return r, errors.New("the client asks for integrated security, which is not emulated")
	}
	for _, f := range []struct {
		at     int
		into   *string
		masked bool
	}{{40, &r.User, false}, {44, &r.Password, true}, {48, &r.App, false}, {68, &r.Database, false}} {
		offset, chars := int(binary.LittleEndian.Uint16(body[f.at:])), int(binary.LittleEndian.Uint16(body[f.at+2:]))
		if offset+2*chars > len(body) {
			return r, fmt.Errorf("the field at byte %d of the login lies outside of it", f.at)
		}
		text := append([]byte{}, body[offset:offset+2*chars]...)
		if f.masked {
			for i, b := range text {
				b ^= 0xa5
				text[i] = b<<4 | b>>4
			}
		}
		*f.into = fromUTF16(text)
	}
	return r, nil
}
