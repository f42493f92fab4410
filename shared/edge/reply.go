package edge

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"

	"github.com/elnormous/contenttype"
)

// Result is a value with a status other than 200, such as 202 for work that has
// been accepted.
type Result struct {
	Status int
	Value  any
}

// Stream is an answer that its handler writes: server-sent events, or a connection
// that is upgraded. A handler that returns one has judged the request already, so
// that its errors have become ordinary answers.
type Stream func(http.ResponseWriter, *http.Request)

// form is a form of answers.
type form uint8

const (
	asJSON form = iota
	asXML
	asText
)

// types are the media types of the forms; the first one that fits stands before
// others of the same weight.
var types = []struct {
	of   contenttype.MediaType
	form form
}{
	{contenttype.NewMediaType("application/json"), asJSON},
	{contenttype.NewMediaType("application/xml"), asXML},
	{contenttype.NewMediaType("text/xml"), asXML},
	{contenttype.NewMediaType("text/plain"), asText},
}

// header is the Content-Type of each form.
var header = map[form]string{
	asJSON: "application/json; charset=utf-8", asXML: "application/xml; charset=utf-8", asText: "text/plain; charset=utf-8",
}

// formOf returns the form that a request accepts (RFC 9110, 12.5.1). No Accept, */*
// and everything that is not known or not readable are JSON.
func formOf(r *http.Request) form {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	available := make([]contenttype.MediaType, len(types))
	for i, t := range types {
		available[i] = t.of
	}
	chosen, _, err := contenttype.GetAcceptableMediaTypeFromHeader(accept, available)
	if err != nil {
		return asJSON
	}
	for _, t := range types {
		if t.of.EqualsMIME(chosen) {
			return t.form
		}
	}
	return asJSON
}

// Reply answers a request with a value as JSON, XML or text, whichever the request
// accepts; see HandleAny. Handlers that answer by themselves use it. The error is of
// a value without a JSON form, and nothing is written then.
func Reply(w http.ResponseWriter, r *http.Request, value any) error {
	w.Header().Add("Vary", "Accept")
	return answer(w, formOf(r), http.StatusOK, value)
}

// answer writes a value in a form, or returns an error and writes nothing if it
// has no JSON form; the problems of this package always have one. An error of
// writing is the reader's.
func answer(w http.ResponseWriter, f form, status int, value any) error {
	if result, ok := value.(Result); ok {
		status, value = result.Status, result.Value
	}
	body, f, err := encode(f, value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", header[f])
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	body.writeTo(w)
	return nil
}

// encode returns a value in a form, or in JSON where it has no other: XML is for
// structs with an element of their own, text for texts and fmt.Stringer.
func encode(f form, value any) (Ready, form, error) {
	if ready, ok := value.(Ready); ok {
		return ready, asJSON, nil
	}
	switch f {
	case asXML:
		if body, err := xml.Marshal(value); err == nil && len(body) > 0 {
			return Ready{[]byte(xml.Header), append(body, '\n')}, asXML, nil
		}
	case asText:
		switch v := value.(type) {
		case string:
			return Ready{[]byte(v + "\n")}, asText, nil
		case fmt.Stringer:
			return Ready{[]byte(v.String() + "\n")}, asText, nil
		}
	}
	body, err := json.Marshal(value)
	if err != nil {
		return nil, asJSON, fmt.Errorf("the answer has no JSON form: %w", err)
	}
	return Ready{append(body, '\n')}, asJSON, nil
}
