package email_test

import (
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gitlab.com/eshopbox-team/return-sync/shared/alert"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/alerttest"
	"gitlab.com/eshopbox-team/return-sync/shared/alert/email"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
)

// config leads to a server.
func config(address string) email.Delivery {
	return email.Delivery{
		To: []string{"ops@shop.test", "night@shop.test"}, From: "Return-sync <sync@shop.test>", Server: address, User: "sync", Password: alerttest.Secret,
	}
}

// open opens a channel that trusts a server.
func open(t testing.TB, c email.Delivery, s *server) *email.Channel {
	t.Helper()
	ch, err := email.New(c, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if s != nil {
		ch.TLS = s.trust
	}
	return ch
}

func TestChannel(t *testing.T) {
	s := newServer(t, true) // all servers have one certificate
	alerttest.Suite{
		Open: func(address string) alert.Channel { return open(t, config(address), s) }, Nobody: "127.0.0.1:1", Timeless: true,
		Place: func(t testing.TB, script ...alerttest.Answer) alerttest.Place { return newServer(t, true, script...) },
	}.Run(t)
}

// parse reads a letter.
func parse(t *testing.T, l letter) (head mail.Header, body string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(l.text))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil || m.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
		t.Fatal(err, m.Header)
	}
	return m.Header, strings.ReplaceAll(string(text), "\r\n", "\n")
}

// TestLetter is what people see, and what their programs read: one id an event, the
// recovery as an answer, and no header that a title brought.
func TestLetter(t *testing.T) {
	s := newServer(t, true)
	c := open(t, config(s.address), s)
	first := alerttest.Message()
	over, awkward := first, first
	over.Event = alert.Ended
	awkward.Title = "returns: größer\r\nBcc: thief@shop.test\r\n\r\nx"
	for _, m := range []alert.Message{first, first, over, awkward, alert.TestMessage("https://docs.test")} {
		if err := c.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	got := s.Letters()
	if len(got) != 5 {
		t.Fatalf("%d letters", len(got))
	}
	if l := got[0]; l.user != "sync" || l.from != "sync@shop.test" || !cmp.Equal(l.to, []string{"ops@shop.test", "night@shop.test"}) {
		t.Errorf("%+v", l)
	}
	head, body := parse(t, got[0])
	want := "one & two <b>three</b>\n\nreturnsync status\n\nWhat this means and what to do: https://docs.test/a?b=1&c=2#alert\n"
	if subject, err := new(mime.WordDecoder).DecodeHeader(head.Get("Subject")); err != nil || subject != first.Title || body != want || head.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("%q %v %q", subject, err, body)
	}
	again, _ := parse(t, got[1])
	end, body := parse(t, got[2])
	if id := head.Get("Message-ID"); id == "" || again.Get("Message-ID") != id || end.Get("In-Reply-To") != id || end.Get("References") != id || end.Get("Message-ID") == id {
		t.Errorf("ids %q, %q, %q answers %q", id, again.Get("Message-ID"), end.Get("Message-ID"), end.Get("In-Reply-To"))
	}
	if body != "one & two <b>three</b>\n" {
		t.Errorf("the recovery says %q", body)
	}
	head, _ = parse(t, got[3])
	subject, err := new(mime.WordDecoder).DecodeHeader(head.Get("Subject"))
	if err != nil || head.Get("Bcc") != "" || len(got[3].to) != 2 || !strings.HasPrefix(subject, "returns: größer") {
		t.Errorf("%q %v %v", subject, err, head)
	}
}

// TestEncrypted sends nothing where the server offers no STARTTLS or is not trusted.
func TestEncrypted(t *testing.T) {
	plain := newServer(t, false)
	err := open(t, config(plain.address), plain).Send(t.Context(), alerttest.Message())
	if fault.KindOf(err) != fault.Retry || plain.Tried() != 0 || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("without STARTTLS: %v, tried %d", err, plain.Tried())
	}
	strange := newServer(t, true)
	err = open(t, config(strange.address), nil).Send(t.Context(), alerttest.Message())
	if fault.KindOf(err) != fault.Retry || strange.Tried() != 0 || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v, tried %d", err, strange.Tried())
	}
}

// TestWithoutLogin speaks to a server that knows its clients by other means.
func TestWithoutLogin(t *testing.T) {
	s := newServer(t, true)
	c := config(s.address)
	c.User, c.Password = "", ""
	if err := open(t, c, s).Send(t.Context(), alerttest.Message()); err != nil || len(s.Letters()) != 1 || s.Letters()[0].user != "" {
		t.Errorf("%v: %+v", err, s.Letters())
	}
}

// TestSettings names each wrong setting without its value.
func TestSettings(t *testing.T) {
	for name, change := range map[string]func(*email.Delivery){
		"ALERT_EMAIL_TO":    func(c *email.Delivery) { c.To = []string{"ops@shop.test", "s3cret"} },
		"ALERT_EMAIL_FROM":  func(c *email.Delivery) { c.From = "s3cret" },
		"ALERT_SMTP_SERVER": func(c *email.Delivery) { c.Server = "smtp://s3cret" },
		"ALERT_SMTP_USER":   func(c *email.Delivery) { c.User = "" },
	} {
		c := config("mail.test")
		if _, err := email.New(c, ""); err != nil {
			t.Fatal(err)
		}
		change(&c)
		if _, err := email.New(c, ""); err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, server := range []string{"", "mail.test:0", "mail.test:x", "mail.test:70000", "me@mail.test"} {
		if _, err := email.New(config(server), ""); err == nil {
			t.Errorf("%q was taken", server)
		}
	}
}
