package rehearsal

import (
	"net/http"
	"time"

	"gitlab.com/eshopbox-team/return-sync/functions/console"
)

// consoleSession is how long a demonstration's operator stays signed in.
const consoleSession = 12 * time.Hour

// Operator returns a token for an operator.
func (s *Stack) Operator() (string, error) {
	return s.Operators.Sign("operator", time.Now().Add(consoleSession))
}

// ConsoleURL returns the address of the operators' page. It signs its visitor in as an
// operator, because a demonstration has no other operators.
func (s *Stack) ConsoleURL() string { return "http://" + s.front.address + console.Path }

// consoleDoor signs visitors of the console's address in and sends them to the page
// behind it. The front is open before anything else, so it waits for the function.
func (f *front) consoleDoor(operator func() (string, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.child(console.Function.Name) == nil {
			http.Error(w, "everything is still starting; try again in a moment", http.StatusServiceUnavailable)
			return
		}
		token, err := operator()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		http.SetCookie(w, console.Cookie(token, false, consoleSession))
		http.Redirect(w, r, console.Path+"/", http.StatusSeeOther)
	})
}
