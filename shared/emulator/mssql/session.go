package mssql

import (
	"context"
	"crypto/subtle"
	"errors"
	"net"
	"strconv"
	"sync"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/rows"
	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/tds"
)

// loginTime bounds what comes before a session.
const loginTime = 30 * time.Second

// session is a client's connection.
type session struct {
	server  *Server
	raw     net.Conn
	conn    *tds.Conn
	spid    uint16
	tx      *rows.Tx // the open transaction, nil for none
	txID    uint64
	txJobs  []Job
	txWrote []Written

	mu     sync.Mutex
	cancel context.CancelFunc // of the request that runs, nil for none
	asked  bool               // the client has asked it to end
}

// newSession returns the session of a connection.
func newSession(s *Server, raw net.Conn, spid uint16) *session {
	return &session{server: s, raw: raw, conn: tds.NewConn(raw, spid), spid: spid}
}

// serve answers a client until it leaves.
func (c *session) serve() {
	defer func() {
		_ = c.raw.Close() // the client may have closed it
		c.rollback()
	}()
	_ = c.raw.SetDeadline(time.Now().Add(loginTime)) // it has just been opened
	if !c.login() {
		return
	}
	_ = c.raw.SetDeadline(time.Time{})
	messages := make(chan tds.Message)
	ended := make(chan struct{})
	defer close(ended)
	go c.read(messages, ended)
	for m := range messages {
		if !c.answer(m) {
			return
		}
	}
}

// read reads messages. One that asks a request to end does not wait for that request.
func (c *session) read(messages chan<- tds.Message, ended <-chan struct{}) {
	defer close(messages)
	for {
		m, err := c.conn.Read()
		if err != nil {
			c.attend() // nobody waits for the answer
			return
		}
		if m.Type == tds.Attention && c.attend() {
			continue
		}
		select {
		case messages <- m:
		case <-ended:
			return
		}
	}
}

// attend asks the request that runs to end; false says that none runs.
func (c *session) attend() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel == nil {
		return false
	}
	c.asked = true
	c.cancel()
	return true
}

// login answers the first messages; false ends the connection.
func (c *session) login() bool {
	m, err := c.conn.Read()
	if err != nil || m.Type != tds.Prelogin {
		return false
	}
	wish, err := tds.ParsePrelogin(m.Body)
	if err != nil {
		return false
	}
	say := wish
	switch {
	case wish == tds.EncryptDemands:
		say = tds.EncryptOn
	case c.server.options.Encrypt:
		say = tds.EncryptDemands
	}
	if c.conn.Write(tds.Reply, tds.PreloginAnswer(say)) != nil || say == tds.EncryptDemands && wish == tds.EncryptNever {
		return false
	}
	if say != tds.EncryptNever && c.conn.Secure(c.server.tls) != nil {
		return false
	}
	if m, err = c.conn.Read(); err != nil || m.Type != tds.Login {
		return false
	}
	if say == tds.EncryptLogin {
		c.conn.Unsecure()
	}
	r, err := tds.ParseLogin(m.Body)
	if err != nil {
		return false
	}
	return c.welcome(r)
}

// welcome judges a login and answers it.
func (c *session) welcome(r tds.LoginRequest) bool {
	var a tds.Answer
	o := c.server.options
	right := subtle.ConstantTimeCompare([]byte(r.User+"\x00"+r.Password), []byte(o.User+"\x00"+o.Password)) == 1
	refuse := func(list ...*tds.Error) bool {
		for _, e := range list {
			a.Error(e)
		}
		a.Done(tds.Outcome{Failed: true})
		_ = c.conn.Write(tds.Reply, a.Bytes()) // the connection ends in any case
		return false
	}
	failed := &tds.Error{Number: 18456, State: 1, Class: 14, Message: "Login failed for user '" + r.User + "'."}
	switch {
	case r.Version < 0x72000000:
		return refuse(&tds.Error{Number: 17830, State: 1, Class: 20, Message: "The emulator speaks the protocol from version 7.2 on."})
	case !right, c.server.strikes("login", stranger):
		return refuse(failed)
	case r.Database != "" && r.Database != o.Database:
		return refuse(&tds.Error{Number: 4060, State: 1, Class: 11, Message: `Cannot open database "` + r.Database + `" requested by the login. The login failed.`}, failed)
	}
	size := tds.FirstPacketSize
	if r.PacketSize > 0 {
		size = r.PacketSize
	}
	size = c.conn.SetPacketSize(size)
	a.Text(tds.ChangeDatabase, o.Database, "master")
	a.Info(5701, "Changed database context to '"+o.Database+"'.")
	a.Collation()
	a.Text(tds.ChangeLanguage, "us_english", "")
	a.Info(5703, "Changed language setting to us_english.")
	a.LoginAck()
	a.Text(tds.ChangePacketSize, strconv.Itoa(size), strconv.Itoa(tds.FirstPacketSize))
	a.Done(tds.Outcome{Count: -1})
	return c.conn.Write(tds.Reply, a.Bytes()) == nil
}

// answer answers one message; false ends the connection.
func (c *session) answer(m tds.Message) bool {
	if m.Type == tds.Attention { // it came when nothing ran
		var a tds.Answer
		a.Attended()
		return c.conn.Write(tds.Reply, a.Bytes()) == nil
	}
	ctx, cancel := context.WithCancel(c.server.ctx)
	defer cancel()
	c.mu.Lock()
	c.cancel, c.asked = cancel, false
	c.mu.Unlock()
	if m.Reset {
		c.rollback()
	}
	var a tds.Answer
	err := c.request(ctx, m, &a)
	c.mu.Lock()
	c.cancel = nil
	asked := c.asked
	c.mu.Unlock()
	switch {
	case errors.Is(err, errCut):
		c.cut()
		return false
	case err != nil && !asked:
		return false // a message that cannot be read, or the end of the server
	case asked:
		a = tds.Answer{}
		a.Attended()
	}
	return c.conn.Write(tds.Reply, a.Bytes()) == nil
}

// errCut says that the connection is to be cut.
var errCut = errors.New("the connection is cut")

// cut closes the connection in a way that the client sees as a reset.
func (c *session) cut() {
	if tcp, ok := c.raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // else the client sees an orderly end
	}
	_ = c.raw.Close()
}

// request reads and does what a message asks for.
func (c *session) request(ctx context.Context, m tds.Message, a *tds.Answer) error {
	switch m.Type {
	case tds.Batch:
		text, err := tds.ParseBatch(m.Body)
		if err != nil {
			return err
		}
		call, err := batch(text)
		if err != nil {
			a.Error(refusal(err.Error()))
			a.Done(tds.Outcome{Failed: true})
			return nil
		}
		return c.do(ctx, call, false, a)
	case tds.RPC:
		call, err := tds.ParseCall(m.Body)
		if err != nil {
			return err
		}
		return c.do(ctx, call, true, a)
	case tds.Transaction:
		verb, again, err := tds.ParseTransaction(m.Body)
		if err != nil {
			return err
		}
		return c.transact(ctx, verb, again, a)
	}
	return errors.New("the message is of a type that is not emulated")
}
