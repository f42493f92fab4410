package browser

import (
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// listen records the events of the page.
func (p *Page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *network.EventWebSocketCreated:
		p.requests = append(p.requests, e.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			p.complaints = append(p.complaints, e.Entry.Text+" ("+e.Entry.URL+")")
		}
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, e.ExceptionDetails.Text+" "+said([]*runtime.RemoteObject{e.ExceptionDetails.Exception}))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			p.complaints = append(p.complaints, said(e.Args))
		}
	}
}

// said joins the arguments of a call of the console.
func said(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		switch {
		case a == nil:
		case len(a.Value) > 0:
			words = append(words, strings.Trim(string(a.Value), `"`))
		default:
			words = append(words, a.Description)
		}
	}
	return strings.Join(words, " ")
}

// Complaints takes the errors and warnings of the console, exceptions and failed
// requests among them, that came since it was called last.
func (p *Page) Complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.complaints
	p.complaints = nil
	return taken
}

// Requests returns the address of every request so far.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// judge fails the test for unexpected complaints and requests.
func (p *Page) judge() {
	p.t.Helper()
	for _, c := range p.Complaints() {
		p.t.Errorf("the page complains: %s", c)
	}
	for _, r := range p.Requests() {
		if !stays(r) {
			p.t.Errorf("a request left this machine: %s", r)
		}
	}
}

// stays reports whether an address is this machine's own, or no machine's.
func stays(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	if slices.Contains([]string{"about", "blob", "data"}, u.Scheme) {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
