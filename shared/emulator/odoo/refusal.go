package odoo

import "fmt"

// The codes of faults.
const (
	application  = 1
	warning      = 2
	accessDenied = 3
	accessError  = 4
)

// refusal is a fault.
type refusal struct {
	code int
	text string
}

// Error returns the text.
func (r refusal) Error() string { return r.text }

// trace makes the text of an exception that nobody caught.
func trace(last string) string {
	return "Traceback (most recent call last):\n  File \"/opt/odoo/openerp/service/wsgi_server.py\", line 76, in xmlrpc_return\n    result = openerp.http.dispatch_rpc(service, method, params)\n" + last + "\n"
}

// raised is an exception that nobody caught.
func raised(format string, args ...any) error {
	return refusal{application, trace(fmt.Sprintf(format, args...))}
}

// warn is a message for the user.
func warn(format string, args ...any) error {
	return refusal{warning, fmt.Sprintf(format, args...)}
}
