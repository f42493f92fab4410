package tds

import "encoding/binary"

// Error is an error as the server sends it.
type Error struct {
	Number  int32
	State   uint8
	Class   uint8 // the severity
	Message string
}

// Error returns the text.
func (e *Error) Error() string { return e.Message }

// Column is a column of an answer.
type Column struct {
	Name string
	Type Type
}

// The tokens of an answer.
const (
	tokenReturnStatus = 0x79
	tokenColumns      = 0x81
	tokenError        = 0xaa
	tokenInfo         = 0xab
	tokenLoginAck     = 0xad
	tokenRow          = 0xd1
	tokenChange       = 0xe3
	tokenDone         = 0xfd
	tokenDoneProc     = 0xfe
	tokenDoneInProc   = 0xff
)

// The flags of the tokens that end something.
const (
	doneMore      = 0x01
	doneError     = 0x02
	doneCount     = 0x10
	doneAttention = 0x20
)

// Commands that the tokens name.
const (
	commandSelect = 0xc1
	commandOther  = 0xc5
)

// Change is a kind of change of the session that a token reports.
type Change byte

// The changes.
const (
	ChangeDatabase   Change = 1
	ChangeLanguage   Change = 2
	ChangePacketSize Change = 4
	ChangeCollation  Change = 7
	ChangeBegin      Change = 8
	ChangeCommit     Change = 9
	ChangeRollback   Change = 10
)

// Answer is an answer that grows token by token.
type Answer struct{ b []byte }

// Bytes returns the answer.
func (a *Answer) Bytes() []byte { return a.b }

// sized appends a token whose content has its length before it.
func (a *Answer) sized(token byte, content []byte) {
	a.b = binary.LittleEndian.AppendUint16(append(a.b, token), uint16(len(content)))
	a.b = append(a.b, content...)
}

// short appends a text with its length in a byte.
func short(b []byte, s string) []byte {
	text := toUTF16(s)
	text = text[:min(len(text), 2*255)]
	return append(append(b, byte(len(text)/2)), text...)
}

// serverName is the server's name in messages.
const serverName = "EMULATOR"

// message appends an error or a word of the server.
func (a *Answer) message(token byte, e Error) {
	b := binary.LittleEndian.AppendUint32(nil, uint32(e.Number))
	b = append(b, e.State, e.Class)
	text := toUTF16(e.Message)
	text = text[:min(len(text), 2*4000)]
	b = append(binary.LittleEndian.AppendUint16(b, uint16(len(text)/2)), text...)
	b = short(short(b, serverName), "")
	a.sized(token, binary.LittleEndian.AppendUint32(b, 1))
}

// Error appends an error.
func (a *Answer) Error(e *Error) { a.message(tokenError, *e) }

// Info appends a word of the server that is no error.
func (a *Answer) Info(number int32, text string) {
	a.message(tokenInfo, Error{Number: number, State: 1, Message: text})
}

// Text appends a change of a text.
func (a *Answer) Text(c Change, now, before string) {
	a.sized(tokenChange, short(short([]byte{byte(c)}, now), before))
}

// Collation appends the server's collation.
func (a *Answer) Collation() {
	a.sized(tokenChange, append(append([]byte{byte(ChangeCollation), 5}, latin1General...), 0))
}

// Transaction appends the begin or the end of a transaction.
func (a *Answer) Transaction(c Change, id uint64) {
	number := binary.LittleEndian.AppendUint64(nil, id)
	if c == ChangeBegin {
		a.sized(tokenChange, append(append([]byte{byte(c), 8}, number...), 0))
		return
	}
	a.sized(tokenChange, append([]byte{byte(c), 0, 8}, number...))
}

// LoginAck appends the server's name and version.
func (a *Answer) LoginAck() {
	b := binary.BigEndian.AppendUint32([]byte{1}, Version74)
	b = short(b, "Microsoft SQL Server")
	a.sized(tokenLoginAck, append(b, Server[:]...))
}

// Rows appends a set of rows.
func (a *Answer) Rows(columns []Column, rows [][]any) {
	a.b = binary.LittleEndian.AppendUint16(append(a.b, tokenColumns), uint16(len(columns)))
	for _, c := range columns {
		const nullable = 0x01
		a.b = append(a.b, 0, 0, 0, 0, nullable, 0)
		a.b = short(c.Type.typeInfo(a.b), c.Name)
	}
	for _, row := range rows {
		a.b = append(a.b, tokenRow)
		for i, v := range row {
			a.b = columns[i].Type.value(a.b, v)
		}
	}
}

// done appends a token that ends something.
func (a *Answer) done(token byte, flags uint16, command uint16, count int) {
	a.b = binary.LittleEndian.AppendUint16(append(a.b, token), flags)
	a.b = binary.LittleEndian.AppendUint16(a.b, command)
	a.b = binary.LittleEndian.AppendUint64(a.b, uint64(count))
}

// Outcome is how a request ended.
type Outcome struct {
	Set     bool // rows were sent
	Count   int  // rows that were sent or changed; negative: no count is sent
	Failed  bool
	Within  bool // a procedure was called
	Handles int32
}

// Done ends the answer of a request.
func (a *Answer) Done(o Outcome) {
	command, flags := uint16(commandOther), uint16(0)
	if o.Set {
		command = commandSelect
	}
	if o.Count >= 0 {
		flags |= doneCount
	}
	if o.Failed {
		flags = doneError
	}
	if !o.Within {
		a.done(tokenDone, flags, command, max(o.Count, 0))
		return
	}
	if !o.Failed {
		a.done(tokenDoneInProc, flags|doneMore, command, max(o.Count, 0))
	}
	a.b = binary.LittleEndian.AppendUint32(append(a.b, tokenReturnStatus), uint32(o.Handles))
	a.done(tokenDoneProc, flags&doneError, 0xe0, 0)
}

// Attended ends an answer that the client has asked to end.
func (a *Answer) Attended() { a.done(tokenDone, doneAttention, 0, 0) }
