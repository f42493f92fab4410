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

// packer collects rows into parts of a payload: JSON lines, compressed by gzip. Rows whose
// key stands on an earlier row are parked.
type packer struct {
	keys   *keys
	twice  string // why such a row is parked; empty: keys differ by themselves
	packed bytes.Buffer
	gzip   *gzip.Writer
	lines  [][]byte // of the rows
	rows   []report.Row
	bytes  int
	flush  func(body []byte) error
}

// newPacker returns a packer that gives each part to flush.
func newPacker(k *keys, twice string, flush func([]byte) error) *packer {
	p := &packer{keys: k, twice: twice, flush: flush}
	p.gzip, _ = gzip.NewWriterLevel(&p.packed, gzip.BestSpeed) // the level is valid
	return p
}

// add adds a row.
func (p *packer) add(l line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("row %d: %w", l.Number, err)
	}
	row := report.Row{Number: l.Number}
	if l.Park == "" && p.twice != "" {
		row.Key = l.Key
	}
	p.lines, p.rows = append(p.lines, text), append(p.rows, row)
	if p.bytes += len(text); len(p.rows) >= chunkRows || p.bytes >= chunkBytes {
		return p.end()
	}
	return nil
}

// pack packs the rows so far, those of repeated keys as parked ones.
func (p *packer) pack() error {
	repeated, err := p.keys.repeated(p.rows)
	if err != nil {
		return err
	}
	for i, text := range p.lines {
		if repeated[i] {
			if text, err = json.Marshal(line{Number: p.rows[i].Number, Key: p.rows[i].Key, Park: p.twice}); err != nil {
				return err
			}
		}
		if _, err := p.gzip.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	return p.gzip.Close()
}

// end gives the rows so far to flush, if there are any.
func (p *packer) end() error {
	if len(p.rows) == 0 {
		return nil
	}
	if err := p.pack(); err != nil {
		return err
	}
	err := p.flush(p.packed.Bytes())
	p.packed.Reset()
	p.gzip.Reset(&p.packed)
	clear(p.lines)
	p.lines, p.rows, p.bytes = p.lines[:0], p.rows[:0], 0
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
