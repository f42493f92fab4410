package rest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"

	"gitlab.com/eshopbox-team/return-sync/shared/exchange"
	"gitlab.com/eshopbox-team/return-sync/shared/fault"
	"gitlab.com/eshopbox-team/return-sync/shared/httpcall"
)

// IDs implements exchange.Reader. The list is whole whatever the range is. The public
// program sends it with all payloads, so it is read grain by grain and only ids are kept.
func (c *Client) IDs(ctx context.Context, slice exchange.ID, _ exchange.Range) (ids []exchange.ID, more bool, err error) {
	err = c.calls.Repeat(ctx, func(ctx context.Context) error {
		request, err := c.request(ctx, request{path: "/v1/sync/slice/" + slice.String(), query: url.Values{"brief": {"yes"}}}, nil)
		if err != nil {
			return err
		}
		response, err := c.http.Do(request)
		if err != nil {
			return fault.Wrap(httpcall.Redact(err, c.token), fault.Retry, httpcall.CodeUnanswered, "the primary does not answer")
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			return fault.New(httpcall.KindOf(response.StatusCode), httpcall.CodeRefused, "the primary answered %d to the list of a slice's grains", response.StatusCode)
		}
		ids, err = readIDs(response.Body)
		return err
	})
	slices.SortFunc(ids, func(a, b exchange.ID) int { return slices.Compare(a[:], b[:]) })
	return ids, false, err
}

// maxIDs is how many grains a list may have.
const maxIDs = 10_000_000

// errList is the error of a list that is not one of grains.
var errList = fault.New(fault.Invalid, "bad-peer", "the primary's list of a slice's grains cannot be read")

// readIDs reads the ids of a list of grains.
func readIDs(r io.Reader) ([]exchange.ID, error) {
	m := &meter{r: r}
	d := json.NewDecoder(m)
	m.left = maxAnswer
	switch open, err := d.Token(); {
	case err != nil:
		return nil, brokenList(err)
	case open == nil: // null is the public program's empty list
		return nil, nil
	case open != json.Delim('['):
		return nil, errList
	}
	var ids []exchange.ID
	for d.More() {
		m.left = maxAnswer
		var g struct {
			ID exchange.ID `json:"id"`
		}
		if err := d.Decode(&g); err != nil {
			return nil, brokenList(err)
		}
		if ids = append(ids, g.ID); len(ids) > maxIDs {
			return nil, fault.New(fault.TooLarge, "bad-peer", "the primary lists more than %d grains", maxIDs)
		}
	}
	m.left = maxAnswer
	_, err := d.Token()
	return ids, brokenList(err)
}

// brokenList classifies the error of a list that ended in the middle or is no list.
func brokenList(err error) error {
	var syntax *json.SyntaxError
	var form *json.UnmarshalTypeError
	switch {
	case err == nil, fault.KindOf(err) == fault.TooLarge:
		return err
	case errors.As(err, &syntax), errors.As(err, &form):
		return errList
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Wrap(err, fault.Retry, httpcall.CodeUnanswered, "the primary's list of a slice's grains ended in the middle")
	}
	return fault.Wrap(err, fault.Retry, httpcall.CodeUnanswered, "the primary's list of a slice's grains could not be read")
}

// meter passes on what it reads until left is used up.
type meter struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (m *meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, fault.New(fault.TooLarge, httpcall.CodeTooLarge, "the primary lists a grain with more than %d bytes", maxAnswer)
	}
	n, err := m.r.Read(p[:min(int64(len(p)), m.left)])
	m.left -= int64(n)
	return n, err
}
