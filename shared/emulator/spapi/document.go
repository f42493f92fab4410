package spapi

import (
	"compress/gzip"
	"crypto/rand"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/text/encoding/charmap"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/internal/mishap"
)

// address is a pre-signed address of a document.
type address struct {
	report *report
	packed bool
	damage mishap.Kind // what is wrong with the document
	end    time.Time
}

// damages are the faults of a document.
var damages = []mishap.Kind{expiredURL, empty, truncated, wrongCharset, latin1, plain, htmlDocument, shortRow, renamedHeader}

// getReportDocument answers where a document is.
func (s *Server) getReportDocument(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	s.mu.Lock()
	found := s.documents[id]
	ready := found != nil && s.show(found).ReportDocumentID == id
	s.mu.Unlock()
	if !ready {
		refuse(w, http.StatusNotFound, "There is no document with this reportDocumentId")
		return
	}
	a := address{report: found, packed: true, end: s.options.Now().Add(s.options.DocumentLife)}
	if fault := s.faults.Strikes("document", found.order.ReportType, damages...); fault != nil {
		a.damage = fault.Kind
	}
	if a.damage == expiredURL {
		a.end = s.options.Now()
	}
	a.packed = a.damage != plain && a.damage != htmlDocument && found.end != fatal
	key := rand.Text()
	s.mu.Lock()
	s.addresses[key] = a
	s.mu.Unlock()
	answer := map[string]string{
		"reportDocumentId": id,
		"url": "http://" + r.Host + "/documents/" + key + "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=" +
			strconv.Itoa(int(s.options.DocumentLife/time.Second)) + "&X-Amz-Signature=" + rand.Text(),
	}
	if a.packed {
		answer["compressionAlgorithm"] = "GZIP"
	}
	write(w, http.StatusOK, answer)
}

// denial is an error of the store of documents.
type denial struct {
	XMLName xml.Name `xml:"Error"`
	Code    string   `xml:"Code"`
	Message string   `xml:"Message"`
}

// deny answers an error of the store of documents, which speaks XML.
func deny(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_ = xml.NewEncoder(w).Encode(denial{Code: code, Message: message}) // the client may have left
}

// document answers a document to everybody who has its address.
func (s *Server) document(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	a, known := s.addresses[r.PathValue("key")]
	if known {
		a.report.fetched = true
	}
	s.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "" || r.Header.Get("x-amz-access-token") != "":
		deny(w, http.StatusBadRequest, "InvalidArgument", "Only one auth mechanism allowed")
	case !known:
		deny(w, http.StatusForbidden, "SignatureDoesNotMatch", "The request signature does not match")
	case !s.options.Now().Before(a.end):
		deny(w, http.StatusForbidden, "AccessDenied", "Request has expired")
	default:
		s.send(w, a)
	}
}

// send writes a document. One that breaks off, by a fault or an error of
// Options.Content, ends with the connection.
func (s *Server) send(w http.ResponseWriter, a address) {
	w.Header().Set("Content-Type", contentType(a))
	out := io.Writer(w)
	if a.damage == truncated {
		out = &cutter{to: w, left: truncateAfter}
	}
	var packer *gzip.Writer
	if a.packed {
		packer = gzip.NewWriter(out)
		out = packer
	}
	if a.damage == wrongCharset || a.damage == latin1 {
		out = charmap.Windows1252.NewEncoder().Writer(out)
	}
	err := s.text(out, a)
	if packer != nil && err == nil {
		err = packer.Close()
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
}

// contentType returns a document's type.
func contentType(a address) string {
	switch {
	case a.damage == htmlDocument:
		return "text/html; charset=UTF-8"
	case a.report.end == fatal:
		return "application/json; charset=UTF-8"
	case a.damage == latin1:
		return "text/plain; charset=Cp1252"
	}
	return "text/plain; charset=UTF-8"
}

// truncateAfter is how many bytes of a document arrive that breaks off.
const truncateAfter = 100

// cutter lets some bytes through and then fails.
type cutter struct {
	to   io.Writer
	left int
}

// Write is part of io.Writer.
func (c *cutter) Write(p []byte) (int, error) {
	if len(p) <= c.left {
		c.left -= len(p)
		return c.to.Write(p)
	}
	n, _ := c.to.Write(p[:c.left])
	if f, ok := c.to.(http.Flusher); ok {
		f.Flush()
	}
	return n, io.ErrShortWrite
}
