package search

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"gitlab.com/eshopbox-team/return-sync/shared/edge"
	"gitlab.com/eshopbox-team/return-sync/shared/search"
)

// kept is an answer that is held back until its headers are known. Its pieces stay
// where they are.
type kept struct {
	header http.Header
	status int
	body   edge.Ready
	at     *search.Truth // what the answer says of its freshness
	now    time.Time
	memory *grant // what was set aside for the answer; nil if nothing was
	place  *grant // of the caller; nil if nobody was let in
}

var _ edge.Taker = (*kept)(nil)

// keptKey is the context key of the answer of a request.
type keptKey struct{}

// Header implements http.ResponseWriter.
func (k *kept) Header() http.Header { return k.header }

// WriteHeader implements http.ResponseWriter.
func (k *kept) WriteHeader(status int) { k.status = status }

// Write implements http.ResponseWriter.
func (k *kept) Write(p []byte) (int, error) {
	k.body = append(k.body, bytes.Clone(p))
	return len(p), nil
}

// Take implements edge.Taker.
func (k *kept) Take(body edge.Ready) { k.body = body }

// release gives back what the answer has of the budgets.
func (k *kept) release() {
	for _, g := range []*grant{k.memory, k.place} {
		if g != nil {
			g.shrink(0)
		}
	}
}

// keptIn returns the answer that is being made for a request.
func keptIn(ctx context.Context) *kept {
	k, _ := ctx.Value(keptKey{}).(*kept)
	return k
}

// fresh returns how fresh the caller's answer is, and notes it for the headers.
func (c caller) fresh(r *http.Request) search.Truth {
	if k := keptIn(r.Context()); k != nil {
		k.at, k.now = &c.at, c.now
	}
	return c.at
}

// answering gives answers their headers: freshness, validator and encoding.
func (f *function) answering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k := &kept{header: w.Header(), status: http.StatusOK}
		defer k.release()
		began := time.Now()
		next.ServeHTTP(k, r.WithContext(context.WithValue(r.Context(), keptKey{}, k)))
		f.Measured.Answered(r.Context(), k.status, time.Since(began))
		if k.memory != nil {
			k.memory.shrink(held(k.body.Size()))
		}
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

// sayAge sets the headers for the freshness of the answer.
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
	digest := sha256.New()
	for _, piece := range k.body {
		digest.Write(piece)
	}
	sum := digest.Sum(nil)
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

// compressors are the compressors of an instance: each holds more than a megabyte,
// so there are few, and an answer that finds none goes as it is.
type compressors chan *gzip.Writer

// newCompressors returns n compressors, made when they are first used.
func newCompressors(n int) compressors {
	c := make(compressors, n)
	for range n {
		c <- nil
	}
	return c
}

// get returns a compressor that writes to w, or nil.
func (c compressors) get(w io.Writer) *gzip.Writer {
	select {
	case z := <-c:
		if z == nil {
			z, _ = gzip.NewWriterLevel(w, gzip.BestSpeed) // the level is known
		}
		z.Reset(w)
		return z
	default:
		return nil
	}
}

// send sends the answer, compressed if that is wanted and worth it, within the time
// that an answer may take: it holds memory until its reader has it. An error of
// writing is the reader's.
func (f *function) send(k *kept, w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(f.Limits.Timeout)) // a test's recorder has none
	var z *gzip.Writer
	if k.body.Size() >= minCompressed && takesGzip(r.Header.Get("Accept-Encoding")) {
		z = f.compressors.get(w)
	}
	if z == nil {
		w.Header().Set("Content-Length", strconv.Itoa(k.body.Size()))
		w.WriteHeader(k.status)
		write(w, k.body)
		return
	}
	defer func() { f.compressors <- z }()
	w.Header().Set("Content-Encoding", "gzip")
	w.WriteHeader(k.status)
	write(z, k.body)
	_ = z.Close()
}

// write writes pieces until their reader is gone.
func write(w io.Writer, body edge.Ready) {
	for _, piece := range body {
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
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
