package email_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"gitlab.com/eshopbox-team/return-sync/shared/alert/alerttest"
)

// server is a mail server on loopback. Its answers follow a script of HTTP's statuses,
// each translated to what a mail server says in its place.
type server struct {
	address string
	trust   *tls.Config // what a client trusts the server with
	mu      sync.Mutex
	script  []alerttest.Answer
	letters []letter
	tried   int
}

// letter is a message that was taken.
type letter struct {
	user, from string
	to         []string
	text       string
}

// newServer starts a mail server. Without encryption it offers no STARTTLS.
func newServer(t testing.TB, encrypted bool, script ...alerttest.Answer) *server {
	t.Helper()
	s := &server{script: script}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return s.session() }))
	srv.Domain, srv.ErrorLog, srv.AllowInsecureAuth = "mail.test", log.New(io.Discard, "", 0), !encrypted
	lent := httptest.NewTLSServer(nil) // its certificate is valid for 127.0.0.1
	s.trust = lent.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	s.trust.ServerName = "127.0.0.1"
	if encrypted {
		srv.TLSConfig = &tls.Config{Certificates: lent.TLS.Certificates}
	}
	lent.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	go func() { _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close() })
	return s
}

// Address implements alerttest.Place.
func (s *server) Address() string { return s.address }

// Tried implements alerttest.Place.
func (s *server) Tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tried
}

// Taken implements alerttest.Place.
func (s *server) Taken() int { return len(s.Letters()) }

// Letters returns the messages that were taken.
func (s *server) Letters() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]letter{}, s.letters...)
}

// replies are a mail server's words for HTTP's statuses, and the command they answer.
// Each repeats the secret: what a server says must not be shown.
var replies = map[int]struct {
	command string
	err     *smtp.SMTPError
}{
	429: {"MAIL", &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "too many messages " + alerttest.Secret}},
	500: {"DATA", &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "local error " + alerttest.Secret}},
	503: {"MAIL", &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "going down " + alerttest.Secret}},
	400: {"DATA", &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "no such content " + alerttest.Secret}},
	413: {"MAIL", &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4}, Message: "too large " + alerttest.Secret}},
	404: {"RCPT", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user " + alerttest.Secret}},
	403: {"AUTH", &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong password " + alerttest.Secret}},
	302: {"RCPT", &smtp.SMTPError{Code: 551, EnhancedCode: smtp.EnhancedCode{5, 1, 6}, Message: "try " + alerttest.Secret}},
	308: {"DATA", &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not by this way " + alerttest.Secret}},
}

// session begins a conversation, which counts as tried from its first command on.
func (s *server) session() (*session, error) { return &session{server: s}, nil }

// session is one conversation.
type session struct {
	server *server
	begun  bool
	answer alerttest.Answer
	letter letter
}

// says returns what the script says to a command.
func (c *session) says(command string) error {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	if !c.begun {
		c.begun = true
		c.server.tried++
		if len(c.server.script) > 0 {
			c.answer, c.server.script = c.server.script[0], c.server.script[1:]
		}
	}
	if reply, ok := replies[c.answer.Status]; ok && reply.command == command {
		return reply.err
	}
	return nil
}

// AuthMechanisms implements smtp.AuthSession.
func (*session) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession.
func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if err := c.says("AUTH"); err != nil {
			return err
		}
		if password != alerttest.Secret {
			return errors.New("wrong password")
		}
		c.letter.user = user
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	c.letter.from = from
	return c.says("MAIL")
}

// Rcpt implements smtp.Session.
func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.letter.to = append(c.letter.to, to)
	return c.says("RCPT")
}

// Data implements smtp.Session.
func (c *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err := errors.Join(err, c.says("DATA")); err != nil {
		return c.says("DATA")
	}
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.letter.text = string(text)
	c.server.letters = append(c.server.letters, c.letter)
	return nil
}

// Reset implements smtp.Session.
func (*session) Reset() {}

// Logout implements smtp.Session.
func (*session) Logout() error { return nil }
