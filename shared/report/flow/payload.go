package flow

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"gitlab.com/eshopbox-team/return-sync/shared/report"
)

// line is a row as a part of a payload keeps it.
type line struct {
	Number int64          `json:"n"`
	Key    string         `json:"k"`
	Fields map[string]any `json:"f,omitempty"`
	Park   string         `json:"p,omitempty"` // why no destination gets it
}

// The bounds of a part of a payload.
const (
	chunkRows  = 500
	chunkBytes = 512 << 10 // before compression
)

// packer collects rows into parts of a payload: JSON lines, compressed by gzip.
type packer struct {
	packed bytes.Buffer
	gzip   *gzip.Writer
	rows   int
	bytes  int
	flush  func(body []byte) error
}

// newPacker returns a packer that gives each part to flush.
func newPacker(flush func([]byte) error) *packer {
	p := &packer{flush: flush}
	p.gzip, _ = gzip.NewWriterLevel(&p.packed, gzip.BestSpeed) // the level is valid
	return p
}

// add adds a row.
func (p *packer) add(l line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("row %d: %w", l.Number, err)
	}
	if _, err := p.gzip.Write(append(text, '\n')); err != nil {
		return err
	}
	p.rows++
	if p.bytes += len(text); p.rows >= chunkRows || p.bytes >= chunkBytes {
		return p.end()
	}
	return nil
}

// end gives the rows so far to flush, if there are any.
func (p *packer) end() error {
	if p.rows == 0 {
		return nil
	}
	if err := p.gzip.Close(); err != nil {
		return err
	}
	err := p.flush(p.packed.Bytes())
	p.packed.Reset()
	p.gzip.Reset(&p.packed)
	p.rows, p.bytes = 0, 0
	return err
}

// unpack returns the rows of a part and those that no destination gets.
func unpack(body []byte) (rows []report.Row, parked []report.Parked, err error) {
	plain, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	d := json.NewDecoder(plain)
	d.UseNumber()
	for {
		var l line
		switch err := d.Decode(&l); {
		case errors.Is(err, io.EOF):
			return rows, parked, nil
		case err != nil:
			return nil, nil, err
		case l.Park != "":
			parked = append(parked, report.Parked{Row: l.Number, Key: l.Key, Reason: l.Park})
		default:
			rows = append(rows, report.Row{Number: l.Number, Key: l.Key, Fields: l.Fields})
		}
	}
}
