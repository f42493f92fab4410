// Package email sends alerts by e-mail, through a mail server that speaks SMTP with
// STARTTLS. A connection that is not encrypted carries neither password nor message.
package email

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// Delivery holds the environment's settings of the channel.
type Delivery struct {
	// To are the addresses, separated by commas. The server takes a message for all of
	// them or for none.
	To []string `env:"ALERT_EMAIL_TO"`
	// From is the sender.
	From string `env:"ALERT_EMAIL_FROM"`
	// Server is the mail server's host, or host:port; the port is 587 otherwise.
	Server string `env:"ALERT_SMTP_SERVER"`
	// User and Password log in; without a user nobody logs in.
	User     string `env:"ALERT_SMTP_USER"`
	Password string `env:"ALERT_SMTP_PASSWORD"`
}

// Channel is a list of addresses. It is safe for concurrent use.
type Channel struct {
	cfg          Delivery
	host         string
	port         int
	domain       string // of the sender
	installation string
	// TLS is the configuration with which the server is trusted, if not the system's.
	TLS *tls.Config
}

// New returns the channel to the addresses. The installation's name keeps the messages of
// several installations apart.
func New(c Delivery, installation string) (*Channel, error) {
	ch := &Channel{cfg: c, installation: installation}
	var problems []error
	host, port, err := net.SplitHostPort(c.Server)
	if err != nil {
		host, port = c.Server, "587"
	}
	ch.host = host
	if ch.port, err = strconv.Atoi(port); err != nil || ch.port < 1 || ch.port > 65535 || host == "" || strings.ContainsAny(host, "/ @") {
		problems = append(problems, errors.New("ALERT_SMTP_SERVER is no mail server: want host or host:port"))
	}
	_, ch.domain, _ = strings.Cut(c.From, "@")
	ch.domain = strings.TrimRight(ch.domain, "> ")
	m := mail.NewMsg()
	if m.From(c.From) != nil {
		problems = append(problems, errors.New("ALERT_EMAIL_FROM is no address of e-mail"))
	}
	if len(c.To) == 0 || m.To(c.To...) != nil {
		problems = append(problems, errors.New("ALERT_EMAIL_TO is no list of addresses of e-mail, separated by commas"))
	}
	if (c.User == "") != (c.Password == "") {
		problems = append(problems, errors.New("ALERT_SMTP_USER and ALERT_SMTP_PASSWORD belong together"))
	}
	return ch, errors.Join(problems...)
}

// Send implements alert.Channel.
func (c *Channel) Send(ctx context.Context, m alert.Message) error {
	letter, err := c.letter(m)
	if err != nil {
		return err
	}
	client, err := mail.NewClient(c.host, c.options()...)
	if err != nil {
		return err
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return answered(err)
	}
	err = client.SendWithSMTPClient(connection, letter)
	// A server that has taken the message and then fails to say goodbye has taken it.
	_ = client.CloseWithSMTPClient(connection)
	return answered(err)
}

// options are how the server is spoken to.
func (c *Channel) options() []mail.Option {
	o := []mail.Option{mail.WithPort(c.port), mail.WithTimeout(alert.SendWithin), mail.WithTLSPolicy(mail.TLSMandatory)}
	if c.TLS != nil {
		o = append(o, mail.WithTLSConfig(c.TLS))
	}
	if c.cfg.User != "" {
		o = append(o, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.cfg.User), mail.WithPassword(c.cfg.Password))
	}
	return o
}

// letter is a message as an e-mail. A message that is sent twice has one id, so a
// reader's program shows it once; the recovery answers what it ends.
func (c *Channel) letter(m alert.Message) (*mail.Msg, error) {
	l := mail.NewMsg()
	if err := errors.Join(l.From(c.cfg.From), l.To(c.cfg.To...)); err != nil {
		return nil, err // New has checked both
	}
	l.Subject(m.Headline())
	l.SetGenHeader("Auto-Submitted", "auto-generated") // no absent person answers
	if m.Event == alert.Test {
		l.SetMessageID()
	} else {
		l.SetMessageIDWithValue(c.id(m, m.Event))
	}
	if m.Event == alert.Ended {
		begun := "<" + c.id(m, alert.Raised) + ">"
		l.SetGenHeader(mail.HeaderInReplyTo, begun)
		l.SetGenHeader(mail.HeaderReferences, begun)
	}
	l.SetBodyString(mail.TypeTextPlain, text(m))
	return l, nil
}

// id is the id of a message's event.
func (c *Channel) id(m alert.Message, e alert.Event) string {
	var raised int64
	if m.RaisedAt != nil {
		raised = m.RaisedAt.UnixMicro()
	}
	name := cmp.Or(c.installation, "return-sync")
	if m.RemindedAt != nil && e == m.Event {
		e += alert.Event(fmt.Sprint("-", m.RemindedAt.UnixMicro()))
	}
	return fmt.Sprintf("%s.alert-%d.%d.%s@%s", name, m.AlertID, raised, e, c.domain)
}

// text is the body.
func text(m alert.Message) string {
	lines := []string{m.Text}
	do, link := m.Remedy()
	if do != "" {
		lines = append(lines, do)
	}
	if link != "" {
		lines = append(lines, alert.LinkText+": "+link)
	}
	return strings.Join(lines, "\n\n") + "\n"
}

// answered turns what the library returns into Send's error. Of a server's reply it
// keeps the codes alone: servers repeat what they were given.
func answered(err error) error {
	var refused *mail.SendError
	var reply *textproto.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.ErrorCode() > 0:
		content := refused.Reason == mail.ErrSMTPData || refused.Reason == mail.ErrSMTPDataClose || refused.Reason == mail.ErrWriteContent
		return replied(refused.ErrorCode(), refused.EnhancedStatusCode(), content)
	case errors.As(err, &reply):
		return replied(reply.Code, "", false)
	case errors.As(err, &refused): // its text lists recipients, and what the server said
		return fault.New(fault.Retry, "alert-unsent", "the mail server ended the conversation: %s", refused.Reason)
	}
	return alert.Unanswered(err)
}

// replied is the error of a reply. content says that the reply was to the message itself.
func replied(code int, enhanced string, content bool) error {
	said := strings.TrimSpace(fmt.Sprintf("the mail server answered %d %s", code, enhanced))
	switch {
	case code < 500 && strings.HasPrefix(enhanced, "4.7."), code == 421 && enhanced == "":
		return fault.New(fault.Throttled, "alert-throttled", "%s: too many messages, or too many connections", said)
	case code < 500:
		return fault.New(fault.Retry, "alert-unsent", "%s", said)
	case content && !strings.HasPrefix(enhanced, "5.7."), code == 552:
		return fault.New(fault.Invalid, "alert-refused", "%s: it does not take this message", said)
	}
	return fault.New(fault.Retry, "alert-address", "%s: the login, the sender or an address is not accepted; set the right ones", said)
}
