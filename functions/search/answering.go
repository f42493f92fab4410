package search

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// kept is an answer that is held back until its headers are known.
type kept struct {
	header http.Header
	status int
	body   bytes.Buffer
	at     *search.Truth // what the answer says of its freshness
	now    time.Time
}

// keptKey is the context key of the answer of a request.
type keptKey struct{}

// Header implements http.ResponseWriter.
func (k *kept) Header() http.Header { return k.header }

// WriteHeader implements http.ResponseWriter.
func (k *kept) WriteHeader(status int) { k.status = status }

// Write implements http.ResponseWriter.
func (k *kept) Write(p []byte) (int, error) { return k.body.Write(p) }

// fresh returns how fresh the index is, and notes it for the answer's headers.
func (f *function) fresh(r *http.Request, now time.Time) search.Truth {
	at := f.Freshness.At(r.Context(), now)
	if k, ok := r.Context().Value(keptKey{}).(*kept); ok {
		k.at, k.now = &at, now
	}
	return at
}

// answering gives answers their headers: how fresh they are, whether the caller
// has them already, and in which form they travel.
func (f *function) answering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := &kept{header: w.Header(), status: http.StatusOK}
		next.ServeHTTP(k, r.WithContext(context.WithValue(r.Context(), keptKey{}, k)))
		h := w.Header()
		h.Add("Vary", "Authorization, Accept-Encoding")
		h.Set("Cache-Control", "no-store")
		if k.status == http.StatusUnauthorized {
			h.Set("WWW-Authenticate", `Bearer realm="search"`)
		}
		k.sayAge()
		if k.status == http.StatusOK && r.Method != http.MethodPost && k.known(r) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		f.send(k, w, r)
	})
}

// sayAge sets the headers that tell how fresh the answer is.
func (k *kept) sayAge() {
	if k.at == nil {
		return
	}
	k.header.Set("X-Data-Stale", strconv.FormatBool(k.at.Stale))
	if k.at.AsOf != nil {
		k.header.Set("Last-Modified", k.at.AsOf.UTC().Format(http.TimeFormat))
		k.header.Set("X-Data-Age", strconv.Itoa(int(max(0, k.now.Sub(*k.at.AsOf)).Seconds())))
	}
}

// known sets the answer's tag and reports whether the caller has it already.
// It may keep the answer, but has to ask each time: what it may see can change.
func (k *kept) known(r *http.Request) bool {
	sum := sha256.Sum256(k.body.Bytes())
	tag := `W/"` + hex.EncodeToString(sum[:12]) + `"`
	k.header.Set("ETag", tag)
	k.header.Set("Cache-Control", "private, no-cache")
	for _, list := range r.Header.Values("If-None-Match") {
		for candidate := range strings.SplitSeq(list, ",") {
			if candidate = strings.TrimSpace(candidate); candidate == "*" || "W/"+strings.TrimPrefix(candidate, "W/") == tag {
				k.header.Del("Content-Type")
				return true
			}
		}
	}
	return false
}

// minCompressed is the least size in bytes that is worth compressing.
const minCompressed = 1400

// newCompressor returns a compressor; they are reused, because each holds
// hundreds of kilobytes.
func newCompressor() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is known
	return z
}

// send sends the answer, compressed if that is wanted and worth it. An error of
// writing is the reader's.
func (f *function) send(k *kept, w http.ResponseWriter, r *http.Request) {
	if k.body.Len() < minCompressed || !takesGzip(r.Header.Get("Accept-Encoding")) {
		w.Header().Set("Content-Length", strconv.Itoa(k.body.Len()))
		w.WriteHeader(k.status)
		_, _ = w.Write(k.body.Bytes())
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(k.status)
	z := f.compressors.Get().(*gzip.Writer)
	defer f.compressors.Put(z)
	z.Reset(w)
	_, _ = z.Write(k.body.Bytes())
	_ = z.Close()
}

// takesGzip reads Accept-Encoding.
func takesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, quality, weighted := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) != "gzip" {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(quality), "q="), 64)
		return !weighted || err == nil && q > 0
	}
	return false
}
