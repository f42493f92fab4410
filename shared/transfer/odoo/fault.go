package odoo

import (
	"strings"

	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/transfer/odoo/xmlrpc"
)

// The codes of Odoo's faults.
const (
	application  = 1 // an exception; the text is its traceback
	warning      = 2 // a message for the user: wrong data, or a record that does not exist
	accessDenied = 3 // a wrong password
	accessError  = 4 // a missing right
)

// passing are the exceptions after which Odoo asks to try again: transactions that lost a
// race, and a database that was not reached. Names of classes stand in every language.
var passing = []string{
	"TransactionRollbackError", "SerializationFailure", "DeadlockDetected", "LockNotAvailable", "QueryCanceled", "OperationalError", "InterfaceError",
	"PoolError", "MemoryError", "could not serialize access", "deadlock detected", "ConnectionRefusedError", "ConnectionResetError",
}

// taken are the signs of a value that another record has already.
var taken = []string{"IntegrityError", "UniqueViolation"}

// classify gives a fault the kind that says what may help.
func classify(f *xmlrpc.Fault) error {
	last := xmlrpc.LastLine(f.Text)
	switch f.Code {
	case accessDenied:
		return fault.Wrap(f, fault.Misconfigured, "odoo-access-denied", "Odoo refuses the user")
	case accessError:
		return fault.Wrap(f, fault.Misconfigured, "odoo-access-error", "the user lacks a right in Odoo")
	case warning:
		return fault.Wrap(f, fault.Invalid, "odoo-warning", "Odoo refuses the data")
	}
	if strings.Contains(last, "OperationalError") && strings.Contains(last, "does not exist") {
		return fault.Wrap(f, fault.Misconfigured, "odoo-database", "Odoo does not have the database")
	}
	for _, name := range passing {
		if strings.Contains(last, name) || strings.HasPrefix(f.Letter, name) {
			return fault.Wrap(f, fault.Retry, "odoo-busy", "Odoo lost a race or its database")
		}
	}
	for _, name := range taken {
		if strings.Contains(last, name) {
			return fault.Wrap(f, fault.Invalid, codeTaken, "Odoo refuses the data")
		}
	}
	return fault.Wrap(f, fault.Invalid, "odoo-exception", "Odoo fails on the data")
}

// codeTaken is the code of a value that another record has already.
const codeTaken = "odoo-taken"
