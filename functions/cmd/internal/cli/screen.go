package cli

import (
	"io"
	"os"
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
)

// Screen is a terminal that a person reads: tables fit its width, and words of states have
// colours.
type Screen struct {
	io.Writer
	Width  func() int
	Colour bool
}

// NewScreen returns standard output as a Screen if it is a terminal, and as it is if not.
// It has colours unless NO_COLOR says no, or the terminal can show none.
func NewScreen(out *os.File, lookup func(string) (string, bool)) io.Writer {
	fd := int(out.Fd())
	if !term.IsTerminal(fd) {
		return out
	}
	no, _ := lookup("NO_COLOR")
	kind, _ := lookup("TERM")
	return &Screen{Writer: out, Colour: no == "" && kind != "dumb", Width: func() int {
		width, _, err := term.GetSize(fd)
		if err != nil {
			return 0 // unknown: nothing is shortened
		}
		return width
	}}
}

// On returns the same screen over another writer, such as a frame that is shown later.
func On(screen, to io.Writer) io.Writer {
	if s, ok := screen.(*Screen); ok {
		return &Screen{Writer: to, Width: s.Width, Colour: s.Colour}
	}
	return to
}

// The colours of words.
const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

// colours are the words that have a colour; the word says the same without it.
var colours = map[string]string{
	"All is well.": green, "synced": green, "done": green, "ok": green, "on": green, "recovered": green, "live": green,
	"ATTENTION": red, "failed": red, "interrupted": red, "rejected": red, "ERROR": red, "FAIL": red, "open": red, "error": red, "missing": red,
	"WARN": yellow, "WARNING": yellow, "paused": yellow, "disabled": yellow, "cancelled": yellow, "abandoned": yellow, "different": yellow, "orphaned": yellow,
}

// Paint returns a word with its colour, if to is a screen with colours. Spaces around the
// word stay.
func Paint(to io.Writer, word string) string {
	s, ok := to.(*Screen)
	bare := strings.TrimSpace(word)
	colour := colours[bare]
	if !ok || !s.Colour || colour == "" {
		return word
	}
	return strings.Replace(word, bare, colour+bare+plain, 1)
}

// The least widths to which columns are cut, and the space between them.
const (
	leastCell = 12
	between   = 2
)

// grid is a table on a screen: texts in rows, the head first.
type grid struct {
	rows   [][]string
	indent string
}

// width is a text's width in columns of the terminal.
func width(text string) int { return uniseg.StringWidth(text) }

// widths returns the width of each column.
func (g grid) widths() []int {
	all := make([]int, len(g.rows[0]))
	for _, row := range g.rows {
		for i, cell := range row {
			all[i] = max(all[i], width(cell))
		}
	}
	return all
}

// total is the width of a whole table.
func (g grid) total(widths []int) int {
	n := len(g.indent) + between*(len(widths)-1)
	for _, w := range widths {
		n += w
	}
	return n
}

// fit makes the table as narrow as most: first the longest texts are cut, then columns
// without a value are left out. It reports whether that was enough.
func (g *grid) fit(most int) bool {
	widths := g.widths()
	for g.total(widths) > most {
		longest := -1
		for i, w := range widths {
			if w > max(leastCell, len(Clock), width(g.rows[0][i])) && (longest < 0 || w > widths[longest]) {
				longest = i
			}
		}
		if longest < 0 {
			break
		}
		widths[longest] = max(leastCell, len(Clock), width(g.rows[0][longest]), widths[longest]-(g.total(widths)-most))
	}
	for _, row := range g.rows {
		for i, cell := range row {
			row[i] = cut(cell, widths[i])
		}
	}
	for i := len(widths) - 1; i >= 0 && g.total(g.widths()) > most; i-- {
		g.drop(i)
	}
	return g.total(g.widths()) <= most
}

// drop leaves a column out that has no value in any row.
func (g *grid) drop(column int) {
	for _, row := range g.rows[1:] {
		if cell := row[column]; cell != "" && cell != "0" && cell != "-" {
			return
		}
	}
	for i, row := range g.rows {
		g.rows[i] = append(row[:column:column], row[column+1:]...)
	}
}

// cut shortens a text to a width.
func cut(text string, most int) string {
	if width(text) <= most {
		return text
	}
	var short strings.Builder
	used := 0
	for clusters := uniseg.NewGraphemes(text); clusters.Next(); {
		if used += clusters.Width(); used >= most {
			break
		}
		short.WriteString(clusters.Str())
	}
	return short.String() + "…"
}

// write writes the table, or below each other what does not fit beside each other.
func (g grid) write(to *Screen) error {
	var b strings.Builder
	whole := make([][]string, len(g.rows))
	for i, row := range g.rows {
		whole[i] = append([]string{}, row...)
	}
	if most := to.Width(); most > 0 && !g.fit(most) {
		g.rows = whole
		g.stack(&b, to)
	} else {
		widths := g.widths()
		for _, row := range g.rows {
			b.WriteString(g.indent)
			for i, cell := range row {
				b.WriteString(Paint(to, cell))
				if i < len(row)-1 {
					b.WriteString(strings.Repeat(" ", widths[i]-width(cell)+between))
				}
			}
			b.WriteString("\n")
		}
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// stack writes a line a value.
func (g grid) stack(b *strings.Builder, to *Screen) {
	head := g.rows[0]
	name := 0
	for _, h := range head {
		name = max(name, width(h))
	}
	for n, row := range g.rows[1:] {
		if n > 0 {
			b.WriteString("\n")
		}
		for i, cell := range row {
			b.WriteString(g.indent + head[i] + strings.Repeat(" ", name-width(head[i])+between) + Paint(to, cell) + "\n")
		}
	}
}
