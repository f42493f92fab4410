package rehearsal

import (
	"crypto/rand"
	"crypto/rsa"
	"net"
	"net/http"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

// OperatorAudience is the audience of operators' tokens of a stack.
const OperatorAudience = "return-sync-operators"

// MetricsToken is a METRICS_TOKEN for runs on this machine, whose metrics are no secret;
// testdata/metrics/prometheus.yml brings it.
const MetricsToken = "metrics-of-a-run-on-this-machine"

// operatorRoles is the claim that makes an operator of a stack.
var operatorRoles = identity.Roles{Claim: "roles", Operator: "operator"}

// The accounts that call the functions of a stack: as the queues, as the scheduler,
// and as somebody who calls by hand.
const (
	tasksAccount     = "tasks@local.iam.gserviceaccount.com"
	schedulerAccount = "scheduler@local.iam.gserviceaccount.com"
	handAccount      = "somebody@local.iam.gserviceaccount.com"
)

// openIssuer opens the address of the issuer of the identity tokens that the queues
// and the scheduler send, and makes the key that signs the tokens.
func (s *Stack) openIssuer() (*rsa.PrivateKey, net.Listener, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	s.issuer = "http://" + listener.Addr().String()
	return key, listener, nil
}

// serve answers on a listener until the stack is closed.
func (s *Stack) serve(on net.Listener, h http.Handler) {
	web := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	s.closing(web.Close)
	go func() { _ = web.Serve(on) }()
}

// callersEnv is the environment that says who may call the functions.
func (s *Stack) callersEnv() []string {
	return []string{
		"CALLER_ISSUER=" + s.issuer, "CALLER_JWKS_URL=" + s.issuer + "/tokens/jwks", "CALLER_AUDIENCE=" + s.audience(),
		"CALLER_EMAILS=" + strings.Join([]string{tasksAccount, schedulerAccount, handAccount}, ","),
	}
}

// audience is the audience of identity tokens for the functions: the address that all
// functions share here.
func (s *Stack) audience() string { return "http://" + s.front.address }

// HandToken returns an identity token with which somebody calls a function that
// queues or the scheduler call.
func (s *Stack) HandToken() (string, error) { return s.Tasks.IdentityToken(handAccount, s.audience()) }

// Do sends a request to a function with such a token.
func (s *Stack) Do(r *http.Request) (*http.Response, error) {
	token, err := s.HandToken()
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return http.DefaultClient.Do(r)
}
