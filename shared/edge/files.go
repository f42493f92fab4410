package edge

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// file is a file of a page in the forms in which it is sent.
type file struct {
	kind, tag    string
	plain, small []byte // small is gzip, empty where that saves nothing
}

// Files serves the embedded files of a page: compressed for those that take it, and with a
// tag of their content, so that a browser that has a file asks for it and gets no content.
// The folder itself is its index.html.
func Files(folder fs.FS) (http.Handler, error) {
	files := map[string]file{}
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(folder, name)
		files["/"+name] = pack(name, text)
		return err
	})
	if index, ok := files["/index.html"]; ok {
		files["/"] = index
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := files[path.Clean("/"+r.URL.Path)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		f.send(w, r)
	}), err
}

// pack returns a file in its forms.
func pack(name string, text []byte) file {
	sum := sha256.Sum256(text)
	f := file{kind: mime.TypeByExtension(path.Ext(name)), tag: `"` + hex.EncodeToString(sum[:8]) + `"`, plain: text}
	var small bytes.Buffer
	zip := gzip.NewWriter(&small)
	_, _ = zip.Write(text) // into memory
	_ = zip.Close()
	if small.Len() < len(text)*9/10 {
		f.small = small.Bytes()
	}
	return f
}

// send answers with the file, or says that the caller has it.
func (f file) send(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", f.tag)
	h.Set("Cache-Control", "no-cache")
	h.Add("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("If-None-Match"), f.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.plain
	if f.small != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.small
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a caller that has gone needs no file
	}
}
