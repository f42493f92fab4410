package algolia

import "net/http"

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Correlation-ID", randomID(16))
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Access-Control-Expose-Headers", "Correlation-ID, Retry-After")
	header.Set("Timing-Allow-Origin", "*")
	if r.Method == http.MethodOptions {
		header.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
		header.Set("Access-Control-Allow-Headers", allowedHeaders(r))
		header.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusOK)
		return
	}
	s.handle(w, r)
}

func allowedHeaders(r *http.Request) string {
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		return asked
	}
	return "x-algolia-application-id, x-algolia-api-key, x-algolia-agent, content-type"
}

// handle finds, authorises, runs and answers one request.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	route, vars, err := s.find(r)
	if err != nil {
		s.stats.request("unknown", send(w, nil, err))
		return
	}
	status := 0
	defer func() { s.stats.request(route.name(), status) }() // counts dropped connections too
	c := &call{server: s, http: r, query: r.URL.Query(), vars: vars}
	if err := c.prepare(route); err != nil {
		status = send(w, nil, err)
		return
	}
	var fault *Fault
	if route.acl != adminOnly {
		fault = s.faults.decide(route)
	}
	var over bool
	if status, over = s.before(fault, w, r); over {
		return
	}
	a, err := route.handler(c)
	if err == nil && s.after(fault, w, r) {
		return
	}
	status = send(w, a, err)
	c.log(status)
}

func (c *call) prepare(route *route) error {
	body, err := readBody(c.http)
	if err != nil {
		return err
	}
	c.body = body
	return c.authorise(route.acl)
}
